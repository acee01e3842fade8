"""Large inputs: every span is scanned as columns, and only the traces of scopes that fail become objects."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

import numpy as np

from fluo_logic.errors import InternalError
from fluo_logic.explain.words import plural
from fluo_logic.facts.columnar.arrow import Array, of_numpy
from fluo_logic.facts.columnar.batch import Unusual, Wanted
from fluo_logic.facts.columnar.objects import of_spans
from fluo_logic.facts.columnar.read import Columns, read_columns
from fluo_logic.facts.columnar.recall import recall
from fluo_logic.facts.columnar.table import Table
from fluo_logic.facts.dataset import Dataset, assemble
from fluo_logic.facts.problems import ProblemLog
from fluo_logic.facts.progress import Progress, silent
from fluo_logic.facts.readers import read_opened
from fluo_logic.facts.readers.sources import Source, read_file
from fluo_logic.facts.store import Ground
from fluo_logic.lang.syntax import Ruleset
from fluo_logic.logic import Program, RulePlan
from fluo_logic.report.missing import attributes_named
from fluo_logic.solve.base import Answer
from fluo_logic.solve.duck_scan import Lacking, RuleScan, Scan
from fluo_logic.translate.passes import drop_unused

MOST_UNSOUND: Final = 0.2
"""Where more of the traces than this are unsound, all are read exactly."""


@dataclass(frozen=True, slots=True)
class ScannedRule:
    """One rule on all the data, beside what the traces of its failing scopes tell; counts as in `RuleScan`.

    ``failing`` are the scopes in the terms of the data set of these traces.
    """

    scopes: int
    matches: int
    active: int
    failures: tuple[int, ...]
    failing: frozenset[Ground]
    missing_attributes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a scan found: the spans and traces that there are, each rule, and the traces of failing scopes."""

    spans: int
    traces: int
    rules: tuple[ScannedRule, ...]
    dataset: Dataset
    seconds: Mapping[str, float]
    steps: Sequence[tuple[str, float]] = ()
    """The tables that the plan made, and the seconds that each took."""

    def failed(self, program: Program) -> Program:
        """Return the part of a program that the rules with failures need."""
        rules = tuple(plan for plan, rule in zip(program.rules, self.rules, strict=True) if rule.failing)
        return drop_unused(replace(program, rules=rules))

    def confirm(self, program: Program, answer: Answer) -> None:
        """Raise an error where the failures in the traces that failed are not those that the scan counted."""
        for plan, rule in zip(program.rules, self.rules, strict=True):
            for obligation, counted in zip(plan.obligations, rule.failures, strict=True):
                rows = answer.rows(obligation.failure.predicate)
                found = sum(1 for row in rows if row[0] in rule.failing)
                if found != counted:
                    message = (
                        f"the scan found {counted} failures, and {found} are derived from the traces that have them: "
                        f"rule {plan.rule}, `{obligation.origin.text}`"
                    )
                    hint = "run the rule alone with --engine clingo and with --engine duckdb"
                    raise InternalError(code="X301", message=message, hint=hint)


def scan(sources: Iterable[Source], rules: Ruleset, program: Program, progress: Progress = silent) -> Scanned | Dataset:
    """Scan inputs; where columns cannot say exactly what is in them, return all of it as a data set instead.

    Raises:
        UnsupportedError: a clause has no relational form.
        InputError: a file changed while it was read.
    """
    clock = _Clock()
    planned = Scan(program)
    named = [attributes_named(rule) for rule in rules.rules]
    wanted = planned.wanted(key for keys in named for key in keys)
    sources = iter(sources)
    used: list[Source] = []
    clock.tick("plan")
    try:
        columns = read_columns(_noted(sources, used), wanted, progress)
        clock.tick("read")
        progress(f"finding the trees of {len(columns.table):,} spans")
        table, unsound = _sound(columns, wanted)
        clock.tick("index")
        progress(f"scanning {len(table):,} spans for {plural(len(rules.rules), 'rule')}")
        found, traces = planned.run(table)
        clock.tick("scan")
        progress(f"reading {plural(len(traces), 'trace')} again")
        dataset = _failed(columns, table, traces, unsound)
        clock.tick("read failures")
    except Unusual:
        return read_opened(chain(map(_again, used), sources))
    lacking = Lacking(table)
    results = [
        _rule(plan, result, lacking.count(keys), table, dataset)
        for plan, result, keys in zip(program.rules, found, named, strict=True)
    ]
    return Scanned(len(table), len(table.trace_ids), tuple(results), dataset, clock.seconds, planned.steps)


class _Clock:
    """How long each part took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.last = time.perf_counter()

    def tick(self, part: str) -> None:
        now = time.perf_counter()
        self.seconds[part] = now - self.last
        self.last = now


def _noted(sources: Iterable[Source], used: list[Source]) -> Iterator[Source]:
    for source in sources:
        # Of a file the name is enough; the rest is only there once.
        used.append(source if source.path is None else replace(source, content=None))
        yield source


def _again(source: Source) -> Source:
    """Return a source as if it had not been read yet."""
    if source.path is not None:
        return read_file(source.path)
    return source if source.content is None else replace(source, log=ProblemLog(source.log.name))


def _sound(columns: Columns, wanted: Wanted) -> tuple[Table, Dataset]:
    """Return the table with each span once, and the traces that something is to be said about."""
    table = columns.table
    unsound = table.unsound
    if len(unsound) > MOST_UNSOUND * len(table.trace_ids):
        message = "many copies, cycles, or spans that end before they start"
        raise Unusual(message)
    exact = assemble(recall(columns, np.flatnonzero(np.isin(table.trace, unsound))))
    if not len(table.copied):
        return table, exact
    copied = np.isin(table.trace, table.copied)
    ids = set(table.trace_texts(table.copied))
    merged = of_spans([span for span in exact.spans if span.trace_id in ids], wanted)
    kept = [batch.without(copied[first:last]) for batch, (first, last) in zip(table.batches, table.bounds, strict=True)]
    return Table([*kept, merged]), exact


def _failed(columns: Columns, table: Table, traces: Array, unsound: Dataset) -> Dataset:
    """Return the traces that scopes which fail are made of, read exactly, with what is known of all the data."""
    numbers = columns.table.numbers_of(table.trace_ids.take(of_numpy(traces)))
    part = assemble(recall(columns, np.flatnonzero(np.isin(columns.table.trace, numbers))))
    return replace(
        part,
        inputs=tuple(columns.summaries),
        problems=(*columns.problems, *unsound.problems),
        merged=unsound.merged,
        differing=unsound.differing,
        orphans=int(table.orphan.sum()),
        latest=table.latest,
    )


def _rule(plan: RulePlan, result: RuleScan, lacking: Mapping[str, int], table: Table, dataset: Dataset) -> ScannedRule:
    failing: frozenset[Ground] = result.failing
    if plan.scope_kind == "per trace":
        order = {trace_id: number for number, trace_id in enumerate(dataset.traces)}
        numbers = np.array(sorted(number for number in result.failing if isinstance(number, int)), np.int64)
        failing = frozenset(order[trace_id] for trace_id in table.trace_texts(numbers))
    return ScannedRule(result.scopes, result.matches, result.active, result.failures, failing, lacking)
