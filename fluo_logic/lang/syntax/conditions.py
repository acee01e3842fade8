"""What rules say of one scope: patterns of spans, relations between two, measures over many, and conditions."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from fluo_logic.lang.syntax.predicates import (
    Duration,
    Instant,
    ListLiteral,
    Literal,
    Origin,
    Path,
    Predicate,
    VariableValue,
)


@dataclass(frozen=True, slots=True)
class Pattern:
    """Spans of one name (None: of any name) that satisfy every predicate; ``variable`` is the name it binds."""

    name: str | None
    predicates: tuple[Predicate, ...] = ()
    variable: str | None = None
    origin: Origin = field(compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Variable:
    """``$x`` standing for the span it names; ``name`` is without the ``$``."""

    name: str
    origin: Origin = field(compare=False, repr=False, kw_only=True)


SpanTerm: TypeAlias = Pattern | Variable


class RelationKind(StrEnum):
    """How two spans lie to each other, in time, in the tree, or by a link; the value is the surface text."""

    BEFORE = "before"
    AFTER = "after"
    DURING = "during"
    COVERS = "covers"
    OVERLAPS = "overlaps"
    CHILD_OF = "child of"
    PARENT_OF = "parent of"
    DESCENDANT_OF = "descendant of"
    ANCESTOR_OF = "ancestor of"
    SIBLING_OF = "sibling of"
    LINKED_TO = "linked to"
    LINKED_FROM = "linked from"


@dataclass(frozen=True, slots=True)
class Relation:
    """``left kind right``, with ``within`` (nanoseconds) only for BEFORE and AFTER."""

    left: SpanTerm
    kind: RelationKind
    right: SpanTerm
    within: Duration | None = None
    origin: Origin = field(compare=False, repr=False, kw_only=True)


# --- measures -----------------------------------------------------------------------------------------------------


class Function(StrEnum):
    """What an aggregate computes."""

    COUNT = "count"
    COUNT_DISTINCT = "count distinct"
    SUM = "sum"
    MIN = "min"
    MAX = "max"
    AVG = "avg"


@dataclass(frozen=True, slots=True)
class Aggregate:
    """``function(over)``: over the matches of a pattern, or of the left pattern of a relation.

    ``path`` is None exactly for COUNT.  ``within`` makes it the largest value over the windows ``[s, s + within)`` that
    begin at the start of a match (COUNT, COUNT_DISTINCT and SUM only).
    """

    function: Function
    over: Pattern | Relation
    path: Path | None = None
    within: Duration | None = None
    origin: Origin = field(compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """``left operator right`` with ``+``, ``-`` or ``*``."""

    left: Measure
    operator: str
    right: Measure
    origin: Origin = field(compare=False, repr=False, kw_only=True)


Measure: TypeAlias = Literal | Duration | Instant | ListLiteral | VariableValue | Aggregate | Arithmetic


# --- conditions of one scope --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Exists:
    """At least one span of the scope matches the pattern."""

    pattern: Pattern
    origin: Origin = field(compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Related:
    """Some spans that match both sides stand in the relation."""

    relation: Relation
    origin: Origin = field(compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class SameSpan:
    """``$x is $y``, and with ``negated`` ``$x is not $y``."""

    left: Variable
    right: Variable
    negated: bool
    origin: Origin = field(compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class MeasureComparison:
    """``measure operator measure``, the operators as for `Comparison` but only ``== != < <= > >= in``, ``not in``."""

    left: Measure
    operator: str
    right: Measure
    origin: Origin = field(compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class VariableIsTrue:
    """``$x.attr`` alone: that value is true, or the text "true"."""

    value: VariableValue
    origin: Origin = field(compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class And:
    """All of at least two conditions; an existential variable bound in one is the same span in the others."""

    parts: tuple[Condition, ...]
    origin: Origin = field(compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Or:
    """Any of at least two conditions."""

    parts: tuple[Condition, ...]
    origin: Origin = field(compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Not:
    """The negation of a condition; variables bound inside are existential there."""

    part: Condition
    origin: Origin = field(compare=False, repr=False, kw_only=True)


Condition: TypeAlias = Exists | Related | SameSpan | MeasureComparison | VariableIsTrue | And | Or | Not
