"""What lowering carries along: fresh names, the clauses so far, and the variables that are bound where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Protocol

from fluo_logic.lang import syntax
from fluo_logic.logic import Atom, Clause, Const, Literal, Origin, Sort, Var, literal_variables

WORD = re.compile(r"[^A-Za-z0-9]+")


class Placed(Protocol):
    """A syntax node."""

    @property
    def origin(self) -> syntax.Origin:
        """Where it was written."""


@dataclass(slots=True)
class Context:
    """The clauses of a program under construction; predicates that mean the same are defined once."""

    clauses: list[Clause] = field(default_factory=list)
    shared: dict[str, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    fresh: int = 0

    def predicate(self, text: str) -> str:
        """Return an unused predicate name that resembles ``text``."""
        base = WORD.sub("_", text).strip("_").lower()[:40].rstrip("_") or "p"
        if not base[0].isalpha():
            base = f"p_{base}"
        name, number = base, 1
        while name in self.taken:
            number += 1
            name = f"{base}_{number}"
        self.taken.add(name)
        return name

    def variable(self, sort: Sort, stem: str, label: str | None = None) -> Var:
        """Return a variable that no clause uses yet."""
        self.fresh += 1
        return Var(f"{stem}{self.fresh}", sort, label)

    def add(self, head: Atom, body: Iterable[Literal], origin: Origin) -> None:
        """Append ``head :- body``, each literal once."""
        # `repr` tells 1 from 1.0 and from true, where equality does not.
        self.clauses.append(Clause(head, tuple({repr(literal): literal for literal in body}.values()), origin))


@dataclass(frozen=True, slots=True)
class Environment:
    """Where lowering stands inside a rule.

    ``guard`` binds the scope and every variable in ``bound``: a clause whose body could leave one of them unbound
    starts with it.
    """

    rule: str
    scope: Var | Const
    member: str
    guard: tuple[Literal, ...]
    bound: tuple[tuple[str, Var], ...] = ()

    def span_of(self, name: str) -> Var:
        """Return the variable for ``$name``; the checker has seen to it that there is one."""
        return dict(self.bound)[name]

    def extended(self, names: Iterable[tuple[str, Var]], literals: Iterable[Literal]) -> Environment:
        """Return the environment in which ``literals`` bind ``names`` too."""
        return replace(self, bound=(*self.bound, *names), guard=(*self.guard, *literals))

    def binding(self, needed: Iterable[Var | Const]) -> list[Literal]:
        """Return the atoms of the guard that bind ``needed``, so that a clause is safe; no more of it than that."""
        missing = {var for var in needed if isinstance(var, Var)}
        kept: list[Literal] = []
        for literal in self.guard:
            variables = set(literal_variables(literal)) if isinstance(literal, Atom) else set()
            if variables & missing:
                missing -= variables
                kept.append(literal)
        return kept

    def in_scope(self, span: Var, origin: Origin) -> Atom:
        """Return the atom that says that ``span`` belongs to the scope."""
        return Atom(self.member, (self.scope, span), origin)

    def origin(self, node: Placed) -> Origin:
        """Return the IR origin of a syntax node of this rule."""
        return origin_of(self.rule, node.origin)


def origin_of(rule: str, place: syntax.Origin) -> Origin:
    """Return the IR origin for a place in the text of ``rule``, its text on one line."""
    return Origin(rule, place.file, place.line, place.column, " ".join(place.text.split()))


def head_variables(environment: Environment, used: Iterable[str]) -> tuple[Var, ...]:
    """Return the bound variables that are in ``used``, in the order they were bound."""
    wanted = set(used)
    return tuple(var for name, var in environment.bound if name in wanted)
