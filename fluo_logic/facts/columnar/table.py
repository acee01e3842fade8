"""Batches as one table: traces by number, parents by row, orphans, copies, and the pre-order numbers of trees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fluo_logic.facts.columnar.arrow import Array, of_numpy, to_numpy
from fluo_logic.facts.columnar.batch import Batch

NO_ROW: Final = -1
MIX: Final = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Table:
    """Spans of all batches, by row; what a row is, is in its batch.

    A trace is a number, its id the entry of ``trace_ids``.
    """

    batches: Sequence[Batch]

    def __len__(self) -> int:
        """Return the number of spans."""
        return sum(map(len, self.batches))

    @cached_property
    def bounds(self) -> list[tuple[int, int]]:
        """The first row of each batch, and the one after its last."""
        return list(pairwise(accumulate(map(len, self.batches), initial=0)))

    def joined(self, name: str) -> Array:
        """Return a column of numbers for all rows."""
        columns = [getattr(batch, name) for batch in self.batches]
        return columns[0] if len(columns) == 1 else np.concatenate(columns)

    # --- traces ---------------------------------------------------------------------------------------------------

    @cached_property
    def _coded(self) -> tuple[Array, Any]:
        column = pa.chunked_array([batch.trace_id for batch in self.batches], pa.binary())
        found = pc.dictionary_encode(column)
        # The chunks share one dictionary, which only the last has whole.
        codes = [to_numpy(chunk.indices) for chunk in found.chunks]
        return np.concatenate(codes), found.chunks[-1].dictionary

    @property
    def trace(self) -> Array:
        """The number of the trace of each row."""
        return self._coded[0]

    @property
    def trace_ids(self) -> Any:  # noqa: ANN401 - an Arrow array
        """The ids of the traces, as bytes."""
        return self._coded[1]

    def trace_texts(self, numbers: Array) -> list[str]:
        """Return the ids of traces as their hexadecimal digits."""
        return [octets.hex() for octets in self.trace_ids.take(of_numpy(numbers)).to_pylist()]

    def numbers_of(self, trace_ids: Any) -> Array:  # noqa: ANN401 - an Arrow array
        """Return the numbers of traces by their ids, `NO_ROW` for one that is not in the data."""
        return to_numpy(pc.index_in(trace_ids, value_set=self.trace_ids), NO_ROW).astype(np.int64)

    # --- identity -------------------------------------------------------------------------------------------------

    @cached_property
    def span_id(self) -> Array:
        """The ids of the spans, as numbers."""
        return self.joined("span_id")

    @cached_property
    def parent_id(self) -> Array:
        """The ids of the parents, 0 for a root."""
        return self.joined("parent_id")

    @cached_property
    def _hashes(self) -> Array:
        """A hash of (trace, span id) for each row."""
        return _hashed(self.trace, self.span_id)

    @cached_property
    def copied(self) -> Array:
        """The numbers of the traces of which a span was read more than once."""
        ordered = np.sort(self._hashes)
        if (ordered[1:] != ordered[:-1]).all():
            return np.empty(0, np.int64)
        keys = np.stack((self.trace.astype(np.uint64), self.span_id), axis=1)
        _, first, counts = np.unique(keys, axis=0, return_index=True, return_counts=True)
        return np.unique(self.trace[first[counts > 1]])

    def rows_of(self, trace: Array, span_id: Array) -> Array:
        """Return the rows of spans by the numbers of their traces and their ids, `NO_ROW` where there is none.

        No span may be there twice.
        """
        places = pc.index_in(of_numpy(_hashed(trace, span_id)), value_set=of_numpy(self._hashes))
        found = to_numpy(places, NO_ROW).astype(np.int64)
        known = np.flatnonzero(found != NO_ROW)
        rows = found[known]
        same = (self.trace[rows] == trace[known]) & (self.span_id[rows] == span_id[known])
        if not same.all():
            # Another span has the same hash; the one that is sought may, too.
            exact = {key: row for row, key in enumerate(zip(self.trace.tolist(), self.span_id.tolist(), strict=True))}
            for place in known[~same].tolist():
                found[place] = exact.get((int(trace[place]), int(span_id[place])), NO_ROW)
        return found

    # --- trees ----------------------------------------------------------------------------------------------------

    @cached_property
    def parent(self) -> Array:
        """The row of the parent of each row, `NO_ROW` where it is not in the data or there is none."""
        found = np.full(len(self), NO_ROW)
        below = np.flatnonzero(self.parent_id)
        found[below] = self.rows_of(self.trace[below], self.parent_id[below])
        return found

    @cached_property
    def orphan(self) -> Array:
        """Whether each row is an orphan; see `fluo_logic.facts.dataset.Trace`."""
        topmost = self.parent == NO_ROW
        tops = np.bincount(self.trace[topmost], minlength=len(self.trace_ids))
        found: Array = topmost & (self.parent_id != 0) & (tops[self.trace] > 1)
        return found

    @cached_property
    def _above(self) -> tuple[Array, Array]:
        """The depth of each row, and which rows have no topmost span above them."""
        depth = np.where(self.parent == NO_ROW, 0, 1)
        above = np.where(self.parent == NO_ROW, np.arange(len(self)), self.parent)
        # Pointers double in length: after as many rounds as the number of rows has digits, all have arrived.
        for _ in range(len(self).bit_length()):
            further = above[above]
            if np.array_equal(further, above):
                break
            depth += depth[above]
            above = further
        return depth, self.parent[above] != NO_ROW

    @cached_property
    def cyclic(self) -> Array:
        """The numbers of the traces of which some spans are their own ancestors."""
        return np.unique(self.trace[self._above[1]])

    @cached_property
    def preorder(self) -> tuple[Array, Array, Array]:
        """The pre-order number of each row, and the first and last number of the rows below it.

        There may be no cycle.
        """
        depth, _ = self._above
        size = np.ones(len(self), np.int64)
        levels = _by_level(depth)
        for rows in reversed(levels[1:]):
            np.add.at(size, self.parent[rows], size[rows])
        pre = np.zeros(len(self), np.int64)
        if levels:
            pre[levels[0]] = np.cumsum(size[levels[0]]) - size[levels[0]]
        for rows in levels[1:]:
            ordered = rows[np.argsort(self.parent[rows], kind="stable")]
            parents = self.parent[ordered]
            before = np.cumsum(size[ordered]) - size[ordered]
            first = np.concatenate(([True], parents[1:] != parents[:-1]))
            within = before - np.repeat(before[first], np.diff(np.append(np.flatnonzero(first), len(ordered))))
            pre[ordered] = pre[parents] + 1 + within
        return pre, pre + 1, pre + size - 1

    # --- what is not sound ----------------------------------------------------------------------------------------

    @cached_property
    def unsound(self) -> Array:
        """The numbers of the traces that a data set says something about: copies, cycles, ends before starts."""
        start, end = self.joined("start"), self.joined("end")
        backward = (end < start) & (end != 0) & (start != 0)
        return np.unique(np.concatenate((self.copied, self.cyclic, self.trace[backward])))

    @property
    def latest(self) -> int | None:
        """The latest time of any start, end or event."""
        times = [*self._times()]
        return max(times, default=0) or None

    def _times(self) -> Iterator[int]:
        for batch in self.batches:
            for column in (batch.start, batch.end, batch.events.time):
                if len(column):
                    yield int(column.max())


def _hashed(trace: Array, span_id: Array) -> Array:
    mixed = trace.astype(np.uint64) * MIX
    return (span_id ^ (mixed ^ (mixed >> np.uint64(29)))) * MIX


def _by_level(depth: Array) -> list[Array]:
    """Return the rows of each depth."""
    order = np.argsort(depth, kind="stable")
    counts = np.bincount(depth) if len(depth) else np.empty(0, np.int64)
    return np.split(order, np.cumsum(counts)[:-1]) if len(counts) else []
