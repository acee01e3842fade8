"""Measures in English, for `fluo_logic.lang.english`."""

from __future__ import annotations

from typing import Final, assert_never

from fluo_logic.lang import syntax as s
from fluo_logic.lang.english_spans import (
    Number,
    constant,
    list_text,
    noun,
    noun_in,
    path_text,
    relation_clause,
    selected,
)
from fluo_logic.lang.walk import nodes
from fluo_logic.lang.write import duration, instant

OPERATORS: Final = {"==": "", "<": "less than", "<=": "at most", ">": "more than", ">=": "at least", "in": "one of"}
"""The comparison operators of measures, as they follow ``is`` and ``must be``."""
TIMES: Final = {"==": "", "<": "before", "<=": "at or before", ">": "after", ">=": "at or after"}
"""Likewise, between points in time."""
ARITHMETIC: Final = {"+": "plus", "-": "minus", "*": "times"}
NEVER_MISSING: Final = frozenset({s.Function.COUNT, s.Function.COUNT_DISTINCT, s.Function.SUM})


def measure_text(item: s.Measure) -> str:
    """Return a measure as a noun: ``the number of spans a``."""
    match item:
        case s.Literal() | s.Duration():
            return constant(item)
        case s.Instant():
            return instant(item.nanoseconds)
        case s.ListLiteral():
            return list_text(item)
        case s.VariableValue():
            return selected(item)
        case s.Aggregate():
            return _aggregate(item)
        case s.Arithmetic():
            return f"{_part(item.left)} {ARITHMETIC[item.operator]} {_part(item.right)}"
        case _:
            assert_never(item)


def may_be_missing(item: s.Measure) -> bool:
    """Return whether a measure may have no value: an attribute, or an extreme or average of nothing."""
    return any(
        isinstance(node, s.VariableValue) or (isinstance(node, s.Aggregate) and node.function not in NEVER_MISSING)
        for node in nodes(item)
    )


def _part(item: s.Measure) -> str:
    return f"({measure_text(item)})" if isinstance(item, s.Arithmetic) else measure_text(item)


def _aggregate(item: s.Aggregate) -> str:
    if isinstance(item.over, s.Relation):
        left = item.over.left
        if isinstance(left, s.Pattern):
            spans = noun_in(item.over, left, Number.MANY)
        else:
            spans = f"spans that are ${left.name} and that {relation_clause(item.over, 'many')}"
    else:
        spans = noun(item.over, Number.MANY)
    key = "a value" if item.path is None else path_text(item.path)
    window = "" if item.within is None else f" in any window of {duration(item.within.nanoseconds)}"
    most = "" if item.within is None else "largest "
    match item.function:
        case s.Function.COUNT:
            return f"the {most}number of {spans}{window}"
        case s.Function.COUNT_DISTINCT:
            return f"the {most}number of different values of {key} on {spans}{window}"
        case s.Function.SUM:
            return f"the {most}sum of {key} over {spans}{window}"
        case s.Function.MIN:
            return f"the least {key} of {spans}"
        case s.Function.MAX:
            return f"the greatest {key} of {spans}"
        case s.Function.AVG:
            return f"the average {key} of {spans}"
        case _:
            assert_never(item.function)
