"""The spans of some rows, read a second time and exactly: those that are to be judged and proved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Final

import numpy as np
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.resource.v1 import resource_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

from fluo_logic.errors import InputError
from fluo_logic.facts.columnar.arrow import Array
from fluo_logic.facts.columnar.batch import Unusual
from fluo_logic.facts.columnar.descriptor import raw_traces_data
from fluo_logic.facts.columnar.file_bytes import FileBytes
from fluo_logic.facts.columnar.read import Input, Message
from fluo_logic.facts.columnar.tasks import content
from fluo_logic.facts.model import NO_RESOURCE, NO_SCOPE, Resource, Scope, Span
from fluo_logic.facts.problems import ProblemLog
from fluo_logic.facts.readers import otlp_json, otlp_proto
from fluo_logic.facts.readers.compression import decompress
from fluo_logic.facts.readers.json_text import Incomplete, documents

CHANGED: Final = "C123"


def recall(inputs: Iterable[Input], rows: Array) -> list[Span]:
    """Return the spans of ``rows`` (ascending), as the exact readers return them.

    Raises:
        Unusual: the exact reader has something to report after all.
        InputError: a file is not what it was.
    """
    spans: list[Span] = []
    for found in inputs:
        mine = rows[(rows >= found.row) & (rows < found.row + found.count)]
        if not len(mine):
            continue
        if found.spans is not None:
            spans.extend(found.spans[row - found.row] for row in mine.tolist())
        else:
            spans.extend(_Recall(found).spans(mine))
    return spans


class _Recall:
    """Reads spans of one input."""

    def __init__(self, found: Input) -> None:
        self.input = found
        self.log = ProblemLog(found.source.log.name)
        self.resources: dict[bytes, tuple[Resource, int]] = {b"": (NO_RESOURCE, 0)}
        self.scopes: dict[bytes, Scope] = {b"": NO_SCOPE}
        self.message = raw_traces_data()

    def spans(self, rows: Array) -> Iterator[Span]:
        """Yield the spans of rows of the input, ascending."""
        firsts = np.array([message.row for message in self.input.messages])
        numbers = np.searchsorted(firsts, rows, side="right") - 1
        with ExitStack() as stack:
            data = self._data(stack)
            # Messages without spans begin at the row of the next one: the last that begins there has it.
            for number in np.unique(numbers).tolist():
                message = self.input.messages[number]
                read = self._of_line if message.line else self._of_message
                try:
                    octets = data[message.start : message.end]
                except Unusual:
                    raise _changed(self.log.name) from None
                yield from read(octets, message, (rows[numbers == number] - message.row).tolist())
        if self.log.problems():
            raise Unusual(self.log.problems()[0].message)

    def _data(self, stack: ExitStack) -> bytes | FileBytes:
        source = self.input.source
        if source.path is None:
            return content(source.content)[0] if isinstance(source.content, bytes) else b""
        try:
            data = stack.enter_context(FileBytes(source.path))
        except OSError:
            raise _changed(self.log.name) from None
        if len(data) != self.input.size:
            raise _changed(self.log.name)
        return decompress(data[:], self.log) if self.input.compressed else data

    def _of_message(self, octets: bytes, message: Message, ordinals: Sequence[int]) -> Iterator[Span]:
        place = 0
        wanted = iter(ordinals)
        ordinal = next(wanted, None)
        passed = 0
        parsed = self.message.FromString(octets)
        for batch in parsed.resource_spans:
            for group in batch.scope_spans:
                count = len(group.spans)
                while ordinal is not None and ordinal < passed + count:
                    raw = group.spans[ordinal - passed]
                    found = octets.find(raw, place)
                    place = (found if found >= 0 else octets.find(raw)) + 1
                    resource, dropped = self._resource(b"".join(batch.resource))
                    item = trace_pb2.Span.FromString(raw)
                    scope = self._scope(b"".join(group.scope))
                    span = otlp_proto.read_span(
                        item, f"byte {message.start + place - 1}", resource, scope, dropped, self.log
                    )
                    if span is None:
                        raise _changed(self.log.name)
                    yield span
                    ordinal = next(wanted, None)
                passed += count
        if ordinal is not None:
            raise _changed(self.log.name)

    def _of_line(self, octets: bytes, message: Message, ordinals: Sequence[int]) -> Iterator[Span]:
        wanted = frozenset(ordinals)
        (document,) = documents(octets.decode(), self.log)
        number = 0
        for batch in _listed(document.value, "resourceSpans"):
            for group in _listed(batch, "scopeSpans"):
                spans = _listed(group, "spans")
                for place in range(len(spans)):
                    if number not in wanted:
                        spans[place] = Incomplete()  # the reader passes it over
                    number += 1
        found = list(otlp_json.read(replace(document, line=message.line), self.log))
        if len(found) != len(wanted):
            raise _changed(self.log.name)
        yield from found

    def _resource(self, raw: bytes) -> tuple[Resource, int]:
        if raw not in self.resources:
            message = resource_pb2.Resource.FromString(raw)
            self.resources[raw] = otlp_proto.read_resource(message, "", self.log)
        return self.resources[raw]

    def _scope(self, raw: bytes) -> Scope:
        if raw not in self.scopes:
            message = common_pb2.InstrumentationScope.FromString(raw)
            self.scopes[raw] = Scope(message.name, message.version)
        return self.scopes[raw]


def _listed(value: object, key: str) -> list[object]:
    """Return the list in a field of an object, empty where there is none."""
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


def _changed(name: str) -> InputError:
    return InputError(CHANGED, f"`{name}` changed while it was read.", hint="Check a copy that nobody writes to.")
