"""Kleene's three truth values: false < unknown < true; "and" is the least, "or" the greatest, "not" the mirror."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class Truth(IntEnum):
    """``UNKNOWN`` arises only in a world that leaves something open, never in the data as they are."""

    FALSE = 0
    UNKNOWN = 1
    TRUE = 2


def truth(value: bool) -> Truth:  # noqa: FBT001  # it is the value that is converted, not a switch
    return Truth.TRUE if value else Truth.FALSE


def maybe(possible: bool) -> Truth:  # noqa: FBT001  # likewise
    """What could be true, but need not be, is unknown; what cannot be is false."""
    return Truth.UNKNOWN if possible else Truth.FALSE


def negate(value: Truth) -> Truth:
    return Truth(Truth.TRUE - value)


def all_of(values: Iterable[Truth]) -> Truth:
    return min(values, default=Truth.TRUE)


def any_of(values: Iterable[Truth]) -> Truth:
    return max(values, default=Truth.FALSE)
