"""What a rule is: what it tells about itself, its scope and obligations, its examples; and sets of rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from fluo_logic.lang.syntax.conditions import Condition
from fluo_logic.lang.syntax.predicates import Origin, Path, VariableValue
from fluo_logic.shown import Shown
from fluo_logic.values import Value


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
