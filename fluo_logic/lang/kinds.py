"""What sort of value an expression has, as far as the text of a rule tells."""

from __future__ import annotations

from enum import StrEnum
from typing import assert_never

from fluo_logic.lang.syntax import (
    Aggregate,
    Arithmetic,
    Duration,
    Function,
    Instant,
    ListLiteral,
    Literal,
    Measure,
    Operand,
    OwnValue,
    Path,
    PathKind,
    VariableValue,
)


class Kind(StrEnum):
    """The sorts of values; the value is how a message names one."""

    NUMBER = "a number"
    TEXT = "a text"
    BOOLEAN = "true or false"
    DURATION = "a duration"
    TIME = "a point in time"
    LIST = "a list"
    UNKNOWN = "an attribute"
    """An attribute's value: known only when a span is at hand."""


def kind_of_path(path: Path) -> Kind:
    """Return the sort of value that ``path`` has."""
    if path.kind is not PathKind.INTRINSIC:
        return Kind.UNKNOWN
    match path.key:
        case "span:duration":
            return Kind.DURATION
        case "span:start" | "span:end":
            return Kind.TIME
        case "span:root" | "span:orphan":
            return Kind.BOOLEAN
        case _:
            return Kind.TEXT


def kind_of(value: Operand | Measure) -> Kind:
    """Return the sort of value that an operand or a measure has."""
    match value:
        case Literal():
            if isinstance(value.value, bool):
                return Kind.BOOLEAN
            return Kind.TEXT if isinstance(value.value, str) else Kind.NUMBER
        case Duration():
            return Kind.DURATION
        case Instant():
            return Kind.TIME
        case ListLiteral():
            return Kind.LIST
        case OwnValue() | VariableValue():
            return kind_of_path(value.path)
        case Aggregate():
            if value.path is None or value.function is Function.COUNT_DISTINCT:
                return Kind.NUMBER
            kind = kind_of_path(value.path)
            return Kind.NUMBER if kind is Kind.UNKNOWN and value.function in {Function.SUM, Function.AVG} else kind
        case Arithmetic():
            return _kind_of_arithmetic(value)
        case _:
            assert_never(value)


def _kind_of_arithmetic(value: Arithmetic) -> Kind:
    left, right = kind_of(value.left), kind_of(value.right)
    sides = {left, right}
    if value.operator == "*":
        return Kind.DURATION if Kind.DURATION in sides else Kind.NUMBER
    if Kind.TIME in sides:
        return Kind.DURATION if left is right else Kind.TIME
    return Kind.DURATION if Kind.DURATION in sides else Kind.NUMBER
