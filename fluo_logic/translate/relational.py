"""Translation to a relational plan, as sqlglot expressions that are printed for a dialect.

The plan reads three tables, however they came to be: ``_spans``, ``_events`` and ``_links``, with the columns that
`RelationalPlan` names.  On them stand, in this order,

* ``_marked``: the spans with a Boolean column for each predicate of one span, and a column for each kind of scope;
* ``_by_…``: for each kind of scope one GROUP BY, with a column for each predicate of one scope;
* a table for each predicate that relates spans, and for each aggregate over one.

Source of the shape of the plan: predicates of one span as bitmaps and one grouping for many rules is how column stores
evaluate conjunctive workloads; see Abadi, Boncz, Harizopoulos, "The Design and Implementation of Modern
Column-Oriented Database Systems" (2013).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, assert_never

from sqlglot import exp

from fluo_logic.facts.schema import EXTENSIONAL
from fluo_logic.logic import Aggregate, Atom, Clause, Const, Field, Program, Sort, Var, literal_atoms
from fluo_logic.translate import relational_sql as sql
from fluo_logic.translate.passes import plan_atoms
from fluo_logic.translate.relational_aggregates import (
    COUNTS,
    aggregate_in_group,
    started,
    window_count,
    window_sum,
)
from fluo_logic.translate.relational_columns import Column, Part
from fluo_logic.translate.relational_joins import (
    EVENTS,
    LINKS,
    MARKED,
    SPANS,
    Query,
    Shared,
    clause_select,
    unsupported,
)
from fluo_logic.translate.relational_shapes import (
    Closure,
    Family,
    Flags,
    Joined,
    Rows,
    ScopedFlag,
    ScopeFlag,
    Shape,
    SpanFlag,
    is_closure,
)
from fluo_logic.translate.relational_terms import Comparisons, Function

INPUTS: Final = frozenset({SPANS, EVENTS, LINKS})


@dataclass(frozen=True)
class Step:
    """A table of the plan: its query, and what it is in the words of the rules."""

    name: str
    query: exp.Query
    comment: str

    @cached_property
    def needs(self) -> tuple[str, ...]:
        """The tables that it reads."""
        return tables_of(self.query)

    @property
    def statement(self) -> exp.Create:
        """The statement that makes the table."""
        return exp.Create(
            this=sql.table(self.name),
            kind="TABLE",
            expression=self.query,
            properties=exp.Properties(expressions=[exp.TemporaryProperty()]),
        )


@dataclass(frozen=True)
class RelationalPlan:
    """Tables to make, and for each predicate the query of its tuples, with the sorts of its arguments.

    ``spans`` and ``events`` are the columns of the input tables beside those that they always have.  The steps are in
    an order in which each follows what it reads; a step that no wanted query needs can be left out.
    """

    spans: tuple[Column, ...]
    events: tuple[Column, ...]
    functions: tuple[Function, ...]
    steps: Mapping[str, Step]
    answers: Mapping[str, exp.Query]
    sorts: Mapping[str, tuple[Sort, ...]]
    wanted: tuple[str, ...]

    def needed(self, predicates: Iterable[str]) -> tuple[Step, ...]:
        """Return the steps that the tuples of predicates need, in order."""
        found: set[str] = set()
        pending = [table for predicate in predicates for table in tables_of(self.answers[predicate])]
        while pending:
            table = pending.pop()
            if table not in found and table in self.steps:
                found.add(table)
                pending.extend(self.steps[table].needs)
        return tuple(step for name, step in self.steps.items() if name in found)


def tables_of(query: exp.Expr) -> tuple[str, ...]:
    """Return the names of the tables that a query reads."""
    return tuple(sorted({table.name for table in query.find_all(exp.Table)}))


def to_plan(program: Program) -> RelationalPlan:
    """Return the relational plan of a program in stratum order.

    Raises:
        UnsupportedError: a clause has no relational form.
    """
    return _Planner(program).plan()


def to_sql(program: Program, dialect: str = "duckdb") -> str:
    """Return the plan of a program as readable SQL: a statement for each table, then a query for each obligation."""
    plan = to_plan(program)
    parts = [_header(plan)]
    failures = [obligation.failure.predicate for rule in program.rules for obligation in rule.obligations]
    parts.extend(
        f"{_comment(step.comment)}\n{printed(step.statement, dialect, pretty=True)};" for step in plan.needed(failures)
    )
    for rule in program.rules:
        for obligation in rule.obligations:
            query = plan.answers[obligation.failure.predicate]
            text = f"{rule.rule}: failures of {obligation.polarity} {{ {obligation.origin.text} }}"
            parts.append(f"{_comment(text)}\n{printed(query, dialect, pretty=True)};")
    return "\n\n".join(parts) + "\n"


def printed(expression: exp.Expr, dialect: str, *, pretty: bool = False) -> str:
    """Return the SQL text of an expression; every identifier is quoted."""
    return expression.sql(dialect, pretty=pretty, identify=True, comments=False)


def _header(plan: RelationalPlan) -> str:
    lines = ["-- Input tables, and the parts of values that their columns hold:"]
    for table, columns in ((SPANS, plan.spans), (EVENTS, plan.events)):
        lines.extend(f"--   {table}.{column.name}: {column.part.value} of {column.key}" for column in columns)
    return "\n".join(lines)


def _comment(text: str) -> str:
    return "-- " + " ".join(text.split())


class _Planner:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.definitions = program.definitions()
        self.comparisons = Comparisons()
        families: dict[str, Family] = {}
        scopes: dict[str, Family] = {}
        for rule in program.rules:
            family = _family(rule.member, rule.scope_key)
            families[rule.member.predicate] = scopes[rule.scope.predicate] = family
        self.families = families
        self.flags = Flags(self.comparisons, families, scopes)
        self.shared = Shared(self.comparisons, self.flags, self.aggregate)
        self.tables: dict[str, Step] = {}
        self.aggregates: dict[str, str] = {}

    def plan(self) -> RelationalPlan:
        for predicate in self.ordered():
            clauses = self.definitions[predicate]
            if isinstance(self.flags.classify(predicate, clauses), Joined):
                self.tables[predicate] = self.joined(predicate, clauses)
        wanted = tuple(dict.fromkeys(atom.predicate for plan in self.program.rules for atom in plan_atoms(plan)))
        steps = self.steps(frozenset(wanted))
        return RelationalPlan(
            spans=self.comparisons.columns.of(Sort.SPAN),
            events=self.comparisons.columns.of(Sort.EVENT),
            functions=tuple(self.comparisons.functions.values()),
            steps=steps,
            answers=self.answers,
            sorts={predicate: _sorts(clauses[0].head) for predicate, clauses in self.definitions.items()},
            wanted=wanted,
        )

    def ordered(self) -> list[str]:
        """Return the defined predicates, each after those that it mentions."""
        done: dict[str, None] = {}
        begun: set[str] = set()

        def visit(predicate: str, mentioned_by: Clause | None) -> None:
            if predicate in done or predicate in EXTENSIONAL:
                return
            clauses = self.definitions.get(predicate, ())
            if not clauses or predicate in begun:
                origin = None if mentioned_by is None else mentioned_by.origin
                raise unsupported(origin, f"{predicate} {'is recursive' if clauses else 'is not defined'}")
            begun.add(predicate)
            if not is_closure(predicate, clauses):
                for clause in clauses:
                    for literal in clause.body:
                        for atom in literal_atoms(literal):
                            visit(atom.predicate, clause)
            done[predicate] = None

        for predicate in self.definitions:
            visit(predicate, None)
        return list(done)

    # --- tables of their own --------------------------------------------------------------------------------------

    def joined(self, predicate: str, clauses: tuple[Clause, ...]) -> Step:
        selects = [clause_select(clause, self.shared) for clause in clauses]
        query: exp.Query = selects[0] if len(selects) == 1 else exp.union(*selects, distinct=True, copy=False)
        return Step(predicate, query, self.title(predicate))

    def title(self, predicate: str) -> str:
        origin = self.definitions[predicate][0].origin
        return predicate if origin is None else f"{predicate}: {origin.text}"

    def aggregate(self, literal: Aggregate) -> str:
        key = repr((literal.function, literal.target, literal.over, literal.window))
        if key not in self.aggregates:
            name = f"_aggregate_{len(self.aggregates) + 1}"
            self.aggregates[key] = name
            text = name if literal.origin is None else f"{name}: {literal.origin.text}"
            self.tables[name] = Step(name, self.aggregated(literal), text)
        return self.aggregates[key]

    def aggregated(self, literal: Aggregate) -> exp.Query:
        """Return the groups of an aggregate as ``a0``, …, ``value``, ``elements``: all groups that have an element."""
        query = Query(self.shared, literal.origin)
        query.atom(literal.over)
        groups = [arg for arg in literal.over.args if isinstance(arg, Var) and arg != literal.element]
        names = [f"a{number}" for number in range(len(groups))]
        columns = [sql.aliased(query.value(var), name) for name, var in zip(names, groups, strict=True)]
        grouped: list[exp.Expr] = [query.value(var) for var in groups]
        if literal.window is not None and literal.function in COUNTS:
            if literal.window <= 0:
                value: exp.Expr = sql.integer(0)
            else:
                query.conditions.append(started(literal, query, self.comparisons))
                counted = window_count(literal, grouped, query, self.comparisons)
                inner = query.select([*columns, sql.aliased(counted, "number")])
                value = exp.Max(this=sql.column("windows", "number"))
                columns = [sql.aliased(sql.column("windows", name), name) for name in names]
                outer = exp.select(*columns, *_valued(value), copy=False).from_(inner.subquery("windows"), copy=False)
                return outer.group_by(*(sql.column("windows", name) for name in names), copy=False)
        elif literal.window is not None:
            query.conditions.append(started(literal, query, self.comparisons))
            value = window_sum(literal, query, self.comparisons)
        else:
            value = aggregate_in_group(literal, None, query, self.comparisons).sql
        select = query.select([*columns, *_valued(value)])
        return select.group_by(*grouped, copy=False)

    # --- columns --------------------------------------------------------------------------------------------------

    def steps(self, wanted: frozenset[str]) -> Mapping[str, Step]:
        """Return all steps in order; predicates that nothing reads get no column, and are computed when asked for."""
        shapes = self.flags.shapes
        read = {column.name for step in self.tables.values() for column in step.query.find_all(exp.Column)}
        grouped = {
            name: self.flags.scope_flag(shape, "s")
            for name, shape in shapes.items()
            if isinstance(shape, ScopeFlag) and (name in wanted or name in read)
        }
        read.update(column.name for query in grouped.values() for column in query.find_all(exp.Column))
        self.read = read
        self.grouped = grouped
        steps: dict[str, Step] = {}
        for family in self.families.values():
            if family.key is not None:
                only = self.only_value(family, family.key)
                steps[only.name] = only
        steps[MARKED] = self.marked()
        for family in dict.fromkeys(self.families.values()):
            steps[family.table] = self.by_scope(family)
        steps.update(self.tables)
        return steps

    def only_value(self, family: Family, key: Field) -> Step:
        """Return the traces whose spans have exactly one value of the key of a scope."""
        value = self.comparisons.part(key, Part.TEXT, Rows({key.of: "s"}))
        low, high = exp.Min(this=value), exp.Max(this=value.copy())
        query = (
            exp.select(sql.aliased(sql.column("s", "_trace"), "_trace"), sql.aliased(low, "value"))
            .from_(sql.table(SPANS, "s"), copy=False)
            .group_by(sql.column("s", "_trace"), copy=False)
            .having(exp.EQ(this=low.copy(), expression=high), copy=False)
        )
        return Step(_only(family), query, f"traces with one value of {key.key}")

    def marked(self) -> Step:
        columns: list[exp.Expr] = [exp.Column(this=exp.Star(), table=sql.identifier("s"))]
        joins: list[tuple[str, str]] = []
        for number, family in enumerate(dict.fromkeys(self.families.values())):
            if family.key is None or family.column is None:
                continue
            own = self.comparisons.part(family.key, Part.TEXT, Rows({family.key.of: "s"}))
            scope = exp.Coalesce(this=own, expressions=[sql.column(f"k{number}", "value")])
            columns.append(sql.aliased(scope, family.column))
            joins.append((_only(family), f"k{number}"))
        for name, shape in self.flags.shapes.items():
            if name in self.read:
                match shape:
                    case SpanFlag(of_event=False):
                        columns.append(sql.aliased(sql.certain(self.flags.span_flag(shape, "s", "")), name))
                    case ScopedFlag(clauses=clauses) if clauses:
                        columns.append(sql.aliased(sql.certain(self.flags.scoped_flag(shape, "s")), name))
                    case _:
                        continue
        query = exp.select(*columns, copy=False).from_(sql.table(SPANS, "s"), copy=False)
        for table, alias in joins:
            same = exp.EQ(this=sql.column(alias, "_trace"), expression=sql.column("s", "_trace"))
            sql.join(query, sql.table(table, alias), same)
        return Step(MARKED, query, "every predicate of one span, as a column")

    def by_scope(self, family: Family) -> Step:
        flags = [
            sql.aliased(self.grouped[name], name)
            for name, shape in self.flags.shapes.items()
            if name in self.grouped and isinstance(shape, ScopeFlag) and shape.family == family
        ]
        scope = [] if family.column is None else [sql.aliased(sql.column("s", family.column), "_scope")]
        columns = [*scope, *flags] or [sql.aliased(exp.true(), "_scope")]
        query = self.group(family, exp.select(*columns, copy=False))
        return Step(family.table, query, f"every predicate of one scope ({family.member}), as a column")

    def group(self, family: Family, select: exp.Select) -> exp.Select:
        query = select.from_(sql.table(MARKED, "s"), copy=False)
        if family.column is None:
            # Without a key there is one group, even of no spans; HAVING makes that so without any aggregate.
            return query.having(exp.GTE(this=exp.Count(this=exp.Star()), expression=sql.integer(0)), copy=False)
        query = query.where(sql.present(sql.column("s", family.column)), copy=False)
        return query.group_by(sql.column("s", family.column), copy=False)

    # --- answers --------------------------------------------------------------------------------------------------

    @cached_property
    def answers(self) -> Mapping[str, exp.Query]:
        return {name: self.answer(name, shape) for name, shape in self.flags.shapes.items()}

    def answer(self, name: str, shape: Shape) -> exp.Query:
        match shape:
            case SpanFlag(of_event=False):
                truth = sql.column("s", name) if name in self.read else self.flags.span_flag(shape, "s", "")
                return _from_marked([sql.column("s", "_span")], [truth])
            case SpanFlag():
                truth = self.flags.span_flag(shape, "s", "e")
                query = _from_marked([sql.column("s", "_span"), sql.column("e", "_event")], [truth])
                same = exp.EQ(this=sql.column("e", "_span"), expression=sql.column("s", "_span"))
                return query.join(sql.table(EVENTS, "e"), on=same, copy=False)
            case ScopedFlag(family=family, clauses=clauses):
                truth = sql.column("s", name) if name in self.read and clauses else self.flags.scoped_flag(shape, "s")
                scoped = [] if family.column is None else [sql.present(family.scope_of("s"))]
                return _from_marked([family.scope_of("s"), sql.column("s", "_span")], [*scoped, truth])
            case ScopeFlag(family=family):
                if name not in self.grouped:
                    select = exp.select(family.scope_of("s"), copy=False)
                    return self.group(family, select).having(self.flags.scope_flag(shape, "s"), copy=False)
                scope = sql.text("") if family.column is None else sql.column("s", "_scope")
                query = exp.select(scope, copy=False).from_(sql.table(family.table, "s"), copy=False)
                return query.where(sql.column("s", name), copy=False)
            case Closure():
                pairs = Query(self.shared, None)
                below, above = Var("below", Sort.SPAN), Var("above", Sort.SPAN)
                pairs.conditions.append(pairs.descends(below, above))
                return pairs.select([pairs.value(below), pairs.value(above)])
            case Joined(clauses=clauses):
                columns = [sql.column("r", f"a{number}") for number in range(len(clauses[0].head.args))]
                return exp.select(*columns, copy=False).from_(sql.table(name, "r"), copy=False)
            case _:
                assert_never(shape)


def _family(member: Atom, key: Field | None) -> Family:
    name = member.predicate
    if key is not None:
        column: str | None = f"_scope_{name}"
    else:
        column = None if isinstance(member.args[0], Const) else "_trace"
    return Family(name, f"_by_{name}", column, key)


def _only(family: Family) -> str:
    return f"_only_{family.member}"


def _valued(value: exp.Expr) -> list[exp.Expr]:
    return [sql.aliased(value, "value"), sql.aliased(exp.true(), "elements")]


def _from_marked(columns: Iterable[exp.Expr], conditions: Iterable[exp.Expr]) -> exp.Select:
    return (
        exp.select(*columns, copy=False)
        .from_(sql.table(MARKED, "s"), copy=False)
        .where(sql.conjunction(conditions), copy=False)
    )


def _sorts(head: Atom) -> tuple[Sort, ...]:
    return tuple(arg.sort if isinstance(arg, Var) else Sort.TEXT for arg in head.args)
