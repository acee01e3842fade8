"""Which rows of a stored table the queries that read it can use: the others need not be stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlglot import exp

from fluo_logic.translate import relational_sql as sql


def rows_read(queries: Iterable[exp.Query], table: str, alias: str) -> exp.Expr | None:
    """Return the condition on rows ``alias`` of ``table`` that some query reads; None where one may read them all.

    Each use of the table has conditions of its own rows only, which the query keeps; together they are a filter before
    the joins.
    """
    conditions: dict[exp.Expr, None] = {}
    for query in queries:
        for select in query.find_all(exp.Select):
            for used in _tables(select):
                if used.name != table:
                    continue
                own = [_renamed(part, alias) for part in _conjuncts(select) if _is_of(part, used.alias_or_name)]
                if not own:
                    return None
                conditions[sql.conjunction(own)] = None
    return sql.disjunction(list(conditions)) if conditions else None


def _tables(select: exp.Select) -> Iterator[exp.Table]:
    start = select.args.get("from_")
    sources = [*([start.this] if start is not None else []), *(join.this for join in select.args.get("joins") or ())]
    return (source for source in sources if isinstance(source, exp.Table))


def _conjuncts(select: exp.Select) -> Iterator[exp.Expr]:
    where = select.args.get("where")
    pending = [] if where is None else [where.this]
    while pending:
        part = pending.pop(0)
        match part:
            case exp.And():
                pending[:0] = [part.left, part.right]
            case exp.Paren():
                pending.insert(0, part.this)
            case _:
                yield part


def _is_of(part: exp.Expr, alias: str) -> bool:
    """Return whether a condition is about one row only, and cheap: what calls Python is not asked twice."""
    columns = list(part.find_all(exp.Column))
    others = next(part.find_all(exp.Select, exp.Anonymous), None)
    return bool(columns) and others is None and all(column.table == alias for column in columns)


def _renamed(part: exp.Expr, alias: str) -> exp.Expr:
    found = part.copy()
    for column in found.find_all(exp.Column):
        column.set("table", exp.to_identifier(alias))
    return found
