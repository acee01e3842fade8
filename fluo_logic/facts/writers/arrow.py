"""Spans as Arrow and Parquet, one row a span, such that reading them again gives exactly the same spans.

Attributes are maps from the key to a typed value: a record of which one field is set.  Lists and maps inside of
attributes, whose depth no type of a column can tell, are the JSON of OTLP in the field ``any_value``.  Times are
nanoseconds since the Unix epoch as unsigned numbers, which hold what OTLP holds.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, BinaryIO, Final

from fluo_logic.facts.model import Span
from fluo_logic.facts.readers.cells import TYPED
from fluo_logic.facts.readers.own_table import NAME
from fluo_logic.facts.writers import exact
from fluo_logic.facts.writers.otlp_json import any_value
from fluo_logic.values import Value

if TYPE_CHECKING:
    import pyarrow as pa

    Pairs = list[tuple[str, dict[str, object]]]

ROWS: Final = 8192
"""How many spans a batch holds; their Python objects are there at one time."""
GROUP: Final = 16
"""How many batches make a row group of Parquet: 131,072 spans."""


def schema() -> pa.Schema:
    """Return the columns of a table of spans."""
    import pyarrow as pa

    types = (pa.string(), pa.bool_(), pa.int64(), pa.float64(), pa.binary(), pa.string())
    attributes = pa.map_(pa.string(), pa.struct(list(zip(TYPED, types, strict=True))))
    event = pa.struct([("name", pa.string()), ("time_unix_nano", pa.uint64()), ("attributes", attributes)])
    link = pa.struct([("trace_id", pa.string()), ("span_id", pa.string()), ("attributes", attributes)])
    columns = [
        ("trace_id", pa.string()),
        ("span_id", pa.string()),
        ("parent_id", pa.string()),
        ("name", pa.string()),
        ("kind", pa.string()),
        ("status", pa.string()),
        ("status_message", pa.string()),
        ("start_unix_nano", pa.uint64()),
        ("end_unix_nano", pa.uint64()),
        ("attributes", attributes),
        ("resource_attributes", attributes),
        ("scope_name", pa.string()),
        ("scope_version", pa.string()),
        ("events", pa.list_(event)),
        ("links", pa.list_(link)),
        ("dropped_attributes", pa.uint32()),
        ("dropped_events", pa.uint32()),
        ("dropped_links", pa.uint32()),
    ]
    return pa.schema(columns, metadata={"schema": NAME})


def batches(spans: Iterable[Span]) -> Iterator[pa.RecordBatch]:
    """Yield spans as record batches, made while they are asked for.

    Raises:
        InputError: a span holds something that the columns cannot hold exactly.
    """
    import pyarrow as pa

    columns = schema()
    remaining = iter(spans)
    while chunk := list(itertools.islice(remaining, ROWS)):
        yield pa.RecordBatch.from_pylist([_row(span) for span in chunk], columns)


def write_parquet(out: BinaryIO, spans: Iterable[Span]) -> None:
    """Write a Parquet file; raises InputError as `batches` does."""
    import pyarrow as pa
    from pyarrow import parquet

    with parquet.ParquetWriter(out, schema(), compression="zstd") as writer:
        made = batches(spans)
        while group := list(itertools.islice(made, GROUP)):
            writer.write_table(pa.Table.from_batches(group))


def write_arrow(out: BinaryIO, spans: Iterable[Span]) -> None:
    """Write an Arrow file; raises InputError as `batches` does."""
    from pyarrow import ipc

    with ipc.new_file(out, schema()) as writer:
        for batch in batches(spans):
            writer.write_batch(batch)


def _row(span: Span) -> dict[str, object]:
    return {
        "trace_id": exact.trace_id(span.trace_id, "its trace id", span),
        "span_id": exact.span_id(span.span_id, "its span id", span),
        "parent_id": None if span.parent_id is None else exact.span_id(span.parent_id, "its parent's id", span),
        "name": exact.text(span.name, "its name", span),
        "kind": span.kind.value,
        "status": span.status.value,
        "status_message": exact.text(span.status_message, "its status message", span),
        "start_unix_nano": None if span.start is None else exact.time(span.start, "its start", span),
        "end_unix_nano": None if span.end is None else exact.time(span.end, "its end", span),
        "attributes": _pairs(span.attributes, "its", span),
        "resource_attributes": _pairs(span.resource.attributes, "its resource's", span),
        "scope_name": exact.text(span.scope.name, "the name of its scope", span),
        "scope_version": exact.text(span.scope.version, "the version of its scope", span),
        "events": [
            {
                "name": exact.text(event.name, "the name of an event", span),
                "time_unix_nano": None if event.time is None else exact.time(event.time, "the time of an event", span),
                "attributes": _pairs(event.attributes, "an event's", span),
            }
            for event in span.events
        ],
        "links": [
            {
                "trace_id": exact.trace_id(link.trace_id, "the trace id of a link", span),
                "span_id": exact.span_id(link.span_id, "the span id of a link", span),
                "attributes": _pairs(link.attributes, "a link's", span),
            }
            for link in span.links
        ],
        "dropped_attributes": exact.count(span.dropped_attributes, "its count of dropped attributes", span),
        "dropped_events": exact.count(span.dropped_events, "its count of dropped events", span),
        "dropped_links": exact.count(span.dropped_links, "its count of dropped links", span),
    }


def _pairs(values: Mapping[str, Value], whose: str, span: Span) -> Pairs:
    return [
        (
            exact.text(key, f"{whose} attribute key", span),
            _typed(value, f"{whose} attribute `{key}`", span),
        )
        for key, value in values.items()
    ]


def _typed(value: Value, name: str, span: Span) -> dict[str, object]:
    match value:
        case str():
            return {"string": exact.text(value, name, span)}
        case bool():
            return {"bool": value}
        case int():
            return {"int": exact.integer(value, name, span)}
        case float():
            return {"double": value}
        case bytes():
            return {"bytes": value}
        case _:
            made = any_value(value, name, span)
            return {"any_value": json.dumps(made, ensure_ascii=False, allow_nan=False, separators=(",", ":"))}
