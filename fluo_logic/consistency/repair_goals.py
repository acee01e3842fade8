"""What would have to change: trees whose leaves are changes, and whose inner nodes ask for some of their parts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from fluo_logic.consistency.repair_changes import Change, weight

IMPOSSIBLE: Final = 10**6
"""What a goal costs that no change reaches."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """The change is made, or one that stands in for it."""

    change: Change


@dataclass(frozen=True, slots=True)
class AtLeast:
    """At least so many of the parts are reached."""

    least: int
    parts: tuple[Goal, ...]


Goal: TypeAlias = Leaf | AtLeast

DONE: Final = AtLeast(0, ())
NEVER: Final = AtLeast(1, ())


def at_least(least: int, parts: Iterable[Goal]) -> Goal:
    """Return the goal that ``least`` of ``parts`` are reached, simplified."""
    kept: list[Goal] = []
    for part in parts:
        if part == DONE:
            least -= 1
        elif part != NEVER:
            kept.append(part)
    if least <= 0:
        return DONE
    if len(kept) < least:
        return NEVER
    return kept[0] if len(kept) == 1 else AtLeast(least, tuple(kept))


def all_of(parts: Iterable[Goal]) -> Goal:
    """Return the goal that every part is reached."""
    found = tuple(parts)
    return at_least(len(found), found)


def one_of(parts: Iterable[Goal]) -> Goal:
    """Return the goal that some part is reached."""
    return at_least(1, parts)


def cheapest(goal: Goal, cost: Callable[[Change], int] = weight) -> tuple[int, tuple[Change, ...]]:
    """Return changes that reach a goal at little cost, and that cost; parts are not shared, so it may be too high."""
    if isinstance(goal, Leaf):
        return cost(goal.change), (goal.change,)
    if len(goal.parts) < goal.least:
        return IMPOSSIBLE, ()
    ranked = sorted((cheapest(part, cost) for part in goal.parts), key=lambda found: found[0])[: goal.least]
    return sum(found[0] for found in ranked), tuple(change for found in ranked for change in found[1])


def leaves(goal: Goal) -> Iterator[Change]:
    """Yield the changes that a goal mentions."""
    match goal:
        case Leaf(change=change):
            yield change
        case AtLeast(parts=parts):
            for part in parts:
                yield from leaves(part)
