"""Whether one value can pass several tests, decided from the literals it is compared with.

Where the answer depends on how the data spells a value (``1``, ``1.0``, bytes), it is that some value can.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from fluo_logic.lang.syntax import Aggregate, Duration, Function, Instant, ListLiteral, Literal, Path
from fluo_logic.values import (
    ORDER_OPERATORS,
    Number,
    Value,
    as_number,
    canonical_text,
    compare,
    literal_mode,
)

Constant: TypeAlias = Literal | Duration | Instant | ListLiteral
LITERALS: Final = (Literal, Duration, Instant, ListLiteral)
COUNTS: Final = frozenset({Function.COUNT, Function.COUNT_DISTINCT})
ORDERS: Final = {
    "<": frozenset({-1}),
    "<=": frozenset({-1, 0}),
    "==": frozenset({0}),
    ">=": frozenset({0, 1}),
    ">": frozenset({1}),
}
"""How the left side may lie to the right one."""
ANY_ORDER: Final = frozenset({-1, 0, 1})
OPPOSITE: Final = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
INFINITE: Final = frozenset({"Infinity", "-Infinity"})
"""Texts that are no JSON numbers, and are the canonical texts of doubles."""


@dataclass(frozen=True, slots=True)
class Test:
    """A comparison of a value, by a positive operator, that has to hold or not to hold.

    ``right`` is a literal, or the key of another value.
    """

    operator: str
    right: Constant | str
    holds: bool


def key_of(node: object) -> str:
    """Return a text that only equal nodes share; Python's own equality takes 1 for true."""
    return f"{node.kind} {node.key}" if isinstance(node, Path) else repr(node)


def without_value(subject: object, tests: Sequence[Test]) -> bool:
    """Return whether no value of ``subject`` passes all the tests; a missing one passes those not to hold."""
    whole = isinstance(subject, Aggregate) and subject.function in COUNTS
    known = list(tests)
    if isinstance(subject, Aggregate) and subject.function in COUNTS:
        known.append(Test(">=", Literal(0, origin=subject.origin), holds=True))
    elif isinstance(subject, Literal | Duration | Instant):
        known.append(Test("==", subject, holds=True))
    if not any(test.holds for test in known):
        return False
    return _no_order(subject, known) or _no_candidate(known, whole=whole) or _no_interval(known, whole=whole)


def _no_order(subject: object, tests: Sequence[Test]) -> bool:
    """Return whether the tests against one other value leave no order of the two."""
    for other in {test.right for test in tests if isinstance(test.right, str)}:
        orders = frozenset({0}) if other == key_of(subject) else ANY_ORDER
        against = [test for test in tests if test.right == other and test.operator in ORDERS]
        if not any(test.holds for test in against):
            continue
        for test in against:
            orders &= ORDERS[test.operator] if test.holds else ANY_ORDER - ORDERS[test.operator]
        if not orders:
            return True
    return False


# --- a few values -------------------------------------------------------------------------------------------------


def _no_candidate(tests: Sequence[Test], *, whole: bool) -> bool:
    """Return whether a test leaves a few values, and the other tests none of them."""
    for test in tests:
        if test.holds and test.operator in {"==", "in"} and not isinstance(test.right, str):
            return not any(
                not (whole and isinstance(value, float) and not value.is_integer())
                and all(_passes(value, other) in {None, other.holds} for other in tests)
                for value in _constants(test.right)
            )
    return False


def _constants(right: Constant) -> Iterator[str | bool | Number]:
    match right:
        case ListLiteral(items=items):
            for item in items:
                yield from _constants(item)
        case Literal(value=value):
            yield value
        case Duration(nanoseconds=nanoseconds) | Instant(nanoseconds=nanoseconds):
            yield nanoseconds


def _passes(value: Value, test: Test) -> bool | None:
    """Return whether what equals the literal ``value`` passes the comparison; None where that depends."""
    if isinstance(test.right, str):
        return None
    operator = "==" if test.operator == "in" else test.operator
    found = {_compared(operator, value, other) for other in _constants(test.right)}
    return True if True in found else None if None in found else False


def _compared(operator: str, value: Value, other: Value) -> bool | None:
    left, right = not _is_text(value), not _is_text(other)
    if operator == "contains":
        return None
    if left and right:
        return compare(operator, value, other, literal_mode(other)) if operator in ORDERS else None
    if left:
        same = operator == "==" and as_number(canonical_text(other)) != value
        return False if same else None
    if right:
        text = canonical_text(value)
        if text in INFINITE or operator not in ORDERS:
            return None
        return None if as_number(text) is not None and compare(operator, text, other, literal_mode(other)) else False
    return compare(operator, canonical_text(value), other, literal_mode(other))


def _is_text(value: Value) -> bool:
    return isinstance(value, str | bool)


# --- intervals ----------------------------------------------------------------------------------------------------


def _no_interval(tests: Sequence[Test], *, whole: bool) -> bool:
    """Return whether the tests for an order leave no number, or no text."""
    bounds = [
        (test.holds, test.operator if test.holds else OPPOSITE[test.operator], value)
        for test in tests
        if test.operator in ORDER_OPERATORS and not isinstance(test.right, str)
        for value in _constants(test.right)
    ]
    numbers = [(holds, operator, value) for holds, operator, value in bounds if not isinstance(value, str | bool)]
    texts = [(holds, operator, value) for holds, operator, value in bounds if isinstance(value, str)]
    # Where no number is asked for, what is not below one may be no number at all.
    if any(holds for holds, _, _ in numbers):
        lows = [(value, operator == ">") for _, operator, value in numbers if operator in {">", ">="}]
        highs = [(value, operator == "<") for _, operator, value in numbers if operator in {"<", "<="}]
        if whole:
            lows = [(math.floor(value) + 1 if open_ else math.ceil(value), False) for value, open_ in lows]
            highs = [(math.ceil(value) - 1 if open_ else math.floor(value), False) for value, open_ in highs]
        if any(low > high or (low == high and (one or two)) for low, one in lows for high, two in highs):
            return True
    if any(holds for holds, _, _ in texts):
        least = [(value, operator == ">") for _, operator, value in texts if operator in {">", ">="}]
        most = [(value, operator == "<") for _, operator, value in texts if operator in {"<", "<="}]
        return any(low > high or (low == high and (one or two)) for low, one in least for high, two in most)
    return False
