"""Large inputs: every span is scanned as columns, and only the traces of scopes that fail become objects."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np

from fluo_logic.errors import InternalError
from fluo_logic.explain.words import plural
from fluo_logic.facts.columnar.arrow import Array, of_numpy
from fluo_logic.facts.columnar.batch import Unusual, Wanted
from fluo_logic.facts.columnar.groups import ScatteredError, in_turn, scattered, whole
from fluo_logic.facts.columnar.objects import of_spans
from fluo_logic.facts.columnar.read import Piece, ReadDifferentlyError, Reading
from fluo_logic.facts.columnar.recall import recall
from fluo_logic.facts.columnar.table import Table
from fluo_logic.facts.dataset import Dataset, assemble
from fluo_logic.facts.model import Span
from fluo_logic.facts.progress import Progress, silent
from fluo_logic.facts.readers import read_opened
from fluo_logic.facts.readers.listed import again
from fluo_logic.facts.readers.sources import Source
from fluo_logic.facts.store import Ground
from fluo_logic.lang.syntax import Ruleset
from fluo_logic.logic import Program
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


def scan(sources: Sequence[Source], rules: Ruleset, program: Program, progress: Progress = silent) -> Scanned | Dataset:
    """Scan inputs; where columns cannot say exactly what is in them, return all of it as a data set instead.

    Raises:
        UnsupportedError: a clause has no relational form.
        InputError: a file changed while it was read.
    """
    clock = _Clock()
    planned = Scan(program)
    named = [attributes_named(rule) for rule in rules.rules]
    wanted = planned.wanted(key for keys in named for key in keys)
    reading = Reading(sources, wanted, progress)
    clock.tick("plan")
    groups: Callable[[], Iterator[list[Piece]]] = partial(
        in_turn if planned.is_within_traces else whole, reading.pieces
    )
    try:
        while True:
            found = _Found(planned, named, reading, clock)
            try:
                found.scan(groups(), wanted, progress)
                return found.result(program, progress)
            except ReadDifferentlyError as error:
                reading.exactly.add(error.number)
            except ScatteredError:
                groups = partial(scattered, reading.pieces)
    except Unusual:
        return read_opened(map(again, sources))


class _Found:
    """What was found so far, group by group."""

    def __init__(
        self, planned: Scan, named: Sequence[Mapping[str, Collection[str]]], reading: Reading, clock: _Clock
    ) -> None:
        self.planned = planned
        self.named = named
        self.reading = reading
        self.clock = clock
        self.spans = 0
        self.traces = 0
        self.orphans = 0
        self.latest: int | None = None
        self.rules = [RuleScan.nothing(plan) for plan in planned.program.rules]
        self.lacking: list[Counter[str]] = [Counter() for _ in planned.program.rules]
        self.failing: list[list[str]] = [[] for _ in planned.program.rules]
        """The traces that are failing scopes, of each rule."""
        self.failed: list[Array] = []
        """The rows of the traces that failing scopes are made of."""
        self.unsound: list[Span] = []
        self.steps: dict[str, float] = {}

    def scan(self, groups: Iterator[list[Piece]], wanted: Wanted, progress: Progress) -> None:
        """Scan each group."""
        for group in groups:
            self.clock.tick("read")
            progress(f"finding the trees of {sum(len(piece.rows) for piece in group):,} spans")
            read = Table([piece.batch for piece in group])
            rows = np.concatenate([piece.rows for piece in group])
            table = self._sound(read, rows, wanted)
            self.clock.tick("index")
            count = plural(len(self.rules), "rule")
            progress(f"scanning spans {self.spans + 1:,} to {self.spans + len(table):,} for {count}")
            results, traces = self.planned.run(table)
            for what, seconds in self.planned.steps:
                self.steps[what] = self.steps.get(what, 0) + seconds
            self._add(table, results)
            numbers = read.numbers_of(table.trace_ids.take(of_numpy(traces)))
            self.failed.append(rows[np.isin(read.trace, numbers)])
            self.clock.tick("scan")
        if not self.spans:
            message = "no spans"
            raise Unusual(message)

    def _sound(self, read: Table, rows: Array, wanted: Wanted) -> Table:
        """Return the table with each span once; the traces that something is to be said about are noted."""
        unsound = read.unsound
        if len(unsound) > MOST_UNSOUND * len(read.trace_ids):
            message = "many copies, cycles, or spans that end before they start"
            raise Unusual(message)
        if not len(unsound):
            return read
        exact = recall(self.reading.inputs, rows[np.isin(read.trace, unsound)])
        self.unsound.extend(exact)
        if not len(read.copied):
            return read
        copied = np.isin(read.trace, read.copied)
        ids = set(read.trace_texts(read.copied))
        merged = of_spans([span for span in assemble(exact).spans if span.trace_id in ids], wanted)
        kept = [
            batch.without(copied[first:last]) for batch, (first, last) in zip(read.batches, read.bounds, strict=True)
        ]
        return Table([*(batch for batch in kept if len(batch)), merged])

    def _add(self, table: Table, results: Sequence[RuleScan]) -> None:
        self.spans += len(table)
        self.traces += len(table.trace_ids)
        self.orphans += int(table.orphan.sum())
        self.latest = max((time for time in (self.latest, table.latest) if time is not None), default=None)
        lacking = Lacking(table)
        for number, (plan, result) in enumerate(zip(self.planned.program.rules, results, strict=True)):
            self.rules[number] += result
            self.lacking[number].update(lacking.count(self.named[number]))
            if plan.scope_kind == "per trace":
                self.failing[number].extend(
                    table.trace_texts(
                        np.array(sorted(scope for scope in result.failing if isinstance(scope, int)), np.int64)
                    )
                )

    def result(self, program: Program, progress: Progress) -> Scanned:
        """Return all of it, with the traces of failing scopes read again."""
        rows = np.sort(np.concatenate(self.failed))
        progress(f"reading {plural(len(rows), 'span')} again")
        unsound = assemble(self.unsound)
        dataset = assemble(recall(self.reading.inputs, rows))
        self.reading.report_changes()
        dataset = replace(
            dataset,
            inputs=tuple(self.reading.summaries),
            problems=(*self.reading.problems, *unsound.problems),
            merged=unsound.merged,
            differing=unsound.differing,
            orphans=self.orphans,
            latest=self.latest,
        )
        order = {trace_id: number for number, trace_id in enumerate(dataset.traces)}
        results = tuple(
            ScannedRule(
                rule.scopes,
                rule.matches,
                rule.active,
                rule.failures,
                frozenset(order[trace_id] for trace_id in failing) if plan.scope_kind == "per trace" else rule.failing,
                dict(sorted(lacking.items())),
            )
            for plan, rule, failing, lacking in zip(program.rules, self.rules, self.failing, self.lacking, strict=True)
        )
        self.clock.tick("read failures")
        return Scanned(self.spans, self.traces, results, dataset, self.clock.seconds, tuple(self.steps.items()))


class _Clock:
    """How long each part took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.last = time.perf_counter()

    def tick(self, part: str) -> None:
        now = time.perf_counter()
        self.seconds[part] = self.seconds.get(part, 0) + now - self.last
        self.last = now
