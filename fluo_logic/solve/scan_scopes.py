"""Predicates of one trace, counted without a row for each trace and rule: of each span only what is true of it matters.

A plan aggregates them in one grouping with a column for each.  With hundreds of rules such rows are wide, and most of
what they hold is false.  Here DuckDB tells, name by name, which spans a condition is true of; those mark their traces
in an array for each condition, and what a rule makes of the conditions is computed on arrays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from sqlglot import exp

from fluo_logic.facts.columnar.arrow import Array, to_numpy
from fluo_logic.solve.duck_run import DIALECT, Run
from fluo_logic.translate import relational_sql as sql
from fluo_logic.translate.relational import printed
from fluo_logic.translate.relational_groups import TESTED
from fluo_logic.translate.relational_plan import RelationalPlan

TRACE: Final = "_trace"
COMPARED: Final[Mapping[type[exp.Expr], np.ufunc]] = {
    exp.EQ: np.equal,
    exp.NEQ: np.not_equal,
    exp.LT: np.less,
    exp.LTE: np.less_equal,
    exp.GT: np.greater,
    exp.GTE: np.greater_equal,
}
OF_ONE: Final = 8
"""So many conditions on spans of one name are asked of these spans alone; the names that have fewer share a query."""
AT_ONCE: Final = 1_000
"""So many conditions are asked in one query."""


class OtherFormError(Exception):
    """An expression that arrays are not used for."""


def countable(plan: RelationalPlan) -> dict[str, exp.Expr]:
    """Return the predicates of a plan that can be counted on arrays, with the aggregate that each is."""
    found = {}
    for name, (family, expression) in plan.of_scopes.items():
        if family.column == TRACE:
            try:
                _check(expression)
            except OtherFormError:
                continue
            found[name] = expression
    return found


def _check(expression: exp.Expr) -> None:
    match expression:
        case exp.Boolean() | exp.LogicalOr() | exp.CountIf():
            return
        case exp.Literal(is_string=False) if expression.name.isdigit():
            return
        case exp.Paren() | exp.Not() | exp.Coalesce(expressions=[exp.Boolean(this=False)]):
            _check(expression.this)
        case exp.And() | exp.Or() | exp.EQ() | exp.NEQ() | exp.LT() | exp.LTE() | exp.GT() | exp.GTE():
            _check(expression.left)
            _check(expression.right)
        case _:
            raise OtherFormError


@dataclass(frozen=True, slots=True)
class Question:
    """A query of spans, whose columns are the trace and the truth of each condition."""

    text: str
    conditions: Mapping[exp.Expr, frozenset[type]]
    """With the aggregates that are made of each."""


class Conditions:
    """The conditions on spans that predicates of a plan are made of, and the queries that ask them."""

    def __init__(self, plan: RelationalPlan) -> None:
        """Take the wanted predicates that can be counted on arrays."""
        self.predicates = {name: form for name, form in countable(plan).items() if name in frozenset(plan.wanted)}
        asked: dict[exp.Expr, set[type]] = {}
        for expression in self.predicates.values():
            for aggregate in expression.find_all(exp.LogicalOr, exp.CountIf):
                asked.setdefault(aggregate.this, set()).add(type(aggregate))
        self.questions = [
            _question(names, {each: frozenset(asked[each]) for each in conditions[first : first + AT_ONCE]})
            for names, conditions in (_by_name(asked, _truths(plan)) if asked else ())
            for first in range(0, len(conditions), AT_ONCE)
        ]


def _question(names: Sequence[str], conditions: Mapping[exp.Expr, frozenset[type]]) -> Question:
    """Ask which spans conditions are true of; only those with some names can be, if there are any."""
    columns = [sql.aliased(condition.copy(), f"p{number}") for number, condition in enumerate(conditions)]
    query = exp.select(sql.column("s", TRACE), *columns, copy=False).from_(sql.table(TESTED, "s"), copy=False)
    if names:
        among = exp.In(this=sql.column("s", "_name"), expressions=[sql.text(name) for name in names])
        query = query.where(among, copy=False)
    return Question(printed(query, DIALECT), conditions)


class Traces:
    """What is true of each trace, as arrays by its number."""

    def __init__(self, run: Run, number: int, conditions: Conditions) -> None:
        """Ask the conditions; there are so many traces."""
        self.number = number
        self.some: dict[exp.Expr, Array] = {}
        self.counts: dict[exp.Expr, Array] = {}
        for question in conditions.questions:
            self._ask(run, question)

    def _ask(self, run: Run, question: Question) -> None:
        for condition, kinds in question.conditions.items():
            if exp.LogicalOr in kinds:
                self.some[condition] = np.zeros(self.number, np.bool_)
            if exp.CountIf in kinds:
                self.counts[condition] = np.zeros(self.number, np.int64)
        for batch in run.batches(question.text):
            trace = to_numpy(batch.column(0))
            for place, (condition, kinds) in enumerate(question.conditions.items(), 1):
                truth = batch.column(place)
                if truth.true_count:
                    here = trace if truth.true_count == len(truth) else trace[to_numpy(truth)]
                    if exp.LogicalOr in kinds:
                        self.some[condition][here] = True
                    if exp.CountIf in kinds:
                        self.counts[condition] += np.bincount(here, minlength=self.number)

    def value(self, expression: exp.Expr) -> Any:  # noqa: ANN401 - an array, or what is the same for each trace
        """Return the value of an expression of each trace."""
        match expression:
            case exp.LogicalOr():
                return self.some[expression.this]
            case exp.CountIf():
                return self.counts[expression.this]
            case exp.Boolean():
                return np.bool_(expression.this)
            case exp.Literal():
                return int(expression.name)
            case exp.Paren() | exp.Coalesce():
                return self.value(expression.this)
            case exp.Not():
                return ~self.value(expression.this)
            case exp.And():
                return self.value(expression.left) & self.value(expression.right)
            case exp.Or():
                return self.value(expression.left) | self.value(expression.right)
            case exp.Binary():
                return COMPARED[type(expression)](self.value(expression.left), self.value(expression.right))
            case _:
                raise OtherFormError

    def where(self, expression: exp.Expr) -> Array:
        """Return the numbers of the traces that an expression is true of."""
        return np.flatnonzero(np.broadcast_to(self.value(expression), self.number))


def _truths(plan: RelationalPlan) -> dict[str, exp.Expr]:
    return {item.alias: item.this for item in plan.steps[TESTED].query.selects if isinstance(item, exp.Alias)}


def _by_name(
    conditions: Iterable[exp.Expr], truths: Mapping[str, exp.Expr]
) -> Iterator[tuple[tuple[str, ...], list[exp.Expr]]]:
    """Yield conditions together with the names of the only spans that they can be true of; no names for any span."""
    found: dict[str | None, list[exp.Expr]] = {}
    for condition in conditions:
        found.setdefault(_name(condition, truths), []).append(condition)
    rest = found.pop(None, [])
    if rest:
        yield (), rest
    few: dict[str, list[exp.Expr]] = {}
    for name, own in found.items():
        if name is not None and len(own) < OF_ONE:
            few[name] = own
        elif name is not None:
            yield (name,), own
    if few:
        yield tuple(few), [condition for own in few.values() for condition in own]


def _name(condition: exp.Expr, truths: Mapping[str, exp.Expr]) -> str | None:
    """Return a name that every span has for which a condition is true, if it asks for one."""
    match condition:
        case exp.Column() if condition.name in truths:
            return _name(truths[condition.name], truths)
        case exp.Paren() | exp.Coalesce(expressions=[exp.Boolean(this=False)]):
            return _name(condition.this, truths)
        case exp.And():
            return _name(condition.left, truths) or _name(condition.right, truths)
        case exp.Or():
            left = _name(condition.left, truths)
            return left if left == _name(condition.right, truths) else None
        case exp.EQ(this=exp.Column() as column, expression=exp.Literal() as name) if column.name == "_name":
            return str(name.this)
        case _:
            return None
