"""Which scopes fail which rule, found by DuckDB over columns of spans: counts for all, names for those that fail."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fluo_logic.facts.columnar.arrow import Array
from fluo_logic.facts.columnar.batch import Unusual
from fluo_logic.facts.columnar.table import Table
from fluo_logic.logic import Const, Program, RulePlan
from fluo_logic.solve import scan_columns, scan_scopes
from fluo_logic.solve.duck_run import Run
from fluo_logic.translate.relational import to_plan
from fluo_logic.translate.relational_groups import TESTED
from fluo_logic.translate.relational_joins import LINKS, SPANS
from fluo_logic.translate.relational_plan import tables_of


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

    @classmethod
    def nothing(cls, rule: RulePlan) -> RuleScan:
        """Return what becomes of a rule where there are no spans."""
        return cls(0, 0, 0, (0,) * len(rule.obligations), frozenset())

    def __add__(self, other: RuleScan) -> RuleScan:
        """Return what becomes of the rule on other traces, too."""
        return RuleScan(
            self.scopes + other.scopes,
            self.matches + other.matches,
            self.active + other.active,
            tuple(map(sum, zip(self.failures, other.failures, strict=True))),
            self.failing | other.failing,
        )


class Scan:
    """A program to be run over columns."""

    def __init__(self, program: Program) -> None:
        """Plan it; raises UnsupportedError for a clause that has no relational form."""
        self.program = program
        self.steps: list[tuple[str, float]] = []
        """The tables that were made, and the seconds that each took."""
        self.plan = to_plan(program, [name for rule in program.rules for name in _counted(rule)])

    @cached_property
    def _run(self) -> Run:
        return Run(self.plan)

    @cached_property
    def _conditions(self) -> scan_scopes.Conditions:
        return scan_scopes.Conditions(self.plan)

    @property
    def is_within_traces(self) -> bool:
        """Whether what a rule says of a trace depends on this trace alone."""
        tables = {table for step in self.plan.steps.values() for table in step.needs}
        tables.update(table for predicate in self.plan.wanted for table in tables_of(self.plan.answers[predicate]))
        return LINKS not in tables and all(rule.scope_kind == "per trace" for rule in self.program.rules)

    def run(self, table: Table) -> tuple[list[RuleScan], Array]:
        """Return what became of each rule, and the numbers of the traces that failing scopes are made of.

        Raises:
            Unusual: the plan has no exact form for this data, or the one scope of all traces fails.
        """
        if "_pre" in self.plan.structural and len(table.cyclic):
            message = "parents in a circle"
            raise Unusual(message)
        run = self._run
        run.load(
            scan_columns.span_table(table, self.plan.spans, self.plan.structural),
            scan_columns.event_table(table, self.plan.events),
            scan_columns.link_table(table),
        )
        others = [name for name in self.plan.wanted if name not in self._conditions.predicates]
        run.make(others, (TESTED,) if self._conditions.predicates else ())
        failures = {each.failure.predicate for rule in self.program.rules for each in rule.obligations}
        counts = _Counts(run, failures)
        counts.of_traces(self._conditions, len(table.trace_ids))
        counts.of_tables(others)
        self.steps = run.seconds
        found = [_counts_of(rule, counts) for rule in self.program.rules]
        traces = [
            _traces(run, rule, result.failing)
            for rule, result in zip(self.program.rules, found, strict=True)
            if result.failing
        ]
        return found, np.unique(np.concatenate(traces)) if traces else np.empty(0, np.int64)


def _counts_of(rule: RulePlan, counts: _Counts) -> RuleScan:
    failures = [obligation.failure.predicate for obligation in rule.obligations]
    failing = {scope for predicate in failures for scope in counts.named[predicate]}
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
    """How many tuples predicates have, and in how many scopes; and the scopes of those that are to be ``named``."""

    def __init__(self, run: Run, named: Collection[str]) -> None:
        self.run = run
        self.rows: dict[str, int] = {}
        self.scopes: dict[str, int] = {}
        self.named: dict[str, list[int | str]] = {name: [] for name in named}

    def of_traces(self, conditions: scan_scopes.Conditions, number: int) -> None:
        """Count predicates that each are an aggregate over the spans of a trace."""
        with self.run.timed("arrays of traces: what is true of some span, or of how many"):
            traces = scan_scopes.Traces(self.run, number, conditions)
            for predicate, expression in conditions.predicates.items():
                found = traces.where(expression)
                self.rows[predicate] = self.scopes[predicate] = len(found)
                if predicate in self.named:
                    self.named[predicate] = found.tolist()

    def of_tables(self, predicates: Iterable[str]) -> None:
        """Count the tuples of predicates, whose tables are made."""
        for predicate in predicates:
            inner = _inner(self.run, predicate)
            if predicate in self.named:
                counted = self.run.execute(f"SELECT c0, COUNT(*) FROM {inner} GROUP BY c0").fetchall()  # noqa: S608 - of a plan
                self.rows[predicate], self.scopes[predicate] = sum(count for _, count in counted), len(counted)
                self.named[predicate] = [scope for scope, _ in counted]
            else:
                row = self.run.execute(f"SELECT COUNT(*), COUNT(DISTINCT c0) FROM {inner}").fetchone()  # noqa: S608 - likewise
                self.rows[predicate], self.scopes[predicate] = row or (0, 0)


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


class Lacking:
    """Counts spans that lack an attribute which a rule reads of spans of their names."""

    def __init__(self, table: Table) -> None:
        """Take the spans."""
        self.table = table
        self.known: dict[tuple[str, frozenset[str]], int] = {}
        self.rows: dict[frozenset[str], list[Array]] = {}

    def count(self, named: Mapping[str, Collection[str]]) -> dict[str, int]:
        """Return, for each attribute, how many spans of the names that it is read of lack it, where any do."""
        found = {key: self._one(key, frozenset(names)) for key, names in sorted(named.items())}
        return {key: count for key, count in found.items() if count}

    def _one(self, key: str, names: frozenset[str]) -> int:
        # Many rules read the same attributes of the same spans.
        if (key, names) not in self.known:
            self.known[key, names] = sum(
                int(np.count_nonzero(is_named & ~batch.values[key].present))
                for batch, is_named in zip(self.table.batches, self._named(names), strict=True)
            )
        return self.known[key, names]

    def _named(self, names: frozenset[str]) -> list[Array]:
        if names not in self.rows:
            self.rows[names] = [batch.name.are_in(names) for batch in self.table.batches]
        return self.rows[names]
