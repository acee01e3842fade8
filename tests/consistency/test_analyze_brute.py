"""The analyser and brute force agree on whether one rule implies another, over every trace of at most two spans."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.consistency.brute import disagreement, every_trace, outcome, random_rule, time_choices


def pairs() -> Iterator[tuple[str, str]]:
    """Random pairs of rules that a few thousand traces decide; `tests.consistency.brute` takes all."""
    drawn = random.Random(20261124)  # noqa: S311 - the same pairs in every run
    while True:
        first, second = random_rule(drawn), random_rule(drawn)
        if len(every_trace(first, second)) < 2_000:
            yield first, second


@pytest.mark.parametrize(("first", "second"), [pair for pair, _ in zip(pairs(), range(24), strict=False)])
def test_subsumption_agrees_with_every_trace(first: str, second: str) -> None:
    """A rule implies another exactly where no trace of two spans violates only the other; witnesses hold."""
    assert disagreement(first, second) == ""


@pytest.mark.parametrize("distances", [False, True])
def test_times_are_complete(*, distances: bool) -> None:
    """However four times compare, near to each other or far apart, times that are enumerated compare so too."""
    known = {outcome(times, distances=distances) for times in time_choices(distances=distances)}
    drawn = random.Random(1)  # noqa: S311 - the same times in every run
    for furthest in (0.5, 3, 5, 9, 30):
        for _ in range(2_000):
            start, other = drawn.uniform(0, furthest), drawn.uniform(0, furthest)
            times = (start, start + drawn.uniform(0, furthest), other, other + drawn.uniform(0, furthest))
            assert outcome(times, distances=distances) in known
            exact = tuple(round(time * 2) / 2 for time in times)
            assert outcome(exact, distances=distances) in known
