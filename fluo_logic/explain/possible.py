"""What a value may turn out to be where something is missing from the data, and how such values compare.

Truth values are Kleene's: conjunction is the minimum, disjunction the maximum, and a comparison of values that are not
exactly known is UNKNOWN unless every pair of values they may be agrees.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, TypeAlias

from fluo_logic.facts.aggregates import aggregate, total
from fluo_logic.facts.terms import arithmetic
from fluo_logic.values import ORDER_OPERATORS, Mode, Number, Value, as_number, compare, literal_mode


class Truth(IntEnum):
    """The truth values of Kleene's strong logic."""

    FALSE = 0
    UNKNOWN = 1
    TRUE = 2


@dataclass(frozen=True, slots=True)
class Exactly:
    """This value; None: surely missing."""

    value: Value | None


@dataclass(frozen=True, slots=True)
class Range:
    """Some number from ``low`` to ``high``; ``missing`` tells whether it may be missing instead."""

    low: Number
    high: Number
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Anything:
    """Any value, or none."""


Possible: TypeAlias = Exactly | Range | Anything
ANYTHING: Final = Anything()
MISSING: Final = Exactly(None)


def compare_possible(op: str, left: Possible, right: Possible, mode: Mode) -> Truth:
    """Return the truth of a comparison with a positive operator."""
    if isinstance(left, Exactly) and isinstance(right, Exactly):
        return Truth.TRUE if compare(op, left.value, right.value, mode) else Truth.FALSE
    # By identity of values, not in a set: a map has no hash.
    if MISSING in (left, right):
        return Truth.FALSE
    if op == "in" and isinstance(right, Exactly):
        members = right.value if isinstance(right.value, tuple) else ()
        truths = (
            compare_possible("==", left, Exactly(item), literal_mode(item) if mode is Mode.EACH else mode)
            for item in members
        )
        return max(truths, default=Truth.FALSE)
    one, two = as_range(left), as_range(right)
    if one is None or two is None or mode is Mode.TEXT or op not in ORDER_OPERATORS | {"=="}:
        return Truth.UNKNOWN
    found = _compare_ranges(op, one, two)
    return Truth.UNKNOWN if found is Truth.TRUE and (one.missing or two.missing) else found


def as_range(value: Possible) -> Range | None:
    """Return the range of numbers that a value lies in, None where it may be no number."""
    match value:
        case Exactly(value=exact):
            number = None if exact is None else as_number(exact)
            return None if number is None else Range(number, number)
        case Range():
            return value
        case Anything():
            return None


def _compare_ranges(op: str, left: Range, right: Range) -> Truth:
    match op:
        case ">" | ">=":
            return _compare_ranges({">": "<", ">=": "<="}[op], right, left)
        case "<":
            surely, perhaps = left.high < right.low, left.low < right.high
        case "<=":
            surely, perhaps = left.high <= right.low, left.low <= right.high
        case _:
            surely = left.low == left.high == right.low == right.high
            perhaps = left.low <= right.high and right.low <= left.high
    if surely:
        return Truth.TRUE
    return Truth.UNKNOWN if perhaps else Truth.FALSE


def arithmetic_possible(op: str, left: Possible, right: Possible) -> Possible:
    """Return what ``left op right`` may come to; missing where a side is surely no number."""
    if isinstance(left, Exactly) and isinstance(right, Exactly):
        return Exactly(arithmetic(op, left.value, right.value))
    one, two = as_range(left), as_range(right)
    if (one is None and isinstance(left, Exactly)) or (two is None and isinstance(right, Exactly)):
        return MISSING
    if one is None or two is None:
        return ANYTHING
    corners = [_corner(op, x, y) for x in (one.low, one.high) for y in (two.low, two.high)]
    if any(math.isnan(corner) for corner in corners):
        return ANYTHING
    return Range(min(corners), max(corners), one.missing or two.missing)


def _corner(op: str, left: Number, right: Number) -> Number:
    try:
        match op:
            case "+":
                return left + right
            case "-":
                return left - right
            case _:
                return 0 if 0 in {left, right} else left * right
    except OverflowError:
        return math.nan


# --- aggregates ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Element:
    """An element that an aggregate takes in surely or perhaps, with a value that may be unknown."""

    certain: bool
    value: Possible


def bounds(function: str, elements: Sequence[Element], *, unseen: bool, windowed: bool, sizes: Sizes) -> Possible:
    """Return what an aggregate may come to; ``unseen`` tells whether it may have elements that nobody knows of.

    A count only rises, a maximum only rises, a minimum only falls.  ``sizes`` are the counts over the certain elements
    and over all, windows taken into account.
    """
    match function:
        case "count" | "count distinct":
            return Range(sizes.least, math.inf if unseen else sizes.most)
        case "min" | "max":
            return _extreme(function, elements, unseen=unseen)
        case "sum":
            return _sum(elements, unseen=unseen or windowed)
        case _:
            return ANYTHING


@dataclass(frozen=True, slots=True)
class Sizes:
    """The least and the most that a count may come to, as far as the known elements go."""

    least: Number
    most: Number


def _numbers(elements: Sequence[Element]) -> list[Number]:
    exact = (element.value.value for element in elements if isinstance(element.value, Exactly))
    return [number for value in exact if value is not None and (number := as_number(value)) is not None]


def _extreme(function: str, elements: Sequence[Element], *, unseen: bool) -> Possible:
    surely = _numbers([element for element in elements if element.certain])
    everything = _numbers(elements)
    if unseen or any(not isinstance(element.value, Exactly) for element in elements):
        everything = [*everything, -math.inf, math.inf]
    if not everything:
        return MISSING
    if not surely:
        return Range(min(everything), max(everything), missing=True)
    known = aggregate(function, surely)
    if known is None:
        return ANYTHING
    return Range(min(everything), known) if function == "min" else Range(known, max(everything))


def _sum(elements: Sequence[Element], *, unseen: bool) -> Possible:
    numbers = _numbers(elements)
    exact = all(isinstance(element.value, Exactly) for element in elements)
    if unseen or not exact or any(math.isinf(number) for number in numbers):
        return Range(-math.inf, math.inf, missing=True)
    surely = _numbers([element for element in elements if element.certain])
    perhaps = _numbers([element for element in elements if not element.certain])
    low = total([*surely, *(number for number in perhaps if number < 0)])
    high = total([*surely, *(number for number in perhaps if number > 0)])
    return Range(-math.inf if low is None else low, math.inf if high is None else high)
