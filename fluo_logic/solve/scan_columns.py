"""The input tables of a relational plan, filled from columns of spans."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fluo_logic.facts.columnar.arrow import Array, by_code, of_numpy, of_python, to_numpy
from fluo_logic.facts.columnar.batch import KINDS, MISSING, STATUSES, Batch, Values, looked_up
from fluo_logic.facts.columnar.table import NO_ROW, Table
from fluo_logic.solve.duck_columns import PARTS
from fluo_logic.translate.relational_columns import TIMES, Column, Part

EXACT_DOUBLES: Final = 2**53
NUMBER_LIKE: Final = "^-?[0-9]"
TREE: Final = ("_pre", "_first_below", "_last_below")


def span_table(table: Table, columns: Sequence[Column], structural: frozenset[str]) -> Any:  # noqa: ANN401
    """Return the table of spans with the given structural columns, and those of values."""
    whole = _structural(table, structural)
    records = []
    for batch, (first, last) in zip(table.batches, table.bounds, strict=True):
        arrays = {name: column[first:last] for name, column in whole.items()}
        arrays["_name"] = by_code(batch.name.codes, batch.name.dictionary)
        for column in columns:
            arrays[column.name] = _value_column(table, batch, first, column)
        records.append(pa.table(arrays))
    return pa.concat_tables(records)


def _structural(table: Table, wanted: frozenset[str]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "_span": of_numpy(np.arange(len(table))),
        "_trace": of_numpy(table.trace.astype(np.int64)),
    }
    if "_parent_ref" in wanted:
        # Only its equality counts, and one that is nobody's parent is still shared by siblings.
        traces = pc.cast(of_numpy(table.trace), pa.string())
        parents = pc.cast(of_numpy(table.parent_id, table.parent_id == 0), pa.string())
        found["_parent_ref"] = pc.binary_join_element_wise(traces, parents, ":")
    if "_parent" in wanted:
        found["_parent"] = of_numpy(table.parent, table.parent == NO_ROW)
    if wanted & {*TREE}:
        found.update((name, of_numpy(column)) for name, column in zip(TREE, table.preorder, strict=True))
    return found


def event_table(table: Table, columns: Sequence[Column]) -> Any:  # noqa: ANN401
    """Return the table of events likewise."""
    records = []
    number = 0
    for batch, (first, _) in zip(table.batches, table.bounds, strict=True):
        events = batch.events
        arrays = {
            "_event": of_numpy(np.arange(number, number + len(events.span))),
            "_span": of_numpy(events.span + first),
            "_name": by_code(events.name.codes, events.name.dictionary),
        }
        number += len(events.span)
        for column in columns:
            arrays[column.name] = part_of(events.values[column.key], column.part)
        records.append(pa.table(arrays))
    return pa.concat_tables(records)


def link_table(table: Table) -> Any:  # noqa: ANN401
    """Return the links between spans that are in the data."""
    rows, linked = np.empty(0, np.int64), np.empty(0, np.int64)
    found = [(batch.links, first) for batch, (first, _) in zip(table.batches, table.bounds, strict=True)]
    found = [(links, first) for links, first in found if len(links.span)]
    if found:
        traces = np.concatenate([table.numbers_of(links.trace_id) for links, _ in found])
        spans = np.concatenate([links.span_id for links, _ in found])
        known = traces != NO_ROW
        rows = np.concatenate([links.span + first for links, first in found])[known]
        linked = table.rows_of(traces[known], spans[known])
        rows, linked = rows[linked != NO_ROW], linked[linked != NO_ROW]
    pairs = np.unique(np.stack((rows, linked), axis=1), axis=0)
    return pa.table({"_span": of_numpy(pairs[:, 0]), "_linked": of_numpy(pairs[:, 1])})


# --- values -------------------------------------------------------------------------------------------------------


def _value_column(table: Table, batch: Batch, first: int, column: Column) -> Any:  # noqa: ANN401
    match column.space:
        case "attribute":
            return part_of(batch.values[column.key], column.part)
        case "resource":
            return part_of(batch.resource_values[column.key], column.part)
        case _ if column.part is Part.TIME:
            times, known = _time(batch, column.key)
            return of_numpy(times, ~known)
        case _:
            return part_of(intrinsic(table, batch, first, column.key), column.part)


def _time(batch: Batch, key: str) -> tuple[Array, Array]:
    match key:
        case "span:start":
            return batch.start, batch.start != 0
        case "span:end":
            return batch.end, batch.end != 0
        case _:
            return batch.end - batch.start, (batch.start != 0) & (batch.end != 0)


def intrinsic(table: Table, batch: Batch, first: int, key: str) -> Values:
    """Return the values of an intrinsic field, of the batch whose first row is ``first``."""
    rows = np.arange(len(batch), dtype=np.int32)
    if key in TIMES:
        times, known = _time(batch, key)
        return Values(np.where(known, rows, MISSING), integers=of_numpy(times))
    match key:
        case "span:name":
            return Values(batch.name.codes, batch.name.dictionary)
        case "span:id":
            return Values(rows, of_python([f"{number:016x}" for number in batch.span_id.tolist()], pa.string()))
        case "span:parent_id":
            texts = of_python([f"{number:016x}" for number in batch.parent_id.tolist()], pa.string())
            return Values(np.where(batch.parent_id == 0, MISSING, rows), texts)
        case "span:kind":
            return looked_up(batch.kind.astype(np.int32), [kind.value for kind in KINDS])
        case "span:status":
            return looked_up(batch.status.astype(np.int32), [status.value for status in STATUSES])
        case "span:status_message":
            return looked_up(batch.message.codes, [text or None for text in batch.message.dictionary.to_pylist()])
        case "span:root":
            return looked_up((batch.parent_id == 0).astype(np.int32), (False, True))
        case "span:orphan":
            return looked_up(table.orphan[first : first + len(batch)].astype(np.int32), (False, True))
        case "scope:name":
            return looked_up(batch.scope, [scope.name or None for scope in batch.scopes])
        case "trace:id":
            traces, codes = np.unique(table.trace[first : first + len(batch)], return_inverse=True)
            return Values(codes.astype(np.int32), of_python(table.trace_texts(traces), pa.string()))
        case _:
            message = f"not an intrinsic: {key}"
            raise KeyError(message)


def part_of(values: Values, part: Part) -> Any:  # noqa: ANN401
    """Return the part of the value of each row."""
    pieces = [
        _of_strings(values.strings, part),
        _of_integers(values.integers, part),
        _of_doubles(values.doubles, part),
        _python(values.others, part),
    ]
    parts = pa.concat_arrays([piece for piece in pieces if len(piece)] or pieces[-1:])
    if part in {Part.TEXT, Part.KEY, Part.VALUE}:
        return by_code(values.codes, parts)
    return parts.take(of_numpy(values.codes.astype(np.int32, copy=False), ~values.present))


def _python(values: Iterable[Any], part: Part) -> Any:  # noqa: ANN401
    write, kind = PARTS[part]
    return of_python([write(value) for value in values], kind)


def _of_strings(strings: Any, part: Part) -> Any:  # noqa: ANN401
    """Return the parts of strings: only those that begin like a number can be one."""
    kind = PARTS[part][1]
    if not len(strings) or part is Part.TEXT:
        return strings
    if part in {Part.ITEMS, Part.NUMBERS}:
        return pa.nulls(len(strings), kind)
    if part is Part.VALUE:
        return _python(strings.to_pylist(), part)
    suspects = pc.match_substring_regex(strings, NUMBER_LIKE)
    found = strings if part is Part.KEY else pa.nulls(len(strings), kind)
    if pc.any(suspects).as_py():
        found = pc.replace_with_mask(found, suspects, _python(strings.filter(suspects).to_pylist(), part))
    return found


def _of_integers(integers: Any, part: Part) -> Any:  # noqa: ANN401
    kind = PARTS[part][1]
    if not len(integers):
        return pa.nulls(0, kind)
    match part:
        case Part.TEXT | Part.KEY:
            return pc.cast(integers, pa.string())
        case Part.WHOLE:
            return of_numpy(np.ones(len(integers), np.bool_))
        case Part.ITEMS | Part.NUMBERS:
            return pa.nulls(len(integers), kind)
        case Part.HIGH | Part.LOW if _are_small(integers):
            numbers = to_numpy(integers)
            return of_numpy(numbers.astype(np.float64) if part is Part.HIGH else np.zeros(len(numbers), np.int64))
        case _:
            return _python(integers.to_pylist(), part)


def _are_small(integers: Any) -> bool:  # noqa: ANN401
    bounds = pc.min_max(integers).as_py()
    return bool(bounds["min"] >= -EXACT_DOUBLES and bounds["max"] <= EXACT_DOUBLES)


def _of_doubles(doubles: Array, part: Part) -> Any:  # noqa: ANN401
    match part:
        case Part.HIGH:
            # Negative zero is zero, and what is no number has no part.
            return of_numpy(doubles + 0.0, np.isnan(doubles))
        case Part.LOW:
            return of_numpy(np.zeros(len(doubles), np.int64), np.isnan(doubles))
        case Part.WHOLE:
            return of_numpy(np.zeros(len(doubles), np.bool_), np.isnan(doubles))
        case _:
            return _python(doubles.tolist(), part)
