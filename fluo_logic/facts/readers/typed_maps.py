"""Arrow columns with maps of typed values as Python objects, made column by column, which is several times faster.

What is unusual in such a map (a key that occurs twice, a value that cannot be read) is left to
`fluo_logic.facts.readers.cells`, which reports it.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from fluo_logic.facts.readers import cells
from fluo_logic.facts.readers.cells import TYPED, Decoded
from fluo_logic.facts.readers.scalars import UnreadableError
from fluo_logic.values import Value

if TYPE_CHECKING:
    import pyarrow as pa


def objects(array: pa.Array) -> list[object]:
    """Return the cells of an array as ``to_pylist`` does, but maps of typed values as `Decoded` attributes."""
    from pyarrow import types

    if not _holds_typed_maps(array.type):
        found: list[object] = array.to_pylist()
        return found
    if types.is_map(array.type):
        return _maps(array)
    if types.is_struct(array.type):
        names = [array.type.field(index).name for index in range(array.type.num_fields)]
        columns = [objects(column) for column in array.flatten()]
        return _with_nulls(array, [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)])
    offsets = array.offsets.to_pylist()
    items = objects(array.values.slice(offsets[0], offsets[-1] - offsets[0])) if offsets else []
    first = offsets[0] if offsets else 0
    return _with_nulls(array, [items[begin - first : end - first] for begin, end in itertools.pairwise(offsets)])


def _holds_typed_maps(kind: pa.DataType) -> bool:
    from pyarrow import types

    if types.is_map(kind):
        item = kind.item_type
        return types.is_struct(item) and tuple(item.field(index).name for index in range(item.num_fields)) == TYPED
    if types.is_list(kind) or types.is_large_list(kind):
        return _holds_typed_maps(kind.value_type)
    if types.is_struct(kind):
        return any(_holds_typed_maps(kind.field(index).type) for index in range(kind.num_fields))
    return False


def _with_nulls(array: pa.Array, found: list[object]) -> list[object]:
    if not array.null_count:
        return found
    return [cell if valid else None for cell, valid in zip(found, array.is_valid().to_pylist(), strict=True)]


def _maps(array: pa.MapArray) -> list[object]:
    offsets = array.offsets.to_pylist()
    if not offsets:
        return []
    first = offsets[0]
    size = offsets[-1] - first
    keys = array.keys.slice(first, size).to_pylist()
    values = _values(array.items.slice(first, size))
    found: list[object] = []
    for row, (begin, end) in enumerate(itertools.pairwise(offsets)):
        pairs = {
            key: value
            for key, value in zip(keys[begin - first : end - first], values[begin - first : end - first], strict=True)
            if value is not None
        }
        is_plain = len(pairs) == end - begin and None not in pairs
        found.append(Decoded(pairs) if is_plain else array[row].as_py())
    return _with_nulls(array, found)


def _values(items: pa.StructArray) -> list[Value | None]:
    """Return the value that is set in each record; None where there is none, or it cannot be read."""
    from pyarrow import compute

    values: list[Value | None] = [None] * len(items)
    columns = dict(zip(TYPED, items.flatten(), strict=True))
    for kind in reversed(TYPED):  # the first that is set counts
        column = columns[kind]
        if column.null_count == len(column):
            continue
        places = compute.indices_nonzero(column.is_valid()).to_pylist()
        for place, raw in zip(places, column.drop_null().to_pylist(), strict=True):
            try:
                values[place] = cells.any_value(raw, "") if kind == "any_value" else raw
            except UnreadableError:
                values[place] = None
    return values
