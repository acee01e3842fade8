"""Spans in groups of whole traces, so that no more than two groups are in memory, however many spans there are.

A group is complete when the next one is read: the spans of a trace that goes on there are moved to it.  A trace that
comes again after its group was left is seen, and then everything is read as often as there are groups, each time with
the traces of one of them: that takes more time, and no more memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np

from fluo_logic.facts.columnar.arrow import Array
from fluo_logic.facts.columnar.read import Piece

Read: TypeAlias = Callable[[], Iterator[Piece]]
"""Reads everything, from its beginning."""
GROUP: Final = 200_000
"""A group ends with the batch that makes it have so many spans."""
MIX: Final = np.uint64(0x9E3779B97F4A7C15)
BYTES: Final = 16


class ScatteredError(Exception):
    """A trace goes on long after it seemed to be complete."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A piece, and a number for the trace of each span: equal for the same trace, and rarely for others."""

    piece: Piece
    marks: Array

    def only(self, kept: Array) -> Marked:
        """Return the spans for which ``kept`` is true."""
        return Marked(self.piece.only(kept), self.marks[kept])


def whole(read: Read) -> Iterator[list[Piece]]:
    """Yield everything as one group."""
    group = list(read())
    if group:
        yield group


def in_turn(read: Read) -> Iterator[list[Piece]]:
    """Yield groups of whole traces, if the spans of each trace are not far from each other.

    Raises:
        ScatteredError: some are; what was yielded is then incomplete.
    """
    complete = np.empty(0, np.uint64)
    waiting: list[Marked] = []
    group: list[Marked] = []
    waits = False
    count = 0
    for piece in read():
        group.append(Marked(piece, marks_of(piece)))
        count += len(piece.rows)
        if count < GROUP:
            continue
        if waits:
            group, waiting, complete = _parted(waiting, group, complete)
            yield from _group(waiting)
        waiting, group, count, waits = group, [], 0, True
    if waits:
        group, waiting, complete = _parted(waiting, group, complete)
        yield from _group(waiting)
    yield from _group(group)


def _group(found: Sequence[Marked]) -> Iterator[list[Piece]]:
    if found:
        yield [marked.piece for marked in found]


def _parted(
    waiting: Sequence[Marked], group: Sequence[Marked], complete: Array
) -> tuple[list[Marked], list[Marked], Array]:
    """Move the traces that go on in ``group`` there; return it, what is complete now, and the marks of all that is."""
    here, there = _distinct(group), _distinct(waiting)
    if len(complete) and np.isin(here, complete, assume_unique=True).any():
        raise ScatteredError
    going_on = np.intersect1d(here, there, assume_unique=True)
    moved: list[Marked] = []
    kept: list[Marked] = []
    for marked in waiting:
        goes_on = np.isin(marked.marks, going_on) if len(going_on) else np.zeros(len(marked.marks), np.bool_)
        if not goes_on.any():
            kept.append(marked)
        else:
            moved.append(marked.only(goes_on))
            if not goes_on.all():
                kept.append(marked.only(~goes_on))
    done = np.setdiff1d(there, going_on, assume_unique=True)
    # What is sorted in two runs is merged fast.
    return [*moved, *group], kept, np.sort(np.concatenate((complete, done)), kind="stable")


def _distinct(group: Sequence[Marked]) -> Array:
    return np.unique(np.concatenate([np.unique(marked.marks) for marked in group])) if group else np.empty(0, np.uint64)


def scattered(read: Read) -> Iterator[list[Piece]]:
    """Yield groups of whole traces, wherever their spans are: everything is read anew for each group."""
    number = -(-sum(len(piece.rows) for piece in read()) // GROUP)
    for turn in range(number):
        group = []
        for piece in read():
            kept = marks_of(piece) % np.uint64(number) == turn
            if kept.any():
                group.append(piece.only(kept))
        if group:
            yield group


def marks_of(piece: Piece) -> Array:
    """Return a number for the trace of each span."""
    halves = _halves(piece.batch.trace_id)
    mixed = halves[:, 0] ^ (halves[:, 1] * MIX)
    found: Array = mixed ^ (mixed >> np.uint64(32))
    return found


def _halves(trace_ids: Any) -> Array:  # noqa: ANN401 - an Arrow array
    """Return ids as pairs of 64-bit numbers; those of some formats are shorter."""
    offsets = np.frombuffer(trace_ids.buffers()[1], np.int32)[trace_ids.offset : trace_ids.offset + len(trace_ids) + 1]
    if (np.diff(offsets) == BYTES).all():
        octets = np.frombuffer(trace_ids.buffers()[2], np.uint8)[offsets[0] : offsets[-1]]
    else:
        octets = np.frombuffer(b"".join(octets.rjust(BYTES, b"\0") for octets in trace_ids.to_pylist()), np.uint8)
    return np.ascontiguousarray(octets).view(np.uint64).reshape(-1, 2)
