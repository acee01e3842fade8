"""Every trace of at most two spans, and random rules whose truth on all traces of two spans these decide.

The conditions compare ``k`` with 1, ask whether it is there, and compare it between spans; so of the values of one
span, a missing one, one below 1, 1, and one above 1 stand for all, and those of a second span may be the same as the
first one's or another of its class.  A text that is no number is told from a number below 1 by no condition.  Times are
compared with each other, and their distances with 4 s, so one choice of the four times for each outcome of all these
comparisons stands for all (`time_choices`).  The conditions name only the spans a and b, and none looks through a third
span, so spans of other names change nothing.  Trees are the three forests of two spans.  Where neither rule mentions
values, the tree or times, one choice of these does (`every_trace`).

As a program, it checks more pairs than the tests do: ``python -m tests.consistency.brute --pairs 500 --seed 1``.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from collections.abc import Sequence
from functools import cache
from itertools import combinations, product
from typing import Final, TypeAlias

from fluo_logic.consistency.encode_solve import Demand, Solver
from fluo_logic.facts.model import Span
from fluo_logic.lang.parse import parse_rule
from fluo_logic.lang.syntax import Rule, Ruleset
from fluo_logic.translate.lower import lower
from fluo_logic.translate.passes import run_passes
from tests.oracle import build
from tests.oracle.interpreter import evaluate
from tests.oracle.vocabulary import LATEST

MOST: Final = 2
"""Spans of a trace, for the analyser as for the enumeration."""
SECONDS: Final = 30
DISTANCE: Final = 4
"""The one distance, in seconds, that times are compared with; four times fit strictly inside it."""
FIRST: Final = (None, 0, 1, 2)
SECOND: Final = (None, 0, -1, 1, 2, 3)
FORESTS: Final = ((None, None), ("2", None), (None, "1"))
TRIGGERS: Final = ("", "a as $x", "b as $x", "a.where(k > 1) as $x", "a.where(exists(k)) as $x", "a", "count(a) > 1")
CONDITIONS: Final = (
    "a",
    "b.where(k == 1)",
    "b.where(k != 1)",
    "a before b",
    "b after a within 4s",
    "b child of a",
    "a overlaps b",
    "count(b) <= 1",
    "count(a) == 1",
    "count(distinct a.k) == 1",
    "a.where(k >= 1) or b",
    "not b",
    "b sibling of a",
    "count(a) within 4s > 1",
)
WITH_VARIABLE: Final = (
    "$x.k >= 1",
    "b.where(k == $x.k)",
    "b after $x",
    "b descendant of $x",
    "b during $x",
    "$x.span:duration > 4s",
    "b as $y and $y is not $x",
)
Times: TypeAlias = tuple[int, int, int, int]


@cache
def time_choices(*, distances: bool) -> tuple[Times, ...]:
    """Return starts and ends of two spans, one choice for each outcome of all comparisons of them, in seconds.

    Each of the four times lies at most ``DISTANCE + 1`` after the one before it: what lies further apart compares
    alike.
    """
    found: dict[tuple[int, ...], Times] = {}
    furthest = 3 * (DISTANCE + 1)
    spans = [(start, end) for start in range(furthest + 1) for end in range(start, furthest + 1)]
    for (start, end), (other, last) in product(spans, spans):
        if not min(start, other):
            found.setdefault(outcome((start, end, other, last), distances=distances), (start, end, other, last))
    return tuple(found.values())


def outcome(times: Sequence[float], *, distances: bool) -> tuple[int, ...]:
    """Return how times compare with each other and, with ``distances``, their distances with `DISTANCE`."""
    pairs = list(combinations(times, 2))
    found = [_sign(left - right) for left, right in pairs]
    return (*found, *(_sign(abs(left - right) - DISTANCE) for left, right in pairs if distances))


def _sign(number: float) -> int:
    return (number > 0) - (number < 0)


def every_trace(*rules: str) -> tuple[tuple[Span, ...], ...]:
    """Return the traces of no, one and two spans, one for each that the rules can tell from the others.

    What no rule mentions, values, the tree or times, is the same in all of them.
    """
    text = " ".join(rules)
    valued, in_tree = bool(re.search(r"\bk\b", text)), bool(re.search("child|sibling|descendant", text))
    timed, distances = bool(re.search("before|after|overlaps|during|within|duration", text)), f"{DISTANCE}s" in text
    return _every_trace(valued=valued, in_tree=in_tree, timed=timed, distances=distances)


@cache
def _every_trace(*, valued: bool, in_tree: bool, timed: bool, distances: bool) -> tuple[tuple[Span, ...], ...]:
    times = time_choices(distances=distances) if timed else ((0, 1, 0, 1),)
    firsts, seconds = (FIRST, SECOND) if valued else ((None,), (None,))
    lengths = {_sign(end - start) + _sign(end - start - DISTANCE): (start, end) for start, end, _, _ in times}
    single = [
        (build.span(name, "1", at=start, to=end, has=_has(value)),)
        for name, value, (start, end) in product("ab", firsts, lengths.values())
    ]
    choices = product(product("ab", repeat=2), firsts, seconds, FORESTS if in_tree else FORESTS[:1], times)
    double = [
        (
            build.span(names[0], "1", up=parents[0], at=start, to=end, has=_has(first)),
            build.span(names[1], "2", up=parents[1], at=other, to=last, has=_has(second)),
        )
        for names, first, second, parents, (start, end, other, last) in choices
    ]
    return ((), *single, *double)


def _has(value: int | None) -> dict[str, int]:
    return {} if value is None else {"k": value}


def is_violated(rule: Rule, spans: tuple[Span, ...]) -> bool:
    """Return whether the oracle finds a rule violated on a trace, with every deadline over."""
    return any(result.verdict == "violated" for result in evaluate(rule, spans, now=LATEST).values())


def random_rule(drawn: random.Random) -> str:
    """Return the text of a rule."""
    trigger = drawn.choice(TRIGGERS)
    conditions = (*CONDITIONS, *WITH_VARIABLE) if "$x" in trigger else CONDITIONS
    when = f"when {{ {trigger} }} " if trigger else ""
    return f"{when}{drawn.choice(('always', 'never'))} {{ {drawn.choice(conditions)} }}"


def disagreement(first: str, second: str) -> str:
    """Return in what analyser and enumeration disagree on whether one rule implies another, empty if in nothing."""
    one, two = parse_rule(first, "first"), parse_rule(second, "second")
    found = Solver(run_passes(lower(Ruleset((one, two)))), MOST, SECONDS).find(
        [Demand(0, violated=False), Demand(1, violated=True)]
    )
    known = next(
        (spans for spans in every_trace(first, second) if is_violated(two, spans) and not is_violated(one, spans)), None
    )
    if (found is None) != (known is None):
        return f"the analyser found {found}, the enumeration {known}"
    if found is not None and (len(found) > MOST or is_violated(one, found) or not is_violated(two, found)):
        return f"the witness {found} has other verdicts, or too many spans"
    return ""


def main() -> int:
    """Check random pairs of rules and tell of disagreements; return how many there were."""
    parser = argparse.ArgumentParser(description="the analyser against every trace of two spans")
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    drawn = random.Random(arguments.seed)  # noqa: S311 - the same pairs for the same seed
    wrong = looked_at = 0
    clock = time.monotonic()
    for _ in range(arguments.pairs):
        first, second = random_rule(drawn), random_rule(drawn)
        told = disagreement(first, second)
        if told:
            wrong += 1
            sys.stdout.write(f"{first}\n{second}\n  {told}\n")
        looked_at += len(every_trace(first, second))
    took = time.monotonic() - clock
    sys.stdout.write(f"{arguments.pairs} pairs, {looked_at:,} traces, {wrong} disagreements, {took:.0f} s\n")
    return wrong


if __name__ == "__main__":
    sys.exit(bool(main()))
