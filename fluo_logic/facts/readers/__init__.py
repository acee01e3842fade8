"""Reads traces from files, folders, bytes, protobuf messages and SDK spans; formats are told by content.

The tables `JSON_FORMATS` and `BINARY_FORMATS` are the whole registry: a new format is one module and one row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from fluo_logic.facts.dataset import Dataset, InputSummary, assemble
from fluo_logic.facts.model import Problem, Span
from fluo_logic.facts.problems import Code, ProblemLog
from fluo_logic.facts.readers import arrow, foreign, frames, jaeger, large_json, otlp_json, otlp_proto, sdk, zipkin
from fluo_logic.facts.readers.compression import decompress
from fluo_logic.facts.readers.json_text import Document, decode_text, documents
from fluo_logic.facts.readers.sources import Source, TraceInput, open_all


@dataclass(frozen=True, slots=True)
class JsonFormat:
    """A format made of JSON documents."""

    name: str
    recognises: Callable[[object], bool]
    read: Callable[[Document, ProblemLog], Iterator[Span]]
    finish: Callable[[Iterable[Span]], Iterable[Span]] | None = None
    """What has to be done when all the documents of an input are read."""


@dataclass(frozen=True, slots=True)
class BinaryFormat:
    """A format that is not text."""

    name: str
    recognises: Callable[[bytes], bool]
    read: Callable[[bytes, ProblemLog], Iterator[Span]]


JSON_FORMATS: Final = (
    JsonFormat("OTLP JSON", otlp_json.recognises, otlp_json.read),
    JsonFormat("Jaeger JSON", jaeger.recognises, jaeger.read),
    JsonFormat("Zipkin JSON", zipkin.recognises, zipkin.read, zipkin.paired),
)
BINARY_FORMATS: Final = (
    BinaryFormat("Parquet", arrow.is_parquet, arrow.read_parquet),
    BinaryFormat("Arrow", arrow.is_arrow, arrow.read_arrow),
    BinaryFormat("OTLP protobuf", otlp_proto.recognises, otlp_proto.read),
)
BLANKS: Final = b" \t\r\n\x00\x1e"
BYTE_ORDER_MARKS: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
JSON_LINE: Final = re.compile(rb'^[\[{][ \t]*["\[{]', re.MULTILINE)


def read_traces(inputs: TraceInput | Iterable[TraceInput], *, stdin: BinaryIO | None = None) -> Dataset:
    """Read traces and assemble them into one data set.

    An input is a path, a folder (searched for files with known endings), a glob, a URL that fsspec opens, ``-`` for
    standard input, the bytes of a file, a message of `opentelemetry-proto`, spans of the OpenTelemetry SDK, or a
    DataFrame with a row for each span.  Files are opened one after the other.  Data that cannot be read never raises:
    it becomes a `Problem` of the data set, and everything else is read.

    Args:
        inputs: one input, or several; a file that is named twice is read once.
        stdin: what ``-`` reads from, in place of standard input.

    Returns:
        The data set; ``problems`` says what could not be read, ``inputs`` what was.

    Raises:
        InputError: an input is of a type that cannot hold traces.
    """
    return read_opened(open_all(inputs, stdin))


def read_opened(sources: Iterable[Source]) -> Dataset:
    """Read inputs that are open already; see `read_traces`."""
    spans: list[Span] = []
    problems: list[Problem] = []
    summaries: list[InputSummary] = []
    for source in sources:
        format_name, found = read_source(source)
        spans.extend(found)
        problems.extend(source.log.problems())
        summaries.append(InputSummary(source.log.name, format_name, len(found)))
    return assemble(spans, problems, summaries)


def read_source(source: Source) -> tuple[str, list[Span]]:
    """Return the format of one opened input (empty if none) and its spans; problems go to its log."""
    try:
        return _read_content(source)
    except MemoryError:
        source.log.report(Code.TOO_LARGE, "", "reading the input needs more memory than there is.")
        return "", []


def _read_content(source: Source) -> tuple[str, list[Span]]:
    match source.content:
        case None:
            return "", []
        case bytes():
            return _read_bytes(source.content, source.log)
        case frames.Frame():
            return frames.FORMAT, list(frames.read(source.content, source.log))
        case list():
            return "SDK spans", list(sdk.read(source.content, source.log))
        case message:
            return "OTLP message", list(otlp_proto.read_message(message, source.log))


def _read_bytes(data: bytes, log: ProblemLog) -> tuple[str, list[Span]]:
    if not data:
        log.report(Code.EMPTY, "", "the input is empty.")
        return "", []
    data = decompress(data, log)
    if not data.strip(BLANKS):
        if not log.problems():
            log.report(Code.EMPTY, "", "the input holds nothing but blanks." if data else "the input is empty.")
        return "", []
    for row in BINARY_FORMATS:
        if row.recognises(data):
            return row.name, list(row.read(data, log))
    if data.startswith(BYTE_ORDER_MARKS) or data.lstrip(BLANKS)[:1] in {b"{", b"["} or JSON_LINE.search(data):
        if len(data) >= large_json.LARGE and not data.startswith(BYTE_ORDER_MARKS[1:]):
            return _read_json(large_json.documents(data, log), log)
        return _read_json(documents(decode_text(data, log), log), log)
    log.report(Code.NOT_TRACES, "", f"this is {foreign.describe_bytes(data)}, not traces.")
    return "", []


def _read_json(found: Iterator[Document], log: ProblemLog) -> tuple[str, list[Span]]:
    """Read documents one by one, so that one of a wrong kind costs only itself."""
    by_format: dict[str, list[Span]] = {}
    signals: dict[str, None] = {}
    row: JsonFormat | None = None
    for document in found:
        recognised = next((row for row in JSON_FORMATS if row.recognises(document.value)), None)
        # A later part of a document is of the format of the others, whatever it holds.
        row = row if recognised is None and document.first[0] else recognised
        where = f"line {document.line}"
        if row is None and (signal := foreign.other_signal(document.value)) is not None:
            signals[signal] = None
            log.report(Code.OTHER_SIGNAL, where, f"this is a document with {signal}; it is passed over.")
        elif row is None and (known := foreign.known_answer(document.value)) is not None:
            log.report(Code.NOT_TRACES, where, f"this is {known[0]}.", hint=known[1])
        elif row is None:
            log.report(Code.NOT_TRACES, where, f"this is {foreign.describe_json(document.value)}, not traces.")
        else:
            by_format.setdefault(row.name, []).extend(row.read(document, log))
    if signals and not by_format:
        log.report(Code.NOT_TRACES, "", f"the input holds {' and '.join(signals)}, but no traces.")
    spans: list[Span] = []
    for row in JSON_FORMATS:
        read = by_format.get(row.name, [])
        spans.extend(read if row.finish is None else row.finish(read))
    return ", ".join(by_format), spans
