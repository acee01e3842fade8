"""Which span names a variable of a clause can stand for: what facts about spans of other names nobody can see.

A span atom with a constant name allows that name, a defined predicate allows what some clause of it allows, and a body
allows what all its atoms do.  None stands for every name.  The least solution is found by iteration from below.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from fluo_logic.logic import Aggregate, Atom, Const, Literal, Program, Var

Names: TypeAlias = frozenset[str] | None


class NameTable:
    """The names that each argument of each defined predicate allows."""

    def __init__(self, program: Program) -> None:
        """Solve for ``program``."""
        self.allowed: dict[tuple[str, int], Names] = {
            (clause.head.predicate, position): frozenset()
            for clause in program.clauses
            for position in range(len(clause.head.args))
        }
        changed = True
        while changed:
            changed = False
            for clause in program.clauses:
                for position, arg in enumerate(clause.head.args):
                    key = (clause.head.predicate, position)
                    found = self.of(arg, clause.body) if isinstance(arg, Var) else None
                    merged = _union(self.allowed[key], found)
                    if merged != self.allowed[key]:
                        self.allowed[key] = merged
                        changed = True

    def of(self, var: Var, body: Iterable[Literal]) -> Names:
        """Return the names that a body allows for a variable."""
        names: Names = None
        for literal in body:
            match literal:
                case Atom(predicate="span", args=(_, span, Const(value=str() as name))) if span == var:
                    names = _intersection(names, frozenset({name}))
                case Atom():
                    names = _intersection(names, self._by_atom(literal, var))
                case Aggregate(over=over) if var == literal.element:
                    names = _intersection(names, self._by_atom(over, var))
                case _:
                    continue
        return names

    def _by_atom(self, atom: Atom, var: Var) -> Names:
        names: Names = None
        for position, arg in enumerate(atom.args):
            if arg == var:
                names = _intersection(names, self.allowed.get((atom.predicate, position)))
        return names


def _union(one: Names, two: Names) -> Names:
    return None if one is None or two is None else one | two


def _intersection(one: Names, two: Names) -> Names:
    if one is None:
        return two
    return one if two is None else one & two


def widened(one: Names, two: Names) -> Names:
    """Return the names that either allows."""
    return _union(one, two)
