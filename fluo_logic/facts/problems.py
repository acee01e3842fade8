"""The catalogue of what can be wrong with trace data, and the log that collects it.

Reading never stops at bad data: each thing that is wrong becomes a `Problem` with one of these codes, and the rest
is read on.  ``rejected`` tells whether data was lost (a span, an attribute, the rest of a file); where it is False
everything was kept, but something about it is not sound.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from fluo_logic.facts.model import Problem

KEPT_PER_CODE: Final = 100
"""How many problems of one code are listed for one input; the others are counted."""


class Code(StrEnum):
    """The stable codes of input problems: I1… opening, I2… decoding, I3… records, I4… soundness, I5… writing."""

    NOT_FOUND = "I101"
    NOT_OPENED = "I102"
    NOTHING_THERE = "I103"
    EMPTY = "I104"
    NOT_TRACES = "I105"
    PACKAGE_MISSING = "I106"
    OTHER_SIGNAL = "I107"
    FILE_GREW = "I108"
    FILE_CHANGED = "I109"
    TOO_LARGE = "I110"
    COMPRESSION_TRUNCATED = "I201"
    COMPRESSION_CORRUPT = "I202"
    JSON_MALFORMED = "I203"
    JSON_TRUNCATED = "I204"
    PROTOBUF_MALFORMED = "I205"
    PROTOBUF_TRUNCATED = "I206"
    NOT_UNICODE = "I207"
    TOO_DEEP = "I208"
    TABLE_MALFORMED = "I209"
    TABLE_TRUNCATED = "I210"
    WRONG_TYPE = "I301"
    ID_MISSING = "I302"
    ID_INVALID = "I303"
    NUMBER_INVALID = "I304"
    VALUE_UNKNOWN = "I305"
    ENUM_UNKNOWN = "I306"
    KEY_REPEATED = "I307"
    PROCESS_UNKNOWN = "I308"
    COLUMN_UNUSED = "I309"
    ANSWER_PARTIAL = "I310"
    END_BEFORE_START = "I401"
    OWN_PARENT = "I402"
    PARENT_CYCLE = "I403"
    COPIES_DIFFER = "I404"
    NOT_WRITABLE = "I501"


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """What a code means: a title for tables, the usual hint, and whether data is lost."""

    title: str
    hint: str | None
    rejected: bool


CATALOGUE: Final[Mapping[Code, ProblemKind]] = MappingProxyType(
    {
        Code.NOT_FOUND: ProblemKind(
            "the input does not exist",
            "Check the path; a relative path starts at the current directory.",
            rejected=True,
        ),
        Code.NOT_OPENED: ProblemKind(
            "the input cannot be opened", "Check that you may read it and that it is still there.", rejected=True
        ),
        Code.NOTHING_THERE: ProblemKind(
            "the folder or glob holds no trace files",
            "Folders are searched for .json .jsonl .ndjson .otlp .pb .binpb .bin .parquet .arrow files, also with .gz "
            "or .zst after it; name other files one by one.",
            rejected=True,
        ),
        Code.EMPTY: ProblemKind("the input is empty", "Was the exporter flushed before it stopped?", rejected=True),
        Code.NOT_TRACES: ProblemKind(
            "the input holds no traces in a known format",
            "Export the traces as OTLP (JSON or protobuf), Jaeger JSON or Zipkin JSON, or as a table of spans.",
            rejected=True,
        ),
        Code.PACKAGE_MISSING: ProblemKind(
            "reading this input needs a package that is not installed",
            "Install the extra that is told.",
            rejected=True,
        ),
        Code.OTHER_SIGNAL: ProblemKind("metrics or logs stand among the traces", None, rejected=False),
        Code.FILE_GREW: ProblemKind(
            "the file grew while it was read",
            "What it held at first was read; check it again when it is complete.",
            rejected=False,
        ),
        Code.FILE_CHANGED: ProblemKind(
            "the file was changed while it was read",
            "What was read may be of two versions: check it again when nothing writes to it.",
            rejected=True,
        ),
        Code.TOO_LARGE: ProblemKind(
            "the input needs more memory than there is",
            "Split it: into lines, each a request, or into several files; or keep it as Parquet.",
            rejected=True,
        ),
        Code.COMPRESSION_TRUNCATED: ProblemKind(
            "the compressed data breaks off",
            "The file is incomplete: was it copied while it was being written?",
            rejected=True,
        ),
        Code.COMPRESSION_CORRUPT: ProblemKind(
            "the compressed data is damaged",
            "Fetch the file again: what was read of it may be altered.",
            rejected=True,
        ),
        Code.JSON_MALFORMED: ProblemKind("the text is not JSON", None, rejected=True),
        Code.JSON_TRUNCATED: ProblemKind(
            "the JSON text breaks off",
            "The file is incomplete: was it copied while it was being written?",
            rejected=True,
        ),
        Code.PROTOBUF_MALFORMED: ProblemKind("the bytes are not the protobuf message", None, rejected=True),
        Code.PROTOBUF_TRUNCATED: ProblemKind(
            "the protobuf message breaks off",
            "The file is incomplete: was it copied while it was being written?",
            rejected=True,
        ),
        Code.NOT_UNICODE: ProblemKind(
            "text is not Unicode; what could not be read was replaced by U+FFFD",
            "JSON has to be UTF-8.",
            rejected=False,
        ),
        Code.TOO_DEEP: ProblemKind("values are nested too deep", None, rejected=True),
        Code.TABLE_MALFORMED: ProblemKind(
            "the Parquet or Arrow data is damaged",
            "Fetch or write the file again: what was read of it is whole.",
            rejected=True,
        ),
        Code.TABLE_TRUNCATED: ProblemKind(
            "the Parquet or Arrow data breaks off",
            "The file is incomplete: was it copied while it was being written?",
            rejected=True,
        ),
        Code.WRONG_TYPE: ProblemKind("a field holds a value of the wrong type", None, rejected=True),
        Code.ID_MISSING: ProblemKind(
            "the span has no id", "A span needs a trace id (16 bytes) and a span id (8 bytes).", rejected=True
        ),
        Code.ID_INVALID: ProblemKind(
            "an id is not valid",
            "Ids are 32 (trace) or 16 (span) hexadecimal digits, or base64 of 16 or 8 bytes; not all zeros.",
            rejected=True,
        ),
        Code.NUMBER_INVALID: ProblemKind("a number cannot be read, or does not fit its type", None, rejected=True),
        Code.VALUE_UNKNOWN: ProblemKind(
            "an attribute value is of an unknown type",
            "Known are stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue and bytesValue.",
            rejected=True,
        ),
        Code.ENUM_UNKNOWN: ProblemKind("a span kind or status code is unknown", None, rejected=True),
        Code.KEY_REPEATED: ProblemKind(
            "an attribute key occurs twice; the last value counts", "Keys are unique in OpenTelemetry.", rejected=True
        ),
        Code.PROCESS_UNKNOWN: ProblemKind("a span names a process that is not listed", None, rejected=True),
        Code.ANSWER_PARTIAL: ProblemKind(
            "the backend did not give all that was asked for",
            "What is not there may be missing only here: fetch the trace again, with a higher limit.",
            rejected=True,
        ),
        Code.COLUMN_UNUSED: ProblemKind(
            "a column of a table has no meaning for spans; it is passed over",
            "Columns of attributes are named `attributes.KEY` or `resource.KEY`.",
            rejected=False,
        ),
        Code.END_BEFORE_START: ProblemKind(
            "the span ends before it starts", "Was the clock of the host set back?", rejected=False
        ),
        Code.OWN_PARENT: ProblemKind("the span is its own parent", None, rejected=False),
        Code.PARENT_CYCLE: ProblemKind("the parents of some spans form a cycle", None, rejected=False),
        Code.COPIES_DIFFER: ProblemKind(
            "the copies of a span differ",
            "Were two exports of the same trace changed on the way, or are span ids not unique?",
            rejected=False,
        ),
        Code.NOT_WRITABLE: ProblemKind(
            "a span holds what the format that is written cannot hold",
            "Nothing is rounded or left out; another format may hold it.",
            rejected=True,
        ),
    }
)


class ProblemLog:
    """Collects the problems of one input: lists the first of each code, counts all of them.

    ``name`` is the input's.  The counts stay exact: the ``count``s of `problems` sum up to what was reported.
    """

    def __init__(self, name: str, *, kept_per_code: int = KEPT_PER_CODE) -> None:
        """Start with no problems."""
        self.name = name
        self._limit = kept_per_code
        self._kept: list[Problem] = []
        self._counts: Counter[Code] = Counter()

    def report(self, code: Code, where: str, message: str, *, hint: str | None = None) -> None:
        """Note one problem; ``hint`` replaces the usual one of the code."""
        self._counts[code] += 1
        if self._counts[code] <= self._limit:
            kind = CATALOGUE[code]
            self._kept.append(Problem(code, self.name, where, message, hint=hint or kind.hint, rejected=kind.rejected))

    def problems(self) -> tuple[Problem, ...]:
        """Return what was listed, in order of report, then one problem for the rest of each code."""
        return (
            *self._kept,
            *(
                Problem(
                    code,
                    self.name,
                    "",
                    f"{count - self._limit} more like this: {CATALOGUE[code].title}.",
                    rejected=CATALOGUE[code].rejected,
                    count=count - self._limit,
                )
                for code, count in self._counts.items()
                if count > self._limit
            ),
        )
