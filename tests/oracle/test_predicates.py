"""Predicates of one span: rows of (what the language says, predicate, span, truth), each derived by hand."""

from __future__ import annotations

import math

import pytest

from fluo_logic.facts.model import Event, Kind, Span, Status
from fluo_logic.lang import syntax
from fluo_logic.values import Value
from tests.oracle.build import (
    always,
    cmp,
    dur,
    event,
    has,
    lit,
    own,
    p_and,
    p_not,
    p_or,
    pat,
    present,
    quoted,
    rule,
    span,
    true,
    val,
    when_at,
)
from tests.oracle.interpreter import evaluate
from tests.oracle.values import number_of, text_of

BIG = 2**63 - 1
MAP = span("a", has={"user": {"id": "u1", "address": {"zip": 7}}})
CALL = span("a", "7", kind=Kind.CLIENT, status=Status.ERROR, message="boom", scope="http", at=2, to=5)
EVENTS = span("a", has={"k": 1}, events=(Event("retry", None, {"k": 2}), Event("exception")))

ROWS: list[tuple[str, syntax.Predicate, Span, bool]] = [
    # lookup
    ("a span attribute comes first", cmp("k", "==", 1), span("a", has={"k": 1}, resource={"k": 2}), True),
    ("then a resource attribute", cmp("k", "==", 2), span("a", resource={"k": 2}), True),
    ("then a key inside a map", cmp("user.id", "==", "u1"), MAP, True),
    ("a resource attribute before a map", cmp("user.id", "==", "r"),
     span("a", has={"user": {"id": "m"}}, resource={"user.id": "r"}), True),
    ("maps nest", cmp("user.address.zip", "==", 7), MAP, True),
    ("the longest map wins", cmp("a.b.c", "==", 1), span("a", has={"a": {"b": {"c": 2}}, "a.b": {"c": 1}}), True),
    ("resource: sees the resource only", cmp("resource:k", "==", 1), span("a", has={"k": 1}), False),
    ("a quoted key is an attribute", cmp(quoted("span:name"), "==", "z"), span("a", has={"span:name": "z"}), True),
    ("a map is no key of itself", present("user.name"), MAP, False),
    # intrinsics
    ("the name", cmp("span:name", "starts_with", "a"), CALL, True),
    ("the id", cmp("span:id", "==", "7"), CALL, True),
    ("the kind", cmp("span:kind", "==", "client"), CALL, True),
    ("the status", cmp("span:status", "in", ["ok", "error"]), CALL, True),
    ("the status message", cmp("span:status_message", "contains", "oo"), CALL, True),
    ("the scope", cmp("scope:name", "==", "http"), CALL, True),
    ("the trace", cmp("trace:id", "==", "t"), CALL, True),
    ("the duration", cmp("span:duration", "==", dur(3)), CALL, True),
    ("a duration among others", cmp("span:duration", "in", [dur(1), dur(3)]), CALL, True),
    ("the start", cmp("span:start", "<=", when_at(2)), CALL, True),
    ("the end", cmp("span:end", "<", when_at(5)), CALL, False),
    ("one that never ended has no duration", present("span:duration"), span("a", to=None), False),
    ("one that never ended has no end", cmp("span:end", "!=", when_at(1)), span("a", to=None), True),
    ("no parent id is a root", true("span:root"), CALL, True),
    ("a root has no parent id", present("span:parent_id"), CALL, False),
    ("the parent of a single topmost span is remote", true("span:orphan"), span("a", up="9"), False),
    ("a remote parent is a parent id", true("span:root"), span("a", up="9"), False),
    # numbers
    ("a text that is a JSON number counts", cmp("k", ">", 999), span("a", has={"k": "1e3"}), True),
    ("leading zeros are no number", cmp("k", "==", 1), span("a", has={"k": "01"}), False),
    ("nor is a blank", cmp("k", "==", 1), span("a", has={"k": " 1"}), False),
    ("minus zero is zero", cmp("k", "==", 0), span("a", has={"k": "-0"}), True),
    ("a Boolean is no number", cmp("k", "==", 1), span("a", has={"k": True}), False),
    ("not a number is no number", cmp("k", "<=", 1), span("a", has={"k": math.nan}), False),
    ("infinity is one", cmp("k", ">", 1), span("a", has={"k": math.inf}), True),
    ("beyond doubles is none", cmp("k", ">", 1), span("a", has={"k": "1e999"}), False),
    ("64 bits are exact", cmp("k", "==", BIG - 1), span("a", has={"k": BIG}), False),
    ("also against doubles", cmp("k", "<", 2.0**63), span("a", has={"k": BIG}), True),
    ("also as texts", cmp("k", "==", BIG), span("a", has={"k": str(BIG)}), True),
    ("numbers do not order with words", cmp("k", "<", 5), span("a", has={"k": "abc"}), False),
    # texts
    ("a string literal meets the canonical text", cmp("k", "==", "4"), span("a", has={"k": 4.0}), True),
    ("and not the number", cmp("k", "==", "1"), span("a", has={"k": "1.0"}), False),
    ("a Boolean's text", cmp("k", "==", "true"), span("a", has={"k": True}), True),
    ("a Boolean literal meets the text", cmp("k", "==", lit(value=True)), span("a", has={"k": "true"}), True),
    ("a list's text is compact JSON", cmp("k", "==", '[1,"x"]'), span("a", has={"k": (1, "x")}), True),
    ("a map's too", cmp("k", "==", '{"z":4}'), span("a", has={"k": {"z": 4.0}}), True),
    ("bytes are base64", cmp("k", "==", "AP8="), span("a", has={"k": b"\x00\xff"}), True),
    ("text order is by code point", cmp("k", "<", "😀"), span("a", has={"k": "\uffff"}), True),
    ("ends_with", cmp("k", "ends_with", "42"), span("a", has={"k": 142}), True),
    ("matches is unanchored", cmp("k", "matches", "b+"), span("a", has={"k": "abbc"}), True),
    ("and anchors where it says so", cmp("k", "matches", "^b"), span("a", has={"k": "abbc"}), False),
    # lists
    ("contains is membership on a list", cmp("k", "contains", "x"), span("a", has={"k": ("xy",)}), False),
    ("of the canonical text", cmp("k", "contains", "1"), span("a", has={"k": (1.0,)}), True),
    ("or of the number", cmp("k", "contains", 1), span("a", has={"k": ("1.0",)}), True),
    ("contains on a text is a part of it", cmp("k", "contains", "x"), span("a", has={"k": "wxy"}), True),
    ("each listed literal has its type", cmp("k", "in", ["1", 2]), span("a", has={"k": "2.0"}), True),
    ("a listed string is no number", cmp("k", "in", ["1", 2]), span("a", has={"k": "1.0"}), False),
    ("in a list attribute", cmp("k", "in", own("n")), span("a", has={"k": "1", "n": (2, 1.0)}), True),
    ("in what is no list", cmp("k", "in", own("n")), span("a", has={"k": "1", "n": "1"}), False),
    # two attributes
    ("numbers when both read as numbers", cmp("k", "<", own("n")), span("a", has={"k": "9", "n": "10"}), True),
    ("texts otherwise", cmp("k", "<", own("n")), span("a", has={"k": "9", "n": "10x"}), False),
    ("equal as numbers", cmp("k", "==", own("n")), span("a", has={"k": "1.0", "n": 1}), True),
    ("not-a-number as its text", cmp("k", "==", own("n")), span("a", has={"k": math.nan, "n": "NaN"}), True),
    ("a value of the variable's span", cmp("k", "==", val("x", "n")), span("a", has={"k": 1, "n": 1}), True),
    # missing values, negation, truth
    ("a missing value compares false", cmp("k", "<", 1), span("a"), False),
    ("!= is the negation of ==", cmp("k", "!=", 1), span("a"), True),
    ("not in is the negation of in", cmp("k", "not in", [1]), span("a"), True),
    ("not negates", p_not(cmp("k", ">", 1)), span("a"), True),
    ("missing on the right", cmp("k", "==", own("n")), span("a", has={"k": 1}), False),
    ("two missing values are not equal", cmp("k", "==", own("n")), span("a"), False),
    ("exists", present("k"), span("a", has={"k": ""}), True),
    ("a Boolean alone", true("k"), span("a", has={"k": True}), True),
    ("the text true alone", true("k"), span("a", has={"k": "true"}), True),
    ("one is not true", true("k"), span("a", has={"k": 1}), False),
    ("and", p_and(present("k"), true("n")), span("a", has={"k": 1}), False),
    ("or", p_or(present("k"), true("n")), span("a", has={"k": 1}), True),
    # events
    ("an event", event("exception"), EVENTS, True),
    ("no such event", event("timeout"), EVENTS, False),
    ("its own attributes", event("retry", cmp("k", "==", 2)), EVENTS, True),
    ("not the span's", event("exception", present("k")), EVENTS, False),
    ("beside another value of the event", event("retry", cmp("k", ">", own("k"))), EVENTS, False),
]  # fmt: skip


@pytest.mark.parametrize(("predicate", "subject", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_predicate(predicate: syntax.Predicate, subject: Span, expected: bool) -> None:  # noqa: FBT001  # a table row
    """A predicate of one span has the truth that the language gives it."""
    checked = rule(always(has(pat("a", predicate, var="x"))))
    assert evaluate(checked, [subject])["trace", "t"].verdict == ("satisfied" if expected else "violated")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-0.0, "0"), (1e16, "1e+16"), (123456789012345680.0, "1.2345678901234568e+17"), (0.1, "0.1"),
        (-math.inf, "-Infinity"),
        ((math.nan, -0.0, False, b"x"), '["NaN",0,false,"eA=="]'), ({"é": ("\n",)}, '{"é":["\\n"]}'),
    ],
)  # fmt: skip
def test_canonical_text(value: Value, text: str) -> None:
    """Every type of value has one text."""
    assert text_of(value) == text


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("18446744073709551615", 2**64 - 1), ("18446744073709551616", 2.0**64), ("-9223372036854775809", -(2.0**63)),
        ("+1", None), ("1.", None), (".5", None), ("0x1", None), ("", None), ("Infinity", None), ("1E2", 100.0),
        ("9" * 5000, None), ("\u0661", None), ("1\n", None),
    ],
)  # fmt: skip
def test_number_of_text(text: str, number: float | None) -> None:
    """A text is a number when all of it is a JSON number that fits."""
    found = number_of(text)
    assert found == number
    assert type(found) is type(number)
