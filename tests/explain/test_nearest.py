"""Near misses in words: what candidates have, what it would take, and by how much a condition holds or fails."""

from __future__ import annotations

from typing import Final

import pytest

from fluo_logic.explain.text import explanation_text
from fluo_logic.pipeline import Options
from tests.explain.test_smallest import explained

CHARGES: Final = "trace t: vacuous\n" + "\n".join(f"  charge {number}s..9s attempt=1" for number in range(4))
SAID: Final = {
    "the largest of several": (
        "when { charge.where(attempt > 1) } always { ok }",
        CHARGES,
        "it takes attempt > 1, and the largest attempt among 4 charge spans is 1",
        "attempt is 1, needs more than 1",
    ),
    "the smallest of several": (
        "when { charge.where(attempt < 1) } always { ok }",
        CHARGES,
        "the smallest attempt among 4 charge spans is 1",
        "attempt is 1, needs less than 1",
    ),
    "several that lack the value": (
        "when { charge.where(retries > 1) } always { ok }",
        CHARGES,
        "it takes retries > 1, and none of 4 charge spans has retries",
        "retries is missing",
    ),
    "several texts, and the likest": (
        "always { log.where(action == bulk_deactivate) }",
        "trace t: violated\n  log 0s..1s action=login\n  log 0s..1s action=bulk_activate\n  log 0s..1s",
        'action of 2 log spans is "login" or "bulk_activate"; 1 more has none',
        'action is "bulk_activate", not "bulk_deactivate"',
    ),
    "more texts than are listed": (
        "always { log.where(action == x) }",
        "trace t: violated\n" + "\n".join(f"  log 0s..1s action={word}" for word in ("a", "b", "c", "d", "e")),
        'action of 5 log spans is "a", "b", "c" or one of 2 others',
    ),
    "durations": (
        "when { job.where(span:duration > 2s) } always { ok }",
        "trace t: vacuous\n  job 0s..1s\n  job 0s..1.997s",
        "the largest span:duration among 2 job spans is 1.997 s",
        "span:duration is 1.997 s, needs more than 2 s",
    ),
    "a distance in time": (
        "always { log before charge }",
        "trace t: violated\n  log 0s..1.003s\n  charge 1s..2s",
        "log a1 ended 3 ms after charge a2 started",
    ),
    "a bound that is met": ("always { count(charge) <= 9 }", CHARGES, "is 4, at most 9, with 5 to spare"),
    "a bound that is just met": ("always { count(charge) <= 4 }", CHARGES, "is 4, at most 4, with nothing to spare"),
    "a forbidden value that is not reached": (
        "never { job.where(usage > 100) }",
        "trace t: satisfied\n  job 0s..1s usage=97.5",
        "usage is 97.5, not more than 100, with 2.5 to spare",
    ),
    "a duration that is too long": (
        "always { max(job.span:duration) <= 2s }",
        "trace t: violated\n  job 0s..2.003s",
        "is 2.003 s, more than 2 s, by 3 ms",
    ),
}


@pytest.mark.parametrize("case", SAID.values(), ids=SAID.keys())
def test_candidates_are_told_with_values_and_distances(case: tuple[str, ...]) -> None:
    """An absence sums up its candidates and shows the nearest; an order tells by how much it holds or fails."""
    rule, trace, *said = case
    text = explanation_text(explained(rule, trace), width=400)
    for words in said:
        assert words in text


def test_a_single_candidate_is_not_summed_up() -> None:
    """The nearest one says it all."""
    trace = "trace t: vacuous\n  charge 0s..1s attempt=1"
    text = explanation_text(explained("when { charge.where(attempt > 1) } always { ok }", trace))
    assert "it takes" not in text
    assert "attempt is 1, needs more than 1" in text


@pytest.mark.parametrize("verdict", ["violated", "satisfied", "vacuous"])
def test_short_is_short_and_long_leaves_nothing_out(verdict: str) -> None:
    """Short has the witness and the step that decides in a few lines; long has every element of a count."""
    charges = "\n".join(f"  charge #c{number} {number}s..99s attempt=1" for number in range(30))
    head = "" if verdict == "vacuous" else "  go 0s..1s x=1\n"
    rule = f"when {{ go as $g }} always {{ count(charge) {'<' if verdict == 'violated' else '>'} 20 }}"
    explanation = explained(rule, f"trace t: {verdict}\n{head}{charges}", Options())
    assert explanation.verdict == verdict
    short, normal, long = (explanation_text(explanation, detail=detail) for detail in ("short", "normal", "long"))
    assert len(short.splitlines()) <= len(normal.splitlines()) <= len(long.splitlines())
    assert len(short.splitlines()) <= 10
    if verdict != "vacuous":
        assert "$g is go" in short
        assert "count(charge) is 30" in short
        assert all(f"charge c{number}," in long for number in range(30))


def test_short_tells_of_other_obligations() -> None:
    """Of several obligations the first with the verdict of the scope is shown, the others are counted."""
    trace = "trace t: violated\n  go 0s..1s x=0\n  go 0s..1s x=1\n  go 0s..1s x=0"
    text = explanation_text(explained("when { go as $g } always { $g.x == 1 }", trace), detail="short")
    assert "$g.x is 0, not 1" in text
    assert "and 2 other obligations" in text
