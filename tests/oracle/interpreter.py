"""The verdicts of a rule over spans, computed the plain way: try every assignment, in every scope.

It shares no code with the product but the types of spans and of the syntax tree.  It is slow on purpose: the time
grows with (spans of a scope) to the power of (variables of a block).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from fluo_logic.facts.model import Span
from fluo_logic.lang import syntax
from tests.oracle.conditions import holds, ways_to_meet
from tests.oracle.possible import Exactly
from tests.oracle.tree import Forest
from tests.oracle.truth import Truth, negate
from tests.oracle.values import text_of
from tests.oracle.world import Environment, Unseen, World, look_up

ScopeKey: TypeAlias = tuple[str, ...]
"""``("trace", trace id)``, ``("key", canonical text)`` or ``("all",)``."""

Witness: TypeAlias = tuple[tuple[str, str, str], ...]
"""(variable, trace id, span id) for each variable that ``when`` binds, in the order of the variables."""

WORST_FIRST = ("violated", "inconclusive", "pending", "satisfied")


@dataclass(frozen=True)
class ObligationResult:
    """The verdict of one block (``index`` in the rule's obligations) for one match of ``when``."""

    index: int
    witness: Witness
    verdict: str


@dataclass(frozen=True)
class ScopeResult:
    """The verdict of a scope, and those of its obligations."""

    verdict: str
    obligations: frozenset[ObligationResult]


def evaluate(
    rule: syntax.Rule,
    spans: Sequence[Span],
    *,
    now: int | None = None,
    clock_skew: int = 0,
    assume_complete: bool = False,
) -> dict[ScopeKey, ScopeResult]:
    """Evaluate a rule in each of its scopes.

    Args:
        rule: a well-formed rule.
        spans: the whole data set; no two spans share trace and span id.
        now: the end of the data in ns since the epoch; the latest time seen where None.
        clock_skew: the margin in ns below which times of different services have no certain order.
        assume_complete: take holes for absent.
    """
    forest = Forest(spans)
    end_of_data = _latest_time(spans) if now is None else now
    results: dict[ScopeKey, ScopeResult] = {}
    for key, members in scopes(rule.scope, spans, forest).items():
        traces = frozenset(span.trace_id for span in members)
        data = World(members, forest)
        holed = frozenset() if assume_complete else traces & forest.holed
        past = replace(data, unseen_traces=holed, has_drops=True, skew=clock_skew)
        future = replace(data, unseen_traces=traces, now=end_of_data)
        results[key] = _evaluate_scope(rule, data, past, future)
    return results


def _latest_time(spans: Sequence[Span]) -> int:
    times = [
        time
        for span in spans
        for time in (span.start, span.end, *(event.time for event in span.events))
        if time is not None
    ]
    return max(times, default=0)


def scopes(scope: syntax.RuleScope, spans: Sequence[Span], forest: Forest) -> dict[ScopeKey, tuple[Span, ...]]:
    """The spans of each scope.  ``across traces`` is one scope, even of no spans at all."""
    if scope.kind is syntax.ScopeKind.ALL:
        return {("all",): tuple(spans)}
    found: dict[ScopeKey, list[Span]] = {}
    for span in spans:
        key = ("trace", span.trace_id) if scope.key is None else _key_of(span, scope.key, spans, forest)
        if key is not None:
            found.setdefault(key, []).append(span)
    return {key: tuple(members) for key, members in found.items()}


def _key_of(span: Span, path: syntax.Path, spans: Sequence[Span], forest: Forest) -> ScopeKey | None:
    """The span's own value, else the one value that its trace has, if it has exactly one."""
    own = _key_value(span, path, forest)
    if own is not None:
        return ("key", own)
    of_trace = {_key_value(other, path, forest) for other in spans if other.trace_id == span.trace_id} - {None}
    return ("key", *(value for value in of_trace if value is not None)) if len(of_trace) == 1 else None


def _key_value(span: Span, path: syntax.Path, forest: Forest) -> str | None:
    value = look_up(World((), forest), span, path)
    return text_of(value.value) if isinstance(value, Exactly) and value.value is not None else None


def _evaluate_scope(rule: syntax.Rule, data: World, past: World, future: World) -> ScopeResult:
    ways: list[Environment] = [{}] if rule.when is None else ways_to_meet(data, rule.when)
    obligations = frozenset(
        ObligationResult(index, _witness(way), _verdict(rule.when, obligation, way, data, past, future))
        for way in ways
        for index, obligation in enumerate(rule.obligations)
    )
    if not ways:
        return ScopeResult("vacuous", obligations)
    reached = {obligation.verdict for obligation in obligations}
    return ScopeResult(next(verdict for verdict in WORST_FIRST if verdict in reached), obligations)


def _verdict(
    when: syntax.Condition | None,
    obligation: syntax.Obligation,
    way: Environment,
    data: World,
    past: World,
    future: World,
) -> str:
    """The verdict of one obligation.

    * It is met in the data as they are: satisfied, whatever is missing.
    * It fails, but is not certain to fail when more spans come: pending.  Only the obligation is asked, not ``when``:
      it is the obligation that a later span could still satisfy.
    * It fails, but would not be certain to fail, or ``when`` would not be certain to match, if all that was lost were
      there and the clocks agreed: inconclusive.
    * Otherwise it is violated: its failure stands.
    """
    met = _met(data, obligation, way)
    if met is Truth.UNKNOWN:
        message = "the data as they are leave nothing open"
        raise AssertionError(message)
    if met is Truth.TRUE:
        return "satisfied"
    if _met(future, obligation, way) is not Truth.FALSE:
        return "pending"
    if _met(past, obligation, way) is not Truth.FALSE:
        return "inconclusive"
    if when is not None and holds(past, when, way) is not Truth.TRUE:
        return "inconclusive"
    return "violated"


def _met(world: World, obligation: syntax.Obligation, way: Environment) -> Truth:
    found = holds(world, obligation.condition, way)
    return negate(found) if obligation.polarity is syntax.Polarity.NEVER else found


def _witness(way: Environment) -> Witness:
    return tuple(
        (name, span.trace_id, span.span_id) for name, span in sorted(way.items()) if not isinstance(span, Unseen)
    )
