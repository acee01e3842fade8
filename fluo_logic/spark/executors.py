"""What the executors do: read inputs, and make whole traces into the rows that a plan reads.

Both are functions from record batches to record batches, as `mapInArrow` takes them.  The first knows only its files;
between the two, Spark brings the spans of each trace together, wherever they were read.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, Final, Generic, Protocol, TypeVar

import pyarrow as pa
from pyspark import TaskContext

from fluo_logic.facts.dataset import Dataset, InputSummary, assemble
from fluo_logic.facts.model import Problem, Span
from fluo_logic.facts.readers import read_source
from fluo_logic.facts.readers.sources import COMPRESSED_ENDINGS, Source, open_all, read_file
from fluo_logic.facts.store import FactStore
from fluo_logic.spark.carried import packed, unpacked
from fluo_logic.spark.rows import Layout, WideError, batches, table_of

INPUT: Final = "input"
SPANS: Final = "spans"
TRACES: Final = "traces"
UNSOUND: Final = "unsound"
ROW: Final = "row"
READ_SCHEMA: Final = "kind string, trace string, data binary"
MOST_SPANS: Final = 20_000
"""So many spans are made into rows at once; a trace is never divided."""
MOST_BYTES: Final = 64 * 2**20
"""So many bytes go into one batch of spans."""
COMPRESSED: Final = 10
"""So many times as large as a compressed file is what is in it."""
FIRST_NUMBER: Final = 40
"""Each partition has this many bits for the numbers of its spans."""
JUDGED_SCHEMA: Final = "data binary"
Batches = Iterable[Any]
Result_co = TypeVar("Result_co", covariant=True)


class Judge(Protocol[Result_co]):
    """Says something of traces; ``failing`` has for each the numbers of rules, and how many proofs each gets."""

    def __call__(self, dataset: Dataset, failing: Mapping[str, Mapping[int, int]]) -> Iterable[Result_co]:
        """Yield what there is to say."""


@dataclass(frozen=True, slots=True)
class Task:
    """An input that an executor opens: a file, or a URL; or the content of something else."""

    number: int
    path: Path | None = None
    name: str | None = None
    url: str | None = None
    source: Source | None = None

    @property
    def size(self) -> int | None:
        """About how many bytes there are to read; None where that is not known here."""
        if self.path is not None:
            try:
                packed = COMPRESSED if self.path.suffix in COMPRESSED_ENDINGS else 1
                return self.path.stat().st_size * packed
            except OSError:
                return 0
        content = self.source.content if self.source is not None else None
        return len(content) if isinstance(content, bytes) else None

    def open(self) -> Iterator[Source]:
        """Yield what there is to be read."""
        if self.path is not None:
            yield read_file(self.path, self.name)
        elif self.url is not None:
            yield from open_all(self.url, None)
        elif self.source is not None:
            yield self.source


@dataclass(frozen=True, slots=True)
class InputRead:
    """What reading an input told, and its place among the inputs."""

    place: tuple[int, int]
    summary: InputSummary
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of some traces: counts as a data set has them, and for each rule the attributes that spans lack."""

    spans: int
    traces: int
    merged: int
    differing: int
    orphans: int
    latest: int | None
    missing: tuple[Mapping[str, int], ...]
    wide: bool


def read(found: Batches) -> Iterator[Any]:
    """Read the inputs of tasks: yield the spans of each trace of an input, and what reading it told."""
    for batch in found:
        for task in map(pickle.loads, batch.column(0).to_pylist()):  # noqa: S301 - written by the driver
            for part, source in enumerate(task.open()):
                yield from _read(source, (task.number, part))


def _read(source: Source, place: tuple[int, int]) -> Iterator[Any]:
    format_name, spans = read_source(source)
    summary = InputSummary(source.log.name, format_name, len(spans))
    told = InputRead(place, summary, tuple(source.log.problems()))
    by_trace: dict[str, list[Span]] = {}
    for span in spans:
        by_trace.setdefault(span.trace_id, []).append(span)
    rows: list[tuple[str, str | None, bytes]] = [(INPUT, None, pickle.dumps(told))]
    size = 0
    for trace_id, members in by_trace.items():
        data = packed(members)
        rows.append((SPANS, trace_id, data))
        size += len(data)
        if size >= MOST_BYTES:
            yield _record(rows)
            rows, size = [], 0
    yield _record(rows)


def _record(rows: Sequence[tuple[str, str | None, bytes]]) -> Any:  # noqa: ANN401
    kinds, traces, data = zip(*rows, strict=True) if rows else ((), (), ())
    columns = [pa.array(kinds, pa.string()), pa.array(traces, pa.string()), pa.array(data, pa.binary())]
    return pa.RecordBatch.from_arrays(columns, names=["kind", "trace", "data"])


@dataclass(frozen=True, slots=True)
class Assembling:
    """Makes whole traces into rows; the rows that it takes are ordered by trace.

    ``lacking`` counts for each rule the attributes that spans of a store lack.
    """

    layout: Layout
    lacking: Callable[[FactStore], tuple[Mapping[str, int], ...]]

    @property
    def schema(self) -> str:
        """The columns of what comes out: ``kind`` tells which of them a row has."""
        return f"{READ_SCHEMA}, {self.layout.schema}"

    def __call__(self, found: Batches) -> Iterator[Any]:
        """Yield the spans as they were read, and what is made of them."""
        context = TaskContext.get()
        first_span = first_event = (context.partitionId() if context is not None else 0) << FIRST_NUMBER
        for rows, spans in _chunks(found):
            if rows:
                yield self._with_columns(_record(rows))
            if not spans:
                continue
            dataset = assemble(spans)
            store = FactStore(dataset)
            wide = False
            try:
                for batch in batches(table_of(store, self.layout, first_span, first_event)):
                    yield self._with_kind(batch)
            except WideError:
                wide = True
            first_span += len(dataset.spans)
            first_event += sum(len(span.events) for span in dataset.spans)
            yield self._with_columns(_record([*_told(dataset, self.lacking(store), spans, wide=wide)]))

    def _with_columns(self, batch: Any) -> Any:  # noqa: ANN401
        """Return rows without a span."""
        empty = [pa.nulls(len(batch), kind) for kind in self._types()]
        names = [*batch.schema.names, *(name for name, _ in self.layout.columns)]
        return pa.RecordBatch.from_arrays([*batch.columns, *empty], names=names)

    def _with_kind(self, batch: Any) -> Any:  # noqa: ANN401
        """Return rows with a span each."""
        kind = pa.array([ROW] * len(batch), pa.string())
        nothing = pa.nulls(len(batch), pa.string()), pa.nulls(len(batch), pa.binary())
        names = ["kind", "trace", "data", *batch.schema.names]
        return pa.RecordBatch.from_arrays([kind, *nothing, *batch.columns], names=names)

    def _types(self) -> list[Any]:
        empty = table_of(FactStore(assemble([])), self.layout)
        return list(empty.schema.types)


@dataclass(frozen=True, slots=True)
class Judging(Generic[Result_co]):
    """Asks a judge about whole traces; the rows that it takes are ordered by trace, what comes out is pickled lists."""

    judge: Judge[Result_co]
    failing: Mapping[str, Mapping[int, int]]
    latest: int | None

    def __call__(self, found: Batches) -> Iterator[Any]:
        """Yield what the judge says; ``latest`` is the latest time of all data."""
        for _, spans in _chunks(found):
            if spans:
                results = list(self.judge(replace(assemble(spans), latest=self.latest), self.failing))
                yield pa.RecordBatch.from_arrays([pa.array([pickle.dumps(results)], pa.binary())], names=["data"])


def _told(
    dataset: Dataset, missing: tuple[Mapping[str, int], ...], spans: Sequence[Span], *, wide: bool
) -> Iterator[tuple[str, str | None, bytes]]:
    told = Told(
        spans=len(dataset.spans),
        traces=len(dataset.traces),
        merged=dataset.merged,
        differing=dataset.differing,
        orphans=dataset.orphans,
        latest=dataset.latest,
        missing=missing,
        wide=wide,
    )
    yield TRACES, None, pickle.dumps(told)
    if dataset.problems:
        # Which problems are listed depends on all of them, so the driver looks at their traces together.
        for trace_id, members in groupby(spans, attrgetter("trace_id")):
            if assemble(members).problems:
                yield UNSOUND, trace_id, b""


def _chunks(found: Batches) -> Iterator[tuple[list[tuple[str, str | None, bytes]], list[Span]]]:
    """Yield rows as they came, and the spans of as many whole traces as are in them."""
    rows: list[tuple[str, str | None, bytes]] = []
    spans: list[Span] = []
    size = 0
    current: str | None = None
    for batch in found:
        for kind, trace_id, data in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            if kind != SPANS:
                rows.append((kind, trace_id, data))
                continue
            if trace_id != current and (len(spans) >= MOST_SPANS or size >= MOST_BYTES):
                yield rows, spans
                rows, spans, size = [], [], 0
            current = trace_id
            rows.append((kind, trace_id, data))
            size += len(data)
            spans.extend(unpacked((data,)))
    yield rows, spans


def task_of(source: Source, number: int) -> Task:
    """Return the task of reading an input that the driver has listed, or has in memory."""
    if source.path is not None:
        return Task(number, path=source.path.absolute(), name=source.log.name)
    if source.url is not None:
        return Task(number, url=source.url)
    return Task(number, source=source)
