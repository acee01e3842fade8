"""Conditions of one scope: rows of (what the language says, condition, spans, truth), each derived by hand."""

from __future__ import annotations

import math

import pytest

from fluo_logic.facts.model import Span
from fluo_logic.lang import syntax
from fluo_logic.values import Value
from tests.oracle.build import (
    agg,
    always,
    both,
    calc,
    cmp,
    dur,
    either,
    has,
    meas,
    no,
    pat,
    rel,
    relation,
    rule,
    same,
    span,
    val,
    var_true,
)
from tests.oracle.interpreter import evaluate

A01, B12, B24 = span("a", "1", at=0, to=1), span("b", "2", at=1, to=2), span("b", "3", at=2, to=4)
FAMILY = [
    span("root", "1"),
    span("a", "2", up="1"),
    span("b", "3", up="1"),
    span("c", "4", up="2"),
    span("lost", "5", up="9"),
    span("lost too", "6", up="9"),
]
CYCLE = [span("a", "1", up="2"), span("b", "2", up="1")]
MIXED: tuple[Value | None, ...] = (1, "2", 3.0, True, "x", None)  # three of them are numbers


def counted(*values: Value | None, at: tuple[int, ...] = ()) -> list[Span]:
    """Spans ``a`` with these values of ``n``, a second long."""
    starts = at or tuple(range(len(values)))
    return [
        span("a", str(index), at=start, to=start + 1, has={} if value is None else {"n": value})
        for index, (value, start) in enumerate(zip(values, starts, strict=True))
    ]


ROWS: list[tuple[str, syntax.Condition, list[Span], bool]] = [
    ("a pattern needs a match", has("a"), [A01], True),
    ("and none is none", has("c"), [A01], False),
    ("* is any span", has(pat(None)), [A01], True),
    ("and", both(has("a"), has("c")), [A01], False),
    ("or", either(has("c"), has("a")), [A01], True),
    ("not", no(has("c")), [A01], True),
    # time
    ("before may touch", rel("a", "before", "b"), [A01, B12], True),
    ("before is not after", rel("b", "before", "a"), [A01, B12], False),
    ("after is the reverse", rel("b", "after", "a"), [A01, B12], True),
    ("a gap of exactly the limit", rel("a", "before", "b", 1), [A01, B24], True),
    ("a gap too long", rel("a", "before", "b", 0.5), [A01, B24], False),
    ("after within", rel("b", "after", "a", 1), [A01, B24], True),
    ("during", rel("a", "during", "b"), [span("a", "1", at=1, to=2), span("b", "2", at=1, to=2)], True),
    ("not during", rel("a", "during", "b"), [span("a", "1", at=1, to=3), span("b", "2", at=1, to=2)], False),
    ("covers is the reverse", rel("b", "covers", "a"), [span("a", "1", at=1, to=2), span("b", "2", at=0, to=2)], True),
    ("overlaps", rel("a", "overlaps", "b"), [span("a", "1", at=0, to=2), span("b", "2", at=1, to=3)], True),
    ("touching does not overlap", rel("a", "overlaps", "b"), [A01, B12], False),
    ("an instant inside overlaps", rel("a", "overlaps", "b"), [span("a", "1", at=1, to=1), B12, A01], False),
    ("an instant within overlaps", rel("a", "overlaps", "b"), [span("a", "1", at=3, to=3), B24], True),
    ("before needs no other times", rel("a", "before", "b"), [span("a", "1", at=None), span("b", "2", at=1, to=None)],
     True),
    ("but its own", rel("a", "before", "b"), [span("a", "1", to=None), span("b", "2", at=9)], False),
    ("no span relates in time to itself", rel(pat(None), "during", pat(None)), [A01], False),
    # tree
    ("child", rel("a", "child of", "root"), FAMILY, True),
    ("a grandchild is no child", rel("c", "child of", "root"), FAMILY, False),
    ("parent", rel("a", "parent of", "c"), FAMILY, True),
    ("descendant", rel("c", "descendant of", "root"), FAMILY, True),
    ("ancestor", rel("root", "ancestor of", "c"), FAMILY, True),
    ("sibling", rel("a", "sibling of", "b"), FAMILY, True),
    ("siblings under an absent parent", rel("lost", "sibling of", "lost too"), FAMILY, True),
    ("roots are no siblings", rel("a", "sibling of", "b"), [A01, B12], False),
    ("no span is its own sibling", rel("a", "sibling of", "a"), FAMILY, False),
    ("in a cycle each descends from the other", rel("a", "descendant of", "b"), CYCLE, True),
    ("but not from itself", rel("a", "descendant of", "a"), CYCLE, False),
    # links
    ("linked to", rel("a", "linked to", "b"), [span("a", "1", links=[("t", "2")]), B12], True),
    ("linked from", rel("b", "linked from", "a"), [span("a", "1", links=[("t", "2")]), B12], True),
    ("not the reverse", rel("b", "linked to", "a"), [span("a", "1", links=[("t", "2")]), B12], False),
    ("not outside of the scope", rel("a", "linked to", "b"),
     [span("a", "1", links=[("other", "2")]), span("b", "2", trace="other")], False),
    ("a span may link to itself", rel("a", "linked to", "a"), [span("a", "1", links=[("t", "1")])], True),
    # variables
    ("one variable is one span", both(rel(pat("b", var="x"), "after", "a", 0), meas(val("x", "n"), "==", 1)),
     [A01, B12, span("b", "3", at=5, to=6, has={"n": 1})], False),
    ("in any order", both(meas(val("x", "n"), "==", 1), has(pat("b", var="x"))), [span("b", has={"n": 1})], True),
    ("two may name one span", both(has(pat("a", var="x")), has(pat("a", var="y"))), [A01], True),
    ("unless they are not the same", both(has(pat("a", var="x")), has(pat("a", var="y")), same("x", "y", negated=True)),
     [A01], False),
    ("is", both(has(pat("a", var="x")), has(pat(None, var="y")), same("x", "y")), [B12, A01], True),
    ("a variable reaches into the other pattern", both(has(pat("a", cmp("n", "==", val("y", "n")), var="x")),
     has(pat("b", var="y"))), [span("a", has={"n": "1.0"}), span("b", "2", has={"n": 1})], True),
    ("and into or", both(has(pat("a", var="x")), either(has("c"), meas(val("x", "n"), ">", 1))), counted(1, 2), True),
    ("a variable bound under not is any span", both(has(pat("a", var="x")),
     no(both(has(pat("a", var="y")), meas(val("y", "n"), ">", val("x", "n"))))), counted(1, 2), True),
    ("so nothing is below nothing", both(has(pat("a", var="x")),
     no(both(has(pat("a", var="y")), meas(val("y", "n"), ">=", val("x", "n"))))), counted(1, 2), False),
    ("the value of a variable alone", both(has(pat("a", var="x")), var_true("x", "n")), counted("true"), True),
    # measures
    ("count", meas(agg("count", "a"), "==", 3), counted(1, 1, None), True),
    ("count of nothing is 0", meas(agg("count", "c"), "==", 0), counted(1), True),
    ("count distinct is by text", meas(agg("count distinct", "a", "n"), "==", 2),
     counted(1, 1.0, "1", "1.0", None), True),
    ("sum", meas(agg("sum", "a", "n"), "==", 6), counted(*MIXED), True),
    ("sum of nothing is 0", meas(agg("sum", "a", "n"), "==", 0), counted("x"), True),
    ("a sum of integers is exact", meas(agg("sum", "a", "n"), "==", 2**64 - 1), counted(2**63, 2**63 - 1), True),
    ("a sum of doubles is rounded once", meas(agg("sum", "a", "n"), "==", 1.0), counted(*[0.1] * 10), True),
    ("opposite infinities have no sum", meas(agg("sum", "a", "n"), "!=", 0), counted(math.inf, -math.inf), True),
    ("max", meas(agg("max", "a", "n"), "==", 3), counted(1, "3", "x"), True),
    ("min of nothing is missing", meas(agg("min", "a", "n"), "<=", 5), counted("x"), False),
    ("and so unequal to anything", meas(agg("avg", "c", "n"), "!=", 5), counted(1), True),
    ("avg", meas(agg("avg", "a", "n"), "==", 1.5), counted(1, 2, None), True),
    ("over a relation", meas(agg("count", relation("a", "before", "b")), "==", 1), [A01, B12, span("a", "9", at=5,
     to=6)],
     True),
    ("the left spans are counted, not the pairs", meas(agg("count", relation("a", "before", "b")), "==", 1),
     [A01, B12, B24], True),
    ("a duration of a child", meas(agg("max", relation("a", "child of", "root"), "span:duration"), ">=", dur(1)),
     FAMILY, True),
    ("windows begin at a match", meas(agg("count", "a", within=2), "==", 2), counted(1, 1, 1, at=(0, 1, 2)), True),
    ("and end before their length", meas(agg("count", "a", within=1), "==", 1), counted(1, 1, at=(0, 1)), True),
    ("a windowed sum is the largest", meas(agg("sum", "a", "n", within=1), "==", 5), counted(5, -9, at=(0, 3)), True),
    ("a windowed sum of nothing is 0", meas(agg("sum", "c", "n", within=1), "==", 0), counted(1), True),
    ("what has no start is in no window", meas(agg("count", "a", within=9), "==", 0), [span("a", at=None)], True),
    ("windowed distinct", meas(agg("count distinct", "a", "n", within=9), ">", 1), counted(1, 1.0), False),
    ("arithmetic", meas(calc(agg("count", "a"), "*", 2), "==", calc(agg("sum", "a", "n"), "-", 1)),
     counted(2, 3), True),
    ("arithmetic with a missing operand is missing", meas(calc(agg("max", "a", "n"), "+", 1), ">", 0), counted("x"),
     False),
    ("an overflow is missing", both(has(pat("a", var="x")), meas(calc(val("x", "n"), "*", val("x", "n")), ">", 0)),
     counted(1e300), False),
    ("integers do not overflow", meas(calc(agg("max", "a", "n"), "+", 1), "==", 2.0**63), counted(2**63 - 1), True),
    ("a literal on the left decides too", both(has(pat("a", var="x")), meas("1", "==", val("x", "n"))), counted("1.0"),
     False),
    ("two values read as numbers", both(has(pat("a", var="x")), meas(val("x", "n"), "==", val("x", "k"))),
     [span("a", has={"n": "1.0", "k": 1})], True),
    ("a value in a list", both(has(pat("a", var="x")), meas(val("x", "n"), "in", ["y", 1])), counted("1.0"), True),
    ("a value not in a list", both(has(pat("a", var="x")), meas(val("x", "n"), "not in", ["y", 1])), counted(None),
     True),
    ("a literal in a list attribute", both(has(pat("a", var="x")), meas("y", "in", val("x", "n"))), counted(("y",)),
     True),
    ("a difference of times", both(has(pat("a", var="x")), has(pat("b", var="y")),
     meas(calc(val("y", "span:start"), "-", val("x", "span:end")), "==", dur(0))), [A01, B12], True),
    ("a variable inside a count is its own", meas(agg("count", relation(pat("a", var="x"), "before",
     pat("b", cmp("n", "==", val("x", "n"))))), "==", 1),
     [*counted(1, 2), span("b", "9", at=8, has={"n": 2})], True),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "spans", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_condition(condition: syntax.Condition, spans: list[Span], expected: bool) -> None:  # noqa: FBT001  # a table row
    """A condition of one trace has the truth that the language gives it."""
    result = evaluate(rule(always(condition)), spans, assume_complete=True, now=10**19)["trace", "t"]
    assert result.verdict == ("satisfied" if expected else "violated")
