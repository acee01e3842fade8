"""Scopes and verdicts: rows of (what the language says, rule, spans, options, verdict per scope), derived by hand."""

from __future__ import annotations

from typing import Any

import pytest

from fluo_logic.facts.model import Event, Span
from fluo_logic.lang import syntax
from tests.oracle.build import (
    agg,
    always,
    both,
    calc,
    cmp,
    either,
    event,
    has,
    instant,
    meas,
    nanoseconds,
    never,
    no,
    pat,
    present,
    rel,
    relation,
    rule,
    same,
    span,
    true,
    val,
)
from tests.oracle.interpreter import ObligationResult, evaluate

A = has(pat("a", var="x"))
PAY = span("a", "1", at=0, to=1)
OPEN = span("a", "1", at=0, to=None)
SHIP = span("b", "2", at=3, to=4)
LATER = span("c", "3", at=3, to=3)
LATE = span("c", "3", at=9, to=9)
HOLE = [span("top", "8"), span("lost", "9", up="404")]
"""A root and an orphan: the trace has a hole."""
COMPLETE: dict[str, Any] = {"assume_complete": True}
DROPPED = span("a", "1", dropped=(1, 1, 1))
SOON = always(rel("$x", "before", "b", 5))
CHAIN = always(both(rel("$x", "before", pat("b", var="y"), 5), rel("$y", "before", "c", 5)))


def skewed(seconds: float) -> dict[str, Any]:
    return {"clock_skew": nanoseconds(seconds)}


def by_service(one: str | None, other: str | None) -> list[Span]:
    """``b`` starts 2 s after ``a`` ended."""
    return [span("a", "1", at=0, to=1, service=one), span("b", "2", at=3, to=4, service=other)]


Row = tuple[str, syntax.Rule, list[Span], dict[str, Any], str]
ROWS: list[Row] = [
    # definite verdicts
    ("no match of when is vacuous", rule(always(has("b")), when=A), [SHIP], {}, "vacuous"),
    ("an always that holds", rule(always(has("b")), when=A), [PAY, SHIP], {}, "satisfied"),
    ("an always that fails", rule(always(has("c")), when=A), [PAY, SHIP], {}, "violated"),
    ("a never that holds", rule(never(has("c")), when=A), [PAY], {}, "satisfied"),
    ("a never that fails", rule(never(has("a"))), [PAY], {}, "violated"),
    ("without when every scope counts", rule(always(has("b"))), [PAY], {}, "violated"),
    ("the worst obligation", rule(always(has("a")), never(has("a"))), [PAY], {}, "violated"),
    ("one of the matches fails", rule(always(has(pat("b", cmp("n", "==", val("x", "n"))))), when=A),
     [span("a", "1", has={"n": 1}), span("a", "2", has={"n": 2}), span("b", "3", has={"n": 1})], {}, "violated"),
    ("missing values: always a <= b", rule(always(meas(val("x", "n"), "<=", 1)), when=A), [PAY], {}, "violated"),
    ("and never a > b differ", rule(never(meas(val("x", "n"), ">", 1)), when=A), [PAY], {}, "satisfied"),
    # pending
    ("a deadline ahead", rule(SOON, when=A), [PAY, LATER], {}, "pending"),
    ("a deadline behind", rule(SOON, when=A), [PAY, LATE], {}, "violated"),
    ("a deadline just behind", rule(SOON, when=A), [PAY], {"now": instant(6)}, "violated"),
    ("a deadline just ahead", rule(SOON, when=A), [PAY], {"now": instant(6) - 1}, "pending"),
    ("events are times seen", rule(SOON, when=A), [PAY, span("c", "3", at=0, events=[Event("e", instant(8))])], {},
     "violated"),
    ("after within is the same", rule(always(rel("b", "after", "$x", 5)), when=A), [PAY], {}, "pending"),
    ("met already", rule(SOON, when=A), [PAY, SHIP], {}, "satisfied"),
    ("no end, no deadline passed", rule(SOON, when=A), [OPEN, LATE], {}, "pending"),
    ("no end, but no limit", rule(always(rel("$x", "before", "b")), when=A), [OPEN, LATE], {}, "violated"),
    ("no limit, no deadline", rule(always(rel("$x", "before", "b")), when=A), [PAY], {}, "violated"),
    ("nothing in the future precedes the past", rule(always(rel("b", "before", "$x", 5)), when=A), [PAY], {},
     "violated"),
    ("the other pattern fails for good", rule(always(both(rel("$x", "before", "b", 5), has("c"))), when=A), [PAY], {},
     "violated"),
    ("without a span to wait for", rule(always(rel("a", "before", "b", 5))), [SHIP], {}, "violated"),
    ("a pattern to wait for", rule(always(rel("a", "before", "b", 5))), [PAY], {}, "pending"),
    ("a relation that a never forbids to be absent", rule(never(both(has("a"), no(rel("$x", "before", "b", 5)))),
     when=A),
     [PAY], {}, "pending"),
    ("a chain: the second link is still open", rule(CHAIN, when=A), [PAY, SHIP], {}, "pending"),
    ("a chain: both links are open", rule(CHAIN, when=A), [PAY], {}, "pending"),
    ("a chain: the first link is broken", rule(CHAIN, when=A), [PAY, LATE], {}, "violated"),
    ("a variable without a deadline waits for nothing",
     rule(always(both(has(pat("b", var="y")), meas(val("y", "n"), "==", 1))), when=A), [PAY], {}, "violated"),
    ("another way out is open", rule(always(either(has("c"), rel("$x", "before", "b", 5))), when=A), [PAY], {},
     "pending"),
    ("a count of what may follow", rule(always(meas(agg("count", relation("b", "after", "$x", 5)), "==", 2)), when=A),
     [PAY, SHIP], {}, "pending"),
    ("a count too high already", rule(always(meas(agg("count", relation("b", "after", "$x", 5)), "<", 1)), when=A),
     [PAY, SHIP], {}, "violated"),
    ("the condition on what may follow is open",
     rule(always(both(rel("$x", "before", pat("b", var="y"), 5), meas(val("y", "n"), "==", 1))), when=A), [PAY, SHIP],
     {},
     "pending"),
    ("when does not wait", rule(never(has("a")), when=both(A, no(rel("$x", "before", "b", 5)))), [PAY], {}, "violated"),
    ("pending before inconclusive", rule(SOON, when=A), [PAY, *HOLE], {}, "pending"),
    # holes
    ("absence beside a hole", rule(always(has("b")), when=A), [PAY, *HOLE], {}, "inconclusive"),
    ("holes assumed absent", rule(always(has("b")), when=A), [PAY, *HOLE], COMPLETE, "violated"),
    ("a remote parent is no hole", rule(always(has("b"))), [span("a", up="404")], {}, "violated"),
    ("no topmost span is a hole", rule(always(has("c"))), [span("a", "1", up="2"), span("b", "2", up="1")], {},
     "inconclusive"),
    ("presence beside a hole", rule(never(has("a"))), [PAY, *HOLE], {}, "violated"),
    ("presence without absence", rule(never(both(has("a"), no(has("b"))))), [PAY, *HOLE], {}, "inconclusive"),
    ("a match of when that rests on absence", rule(never(has("a")), when=both(A, no(has("b")))), [PAY, *HOLE], {},
     "inconclusive"),
    ("one of two ways to match when is certain", rule(never(has("a")), when=either(no(has("b")), has("top"))),
     [PAY, *HOLE], {}, "violated"),
    ("a satisfied obligation stays so", rule(never(has("b")), when=A), [PAY, *HOLE], {}, "satisfied"),
    ("a vacuous scope stays so", rule(always(has("b")), when=has("c")), [PAY, *HOLE], {}, "vacuous"),
    ("a count that is too high", rule(always(meas(agg("count", "a"), "<", 1))), [PAY, *HOLE], {}, "violated"),
    ("a count that is too low", rule(always(meas(agg("count", "a"), "==", 2))), [PAY, *HOLE], {}, "inconclusive"),
    ("a count in a window too high", rule(always(meas(agg("count", "a", within=1), "<=", 0))), [PAY, *HOLE], {},
     "violated"),
    ("twice a count", rule(always(meas(calc(agg("count", "a"), "*", 2), "<=", 1))), [PAY, *HOLE], {}, "violated"),
    ("a maximum that is too high", rule(always(meas(agg("max", "a", "n"), "<", 5))), [span("a", has={"n": 5}), *HOLE],
     {},
     "violated"),
    ("a maximum that is too low", rule(always(meas(agg("max", "a", "n"), ">", 5))), [span("a", has={"n": 5}), *HOLE],
     {},
     "inconclusive"),
    ("a minimum that is too low", rule(always(meas(agg("min", "a", "n"), ">", 5))), [span("a", has={"n": 5}), *HOLE],
     {},
     "violated"),
    ("a sum may still fall", rule(always(meas(agg("sum", "a", "n"), "<", 5))), [span("a", has={"n": 5}), *HOLE], {},
     "inconclusive"),
    ("distinct values too many", rule(always(meas(agg("count distinct", "a", "n"), "==", 1))),
     [span("a", "1", has={"n": 5}), span("a", "2", has={"n": 6}), *HOLE], {}, "violated"),
    ("a wrong value", rule(always(meas(val("x", "n"), "==", 1)), when=A), [span("a", has={"n": 5}), *HOLE], {},
     "violated"),
    ("a known chain of parents", rule(always(rel("b", "ancestor of", "$x")), when=A), [span("a", up="8"), *HOLE], {},
     "violated"),
    ("an unknown chain", rule(always(rel("b", "ancestor of", "$x")), when=A), [span("a", up="9"), *HOLE], {},
     "inconclusive"),
    ("a known span may lie above the unknown", rule(always(rel("$x", "descendant of", "top")), when=A),
     [span("a", up="9"), *HOLE], {}, "inconclusive"),
    ("a known parent", rule(always(rel("b", "parent of", "$x")), when=A), [span("a", up="9"), *HOLE], {}, "violated"),
    ("a lost parent", rule(always(rel("b", "parent of", "$x")), when=has(pat("lost", var="x"))), HOLE, {},
     "inconclusive"),
    ("a child may be lost", rule(always(rel("b", "child of", "$x")), when=A), [span("a", up="8"), *HOLE], {},
     "inconclusive"),
    ("two spans that are there are the same or not", rule(always(same("x", "y")), when=both(A, has(pat("top",
     var="y")))),
     [PAY, *HOLE], {}, "violated"),
    ("an order of spans that are there", rule(always(rel("$x", "before", "$y")), when=both(A, has(pat("top",
     var="y")))),
     [PAY, *HOLE], {}, "violated"),
    ("being an orphan", rule(never(has(pat(None, true("span:orphan"))))), HOLE, {}, "violated"),
    ("a link that points to what was lost", rule(always(rel("$x", "linked to", "b")), when=A),
     [span("a", links=[("t", "77")]), *HOLE], {}, "inconclusive"),
    ("links that point to what is there", rule(always(rel("$x", "linked to", "b")), when=A),
     [span("a", links=[("t", "8")]), *HOLE], {}, "violated"),
    # dropped values
    ("a missing value", rule(always(meas(val("x", "n"), "==", 1)), when=A), [DROPPED], {}, "inconclusive"),
    ("a missing value of a pattern", rule(always(has(pat("a", present("n"))))), [DROPPED], {}, "inconclusive"),
    ("completeness brings no value back", rule(always(has(pat("a", present("n"))))), [DROPPED], COMPLETE,
     "inconclusive"),
    ("a value that is there", rule(always(has(pat("a", cmp("n", "==", 1))))), [span("a", has={"n": 2}, dropped=(1, 0,
     0))],
     {}, "violated"),
    ("an unequal missing value", rule(never(has(pat("a", cmp("n", "!=", 1))))), [DROPPED], {}, "inconclusive"),
    ("a resource drops nothing", rule(always(has(pat("a", present("resource:n"))))), [DROPPED], {}, "violated"),
    ("dropped events", rule(always(has(pat("a", event("e"))))), [DROPPED], {}, "inconclusive"),
    ("dropped links", rule(always(rel("a", "linked to", "b"))), [DROPPED, SHIP], {}, "inconclusive"),
    ("a sum over dropped values", rule(always(meas(agg("sum", "a", "n"), "==", 1))), [DROPPED], {}, "inconclusive"),
    ("a count that drops cannot change", rule(always(meas(agg("count", "a"), "==", 2))), [DROPPED], {}, "violated"),
    ("a count that drops can change", rule(always(meas(agg("count", pat("a", present("n"))), "==", 2))),
     [DROPPED], {}, "violated"),
    ("a match of when that rests on a missing value", rule(never(has("a")), when=has(pat("a", cmp("n", "!=", 1)))),
     [DROPPED], {}, "inconclusive"),
    # clock skew
    ("an order within the skew", rule(never(rel("a", "before", "b"))), by_service("p", "q"), skewed(2.1),
     "inconclusive"),
    ("a margin as large as the skew", rule(never(rel("a", "before", "b"))), by_service("p", "q"), skewed(2),
     "violated"),
    ("one service has one clock", rule(never(rel("a", "before", "b"))), by_service("p", "p"), skewed(9), "violated"),
    ("the gap within the skew", rule(always(rel("a", "before", "b", 1))), by_service("p", "q"), skewed(1.5),
     "inconclusive"),
    ("a gap beyond the skew", rule(always(rel("a", "before", "b", 1))), by_service("p", "q"), skewed(1), "violated"),
    ("an order the wrong way round", rule(always(rel("b", "before", "a"))), by_service("p", "q"), skewed(5),
     "inconclusive"),
    ("an order of two times", rule(always(meas(val("x", "span:end"), ">", val("y", "span:start"))),
     when=both(A, has(pat("b", var="y")))), by_service("p", "q"), skewed(3), "inconclusive"),
    ("a match of when within the skew", rule(never(has("a")), when=rel("a", "before", "b")), by_service("p", "q"),
     skewed(3), "inconclusive"),
    ("windows have no skew", rule(never(meas(agg("count", pat(None), within=9), ">=", 2))), by_service("p", "q"),
     skewed(3),
     "violated"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("checked", "spans", "options", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
def test_verdict(checked: syntax.Rule, spans: list[Span], options: dict[str, Any], expected: str) -> None:
    """One trace gets the verdict that the language gives it."""
    results = evaluate(checked, spans, **options)
    assert {key: result.verdict for key, result in results.items()} == {("trace", "t"): expected}


CARTS = [
    span("a", "1", trace="t", has={"cart": 1}),
    span("b", "2", trace="t"),
    span("a", "1", trace="u", has={"cart": "1"}),
    span("a", "1", trace="v", resource={"cart": "2"}),
    span("b", "2", trace="v", has={"cart": 3.0}),
    span("b", "3", trace="v"),
    span("b", "1", trace="w"),
]
"""Carts 1 (two traces, one of them with a span that has no cart of its own), 2 and 3 (in one trace)."""
COUNT_A = rule(always(meas(agg("count", "a"), "==", 1)), by="cart")
SCOPES: list[tuple[str, syntax.Rule, list[Span], dict[tuple[str, ...], str]]] = [
    ("per trace", rule(always(has("a"))), CARTS,
     {("trace", "t"): "satisfied", ("trace", "u"): "satisfied", ("trace", "v"): "satisfied", ("trace",
     "w"): "violated"}),
    ("by a key: own value, span then resource, by text", COUNT_A, CARTS,
     {("key", "1"): "violated", ("key", "2"): "satisfied", ("key", "3"): "violated"}),
    ("by a key: else the one value of the trace", rule(always(meas(agg("count", "b"), "==", 1)), by="cart"), CARTS,
     {("key", "1"): "satisfied", ("key", "2"): "violated", ("key", "3"): "satisfied"}),
    ("all traces are one scope", rule(always(meas(agg("count", pat(None)), "==", 7)), across=True), CARTS,
     {("all",): "satisfied"}),
    ("of no spans as well", rule(always(has("a")), across=True), [], {("all",): "violated"}),
    ("no trace, no verdict", rule(always(has("a"))), [], {}),
    ("trees stay within traces", rule(always(rel("a", "parent of", "b")), across=True),
     [span("a", "1", trace="t"), span("b", "2", trace="u", up="1")], {("all",): "violated"}),
    ("siblings too", rule(always(rel("a", "sibling of", "b")), across=True),
     [span("a", "1", trace="t", up="9"), span("b", "2", trace="u", up="9")], {("all",): "violated"}),
    ("times are absolute", rule(always(rel("a", "before", "b")), across=True),
     [span("a", "1", trace="t"), span("b", "1", trace="u", at=1, to=2)], {("all",): "satisfied"}),
    ("links cross traces in a scope that spans them", rule(always(rel("a", "linked to", "b")), across=True),
     [span("a", "1", trace="t", links=[("u", "1")]), span("b", "1", trace="u")], {("all",): "satisfied"}),
    ("a hole in one trace of the scope", rule(always(has("b")), across=True), [span("a", trace="u"), *HOLE],
     {("all",): "inconclusive"}),
    ("a hole in another trace", rule(always(has("b"))), [span("a", trace="u"), *HOLE],
     {("trace", "t"): "inconclusive", ("trace", "u"): "violated"}),
    ("a tree without a hole beside one with", rule(always(rel("b", "child of", "$x")), when=A, across=True),
     [span("a", trace="u"), *HOLE], {("all",): "violated"}),
    ("the latest time of all traces", rule(SOON, when=A), [PAY, span("c", trace="u", at=9, to=9)],
     {("trace", "t"): "violated", ("trace", "u"): "vacuous"}),
]  # fmt: skip


@pytest.mark.parametrize(("checked", "spans", "expected"), [row[1:] for row in SCOPES], ids=[row[0] for row in SCOPES])
def test_scopes(checked: syntax.Rule, spans: list[Span], expected: dict[tuple[str, ...], str]) -> None:
    """A data set falls into the scopes that the language gives it."""
    assert {key: result.verdict for key, result in evaluate(checked, spans).items()} == expected


def test_one_obligation_per_match_and_block() -> None:
    """Each match of when meets each block, and the witness names its spans."""
    checked = rule(always(meas(val("x", "n"), "==", 1)), never(has("b")), when=A)
    spans = [span("a", "1", has={"n": 1}), span("a", "2", has={"n": 2})]
    first, second = (("x", "t", "1"),), (("x", "t", "2"),)
    assert evaluate(checked, spans)["trace", "t"].obligations == {
        ObligationResult(0, first, "satisfied"),
        ObligationResult(0, second, "violated"),
        ObligationResult(1, first, "satisfied"),
        ObligationResult(1, second, "satisfied"),
    }


def test_one_obligation_per_scope_without_a_variable() -> None:
    """A when that binds nothing asks whether something matches."""
    spans = [span("a", "1"), span("a", "2")]
    result = evaluate(rule(always(has("b")), when=has("a")), spans)["trace", "t"]
    assert result.obligations == {ObligationResult(0, (), "violated")}


def test_a_variable_of_every_branch_is_a_witness() -> None:
    """A variable bound in each branch of an or ranges over the matches of all; one of a single branch does not."""
    when = either(has(pat("a", var="x")), both(has(pat("b", var="x")), has(pat("c", var="y"))))
    spans = [span("a", "1"), span("b", "2"), span("c", "3"), span("c", "4")]
    result = evaluate(rule(never(has("d")), when=when), spans)["trace", "t"]
    assert {obligation.witness for obligation in result.obligations} == {(("x", "t", "1"),), (("x", "t", "2"),)}
