"""Which scopes fail which rule, found by DuckDB over columns of spans: counts for all, names for those that fail."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from sqlglot import exp

from fluo_logic.facts.columnar.arrow import Array
from fluo_logic.facts.columnar.batch import Unusual, Wanted
from fluo_logic.facts.columnar.table import Table
from fluo_logic.logic import Const, Program, RulePlan
from fluo_logic.solve import scan_columns
from fluo_logic.solve.duck_run import DIALECT, Run
from fluo_logic.translate.relational import printed, to_plan
from fluo_logic.translate.relational_joins import SPANS

GROUPED: Final = "_by_"


@dataclass(frozen=True, slots=True)
class RuleScan:
    """One rule on all the data.

    ``scopes`` and ``matches`` count its scopes and the matches of ``when``, ``active`` the scopes that have a match,
    ``failures`` the failed matches of each obligation.  ``failing`` are the scopes that have one: numbers of traces,
    or texts.
    """

    scopes: int
    matches: int
    active: int
    failures: tuple[int, ...]
    failing: frozenset[int | str]


class Scan:
    """A program to be run over columns."""

    def __init__(self, program: Program) -> None:
        """Plan it; raises UnsupportedError for a clause that has no relational form."""
        self.program = program
        self.steps: list[tuple[str, float]] = []
        """The tables that were made, and the seconds that each took."""
        self.plan = to_plan(program, [name for rule in program.rules for name in _counted(rule)])

    def wanted(self, named: Iterable[str]) -> Wanted:
        """Return what has to be read of spans; ``named`` are attributes beside those that the plan reads."""
        return scan_columns.wanted_of(self.plan, named)

    def run(self, table: Table) -> tuple[list[RuleScan], Array]:
        """Return what became of each rule, and the numbers of the traces that failing scopes are made of.

        Raises:
            Unusual: the plan has no exact form for this data, or the one scope of all traces fails.
        """
        if "_pre" in self.plan.structural and len(table.cyclic):
            message = "parents in a circle"
            raise Unusual(message)
        run = Run(
            self.plan,
            scan_columns.span_table(table, self.plan.spans, self.plan.structural),
            scan_columns.event_table(table, self.plan.events),
            scan_columns.link_table(table),
        )
        run.make(self.plan.wanted)
        self.steps = run.seconds
        counts = _Counts(run)
        counts.count(self.plan.wanted)
        found = [self._rule(run, rule, counts) for rule in self.program.rules]
        traces = [
            _traces(run, rule, result.failing)
            for rule, result in zip(self.program.rules, found, strict=True)
            if result.failing
        ]
        return found, np.unique(np.concatenate(traces)) if traces else np.empty(0, np.int64)

    def _rule(self, run: Run, rule: RulePlan, counts: _Counts) -> RuleScan:
        failures = [obligation.failure.predicate for obligation in rule.obligations]
        failing = {
            row[0]
            for predicate in failures
            if counts.rows[predicate]
            for row in run.execute(f"SELECT DISTINCT c0 FROM {_inner(run, predicate)}").fetchall()  # noqa: S608 - of a plan
        }
        if failing and isinstance(rule.member.args[0], Const):
            message = "the scope of all traces fails"
            raise Unusual(message)
        when = rule.when.predicate
        return RuleScan(
            scopes=counts.rows[rule.scope.predicate],
            matches=counts.rows[when],
            active=counts.scopes[when],
            failures=tuple(counts.rows[predicate] for predicate in failures),
            failing=frozenset(failing),
        )


def _counted(rule: RulePlan) -> Iterator[str]:
    """Yield the predicates of a rule of which a scan counts the tuples."""
    yield rule.scope.predicate
    yield rule.when.predicate
    yield from (obligation.failure.predicate for obligation in rule.obligations)


class _Counts:
    """How many tuples predicates have, and in how many scopes; what stands in one table is counted in one pass."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.rows: dict[str, int] = {}
        self.scopes: dict[str, int] = {}

    def count(self, predicates: Iterable[str]) -> None:
        """Count the tuples of predicates, whose tables are made."""
        together: dict[str, dict[str, exp.Expr]] = {}
        for predicate in dict.fromkeys(predicates):
            table, condition = _of_group(self.run.plan.answers[predicate])
            if table is None:
                sql = f"SELECT COUNT(*), COUNT(DISTINCT c0) FROM {_inner(self.run, predicate)}"  # noqa: S608 - likewise
                row = self.run.execute(sql).fetchone() or (0, 0)
                self.rows[predicate], self.scopes[predicate] = row
            else:
                together.setdefault(table, {})[predicate] = condition
        for table, conditions in together.items():
            # COUNT_IF of what is always NULL is NULL.
            columns = [
                exp.Filter(this=exp.Count(this=exp.Star()), expression=exp.Where(this=condition))
                for condition in conditions.values()
            ]
            query = exp.select(*columns, copy=False).from_(exp.to_table(table).as_("s"), copy=False)
            row = self.run.execute(printed(query, DIALECT)).fetchone() or ()
            for predicate, number in zip(conditions, row, strict=True):
                # A table of scopes has a row for each.
                self.rows[predicate] = self.scopes[predicate] = number


def _of_group(query: exp.Query) -> tuple[str | None, exp.Expr]:
    """Return the table of scopes that a query filters, and its condition; None for another query."""
    start = query.args.get("from_")
    if not isinstance(query, exp.Select) or query.args.get("joins") or query.args.get("group") or start is None:
        return None, exp.true()
    table = start.this
    if not isinstance(table, exp.Table) or not table.name.startswith(GROUPED) or query.args.get("having"):
        return None, exp.true()
    where = query.args.get("where")
    return table.name, exp.true() if where is None else where.this.copy()


def _inner(run: Run, predicate: str) -> str:
    """Return the query of a predicate as a table whose columns are ``c0``, ``c1`` and so on."""
    names = ", ".join(f"c{number}" for number in range(len(run.plan.sorts[predicate])))
    return f"({run.query(predicate)}) AS t({names})"


def _traces(run: Run, rule: RulePlan, failing: frozenset[int | str]) -> Array:
    """Return the numbers of the traces that have a span in a failing scope."""
    if rule.scope_kind == "per trace":
        return np.array(sorted(failing), np.int64)
    run.connection.execute("CREATE OR REPLACE TEMP TABLE _failing AS SELECT UNNEST(?) AS scope", [sorted(failing)])
    joined = f'{_inner(run, rule.member.predicate)} JOIN {SPANS} AS s ON s."_span" = t.c1'
    query = f'SELECT DISTINCT s."_trace" FROM {joined} WHERE t.c0 IN (SELECT scope FROM _failing)'  # noqa: S608 - likewise
    rows = run.execute(query).fetchall()
    return np.array([row[0] for row in rows], np.int64)


def missing(table: Table, named: Mapping[str, Collection[str]]) -> dict[str, int]:
    """Return, for each attribute, how many spans of the names that it is read of lack it, where any do."""
    found: dict[str, int] = {}
    for key, names in named.items():
        count = 0
        for batch in table.batches:
            codes = [code for code, name in enumerate(batch.name.dictionary.to_pylist()) if name in names]
            if codes:
                count += int((np.isin(batch.name.codes, codes) & ~batch.values[key].present).sum())
        if count:
            found[key] = count
    return dict(sorted(found.items()))
