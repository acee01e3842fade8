"""What a relational plan is: input columns, tables to make from them, and the query of each predicate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from sqlglot import exp

from fluo_logic.logic import (
    Sort,
)
from fluo_logic.translate import relational_sql as sql
from fluo_logic.translate.relational_columns import Column
from fluo_logic.translate.relational_shapes import Family
from fluo_logic.translate.relational_terms import Function


@dataclass(frozen=True)
class Step:
    """A table or view of the plan: its query, and what it is in the words of the rules."""

    name: str
    query: exp.Query
    comment: str
    kind: str = "TABLE"

    @cached_property
    def needs(self) -> tuple[str, ...]:
        """The tables that it reads."""
        return tables_of(self.query)

    @property
    def statement(self) -> exp.Create:
        """The statement that makes the table."""
        return exp.Create(
            this=sql.table(self.name),
            kind=self.kind,
            expression=self.query,
            properties=exp.Properties(expressions=[exp.TemporaryProperty()]),
        )


@dataclass(frozen=True)
class RelationalPlan:
    """Tables to make, and for each predicate the query of its tuples, with the sorts of its arguments.

    ``spans`` and ``events`` are the columns of the input tables that hold values, ``structural`` the others that the
    plan reads.  The steps are in an order in which each follows what it reads; a step that no wanted query needs can be
    left out.  ``of_scopes`` has the predicates that are a column of a table of scopes, and the aggregate that each is
    over rows ``s`` of the tested spans.
    """

    spans: tuple[Column, ...]
    events: tuple[Column, ...]
    structural: frozenset[str]
    functions: tuple[Function, ...]
    steps: Mapping[str, Step]
    answers: Mapping[str, exp.Query]
    sorts: Mapping[str, tuple[Sort, ...]]
    wanted: tuple[str, ...]
    of_scopes: Mapping[str, tuple[Family, exp.Expr]]

    def needed(self, predicates: Iterable[str], tables: Iterable[str] = ()) -> tuple[Step, ...]:
        """Return the steps that the tuples of predicates, and some tables, need, in order."""
        found: set[str] = set()
        pending = [*tables]
        pending += [table for predicate in predicates for table in tables_of(self.answers[predicate])]
        while pending:
            table = pending.pop()
            if table not in found and table in self.steps:
                found.add(table)
                pending.extend(self.steps[table].needs)
        return tuple(step for name, step in self.steps.items() if name in found)


def tables_of(query: exp.Expr) -> tuple[str, ...]:
    """Return the names of the tables that a query reads."""
    return tuple(sorted({table.name for table in query.find_all(exp.Table)}))
