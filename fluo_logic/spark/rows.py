"""Spans as rows of Spark: the columns that a plan reads, made of whole traces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa

from fluo_logic.facts.model import SpanKey
from fluo_logic.facts.store import FactStore
from fluo_logic.solve import duck_columns
from fluo_logic.translate.relational_columns import Column, Part
from fluo_logic.translate.relational_spark import EVENT_LIST

STRUCTURAL: Final = {
    "_span": "bigint",
    "_trace": "string",
    "_name": "string",
    "_parent": "bigint",
    "_parent_ref": "string",
    "_pre": "bigint",
    "_first_below": "bigint",
    "_last_below": "bigint",
}
"""The columns of spans that hold no values, and their types."""
TYPES: Final = {
    Part.TEXT: "string",
    Part.HIGH: "double",
    Part.LOW: "bigint",
    Part.WHOLE: "boolean",
    Part.ITEMS: "array<string>",
    Part.NUMBERS: "array<string>",
    Part.KEY: "string",
    Part.VALUE: "string",
}
WIDE: Final = "decimal(38,0)"
KEY: Final = "__ref"
LINKS: Final = "__links"
EVENTS: Final = EVENT_LIST


class WideError(Exception):
    """A time does not fit 64 bits."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of spans that a plan reads; ``wide`` holds times as decimals."""

    structural: tuple[str, ...]
    spans: tuple[Column, ...]
    events: tuple[Column, ...] | None
    links: bool
    wide: bool = False

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """The names of the columns and their types in Spark."""
        found = [(name, STRUCTURAL[name]) for name in self.structural]
        found.extend((column.name, self._type(column)) for column in self.spans)
        if self.links:
            found.extend(((KEY, "string"), (LINKS, "array<string>")))
        if self.events is not None:
            fields = ["_event: bigint", "_name: string"]
            fields.extend(f"`{column.name}`: {self._type(column)}" for column in self.events)
            found.append((EVENTS, f"array<struct<{', '.join(fields)}>>"))
        return tuple(found)

    @property
    def schema(self) -> str:
        """The columns as Spark's DDL."""
        return ", ".join(f"`{name}` {kind}" for name, kind in self.columns)

    def _type(self, column: Column) -> str:
        if column.part is Part.TIME:
            return WIDE if self.wide else "bigint"
        return TYPES[column.part]


def table_of(store: FactStore, layout: Layout, first_span: int = 0, first_event: int = 0) -> Any:  # noqa: ANN401
    """Return the rows of the spans of a store as an Arrow table; their numbers begin at the given ones.

    Raises:
        WideError: a time does not fit 64 bits, and the layout is not wide.
    """
    found = duck_columns.span_table(store, layout.spans, frozenset(layout.structural))
    arrays: dict[str, Any] = {name: found.column(name).combine_chunks() for name in found.column_names}
    arrays["_span"] = _moved(arrays["_span"], first_span)
    arrays["_trace"] = pa.array([span.trace_id for span in store.spans], pa.string())
    if "_parent" in arrays:
        arrays["_parent"] = _moved(arrays["_parent"], first_span)
    if layout.links:
        arrays[KEY] = pa.array([_reference(span.key) for span in store.spans], pa.string())
        targets = ({SpanKey(link.trace_id, link.span_id) for link in span.links} for span in store.spans)
        links = [sorted(map(_reference, keys)) for keys in targets]
        arrays[LINKS] = pa.array(links, pa.list_(pa.string()))
    if layout.events is not None:
        arrays[EVENTS] = _event_lists(store, layout, layout.events, first_event)
    _fit(arrays, layout.spans, layout)
    return pa.table({name: arrays[name] for name, _ in layout.columns})


def _reference(key: SpanKey) -> str:
    return f"{len(key.trace_id)}:{key.trace_id}:{key.span_id}"


def _moved(numbers: Any, first: int) -> Any:  # noqa: ANN401
    return pa.array([None if number is None else number + first for number in numbers.to_pylist()], pa.int64())


def _event_lists(store: FactStore, layout: Layout, columns: Sequence[Column], first: int) -> Any:  # noqa: ANN401
    events = duck_columns.events_of(store)
    found = duck_columns.event_table(store, columns, events)
    arrays: dict[str, Any] = {name: found.column(name).combine_chunks() for name in found.column_names}
    arrays["_event"] = _moved(arrays["_event"], first)
    _fit(arrays, columns, layout)
    names = ["_event", "_name", *(column.name for column in columns)]
    rows = pa.StructArray.from_arrays([arrays[name] for name in names], names=names)
    return pa.ListArray.from_arrays(pa.array(_offsets(store), pa.int32()), rows)


def _offsets(store: FactStore) -> list[int]:
    found = [0]
    for span in store.spans:
        found.append(found[-1] + len(span.events))
    return found


def _fit(arrays: dict[str, Any], columns: Sequence[Column], layout: Layout) -> None:
    for column in columns:
        if column.part is Part.TIME:
            array = arrays[column.name]
            if layout.wide:
                arrays[column.name] = array.cast(pa.decimal128(38, 0))
            elif array.type != pa.int64():
                raise WideError


def batches(table: Any) -> Iterator[Any]:  # noqa: ANN401
    """Yield an Arrow table as record batches that are not too large."""
    yield from table.combine_chunks().to_batches(max_chunksize=10_000)
