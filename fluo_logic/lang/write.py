"""Writes conditions, patterns, measures and constants as text that parses to the same syntax."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final, assert_never

from fluo_logic.lang.build.base import KEYWORDS
from fluo_logic.lang.literals import EPOCH
from fluo_logic.lang.syntax import (
    Aggregate,
    And,
    Arithmetic,
    Comparison,
    Condition,
    Duration,
    Exists,
    Function,
    HasEvent,
    Instant,
    IsTrue,
    ListLiteral,
    Literal,
    Measure,
    MeasureComparison,
    Not,
    Operand,
    Or,
    OwnValue,
    Path,
    PathKind,
    Pattern,
    Predicate,
    PredicateAnd,
    PredicateNot,
    PredicateOr,
    Present,
    Related,
    Relation,
    SameSpan,
    SpanTerm,
    Variable,
    VariableIsTrue,
    VariableValue,
)
from fluo_logic.values import ORDER_OPERATORS, Value

UNITS: Final = (
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
)
SEGMENT: Final = r"[A-Za-z0-9_]+(?:-+[A-Za-z0-9_]+)*"
NAME: Final = re.compile(rf"(?![0-9]){SEGMENT}(?:\.{SEGMENT})*")
DOTTED: Final = re.compile(rf"{SEGMENT}(?:\.{SEGMENT})*")
CONTEXTUAL: Final = frozenset(
    {
        *("exists", "event", "distinct", "trace", "rule", "example", "per", "across", "by", "trace.has", "trace.count"),
        *("severity", "category", "tags", "controls", "aliases", "runbook", "description", "display"),
    }
)
"""Words that are names in most places; quoting them is right in all."""


# --- constants ----------------------------------------------------------------------------------------------------


def quoted(text: str) -> str:
    """Return a string with JSON escapes."""
    return json.dumps(text, ensure_ascii=False)


def name(text: str) -> str:
    """Return a span name, attribute or word, in quotes where it needs them."""
    plain = NAME.fullmatch(text) is not None and text not in CONTEXTUAL
    return text if plain and not _special(text) else quoted(text)


def _special(text: str) -> bool:
    segments = text.split(".")
    return segments[0] in KEYWORDS or "where" in segments


def duration(nanoseconds: int) -> str:
    """Return a duration in the largest unit that makes it a whole number."""
    if nanoseconds == 0:
        return "0s"
    unit, size = next((unit, size) for unit, size in UNITS if nanoseconds % size == 0)
    return f"{nanoseconds // size}{unit}"


def instant(nanoseconds: int) -> str:
    """Return the quoted RFC 3339 text of a point in time, in UTC, with as many digits as it needs."""
    seconds, fraction = divmod(nanoseconds, 1_000_000_000)
    text = (EPOCH + timedelta(seconds=seconds)).replace(tzinfo=None).isoformat()
    digits = f".{fraction:09d}".rstrip("0") if fraction else ""
    return f'"{text}{digits}Z"'


def value(data: Value) -> str:
    """Return an attribute value of an example; raises ValueError for bytes, which rules cannot spell."""
    match data:
        case bool():
            return "true" if data else "false"
        case str():
            return quoted(data)
        case int() | float():
            return repr(data)
        case tuple():
            return "[" + ", ".join(value(item) for item in data) + "]"
        case Mapping():
            return "{" + ", ".join(f"{quoted(key)}: {value(item)}" for key, item in data.items()) + "}"
        case _:
            message = "bytes have no spelling in a rule"
            raise ValueError(message)


def _constant(item: Literal | Duration, *, bare: bool = True) -> str:
    if isinstance(item, Duration):
        return duration(item.nanoseconds)
    if isinstance(item.value, str) and item.bare and bare:
        return name(item.value)
    return value(item.value)


# --- paths --------------------------------------------------------------------------------------------------------


def path(item: Path) -> str:
    """Return a path as it stands in a predicate."""
    match item.kind:
        case PathKind.ATTRIBUTE:
            return name(item.key)
        case PathKind.RESOURCE:
            return resource(item.key)
        case PathKind.INTRINSIC:
            return item.key
        case _:
            assert_never(item.kind)


def selector(item: Path, *, dotted: bool = True) -> str:
    """Return a path as it follows a variable or, without ``dotted`` attributes, a pattern."""
    if item.kind is not PathKind.ATTRIBUTE:
        return "." + path(item)
    plain = DOTTED.fullmatch(item.key) is not None and "where" not in item.key.split(".")
    return f".{item.key}" if plain and (dotted or "." not in item.key) else f"[{quoted(item.key)}]"


def variable_value(item: VariableValue) -> str:
    """Return ``$x.attr``."""
    return f"${item.variable}{selector(item.path)}"


def resource(key: str) -> str:
    """Return how a rule spells an attribute of the resource."""
    return f"resource:{key}" if DOTTED.fullmatch(key) else f"resource:{quoted(key)}"


def _own(item: OwnValue) -> str:
    if item.path.kind is not PathKind.ATTRIBUTE:
        return path(item.path)
    text = selector(item.path)
    return text if text.startswith(".") else f".{quoted(item.path.key)}"


# --- predicates ---------------------------------------------------------------------------------------------------


def predicate(item: Predicate) -> str:
    """Return a predicate as it stands inside ``where``."""
    match item:
        case PredicateOr():
            return " or ".join(_tight(part, PredicateOr) for part in item.parts)
        case PredicateAnd():
            return " and ".join(_tight(part, PredicateOr, PredicateAnd) for part in item.parts)
        case PredicateNot():
            return "not " + _tight(item.part, PredicateOr, PredicateAnd)
        case Comparison():
            return f"{path(item.path)} {item.operator} {_operand(item.right, item.operator)}"
        case IsTrue():
            return path(item.path)
        case Present():
            return f"exists({path(item.path)})"
        case HasEvent():
            inner = "" if item.predicate is None else f".where({predicate(item.predicate)})"
            return f"event({name(item.name)}){inner}"
        case _:
            assert_never(item)


def _tight(item: Predicate, *loose: type[PredicateOr | PredicateAnd]) -> str:
    text = predicate(item)
    return f"({text})" if isinstance(item, loose) else text


def _operand(item: Operand, operator: str) -> str:
    match item:
        case Literal() | Duration():
            return _constant(item, bare=operator not in ORDER_OPERATORS)
        case Instant():
            return instant(item.nanoseconds)
        case ListLiteral():
            return _list(item)
        case OwnValue():
            return _own(item)
        case VariableValue():
            return variable_value(item)
        case _:
            assert_never(item)


def _list(item: ListLiteral) -> str:
    return "[" + ", ".join(_constant(part) for part in item.items) + "]"


# --- patterns and relations ---------------------------------------------------------------------------------------


def pattern(item: Pattern, read: str = "") -> str:
    """Return a pattern; ``read`` is the selector that follows its name and ``where``s."""
    text = "*" if item.name is None else name(item.name)
    tests = "".join(f".where({predicate(test)})" for test in item.predicates)
    return f"{text}{tests}{read}" + (f" as ${item.variable}" if item.variable is not None else "")


def span_term(item: SpanTerm) -> str:
    """Return a side of a relation."""
    return f"${item.name}" if isinstance(item, Variable) else pattern(item)


def relation(item: Relation, read: str = "") -> str:
    """Return a relation; ``read`` is the selector that follows its left pattern."""
    left = pattern(item.left, read) if isinstance(item.left, Pattern) else span_term(item.left)
    text = f"{left} {item.kind.value} {span_term(item.right)}"
    return text + _within(item.within)


def _within(item: Duration | None) -> str:
    return "" if item is None else f" within {duration(item.nanoseconds)}"


# --- measures -----------------------------------------------------------------------------------------------------


def measure(item: Measure) -> str:
    """Return a measure."""
    match item:
        case Literal() | Duration():
            return _constant(item)
        case Instant():
            return instant(item.nanoseconds)
        case ListLiteral():
            return _list(item)
        case VariableValue():
            return variable_value(item)
        case Aggregate():
            return _aggregate(item)
        case Arithmetic():
            # Left-associative: only a right side of the same strength needs parentheses.
            loose = ("+", "-") if item.operator == "*" else ()
            left = _group(item.left, loose)
            right = _group(item.right, ("+", "-", "*") if item.operator == "*" else ("+", "-"))
            return f"{left} {item.operator} {right}"
        case _:
            assert_never(item)


def _group(item: Measure, loose: tuple[str, ...]) -> str:
    text = measure(item)
    return f"({text})" if isinstance(item, Arithmetic) and item.operator in loose else text


def _aggregate(item: Aggregate) -> str:
    read = "" if item.path is None else selector(item.path, dotted=False)
    over = relation(item.over, read) if isinstance(item.over, Relation) else pattern(item.over, read)
    match item.function:
        case Function.COUNT_DISTINCT:
            text = f"count(distinct {over})"
        case function:
            text = f"{function.value}({over})"
    return text + _within(item.within)


# --- conditions ---------------------------------------------------------------------------------------------------


def condition(item: Condition) -> str:
    """Return a condition on one line."""
    match item:
        case Or():
            return " or ".join(inner(part, Or) for part in item.parts)
        case And():
            return " and ".join(inner(part, Or, And) for part in item.parts)
        case Not():
            return "not " + inner(item.part, Or, And)
        case Exists():
            return pattern(item.pattern)
        case Related():
            return relation(item.relation)
        case SameSpan():
            return f"${item.left.name} is {'not ' if item.negated else ''}${item.right.name}"
        case MeasureComparison():
            left = measure(item.left)
            if isinstance(item.left, Literal) and isinstance(item.left.value, str):
                left = quoted(item.left.value)
            return f"{left} {item.operator} {measure(item.right)}"
        case VariableIsTrue():
            return variable_value(item.value)
        case _:
            assert_never(item)


def inner(item: Condition, *loose: type[Or | And]) -> str:
    """Return a condition inside another, in parentheses where it binds no tighter."""
    text = condition(item)
    return f"({text})" if isinstance(item, loose) else text
