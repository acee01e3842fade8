"""The groups of a large input, scanned one after the other, and what was found in all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from fluo_logic.explain.words import plural
from fluo_logic.facts.columnar.arrow import Array, of_numpy
from fluo_logic.facts.columnar.batch import Unusual
from fluo_logic.facts.columnar.objects import of_spans
from fluo_logic.facts.columnar.read import Piece, Reading
from fluo_logic.facts.columnar.recall import recall
from fluo_logic.facts.columnar.table import Table
from fluo_logic.facts.dataset import assemble
from fluo_logic.facts.model import Span
from fluo_logic.facts.progress import Progress
from fluo_logic.logic import Program
from fluo_logic.scanned import MOST_UNSOUND, Clock, Scanned, ScannedRule
from fluo_logic.solve.duck_scan import Lacking, RuleScan, Scan


def planned(program: Program) -> Scan:
    """Return a program with its relational plan; raises UnsupportedError for a clause that has none."""
    return Scan(program)


class Found:
    """What was found so far, group by group."""

    def __init__(
        self, planned: Scan, named: Sequence[Mapping[str, Collection[str]]], reading: Reading, clock: Clock
    ) -> None:
        """Take the plan, the attributes that each rule reads of which names, and what is to be read."""
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

    def scan(self, groups: Iterator[list[Piece]], progress: Progress) -> None:
        """Scan each group."""
        for group in groups:
            self.clock.tick("read")
            progress(f"finding the trees of {sum(len(piece.rows) for piece in group):,} spans")
            read = Table([piece.batch for piece in group])
            rows = np.concatenate([piece.rows for piece in group])
            table = self._sound(read, rows)
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

    def _sound(self, read: Table, rows: Array) -> Table:
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
        merged = of_spans([span for span in assemble(exact).spans if span.trace_id in ids], self.reading.wanted)
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
