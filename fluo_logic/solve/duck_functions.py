"""The functions that a relational plan calls: what SQL cannot compute exactly, in Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from inspect import Parameter, Signature
from typing import assert_never

from fluo_logic.facts.aggregates import average, largest_window, total
from fluo_logic.facts.terms import arithmetic
from fluo_logic.logic import Arith, Const, Field, Sort, Term, Var
from fluo_logic.translate.relational_columns import decode, joined, split
from fluo_logic.translate.relational_terms import Function
from fluo_logic.values import Number, Value, compare

Parts = Mapping[str, object]
RESULT = "STRUCT(high DOUBLE, low BIGINT, whole BOOLEAN)"
EXACT = "DECIMAL(38,0)"


def sum_of(integers: Decimal | None, doubles: Sequence[float] | None) -> Parts | None:
    """Return the exact sum of integers, given as their sum, and doubles; rounded once if there are any."""
    return parts(total([int(integers or 0), *(doubles or ())]))


def average_of(integers: Decimal | None, count: int, doubles: Sequence[float] | None) -> Parts | None:
    """Return the exact mean of ``count`` integers, given as their sum, and doubles."""
    numbers = [*([int(integers or 0)] if count else []), *([0] * (count - 1)), *(doubles or ())]
    return parts(average(numbers)) if numbers else None


def largest_sum(
    starts: Sequence[Decimal] | None,
    highs: Sequence[float | None] | None,
    lows: Sequence[int | None] | None,
    wholes: Sequence[bool | None] | None,
    length: Decimal,
) -> Parts | None:
    """Return the largest sum over the windows that begin at one of the starts."""
    values = (
        None if high is None or low is None or whole is None else joined(high, low, whole)
        for high, low, whole in zip(highs or (), lows or (), wholes or (), strict=True)
    )
    elements = sorted(zip(map(int, starts or ()), values, strict=True), key=lambda element: element[0])
    return parts(largest_window("sum", elements, int(length))[0])


def parts(number: Number | None) -> Parts | None:
    """Return a number as the row that plans have for the result of an aggregate."""
    if number is None:
        return None
    high, low = split(number)
    return {"high": high, "low": low, "whole": isinstance(number, int)}


def parameter_types(function: Function) -> list[str]:
    """Return the SQL types of the arguments of a comparison."""
    types: list[str] = []
    for leaf, is_result in zip(function.leaves, function.results, strict=True):
        if is_result:
            types.extend(("DOUBLE", "BIGINT", "BOOLEAN"))
        elif isinstance(leaf, Var) and leaf.sort is Sort.NUMBER:
            types.append(EXACT)
        else:
            types.append("VARCHAR")
    return types


def comparison(function: Function) -> Callable[..., bool]:
    """Return the Python function of a comparison: of the parts of its leaves, in order."""
    literal = function.literal

    def holds(*arguments: object) -> bool:
        values: dict[Field | Var, Value | None] = {}
        rest = iter(arguments)
        for leaf, is_result in zip(function.leaves, function.results, strict=True):
            values[leaf] = _value(
                leaf, is_result=is_result, arguments=[next(rest) for _ in range(3 if is_result else 1)]
            )
        return compare(literal.op, _evaluate(literal.left, values), _evaluate(literal.right, values), literal.mode)

    # DuckDB asks a function how many parameters it has.
    names = [f"part_{number}" for number in range(len(parameter_types(function)))]
    kind = Parameter.POSITIONAL_ONLY
    holds.__signature__ = Signature([Parameter(name, kind) for name in names])  # type: ignore[attr-defined]
    return holds


def _value(leaf: Field | Var, *, is_result: bool, arguments: Sequence[object]) -> Value | None:
    match arguments:
        case [float() as high, int() as low, bool() as whole] if is_result:
            return joined(high, low, whole)
        case [Decimal() as number]:
            return int(number)
        case [str() as text]:
            return decode(text) if isinstance(leaf, Field) else text
        case _:
            return None


def _evaluate(term: Term, values: Mapping[Field | Var, Value | None]) -> Value | None:
    match term:
        case Const(value=value):
            return value
        case Field() | Var():
            return values[term]
        case Arith(op=op, left=left, right=right):
            return arithmetic(op, _evaluate(left, values), _evaluate(right, values))
        case _:
            assert_never(term)
