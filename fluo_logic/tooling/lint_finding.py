"""What the checks of ``fluo lint`` find, and the parts of rules that they share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fluo_logic.lang.syntax import (
    Condition,
    Origin,
    Pattern,
    Predicate,
    PredicateAnd,
    PredicateNot,
    PredicateOr,
    Rule,
)
from fluo_logic.tooling.lint_codes import Level


@dataclass(frozen=True, slots=True)
class Found:
    """A finding before it has a place in a file.

    ``level`` is that of the code unless it is given; ``typo`` tells that a name that is there differs very little.
    """

    code: str
    message: str
    origin: Origin
    hint: str | None = None
    level: Level | None = None
    typo: bool = False


def conditions(rule: Rule) -> Iterator[Condition]:
    """Yield the conditions of a rule: that of `when`, then that of each obligation."""
    if rule.when is not None:
        yield rule.when
    yield from (obligation.condition for obligation in rule.obligations)


def tests_of(pattern: Pattern) -> Iterator[Predicate]:
    """Yield the comparisons and other tests of the spans of a pattern; those of their events stay inside `HasEvent`."""
    yield from (test for predicate in pattern.predicates for test in _tests(predicate))


def _tests(predicate: Predicate) -> Iterator[Predicate]:
    match predicate:
        case PredicateAnd(parts=parts) | PredicateOr(parts=parts):
            yield from (test for part in parts for test in _tests(part))
        case PredicateNot(part=part):
            yield from _tests(part)
        case _:
            yield predicate
