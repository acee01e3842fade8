"""Clauses as joins: the shape that is left for predicates of several spans.

Each span variable is a row of the table of marked spans, so that what one span decides is a filter before the join.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from fluo_logic.errors import UnsupportedError, Where
from fluo_logic.logic import (
    Aggregate,
    Atom,
    Clause,
    Compare,
    Const,
    Field,
    Literal,
    Not,
    Origin,
    Present,
    Sort,
    Var,
    literal_variables,
)
from fluo_logic.translate import relational_sql as sql
from fluo_logic.translate.relational_columns import Part
from fluo_logic.translate.relational_flags import Flags
from fluo_logic.translate.relational_shapes import Closure, Family, Joined, ScopedFlag, ScopeFlag, SpanFlag
from fluo_logic.translate.relational_terms import COUNT_BITS, Comparisons, Measured, Result, Whole

SPANS = "_spans"
MARKED = "_marked"
EVENTS = "_events"
LINKS = "_links"


@dataclass(frozen=True, slots=True)
class Shared:
    """What all the queries of a plan are written with; ``aggregate`` returns the table of an aggregate."""

    comparisons: Comparisons
    flags: Flags
    aggregate: Callable[[Aggregate], str]


@dataclass(slots=True)
class Query:
    """One body as a query; also the sight of its comparisons."""

    shared: Shared
    origin: Origin | None
    outer: Query | None = None
    joins: list[tuple[str, str, exp.Expr | None]] = field(default_factory=list)
    """(table, alias, condition of a left join), in order."""
    conditions: list[exp.Expr] = field(default_factory=list)
    values: dict[Var, exp.Expr] = field(default_factory=dict)
    rows: dict[Var, str] = field(default_factory=dict)
    scopes: dict[tuple[str, exp.Expr], str] = field(default_factory=dict)
    results: dict[Var, Measured] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    # --- sight ----------------------------------------------------------------------------------------------------

    def row(self, var: Var) -> str:
        """Return the alias of the row of a span or event, joined when it is first asked for."""
        if var not in self.rows:
            if self.outer is not None and var in self.outer.rows:
                return self.outer.rows[var]
            alias = self.alias(var.name)
            self.rows[var] = alias
            self.joins.append((EVENTS if var.sort is Sort.EVENT else MARKED, alias, None))
            self.bind(var, sql.column(alias, "_event" if var.sort is Sort.EVENT else "_span"))
        return self.rows[var]

    def value(self, var: Var) -> exp.Expr:
        """Return the number or text that a variable is bound to."""
        known = self.values.get(var)
        if known is None and self.outer is not None:
            return self.outer.value(var)
        if known is None:
            raise unsupported(self.origin, f"nothing binds {var.name}")
        return known.copy()

    def measured(self, var: Var) -> Measured:
        """Return the result of an aggregate."""
        match self.results.get(var):
            case Whole(sql=expression, bits=bits):
                return Whole(expression.copy(), bits)
            case Result(sql=expression):
                return Result(expression.copy())
            case None:
                if self.outer is not None:
                    return self.outer.measured(var)
                raise unsupported(self.origin, f"nothing binds {var.name}")

    # --- building -------------------------------------------------------------------------------------------------

    def alias(self, stem: str) -> str:
        """Return an alias that neither this query nor those around it use."""
        if self.outer is not None:
            return self.outer.alias(stem)
        name, number = stem.lower(), 1
        while name in self.taken:
            number += 1
            name = f"{stem.lower()}_{number}"
        self.taken.add(name)
        return name

    def is_bound(self, var: Var) -> bool:
        """Return whether a variable has a value here."""
        return var in self.values or (self.outer is not None and self.outer.is_bound(var))

    def bind(self, term: Var | Const, expression: exp.Expr, *, nullable: bool = False) -> None:
        """Say that an argument has this value: its first, or one that it must equal."""
        match term:
            case Const(value=value):
                self.conditions.append(exp.EQ(this=expression, expression=_constant(value)))
            case Var() if self.is_bound(term):
                self.conditions.append(exp.EQ(this=expression, expression=self.value(term)))
            case Var():
                self.values[term] = expression
                if nullable:
                    self.conditions.append(sql.present(expression.copy()))

    def body(self, literals: tuple[Literal, ...]) -> None:
        """Add the literals of a body: atoms, then aggregates over what these bind, then tests."""
        for literal in literals:
            if isinstance(literal, Atom):
                self.atom(literal)
        for literal in literals:
            if isinstance(literal, Aggregate):
                self.aggregate(literal)
        for literal in literals:
            match literal:
                case Compare() | Present():
                    self.conditions.append(self.truth(literal))
                case Not(literal=inner):
                    self.conditions.append(self.negated(inner))

    def truth(self, literal: Compare | Present) -> exp.Expr:
        """Return the truth of a comparison."""
        return self.shared.comparisons.truth(literal, self)

    def atom(self, atom: Atom) -> None:
        """Add an atom: a join, or conditions on rows that are there."""
        match atom:
            case Atom(predicate="span", args=(trace, Var() as span, name)):
                row = self.row(span)
                self.bind(trace, sql.column(row, "_trace"))
                self.bind(name, sql.column(row, "_name"))
            case Atom(predicate="parent", args=(Var() as span, parent)):
                self.bind(parent, sql.column(self.row(span), "_parent"), nullable=True)
            case Atom(predicate="parent_ref", args=(Var() as span, reference)):
                self.bind(reference, sql.column(self.row(span), "_parent_ref"), nullable=True)
            case Atom(predicate="event", args=(span, Var() as event, name)):
                row = self.row(event)
                self.bind(span, sql.column(row, "_span"))
                self.bind(name, sql.column(row, "_name"))
            case Atom(predicate="link", args=(span, other)):
                row = self.alias("link")
                self.joins.append((LINKS, row, None))
                self.bind(span, sql.column(row, "_span"))
                self.bind(other, sql.column(row, "_linked"))
            case Atom(
                predicate="text", args=(Var() as span, Const(value=str() as space), Const(value=str() as key), value)
            ):
                self.bind(value, self.shared.comparisons.part(Field(span, space, key), Part.TEXT, self), nullable=True)
            case _:
                self.defined(atom)

    def defined(self, atom: Atom) -> None:
        """Add an atom of a predicate that clauses define."""
        match self.shared.flags.shapes.get(atom.predicate), atom.args:
            case SpanFlag(of_event=False), (Var() as span,):
                self.conditions.append(sql.column(self.row(span), atom.predicate))
            case SpanFlag() as flag, (Var() as span, Var() as event):
                self.conditions.append(self.shared.flags.span_flag(flag, self.row(span), self.row(event)))
            case ScopedFlag(clauses=clauses, family=family), (scope, Var() as span):
                row = self.row(span)
                if family.column is not None:
                    self.bind(scope, family.scope_of(row), nullable=family.key is not None)
                if clauses:
                    self.conditions.append(sql.column(row, atom.predicate))
            case ScopeFlag(family=family), (scope,):
                self.conditions.append(sql.column(self.scope_row(family, scope), atom.predicate))
            case Closure(), (Var() as below, Var() as above):
                self.conditions.append(self.descends(below, above))
            case Joined(), args:
                row = self.alias("r")
                self.joins.append((atom.predicate, row, None))
                for number, arg in enumerate(args):
                    self.bind(arg, sql.column(row, f"a{number}"))
            case _:
                raise unsupported(self.origin, f"it cannot read {atom.predicate}/{len(atom.args)} so")

    def descends(self, below: Var, above: Var) -> exp.Expr:
        """Return whether a span is below another; that they share the trace makes the join hashable."""
        low, high = self.row(below), self.row(above)
        between = exp.Between(
            this=sql.column(low, "_pre"),
            low=sql.column(high, "_first_below"),
            high=sql.column(high, "_last_below"),
        )
        return sql.conjunction([exp.EQ(this=sql.column(low, "_trace"), expression=sql.column(high, "_trace")), between])

    def scope_row(self, family: Family, scope: Var | Const) -> str:
        """Return the alias of the row of a scope."""
        key = (family.table, self.value(scope) if isinstance(scope, Var) and self.is_bound(scope) else exp.null())
        if key not in self.scopes or (isinstance(scope, Var) and not self.is_bound(scope)):
            row = self.alias("scope")
            self.joins.append((family.table, row, None))
            if family.column is not None:
                self.bind(scope, sql.column(row, "_scope"))
                key = (family.table, self.value(scope)) if isinstance(scope, Var) else key
            self.scopes[key] = row
        return self.scopes[key]

    def aggregate(self, literal: Aggregate) -> None:
        """Add an aggregate: its table, with a row for each group that has an element, beside what is there."""
        table = self.shared.aggregate(literal)
        row = self.alias("group")
        groups = [arg for arg in literal.over.args if isinstance(arg, Var) and arg != literal.element]
        matched = [
            exp.EQ(this=sql.column(row, f"a{number}"), expression=self.value(var)) for number, var in enumerate(groups)
        ]
        self.joins.append((table, row, sql.conjunction(matched)))
        value = sql.column(row, "value")
        has_elements = sql.present(sql.column(row, "elements"))
        match literal.function:
            case "count" | "count distinct":
                total = exp.Coalesce(this=value, expressions=[sql.integer(0)])
                self.results[literal.result] = Whole(total, COUNT_BITS)
            case "sum":
                nothing = sql.struct(high=sql.cast(sql.integer(0), sql.DOUBLE), low=sql.integer(0), whole=exp.true())
                total_row = sql.when(has_elements, value, nothing)
                self.results[literal.result] = Result(total_row)
                self.conditions.append(sql.present(total_row.copy()))
            case _:
                self.results[literal.result] = Result(value)
                self.conditions.append(sql.present(value.copy()))

    def negated(self, inner: Atom | Compare | Present) -> exp.Expr:
        """Return the negation of a literal, whose variables that nothing binds are existential."""
        if not isinstance(inner, Atom):
            return sql.negated(self.truth(inner))
        shape = self.shared.flags.shapes.get(inner.predicate)
        free = [var for var in literal_variables(inner) if not self.is_bound(var)]
        match shape, inner.args:
            case SpanFlag(of_event=False), (Var() as span,) if not free:
                return exp.not_(sql.column(self.row(span), inner.predicate), copy=False)
            case Closure(), (Var() as below, Var() as above) if not free:
                return sql.negated(self.descends(below, above))
            case ScopeFlag(family=family), (scope,) if not free and self.has_scope(family, scope):
                return exp.not_(sql.column(self.scope_row(family, scope), inner.predicate), copy=False)
        query = Query(self.shared, self.origin, outer=self)
        query.within(inner)
        return exp.not_(exp.Exists(this=query.select([exp.Literal.number(1)])), copy=False)

    def within(self, atom: Atom) -> None:
        """Add an atom to a query inside another: spans of the outer one get rows of their own here."""
        names = {var: Var(f"{var.name}_in", var.sort) for var in literal_variables(atom) if var.sort in _ENTITIES}
        self.atom(
            Atom(atom.predicate, tuple(names.get(arg, arg) if isinstance(arg, Var) else arg for arg in atom.args))
        )
        for outer, var in names.items():
            if self.is_bound(outer):
                self.conditions.append(exp.EQ(this=self.value(var), expression=self.value(outer)))

    def has_scope(self, family: Family, scope: Var | Const) -> bool:
        """Return whether ``scope`` is known to have a row in the table of its family."""
        if family.column is None:
            return True
        if not isinstance(scope, Var):
            return False
        known = self.value(scope)
        if (family.table, known) in self.scopes:
            return True
        return any(known == sql.column(alias, family.column) for alias in self.rows.values())

    def select(self, columns: Sequence[exp.Expr], *, distinct: bool = False) -> exp.Select:
        """Return the query for what has been added."""
        query = exp.select(*columns, copy=False)
        for table, alias, condition in sorted(self.joins, key=lambda join: join[2] is not None):
            if condition is not None and query.args.get("from_") is None:
                sql.join(query, exp.Subquery(this=exp.select(sql.aliased(exp.true(), "one"))).as_("unit"))
            sql.join(query, sql.table(table, alias), condition)
        if self.conditions:
            query = query.where(sql.conjunction(self.conditions), copy=False)
        return query.distinct(copy=False) if distinct else query


_ENTITIES = frozenset({Sort.SPAN, Sort.EVENT})


def clause_select(clause: Clause, shared: Shared) -> exp.Select:
    """Return the tuples that a clause derives, as columns ``a0``, ``a1`` and so on."""
    query = Query(shared, clause.origin)
    query.body(clause.body)
    columns = [
        sql.aliased(query.value(arg) if isinstance(arg, Var) else _constant(arg.value), f"a{number}")
        for number, arg in enumerate(clause.head.args)
    ]
    return query.select(columns, distinct=True)


def _constant(value: object) -> exp.Expr:
    match value:
        case str():
            return sql.text(value)
        case int():
            return sql.integer(value)
        case _:
            message = f"not an argument of an atom: {value!r}"
            raise TypeError(message)


def unsupported(origin: Origin | None, reason: str) -> UnsupportedError:
    """Return the error for a clause that the relational plan has no form for."""
    text = "a clause" if origin is None else f"`{origin.text}`"
    where = None if origin is None else Where(origin.file, origin.line, origin.column, len(origin.text))
    return UnsupportedError(
        code="U201",
        message=f"the relational engine cannot express {text}: {reason}",
        where=where,
        hint="the clingo engine expresses every rule",
    )
