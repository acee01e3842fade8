"""Spans that are missing: drawn up literal by literal until a clause would hold with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from fluo_logic.consistency import repair_changes as c
from fluo_logic.consistency.repair_goals import IMPOSSIBLE, NEVER, Goal, Leaf, all_of, cheapest
from fluo_logic.facts.model import NO_RESOURCE, Resource, Span, SpanKey
from fluo_logic.logic import Atom, Clause, Const, Sort, Var, is_recursive

if TYPE_CHECKING:
    from fluo_logic.consistency.repair_ways import Ways
    from fluo_logic.consistency.repair_world import World
    from fluo_logic.explain.matching import Binding

ROUNDS: Final = 16
"""How often a draft is looked at and bettered."""
LENGTH: Final = 1_000_000
"""How long a new span lasts where the rule does not care, in nanoseconds."""
BUDGET: Final = 1500
"""How many looks at drafts one search has."""
UNNAMED: Final = "span"
FIRST_ID: Final = 0xADD0_0000_0000_0000


class Drafts:
    """Draws up new spans for one search; equal drafts are one span, unless copies are asked for."""

    def __init__(self, taken: Sequence[SpanKey]) -> None:
        """Begin; ids in ``taken`` are not used."""
        self.taken = {key.span_id for key in taken}
        self.keys: dict[str, str] = {}
        self.drawn: dict[tuple[object, ...], tuple[dict[Var, c.AddSpan], Goal]] = {}
        self.left = BUDGET
        self.too_many = False
        self.depth = 0

    def goal(self, ways: Ways, clause: Clause, start: Binding, new: Sequence[Var], copy: int = 0) -> Goal:
        """Return the goal that new spans stand for the variables ``new``, and what else the clause then needs."""
        if self.depth:
            # A new span that needs another new span beside it is found in the next round.
            return NEVER
        self.depth += 1
        try:
            return self._goal(ways, clause, start, new, copy)
        finally:
            self.depth -= 1

    def _goal(self, ways: Ways, clause: Clause, start: Binding, new: Sequence[Var], copy: int) -> Goal:
        # Copies differ in their id only, and the same is asked for along several ways.
        key = (ways.world, ways.guards, clause.head.predicate, id(clause), tuple(start.items()), tuple(new))
        if key not in self.drawn:
            begun = {var: self._begun(ways, clause, start, var, number) for number, var in enumerate(new)}
            self.drawn[key] = self._bettered(ways, clause, start, begun)
        drafts, rest = self.drawn[key]
        if rest == NEVER:
            return NEVER
        renamed = {draft.span: self._named(draft, copy) for draft in drafts.values()}
        parts = [Leaf(_renamed(draft, renamed)) for draft in drafts.values()]
        return all_of([*parts, _rest_renamed(rest, renamed)])

    def _begun(self, ways: Ways, clause: Clause, start: Binding, var: Var, number: int) -> c.AddSpan:
        """Return a span of the sought name, in the trace that the match is of, under the top of that trace."""
        store = ways.store
        bound = [value for known, value in start.items() if known.sort is Sort.SPAN and isinstance(value, int)]
        anchors = [*bound, *ways.members, *range(len(store.spans))]
        if isinstance(ways.scope, int):
            trace_id = store.trace_ids[ways.scope]
        else:
            trace_id = store.spans[anchors[0]].trace_id if anchors else f"{1:032x}"
        name = _sought_name(ways.world, clause, var)
        trace = store.dataset.traces.get(trace_id)
        top = trace.topmost[0].span_id if trace is not None and trace.topmost else None
        alike = [store.spans[span] for span in (store.by_name.get(name or "", ()) or anchors[:1])]
        service = alike[0].resource.service if alike else None
        resource = NO_RESOURCE if service is None else Resource({"service.name": service})
        kind = alike[0].kind if alike and name == alike[0].name else Span("", "", "").kind
        return c.AddSpan(
            Span(trace_id, f"draft-{number}", name or UNNAMED, parent_id=top, resource=resource, kind=kind)
        )

    def _bettered(
        self, ways: Ways, clause: Clause, start: Binding, drafts: Mapping[Var, c.AddSpan]
    ) -> tuple[dict[Var, c.AddSpan], Goal]:
        """Return the drafts after what the clause asks of them, and what it asks of other spans beside."""
        now = dict(drafts)
        tried: set[str] = set()
        own = {draft.span for draft in drafts.values()}
        for _ in range(ROUNDS):
            rest = self._asked(ways, clause, start, now)
            if rest == NEVER:
                return now, NEVER
            _, changes = cheapest(rest, lambda change: 0 if change.span in own else c.weight(change))
            wanted = [change for change in changes if change.span in own and c.identity(change) not in tried]
            if not wanted:
                break
            # One at a time: the next round sees what it did.
            tried.add(c.identity(wanted[0]))
            now = {var: _refined(draft, wanted[0]) for var, draft in now.items()}
        now = self._placed(ways, clause, start, self._timed(ways, clause, start, now))
        rest = self._asked(ways, clause, start, now)
        cost, changes = cheapest(rest, lambda change: IMPOSSIBLE if change.span in own else c.weight(change))
        if cost >= IMPOSSIBLE:
            return now, NEVER
        return now, all_of(Leaf(change) for change in changes)

    def _asked(self, ways: Ways, clause: Clause, start: Binding, drafts: Mapping[Var, c.AddSpan]) -> Goal:
        """Return what is still to be changed for a clause to hold with the drafts."""
        self.left -= 1
        if self.left < 0:
            return NEVER
        world = ways.world.with_spans([draft.added for draft in drafts.values()])
        binding = ways.world.carried(start, world)
        binding.update({var: world.store.index[draft.span] for var, draft in drafts.items()})
        scope = ways.scope
        if isinstance(scope, int):
            scope = world.store.trace_index[ways.store.trace_ids[scope]]
        inner = type(ways)(world, scope, self, {}, ways.guards)
        return inner.body(clause, binding)

    def _timed(
        self, ways: Ways, clause: Clause, start: Binding, drafts: Mapping[Var, c.AddSpan]
    ) -> dict[Var, c.AddSpan]:
        """Return the drafts with the times that they still lack."""
        bound = [value for known, value in start.items() if known.sort is Sort.SPAN and isinstance(value, int)]
        anchors = bound or [*ways.members[:1]] or [*range(len(ways.store.spans))][:1]
        times = [ways.store.spans[span].start for span in anchors]
        anchor = next((time for time in times if time is not None), 0)
        before = self._asked(ways, clause, start, drafts)
        chosen = dict(drafts)
        for var, draft in drafts.items():
            for length in (LENGTH, 0):
                attempt = {**chosen, var: replace(draft, added=_with_times(draft.added, anchor, length))}
                if cheapest(self._asked(ways, clause, start, attempt))[0] <= cheapest(before)[0]:
                    break
            chosen = attempt
        return chosen

    def _placed(
        self, ways: Ways, clause: Clause, start: Binding, drafts: Mapping[Var, c.AddSpan]
    ) -> dict[Var, c.AddSpan]:
        """Return the drafts, those marked whose parent or resource the clause asks for, though it is the default."""
        marked = dict(drafts)
        before = cheapest(self._asked(ways, clause, start, drafts))[0]
        for var, draft in drafts.items():
            loose = replace(draft, added=replace(draft.added, parent_id=None))
            if not draft.placed and cheapest(self._asked(ways, clause, start, {**drafts, var: loose}))[0] > before:
                marked[var] = replace(draft, placed=True)
            alone = replace(draft, added=replace(draft.added, resource=NO_RESOURCE))
            if draft != alone and cheapest(self._asked(ways, clause, start, {**drafts, var: alone}))[0] > before:
                marked[var] = replace(marked[var], hosted=True)
        return marked

    def _named(self, draft: c.AddSpan, copy: int) -> SpanKey:
        """Return the key of a new span: the same for the same draft and copy."""
        content = f"{replace(draft.added, parent_id=None)!r} {draft.added.parent_id} {copy}"
        if content not in self.keys:
            number = FIRST_ID + len(self.keys) + 1
            while f"{number:016x}" in self.taken:
                number += 0x10000
            self.keys[content] = f"{number:016x}"
        return SpanKey(draft.added.trace_id, self.keys[content])


def _refined(draft: c.AddSpan, change: c.Change) -> c.AddSpan:
    return c.refined(draft, change) if change.span == draft.span else draft


def _renamed(draft: c.AddSpan, names: Mapping[SpanKey, SpanKey]) -> c.AddSpan:
    parent = draft.added.parent_id
    other = None if parent is None else names.get(SpanKey(draft.added.trace_id, parent))
    added = replace(draft.added, span_id=names[draft.span].span_id)
    return replace(draft, added=added if other is None else replace(added, parent_id=other.span_id))


def _rest_renamed(rest: Goal, names: Mapping[SpanKey, SpanKey]) -> Goal:
    """Return what other spans need, with the new spans under their final ids."""
    if not isinstance(rest, Leaf):
        return all_of(_rest_renamed(part, names) for part in rest.parts)
    match rest.change:
        case c.Reparent(span=span, parent=str() as parent):
            other = names.get(SpanKey(span.trace_id, parent))
            return rest if other is None else Leaf(c.Reparent(span, other.span_id))
        case c.AddLink(span=span, to=to):
            return Leaf(c.AddLink(span, names.get(to, to)))
        case _:
            return rest


def _with_times(span: Span, anchor: int, length: int) -> Span:
    start, end = span.start, span.end
    if start is None:
        start = anchor if end is None else end - length
    if end is None:
        end = start + length
    return replace(span, start=start, end=end)


def _sought_name(world: World, clause: Clause, var: Var) -> str | None:
    """Return the span name that a body asks of a variable, directly or by a predicate of that span."""
    for literal in clause.body:
        match literal:
            case Atom(predicate="span", args=(_, Var() as span, Const(value=str() as name))) if span == var:
                return name
            case Atom(predicate=predicate, args=args) if var in args:
                clauses = world.matcher.definitions.get(predicate, ())
                if is_recursive(clauses) or predicate == world.plan.member.predicate:
                    continue
                for inner in clauses:
                    own = inner.head.args[args.index(var)]
                    found = _sought_name(world, inner, own) if isinstance(own, Var) else None
                    if found is not None:
                        return found
            case _:
                continue
    return None
