"""The input tables of a relational plan, filled from a `FactStore` as Arrow tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import pyarrow as pa

from fluo_logic.facts.store import EventRef, FactStore
from fluo_logic.translate.relational_columns import Column, Part, encode, join_key, number_text, split
from fluo_logic.values import Value, as_number, canonical_text

INT64_MAX: Final = 2**63 - 1


def span_table(store: FactStore, columns: Sequence[Column], structural: frozenset[str]) -> Any:  # noqa: ANN401
    """Return the table of spans with the given structural columns, and those of values."""
    spans = range(len(store.spans))
    arrays: dict[str, Any] = {
        name: array for name, array in _structural(store, structural).items() if name in structural
    }
    arrays.update(_value_columns(store, columns, spans))
    return pa.table(arrays)


def _structural(store: FactStore, wanted: frozenset[str]) -> dict[str, Any]:
    spans = range(len(store.spans))
    arrays: dict[str, Any] = {
        "_span": pa.array(spans, pa.int64()),
        "_trace": pa.array([store.trace_index[span.trace_id] for span in store.spans], pa.int64()),
        "_name": pa.array([span.name for span in store.spans], pa.string()),
    }
    if "_parent_ref" in wanted:
        references = [None if span.parent_id is None else f"{span.trace_id}:{span.parent_id}" for span in store.spans]
        arrays["_parent_ref"] = pa.array(references, pa.string())
    if wanted & {"_parent", "_pre", "_first_below", "_last_below"}:
        parents = [store.parent.get(span) for span in spans]
        numbers = zip(("_pre", "_first_below", "_last_below"), tree_numbers(parents), strict=True)
        arrays["_parent"] = pa.array(parents, pa.int64())
        arrays.update({name: pa.array(column, pa.int64()) for name, column in numbers})
    return arrays


def events_of(store: FactStore) -> list[EventRef]:
    """Return the events in the order of their numbers in the plan."""
    return [(index, number) for index, span in enumerate(store.spans) for number in range(len(span.events))]


def event_table(store: FactStore, columns: Sequence[Column], events: Sequence[EventRef]) -> Any:  # noqa: ANN401
    """Return the table of events likewise."""
    arrays: dict[str, Any] = {
        "_event": pa.array(range(len(events)), pa.int64()),
        "_span": pa.array((span for span, _ in events), pa.int64()),
        "_name": pa.array((store.spans[span].events[number].name for span, number in events), pa.string()),
    }
    arrays.update(_value_columns(store, columns, events))
    return pa.table(arrays)


def link_table(store: FactStore) -> Any:  # noqa: ANN401
    """Return the links between spans that are in the data."""
    rows = list(store.rows("link"))
    return pa.table(
        {
            "_span": pa.array((row[0] for row in rows), pa.int64()),
            "_linked": pa.array((row[1] for row in rows), pa.int64()),
        }
    )


def _value_columns(store: FactStore, columns: Sequence[Column], entities: Sequence[int | EventRef]) -> dict[str, Any]:
    """Return the arrays of the parts of values; each field is looked up once."""
    by_field: dict[tuple[str, str], list[Column]] = {}
    for column in columns:
        by_field.setdefault((column.space, column.key), []).append(column)
    arrays: dict[str, Any] = {}
    for (space, key), wanted in by_field.items():
        names = wanted[0].names
        values: list[Value | None]
        if names is None:
            values = [store.field(entity, space, key) for entity in entities]
        else:
            values = [None] * len(entities)
            for name in names:
                for span in store.by_name.get(name, ()):
                    values[span] = store.field(span, space, key)
        for column in wanted:
            arrays[column.name] = _array(column.part, values)
    return arrays


def _array(part: Part, values: Sequence[Value | None]) -> Any:  # noqa: ANN401
    if part is Part.TIME:
        return _times(values)
    write, kind = PARTS[part]
    # Most values occur often.  Equal values of two types, and the two zeros, are not the same.
    known: dict[tuple[type, Value | None], object] = {}
    written: list[object] = []
    for value in values:
        if value is None:
            written.append(None)
        elif isinstance(value, str | bool | int):
            place = (value.__class__, value)
            if place not in known:
                known[place] = write(value)
            written.append(known[place])
        else:
            written.append(write(value))
    return pa.array(written, kind)


def _times(values: Sequence[Value | None]) -> Any:  # noqa: ANN401
    """Return times as 64-bit integers, or as exact decimals where some do not fit."""
    times = [value if isinstance(value, int) else None for value in values]
    fits = all(time is None or -INT64_MAX <= time <= INT64_MAX for time in times)
    return pa.array(times, pa.int64() if fits else pa.decimal128(38, 0))


def _high(value: Value) -> float | None:
    number = as_number(value)
    return None if number is None else split(number)[0]


def _low(value: Value) -> int | None:
    number = as_number(value)
    return None if number is None else split(number)[1]


def _whole(value: Value) -> bool | None:
    number = as_number(value)
    return None if number is None else isinstance(number, int)


def _items(value: Value) -> list[str] | None:
    return [canonical_text(item) for item in value] if isinstance(value, tuple) else None


def _numbers(value: Value) -> list[str] | None:
    if not isinstance(value, tuple):
        return None
    numbers = (as_number(item) for item in value)
    return [number_text(number) for number in numbers if number is not None]


PARTS: Final[dict[Part, tuple[Callable[[Value], object], Any]]] = {
    Part.TEXT: (canonical_text, pa.string()),
    Part.HIGH: (_high, pa.float64()),
    Part.LOW: (_low, pa.int64()),
    Part.WHOLE: (_whole, pa.bool_()),
    Part.ITEMS: (_items, pa.list_(pa.string())),
    Part.NUMBERS: (_numbers, pa.list_(pa.string())),
    Part.KEY: (join_key, pa.string()),
    Part.VALUE: (encode, pa.string()),
}
"""How each part of a value is written, and its Arrow type."""


def tree_numbers(parents: Sequence[int | None]) -> tuple[list[int], list[int], list[int]]:
    """Return for each span its pre-order number, and the first and last number of the spans below it.

    A span below which there is none has an empty range.  Parents that run in a circle are each above all of them, and
    above all that hangs below: as one node they have consecutive numbers, first of all below.
    """
    children: dict[int, list[int]] = {}
    for span, parent in enumerate(parents):
        if parent is not None:
            children.setdefault(parent, []).append(span)
    circles = _circles(parents)
    on_circle = {span for circle in circles for span in circle}
    pre = [0] * len(parents)
    first_below = [0] * len(parents)
    last_below = [0] * len(parents)
    counter = 0
    roots: Iterable[list[int]] = [*([span] for span, parent in enumerate(parents) if parent is None), *circles]
    for root in roots:
        first = counter
        for span in root:
            pre[span] = counter
            counter += 1
        below = [child for span in root for child in children.get(span, ()) if child not in on_circle]
        counter = _number_below(below, children, pre, first_below, last_below, counter)
        for span in root:
            first_below[span] = first if span in on_circle else first + 1
            last_below[span] = counter - 1
    return pre, first_below, last_below


def _number_below(
    below: Sequence[int],
    children: dict[int, list[int]],
    pre: list[int],
    first_below: list[int],
    last_below: list[int],
    counter: int,
) -> int:
    stack = [(span, False) for span in reversed(below)]
    while stack:
        span, is_done = stack.pop()
        if is_done:
            last_below[span] = counter - 1
            continue
        pre[span] = counter
        first_below[span] = counter + 1
        counter += 1
        stack.append((span, True))
        stack.extend((child, False) for child in reversed(children.get(span, ())))
    return counter


def _circles(parents: Sequence[int | None]) -> list[list[int]]:
    """Return the circles among the parents."""
    state = [0] * len(parents)  # 0 unseen, 1 on the way, 2 done
    circles: list[list[int]] = []
    for start in range(len(parents)):
        path: list[int] = []
        current: int | None = start
        while current is not None and state[current] == 0:
            state[current] = 1
            path.append(current)
            current = parents[current]
        if current is not None and state[current] == 1:
            circles.append(path[path.index(current) :])
        for span in path:
            state[span] = 2
    return circles
