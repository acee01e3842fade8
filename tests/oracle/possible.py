"""What a value may turn out to be once everything that is missing has been seen, and how such values compare."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

from fluo_logic.values import Value
from tests.oracle.truth import Truth, any_of, maybe, negate, truth
from tests.oracle.values import Number, Reading, holds, number_of


@dataclass(frozen=True)
class Exactly:
    """This value, or None: surely missing."""

    value: Value | None


@dataclass(frozen=True)
class Between:
    """Some number from ``low`` to ``high``, or missing where ``maybe_missing``."""

    low: Number
    high: Number
    maybe_missing: bool = False


@dataclass(frozen=True)
class Anything:
    """Any value of any type, or missing."""


Possible: TypeAlias = Exactly | Between | Anything


def compare(operator: str, left: Possible, right: Possible, reading: Reading) -> Truth:
    """The truth of a comparison over everything that its two sides may turn out to be."""
    if operator == "!=":
        return negate(compare("==", left, right, reading))
    if operator == "not in":
        return negate(compare("in", left, right, reading))
    if isinstance(left, Exactly) and isinstance(right, Exactly):
        return truth(holds(operator, left.value, right.value, reading))
    if Exactly(None) in (left, right):
        return Truth.FALSE
    if operator == "in" and isinstance(right, Exactly):
        members = right.value if isinstance(right.value, tuple) else ()
        return any_of(compare("==", left, Exactly(member), reading) for member in members)
    left_range, right_range = as_range(left), as_range(right)
    if left_range is None or right_range is None or reading is Reading.TEXTUAL:
        return Truth.UNKNOWN
    found = _compare_ranges(operator, left_range, right_range)
    missing = left_range.maybe_missing or right_range.maybe_missing
    return Truth.UNKNOWN if missing and found is Truth.TRUE else found


def as_range(value: Possible) -> Between | None:
    match value:
        case Exactly():
            number = number_of(value.value)
            return None if number is None else Between(number, number)
        case Between():
            return value
        case Anything():
            return None


def _compare_ranges(operator: str, left: Between, right: Between) -> Truth:
    match operator:
        case ">" | ">=":
            return _compare_ranges(operator.replace(">", "<"), right, left)
        case "<":
            return Truth.TRUE if left.high < right.low else maybe(left.low < right.high)
        case "<=":
            return Truth.TRUE if left.high <= right.low else maybe(left.low <= right.high)
        case "==":
            if left.low == left.high == right.low == right.high:
                return Truth.TRUE
            return maybe(left.low <= right.high and right.low <= left.high)
    return Truth.UNKNOWN


def arithmetic(operator: str, left: Possible, right: Possible) -> Possible:
    """Exact on integers, as doubles otherwise; missing where an operand is no number or the result is not finite."""
    for side in (left, right):
        if isinstance(side, Exactly) and number_of(side.value) is None:
            return Exactly(None)
    left_range, right_range = as_range(left), as_range(right)
    if left_range is None or right_range is None:
        return Anything()
    if isinstance(left, Exactly) and isinstance(right, Exactly):
        return Exactly(_calculate(operator, left_range.low, right_range.low))
    corners = [
        _corner(operator, one, other)
        for one in (left_range.low, left_range.high)
        for other in (right_range.low, right_range.high)
    ]
    if any(math.isnan(corner) for corner in corners):
        return Anything()
    return Between(min(corners), max(corners), left_range.maybe_missing or right_range.maybe_missing)


def _calculate(operator: str, left: Number, right: Number) -> Number | None:
    try:
        result = _plain(operator, left, right)
    except OverflowError:
        return None
    return result if isinstance(result, int) or math.isfinite(result) else None


def _corner(operator: str, left: Number, right: Number) -> Number:
    if operator == "*" and 0 in (left, right):
        return 0
    try:
        return _plain(operator, left, right)
    except OverflowError:
        return math.nan


def _plain(operator: str, left: Number, right: Number) -> Number:
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
    raise AssertionError(operator)
