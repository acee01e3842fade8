"""How many bytes a canonical encoder writes for what was decoded, to tell that nothing else was there.

``ptars`` passes over a group of unknown fields whose end is not that of its beginning, where protobuf refuses the
message.  Such a message has more bytes than what was decoded from it; so has one with unknown fields, or one of an
encoder that writes fields twice or empty, and those are looked at again.

Source of the sizes: https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fluo_logic.facts.columnar.arrow import Array, is_valid, to_numpy

LONG_TAG: Final = 16
"""Numbers of fields from here on have a tag of two bytes."""
FIXED: Final[Mapping[Any, int]] = {pa.uint64(): 8, pa.uint32(): 4}
VALUE: Final = ("string_value", "array_value", "kvlist_value", "bytes_value")


def encoded_size(record: Any) -> int:  # noqa: ANN401 - Arrow has no types
    """Return the size of the messages of a record batch that `descriptor` lays out."""
    batches = record.column(0)
    return int(_repeated(batches, _batches(batches.flatten())).sum())


def _batches(batches: Any) -> Array:  # noqa: ANN401
    groups = batches.field("scope_spans")
    return (
        _repeated(batches.field("resource"), _lengths(batches.field("resource").flatten()))
        + _repeated(groups, _groups(groups.flatten()))
        + _text(batches.field("schema_url"))
    )


def _groups(groups: Any) -> Array:  # noqa: ANN401
    spans = groups.field("spans")
    return (
        _repeated(groups.field("scope"), _lengths(groups.field("scope").flatten()))
        + _repeated(spans, _spans(spans.flatten()))
        + _text(groups.field("schema_url"))
    )


def _spans(spans: Any) -> Array:  # noqa: ANN401
    events, links, status = spans.field("events"), spans.field("links"), spans.field("status")
    found = _repeated(spans.field("attributes"), _pairs(spans.field("attributes").flatten()))
    for name in ("trace_id", "span_id", "trace_state", "parent_id", "name"):
        found += _text(spans.field(name))
    for name in ("start", "end"):
        found += _fixed(spans.field(name), 8)
    for name in ("kind", "dropped_attributes", "dropped_events", "dropped_links"):
        found += _varint(spans.field(name))
    if len(events.flatten()):
        found += _repeated(events, _events(events.flatten()))
    if len(links.flatten()):
        found += _repeated(links, _links(links.flatten()))
    inner = _text(pc.struct_field(status, "message")) + _varint(pc.struct_field(status, "code"))
    found += np.where(is_valid(status), 1 + _width(inner) + inner, 0)
    return found + np.where(to_numpy(spans.field("flags")) != 0, 2 + 4, 0)


def _events(events: Any) -> Array:  # noqa: ANN401
    pairs = events.field("attributes")
    found = _repeated(pairs, _pairs(pairs.flatten()))
    return found + _fixed(events.field("time"), 8) + _text(events.field("name")) + _varint(events.field("dropped"))


def _links(links: Any) -> Array:  # noqa: ANN401
    pairs = links.field("attributes")
    found = _repeated(pairs, _pairs(pairs.flatten()))
    for name in ("trace_id", "span_id", "trace_state"):
        found += _text(links.field(name))
    return found + _varint(links.field("dropped")) + _fixed(links.field("flags"), 4)


def _pairs(pairs: Any) -> Array:  # noqa: ANN401
    value = pairs.field("value")
    found = np.zeros(len(pairs), np.int64)
    for name in VALUE:
        part = pc.struct_field(value, name)
        if part.null_count < len(part):
            lengths = _lengths(part)
            found += np.where(is_valid(part), 1 + _width(lengths) + lengths, 0)
    for name, size in (("bool_value", 2), ("double_value", 9)):
        found += np.where(is_valid(pc.struct_field(value, name)), size, 0)
    integers = pc.struct_field(value, "int_value")
    if integers.null_count < len(integers):
        found += np.where(is_valid(integers), 1 + _width(to_numpy(integers).view(np.uint64)), 0)
    held = np.where(is_valid(value), 1 + _width(found) + found, 0)
    return _text(pairs.field("key")) + held


# --- fields -------------------------------------------------------------------------------------------------------


def _repeated(column: Any, sizes: Array) -> Array:  # noqa: ANN401
    """Return, for each row, the size of a repeated field whose items have the given sizes; its tag is short."""
    ends = np.concatenate(([0], np.cumsum(1 + _width(sizes) + sizes)))
    offsets = to_numpy(column.offsets)
    found: Array = ends[offsets[1:] - offsets[0]] - ends[offsets[:-1] - offsets[0]]
    return found


def _text(column: Any) -> Array:  # noqa: ANN401
    """Return the size of a field of text or bytes, which is left out where it is empty."""
    lengths = _lengths(column)
    return np.where(lengths > 0, 1 + _width(lengths) + lengths, 0)


def _fixed(column: Any, size: int) -> Array:  # noqa: ANN401
    return np.where(to_numpy(column) != 0, 1 + size, 0)


def _varint(column: Any) -> Array:  # noqa: ANN401
    numbers = to_numpy(column).astype(np.int64).view(np.uint64)
    return np.where(numbers != 0, 1 + _width(numbers), 0)


def _lengths(column: Any) -> Array:  # noqa: ANN401
    if not len(column):
        return np.empty(0, np.int64)
    offsets = np.frombuffer(column.buffers()[1], np.int32)[column.offset : column.offset + len(column) + 1]
    return np.diff(offsets).astype(np.int64)


def _width(numbers: Array) -> Array:
    """Return how many bytes numbers have as varints."""
    found = np.ones(len(numbers), np.int64)
    largest = int(numbers.max()) if len(numbers) else 0
    for bits in range(7, max(largest.bit_length(), 1), 7):
        found += numbers >= (1 << bits)
    return found
