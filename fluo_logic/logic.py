"""The one intermediate representation: stratified Datalog with negation, comparisons and aggregates.

A `Program` is a set of `Clause`s.  What makes it small enough for every engine, and for a checker of a few hundred
lines, is that a value of a span is a *term*: ``Field(S, "attempt")`` is a partial function of the span, and a
comparison with a missing value is false.  So a predicate of one span is a flat conjunction, and the only atoms are
those of the fact catalogue (`fluo_logic.facts.schema`) and those that clauses define.

All nodes are frozen.  Every clause and literal carries an `Origin`, so that a proof speaks in the user's rule; origins
are left out of equality.  This module imports nothing of the package but the value comparison.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

from fluo_logic.values import Mode, Value


@dataclass(frozen=True, slots=True)
class Origin:
    """The place in a rule file that a node was lowered from, and its text there."""

    rule: str
    file: str
    line: int
    column: int
    text: str


class Sort(StrEnum):
    """What a variable ranges over."""

    TRACE = "trace"
    SPAN = "span"
    EVENT = "event"
    TEXT = "text"
    """A name, or the canonical text of a value."""
    NUMBER = "number"
    """The result of an aggregate."""


class Unit(StrEnum):
    """How a number of nanoseconds is to be read by a person."""

    NONE = ""
    TIME = "time"
    DURATION = "duration"


@dataclass(frozen=True, slots=True)
class Var:
    """A variable of a clause.  ``label`` is the rule's own ``$name`` for it, where it has one."""

    name: str
    sort: Sort
    label: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Const:
    """A constant; a tuple is a list literal."""

    value: Value
    unit: Unit = Unit.NONE


@dataclass(frozen=True, slots=True)
class Field:
    """A value of the span (or event) that ``of`` names, missing where it has none.

    ``space`` is ``attribute`` (span, then resource, then a key in a map), ``resource``, ``intrinsic`` or ``event``.
    """

    of: Var
    space: str
    key: str


@dataclass(frozen=True, slots=True)
class Arith:
    """``left op right`` with ``+ - *``; missing where a side is missing or no number."""

    op: str
    left: Term
    right: Term


Term: TypeAlias = Var | Const | Field | Arith


@dataclass(frozen=True, slots=True)
class Atom:
    """``predicate(args)``: of the fact catalogue, or defined by clauses."""

    predicate: str
    args: tuple[Var | Const, ...]
    origin: Origin | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Compare:
    """``left op right``; false where a side is missing.

    ``op`` is a positive operator of `fluo_logic.values.compare`.  Two variables compare by identity (``==`` only).
    """

    left: Term
    op: str
    right: Term
    mode: Mode
    origin: Origin | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Present:
    """The value is there."""

    term: Field
    origin: Origin | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Not:
    """The literal does not hold.  Variables that nothing else binds are existential inside."""

    literal: Atom | Compare | Present
    origin: Origin | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Aggregate:
    """``result = function { target : over }``, one for each binding of the other variables of ``over``.

    ``element`` is the variable of ``over`` that ranges over the matches; ``target`` is its value that is counted
    (distinct canonical texts) or summed, None for ``count``.  With ``window`` (nanoseconds) the result is the largest
    over the windows ``[s, s + window)`` that begin at the start of an element.  ``count`` and ``sum`` of nothing are 0;
    ``min``, ``max`` and ``avg`` of nothing have no result, so the literal fails.
    """

    function: str
    element: Var
    target: Field | None
    over: Atom
    window: int | None
    result: Var
    origin: Origin | None = field(default=None, compare=False, repr=False)


Literal: TypeAlias = Atom | Compare | Present | Not | Aggregate


@dataclass(frozen=True, slots=True)
class Clause:
    """``head :- body``.  Variables of the body that the head lacks are existential."""

    head: Atom
    body: tuple[Literal, ...]
    origin: Origin | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ObligationPlan:
    """One ``always`` or ``never`` block: the predicate that holds where its condition does, and the one of failures.

    ``condition`` is the atom over the scope and those ``when`` variables that the block mentions;
    ``failure`` is over the scope and all ``when`` variables.
    """

    polarity: str
    condition: Atom
    failure: Atom
    origin: Origin


@dataclass(frozen=True, slots=True)
class RulePlan:
    """What a rule became: the atoms whose extensions are its scopes, its matches and its failures."""

    rule: str
    scope_kind: str
    scope_key: Field | None
    scope: Atom
    member: Atom
    when: Atom
    obligations: tuple[ObligationPlan, ...]
    variables: tuple[Var, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """Clauses in the order they were lowered, and a plan for each rule."""

    clauses: tuple[Clause, ...]
    rules: tuple[RulePlan, ...]

    def definitions(self) -> Mapping[str, tuple[Clause, ...]]:
        """Return the clauses of each defined predicate, in program order."""
        table: dict[str, list[Clause]] = {}
        for clause in self.clauses:
            table.setdefault(clause.head.predicate, []).append(clause)
        return {predicate: tuple(clauses) for predicate, clauses in table.items()}


ANONYMOUS: Final = "_"


def literal_atoms(literal: Literal) -> Iterator[Atom]:
    """Yield the atoms that a literal mentions."""
    match literal:
        case Atom():
            yield literal
        case Not(literal=inner):
            yield from literal_atoms(inner)
        case Aggregate(over=over):
            yield over
        case Compare() | Present():
            return


def term_variables(term: Term) -> Iterator[Var]:
    """Yield the variables of a term, left to right."""
    match term:
        case Var():
            yield term
        case Field(of=of):
            yield of
        case Arith(left=left, right=right):
            yield from term_variables(left)
            yield from term_variables(right)
        case Const():
            return


def literal_variables(literal: Literal) -> Iterator[Var]:
    """Yield the variables of a literal; of an aggregate the result and the grouping, not the element."""
    match literal:
        case Atom(args=args):
            for arg in args:
                yield from term_variables(arg)
        case Compare(left=left, right=right):
            yield from term_variables(left)
            yield from term_variables(right)
        case Present(term=term):
            yield from term_variables(term)
        case Not(literal=inner):
            yield from literal_variables(inner)
        case Aggregate(over=over, element=element, result=result):
            yield from (var for var in literal_variables(over) if var != element)
            yield result


def is_recursive(clauses: Sequence[Clause]) -> bool:
    """Return whether a predicate is defined by itself; the one that is is the ancestry of spans."""
    return any(
        atom.predicate == clause.head.predicate
        for clause in clauses
        for literal in clause.body
        for atom in literal_atoms(literal)
    )
