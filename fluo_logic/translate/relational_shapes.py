"""What predicates become in a relational plan, by the shape of their clauses.

Most predicates speak of one span (a Boolean column of the table of spans), of one span in its scope (likewise, beside
the column of the scope) or of one scope (an aggregate over those columns, in one GROUP BY for all rules).  What has
none of these shapes is a table of its own, joined from the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from sqlglot import exp

from fluo_logic.logic import (
    Atom,
    Clause,
    Const,
    Field,
    Sort,
    Var,
    literal_variables,
)
from fluo_logic.translate import relational_sql as sql
from fluo_logic.translate.relational_terms import Measured, Result, Whole


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of scope: the column of the table of spans that says to which scope a span belongs.

    Without a column all spans belong to the one scope ``""``.  ``table`` has a row for each scope.
    """

    member: str
    table: str
    column: str | None
    key: Field | None

    def scope_of(self, alias: str) -> exp.Expr:
        """Return the scope of the span in the row ``alias``."""
        return sql.text("") if self.column is None else sql.column(alias, self.column)


@dataclass(frozen=True, slots=True)
class SpanFlag:
    """A predicate of a span, or of a span and an event of it."""

    predicate: str
    clauses: tuple[Clause, ...]

    @property
    def of_event(self) -> bool:
        """Whether it is of a span and an event."""
        return len(self.clauses[0].head.args) > 1


@dataclass(frozen=True, slots=True)
class ScopedFlag:
    """A predicate of a scope and a span that belongs to it; without clauses, membership itself."""

    predicate: str
    clauses: tuple[Clause, ...]
    family: Family


@dataclass(frozen=True, slots=True)
class ScopeFlag:
    """A predicate of a scope: a column of the table of the scopes of its family."""

    predicate: str
    clauses: tuple[Clause, ...]
    family: Family


@dataclass(frozen=True, slots=True)
class Closure:
    """The descendants of spans, found by comparison of pre-order numbers."""

    predicate: str


@dataclass(frozen=True, slots=True)
class Joined:
    """A predicate of any shape: a table of its own."""

    predicate: str
    clauses: tuple[Clause, ...]


Shape: TypeAlias = SpanFlag | ScopedFlag | ScopeFlag | Closure | Joined


class OtherShapeError(Exception):
    """The clause has not the shape that was tried."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Sight of a query over rows with known aliases."""

    aliases: Mapping[Var, str]
    results: Mapping[Var, Measured] = field(default_factory=dict)

    def row(self, var: Var) -> str:
        """Return the alias of a variable's row."""
        if var not in self.aliases:
            raise OtherShapeError
        return self.aliases[var]

    def value(self, var: Var) -> exp.Expr:
        """Return the number of a span or event."""
        return sql.column(self.row(var), "_event" if var.sort is Sort.EVENT else "_span")

    def measured(self, var: Var) -> Measured:
        """Return the result of an aggregate."""
        if var not in self.results:
            raise OtherShapeError
        match self.results[var]:
            case Whole(sql=expression, bits=bits):
                return Whole(expression.copy(), bits)
            case Result(sql=expression):
                return Result(expression.copy())


@dataclass(frozen=True, slots=True)
class Group:
    """Where a literal of one span stands: its clause, and the scope that the span must belong to."""

    clause: Clause
    family: Family | None
    scope: Var | Const | None


def unused(term: Var | Const, clause: Clause) -> bool:
    """Return whether a variable occurs once in the clause, so that it only says that something is there."""
    return isinstance(term, Var) and occurrences(clause)[term] == 1


def occurrences(clause: Clause) -> Counter[Var]:
    """Return how many arguments and terms of a clause are each variable."""
    found = Counter(var for literal in clause.body for var in literal_variables(literal))
    found.update(arg for arg in clause.head.args if isinstance(arg, Var))
    return found


def named(alias: str, name: Var | Const, clause: Clause) -> exp.Expr:
    """Return whether the span or event in a row has the name that an atom asks for."""
    if isinstance(name, Const):
        return exp.EQ(this=sql.column(alias, "_name"), expression=sql.text(str(name.value)))
    if unused(name, clause):
        return exp.true()
    raise OtherShapeError


def is_closure(predicate: str, clauses: Sequence[Clause]) -> bool:
    """Return whether the clauses define the transitive closure of ``parent``."""
    match clauses:
        case (
            Clause(head=Atom(args=(Var() as low, Var() as high)), body=(Atom(predicate="parent", args=direct),)),
            Clause(
                head=Atom(args=(Var() as start, Var() as end)),
                body=(Atom(predicate="parent", args=(first, Var() as middle)), Atom(predicate=again, args=rest)),
            ),
        ):
            step = first == start and rest == (middle, end) and len({start, middle, end}) == len(clauses) + 1
            return direct == (low, high) and low != high and again == predicate and step
        case _:
            return False
