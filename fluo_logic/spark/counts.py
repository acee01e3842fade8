"""What became of each rule on all the data: counts for every predicate, and the scopes that fail."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlglot import exp

from fluo_logic.logic import Const, Program, RulePlan
from fluo_logic.spark.run import Run
from fluo_logic.translate import relational_sql as sql
from fluo_logic.translate.relational import printed
from fluo_logic.translate.relational_joins import SPANS
from fluo_logic.translate.relational_spark import DIALECT

MOST_TOGETHER: Final = 20
"""So many predicates are asked for in one query."""
GROUPED: Final = "_by_"
MORE: Final = ("joins", "group", "having")


@dataclass(frozen=True, slots=True)
class RuleCount:
    """One rule on all the data.

    ``scopes`` and ``matches`` count its scopes and the matches of ``when``, ``active`` the scopes that have a match,
    ``failures`` the failed matches of each obligation.  ``failing`` are the scopes that have one, with how many: ids
    of traces, values of a key, or ``""`` for all traces together.
    """

    scopes: int
    matches: int
    active: int
    failures: tuple[int, ...]
    failing: Mapping[str, int]


def wanted(program: Program) -> list[str]:
    """Return the predicates of a program whose tuples are counted or read."""
    return [name for rule in program.rules for name in (*_counted(rule), rule.member.predicate)]


def _counted(rule: RulePlan) -> Iterator[str]:
    yield rule.scope.predicate
    yield rule.when.predicate
    yield from (obligation.failure.predicate for obligation in rule.obligations)


def count(run: Run, program: Program) -> list[RuleCount]:
    """Return what became of each rule."""
    failures = {obligation.failure.predicate for rule in program.rules for obligation in rule.obligations}
    counts = _Counts(run, failures)
    counts.count(dict.fromkeys(name for rule in program.rules for name in _counted(rule)))
    return [
        RuleCount(
            scopes=counts.rows[rule.scope.predicate],
            matches=counts.rows[rule.when.predicate],
            active=counts.scopes[rule.when.predicate],
            failures=tuple(counts.rows[obligation.failure.predicate] for obligation in rule.obligations),
            failing=_together(counts.named[obligation.failure.predicate] for obligation in rule.obligations),
        )
        for rule in program.rules
    ]


class _Counts:
    """How many tuples predicates have, and in how many scopes; of failures, how many in which."""

    def __init__(self, run: Run, failures: Collection[str]) -> None:
        self.run = run
        self.failures = failures
        self.rows: dict[str, int] = {}
        self.scopes: dict[str, int] = {}
        self.named: dict[str, dict[str, int]] = {predicate: {} for predicate in failures}

    def count(self, predicates: Iterable[str]) -> None:
        """Count the tuples of predicates: those that one table of scopes has in one pass."""
        together: dict[str, list[str]] = {}
        apart: list[str] = []
        for predicate in predicates:
            table = _group(self.run.plan.answers[predicate])
            if table is None:
                apart.append(predicate)
            else:
                together.setdefault(table, []).append(predicate)
        self.run.make((*apart, *(name for names in together.values() for name in names)))
        for group in together.values():
            self._of_group(group)
        named = [predicate for predicate in apart if predicate in self.failures]
        for some in _parts(named):
            self._each_scope(some)
        for some in _parts([predicate for predicate in apart if predicate not in self.failures]):
            self._in_all(some)

    def _of_group(self, predicates: Sequence[str]) -> None:
        """Count predicates of a table that has a row for each scope."""
        queries = {predicate: self.run.plan.answers[predicate] for predicate in predicates}
        truths = {name: _condition(query) for name, query in queries.items()}
        first = queries[predicates[0]]
        start = first.args["from_"].this
        counted = exp.select(*(exp.CountIf(this=truth.copy()) for truth in truths.values()), copy=False)
        (row,) = self.run.rows(printed(counted.from_(start.copy(), copy=False), DIALECT))
        for name, number in zip(predicates, row, strict=True):
            self.rows[name] = self.scopes[name] = number
        failed = [name for name in predicates if name in self.failures and self.rows[name]]
        if not failed:
            return
        flags = exp.Array(expressions=[sql.certain(truths[name].copy()) for name in failed])
        query = exp.select(first.selects[0].copy(), flags, copy=False).from_(start.copy(), copy=False)
        query = query.where(sql.disjunction([truths[name].copy() for name in failed]), copy=False)
        for scope, holds in self.run.rows(printed(query, DIALECT)):
            for name, is_true in zip(failed, holds, strict=True):
                if is_true:
                    self.named[name][scope] = 1

    def _each_scope(self, predicates: Sequence[str]) -> None:
        queries = (
            f"SELECT '{name}' AS predicate, CAST(c0 AS STRING) AS scope, COUNT(*) AS n "  # noqa: S608 - of a plan
            f"FROM {self.run.query(name)} GROUP BY c0"
            for name in predicates
        )
        self.rows.update(dict.fromkeys(predicates, 0))
        for name, scope, number in self.run.rows(" UNION ALL ".join(queries)):
            self.named[name][scope] = number
            self.rows[name] += number

    def _in_all(self, predicates: Sequence[str]) -> None:
        queries = (
            f"SELECT '{name}' AS predicate, COUNT(*) AS n, COUNT(DISTINCT c0) AS scopes FROM {self.run.query(name)}"  # noqa: S608 - likewise
            for name in predicates
        )
        for name, number, distinct in self.run.rows(" UNION ALL ".join(queries)):
            self.rows[name], self.scopes[name] = number, distinct


def _group(query: exp.Query) -> str | None:
    """Return the table of scopes that a query filters; None for another query."""
    start = query.args.get("from_")
    if not isinstance(query, exp.Select) or start is None or any(query.args.get(part) for part in MORE):
        return None
    table = start.this
    return table.name if isinstance(table, exp.Table) and table.name.startswith(GROUPED) else None


def _condition(query: exp.Query) -> exp.Expr:
    where = query.args.get("where")
    return exp.true() if where is None else where.this


def _together(found: Iterable[Mapping[str, int]]) -> dict[str, int]:
    scopes: dict[str, int] = {}
    for counts in found:
        for scope, number in counts.items():
            scopes[scope] = scopes.get(scope, 0) + number
    return scopes


def traces_of(run: Run, program: Program, counts: Iterable[RuleCount]) -> set[str] | None:
    """Return the traces that the failing scopes are made of; None where all traces together are one."""
    found: set[str] = set()
    for rule, result in zip(program.rules, counts, strict=True):
        if not result.failing:
            continue
        if isinstance(rule.member.args[0], Const):
            return None
        if rule.scope_kind == "per trace":
            found.update(result.failing)
            continue
        run.session.createDataFrame(
            [(scope,) for scope in sorted(result.failing)], "scope string"
        ).createOrReplaceTempView("_failing")
        member = run.query(rule.member.predicate)
        query = (
            f"SELECT DISTINCT s.`_trace` FROM {member} JOIN `{SPANS}` AS s ON s.`_span` = t.c1 "  # noqa: S608
            "WHERE t.c0 IN (SELECT scope FROM _failing)"
        )
        found.update(row[0] for row in run.rows(query))
    return found


def _parts(names: list[str]) -> Iterator[list[str]]:
    for first in range(0, len(names), MOST_TOGETHER):
        yield names[first : first + MOST_TOGETHER]
