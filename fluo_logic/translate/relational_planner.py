"""Writes the relational plan of a program: see `fluo_logic.translate.relational` for its shape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Final, assert_never

from sqlglot import exp

from fluo_logic.facts.schema import EXTENSIONAL
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
    Program,
    Sort,
    Var,
    literal_atoms,
)
from fluo_logic.translate import relational_sql as sql
from fluo_logic.translate.names import Names, NameTable, widened
from fluo_logic.translate.passes import plan_atoms
from fluo_logic.translate.relational_aggregates import (
    COUNTS,
    aggregate_in_group,
    started,
    window_count,
    window_sum,
)
from fluo_logic.translate.relational_columns import STRUCTURAL, Part
from fluo_logic.translate.relational_filter import rows_read
from fluo_logic.translate.relational_flags import Flags
from fluo_logic.translate.relational_groups import TESTED, ScopeTables, grouped
from fluo_logic.translate.relational_joins import (
    EVENTS,
    MARKED,
    SPANS,
    Query,
    Shared,
    clause_select,
    unsupported,
)
from fluo_logic.translate.relational_plan import RelationalPlan, Step
from fluo_logic.translate.relational_shapes import (
    Closure,
    Family,
    Joined,
    Rows,
    ScopedFlag,
    ScopeFlag,
    Shape,
    SpanFlag,
    is_closure,
)
from fluo_logic.translate.relational_terms import Comparisons, term_fields

KEPT: Final = frozenset({"_span", "_trace", "_name"})
"""Columns that the tables of spans always have."""


class Planner:
    """The state of planning: shapes of predicates, and the tables so far."""

    def __init__(self, program: Program, wanted: Iterable[str] | None = None) -> None:
        """Take a program in stratum order, and the predicates that are wanted: all that its rules name if None."""
        named = (atom.predicate for plan in program.rules for atom in plan_atoms(plan))
        self.wanted = tuple(dict.fromkeys(named if wanted is None else wanted))
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
        """Return the plan."""
        for predicate in self.ordered():
            clauses = self.definitions[predicate]
            if isinstance(self.flags.classify(predicate, clauses), Joined):
                self.tables[predicate] = self.joined(predicate, clauses)
        steps = self.steps(frozenset(self.wanted))
        names = field_names(self.program)
        return RelationalPlan(
            spans=self.comparisons.columns.of(Sort.SPAN, names),
            events=self.comparisons.columns.of(Sort.EVENT, {}),
            structural=self.structural(steps),
            functions=tuple(self.comparisons.functions.values()),
            steps=steps,
            answers=self.answers,
            sorts={predicate: _sorts(clauses[0].head) for predicate, clauses in self.definitions.items()},
            wanted=self.wanted,
            of_scopes={
                name: (shape.family, self.grouped[name])
                for name, shape in self.flags.shapes.items()
                if isinstance(shape, ScopeFlag) and name in self.grouped
            },
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
        """Return the table of a predicate of no simpler shape: the union of its clauses."""
        selects = [clause_select(clause, self.shared) for clause in clauses]
        query: exp.Query = selects[0] if len(selects) == 1 else exp.union(*selects, distinct=True, copy=False)
        return Step(predicate, query, self.title(predicate))

    def title(self, predicate: str) -> str:
        """Return a predicate with its text in the rule."""
        origin = self.definitions[predicate][0].origin
        return predicate if origin is None else f"{predicate}: {origin.text}"

    def aggregate(self, literal: Aggregate) -> str:
        """Return the name of the table of an aggregate, made when it is first asked for."""
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
        if any(isinstance(shape, Closure) for shape in shapes.values()):
            read.update(("_pre", "_first_below", "_last_below"))
        self.joined_read = frozenset(read)
        of_scope = {
            name: self.flags.scope_flag(shape, "s") for name, shape in shapes.items() if isinstance(shape, ScopeFlag)
        }
        self.grouped = {name: query for name, query in of_scope.items() if name in wanted or name in read}
        # Those that are computed when asked for read columns too: a disjunction with TRUE mentions only that.
        read.update(column.name for query in of_scope.values() for column in query.find_all(exp.Column))
        self.read = frozenset(read)
        steps: dict[str, Step] = {}
        for family in self.families.values():
            if family.key is not None:
                only = self.only_value(family, family.key)
                steps[only.name] = only
        steps[TESTED] = tested = self.tested()
        steps[MARKED] = self.marked(tested)
        self.placed: dict[str, str] = {}
        for family in dict.fromkeys(self.families.values()):
            for step in self.by_scope(family):
                steps[step.name] = step
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

    def tested(self) -> Step:
        """Return the spans with their scopes and with the truth of each predicate of one span."""
        kept = [name for name in sorted(STRUCTURAL) if name in self.read | KEPT]
        values = self.comparisons.columns.of(Sort.SPAN, {})
        kept.extend(column.name for column in values if column.name in self.read)
        columns: list[exp.Expr] = [sql.column("s", name) for name in kept if name not in {"_scope", "_event"}]
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
        return Step(TESTED, query, "every predicate of one span, as a column", kind="VIEW")

    def marked(self, tested: Step) -> Step:
        """Return the table of what joins read of the spans; what only groupings read is never stored."""
        names = [column.alias_or_name for column in tested.query.selects]
        columns = [sql.column("s", name) for name in names if name in self.joined_read | KEPT]
        query = exp.select(*columns, copy=False).from_(sql.table(TESTED, "s"), copy=False)
        read = rows_read((step.query for step in self.tables.values()), MARKED, "s")
        if read is not None:
            query = query.where(read, copy=False)
        return Step(MARKED, query, "what joins read of the spans")

    def by_scope(self, family: Family) -> Iterator[Step]:
        """Yield the tables of the scopes of a family with the truth of each predicate of one scope."""
        flags = self.flags.shapes
        of_family = [name for name in self.grouped if flags[name].family == family]  # type: ignore[union-attr]
        of_family.sort(key=lambda name: name not in self.joined_read)
        joined = sum(name in self.joined_read for name in of_family)
        tables = ScopeTables(family, {name: self.grouped[name] for name in of_family}, joined)
        self.placed.update((name, table) for table, names in tables.parts() for name in names)
        yield from tables.steps()

    def structural(self, steps: Mapping[str, Step]) -> frozenset[str]:
        """Return the structural columns that any query reads."""
        queries = [*(step.query for step in steps.values()), *self.answers.values()]
        read = {column.name for query in queries for column in query.find_all(exp.Column)}
        return STRUCTURAL & (read | KEPT)

    # --- answers --------------------------------------------------------------------------------------------------

    @cached_property
    def answers(self) -> Mapping[str, exp.Query]:
        """The query of the tuples of each predicate."""
        return {name: self.answer(name, shape) for name, shape in self.flags.shapes.items()}

    def answer(self, name: str, shape: Shape) -> exp.Query:
        """Return the query of the tuples of a predicate."""
        match shape:
            case SpanFlag(of_event=False):
                if name in self.read:
                    return _selected(TESTED, [sql.column("s", "_span")], [sql.column("s", name)])
                return _selected(SPANS, [sql.column("s", "_span")], [self.flags.span_flag(shape, "s", "")])
            case SpanFlag():
                truth = self.flags.span_flag(shape, "s", "e")
                query = _selected(SPANS, [sql.column("s", "_span"), sql.column("e", "_event")], [truth])
                same = exp.EQ(this=sql.column("e", "_span"), expression=sql.column("s", "_span"))
                return query.join(sql.table(EVENTS, "e"), on=same, copy=False)
            case ScopedFlag():
                return self.scoped(name, shape)
            case ScopeFlag(family=family):
                if name not in self.grouped:
                    select = exp.select(family.scope_of("s"), copy=False)
                    return grouped(family, select).having(self.flags.scope_flag(shape, "s"), copy=False)
                scope = sql.text("") if family.column is None else sql.column("s", "_scope")
                query = exp.select(scope, copy=False).from_(sql.table(self.placed[name], "s"), copy=False)
                return query.where(sql.column("s", name), copy=False)
            case Closure():
                pairs = Query(self.shared, None)
                below, above = Var("below", Sort.SPAN), Var("above", Sort.SPAN)
                pairs.conditions.append(pairs.descends(below, above))
                query = pairs.select([pairs.value(below), pairs.value(above)])
                for table in query.find_all(exp.Table):
                    # Of the spans that joins read, some may be left out.
                    table.set("this", exp.to_identifier(SPANS, quoted=table.this.quoted))
                return query
            case Joined(clauses=clauses):
                columns = [sql.column("r", f"a{number}") for number in range(len(clauses[0].head.args))]
                return exp.select(*columns, copy=False).from_(sql.table(name, "r"), copy=False)
            case _:
                assert_never(shape)

    def scoped(self, name: str, flag: ScopedFlag) -> exp.Select:
        """Return the scopes and spans of a predicate; what is no column is computed from the values of spans."""
        family = flag.family
        if name in self.read or not flag.clauses:
            truth = sql.column("s", name) if flag.clauses else exp.true()
            scope = family.scope_of("s")
            is_scoped = exp.true() if family.key is None else sql.present(family.scope_of("s"))
            return _selected(TESTED, [scope, sql.column("s", "_span")], [is_scoped, truth])
        scope = family.scope_of("s" if family.key is None else "m")
        query = _selected(SPANS, [scope, sql.column("s", "_span")], [self.flags.scoped_flag(flag, "s")])
        if family.key is None:
            return query
        same = exp.EQ(this=sql.column("m", "_span"), expression=sql.column("s", "_span"))
        query = query.join(sql.table(TESTED, "m"), on=same, copy=False)
        return query.where(sql.present(family.scope_of("m")), copy=False)


def field_names(program: Program) -> Mapping[tuple[str, str], Names]:
    """Return for each field the names of the spans for which its value can matter, None for all spans."""
    table = NameTable(program)
    found: dict[tuple[str, str], Names] = {}
    for clause in program.clauses:
        for literal in clause.body:
            for term in _fields(literal):
                names = table.of(term.of, clause.body)
                key = (term.space, term.key)
                found[key] = widened(found.get(key, frozenset()), names)
    return found


def _fields(literal: Literal) -> Iterator[Field]:
    match literal:
        case Compare(left=left, right=right):
            yield from term_fields(left)
            yield from term_fields(right)
        case Present(term=term):
            yield term
        case Not(literal=inner):
            yield from _fields(inner)
        case Aggregate(element=element, target=target, window=window):
            if target is not None:
                yield target
            if window is not None:
                yield Field(element, "intrinsic", "span:start")
        case Atom(predicate="text", args=(Var() as span, Const(value=space), Const(value=key), _)):
            yield Field(span, str(space), str(key))
        case Atom():
            return


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


def _selected(table: str, columns: Iterable[exp.Expr], conditions: Iterable[exp.Expr]) -> exp.Select:
    query = exp.select(*columns, copy=False).from_(sql.table(table, "s"), copy=False)
    return query.where(sql.conjunction(conditions), copy=False)


def _sorts(head: Atom) -> tuple[Sort, ...]:
    return tuple(arg.sort if isinstance(arg, Var) else Sort.TEXT for arg in head.args)
