"""What rules say of one span: where it was written, paths to values, right-hand sides, and predicates."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a node was written: 1-based line and column of its first character, end exclusive, and its text."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    text: str


# --- paths and right-hand sides -----------------------------------------------------------------------------------


class PathKind(StrEnum):
    """How a path is looked up on a span."""

    ATTRIBUTE = "attribute"
    """Span attribute, then resource attribute, then a key inside a map attribute."""
    RESOURCE = "resource"
    """``resource:key``: a resource attribute."""
    INTRINSIC = "intrinsic"
    """``span:…``, ``scope:name``, ``trace:id``: a field of the span itself."""


INTRINSICS = (
    "span:name", "span:id", "span:parent_id", "span:kind", "span:status", "span:status_message", "span:duration",
    "span:start", "span:end", "span:root", "span:orphan", "scope:name", "trace:id",
)  # fmt: skip
"""The keys of INTRINSIC paths."""


@dataclass(frozen=True, slots=True)
class Path:
    """A value of a span.

    ``key`` is ``tenant.id`` for an attribute, ``span:duration`` for an intrinsic, ``service.name`` for a resource.
    ``older`` are names that the rule's aliases give an attribute: the first of all that is there is its value.
    """

    kind: PathKind
    key: str
    quoted: bool = field(default=False, compare=False)
    older: tuple[str, ...] = field(default=(), kw_only=True)
    origin: Origin = field(compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant: string, number, Boolean.  ``bare`` marks an unquoted word (a string)."""

    value: str | bool | int | float
    bare: bool = field(default=False, compare=False)
    origin: Origin = field(compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time in whole nanoseconds, from ``30s`` or ``1.5h``."""

    nanoseconds: int
    origin: Origin = field(compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Instant:
    """A point in time, ns since the Unix epoch, from an RFC 3339 string beside ``span:start`` or ``span:end``."""

    nanoseconds: int
    origin: Origin = field(compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class ListLiteral:
    """``[a, "b", 3]``: the right side of ``in`` and ``not in``."""

    items: tuple[Literal | Duration, ...]
    origin: Origin = field(compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class OwnValue:
    """Another value of the same span: ``.quota``, or a bare word after ``< <= > >=``."""

    path: Path
    origin: Origin = field(compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class VariableValue:
    """``$p.tenant.id``: a value of the span that a variable names."""

    variable: str
    path: Path
    origin: Origin = field(compare=False, repr=False, kw_only=True)


Operand: TypeAlias = Literal | Duration | Instant | ListLiteral | OwnValue | VariableValue


# --- predicates of one span ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Comparison:
    """``attr op value``.

    ``operator`` is one of ``== != < <= > >= in contains starts_with ends_with matches`` and ``not in``.
    """

    path: Path
    operator: str
    right: Operand
    origin: Origin = field(compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class IsTrue:
    """``attr`` alone: the value is true, or the text "true"."""

    path: Path
    origin: Origin = field(compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Present:
    """``exists(attr)``: the value is there."""

    path: Path
    origin: Origin = field(compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class HasEvent:
    """``event(name).where(…)``: an event of the span with that name whose attributes satisfy the predicate.

    Inside ``predicate``, ATTRIBUTE paths are looked up in the event's own attributes.
    """

    name: str
    predicate: Predicate | None
    origin: Origin = field(compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class PredicateAnd:
    """All of at least two predicates."""

    parts: tuple[Predicate, ...]
    origin: Origin = field(compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class PredicateOr:
    """Any of at least two predicates."""

    parts: tuple[Predicate, ...]
    origin: Origin = field(compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class PredicateNot:
    """The negation of a predicate."""

    part: Predicate
    origin: Origin = field(compare=False, repr=False, kw_only=True)


Predicate: TypeAlias = Comparison | IsTrue | Present | HasEvent | PredicateAnd | PredicateOr | PredicateNot
