"""The abstract syntax of the rule language: what a rule says, before any engine is chosen.

Every node is frozen data and carries the `Origin` it was read from (left out of equality, so that a formatted rule
equals the rule it was formatted from).  `fluo_logic.lang.parse` builds these nodes, `fluo_logic.lang.check` refuses
those that mean nothing, and `fluo_logic.translate.lower` turns them into clauses.

Sugar is resolved while parsing: ``P.attr op v`` is a pattern with one more predicate, ``trace.has(P)`` is ``P``,
``trace.count(P).where(k == unique) == 1`` is ``count(distinct P.k) == 1``, and a bare condition becomes blocks
(``Rule.reading`` tells how it was read).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from fluo_logic.shown import Shown
from fluo_logic.values import Value


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


# --- patterns and relations ---------------------------------------------------------------------------------------


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


# --- rules --------------------------------------------------------------------------------------------------------


class Severity(StrEnum):
    """How bad a violation is, worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


class Category(StrEnum):
    """The four families of invariants."""

    EXISTENCE = "existence"
    ORDERING = "ordering"
    ISOLATION = "isolation"
    BOUNDARY = "boundary"


class ScopeKind(StrEnum):
    """What a rule speaks of."""

    TRACE = "per trace"
    KEY = "across traces by"
    ALL = "across traces"


@dataclass(frozen=True, slots=True)
class RuleScope:
    """Per trace, all traces, or the traces and spans that share a value of ``key`` (only for KEY)."""

    kind: ScopeKind = ScopeKind.TRACE
    key: Path | None = None
    origin: Origin | None = field(default=None, compare=False, repr=False, kw_only=True)


class Polarity(StrEnum):
    """Whether an obligation requires or forbids its condition."""

    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Obligation:
    """One ``always`` or ``never`` block."""

    polarity: Polarity
    condition: Condition
    origin: Origin = field(compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class TextPart:
    """Plain text of a ``display`` sentence."""

    text: str


@dataclass(frozen=True, slots=True)
class Display:
    """The sentence of a violation: text and values of the variables that ``when`` binds."""

    parts: tuple[TextPart | VariableValue, ...]
    origin: Origin = field(compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a rule tells about itself."""

    severity: Severity = Severity.MEDIUM
    category: Category | None = None
    tags: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    runbook: str | None = None
    description: str | None = None
    display: Display | None = None
    aliases: tuple[str, ...] = ()
    """``current = older``, each: where the attribute ``current`` is missing, ``older`` is read."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """``attempt: 1`` in an example; ``path`` may be ``resource:…`` or an intrinsic that can be set (kind, status)."""

    path: Path
    value: Value
    origin: Origin = field(compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class ExampleSpan:
    """A span of an example; times are nanoseconds from the example's start, ``end`` None where it never ended."""

    name: str
    attributes: tuple[Assignment, ...]
    start: int
    end: int | None
    service: str | None = None
    children: tuple[ExampleSpan, ...] = ()
    origin: Origin = field(compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Example:
    """``example violated "…" { … }``: traces, each a tuple of top-level spans, and the verdict they deserve."""

    verdict: str
    title: str
    traces: tuple[tuple[ExampleSpan, ...], ...]
    origin: Origin = field(compare=False, repr=False, kw_only=True)


class Reading(StrEnum):
    """How a bare condition was read."""

    BLOCKS = "blocks"
    """It was written as blocks."""
    REQUIREMENT = "requirement"
    """The first conjunct requires the others."""
    VIOLATION = "violation"
    """The condition is the forbidden pattern."""


@dataclass(frozen=True, slots=True)
class Rule(Shown):
    """A checked rule: for every way that ``when`` matches in a scope, every obligation must be met."""

    id: str
    title: str
    metadata: Metadata
    scope: RuleScope
    when: Condition | None
    obligations: tuple[Obligation, ...]
    examples: tuple[Example, ...] = ()
    reading: Reading = Reading.BLOCKS
    origin: Origin = field(compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Ruleset(Shown):
    """Rules in the order of their files; ids are unique."""

    rules: tuple[Rule, ...]

    def __getitem__(self, rule_id: str) -> Rule:
        """Return the rule with that id; raises KeyError."""
        for rule in self.rules:
            if rule.id == rule_id:
                return rule
        raise KeyError(rule_id)

    def __len__(self) -> int:
        """Return the number of rules."""
        return len(self.rules)
