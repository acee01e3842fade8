"""The analyser and brute force agree: random pairs of rules, every small trace, judged by the plain oracle."""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from fluo_logic.consistency.analyze_told import solver_for
from fluo_logic.consistency.encode_solve import Demand
from fluo_logic.facts.model import Span
from fluo_logic.lang.parse import parse_rule
from tests.oracle import build
from tests.oracle.interpreter import evaluate
from tests.oracle.vocabulary import LATEST

MOST: Final = 2
"""Spans of a trace, for the analyser as for the enumeration."""
TIMES: Final = ((0, 0), (0, 1), (1, 1), (1, 9), (9, 9))
VALUES: Final = (None, 1, 2)
TRIGGERS: Final = ("", "a as $x", "b as $x", "a.where(k > 1) as $x", "a.where(exists(k)) as $x", "a", "count(a) > 1")
CONDITIONS: Final = (
    "a",
    "b.where(k == 1)",
    "b.where(k != 1)",
    "a before b",
    "b after a within 2s",
    "b child of a",
    "a overlaps b",
    "count(b) <= 1",
    "count(a) == 1",
    "count(distinct a.k) == 1",
    "a.where(k >= 1) or b",
    "not b",
    "b sibling of a",
    "count(a) within 5s > 1",
)
WITH_VARIABLE: Final = (
    "$x.k >= 1",
    "b.where(k == $x.k)",
    "b after $x",
    "b descendant of $x",
    "b during $x",
    "$x.span:duration > 3s",
    "b as $y and $y is not $x",
)


@cache
def traces() -> tuple[tuple[Span, ...], ...]:
    """Every trace of at most two spans over the names, values, times and trees."""
    one = [(name, value, times) for name, value, times in product("ab", VALUES, TIMES)]
    single = [(build.span(name, "1", at=at, to=to, has=_has(value)),) for name, value, (at, to) in one]
    double = [
        (
            build.span(first[0], "1", up=up[0], at=first[2][0], to=first[2][1], has=_has(first[1])),
            build.span(second[0], "2", up=up[1], at=second[2][0], to=second[2][1], has=_has(second[1])),
        )
        for first, second in product(one, one)
        for up in ((None, None), ("2", None), (None, "1"))
    ]
    return ((), *single, *double[:: len(double) // 900])


def _has(value: int | None) -> dict[str, int]:
    return {} if value is None else {"k": value}


@cache
def violated(text: str) -> tuple[bool, ...]:
    """Whether the oracle finds the rule violated, trace by trace."""
    return tuple(is_violated(text, spans) for spans in traces())


def is_violated(text: str, spans: tuple[Span, ...]) -> bool:
    results = evaluate(parse_rule(text, "r"), spans, now=LATEST)
    return any(result.verdict == "violated" for result in results.values())


@st.composite
def rule_texts(draw: st.DrawFn) -> str:
    trigger = draw(st.sampled_from(TRIGGERS))
    conditions = (*CONDITIONS, *WITH_VARIABLE) if "$x" in trigger else CONDITIONS
    condition, block = draw(st.sampled_from(conditions)), draw(st.sampled_from(("always", "never")))
    when = f"when {{ {trigger} }} " if trigger else ""
    return f"{when}{block} {{ {condition} }}"


@given(rule_texts(), rule_texts())
@settings(max_examples=40, deadline=None)
def test_subsumption_agrees_with_brute_force(first: str, second: str) -> None:
    """Where the analyser says that a rule implies another, no small trace says otherwise; its witnesses hold."""
    rules = (parse_rule(first, "first"), parse_rule(second, "second"))
    solver = solver_for(rules, MOST, 30)
    found = solver.find([Demand(0, violated=False), Demand(1, violated=True)])
    if found is None:
        pairs = zip(violated(first), violated(second), traces(), strict=True)
        assert [spans for one, two, spans in pairs if two and not one] == []
    else:
        assert len(found) <= solver.bound
        assert not is_violated(first, found)
        assert is_violated(second, found)
