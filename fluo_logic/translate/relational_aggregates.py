"""Aggregates as SQL: counts natively, sums and means of what may hold doubles finished exactly in Python.

The functions that a plan may call beside SQL's own::

    fluo_sum(sum of the integers, list of the doubles)                  -> {high, low, whole}
    fluo_avg(sum of the integers, how many, list of the doubles)        -> {high, low, whole}
    fluo_window_sum(starts, highs, lows, wholes, length of the window)  -> {high, low, whole}
"""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from fluo_logic.logic import Aggregate, Field
from fluo_logic.translate import relational_sql as sql
from fluo_logic.translate.relational_columns import Part
from fluo_logic.translate.relational_terms import COUNT_BITS, Comparisons, Measured, Result, Sight, Whole

SUM: Final = "fluo_sum"
AVG: Final = "fluo_avg"
WINDOW_SUM: Final = "fluo_window_sum"
COUNTS: Final = frozenset({"count", "count distinct"})


def aggregate_in_group(
    literal: Aggregate, condition: exp.Expr | None, sight: Sight, comparisons: Comparisons
) -> Measured:
    """Return an aggregate, without a window, over the rows of a group for which ``condition`` is true."""
    if condition == exp.true():
        condition = None
    if literal.function == "count":
        count = exp.Count(this=exp.Star()) if condition is None else exp.CountIf(this=condition)
        return Whole(count, COUNT_BITS)
    target = _target(literal)
    if literal.function == "count distinct":
        text = _only(condition, comparisons.part(target, Part.TEXT, sight))
        return Whole(exp.Count(this=exp.Distinct(expressions=[text])), COUNT_BITS)
    high, low, whole = (comparisons.part(target, part, sight) for part in (Part.HIGH, Part.LOW, Part.WHOLE))
    if literal.function in {"min", "max"}:
        is_number = sql.present(high.copy())
        row = sql.struct(high=high, low=low, whole=whole)
        value = sql.when(is_number if condition is None else sql.conjunction([condition, is_number]), row)
        return Result(exp.Min(this=value) if literal.function == "min" else exp.Max(this=value))
    return Result(_total(literal.function, condition, high, low, whole))


def _total(function: str, condition: exp.Expr | None, high: exp.Expr, low: exp.Expr, whole: exp.Expr) -> exp.Expr:
    counted = [] if condition is None else [condition]
    integer = sql.when(
        sql.conjunction([*(part.copy() for part in counted), whole.copy()]),
        exp.Add(this=sql.exact(high.copy()), expression=sql.exact(low)),
    )
    is_double = sql.conjunction([*(part.copy() for part in counted), exp.not_(whole, copy=False)])
    doubles = exp.Filter(this=exp.ArrayAgg(this=high), expression=exp.Where(this=is_double))
    integers = exp.Sum(this=integer)
    if function == "avg":
        return sql.call(AVG, integers, exp.Count(this=integer.copy()), doubles)
    known = exp.Coalesce(this=integers.copy(), expressions=[sql.integer(0)])
    small = exp.LT(this=exp.Abs(this=known.copy()), expression=sql.integer(sql.SIMPLE))
    plain = sql.struct(high=sql.cast(known, sql.DOUBLE), low=sql.cast(sql.integer(0), sql.BIGINT), whole=exp.true())
    only_integers = exp.Is(this=doubles.copy(), expression=exp.null())
    return sql.when(sql.conjunction([only_integers, small]), plain, sql.call(SUM, integers, doubles))


def _only(condition: exp.Expr | None, value: exp.Expr) -> exp.Expr:
    return value if condition is None else sql.when(condition, value)


def _target(literal: Aggregate) -> Field:
    if literal.target is None:
        message = f"{literal.function} has no target"
        raise TypeError(message)
    return literal.target


def window_count(literal: Aggregate, groups: list[exp.Expr], sight: Sight, comparisons: Comparisons) -> exp.Expr:
    """Return, for each row, how many elements of its group start in the window that begins at its start."""
    start = sql.exact(_start(literal, sight, comparisons))
    if literal.function == "count":
        count: exp.Expr = exp.Count(this=exp.Star())
    else:
        text = comparisons.part(_target(literal), Part.TEXT, sight)
        count = exp.Count(this=exp.Distinct(expressions=[text]))
    # Times are integers, so the half-open window of length w holds the starts up to w - 1 later.
    spec = exp.WindowSpec(
        kind="RANGE",
        start="CURRENT ROW",
        end=sql.exact(sql.integer((literal.window or 0) - 1)),
        end_side="FOLLOWING",
    )
    order = exp.Order(expressions=[exp.Ordered(this=start, nulls_first=False)])
    return exp.Window(this=count, partition_by=groups, order=order, spec=spec)


def window_sum(literal: Aggregate, sight: Sight, comparisons: Comparisons) -> exp.Expr:
    """Return the largest sum over the windows of a group, as of `fluo_logic.facts.aggregates.largest_window`."""
    target = _target(literal)
    parts = (comparisons.part(target, part, sight) for part in (Part.HIGH, Part.LOW, Part.WHOLE))
    lists = [exp.ArrayAgg(this=part) for part in (sql.exact(_start(literal, sight, comparisons)), *parts)]
    return sql.call(WINDOW_SUM, *lists, sql.exact(sql.integer(literal.window or 0)))


def started(literal: Aggregate, sight: Sight, comparisons: Comparisons) -> exp.Expr:
    """Return whether an element has a start: others lie in no window."""
    return sql.present(_start(literal, sight, comparisons))


def _start(literal: Aggregate, sight: Sight, comparisons: Comparisons) -> exp.Expr:
    return comparisons.part(Field(literal.element, "intrinsic", "span:start"), Part.TIME, sight)
