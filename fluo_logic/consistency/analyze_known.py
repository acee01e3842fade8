"""Traces that are at hand, judged by the run-time engine: what they show no solver has to be asked.

A trace that violates one rule and not another proves that the one does not imply the other; a trace on which rules
are active and satisfied proves that they do not conflict.  Traces come from examples of rules and from the solver, and
are put together, one after the other, to traces on which many rules are active.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from fluo_logic.consistency.analyze_names import needed_names
from fluo_logic.facts.dataset import InputSummary, assemble
from fluo_logic.facts.model import Link, Resource, Span
from fluo_logic.facts.store import FactStore, Ground
from fluo_logic.lang.syntax import Path, PathKind, Rule, Ruleset, ScopeKind
from fluo_logic.lang.walk import nodes
from fluo_logic.logic import Program
from fluo_logic.solve.registry import engine_named
from fluo_logic.tooling.example_spans import example_spans
from fluo_logic.translate.lower import lower
from fluo_logic.translate.passes import run_passes
from fluo_logic.values import Value, canonical_text

Spans: TypeAlias = tuple[Span, ...]
INPUT: Final = "generated"
APART: Final = 86_400 * 10**9
"""How long after one trace another begins that is put behind it: a day, in nanoseconds."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A trace, and the ids of the rules that are active and that are violated on it."""

    spans: Spans
    active: frozenset[str]
    violated: frozenset[str]

    @property
    def met(self) -> frozenset[str]:
        """The rules that are active and satisfied."""
        return self.active - self.violated


def examples_of(rule: Rule) -> list[Spans]:
    """Return the examples of a rule that are as generated traces are.

    All spans have ended, no parent is missing, and no value is a map.
    """
    return [spans for one in rule.examples if _is_whole(spans := example_spans(one))]


def _is_whole(spans: Spans) -> bool:
    ids = {(span.trace_id, span.span_id) for span in spans}
    return all(
        span.start is not None
        and span.end is not None
        and (span.parent_id is None or (span.trace_id, span.parent_id) in ids)
        and not any(isinstance(one, Mapping) for one in (*span.attributes.values(), *span.resource.attributes.values()))
        for span in spans
    )


def judged(traces: Sequence[Spans], rules: Sequence[Rule]) -> list[Judged]:
    """Return which rules are active and which are violated on each trace, where every deadline is over."""
    found = [(set[str](), set[str]()) for _ in traces]
    separate: list[Rule] = []
    groups: dict[Path | None, list[Rule]] = {}
    for rule in rules:
        if rule.scope.kind is ScopeKind.TRACE or (rule.scope.kind is ScopeKind.KEY and not _reads_key(rule)):
            groups.setdefault(rule.scope.key, []).append(rule)
        else:
            separate.append(rule)
    for key, together in groups.items():
        # Rules of one trace see none of the others, and values of a key that are told apart are scopes of their own.
        whole = [span for number, spans in enumerate(traces) for span in _renumbered(spans, number, key)]
        session = _Session(together, whole)
        for rule, scope, violated in session.atoms(together):
            number = session.owner(scope, key)
            if number is not None:
                found[number][violated].add(rule.id)
    for rule in separate:
        needed = needed_names(rule.when)
        program = run_passes(lower(Ruleset((rule,))))
        for number, spans in enumerate(traces):
            if needed <= {span.name for span in spans} and (rule.scope.key is None or key_values(rule, spans)):
                for _, _, violated in _Session([rule], spans, program).atoms([rule]):
                    found[number][violated].add(rule.id)
    return [
        Judged(spans, frozenset(active), frozenset(violated))
        for spans, (active, violated) in zip(traces, found, strict=True)
    ]


def key_values(rule: Rule, spans: Spans) -> frozenset[str]:
    """Return the values of the key of a rule's scope that occur in a trace."""
    key = rule.scope.key
    found = [] if key is None else [*(span.resource.attributes.get(key.key) for span in spans)]
    if key is not None and key.kind is PathKind.ATTRIBUTE:
        found += [span.attributes.get(key.key) for span in spans]
    return frozenset(canonical_text(value) for value in found if value is not None)


def _reads_key(rule: Rule) -> bool:
    """Return whether a rule looks at the key of its scope, or at what may be the key, in another place."""
    key = rule.scope.key
    roots = (rule.when, *(one.condition for one in rule.obligations))
    paths = [node.key for root in roots for node in nodes(root) if isinstance(node, Path)]
    return key is None or any(path in {key.key, f"resource:{key.key}"} for path in paths)


class _Session:
    """Rules solved on spans."""

    def __init__(self, rules: Sequence[Rule], spans: Sequence[Span], program: Program | None = None) -> None:
        self.program = program or run_passes(lower(Ruleset(tuple(rules))))
        self.store = FactStore(assemble(spans, inputs=[InputSummary(INPUT, INPUT, len(spans))]))
        self.answer = engine_named("clingo").solve(self.program, self.store)

    def atoms(self, rules: Sequence[Rule]) -> Iterator[tuple[Rule, Ground | None, bool]]:
        """Yield each rule with a scope where it is active (False) or violated (True)."""
        for rule, plan in zip(rules, self.program.rules, strict=True):
            for row in self.answer.rows(plan.when.predicate):
                yield rule, row[0] if row else None, False
            for one in plan.obligations:
                for row in self.answer.rows(one.failure.predicate):
                    yield rule, row[0] if row else None, True

    def owner(self, scope: Ground | None, key: Path | None) -> int | None:
        """Return the number of the trace at hand that a scope is of."""
        if key is None and isinstance(scope, int):
            return int(self.store.trace_ids[scope][:8], 16)
        if isinstance(scope, str):
            return int(scope.partition(" ")[0])
        return None


def _renumbered(spans: Spans, number: int, key: Path | None) -> Iterator[Span]:
    """Yield the spans in traces of their own, whose ids begin with a number, like the values of the key."""
    traces = {trace: f"{number:08x}{at:024x}" for at, trace in enumerate(dict.fromkeys(one.trace_id for one in spans))}
    for span in spans:
        links = tuple(Link(traces.get(one.trace_id, one.trace_id), one.span_id, one.attributes) for one in span.links)
        resource = Resource(_told_apart(span.resource.attributes, number, key))
        attributes = _told_apart(span.attributes, number, key)
        yield replace(span, trace_id=traces[span.trace_id], links=links, attributes=attributes, resource=resource)


def _told_apart(values: Mapping[str, Value], number: int, key: Path | None) -> Mapping[str, Value]:
    if key is None or key.key not in values:
        return values
    return {**values, key.key: f"{number} {canonical_text(values[key.key])}"}


def put_together(parts: Sequence[Spans], *, single: bool) -> Spans:
    """Return one data set of several, in which each begins a day after the one before ended.

    With ``single``, their first traces are one trace, and so on; else all traces stay apart.
    """
    whole: list[Span] = []
    latest = 0
    for number, part in enumerate(parts, 1):
        first = min((span.start or 0 for span in part), default=0)
        shift = latest + APART - first if whole else 0
        head = 0 if single else number << 16
        names = dict.fromkeys(one.trace_id for one in part)
        traces = {trace: f"{head + at:08x}{0:024x}" for at, trace in enumerate(names, 1)}
        ids = {(span.trace_id, span.span_id): f"{number:08x}{at:08x}" for at, span in enumerate(part, 1)}
        for span in part:
            moved = replace(
                span,
                trace_id=traces[span.trace_id],
                span_id=ids[span.trace_id, span.span_id],
                parent_id=None if span.parent_id is None else ids[span.trace_id, span.parent_id],
                start=(span.start or 0) + shift,
                end=(span.end or 0) + shift,
                events=tuple(replace(one, time=None if one.time is None else one.time + shift) for one in span.events),
                links=tuple(
                    Link(traces.get(one.trace_id, one.trace_id), ids.get((one.trace_id, one.span_id), one.span_id))
                    for one in span.links
                ),
            )
            latest = max(latest, moved.end or 0)
            whole.append(moved)
    return tuple(whole)
