"""OTLP JSON, a document a line, as columns: parsed by ``pyarrow.json``; anything unusual is left to the exact reader.

The schema is closed: a field that it does not name, or that has another type than the collector writes, is unusual.
What is parsed gets the layout that protobuf has, so that one reader takes both apart.
"""

from __future__ import annotations

import re
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj
from opentelemetry.proto.common.v1 import common_pb2

from fluo_logic.facts.columnar.arrow import Array, is_valid, of_numpy, of_python, to_numpy
from fluo_logic.facts.columnar.batch import Batch, Unusual, Wanted
from fluo_logic.facts.columnar.otlp import Levels, Reader
from fluo_logic.facts.model import NO_RESOURCE, NO_SCOPE, Resource, Scope
from fluo_logic.facts.problems import ProblemLog
from fluo_logic.facts.readers import otlp_json, scalars
from fluo_logic.facts.readers.scalars import UINT32_MAX, UnreadableError

_INNER: Final = pa.struct(
    [("stringValue", pa.string()), ("boolValue", pa.bool_()), ("intValue", pa.string()), ("doubleValue", pa.float64())]
)
_LIST: Final = pa.struct([("values", pa.list_(_INNER))])
_VALUE: Final = pa.struct([*_INNER, ("arrayValue", _LIST), ("bytesValue", pa.string())])
_PAIRS: Final = pa.list_(pa.struct([("key", pa.string()), ("value", _VALUE)]))
_DROPPED: Final = ("droppedAttributesCount", pa.int64())
_EVENT: Final = pa.struct([("timeUnixNano", pa.string()), ("name", pa.string()), ("attributes", _PAIRS), _DROPPED])
_LINK: Final = pa.struct(
    [
        *((name, pa.string()) for name in ("traceId", "spanId", "traceState")),
        *[("attributes", _PAIRS), ("flags", pa.int64()), _DROPPED],
    ]
)
_SPAN: Final = pa.struct(
    [
        *((name, pa.string()) for name in ("traceId", "spanId", "parentSpanId", "traceState", "name")),
        *[("kind", pa.int32()), ("flags", pa.int64())],
        *[("startTimeUnixNano", pa.string()), ("endTimeUnixNano", pa.string())],
        *[("attributes", _PAIRS), ("events", pa.list_(_EVENT)), ("links", pa.list_(_LINK))],
        ("status", pa.struct([("message", pa.string()), ("code", pa.int32())])),
        *[_DROPPED, ("droppedEventsCount", pa.int64()), ("droppedLinksCount", pa.int64())],
    ]
)
_SCOPE: Final = pa.struct([("name", pa.string()), ("version", pa.string()), ("attributes", _PAIRS), _DROPPED])
_GROUP: Final = pa.struct([("scope", _SCOPE), ("spans", pa.list_(_SPAN)), ("schemaUrl", pa.string())])
_RESOURCE: Final = pa.struct([("attributes", _PAIRS), _DROPPED])
_BATCH: Final = pa.struct([("resource", _RESOURCE), ("scopeSpans", pa.list_(_GROUP)), ("schemaUrl", pa.string())])
SCHEMA: Final = pa.schema([("resourceSpans", pa.list_(_BATCH))])

DIGITS: Final = 18
"""So many digits fit 63 bits; longer ones are left to the exact reader."""
HEX_VALUES: Final = np.array([int(chr(code), 16) if chr(code) in "0123456789abcdef" else 255 for code in range(256)])
DIGITS_ONLY: Final = frozenset(b"0123456789")
MINUS: Final = ord("-")
BYTE_LIMIT: Final = 2**31 - 1
SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")


def read_lines(data: bytes, wanted: Wanted) -> tuple[Batch, list[int]]:
    """Return the spans of OTLP documents, in order, and how many spans each document has.

    Raises:
        Unusual: something is there that the exact reader reads otherwise, or reports.
    """
    reader = Reader(_levels(_parsed(data)), wanted)
    return reader.batch(), reader.counts()


def _parsed(data: bytes) -> Any:  # noqa: ANN401 - Arrow has no types
    if len(data) >= BYTE_LIMIT or SURROGATE.search(data):
        message = "a document of more than two gigabytes, or with escaped surrogates"
        raise Unusual(message)
    try:
        str(data, "utf-8")
        table = pj.read_json(
            pa.BufferReader(data),
            read_options=pj.ReadOptions(use_threads=False, block_size=len(data) + 1),
            parse_options=pj.ParseOptions(explicit_schema=SCHEMA, unexpected_field_behavior="error"),
        )
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise Unusual(str(error)) from None
    return table.column(0).combine_chunks()


def _levels(documents: Any) -> Levels:  # noqa: ANN401
    batches = _items(documents)
    groups = _items(batches.field("scopeSpans"))
    spans = _items(groups.field("spans"))
    resources = [_resource(raw) for raw in batches.field("resource").to_pylist()]
    scopes = [_scope(raw) for raw in groups.field("scope").to_pylist()]
    try:
        made = _spans(spans)
    except pa.ArrowInvalid as error:  # a text that is no number
        raise Unusual(str(error)) from None
    return Levels(
        message_sizes=_sizes(documents),
        group_sizes=_sizes(batches.field("scopeSpans")),
        span_sizes=_sizes(groups.field("spans")),
        resource=(np.arange(len(resources)), resources),
        scope=(np.arange(len(scopes)), scopes),
        spans=made,
        may_be_empty=True,
    )


def _spans(spans: Any) -> Any:  # noqa: ANN401
    for name in ("droppedAttributesCount", "droppedEventsCount", "droppedLinksCount"):
        _refuse_counts(spans.field(name))
    kind = to_numpy(spans.field("kind"))
    status = spans.field("status")
    return pa.StructArray.from_arrays(
        [
            _octets(spans.field("traceId")),
            _octets(spans.field("spanId")),
            _octets(spans.field("parentSpanId"), may_lack=True),
            _text(spans.field("name")),
            of_numpy(kind),
            _times(spans.field("startTimeUnixNano")),
            _times(spans.field("endTimeUnixNano")),
            _pairs(spans.field("attributes")),
            _list_of(spans.field("events"), _events(_items(spans.field("events")))),
            _list_of(spans.field("links"), _links(_items(spans.field("links")))),
            pa.StructArray.from_arrays(
                [_text(pc.struct_field(status, "message")), of_numpy(to_numpy(pc.struct_field(status, "code")))],
                ["message", "code"],
            ),
        ],
        ["trace_id", "span_id", "parent_id", "name", "kind", "start", "end", "attributes", "events", "links", "status"],
    )


def _events(events: Any) -> Any:  # noqa: ANN401
    _refuse_counts(events.field("droppedAttributesCount"))
    columns = [_times(events.field("timeUnixNano")), _text(events.field("name")), _pairs(events.field("attributes"))]
    return pa.StructArray.from_arrays(columns, ["time", "name", "attributes"])


def _links(links: Any) -> Any:  # noqa: ANN401
    columns = [_octets(links.field("traceId")), _octets(links.field("spanId")), _pairs(links.field("attributes"))]
    return pa.StructArray.from_arrays(columns, ["trace_id", "span_id", "attributes"])


def _pairs(column: Any) -> Any:  # noqa: ANN401
    pairs = _items(column)
    keys, value = pairs.field("key"), pairs.field("value")
    if keys.null_count:
        message = "an attribute without a key"
        raise Unusual(message)
    parts = {name: pc.struct_field(value, name) for name in (field.name for field in _VALUE)}
    held = np.sum([is_valid(part) for part in parts.values()], axis=0)
    if (held > 1).any():
        message = "an attribute with several values"
        raise Unusual(message)
    values = [
        parts["stringValue"],
        parts["boolValue"],
        _integers(parts["intValue"]),
        parts["doubleValue"],
        of_python(map(_list, parts["arrayValue"].to_pylist()), pa.binary())
        if parts["arrayValue"].null_count < len(value)
        else pa.nulls(len(value), pa.binary()),
        pa.nulls(len(value), pa.binary()),
        of_python(map(_bytes, parts["bytesValue"].to_pylist()), pa.binary())
        if parts["bytesValue"].null_count < len(value)
        else pa.nulls(len(value), pa.binary()),
    ]
    names = [f"part_{number}" for number in range(len(values))]
    struct = pa.StructArray.from_arrays([keys, pa.StructArray.from_arrays(values, names)], ["key", "value"])
    return _list_of(column, struct)


# --- arrays -------------------------------------------------------------------------------------------------------


def _items(column: Any) -> Any:  # noqa: ANN401
    items = column.flatten()
    if items.null_count:
        message = "null in a list"
        raise Unusual(message)
    return items


def _sizes(column: Any) -> Array:  # noqa: ANN401
    sizes = np.diff(to_numpy(column.offsets))
    return np.where(is_valid(column), sizes, 0) if column.null_count else sizes


def _list_of(column: Any, items: Any) -> Any:  # noqa: ANN401
    offsets = np.concatenate(([0], np.cumsum(_sizes(column)))).astype(np.int32)
    return pa.ListArray.from_arrays(of_numpy(offsets), items)


def _text(column: Any) -> Any:  # noqa: ANN401
    """Return a column of texts in which what is not there is empty."""
    if not column.null_count:
        return column
    return pc.if_else(of_numpy(is_valid(column)), column, of_python([""] * len(column), pa.string()))


def _characters(column: Any) -> tuple[Array, Array]:  # noqa: ANN401
    """Return the bytes of all texts of a column without nulls, and how many each has."""
    if not len(column):
        return np.empty(0, np.uint8), np.empty(0, np.int32)
    offsets = np.frombuffer(column.buffers()[1], np.int32)[column.offset : column.offset + len(column) + 1]
    data = column.buffers()[2]
    octets = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
    return octets[offsets[0] : offsets[-1]], np.diff(offsets)


def _octets(column: Any, *, may_lack: bool = False) -> Any:  # noqa: ANN401
    """Return ids in lower-case hexadecimal digits as bytes."""
    if column.null_count and not may_lack:
        message = "a span without an id"
        raise Unusual(message)
    characters, sizes = _characters(_text(column))
    values = HEX_VALUES[characters]
    if (sizes % 2).any() or (values > 15).any():  # noqa: PLR2004 - the largest digit
        message = "an id that is not made of lower-case hexadecimal digits"
        raise Unusual(message)
    data = (values[::2] * 16 + values[1::2]).astype(np.uint8)
    offsets = np.concatenate(([0], np.cumsum(sizes // 2))).astype(np.int32)
    return pa.Array.from_buffers(pa.binary(), len(column), [None, pa.py_buffer(offsets), pa.py_buffer(data)])


def _times(column: Any) -> Any:  # noqa: ANN401
    characters, sizes = _characters(_text(column))
    if (sizes > DIGITS + 1).any() or not ((characters >= ord("0")) & (characters <= ord("9"))).all():
        message = "a time that is not made of digits"
        raise Unusual(message)
    empty = sizes == 0
    if empty.any():
        column = pc.if_else(of_numpy(~empty), _text(column), of_python(["0"] * len(column), pa.string()))
    return pc.cast(column, pa.uint64())


def _integers(column: Any) -> Any:  # noqa: ANN401
    if column.null_count == len(column):
        return pa.nulls(len(column), pa.int64())
    characters, sizes = _characters(column.drop_null())
    is_digit = (characters >= ord("0")) & (characters <= ord("9"))
    if (sizes > DIGITS).any() or (sizes == 0).any() or not (is_digit | (characters == MINUS)).all():
        message = "an integer that is no short row of digits"
        raise Unusual(message)
    return pc.cast(column, pa.int64())


def _refuse_counts(column: Any) -> None:  # noqa: ANN401
    counts = to_numpy(column)
    if ((counts < 0) | (counts > UINT32_MAX)).any():
        message = "a count that does not fit 32 bits"
        raise Unusual(message)


# --- what there is little of --------------------------------------------------------------------------------------


def _resource(raw: dict[str, object] | None) -> Resource:
    if raw is None:
        return NO_RESOURCE
    log = ProblemLog("")
    found, _ = otlp_json.attributes(raw.get("attributes"), "", log)
    dropped = raw.get("droppedAttributesCount")
    if log.problems() or not (dropped is None or (isinstance(dropped, int) and 0 <= dropped <= UINT32_MAX)):
        message = "a resource with an attribute that cannot be read"
        raise Unusual(message)
    return Resource(found)


def _scope(raw: dict[str, object] | None) -> Scope:
    if raw is None:
        return NO_SCOPE
    return Scope(str(raw.get("name") or ""), str(raw.get("version") or ""))


def _list(raw: dict[str, object] | None) -> bytes | None:
    """Return a list as the protobuf message that the reader of columns takes apart."""
    if raw is None:
        return None
    try:
        items = otlp_json.any_value({"arrayValue": raw}, "")
    except UnreadableError as error:
        raise Unusual(error.message) from None
    message = common_pb2.ArrayValue()
    for item in items if isinstance(items, tuple) else ():
        added = message.values.add()
        match item:
            case bool():
                added.bool_value = item
            case int():
                added.int_value = item
            case float():
                added.double_value = item
            case _:
                added.string_value = str(item)
    return message.SerializeToString()


def _bytes(raw: str | None) -> bytes | None:
    if raw is None:
        return None
    try:
        return scalars.octets(raw, "")
    except UnreadableError as error:
        raise Unusual(error.message) from None
