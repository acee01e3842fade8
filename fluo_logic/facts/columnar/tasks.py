"""What is decoded at once: a whole input, or some of the messages of a large one; either process can do it."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from enum import IntEnum
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from fluo_logic.facts.columnar.batch import Batch, Unusual, Wanted
from fluo_logic.facts.columnar.file_bytes import FileBytes
from fluo_logic.facts.columnar.otlp import read_messages
from fluo_logic.facts.problems import ProblemLog
from fluo_logic.facts.readers import otlp_proto, wire
from fluo_logic.facts.readers.compression import decompress, is_gzip, is_zstd
from fluo_logic.facts.readers.sources import Source

CHUNK_BYTES: Final = 8 << 20
"""Messages are decoded together until they have as many bytes."""
BLANKS: Final = b" \t\r\n"
Place: TypeAlias = tuple[int, int]


class Layout(IntEnum):
    """How the messages of an input lie beside each other."""

    WHOLE = 0
    """To be found out by who decodes the input, all of it."""
    EXACT = 1
    """Not to be decoded into columns."""
    LINES = 2
    """OTLP JSON, a document a line."""
    FIELDS = 3
    """The fields of one large message: a message with some of the fields of another is one, too."""
    BARE = 4
    BIG_ENDIAN = 5
    VARINT = 6


FRAMES: Final = {
    Layout.BARE: otlp_proto.Framing.BARE,
    Layout.BIG_ENDIAN: otlp_proto.Framing.BIG_ENDIAN,
    Layout.VARINT: otlp_proto.Framing.VARINT,
}
LAYOUTS: Final = {framing: layout for layout, framing in FRAMES.items()}


class Task(NamedTuple):
    """The bytes from ``start`` to ``end`` of an input, by its number."""

    number: int
    layout: Layout
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Part:
    """What a task gave: batches, and where each message lies: its first and last byte, its line, and its spans.

    Lines are counted from 1 within the part, 0 for what has none; ``lines`` is the number of lines.
    """

    batches: Sequence[Batch]
    messages: Sequence[tuple[int, int, int, int]]
    lines: int
    compressed: bool = False


# --- which tasks there are ----------------------------------------------------------------------------------------


def tasks_of(number: int, source: Source) -> Iterator[Task]:
    """Yield the tasks of an input; raises `Unusual` where it is not what it looked like at first."""
    with ExitStack() as stack:
        data: bytes | FileBytes | None = source.content if isinstance(source.content, bytes) else None
        if source.path is not None and not data:
            try:
                data = stack.enter_context(FileBytes(source.path))
            except OSError:
                data = None
        if data is None:
            yield Task(number, Layout.EXACT, 0, 0)
        elif len(data) <= CHUNK_BYTES or is_compressed(data[:8]):
            yield Task(number, Layout.WHOLE, 0, len(data))
        else:
            yield from _chunked(number, data)


def is_compressed(head: bytes) -> bool:
    """Return whether bytes begin like those of a compressed file; zstd may follow a length."""
    return is_gzip(head) or is_zstd(head[:4]) or is_zstd(head[4:8])


def _chunked(number: int, data: bytes | FileBytes) -> Iterator[Task]:
    layout = layout_of(data)
    chunk = start = 0
    for at, end, kind in _places(data, layout):
        if kind is not layout:
            if at > chunk:
                yield Task(number, layout, chunk, at)
            yield Task(number, kind, at, end)
            chunk = start = end
        elif end - chunk > CHUNK_BYTES and start > chunk:
            yield Task(number, layout, chunk, start)
            chunk, start = start, end
        else:
            start = end
    if start > chunk:
        yield Task(number, layout, chunk, start)


def _places(data: bytes | FileBytes, layout: Layout) -> Iterator[tuple[int, int, Layout]]:
    """Yield where messages begin and end, each with what stands before it; parts of a large one as fields."""
    if layout is Layout.LINES:
        yield from ((start, end, layout) for start, end in line_places(data))
        return
    before = 0
    for start, end in otlp_proto.frames(data, FRAMES[layout]):
        if end > len(data):
            break
        if end - start <= CHUNK_BYTES:
            yield before, end, layout
        else:
            for first, last in _grouped(field_places(data, start, end)):
                yield first, last, Layout.FIELDS
        before = end
    if before != len(data):
        message = "data that breaks off"
        raise Unusual(message)


def layout_of(data: bytes | FileBytes) -> Layout:
    """Return the layout of an input; raises `Unusual` where it is no OTLP that columns are made of."""
    if data[:4096].lstrip(BLANKS)[:1] == b"{":
        return Layout.LINES
    kind = otlp_proto.framing(data) if importlib.util.find_spec("ptars") is not None else None
    if kind is None:
        message = "no OTLP protobuf"
        raise Unusual(message)
    return LAYOUTS[kind]


def line_places(data: bytes | FileBytes) -> Iterator[Place]:
    """Yield where the lines lie, each with the character that ends it."""
    start = 0
    while start < len(data):
        end = data.find(b"\n", start) + 1 or len(data)
        yield start, end
        start = end


def field_places(data: bytes | FileBytes, start: int, end: int) -> Iterator[Place]:
    """Yield where the fields of a message lie; raises `Unusual` where it is none."""
    try:
        for item in wire.fields(data, start, end):
            yield start, item.end
            start = item.end
    except wire.WireError as error:
        raise Unusual(str(error)) from None


def _grouped(places: Iterable[Place]) -> Iterator[Place]:
    """Yield what some places together span, as many as have the size of a chunk."""
    first = last = None
    for start, end in places:
        if first is not None and last is not None and end - first > CHUNK_BYTES:
            yield first, last
            first = start
        first, last = start if first is None else first, end
    if first is not None and last is not None:
        yield first, last


# --- decoding -----------------------------------------------------------------------------------------------------


def decode(source: Source, task: Task, wanted: Wanted) -> Part:
    """Decode a task; raises `Unusual` where columns cannot say all of it."""
    compressed = False
    data, start, layout = _bytes_of(source, task), task.start, task.layout
    if layout is Layout.WHOLE:
        data, compressed = content(data)
        layout = layout_of(data)
    if layout is Layout.LINES:
        return _of_lines(data, start, wanted, compressed=compressed)
    are_fields = layout is Layout.FIELDS
    places = list(field_places(data, 0, len(data)) if are_fields else message_places(data, layout))
    batches, messages = [], []
    for chunk in _chunks(places):
        batch, counts = read_messages([data[at:end] for at, end in chunk], wanted)
        batches.append(batch)
        messages += [(start + at, start + end, 0, count) for (at, end), count in zip(chunk, counts, strict=True)]
    return Part(batches, messages, 0, compressed)


def _bytes_of(source: Source, task: Task) -> bytes:
    if task.layout is Layout.EXACT:
        message = "no bytes"
        raise Unusual(message)
    if isinstance(source.content, bytes) and (source.content or source.path is None):
        return source.content[task.start : task.end]
    try:
        with FileBytes(source.path or Path()) as data:
            return data[task.start : task.end if task.layout is not Layout.WHOLE else len(data)]
    except OSError as error:
        raise Unusual(str(error)) from None


def content(data: bytes) -> tuple[bytes, bool]:
    """Return bytes as they were before they were compressed, if they were; raises `Unusual` for damaged ones."""
    if not is_compressed(data[:8]):
        return data, False
    log = ProblemLog("")
    data = decompress(data, log)
    if log.problems():
        message = "damaged compression"
        raise Unusual(message)
    return data, True


def message_places(data: bytes, layout: Layout) -> Iterator[Place]:
    """Yield where the messages lie, none of which breaks off; a large one comes in parts, each a message of its own.

    Raises:
        Unusual: it breaks off.
    """
    end = 0
    for start, end in otlp_proto.frames(data, FRAMES[layout]):
        if end > len(data):
            break
        if end - start <= CHUNK_BYTES:
            yield start, end
        else:
            yield from field_places(data, start, end)
    if end != len(data):
        message = "data that breaks off"
        raise Unusual(message)


def _of_lines(data: bytes, start: int, wanted: Wanted, *, compressed: bool) -> Part:
    from fluo_logic.facts.columnar.otlp_lines import read_lines  # noqa: PLC0415 - only JSON needs it

    batches: list[Batch] = []
    messages: list[tuple[int, int, int, int]] = []
    line = 0
    for chunk in _chunks(list(line_places(data))):
        batch, counts = read_lines(data[chunk[0][0] : chunk[-1][1]], wanted)
        filled = [(at, end, number) for number, (at, end) in enumerate(chunk, line + 1) if data[at:end].strip(BLANKS)]
        line += len(chunk)
        if len(filled) != len(counts):
            message = "documents that are not a line each"
            raise Unusual(message)
        messages += [
            (start + at, start + end, number, count) for (at, end, number), count in zip(filled, counts, strict=True)
        ]
        batches.append(batch)
    return Part(batches, messages, line, compressed)


def _chunks(places: Sequence[Place]) -> Iterator[Sequence[Place]]:
    """Yield runs of places of about the size of a chunk."""
    sizes = accumulate((end - start for start, end in places), initial=0)
    numbers = [size // CHUNK_BYTES for size in sizes]
    cuts = [0, *(at for at in range(1, len(places)) if numbers[at] != numbers[at - 1]), len(places)]
    return (places[first:last] for first, last in pairwise(cuts) if first < last)
