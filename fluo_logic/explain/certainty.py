"""How sure a failure is: three-valued evaluation of a program where something may be missing from the data.

A failure that rests on presence is a violation.  One that rests on a span not being there, in a scope of which a trace
has a hole, or that a span of the future could still mend before its deadline, is not.  The value of an atom is the
least that every completion of the data agrees on (Kleene's strong logic), computed over the clauses from the top down:
a variable over spans also takes the value UNKNOWN_SPAN, of which nothing is known but that it is in the scope.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import assert_never

from fluo_logic.explain.doubts import SOMETHING, UNKNOWN_SPAN, Binding, Doubts, Outlook, ties
from fluo_logic.explain.matching import Matcher
from fluo_logic.explain.possible import Element, Exactly, Possible, Sizes, Truth, bounds
from fluo_logic.facts.schema import EXTENSIONAL
from fluo_logic.facts.store import Ground
from fluo_logic.logic import (
    Aggregate,
    Atom,
    Clause,
    Compare,
    Const,
    Literal,
    Not,
    Present,
    RulePlan,
    Sort,
    Var,
    is_recursive,
)
from fluo_logic.values import Value


class Judge:
    """Evaluates atoms of one rule in one scope under doubts."""

    def __init__(self, matcher: Matcher, plan: RulePlan, members: Sequence[int], doubts: Doubts) -> None:
        """Prepare for a scope whose spans are ``members``."""
        self.matcher = matcher
        self.store = matcher.store
        self.plan = plan
        self.members = members
        self.doubts = doubts
        self.outlook = Outlook(matcher.store, doubts)
        self.memo: dict[tuple[str, tuple[object, ...], Var | None], Truth] = {}

    def truth(self, atom: Atom, binding: Binding, loose: Var | None = None) -> Truth:
        """Return the truth of a defined atom all of whose variables are bound.

        A span of the future that an argument stands for has met its deadline elsewhere, unless it is ``loose``.
        """
        key = (atom.predicate, tuple(binding[arg] if isinstance(arg, Var) else arg.value for arg in atom.args), loose)
        if key not in self.memo:
            position = atom.args.index(loose) if loose is not None else None
            self.memo[key] = self._define(atom, key[1], position)
        return self.memo[key]

    def _define(self, atom: Atom, values: tuple[object, ...], loose: int | None) -> Truth:
        clauses = self.matcher.definitions[atom.predicate]
        if is_recursive(clauses):
            return self.outlook.ancestry(values)
        best = Truth.FALSE
        for clause in clauses:
            start: dict[Var, Ground | Value | Possible] = {}
            clash = False
            for head, value in zip(clause.head.args, values, strict=True):
                if isinstance(head, Const):
                    clash |= head.value != value
                else:
                    clash |= start.setdefault(head, value) != value  # type: ignore[arg-type]
            if not clash:
                settled = {var for position, var in enumerate(clause.head.args) if position != loose}
                best = max(best, self._body(clause, clause.body, start, Truth.TRUE, best, frozenset(settled)))
            if best is Truth.TRUE:
                break
        return best

    def _body(
        self,
        clause: Clause,
        body: Sequence[Literal],
        binding: Binding,
        so_far: Truth,
        enough: Truth,
        settled: frozenset[Var | Const],
    ) -> Truth:
        """Return the greatest truth of a body over the bindings of its other variables, once it exceeds ``enough``."""
        if so_far <= enough:
            return enough
        if not body:
            return so_far if self._in_time(clause, binding, settled) else enough
        best = enough
        for truth, extended in self._extend(clause, body[0], binding):
            best = max(best, self._body(clause, body[1:], extended, min(so_far, truth), best, settled))
            if best is so_far:
                break
        return best

    def _in_time(self, clause: Clause, binding: Binding, settled: frozenset[Var | Const]) -> bool:
        """Return whether each span of the future that the body found has a deadline.

        It has one where a ``within`` of the body ties it to a span that is there, or to one of the future that has one.
        """
        if self.doubts.now is None:
            return True
        future = {var for var, value in binding.items() if var.sort is Sort.SPAN and value == UNKNOWN_SPAN}
        loose = future - settled
        pairs = list(ties(clause))
        while loose:
            tied = {
                var
                for var in loose
                if any(var in tie and not (tie - {var}) & loose for tie in pairs)
                or self._tied_inside(clause, var, binding)
            }
            if not tied:
                return False
            loose -= tied
        return True

    def _tied_inside(self, clause: Clause, var: Var, binding: Binding) -> bool:
        """Return whether a branch of an ``or`` that binds ``var`` gives it a deadline."""
        return any(self.truth(atom, binding, var) is not Truth.FALSE for atom in self._branches(clause, var))

    def _branches(self, clause: Clause, var: Var) -> Iterable[Atom]:
        """Yield the atoms of a body that stand for an ``or`` with a deadline in some branch and mention ``var``."""
        for atom in _atoms(clause.body):
            branches = self.matcher.definitions.get(atom.predicate, ())
            if var in atom.args and any(any(ties(branch)) for branch in branches) and not is_recursive(branches):
                yield atom

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
                    for member in self._candidates(clause, span):
                        there = Truth.UNKNOWN if member == UNKNOWN_SPAN else Truth.TRUE
                        yield there, {**binding, span: member}
            case Atom(predicate=predicate) if predicate in EXTENSIONAL:
                yield from self._fact(literal, binding)
            case Atom():
                yield from self._derived(clause, literal, binding)
            case Compare() | Present():
                yield self.outlook.compare(literal, binding, deadline=any(ties(clause))), binding
            case Not(literal=inner):
                positive = max((truth for truth, _ in self._extend(clause, inner, binding)), default=Truth.FALSE)
                yield Truth(Truth.TRUE - positive), binding
            case Aggregate(result=result):
                yield Truth.TRUE, {**binding, result: self._aggregate(literal, binding)}
            case _:
                assert_never(literal)

    def _candidates(self, clause: Clause, span: Var) -> Iterable[int]:
        yield from self.members
        tied = any(span in tie for tie in ties(clause)) or any(self._branches(clause, span))
        if self.doubts.hole or (self.doubts.now is not None and tied):
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
        if unknown or any(binding.get(arg) == SOMETHING for arg in atom.args if isinstance(arg, Var)):
            yield self.outlook.unknown_fact(atom, binding), self._blank(atom, binding)
            return
        for row in self.matcher.rows(atom, _known(binding)):
            yield Truth.TRUE, {**binding, **dict(self.matcher.bind(atom, row, {}))}
        if self.outlook.may_have_dropped(atom, binding):
            yield Truth.UNKNOWN, self._blank(atom, binding)

    def _blank(self, atom: Atom, binding: Binding) -> Binding:
        """Return the binding with the atom's free variables bound to something unknown."""
        free = [arg for arg in atom.args if isinstance(arg, Var) and arg not in binding]
        return {**binding, **{var: UNKNOWN_SPAN if var.sort is Sort.SPAN else SOMETHING for var in free}}

    # --- aggregates -----------------------------------------------------------------------------------------------

    def _aggregate(self, literal: Aggregate, binding: Binding) -> Possible:
        """Return what an aggregate may come to."""
        unseen = False
        elements: list[tuple[int, Element]] = []
        for member in (*self.members, UNKNOWN_SPAN):
            if member == UNKNOWN_SPAN and not (self.doubts.hole or self.doubts.now is not None):
                continue
            truth = self.truth(literal.over, {**binding, literal.element: member}, literal.element)
            if truth is Truth.FALSE:
                continue
            if member == UNKNOWN_SPAN:
                unseen = True
                continue
            value = (
                Exactly(None)
                if literal.target is None
                else self.outlook.possible(literal.target, {literal.element: member})
            )
            elements.append((member, Element(truth is Truth.TRUE, value)))
        if not unseen and all(element.certain and isinstance(element.value, Exactly) for _, element in elements):
            return Exactly(self.matcher.taken(literal, [member for member, _ in elements]).value)
        windowed = literal.window is not None
        found = [element for _, element in elements]
        return bounds(literal.function, found, unseen=unseen, windowed=windowed, sizes=self._sizes(literal, elements))

    def _sizes(self, literal: Aggregate, elements: Sequence[tuple[int, Element]]) -> Sizes:
        """Return the least and the most that a count over the elements may come to."""
        if literal.function not in {"count", "count distinct"}:
            return Sizes(0, 0)
        certain = [member for member, element in elements if element.certain]
        least = self.matcher.taken(literal, certain).value or 0
        # A value that is not known may be one that no other element has.
        apart = {
            member: f"\0unknown {member}" for member, element in elements if not isinstance(element.value, Exactly)
        }
        most = self.matcher.taken(literal, [member for member, _ in elements], apart).value or 0
        return Sizes(least, most)


def _known(binding: Binding) -> dict[Var, Ground | Value]:
    return {
        var: value
        for var, value in binding.items()
        if isinstance(value, str | int | float | tuple) and value not in {UNKNOWN_SPAN, SOMETHING}
    }


def _atoms(body: Sequence[Literal]) -> Iterable[Atom]:
    return (literal for literal in body if isinstance(literal, Atom))
