"""Tables of scopes: a column for each predicate of one scope, aggregated over its spans."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from sqlglot import exp

from fluo_logic.translate import relational_sql as sql
from fluo_logic.translate.relational_plan import Step
from fluo_logic.translate.relational_shapes import Family

TESTED: Final = "_tested"
WIDEST: Final = 240
"""So many predicates of one scope are aggregated in one pass."""


@dataclass(frozen=True, slots=True)
class ScopeTables:
    """The tables of the scopes of one family: each predicate is an aggregate over rows ``s`` of ``_tested``.

    ``predicates`` has first those that joins read, of which there are ``joined``.
    """

    family: Family
    predicates: Mapping[str, exp.Expr]
    joined: int

    def parts(self) -> Iterator[tuple[str, list[str]]]:
        """Yield the tables, and the predicates in each.

        What joins read is in the first; the others keep the number of aggregates in one pass within bounds.
        """
        names = list(self.predicates)
        first = max(self.joined, WIDEST)
        parts = [names[:first], *(names[at : at + WIDEST] for at in range(first, len(names), WIDEST))]
        for number, part in enumerate(parts, 1):
            yield self.family.table if number == 1 else f"{self.family.table}_{number}", part

    def steps(self) -> Iterator[Step]:
        """Yield the tables with their queries."""
        column = self.family.column
        for table, names in self.parts():
            columns = [] if column is None else [sql.aliased(sql.column("s", column), "_scope")]
            columns.extend(sql.aliased(self.predicates[name], name) for name in names)
            query = grouped(self.family, exp.select(*(columns or [sql.aliased(exp.true(), "_scope")]), copy=False))
            yield Step(table, query, f"every predicate of one scope ({self.family.member}), as a column")


def grouped(family: Family, select: exp.Select) -> exp.Select:
    """Return a query over the spans of each scope."""
    query = select.from_(sql.table(TESTED, "s"), copy=False)
    if family.column is None:
        # Without a key there is one group, even of no spans; HAVING makes that so without any aggregate.
        return query.having(exp.GTE(this=exp.Count(this=exp.Star()), expression=sql.integer(0)), copy=False)
    query = query.where(sql.present(sql.column("s", family.column)), copy=False)
    return query.group_by(sql.column("s", family.column), copy=False)
