"""Terse builders of spans and of the syntax tree, for tests.

``pat("a", cmp("k", ">", 1), var="x")`` is ``a.where(k > 1) as $x``.  Paths are texts as rules write them; times of
spans are seconds after `EPOCH`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Final, TypeAlias

from fluo_logic.facts.model import Event, Kind, Link, Resource, Scope, Span, Status
from fluo_logic.lang import syntax as sx
from fluo_logic.values import Value

ORIGIN: Final = sx.Origin("rule.fluo", 1, 1, 1, 2, "")
EPOCH: Final = 1_700_000_000_000_000_000
SECOND: Final = 1_000_000_000

Seconds: TypeAlias = int | float
Right: TypeAlias = sx.Operand | str | bool | int | float | list[str | int | float | bool | sx.Duration]
Side: TypeAlias = sx.Measure | str | bool | int | float | list[str | int | float | bool | sx.Duration]


# --- spans --------------------------------------------------------------------------------------------------------


def instant(seconds: Seconds) -> int:
    """Nanoseconds since the Unix epoch of a second after `EPOCH`."""
    return EPOCH + nanoseconds(seconds)


def nanoseconds(seconds: Seconds) -> int:
    return round(Fraction(str(seconds)) * SECOND)


def span(  # noqa: PLR0913  # a span has many parts, and all but the name have a default
    name: str,
    span_id: str = "1",
    *,
    trace: str = "t",
    up: str | None = None,
    at: Seconds | None = 0,
    to: Seconds | None = 1,
    has: Mapping[str, Value] | None = None,
    resource: Mapping[str, Value] | None = None,
    service: str | None = None,
    kind: Kind = Kind.INTERNAL,
    status: Status = Status.UNSET,
    message: str = "",
    scope: str = "",
    events: Sequence[Event] = (),
    links: Sequence[tuple[str, str]] = (),
    dropped: tuple[int, int, int] = (0, 0, 0),
) -> Span:
    """Build a span; ``up`` is its parent id, ``dropped`` counts attributes, events, links."""
    attributes = {**(resource or {}), **({} if service is None else {"service.name": service})}
    return Span(
        trace_id=trace,
        span_id=span_id,
        name=name,
        parent_id=up,
        kind=kind,
        status=status,
        status_message=message,
        start=None if at is None else instant(at),
        end=None if to is None else instant(to),
        attributes=has or {},
        resource=Resource(attributes),
        scope=Scope(scope),
        events=tuple(events),
        links=tuple(Link(trace_id, other) for trace_id, other in links),
        dropped_attributes=dropped[0],
        dropped_events=dropped[1],
        dropped_links=dropped[2],
    )


# --- paths, values, predicates ------------------------------------------------------------------------------------


def path(text: str) -> sx.Path:
    prefix, _, rest = text.partition(":")
    if prefix == "resource" and rest:
        return sx.Path(sx.PathKind.RESOURCE, rest, origin=ORIGIN)
    kind = sx.PathKind.INTRINSIC if text in sx.INTRINSICS else sx.PathKind.ATTRIBUTE
    return sx.Path(kind, text, origin=ORIGIN)


def quoted(key: str) -> sx.Path:
    """``["key"]``: an attribute, whatever it is called."""
    return sx.Path(sx.PathKind.ATTRIBUTE, key, quoted=True, origin=ORIGIN)


def _path(text: str | sx.Path) -> sx.Path:
    return path(text) if isinstance(text, str) else text


def lit(value: str | float | bool) -> sx.Literal:  # noqa: FBT001  # the value of a literal may be a Boolean
    return sx.Literal(value, origin=ORIGIN)


def dur(seconds: Seconds) -> sx.Duration:
    return sx.Duration(nanoseconds(seconds), origin=ORIGIN)


def when_at(seconds: Seconds) -> sx.Instant:
    return sx.Instant(instant(seconds), origin=ORIGIN)


def own(text: str) -> sx.OwnValue:
    return sx.OwnValue(path(text), origin=ORIGIN)


def val(variable: str, text: str | sx.Path) -> sx.VariableValue:
    return sx.VariableValue(variable, _path(text), origin=ORIGIN)


def _list(items: Sequence[str | float | bool | sx.Duration]) -> sx.ListLiteral:
    return sx.ListLiteral(tuple(item if isinstance(item, sx.Duration) else lit(item) for item in items), origin=ORIGIN)


def cmp(left: str | sx.Path, operator: str, right: Right) -> sx.Comparison:
    if isinstance(right, list):
        right = _list(right)
    if isinstance(right, str | bool | int | float):
        right = lit(right)
    return sx.Comparison(_path(left), operator, right, origin=ORIGIN)


def true(text: str) -> sx.IsTrue:
    return sx.IsTrue(path(text), origin=ORIGIN)


def present(text: str | sx.Path) -> sx.Present:
    return sx.Present(_path(text), origin=ORIGIN)


def event(name: str, predicate: sx.Predicate | None = None) -> sx.HasEvent:
    return sx.HasEvent(name, predicate, origin=ORIGIN)


def p_and(*parts: sx.Predicate) -> sx.PredicateAnd:
    return sx.PredicateAnd(parts, origin=ORIGIN)


def p_or(*parts: sx.Predicate) -> sx.PredicateOr:
    return sx.PredicateOr(parts, origin=ORIGIN)


def p_not(part: sx.Predicate) -> sx.PredicateNot:
    return sx.PredicateNot(part, origin=ORIGIN)


# --- patterns, relations, measures --------------------------------------------------------------------------------


def pat(name: str | None, *predicates: sx.Predicate, var: str | None = None) -> sx.Pattern:
    return sx.Pattern(name, predicates, var, origin=ORIGIN)


def var(name: str) -> sx.Variable:
    return sx.Variable(name, origin=ORIGIN)


def _term(term: sx.SpanTerm | str) -> sx.SpanTerm:
    """``"$x"`` is a variable, ``"a"`` a pattern."""
    if isinstance(term, str):
        return var(term[1:]) if term.startswith("$") else pat(term)
    return term


def relation(
    left: sx.SpanTerm | str, kind: str, right: sx.SpanTerm | str, within: Seconds | None = None
) -> sx.Relation:
    limit = None if within is None else dur(within)
    return sx.Relation(_term(left), sx.RelationKind(kind), _term(right), limit, origin=ORIGIN)


def agg(
    function: str, over: sx.Pattern | sx.Relation | str, of: str | None = None, *, within: Seconds | None = None
) -> sx.Aggregate:
    return sx.Aggregate(
        sx.Function(function),
        pat(over) if isinstance(over, str) else over,
        None if of is None else path(of),
        None if within is None else dur(within),
        origin=ORIGIN,
    )


def calc(left: Side, operator: str, right: Side) -> sx.Arithmetic:
    return sx.Arithmetic(_measure(left), operator, _measure(right), origin=ORIGIN)


def _measure(side: Side) -> sx.Measure:
    if isinstance(side, list):
        return _list(side)
    return lit(side) if isinstance(side, str | bool | int | float) else side


# --- conditions and rules -----------------------------------------------------------------------------------------


def has(pattern: sx.Pattern | str) -> sx.Exists:
    return sx.Exists(pat(pattern) if isinstance(pattern, str) else pattern, origin=ORIGIN)


def rel(left: sx.SpanTerm | str, kind: str, right: sx.SpanTerm | str, within: Seconds | None = None) -> sx.Related:
    return sx.Related(relation(left, kind, right, within), origin=ORIGIN)


def same(left: str, right: str, *, negated: bool = False) -> sx.SameSpan:
    return sx.SameSpan(var(left), var(right), negated, origin=ORIGIN)


def meas(left: Side, operator: str, right: Side) -> sx.MeasureComparison:
    return sx.MeasureComparison(_measure(left), operator, _measure(right), origin=ORIGIN)


def var_true(variable: str, text: str) -> sx.VariableIsTrue:
    return sx.VariableIsTrue(val(variable, text), origin=ORIGIN)


def both(*parts: sx.Condition) -> sx.And:
    return sx.And(parts, origin=ORIGIN)


def either(*parts: sx.Condition) -> sx.Or:
    return sx.Or(parts, origin=ORIGIN)


def no(part: sx.Condition) -> sx.Not:
    return sx.Not(part, origin=ORIGIN)


def always(condition: sx.Condition) -> sx.Obligation:
    return sx.Obligation(sx.Polarity.ALWAYS, condition, origin=ORIGIN)


def never(condition: sx.Condition) -> sx.Obligation:
    return sx.Obligation(sx.Polarity.NEVER, condition, origin=ORIGIN)


def rule(
    *obligations: sx.Obligation, when: sx.Condition | None = None, by: str | None = None, across: bool = False
) -> sx.Rule:
    """Build a rule: per trace, across traces by a key, or across all traces."""
    scope = sx.RuleScope()
    if by is not None:
        scope = sx.RuleScope(sx.ScopeKind.KEY, path(by))
    if across:
        scope = sx.RuleScope(sx.ScopeKind.ALL)
    return sx.Rule("r", "", sx.Metadata(), scope, when, obligations, origin=ORIGIN)
