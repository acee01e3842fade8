"""Arrow arrays from numpy's and Python's values, without `pyarrow.array`, which imports pandas wherever that is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

Array = np.ndarray[Any, Any]

TYPES: Final = {
    np.dtype(np.int8): pa.int8(),
    np.dtype(np.int32): pa.int32(),
    np.dtype(np.int64): pa.int64(),
    np.dtype(np.uint64): pa.uint64(),
    np.dtype(np.float64): pa.float64(),
}


def of_numpy(values: Array, missing: Array | None = None) -> Any:  # noqa: ANN401 - Arrow has no types
    """Return numbers or Booleans as an Arrow array, null where ``missing``."""
    valid, nulls = None, 0
    if missing is not None and missing.any():
        valid, nulls = _bits(~missing), int(missing.sum())
    if values.dtype == np.bool_:
        return pa.Array.from_buffers(pa.bool_(), len(values), [valid, _bits(values)], nulls)
    data = pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(TYPES[values.dtype], len(values), [valid, data], nulls)


def of_python(values: Iterable[Any], kind: Any) -> Any:  # noqa: ANN401
    """Return Python's values, some of them None, as an Arrow array of strings, bytes, numbers, or lists of strings."""
    items: Sequence[Any] = list(values)
    missing = np.fromiter((item is None for item in items), np.bool_, len(items))
    if pa.types.is_list(kind):
        inner = of_python([text for item in items for text in item or ()], kind.value_type)
        offsets = _offsets(len(item or ()) for item in items)
        valid = _bits(~missing) if missing.any() else None
        return pa.Array.from_buffers(kind, len(items), [valid, offsets], int(missing.sum()), children=[inner])
    if pa.types.is_string(kind) or pa.types.is_binary(kind):
        encoded = [b"" if item is None else item.encode() if isinstance(item, str) else item for item in items]
        valid = _bits(~missing) if missing.any() else None
        buffers = [valid, _offsets(map(len, encoded)), pa.py_buffer(b"".join(encoded))]
        return pa.Array.from_buffers(kind, len(items), buffers, int(missing.sum()))
    dtype = np.dtype(kind.to_pandas_dtype())
    return of_numpy(np.array([0 if item is None else item for item in items], dtype), missing)


def by_code(codes: Array, dictionary: Any) -> Any:  # noqa: ANN401
    """Return the entries of a dictionary by their codes, null for a negative one."""
    return pa.DictionaryArray.from_arrays(of_numpy(codes.astype(np.int32, copy=False), codes < 0), dictionary)


def _bits(values: Array) -> Any:  # noqa: ANN401
    return pa.py_buffer(np.packbits(values, bitorder="little"))


def _offsets(sizes: Iterable[int]) -> Any:  # noqa: ANN401
    return pa.py_buffer(np.concatenate(([0], np.cumsum(list(sizes), dtype=np.int64))).astype(np.int32))


def to_numpy(column: Any, filler: int = 0) -> Array:  # noqa: ANN401
    """Return an Arrow array of numbers or Booleans, ``filler`` where it is null; without nulls it may share memory."""
    validity, data = column.buffers()
    first, last = column.offset, column.offset + len(column)
    if data is None:
        return np.full(len(column), filler, column.type.to_pandas_dtype())
    if pa.types.is_boolean(column.type):
        found = _unpacked(data, first, last)
    else:
        found = np.frombuffer(data, column.type.to_pandas_dtype())[first:last]
    if column.null_count and validity is not None:
        found = np.where(_unpacked(validity, first, last), found, found.dtype.type(filler))
    return found


def is_valid(column: Any) -> Array:  # noqa: ANN401
    """Return which rows of an Arrow array are not null."""
    validity = column.buffers()[0]
    if not column.null_count or validity is None:
        return np.full(len(column), not column.null_count)
    return _unpacked(validity, column.offset, column.offset + len(column))


def _unpacked(buffer: Any, first: int, last: int) -> Array:  # noqa: ANN401
    bits = np.unpackbits(np.frombuffer(buffer, np.uint8)[first // 8 : -(-last // 8)], bitorder="little")
    return bits[first % 8 : first % 8 + last - first].astype(np.bool_)
