"""Inputs as batches, whatever their format: OTLP by columns, part by part; everything else span by span."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from fluo_logic.facts.columnar.arrow import Array
from fluo_logic.facts.columnar.batch import Batch, Unusual, Wanted
from fluo_logic.facts.columnar.objects import of_spans
from fluo_logic.facts.columnar.parallel import Mapped
from fluo_logic.facts.columnar.tasks import Layout, Part, Task, decode, tasks_of
from fluo_logic.facts.dataset import InputSummary
from fluo_logic.facts.model import Problem, Span
from fluo_logic.facts.problems import Code
from fluo_logic.facts.progress import Progress, silent
from fluo_logic.facts.readers import read_source
from fluo_logic.facts.readers.listed import again, status
from fluo_logic.facts.readers.sources import Source

PROTOBUF: Final = "OTLP protobuf"
JSON: Final = "OTLP JSON"


@dataclass(frozen=True, slots=True)
class Message:
    """Where a message lies in its input, and the first of its rows; of JSON, its line."""

    start: int
    end: int
    row: int
    line: int = 0


@dataclass(slots=True)
class Input:
    """One input: once it is read, its rows are those from ``row`` on.

    Its ``spans`` are kept where it was read span by span; else ``messages`` tells where they are.  ``size`` and
    ``changed`` (nanoseconds since the Unix epoch) are those of a file when it was first looked at.
    """

    source: Source
    row: int = 0
    format: str = ""
    count: int = 0
    messages: list[Message] = field(default_factory=list)
    spans: list[Span] | None = None
    compressed: bool = False
    size: int = 0
    changed: int = 0


@dataclass(frozen=True, slots=True)
class Piece:
    """Some spans, and the row of each among all that are read."""

    batch: Batch
    rows: Array

    def only(self, kept: Array) -> Piece:
        """Return the spans for which ``kept`` is true."""
        return Piece(self.batch.without(~kept), self.rows[kept])


class ReadDifferentlyError(Exception):
    """An input of which some is read already has to be read span by span."""

    def __init__(self, number: int) -> None:
        """Take the number of the input."""
        super().__init__(f"input {number}")
        self.number = number


class Reading:
    """Inputs that are being read."""

    def __init__(self, sources: Sequence[Source], wanted: Wanted, progress: Progress = silent) -> None:
        """Take inputs; files may be named only, with empty content."""
        self.inputs = [_looked_at(source) for source in sources]
        self.wanted = wanted
        self.progress = progress
        self.exactly: set[int] = set()
        """The numbers of the inputs that are read span by span, whatever they look like."""
        self._begun: tuple[list[Task], Mapped[Part | None]] | None = None
        self._current: Mapped[Part | None] | None = None
        self._is_first = True

    def begin(self) -> None:
        """Let the first parts be decoded by another process, where there is one, before they are asked for."""
        try:
            self._begun = self._parts()
        except ReadDifferentlyError as error:
            self.exactly.add(error.number)

    def close(self) -> None:
        """Leave what was begun."""
        if self._current is not None:
            self._current.close()

    def _parts(self) -> tuple[list[Task], Mapped[Part | None]]:
        tasks: list[Task] = []
        # Once something was scanned there are threads, and beside threads no process is forked.
        parts = Mapped(self._decoded, self._noted(tasks), alone=not self._is_first)
        self._is_first = False
        self.close()
        self._current = parts
        return tasks, parts

    @property
    def problems(self) -> Iterator[Problem]:
        """What could not be read."""
        for found in self.inputs:
            yield from found.source.log.problems()

    @property
    def summaries(self) -> Iterator[InputSummary]:
        """What was read."""
        for found in self.inputs:
            yield InputSummary(found.source.log.name, found.format, found.count)

    def pieces(self) -> Iterator[Piece]:
        """Yield the spans of all inputs, in order.

        Raises:
            ReadDifferentlyError: what was yielded has to be forgotten, and all read again.
        """
        rows = 0
        for found in self.inputs:
            found.row, found.count, found.format = 0, 0, ""
            found.messages.clear()
        lines = dict.fromkeys(range(len(self.inputs)), 0)
        tasks, parts = self._begun or self._parts()
        self._begun = None
        for place, part in enumerate(parts):
            task = tasks[place]
            found = self.inputs[task.number]
            if not found.messages and not found.count:
                found.row = rows
            self._tell(task, rows)
            batches = self._exact(task) if part is None else part.batches
            if part is not None:
                row = rows
                for start, end, line, count in part.messages:
                    found.messages.append(Message(start, end, row, line and line + lines[task.number]))
                    row += count
                lines[task.number] += part.lines
                found.format, found.compressed = JSON if part.lines else PROTOBUF, part.compressed
            for batch in batches:
                if len(batch):
                    yield Piece(batch, np.arange(rows, rows + len(batch)))
                rows += len(batch)
                found.count += len(batch)

    def report_changes(self) -> None:
        """Report the files that are not what they were; what was read exactly has its report."""
        for found in self.inputs:
            if found.source.path is not None and found.spans is None:
                _report_change(found)

    def _noted(self, tasks: list[Task]) -> Iterator[Task]:
        """Yield the tasks of all inputs, and note them."""
        for number, found in enumerate(self.inputs):
            try:
                for task in self._tasks(number, found):
                    tasks.append(task)
                    yield task
            except Unusual:
                raise ReadDifferentlyError(number) from None

    def _tasks(self, number: int, found: Input) -> Iterator[Task]:
        if number in self.exactly:
            yield Task(number, Layout.EXACT, 0, 0)
        else:
            yield from tasks_of(number, found.source)

    def _decoded(self, task: tuple[int, ...]) -> Part | None:
        """Decode a task; None where columns cannot say all of it."""
        number, layout, start, end = task
        try:
            return decode(self.inputs[number].source, Task(number, Layout(layout), start, end), self.wanted)
        except Unusual:
            return None

    def _exact(self, task: Task) -> list[Batch]:
        """Return all of an input, read span by span."""
        if task.layout not in {Layout.WHOLE, Layout.EXACT}:
            raise ReadDifferentlyError(task.number)
        found = self.inputs[task.number]
        opened = again(found.source)
        found.source = replace(found.source, log=opened.log)
        found.format, found.spans = read_source(opened)
        return [of_spans(found.spans, self.wanted)] if found.spans else []

    def _tell(self, task: Task, rows: int) -> None:
        found = self.inputs[task.number]
        part = "" if task.layout in {Layout.WHOLE, Layout.EXACT} else f", {task.start / max(found.size, 1):.0%} of it"
        self.progress(f"reading input {task.number + 1}, {rows:,} spans so far{part}")


def _looked_at(source: Source) -> Input:
    size, changed = status(source)
    return Input(source, size=size, changed=changed)


def _report_change(found: Input) -> None:
    size, changed = status(found.source)
    log = found.source.log
    if size > found.size:
        message = f"the file grew from {found.size} to {size} bytes while it was read."
        log.report(Code.FILE_GREW, f"byte {found.size}", message)
    elif size != found.size:
        message = f"the file was cut from {found.size} to {size} bytes while it was read."
        log.report(Code.FILE_CHANGED, f"byte {size}", message)
    elif changed != found.changed:
        log.report(Code.FILE_CHANGED, "", "the file was written to while it was read.")
