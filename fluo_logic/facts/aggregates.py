"""The exact value of an aggregate over the values of its elements, with and without windows."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction

from fluo_logic.values import Number, Value, as_number, canonical_text


def aggregate(function: str, values: Sequence[Value | None]) -> Number | None:
    """Return the aggregate of ``values``, one for each element, None for a missing one.

    ``count`` counts elements; ``count distinct`` counts canonical texts; the others skip what is no number.  Sums of
    integers are exact; with a double among the addends the exact sum is rounded once.  An average is the exact
    quotient, rounded once.  ``min``, ``max`` and ``avg`` of nothing are None.
    """
    if function == "count":
        return len(values)
    present = [value for value in values if value is not None]
    if function == "count distinct":
        return len({canonical_text(value) for value in present})
    numbers = [number for value in present if (number := as_number(value)) is not None]
    if function == "sum":
        return total(numbers)
    if not numbers:
        return None
    match function:
        case "min":
            return min(numbers)
        case "max":
            return max(numbers)
        case "avg":
            return average(numbers)
    message = f"not an aggregate function: {function}"
    raise ValueError(message)


def total(numbers: Sequence[Number]) -> Number | None:
    """Return the exact sum of integers, or the correctly rounded sum where there is a double.

    Infinities of one sign sum to that infinity; of both signs, there is no sum.
    """
    if not any(isinstance(number, float) for number in numbers):
        return sum(numbers)
    infinite = {number for number in numbers if isinstance(number, float) and math.isinf(number)}
    if infinite:
        return infinite.pop() if len(infinite) == 1 else None
    return _rounded(sum(map(Fraction, numbers), Fraction(0)))


def average(numbers: Sequence[Number]) -> Number | None:
    """Return the mean: an integer where it is one, else the nearest double; infinities as in `total`."""
    if any(isinstance(number, float) and math.isinf(number) for number in numbers):
        return total(numbers)
    mean = sum(map(Fraction, numbers), Fraction(0)) / len(numbers)
    return mean.numerator if mean.denominator == 1 else _rounded(mean)


def _rounded(number: Fraction) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.copysign(math.inf, number)


def largest_window(
    function: str, elements: Sequence[tuple[int | None, Value | None]], length: int
) -> tuple[Number, int, int]:
    """Return the largest aggregate over the windows ``[s, s + length)`` that begin at the start of an element.

    ``elements`` are (start, value) in order of start, those without a start last; these lie in no window.  The result
    is (value, first, last): the elements from ``first`` to before ``last`` are in the earliest window that attains it;
    (0, 0, 0) where there is no window.
    """
    starts = [start for start, _ in elements if start is not None]
    best: tuple[Number, int, int] | None = None
    for first, start in enumerate(starts):
        if first and starts[first - 1] == start:
            continue
        last = bisect_left(starts, start + length)
        value = aggregate(function, [value for _, value in elements[first:last]])
        if value is not None and (best is None or value > best[0]):
            best = (value, first, last)
    return (0, 0, 0) if best is None else best
