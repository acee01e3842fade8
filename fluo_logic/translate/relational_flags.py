"""Columns of the relational plan: predicates of one span, of one span in its scope, and of one scope."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlglot import exp

from fluo_logic.logic import (
    Aggregate,
    Atom,
    Clause,
    Compare,
    Const,
    Field,
    Literal,
    Not,
    Present,
    Sort,
    Var,
    literal_variables,
)
from fluo_logic.translate import relational_sql as sql
from fluo_logic.translate.relational_aggregates import aggregate_in_group
from fluo_logic.translate.relational_columns import Part
from fluo_logic.translate.relational_shapes import (
    Closure,
    Family,
    Group,
    Joined,
    OtherShapeError,
    Rows,
    ScopedFlag,
    ScopeFlag,
    Shape,
    SpanFlag,
    is_closure,
    named,
    unused,
)
from fluo_logic.translate.relational_terms import Comparisons, Measured, Result


class Flags:
    """Finds the shapes of predicates, and writes those that are columns."""

    def __init__(self, comparisons: Comparisons, families: Mapping[str, Family], scopes: Mapping[str, Family]) -> None:
        """Take the families of scopes by the predicates of their members and of the scopes themselves."""
        self.comparisons = comparisons
        self.families = families
        self.scopes = scopes
        self.shapes: dict[str, Shape] = {}
        self._events = 0

    def classify(self, predicate: str, clauses: tuple[Clause, ...]) -> Shape:
        """Return and remember the shape of a predicate; those that it mentions must have theirs."""
        self.shapes[predicate] = shape = self._shape(predicate, clauses)
        return shape

    def _shape(self, predicate: str, clauses: tuple[Clause, ...]) -> Shape:
        if predicate in self.families:
            return ScopedFlag(predicate, (), self.families[predicate])
        if is_closure(predicate, clauses):
            return Closure(predicate)
        sorts = tuple(arg.sort if isinstance(arg, Var) else None for arg in clauses[0].head.args)
        try:
            if sorts in {(Sort.SPAN,), (Sort.SPAN, Sort.EVENT)}:
                flag = SpanFlag(predicate, clauses)
                self.span_flag(flag, "s", "e")
                return flag
            if len(sorts) == 2 and sorts[1] is Sort.SPAN and sorts[0] is not Sort.SPAN:  # noqa: PLR2004
                scoped = ScopedFlag(predicate, clauses, self._family(clauses))
                self.scoped_flag(scoped, "s")
                return scoped
            if len(sorts) == 1:
                of_scope = ScopeFlag(predicate, clauses, self._family(clauses))
                self.scope_flag(of_scope, "s")
                return of_scope
        except OtherShapeError:
            pass
        return Joined(predicate, clauses)

    def _family(self, clauses: Iterable[Clause]) -> Family:
        """Return the one family that every clause belongs to by an atom of its scope."""
        found: list[Family] = []
        for clause in clauses:
            if clause.head.predicate in self.scopes:
                found.append(self.scopes[clause.head.predicate])
                continue
            here = [
                shape.family
                for literal in clause.body
                if isinstance(literal, Atom)
                and isinstance(shape := self.shapes.get(literal.predicate), ScopedFlag | ScopeFlag)
                and literal.args[0] == clause.head.args[0]
            ]
            if not here:
                raise OtherShapeError
            found.extend(here)
        if any(family != found[0] for family in found):
            raise OtherShapeError
        return found[0]

    # --- one span -------------------------------------------------------------------------------------------------

    def span_flag(self, flag: SpanFlag, span: str, event: str) -> exp.Expr:
        """Return the truth of a predicate for the span (and event) in the rows with these aliases."""
        parts = []
        for clause in flag.clauses:
            aliases = dict(zip(clause.head.args, (span, event), strict=False))
            rows = {var: alias for var, alias in aliases.items() if isinstance(var, Var)}
            parts.append(self._local_clause(clause, rows, Group(clause, None, None)))
        return sql.disjunction(parts)

    def scoped_flag(self, flag: ScopedFlag, span: str) -> exp.Expr:
        """Return the truth of a predicate for the span in the row ``span`` and its scope."""
        if not flag.clauses:
            return exp.true()
        parts = []
        for clause in flag.clauses:
            scope, element = clause.head.args
            if not isinstance(element, Var):
                raise OtherShapeError
            parts.append(self._local_clause(clause, {element: span}, Group(clause, flag.family, scope)))
        return sql.disjunction(parts)

    def _local_clause(self, clause: Clause, rows: dict[Var, str], group: Group) -> exp.Expr:
        """Return the truth of a body about one span; events that the head lacks are existential."""
        if group.family is not None and not any(
            isinstance(literal, Atom)
            and isinstance(self.shapes.get(literal.predicate), ScopedFlag)
            and literal.args == clause.head.args
            for literal in clause.body
        ):
            raise OtherShapeError
        inner = dict(rows)
        for literal in clause.body:
            match literal:
                case Atom(predicate="event", args=(_, Var() as event, _)) if event not in inner:
                    self._events += 1
                    inner[event] = f"e{self._events}"
        outside: list[exp.Expr] = []
        inside: list[exp.Expr] = []
        for literal in clause.body:
            mentions_event = any(var in inner and var not in rows for var in literal_variables(literal))
            (inside if mentions_event else outside).append(self._local(literal, inner, group))
        if not inside:
            return sql.conjunction(outside)
        query = exp.select(exp.Literal.number(1)).where(sql.conjunction(inside), copy=False)
        for var, alias in inner.items():
            if var not in rows:
                sql.join(query, sql.table("_events", alias))
        return sql.conjunction([*outside, exp.Exists(this=query)])

    def _local(self, literal: Literal, rows: Mapping[Var, str], group: Group) -> exp.Expr:
        """Return the truth of a literal that speaks of known rows only."""
        match literal:
            case Compare() | Present():
                return self.comparisons.truth(literal, Rows(rows))
            case Not(literal=inner):
                # A variable that nothing else binds is existential inside, so this is not about the rows.
                if any(var not in rows and var != group.scope for var in literal_variables(inner)):
                    raise OtherShapeError
                return sql.negated(self._local(inner, rows, group))
            case Atom():
                return self._local_atom(literal, rows, group)
            case Aggregate():
                raise OtherShapeError

    def _local_atom(self, atom: Atom, rows: Mapping[Var, str], group: Group) -> exp.Expr:
        match atom:
            case Atom(predicate="span", args=(trace, Var() as span, name)) if span in rows and unused(
                trace, group.clause
            ):
                return named(rows[span], name, group.clause)
            case Atom(predicate="event", args=(Var() as span, Var() as event, name)) if {span, event} <= rows.keys():
                of_span = exp.EQ(this=sql.column(rows[event], "_span"), expression=sql.column(rows[span], "_span"))
                return sql.conjunction([of_span, named(rows[event], name, group.clause)])
            case Atom(
                predicate="text", args=(Var() as span, Const(value=str() as space), Const(value=str() as key), text)
            ):
                if span not in rows or not unused(text, group.clause):
                    raise OtherShapeError
                return sql.present(self.comparisons.part(Field(span, space, key), Part.TEXT, Rows(rows)))
        shape = self.shapes.get(atom.predicate)
        match shape, atom.args:
            case SpanFlag(), (Var() as span, *events) if span in rows:
                aliases = [rows.get(event, "") for event in events if isinstance(event, Var)]
                if "" in aliases:
                    raise OtherShapeError
                return self.span_flag(shape, rows[span], aliases[0] if aliases else "")
            case ScopedFlag(family=family), (scope, Var() as span) if span in rows:
                if scope != group.scope or family != group.family:
                    raise OtherShapeError
                return self.scoped_flag(shape, rows[span])
        raise OtherShapeError

    # --- one scope ------------------------------------------------------------------------------------------------

    def scope_flag(self, flag: ScopeFlag, span: str) -> exp.Expr:
        """Return the aggregate over the rows ``span`` of a scope that tells whether the predicate holds of it."""
        return sql.disjunction([self._scope_clause(clause, flag.family, span) for clause in flag.clauses])

    def _scope_clause(self, clause: Clause, family: Family, span: str) -> exp.Expr:
        scope = clause.head.args[0]
        atoms = [literal for literal in clause.body if isinstance(literal, Atom)]
        elements = dict.fromkeys(
            var for atom in atoms for var in literal_variables(atom) if var.sort is Sort.SPAN and var != scope
        )
        group = Group(clause, family, scope)
        results: dict[Var, Measured] = {}
        of_element: dict[Var, list[Literal]] = {element: [] for element in elements}
        parts: list[exp.Expr] = []
        for literal in clause.body:
            if isinstance(literal, Aggregate):
                results[literal.result] = result = self._aggregate(literal, family, scope, span)
                if isinstance(result, Result):
                    parts.append(sql.present(result.sql.copy()))
        for literal in clause.body:
            mentioned = {var for var in literal_variables(literal) if var in elements}
            if len(mentioned) > 1:
                raise OtherShapeError
            if mentioned:
                of_element[mentioned.pop()].append(literal)
            elif not isinstance(literal, Aggregate):
                parts.append(self._of_scope(literal, group, span, results))
        for element, literals in of_element.items():
            if not any(self._places(literal, family, scope, element) for literal in literals):
                raise OtherShapeError
            found = sql.conjunction([self._marked(literal, element, group, span) for literal in literals])
            # Only the scope of all spans can be without a span.
            is_empty = family.column is None and found == exp.true()
            parts.append(sql.compared(exp.Count(this=exp.Star()), ">", sql.integer(0)) if is_empty else sql.some(found))
        return sql.conjunction(parts)

    def _places(self, literal: Literal, family: Family, scope: Var | Const, element: Var) -> bool:
        """Return whether a literal says that ``element`` is in the scope."""
        if not isinstance(literal, Atom):
            return False
        shape = self.shapes.get(literal.predicate)
        return isinstance(shape, ScopedFlag) and shape.family == family and literal.args == (scope, element)

    def _marked(self, literal: Literal, element: Var, group: Group, span: str) -> exp.Expr:
        """Return the truth of a literal of one span; what has a column of its own is read from it."""
        column = self.column(literal, {element: span}, group.scope)
        if column is not None:
            return column
        if isinstance(literal, Not):
            column = self.column(literal.literal, {element: span}, group.scope)
            if column is not None:
                return exp.not_(column, copy=False)
        return self._local(literal, {element: span}, group)

    def column(self, literal: Literal, rows: Mapping[Var, str], scope: Var | Const | None) -> exp.Expr | None:
        """Return the column of the table of spans that holds the truth of an atom, if there is one."""
        if not isinstance(literal, Atom):
            return None
        shape = self.shapes.get(literal.predicate)
        match shape, literal.args:
            case SpanFlag(of_event=False), (Var() as span,) if span in rows:
                return sql.truth(sql.column(rows[span], literal.predicate))
            case ScopedFlag(), (of, Var() as span) if span in rows and of == scope:
                return sql.truth(sql.column(rows[span], literal.predicate)) if shape.clauses else exp.true()
        return None

    def _of_scope(self, literal: Literal, group: Group, span: str, results: Mapping[Var, Measured]) -> exp.Expr:
        match literal:
            case Compare() | Present():
                return self.comparisons.truth(literal, Rows({}, results))
            case Not(literal=Compare() | Present() as inner):
                return sql.negated(self.comparisons.truth(inner, Rows({}, results)))
            case Atom(args=(scope,)) if scope == group.scope:
                return self._inlined(literal, group, span)
            case Not(literal=Atom(args=(scope,)) as inner) if scope == group.scope:
                return sql.negated(self._inlined(inner, group, span))
            case Not(literal=Atom(args=(scope, Var(sort=Sort.SPAN) as element)) as inner) if scope == group.scope:
                if group.family is None or not self._places(inner, group.family, scope, element):
                    raise OtherShapeError
                return sql.negated(sql.some(self._marked(inner, element, group, span)))
        raise OtherShapeError

    def _inlined(self, atom: Atom, group: Group, span: str) -> exp.Expr:
        shape = self.shapes.get(atom.predicate)
        if not isinstance(shape, ScopeFlag) or shape.family != group.family:
            raise OtherShapeError
        return self.scope_flag(shape, span)

    def _aggregate(self, literal: Aggregate, family: Family, scope: Var | Const, span: str) -> Measured:
        shape = self.shapes.get(literal.over.predicate)
        if (
            literal.window is not None
            or not isinstance(shape, ScopedFlag)
            or shape.family != family
            or literal.over.args != (scope, literal.element)
        ):
            raise OtherShapeError
        condition = self.column(literal.over, {literal.element: span}, scope)
        return aggregate_in_group(literal, condition, Rows({literal.element: span}), self.comparisons)
