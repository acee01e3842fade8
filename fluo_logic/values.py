"""What an attribute value is, and how two of them compare.

This is the one definition of the comparison semantics: the fact encoder, the engines that call back into
Python and the proofs all use it.  In short: a number literal compares numerically (a text that is a JSON
number counts as that number), a string literal compares with the canonical text, two attributes compare
numerically when both read as numbers and as text otherwise, and a comparison with a missing value is false.
Integers of 64 bits are exact, also against doubles (Python compares the two exactly).
"""

from __future__ import annotations

import base64
import functools
import json
import math
import re
from enum import StrEnum
from typing import Final, TypeAlias, assert_never

import re2

Value: TypeAlias = "str | bool | int | float | bytes | tuple[Value, ...] | dict[str, Value]"
Number: TypeAlias = int | float

JSON_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?P<fraction>\.[0-9]+)?(?P<exponent>[eE][+-]?[0-9]+)?")
INT_MIN: Final = -(2**63)
WHOLE_DOUBLES: Final = 1e16  # from here on, the shortest text of a whole double has an exponent
INT_MAX: Final = 2**64 - 1


def canonical_text(value: Value) -> str:
    """Return the text a value compares as: ``true``, ``42``, ``4`` for 4.0, compact JSON, base64 of bytes.

    Doubles print as the shortest text that reads back to the same double; negative zero prints as ``0``.
    """
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return _float_text(value)
        case bytes():
            return base64.b64encode(value).decode("ascii")
        case tuple() | dict():
            return json.dumps(_jsonable(value), ensure_ascii=False, separators=(",", ":"))
        case _:
            assert_never(value)


def _float_text(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "0"
    return repr(value).removesuffix(".0")


def _jsonable(value: Value) -> object:
    match value:
        case tuple():
            return [_jsonable(item) for item in value]
        case dict():
            return {key: _jsonable(item) for key, item in value.items()}
        case bytes():
            return canonical_text(value)
        case float():
            # 4.0 is written 4, as it is everywhere else; what JSON has no number for becomes its text.
            if not math.isfinite(value):
                return _float_text(value)
            return int(value) if value.is_integer() and abs(value) < WHOLE_DOUBLES else value
        case _:
            return value


def as_number(value: Value) -> Number | None:
    """Return the number a value is or reads as, or None.

    A text reads as a number when all of it is a JSON number.  Texts of integers that fit 64 bits are exact
    integers, others are doubles; a text beyond the range of doubles is not a number.  NaN is not a number.
    """
    match value:
        case bool():
            return None
        case int():
            return value
        case float():
            return None if math.isnan(value) else value
        case str():
            return _text_number(value)
        case _:
            return None


def _text_number(text: str) -> Number | None:
    # A cheap first test keeps the common case, a word, away from the regular expression.
    if not text or text[0] not in "-0123456789":
        return None
    found = JSON_NUMBER.fullmatch(text)
    if found is None:
        return None
    if found["fraction"] is None and found["exponent"] is None and len(text) <= len(str(INT_MIN)):
        number = int(text)
        if INT_MIN <= number <= INT_MAX:
            return number
    double = float(text)
    return None if math.isinf(double) else double


def is_true(value: Value) -> bool:
    """Return whether a bare attribute in a predicate is true: the Boolean, or the text ``true``."""
    return value is True or value == "true"


class Mode(StrEnum):
    """How two present values are compared; the kind of the right-hand side decides it."""

    NUMBER = "number"
    """The right side is a number literal: numeric, and false where the left is not a number."""
    TEXT = "text"
    """The right side is a string or Boolean literal: canonical texts, by code point."""
    AUTO = "auto"
    """Both sides are attributes: numeric when both read as numbers, canonical texts otherwise."""
    EACH = "each"
    """The right side is a list of literals, each of which decides for itself."""


ORDER_OPERATORS: Final = frozenset({"<", "<=", ">", ">="})
TEXT_OPERATORS: Final = frozenset({"contains", "starts_with", "ends_with", "matches"})
POSITIVE_OPERATORS: Final = ORDER_OPERATORS | TEXT_OPERATORS | {"==", "in"}
"""``!=`` and ``not in`` are the negations of ``==`` and ``in`` and never reach a comparison."""


def literal_mode(literal: Value) -> Mode:
    """Return how an attribute is compared with ``literal``."""
    return Mode.NUMBER if isinstance(literal, int | float) and not isinstance(literal, bool) else Mode.TEXT


def compare(operator: str, left: Value | None, right: Value | None, mode: Mode) -> bool:
    """Return whether ``left operator right``; false where a side is missing.

    ``operator`` is one of `POSITIVE_OPERATORS`; for ``in``, a right side that is not a list has no members.
    """
    if left is None or right is None:
        return False
    match operator:
        case "==":
            return _equal(left, right, mode)
        case "<" | "<=" | ">" | ">=":
            return _ordered(operator, left, right, mode)
        case "in":
            return isinstance(right, tuple) and any(
                _equal(left, item, literal_mode(item) if mode is Mode.EACH else mode) for item in right
            )
        case "contains":
            if isinstance(left, tuple):
                return any(_equal(item, right, mode) for item in left)
            return canonical_text(right) in canonical_text(left)
        case "starts_with":
            return canonical_text(left).startswith(canonical_text(right))
        case "ends_with":
            return canonical_text(left).endswith(canonical_text(right))
        case "matches":
            return matches(canonical_text(right), canonical_text(left))
    message = f"not a positive comparison operator: {operator!r}"
    raise ValueError(message)


def _equal(left: Value, right: Value, mode: Mode) -> bool:
    if mode is not Mode.TEXT:
        left_number, right_number = as_number(left), as_number(right)
        if left_number is not None and right_number is not None:
            return left_number == right_number
        if mode is Mode.NUMBER:
            return False
    return canonical_text(left) == canonical_text(right)


def _ordered(operator: str, left: Value, right: Value, mode: Mode) -> bool:
    order = ordering(left, right, mode)
    if order is None:
        return False
    match operator:
        case "<":
            return order < 0
        case "<=":
            return order <= 0
        case ">":
            return order > 0
        case _:
            return order >= 0


def ordering(left: Value, right: Value, mode: Mode) -> int | None:
    """Return -1, 0 or 1 as ``left`` is below, equal to or above ``right``; None where they have no order."""
    if mode is not Mode.TEXT:
        left_number, right_number = as_number(left), as_number(right)
        if left_number is not None and right_number is not None:
            return (left_number > right_number) - (left_number < right_number)
        if mode is Mode.NUMBER:
            return None
    left_text, right_text = canonical_text(left), canonical_text(right)
    return (left_text > right_text) - (left_text < right_text)


@functools.lru_cache(maxsize=1024)
def compile_pattern(pattern: str) -> re2._Regexp[str]:
    """Return the compiled RE2 pattern; raises ``re2.error`` for one that RE2 refuses."""
    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)


def matches(pattern: str, text: str) -> bool:
    """Return whether the RE2 ``pattern`` occurs in ``text`` (unanchored, linear time)."""
    return compile_pattern(pattern).search(text) is not None
