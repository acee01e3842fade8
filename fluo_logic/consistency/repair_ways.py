"""Ways to make an atom hold or fail: the dual of a proof, read from the clauses of a rule.

Where a proof shows the conjuncts that hold and the one that does not, this asks of each conjunct what would turn it.
The goals are guesses with reasons: what they leave out (that a change for one conjunct undoes another) the search finds
by trying, and learns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, product
from typing import Final, assert_never

from fluo_logic.consistency import repair_changes as c
from fluo_logic.consistency.repair_drafts import Drafts
from fluo_logic.consistency.repair_goals import DONE, IMPOSSIBLE, NEVER, Goal, Leaf, all_of, cheapest, one_of
from fluo_logic.consistency.repair_terms import Terms
from fluo_logic.consistency.repair_world import World, entered
from fluo_logic.explain.matching import Binding
from fluo_logic.facts.model import Event, SpanKey
from fluo_logic.facts.schema import EXTENSIONAL
from fluo_logic.facts.store import Ground
from fluo_logic.logic import (
    Aggregate,
    Atom,
    Clause,
    Compare,
    Const,
    Field,
    Literal,
    Not,
    Present,
    Sort,
    Var,
    is_recursive,
    literal_variables,
)
from fluo_logic.values import Mode, Value

ALTERNATIVES: Final = 16
"""How many ways to satisfy one clause are kept, the cheapest first."""
COMBINATIONS: Final = 600
"""How many bindings of several variables are looked at."""
SOLUTIONS: Final = 200
"""How many derivations of what must fail are broken at once; more come up in the next round."""
WITH_NEW: Final = 4
"""How many spans that are there are tried beside a new one."""


class Ways:
    """Ways to change one world, for obligations in one scope."""

    def __init__(
        self,
        world: World,
        scope: Ground,
        drafts: Drafts,
        added: dict[SpanKey, c.AddSpan],
        guards: frozenset[str],
    ) -> None:
        """Look at ``world``; atoms of the predicates in ``guards`` stay as they are, ``added`` are new spans in it."""
        self.world = world
        self.scope = scope
        self.drafts = drafts
        self.added = added
        self.guards = guards
        self.matcher = world.matcher
        self.store = world.store
        self.members = world.members(scope)
        self.terms = Terms(self)
        self._known: dict[tuple[bool, str, tuple[object, ...]], Goal] = {}

    def leaf(self, change: c.Change) -> Goal:
        """Return the goal that a change is made; a change of a new span is another new span."""
        new = self.added.get(change.span)
        if new is None:
            return Leaf(change)
        if isinstance(change, c.RemoveSpan):
            return NEVER
        return Leaf(c.refined(new, change))

    def index(self, key: SpanKey) -> int | None:
        """Return the number of a span in this world."""
        return self.store.index.get(key)

    # --- atoms ----------------------------------------------------------------------------------------------------

    def hold(self, atom: Atom, binding: Binding) -> Goal:
        """Return the goal that ``atom`` holds for some values of its free variables."""
        return self._remembered(atom, binding, want=True)

    def fail(self, atom: Atom, binding: Binding) -> Goal:
        """Return the goal that ``atom`` holds for no values of its free variables."""
        return self._remembered(atom, binding, want=False)

    def _remembered(self, atom: Atom, binding: Binding, *, want: bool) -> Goal:
        pattern = self.matcher.pattern(atom, binding)
        key = (want, atom.predicate, pattern)
        if key not in self._known:
            self._known[key] = self._held(atom, binding) if want else self._failed(atom, binding)
        return self._known[key]

    def _held(self, atom: Atom, binding: Binding) -> Goal:
        if next(self.matcher.rows(atom, binding), None) is not None:
            return DONE
        if atom.predicate in EXTENSIONAL:
            return self._fact(atom, binding)
        if atom.predicate in self.guards:
            return NEVER
        if atom.predicate == self.world.plan.member.predicate:
            return self._joined(atom, binding)
        clauses = self.matcher.definitions.get(atom.predicate, ())
        pattern = self.matcher.pattern(atom, binding)
        if is_recursive(clauses):
            return self._below(pattern)
        started = ((clause, entered(clause, pattern)) for clause in clauses)
        return one_of(self._clause(clause, start) for clause, start in started if start is not None)

    def _failed(self, atom: Atom, binding: Binding) -> Goal:
        if next(self.matcher.rows(atom, binding), None) is None:
            return DONE
        if atom.predicate in self.guards:
            return NEVER
        rows = islice(self.matcher.rows(atom, binding), SOLUTIONS)
        if atom.predicate in EXTENSIONAL:
            return all_of(self._no_fact(atom.predicate, row) for row in rows)
        if atom.predicate == self.world.plan.member.predicate:
            return all_of(self._removed(row[1]) for row in rows)
        clauses = self.matcher.definitions.get(atom.predicate, ())
        pattern = self.matcher.pattern(atom, binding)
        if is_recursive(clauses):
            return all_of(self._not_below(row[0], row[1]) for row in rows)
        return all_of(
            one_of(self._literal(literal, clause, solution, want=False) for literal in clause.body)
            for clause in clauses
            if (start := entered(clause, pattern)) is not None
            for solution in islice(self.matcher.solutions(clause.body, start), SOLUTIONS)
        )

    # --- clauses --------------------------------------------------------------------------------------------------

    def sought(self, clause: Clause, start: Binding) -> tuple[Var, ...]:
        """Return the spans that a clause seeks for itself."""
        found = (
            var
            for literal in clause.body
            if isinstance(literal, Atom)
            for var in literal_variables(literal)
            if var.sort is Sort.SPAN and var not in start
        )
        return tuple(dict.fromkeys(found))

    def _clause(self, clause: Clause, start: Binding) -> Goal:
        free = self.sought(clause, start)
        if not free:
            return self.body(clause, start)
        goals = [self.body(clause, {**start, **chosen}) for chosen in self._chosen(clause, start, free)]
        for new in ([var] for var in free):
            others = [var for var in free if var not in new]
            goals.extend(
                self.drafts.goal(self, clause, {**start, **chosen}, new)
                for chosen in islice(self._chosen(clause, start, others), WITH_NEW)
            )
        if len(free) > 1:
            goals.append(self.drafts.goal(self, clause, start, free))
        return one_of(_cheapest(goals, ALTERNATIVES))

    def new_match(self, atom: Atom, element: Var, binding: Binding, copy: int) -> Goal:
        """Return the goal that a new span matches ``atom`` as its ``element``; copies differ from each other."""
        goals: list[Goal] = []
        for clause in self.matcher.definitions.get(atom.predicate, ()):
            known = {var: value for var, value in binding.items() if var != element}
            start = entered(clause, self.matcher.pattern(atom, known))
            if start is None:
                continue
            own = clause.head.args[atom.args.index(element)]
            if not isinstance(own, Var):
                continue
            others = [var for var in self.sought(clause, start) if var != own]
            goals.extend(
                self.drafts.goal(self, clause, {**start, **chosen}, [own], copy)
                for chosen in islice(self._chosen(clause, start, others), WITH_NEW)
            )
        return one_of(_cheapest(goals, ALTERNATIVES))

    def _chosen(self, clause: Clause, start: Binding, free: Sequence[Var]) -> Iterator[Binding]:
        """Yield bindings of the free variables to spans of the scope, those with least to change first."""
        if not free:
            yield {}
            return
        ranked = [sorted(self._possible(clause, start, var)) for var in free]
        pairs = sorted(islice(product(*ranked), COMBINATIONS), key=lambda combined: sum(cost for cost, _ in combined))
        for combined in pairs:
            yield {var: span for var, (_, span) in zip(free, combined, strict=True)}

    def _possible(self, clause: Clause, start: Binding, var: Var) -> Iterator[tuple[int, int]]:
        """Yield the spans that ``var`` could stand for, with what it takes as far as no other free variable says."""
        known = {*start, var}
        alone = [
            literal
            for literal in clause.body
            if not isinstance(literal, Aggregate)
            and all(other in known or other.sort is not Sort.SPAN for other in literal_variables(literal))
            # What an aggregate comes to is looked at when all is bound.
            and not any(other.sort is Sort.NUMBER for other in literal_variables(literal))
        ]
        for span in self.members:
            cost = 0
            bound: Binding = {**start, var: span}
            for literal in alone:
                extended = self._extended(literal, bound)
                if extended is not None:
                    bound = extended
                    continue
                cost += cheapest(self._literal(literal, clause, bound, want=True))[0]
            if cost < IMPOSSIBLE:
                yield cost, span

    def _extended(self, literal: Literal, binding: Binding) -> Binding | None:
        if any(var not in binding for var in _read(literal)):
            return None
        return next(self.matcher.extend(literal, binding), None)

    def body(self, clause: Clause, binding: Binding) -> Goal:
        """Return the goal that every literal of a clause holds, its spans being bound."""
        goals: list[Goal] = []
        for literal in clause.body:
            extended = self._extended(literal, binding)
            if extended is not None:
                binding = extended
                continue
            goal = self._literal(literal, clause, binding, want=True)
            if goal == NEVER:
                return NEVER
            goals.append(goal)
            if isinstance(literal, Atom) and literal.predicate == "event":
                # What is asked of an event that is not there went into the one that is to be added.
                break
        return all_of(goals)

    def _literal(self, literal: Literal, clause: Clause, binding: Binding, *, want: bool) -> Goal:
        if any(var not in binding for var in _read(literal)):
            return NEVER
        match literal:
            case Atom(predicate="event") if want and next(self.matcher.rows(literal, binding), None) is None:
                return self._event(literal, clause, binding)
            case Atom():
                return self.hold(literal, binding) if want else self.fail(literal, binding)
            case Compare(left=Var() as left, right=Var()) if left.sort is not Sort.NUMBER:
                return DONE if (next(self.matcher.extend(literal, binding), None) is not None) is want else NEVER
            case Compare() | Present():
                return self.terms.compared(literal, clause, binding, want=want)
            case Not(literal=inner):
                return self._literal(inner, clause, binding, want=not want)
            case Aggregate():
                return DONE if want and next(self.matcher.extend(literal, binding), None) is not None else NEVER
            case _:
                assert_never(literal)

    # --- facts ----------------------------------------------------------------------------------------------------

    def _fact(self, atom: Atom, binding: Binding) -> Goal:
        pattern = self.matcher.pattern(atom, binding)
        match atom.predicate, pattern:
            case "parent", (int() as span, int() as parent):
                return self.child_of(span, parent)
            case "parent_ref", (int() as span, str() as ref):
                trace_id, _, parent_id = ref.rpartition(":")
                same = self.store.spans[span].trace_id == trace_id
                return self.reparented(span, parent_id) if same else NEVER
            case "link", (int() as span, int() as other):
                return self.leaf(c.AddLink(self.store.spans[span].key, self.store.spans[other].key))
            case "text", (int() as span, str() as space, str() as key, str() as text):
                return self.terms.set_field(Field(_SPAN, space, key), {_SPAN: span}, [text])
            case _:
                return NEVER

    def _no_fact(self, predicate: str, row: tuple[Ground, ...]) -> Goal:
        match predicate, row:
            case "span", (_, int() as span, _):
                return self._removed(span)
            case "parent" | "parent_ref", (int() as span, _):
                parent = self.store.parent.get(span)
                return self.reparented(span, None if parent is None else self.store.spans[parent].parent_id)
            case "event", (int() as span, (_, int() as number), _):
                return self.leaf(c.RemoveEvent(self.store.spans[span].key, number))
            case _:
                return NEVER

    def _removed(self, span: Ground) -> Goal:
        return self.leaf(c.RemoveSpan(self.store.spans[span].key)) if isinstance(span, int) else NEVER

    def _joined(self, atom: Atom, binding: Binding) -> Goal:
        """Return the goal that a span belongs to a scope."""
        scope, span = self.matcher.pattern(atom, binding)
        key = self.world.plan.scope_key
        if key is None or not isinstance(span, int) or not isinstance(scope, str):
            return NEVER
        return self.terms.set_field(key, {key.of: span}, [scope])

    def _event(self, atom: Atom, clause: Clause, binding: Binding) -> Goal:
        """Return the goal that a span has an event, with what the rest of the clause asks of it."""
        span, event, name = atom.args
        index = binding.get(span) if isinstance(span, Var) else None
        if not isinstance(index, int) or not isinstance(name, Const) or not isinstance(event, Var):
            return NEVER
        attributes: dict[str, Value] = {}
        for literal in clause.body:
            for key, value in _asked(literal, event):
                attributes.setdefault(key, value)
        owner = self.store.spans[index]
        return self.leaf(c.AddEvent(owner.key, Event(str(name.value), owner.start, attributes)))

    # --- the tree -------------------------------------------------------------------------------------------------

    def child_of(self, span: int, parent: int) -> Goal:
        """Return the goal that a span is a child of another of its trace."""
        one, other = self.store.spans[span], self.store.spans[parent]
        return self.reparented(span, other.span_id) if one.trace_id == other.trace_id else NEVER

    def reparented(self, span: int, parent_id: str | None) -> Goal:
        """Return the goal that a span has another parent; never one that is below it."""
        own = self.store.spans[span]
        if parent_id in {own.span_id, own.parent_id}:
            return NEVER
        if parent_id is not None:
            parent = self.store.index.get(SpanKey(own.trace_id, parent_id))
            if parent is not None and span in self.matcher.above(parent):
                return NEVER
        return self.leaf(c.Reparent(own.key, parent_id))

    def below_the_top(self, span: int) -> Goal:
        """Return the goal that a span hangs under the topmost span of its trace."""
        own = self.store.spans[span]
        tops = (top for top in self.store.trace(span).topmost if top.span_id != own.span_id)
        return one_of(islice((self.reparented(span, top.span_id) for top in tops), 1))

    def _below(self, pattern: Sequence[Ground | None]) -> Goal:
        below, above = pattern
        return self.child_of(below, above) if isinstance(below, int) and isinstance(above, int) else NEVER

    def _not_below(self, below: Ground, above: Ground) -> Goal:
        if not isinstance(below, int) or not isinstance(above, int):
            return NEVER
        return self.reparented(below, self.store.spans[above].parent_id)


_SPAN: Final = Var("S", Sort.SPAN)


def _read(literal: Literal) -> Iterator[Var]:
    """Yield the variables that have to be bound before a literal can be looked at."""
    match literal:
        case Compare() | Present():
            yield from literal_variables(literal)
        case Not(literal=inner):
            yield from _read(inner)
        case Atom() | Aggregate():
            return


def _asked(literal: Literal, event: Var) -> Iterator[tuple[str, Value]]:
    """Yield the attributes that a literal asks of an event, as far as they are told as constants."""
    match literal:
        case Compare(left=Field(of=of, space="event", key=key), op=op, right=Const(value=value)) if of == event:
            if op in {"==", "<=", ">=", "contains", "starts_with", "ends_with"}:
                yield key, value
            elif op == "in" and isinstance(value, tuple) and value:
                yield key, value[0]
            elif op in {"<", ">"} and literal.mode is Mode.NUMBER and isinstance(value, int):
                yield key, value + (1 if op == ">" else -1)
        case Present(term=Field(of=of, space="event", key=key)) if of == event:
            yield key, "1"
        case _:
            return


def _cheapest(goals: Sequence[Goal], count: int) -> list[Goal]:
    costs = [(cheapest(goal)[0], number) for number, goal in enumerate(goals)]
    return [goals[number] for cost, number in sorted(costs)[:count] if cost < IMPOSSIBLE]
