"""OTLP protobuf messages as columns, decoded by ``ptars``; anything unusual is left to the exact reader."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from google.protobuf.message import DecodeError
from opentelemetry.proto.trace.v1 import trace_pb2

from fluo_logic.facts.columnar import descriptor, otlp_parts
from fluo_logic.facts.columnar.arrow import Array, is_valid, of_numpy, of_python, to_numpy
from fluo_logic.facts.columnar.batch import (
    KINDS,
    MISSING,
    NO_INTEGERS,
    NO_STRINGS,
    STATUSES,
    Batch,
    Events,
    Links,
    Texts,
    Unusual,
    Values,
    Wanted,
    backed,
    looked_up,
)
from fluo_logic.facts.columnar.sizes import encoded_size
from fluo_logic.facts.model import Resource, Scope
from fluo_logic.facts.readers.scalars import SPAN_BYTES, TRACE_BYTES
from fluo_logic.facts.store import find
from fluo_logic.values import Value

INT64_MAX: Final = 2**63 - 1
MASK_BITS: Final = 31
STRING, BOOL, INT, DOUBLE, LIST, MAP, OCTETS = range(7)


def read_messages(messages: Sequence[bytes], wanted: Wanted) -> tuple[Batch, list[int]]:
    """Return the spans of serialized `TracesData` messages, in order, and how many spans each message has.

    Raises:
        Unusual: something is there that the exact reader reads otherwise, or reports.
    """
    try:
        record = descriptor.handler().list_to_record_batch(messages)
        if encoded_size(record) != sum(map(len, messages)):
            for message in messages:
                trace_pb2.TracesData.FromString(message)
        reader = Reader(_levels(record), wanted)
    except (DecodeError, ValueError) as error:
        raise Unusual(str(error)) from None
    return reader.batch(), reader.counts()


@dataclass(frozen=True, slots=True)
class Levels:
    """Messages taken apart: how many batches each has, groups each batch, and spans each group.

    ``resource`` tells which of some resources each batch has, ``scope`` likewise for groups; ``spans`` is an Arrow
    array of structs as `descriptor` lays them out.  Attributes without a value are unusual, unless ``may_be_empty``.
    """

    message_sizes: Array
    group_sizes: Array
    span_sizes: Array
    resource: tuple[Array, Sequence[Resource]]
    scope: tuple[Array, Sequence[Scope]]
    spans: Any
    may_be_empty: bool = False


def _levels(record: Any) -> Levels:  # noqa: ANN401 - Arrow has no types
    batches = _items(record.column(0))
    groups = _items(batches.field("scope_spans"))
    if len(_items(batches.field("older"))):
        message = "spans of the time before version 0.16 of OTLP"
        raise Unusual(message)
    return Levels(
        message_sizes=_sizes(record.column(0)),
        group_sizes=_sizes(batches.field("scope_spans")),
        span_sizes=_sizes(groups.field("spans")),
        resource=_decoded(batches.field("resource"), otlp_parts.resource),
        scope=_decoded(groups.field("scope"), otlp_parts.scope),
        spans=_items(groups.field("spans")),
    )


class Reader:
    """Makes a batch of messages."""

    def __init__(self, levels: Levels, wanted: Wanted) -> None:
        """Take the messages."""
        self.levels = levels
        self.wanted = wanted
        self.spans = levels.spans

    def counts(self) -> list[int]:
        """Return how many spans each message has."""
        ends = np.concatenate(([0], np.cumsum(self.levels.span_sizes)))
        of_batches = ends[np.concatenate(([0], np.cumsum(self.levels.group_sizes)))]
        of_messages = of_batches[np.concatenate(([0], np.cumsum(self.levels.message_sizes)))]
        counts: list[int] = np.diff(of_messages).tolist()
        return counts

    def batch(self) -> Batch:
        """Return the spans."""
        spans = self.spans
        kind, status = to_numpy(spans.field("kind")), spans.field("status")
        code = _filled(status, "code")
        if ((kind < 0) | (kind >= len(KINDS))).any() or ((code < 0) | (code >= len(STATUSES))).any():
            message = "an unknown kind or status"
            raise Unusual(message)
        group_of_span = np.repeat(np.arange(len(self.levels.span_sizes)), self.levels.span_sizes)
        batch_of_group = np.repeat(np.arange(len(self.levels.group_sizes)), self.levels.group_sizes)
        resource_of_batch, resources = self.levels.resource
        scope_of_group, scopes = self.levels.scope
        resource = resource_of_batch[batch_of_group[group_of_span]] if len(spans) else np.empty(0, np.int64)
        own = self._attributes(spans)
        tables = [item.attributes for item in resources]
        return Batch(
            trace_id=_trace_ids(spans.field("trace_id")),
            span_id=_ids(spans.field("span_id")),
            parent_id=_parent_ids(spans.field("parent_id")),
            name=texts(spans.field("name")),
            kind=kind.astype(np.int8),
            status=code.astype(np.int8),
            message=_messages(status),
            start=_times(spans.field("start")),
            end=_times(spans.field("end")),
            resource=resource,
            resources=resources,
            scope=scope_of_group[group_of_span] if len(spans) else np.empty(0, np.int64),
            scopes=scopes,
            values={
                key: backed(own.values(key), looked_up(resource, [find(table, key) for table in tables]))
                for key in self.wanted.attributes
            },
            resource_values={
                key: looked_up(resource, [table.get(key) for table in tables]) for key in self.wanted.resource
            },
            events=self._events(),
            links=self._links(),
        )

    def _attributes(self, owners: Any) -> _Attributes:  # noqa: ANN401
        return _Attributes(owners.field("attributes"), len(owners), may_be_empty=self.levels.may_be_empty)

    def _events(self) -> Events:
        column = self.spans.field("events")
        events = _items(column)
        attributes = self._attributes(events)
        return Events(
            np.repeat(np.arange(len(self.spans)), _sizes(column)),
            texts(events.field("name")),
            _times(events.field("time")),
            {key: attributes.values(key) for key in self.wanted.events},
        )

    def _links(self) -> Links:
        column = self.spans.field("links")
        links = _items(column)
        self._attributes(links)
        return Links(
            np.repeat(np.arange(len(self.spans)), _sizes(column)),
            _trace_ids(links.field("trace_id")),
            _ids(links.field("span_id")),
        )


class _Attributes:
    """The attributes of spans, events or links: a key and a value for each, and the row that it belongs to."""

    def __init__(self, column: Any, rows: int, *, may_be_empty: bool) -> None:  # noqa: ANN401
        pairs = _items(column)
        self.rows = rows
        sizes = _sizes(column)
        self.row = np.repeat(np.arange(rows), sizes)
        keys = pc.dictionary_encode(pairs.field("key"))
        self.codes = to_numpy(keys.indices)
        self.keys: dict[str, int] = {key: code for code, key in enumerate(keys.dictionary.to_pylist())}
        value = pairs.field("value")
        self.parts = value.flatten() if len(value) else []
        self.kind = np.full(len(pairs), MISSING, np.int8)
        for number, part in enumerate(self.parts):
            if part.null_count < len(part):
                self.kind[is_valid(part)] = number
        if may_be_empty:
            self.codes = np.where(self.kind == MISSING, MISSING, self.codes)
        elif (self.kind == MISSING).any():
            message = "an attribute without a value, or with one of an unknown type"
            raise Unusual(message)
        self._refuse_repeated(sizes)
        self._refuse_unreadable()

    def _refuse_repeated(self, sizes: Array) -> None:
        """Refuse a key that a row has twice: a sum of distinct powers of two has no carries."""
        filled = sizes > 0
        if not filled.any():
            return
        starts = (np.cumsum(sizes) - sizes)[filled]
        for first in range(0, len(self.keys), MASK_BITS):
            bits = np.zeros(len(self.codes), np.int64)
            here = (self.codes >= first) & (self.codes < first + MASK_BITS)
            bits[here] = np.int64(1) << (self.codes[here] - first).astype(np.int64)
            # Of a key that is there twice the sum counts both, of a carry the union keeps nothing.
            if not np.array_equal(np.add.reduceat(bits, starts), np.bitwise_or.reduceat(bits, starts)):
                message = "an attribute that is there twice"
                raise Unusual(message)

    def _refuse_unreadable(self) -> None:
        """Refuse lists and maps that the exact reader reports; what they hold is read when it is wanted."""
        for number, parse in ((LIST, otlp_parts.list_value), (MAP, otlp_parts.map_value)):
            if (self.kind == number).any():
                for raw in pc.unique(self.parts[number]).to_pylist():
                    if raw is not None:
                        parse(raw)

    def values(self, key: str) -> Values:
        """Return the value that each row has for a key."""
        for name, code in self.keys.items():
            if key.startswith(f"{name}.") and (self.kind[self.codes == code] == MAP).any():
                message = f"a map that `{key}` may reach into"
                raise Unusual(message)
        codes = np.full(self.rows, MISSING, np.int32)
        known = self.keys.get(key)
        if known is None:
            return Values(codes)
        places = np.flatnonzero(self.codes == known)
        rows, kinds = self.row[places], self.kind[places]
        base = 0
        strings, base = self._encoded(STRING, places, rows, kinds, codes, base)
        integers, base = self._encoded(INT, places, rows, kinds, codes, base)
        doubles = np.empty(0, np.float64)
        chosen = kinds == DOUBLE
        if chosen.any():
            doubles = to_numpy(self.parts[DOUBLE].take(of_numpy(places[chosen])))
            codes[rows[chosen]] = base + np.arange(len(doubles))
            base += len(doubles)
        others: list[Value] = []
        for number, parse in (
            (BOOL, bool),
            (LIST, otlp_parts.list_value),
            (MAP, otlp_parts.map_value),
            (OCTETS, bytes),
        ):
            found, _ = self._encoded(number, places, rows, kinds, codes, base)
            others.extend(parse(raw) for raw in (found.to_pylist() if found is not None else ()))
            base += len(found) if found is not None else 0
        return Values(
            codes,
            NO_STRINGS if strings is None else strings,
            NO_INTEGERS if integers is None else integers,
            doubles,
            tuple(others),
        )

    def _encoded(  # noqa: PLR0913, PLR0917 - the columns that it fills, and from what
        self, number: int, places: Array, rows: Array, kinds: Array, codes: Array, base: int
    ) -> tuple[Any, int]:
        chosen = kinds == number
        if not chosen.any():
            return None, base
        everything = chosen.all()
        found = pc.dictionary_encode(self.parts[number].take(of_numpy(places if everything else places[chosen])))
        codes[rows if everything else rows[chosen]] = to_numpy(found.indices) + base
        return found.dictionary, base + len(found.dictionary)


# --- arrays -------------------------------------------------------------------------------------------------------


def _items(column: Any) -> Any:  # noqa: ANN401
    """Return the items of a list column whose rows are all there."""
    return column.flatten()


def _sizes(column: Any) -> Array:  # noqa: ANN401
    return np.diff(to_numpy(column.offsets))


def _filled(column: Any, name: str) -> Array:  # noqa: ANN401
    return to_numpy(pc.struct_field(column, name))


def texts(column: Any) -> Texts:  # noqa: ANN401
    """Return a column of strings by code."""
    found = pc.dictionary_encode(column)
    return Texts(to_numpy(found.indices), found.dictionary)


def _messages(status: Any) -> Texts:  # noqa: ANN401
    found = pc.dictionary_encode(pc.struct_field(status, "message"))
    # The text of a status that is not there is empty.
    dictionary = pa.concat_arrays([found.dictionary, of_python([""], pa.string())])
    return Texts(to_numpy(found.indices, len(found.dictionary)), dictionary)


def _times(column: Any) -> Array:  # noqa: ANN401
    found = to_numpy(column)
    if len(found) and found.max() > INT64_MAX:
        message = "a time that does not fit 63 bits"
        raise Unusual(message)
    return found.astype(np.int64)


def _octets(column: Any, size: int) -> Array:  # noqa: ANN401
    """Return the bytes of ids that all have one size, a row for each."""
    offsets = _numbers_of_offsets(column)
    if (np.diff(offsets) != size).any():
        message = "an id that has not its size"
        raise Unusual(message)
    data = column.buffers()[2]
    raw = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
    return raw[offsets[0] : offsets[-1]].reshape(-1, size)


def _numbers_of_offsets(column: Any) -> Array:  # noqa: ANN401
    if not len(column):
        return np.zeros(1, np.int32)
    return np.frombuffer(column.buffers()[1], np.int32)[column.offset : column.offset + len(column) + 1]


def _trace_ids(column: Any) -> Any:  # noqa: ANN401
    found = np.ascontiguousarray(_octets(column, TRACE_BYTES)).view(np.uint64)
    if len(found) and ((found[:, 0] == 0) & (found[:, 1] == 0)).any():
        message = "a trace id that is all zeros"
        raise Unusual(message)
    return column


def _ids(column: Any) -> Array:  # noqa: ANN401
    found = _asto_numpy(_octets(column, SPAN_BYTES))
    if not found.all():
        message = "a span id that is all zeros"
        raise Unusual(message)
    return found


def _parent_ids(column: Any) -> Array:  # noqa: ANN401
    sizes = np.diff(_numbers_of_offsets(column))
    has_parent = sizes > 0
    found = np.zeros(len(column), np.uint64)
    if has_parent.any():
        found[has_parent] = _asto_numpy(_octets(column.filter(of_numpy(has_parent)), SPAN_BYTES))
    return found


def _asto_numpy(octets: Array) -> Array:
    return np.ascontiguousarray(octets).view(">u8").reshape(-1).astype(np.uint64)


def _decoded(column: Any, decode: Callable[[bytes], Any]) -> tuple[Array, list[Any]]:  # noqa: ANN401
    """Return which decoded message each row has, and the messages; a row without one has an empty one."""
    sizes = _sizes(column)
    if (sizes > 1).any():
        message = "a resource or scope that is there twice"
        raise Unusual(message)
    found = pc.dictionary_encode(_items(column))
    decoded = [decode(raw) for raw in (b"", *found.dictionary.to_pylist())]
    codes = np.zeros(len(column), np.int64)
    codes[sizes == 1] = to_numpy(found.indices) + 1
    return codes, decoded
