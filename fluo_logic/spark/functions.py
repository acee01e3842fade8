"""The functions that a plan calls, as Spark takes them: with the values that Spark hands to Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final

from pyspark.sql import SparkSession

from fluo_logic.solve.duck_functions import Parts, average_of, comparison, largest_sum, sum_of
from fluo_logic.translate.relational_aggregates import AVG, SUM, WINDOW_SUM
from fluo_logic.translate.relational_spark import MATCHES, SparkPlan
from fluo_logic.values import matches

RESULT: Final = "struct<high double, low bigint, whole boolean>"


def add_functions(session: SparkSession, spark_plan: SparkPlan) -> None:
    """Make the functions of a plan known to a session."""
    session.udf.register(SUM, sum_of, RESULT)
    session.udf.register(AVG, average_of, RESULT)
    session.udf.register(WINDOW_SUM, largest_sum_of_rows, RESULT)
    if spark_plan.matches:
        session.udf.register(MATCHES, does_match, "boolean")
    for function in spark_plan.plan.functions:
        session.udf.register(function.name, Holds(comparison(function)), "boolean")


class Holds:
    """A comparison; Spark tells functions apart by name, and a class has one that pickles."""

    def __init__(self, function: Callable[..., bool]) -> None:
        """Take the function of the parts of the values."""
        self.function = function

    def __call__(self, *parts: object) -> bool:
        """Return whether the comparison holds."""
        return self.function(*parts)


def does_match(text: str | None, pattern: str) -> bool | None:
    """Return whether a pattern of RE2 occurs in a text."""
    return None if text is None else matches(pattern, text)


def largest_sum_of_rows(rows: Sequence[Any] | None, length: Decimal) -> Parts | None:
    """Return the largest sum over the windows of rows ``(start, high, low, whole)``; see `largest_sum`."""
    starts, highs, lows, wholes = ([row[part] for row in rows or ()] for part in range(4))
    return largest_sum([Decimal(start) for start in starts], highs, lows, wholes, length)
