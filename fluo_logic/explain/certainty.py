"""How sure a failure is: three-valued evaluation of a program where something may be missing from the data.

A failure that rests on presence is a violation.  One that rests on a span not being there, in a scope of which a trace
has a hole, or that a span of the future could still mend before its deadline, is not.  The value of an atom is the
least that every completion of the data agrees on (Kleene's strong logic), computed over the clauses from the top down:
a variable over spans also takes the value UNKNOWN_SPAN, of which nothing is known but that it is in the scope.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, TypeAlias, assert_never

from fluo_logic.explain.matching import Matcher
from fluo_logic.facts.schema import EXTENSIONAL
from fluo_logic.facts.store import Ground
from fluo_logic.facts.terms import holds
from fluo_logic.logic import (
    Aggregate,
    Arith,
    Atom,
    Clause,
    Compare,
    Const,
    Field,
    Literal,
    Not,
    Present,
    RulePlan,
    Sort,
    Term,
    Var,
    term_variables,
)
from fluo_logic.values import Number, Value, as_number


class Truth(IntEnum):
    """Kleene's truth values; conjunction is the minimum, disjunction the maximum."""

    FALSE = 0
    UNKNOWN = 1
    TRUE = 2


UNKNOWN_SPAN: Final = -1
"""The index of a span that is not in the data but could be."""
KINDS: Final = ("deadline", "hole", "dropped", "clock-skew")
"""What a value can be unknown for."""

Binding: TypeAlias = Mapping[Var, "Ground | Value | Bound"]


@dataclass(frozen=True, slots=True)
class Bound:
    """The result of an aggregate of which only a lower bound is known; None where nothing is."""

    least: Number | None


@dataclass(frozen=True, slots=True)
class Doubts:
    """What may be unknown in a scope.

    ``now``, where given, is the end of the data: spans that start after it may still appear, but only inside a
    ``before`` or ``after … within``.  ``hole`` says that spans may be missing.  ``dropped`` says that a value missing
    on a span that dropped attributes may have been there.  ``skew`` (nanoseconds) is by how much clocks of different
    services may differ.
    """

    now: int | None = None
    hole: bool = False
    dropped: bool = False
    skew: int = 0


class Judge:
    """Evaluates atoms of one rule in one scope under doubts."""

    def __init__(self, matcher: Matcher, plan: RulePlan, members: Sequence[int], doubts: Doubts) -> None:
        """Prepare for a scope whose spans are ``members``."""
        self.matcher = matcher
        self.store = matcher.store
        self.plan = plan
        self.members = members
        self.doubts = doubts
        self.memo: dict[tuple[str, tuple[object, ...]], Truth] = {}

    def truth(self, atom: Atom, binding: Binding) -> Truth:
        """Return the truth of a defined atom all of whose variables are bound."""
        key = (atom.predicate, tuple(binding[arg] if isinstance(arg, Var) else arg.value for arg in atom.args))
        if key not in self.memo:
            self.memo[key] = self._define(atom, key[1])
        return self.memo[key]

    def _define(self, atom: Atom, values: tuple[object, ...]) -> Truth:
        clauses = self.matcher.definitions[atom.predicate]
        if any(atom.predicate == used.predicate for clause in clauses for used in _atoms(clause.body)):
            return self._closure(values)
        best = Truth.FALSE
        for clause in clauses:
            start: dict[Var, Ground | Value | Bound] = {}
            clash = False
            for head, value in zip(clause.head.args, values, strict=True):
                if isinstance(head, Const):
                    clash |= head.value != value
                else:
                    clash |= start.setdefault(head, value) != value  # type: ignore[arg-type]
            if not clash:
                best = max(best, self._body(clause, clause.body, start, Truth.TRUE, best))
            if best is Truth.TRUE:
                break
        return best

    def _body(self, clause: Clause, body: Sequence[Literal], binding: Binding, so_far: Truth, enough: Truth) -> Truth:
        """Return the greatest truth of a body over the bindings of its other variables, once it exceeds ``enough``."""
        if so_far <= enough:
            return enough
        if not body:
            return so_far
        best = enough
        for truth, extended in self._extend(clause, body[0], binding):
            best = max(best, self._body(clause, body[1:], extended, min(so_far, truth), best))
            if best is so_far:
                break
        return best

    # --- literals -------------------------------------------------------------------------------------------------

    def _extend(self, clause: Clause, literal: Literal, binding: Binding) -> Iterable[tuple[Truth, Binding]]:
        """Yield the ways to bind a literal's free variables, each with its truth; false ones may be left out."""
        match literal:
            case Atom(predicate=predicate) if predicate in {self.plan.scope.predicate, self.plan.when.predicate}:
                yield Truth.TRUE, binding
            case Atom(predicate=predicate, args=(_, Var() as span)) if predicate == self.plan.member.predicate:
                if span in binding:
                    yield Truth.TRUE, binding
                else:
                    yield from ((Truth.TRUE, {**binding, span: member}) for member in self._candidates(clause, span))
            case Atom(predicate=predicate) if predicate in EXTENSIONAL:
                yield from self._fact(literal, binding)
            case Atom():
                yield from self._derived(clause, literal, binding)
            case Compare() | Present():
                yield self._compare(clause, literal, binding), binding
            case Not(literal=inner):
                positive = max((truth for truth, _ in self._extend(clause, inner, binding)), default=Truth.FALSE)
                yield Truth(Truth.TRUE - positive), binding
            case Aggregate(result=result):
                value = self._aggregate(literal, binding)
                if value is not None:
                    yield Truth.TRUE, {**binding, result: value}
            case _:
                assert_never(literal)

    def _candidates(self, clause: Clause, span: Var) -> Iterable[int]:
        yield from self.members
        if self.doubts.hole or (self.doubts.now is not None and _has_deadline(clause, span)):
            yield UNKNOWN_SPAN

    def _derived(self, clause: Clause, atom: Atom, binding: Binding) -> Iterable[tuple[Truth, Binding]]:
        free = next((arg for arg in atom.args if isinstance(arg, Var) and arg not in binding), None)
        if free is None:
            yield self.truth(atom, binding), binding
        elif free.sort is Sort.SPAN:
            for member in self._candidates(clause, free):
                yield from self._derived(clause, atom, {**binding, free: member})
        else:
            for row in self.matcher.rows(atom, _known(binding)):
                yield Truth.TRUE, {**binding, **dict(self.matcher.bind(atom, row, {}))}

    def _fact(self, atom: Atom, binding: Binding) -> Iterable[tuple[Truth, Binding]]:
        spans = [arg for arg in atom.args if isinstance(arg, Var) and arg.sort is Sort.SPAN]
        unknown = any(binding.get(span) == UNKNOWN_SPAN for span in spans)
        if unknown or any(isinstance(binding.get(arg), Bound) for arg in atom.args if isinstance(arg, Var)):
            yield self._unknown_fact(atom, binding), self._blank(atom, binding)
            return
        found = False
        for row in self.matcher.rows(atom, _known(binding)):
            found = True
            yield Truth.TRUE, {**binding, **dict(self.matcher.bind(atom, row, {}))}
        if not found and self._may_have_dropped(atom, binding):
            yield Truth.UNKNOWN, self._blank(atom, binding)

    def _blank(self, atom: Atom, binding: Binding) -> Binding:
        """Return the binding with the atom's free variables bound to something unknown."""
        free = [arg for arg in atom.args if isinstance(arg, Var) and arg not in binding]
        return {**binding, **{var: UNKNOWN_SPAN if var.sort is Sort.SPAN else Bound(None) for var in free}}

    def _unknown_fact(self, atom: Atom, binding: Binding) -> Truth:
        """Return the truth of a fact about a span that is not in the data."""
        first = binding.get(atom.args[0]) if isinstance(atom.args[0], Var) else None
        if first == UNKNOWN_SPAN or not isinstance(first, int):
            return Truth.UNKNOWN
        match atom.predicate:
            case "parent":
                return Truth.UNKNOWN if self._unresolved(first) else Truth.FALSE
            case "parent_ref":
                return Truth.FALSE if self.store.spans[first].parent_id is None else Truth.UNKNOWN
            case "link":
                dangling = any(
                    (link.trace_id, link.span_id) not in self.store.index for link in self.store.spans[first].links
                )
                return Truth.UNKNOWN if dangling else Truth.FALSE
            case _:
                return Truth.UNKNOWN

    def _may_have_dropped(self, atom: Atom, binding: Binding) -> bool:
        if not self.doubts.dropped or not isinstance(atom.args[0], Var):
            return False
        first = binding.get(atom.args[0])
        if not isinstance(first, int) or first == UNKNOWN_SPAN:
            return False
        span = self.store.spans[first]
        return (atom.predicate == "event" and span.dropped_events > 0) or (
            atom.predicate == "link" and span.dropped_links > 0
        )

    def _unresolved(self, span: int) -> bool:
        return self.store.spans[span].parent_id is not None and span not in self.store.parent

    def _closure(self, values: tuple[object, ...]) -> Truth:
        """Return the truth of ``descendant(below, above)``, the one recursive predicate."""
        below, above = values
        if not isinstance(below, int) or below == UNKNOWN_SPAN:
            return Truth.UNKNOWN
        seen = {below}
        while below in self.store.parent:
            below = self.store.parent[below]
            if below == above:
                return Truth.TRUE
            if below in seen:
                return Truth.FALSE
            seen.add(below)
        doubtful = self.doubts.hole or self.doubts.now is not None
        return Truth.UNKNOWN if doubtful and self._unresolved(below) else Truth.FALSE

    # --- comparisons ----------------------------------------------------------------------------------------------

    def _compare(self, clause: Clause, literal: Compare | Present, binding: Binding) -> Truth:
        terms = (literal.term,) if isinstance(literal, Present) else (literal.left, literal.right)
        if isinstance(literal, Compare) and isinstance(literal.left, Var) and isinstance(literal.right, Var):
            sides = [binding[literal.left], binding[literal.right]]
            if UNKNOWN_SPAN in sides:
                return Truth.UNKNOWN if sides[0] == sides[1] else Truth.FALSE
        bounds = [value for term in terms for var in term_variables(term) if isinstance(value := binding[var], Bound)]
        if bounds:
            return _bounded(literal, binding)
        if isinstance(literal, Compare) and self.doubts.now is not None and _has_deadline(clause, None):
            judged = self._deadline(literal, binding)
            if judged is not None:
                return judged
        if any(binding[var] == UNKNOWN_SPAN for term in terms for var in term_variables(term) if var.sort is Sort.SPAN):
            return Truth.UNKNOWN
        if self.doubts.dropped and any(self._dropped(term, binding) for term in terms):
            return Truth.UNKNOWN
        if isinstance(literal, Compare) and self.doubts.skew and self._within_skew(literal, binding):
            return Truth.UNKNOWN
        return Truth.TRUE if holds(literal, _known(binding), self.store) else Truth.FALSE

    def _deadline(self, literal: Compare, binding: Binding) -> Truth | None:
        """Compare times of which one may lie after the data's end; None where none does."""
        left, right = (self._future(term, binding) for term in (literal.left, literal.right))
        now = self.doubts.now
        if now is None or left is None or right is None:
            return None
        (left_time, left_open), (right_time, right_open) = left, right
        if not (left_open or right_open) or literal.op not in {"<", "<="}:
            return None
        if left_open:
            # The left side is later than `left_time`, by any amount.
            return Truth.UNKNOWN if right_open or right_time > left_time else Truth.FALSE
        return Truth.TRUE if left_time <= right_time else Truth.UNKNOWN

    def _future(self, term: Term, binding: Binding) -> tuple[int, bool] | None:
        """Return a time, or the time after which it lies (True); None for what is no time."""
        match term:
            case Field(of=of, space="intrinsic", key="span:start" | "span:end" as key) if self.doubts.now is not None:
                span = binding[of]
                if span == UNKNOWN_SPAN:
                    return self.doubts.now, True
                value = self.store.field(span, "intrinsic", key) if isinstance(span, int) else None
                if isinstance(value, int):
                    return value, False
                return (self.doubts.now, True) if key == "span:end" else None
            case Arith(op="+", left=left, right=Const(value=int() as shift)):
                base = self._future(left, binding)
                return None if base is None else (base[0] + shift, base[1])
            case _:
                return None

    def _dropped(self, term: Term, binding: Binding) -> bool:
        match term:
            case Field(of=of, space="attribute", key=key):
                span = binding[of]
                if not isinstance(span, int) or span == UNKNOWN_SPAN:
                    return False
                return (
                    self.store.spans[span].dropped_attributes > 0 and self.store.field(span, "attribute", key) is None
                )
            case Arith(left=left, right=right):
                return self._dropped(left, binding) or self._dropped(right, binding)
            case _:
                return False

    def _within_skew(self, literal: Compare, binding: Binding) -> bool:
        """Return whether an order of times of two services has a margin below the clock skew."""
        sides = [_time_field(literal.left), _time_field(literal.right)]
        if sides[0] is None or sides[1] is None or literal.op not in {"<", "<=", ">", ">="}:
            return False
        services, times = [], []
        for field, shift in sides:  # type: ignore[misc]
            span = binding[field.of]
            value = self.store.field(span, "intrinsic", field.key) if isinstance(span, int) else None
            if not isinstance(span, int) or not isinstance(value, int):
                return False
            services.append(self.store.spans[span].resource.service)
            times.append(value + shift)
        return services[0] != services[1] and abs(times[0] - times[1]) < self.doubts.skew

    # --- aggregates -----------------------------------------------------------------------------------------------

    def _aggregate(self, literal: Aggregate, binding: Binding) -> Number | Bound | None:
        """Return the value of an aggregate, or what is known of it where elements are in doubt."""
        clauses = self.matcher.definitions[literal.over.predicate]
        elements: list[int] = []
        doubtful = False
        unknown_too = self.doubts.hole or (
            self.doubts.now is not None and any(_has_deadline(clause, None) for clause in clauses)
        )
        for member in (*self.members, *([UNKNOWN_SPAN] if unknown_too else [])):
            truth = self.truth(literal.over, {**binding, literal.element: member})
            if truth is Truth.TRUE:
                elements.append(member)
            doubtful |= truth is Truth.UNKNOWN
        if self.doubts.dropped and literal.target is not None:
            doubtful |= any(self._dropped(literal.target, {literal.element: span}) for span in elements)
        value = self.matcher.taken(literal, elements).value
        if not doubtful:
            return value
        return Bound(value if literal.function in {"count", "count distinct"} else None)


def _known(binding: Binding) -> dict[Var, Ground | Value]:
    return {var: value for var, value in binding.items() if not isinstance(value, Bound) and value != UNKNOWN_SPAN}


def _atoms(body: Sequence[Literal]) -> Iterable[Atom]:
    return (literal for literal in body if isinstance(literal, Atom))


def _has_deadline(clause: Clause, span: Var | None) -> bool:
    """Return whether a body holds the ``within`` of a ``before`` or ``after`` (that involves ``span``)."""
    for literal in clause.body:
        match literal:
            case Compare(left=Field(of=one), right=Arith(op="+", left=Field(of=two), right=Const())):
                if span is None or span in {one, two}:
                    return True
            case _:
                continue
    return False


def _time_field(term: Term) -> tuple[Field, int] | None:
    match term:
        case Field(space="intrinsic", key="span:start" | "span:end"):
            return term, 0
        case Arith(
            op="+", left=Field(space="intrinsic", key="span:start" | "span:end") as field, right=Const(value=int(n))
        ):
            return field, n
        case _:
            return None


def _bounded(literal: Compare | Present, binding: Binding) -> Truth:
    """Compare a value of which only a lower bound is known with a constant number."""
    match literal:
        case Compare(left=Var() as var, op=op, right=Const(value=value)):
            bound = binding[var]
        case _:
            return Truth.UNKNOWN
    number = as_number(value)
    if not isinstance(bound, Bound) or bound.least is None or number is None:
        return Truth.UNKNOWN
    match op:
        case ">":
            return Truth.TRUE if bound.least > number else Truth.UNKNOWN
        case ">=":
            return Truth.TRUE if bound.least >= number else Truth.UNKNOWN
        case "<":
            return Truth.FALSE if bound.least >= number else Truth.UNKNOWN
        case "<=" | "==":
            return Truth.FALSE if bound.least > number else Truth.UNKNOWN
        case _:
            return Truth.UNKNOWN
