"""What a proof needs to know of clauses: which literals speak, and which spans a body finds for itself."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from fluo_logic.explain.matching import Binding, Matcher
from fluo_logic.logic import (
    Aggregate,
    Atom,
    Clause,
    Compare,
    Const,
    Literal,
    Not,
    RulePlan,
    Sort,
    Var,
    literal_variables,
)


class Bodies:
    """Reads the clauses of one rule."""

    def __init__(self, plan: RulePlan, matcher: Matcher) -> None:
        """Keep the names of what is said once for a whole proof: that the scope is one, and that ``when`` matches."""
        self.matcher = matcher
        self.spans: dict[int, frozenset[Var]] = {}
        self.sought: dict[int, frozenset[Var]] = {}
        self.guard = plan.when.predicate
        self.hidden = frozenset({plan.scope.predicate, plan.member.predicate, plan.when.predicate})

    def entered(self, atom: Atom, binding: Binding) -> Iterator[tuple[int, Clause, Binding]]:
        """Yield the clauses of a defined atom whose heads fit its arguments: number, clause, binding of the head."""
        pattern = self.matcher.pattern(atom, binding)
        for number, clause in enumerate(self.matcher.definitions[atom.predicate]):
            start: dict[Var, object] = {}
            for head, known in zip(clause.head.args, pattern, strict=True):
                if known is None:
                    continue
                if known != (head.value if isinstance(head, Const) else start.setdefault(head, known)):
                    break
            else:
                yield number, clause, start  # type: ignore[misc]

    def silent(self, literal: Literal) -> bool:
        """Return whether a literal says nothing of its own, as the guard does, or that a variable is no other."""
        match literal:
            case Atom(predicate=predicate):
                return predicate in self.hidden
            case Aggregate():
                return True
            case Not(literal=Compare(left=Var(), right=Var(), origin=origin)):
                # The distinctness that a relation implies; `$x is not $y` is written by the author and shown.
                return origin is None or " is not " not in origin.text
            case _:
                return False

    def _is_guard(self, literal: Literal) -> bool:
        return isinstance(literal, Atom) and literal.predicate == self.guard

    def extend(self, clause: Clause, literal: Literal, binding: Binding) -> Iterator[Binding]:
        """Yield the ways in which a literal of a body holds; one of a guard that binds nothing the body asks about."""
        extensions = self.matcher.extend(literal, binding)
        if not self._is_guard(literal):
            return extensions
        free = {var for var in literal_variables(literal) if var not in binding}
        used = any(var in free for other in clause.body if other is not literal for var in literal_variables(other))
        return extensions if used else islice(extensions, 1)

    def solutions(self, clause: Clause, binding: Binding, position: int = 0) -> Iterator[Binding]:
        """Yield the bindings under which a body holds from a position on, in a fixed order."""
        if position == len(clause.body):
            yield binding
            return
        for extended in self.extend(clause, clause.body[position], binding):
            yield from self.solutions(clause, extended, position + 1)

    def ready(self, clause: Clause, literal: Literal, binding: Binding) -> bool:
        """Return whether what other literals bind for this one is bound; a literal that fails binds nothing."""
        free = {var for var in literal_variables(literal) if var not in binding}
        return not any(var in free for other in clause.body if other is not literal for var in literal_variables(other))

    def seeks(self, clause: Clause, start: Binding) -> bool:
        """Return whether the body looks for a span that its head does not give."""
        sought = self.sought.get(id(clause))
        if sought is None:
            said = [
                literal for literal in clause.body if not isinstance(literal, Aggregate) and not self._is_guard(literal)
            ]
            sought = self.sought[id(clause)] = frozenset(
                var for literal in said for var in literal_variables(literal) if var.sort is Sort.SPAN
            )
        return not sought <= start.keys()

    def constrains(self, literal: Literal, start: Binding) -> bool:
        """Return whether a literal asks something of a span that the body looks for."""
        if self.silent(literal):
            return False
        return any(var.sort is Sort.SPAN and var not in start for var in literal_variables(literal))

    def found(self, clause: Clause, solution: Binding, start: Binding) -> Iterator[tuple[Var, int]]:
        """Yield the spans that a body found for itself, with their variables."""
        own = self._spans_of(clause)
        for var, value in solution.items():
            if var.sort is Sort.SPAN and var in own and var not in start and isinstance(value, int):
                yield var, value

    def _spans_of(self, clause: Clause) -> frozenset[Var]:
        """Return the variables over spans that a body has outside its guard."""
        found = self.spans.get(id(clause))
        if found is None:
            said = [literal for literal in clause.body if not self._is_guard(literal)]
            found = self.spans[id(clause)] = frozenset(
                var for literal in said for var in literal_variables(literal) if var.sort is Sort.SPAN
            )
        return found
