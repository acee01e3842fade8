"""Inputs as batches, whatever their format: OTLP protobuf by columns, everything else span by span."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from fluo_logic.facts.columnar.batch import Batch, Unusual, Wanted
from fluo_logic.facts.columnar.objects import of_spans
from fluo_logic.facts.columnar.otlp import read_messages
from fluo_logic.facts.columnar.parallel import mapped
from fluo_logic.facts.columnar.table import Table
from fluo_logic.facts.dataset import InputSummary
from fluo_logic.facts.model import Problem, Span
from fluo_logic.facts.problems import ProblemLog
from fluo_logic.facts.progress import Progress, silent
from fluo_logic.facts.readers import otlp_proto, read_source, wire
from fluo_logic.facts.readers.compression import decompress, is_gzip, is_zstd
from fluo_logic.facts.readers.sources import Source

CHUNK_BYTES: Final = 8 << 20
"""Messages are decoded together until they have as many bytes."""
PROTOBUF: Final = "OTLP protobuf"
JSON: Final = "OTLP JSON"
BLANKS: Final = b" \t\r\n"


@dataclass(frozen=True, slots=True)
class Message:
    """Where a message lies in its input, and the first of its rows; of JSON, its line."""

    start: int
    end: int
    row: int
    line: int = 0


@dataclass(slots=True)
class Input:
    """One input that was read: its rows are those from ``row`` on.

    Its ``spans`` are kept where it was read span by span; else ``messages`` tells where they are.
    """

    source: Source
    row: int
    format: str = ""
    count: int = 0
    messages: list[Message] = field(default_factory=list)
    spans: list[Span] | None = None
    compressed: bool = False
    size: int = 0


@dataclass(frozen=True, slots=True)
class Columns:
    """All that was read."""

    table: Table
    inputs: Sequence[Input]

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


def read_columns(sources: Iterable[Source], wanted: Wanted, progress: Progress = silent) -> Columns:
    """Read sources into columns.

    Raises:
        Unusual: columns cannot say all of it.
    """
    inputs: list[Input] = []
    batches: list[Batch] = []
    rows = 0
    for number, source in enumerate(sources, 1):
        words = f"reading input {number}, {rows:,} spans so far"
        progress(words)

        def told(share: float, words: str = words) -> None:
            progress(f"{words}, {share:.0%} of it")

        found = Input(source, rows)
        found.size = len(source.content) if isinstance(source.content, bytes) else 0
        made = _columns(found, wanted, told)
        if made is None:
            found.messages.clear()
            found.format, found.spans = read_source(source)
            made = [of_spans(found.spans, wanted)] if found.spans else []
        found.count = sum(map(len, made))
        rows += found.count
        batches.extend(made)
        if source.path is not None:
            # It is read again where it is needed again.
            found.source = Source(source.log, None, source.path)
        inputs.append(found)
    if not rows:
        message = "no spans"
        raise Unusual(message)
    return Columns(Table([batch for batch in batches if len(batch)]), inputs)


def content(source: Source) -> tuple[bytes, bool]:
    """Return the bytes of a source, and whether they were compressed; raises `Unusual` where they are damaged."""
    data = source.content
    if not isinstance(data, bytes):
        message = "no bytes"
        raise Unusual(message)
    if not is_gzip(data) and not is_zstd(data[:4]) and not is_zstd(data[4:8]):
        return data, False
    log = ProblemLog("")
    data = decompress(data, log)
    if log.problems():
        message = "damaged compression"
        raise Unusual(message)
    return data, True


def _columns(found: Input, wanted: Wanted, told: Callable[[float], None]) -> list[Batch] | None:
    """Return the batches of an input that is sound OTLP protobuf, else None."""
    try:
        data, found.compressed = content(found.source)
        if data.lstrip(BLANKS)[:1] == b"{":
            return _of_lines(data, found, wanted, told)
        if importlib.util.find_spec("ptars") is not None:
            return _of_messages(data, found, wanted, told)
    except Unusual:
        found.messages.clear()
    return None


def _of_messages(data: bytes, found: Input, wanted: Wanted, told: Callable[[float], None]) -> list[Batch]:
    """Return the batches of OTLP protobuf."""
    chunks = list(_chunks(list(message_places(data))))
    decoded = mapped(
        lambda chunk: read_messages([data[start:end] for start, end in chunk], wanted),
        chunks,
        lambda number: told(number / len(chunks)),
    )
    row = found.row
    for chunk, (_, counts) in zip(chunks, decoded, strict=True):
        for (start, end), count in zip(chunk, counts, strict=True):
            found.messages.append(Message(start, end, row))
            row += count
    found.format = PROTOBUF
    return [batch for batch, _ in decoded]


def _of_lines(data: bytes, found: Input, wanted: Wanted, told: Callable[[float], None]) -> list[Batch]:
    """Return the batches of OTLP JSON, a document a line."""
    from fluo_logic.facts.columnar.otlp_lines import read_lines  # noqa: PLC0415 - only JSON needs it

    chunks = list(_chunks(list(line_places(data))))
    decoded = mapped(
        lambda chunk: read_lines(data[chunk[0][0] : chunk[-1][1]], wanted),
        chunks,
        lambda number: told(number / len(chunks)),
    )
    row, line = found.row, 0
    for chunk, (_, counts) in zip(chunks, decoded, strict=True):
        places = []
        for start, end in chunk:
            line += 1
            if data[start:end].strip(BLANKS):
                places.append((start, end, line))
        if len(places) != len(counts):
            message = "documents that are not a line each"
            raise Unusual(message)
        for (start, end, number), count in zip(places, counts, strict=True):
            found.messages.append(Message(start, end, row, number))
            row += count
    found.format = JSON
    return [batch for batch, _ in decoded]


def line_places(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield where the lines lie, each with the character that ends it."""
    start = 0
    while start < len(data):
        end = data.find(b"\n", start) + 1 or len(data)
        yield start, end
        start = end


def message_places(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield where the messages lie, none of which breaks off; a large one comes in parts, each a message of its own.

    Raises:
        Unusual: it is not OTLP, or breaks off.
    """
    kind = otlp_proto.framing(data)
    if kind is None:
        message = "no OTLP protobuf"
        raise Unusual(message)
    end = 0
    for start, end in otlp_proto.frames(data, kind):
        if end > len(data):
            break
        if end - start <= CHUNK_BYTES:
            yield start, end
        else:
            yield from _parts(data, start, end)
    if end != len(data):
        message = "data that breaks off"
        raise Unusual(message)


def _parts(data: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the fields of a message: a message with some of the fields of another is one, too."""
    try:
        for item in wire.fields(data, start, end):
            yield start, item.end
            start = item.end
    except wire.WireError as error:
        raise Unusual(str(error)) from None


def _chunks(places: Sequence[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    chunk: list[tuple[int, int]] = []
    size = 0
    for start, end in places:
        if chunk and size + end - start > CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
        chunk.append((start, end))
        size += end - start
    if chunk:
        yield chunk
