"""Work shared with a second process: what decodes protobuf holds the interpreter's lock."""

from __future__ import annotations

import os
import pickle
import select
import signal
import struct
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import chain, count, islice
from multiprocessing import get_context
from typing import Any, Final, TypeVar

import numpy as np

Item = TypeVar("Item", bound=tuple[int, ...])
Result = TypeVar("Result")

FEWEST: Final = 4
"""Fewer items than this are not worth a process."""
AHEAD: Final = 6
"""So many items are handed out, or done, before the first of them is asked for: memory is bounded."""
ALIGNED: Final = 64
RESULT: Final = struct.Struct("=3q")
"""The number of an item, the size of what was made of it, and of what tells where its buffers are."""


class Mapped(Iterator[Result]):
    """``work`` of each item, in order; an exception of any is raised.

    Items are tuples of integers of one length.  A forked process takes part where that is safe and may be of use: on
    Linux, beside another core, and while there is no other thread that could hold a lock; never with ``alone``.  It
    begins at once, and ends with the last item, or when this is closed.
    """

    def __init__(self, work: Callable[[Item], Result], items: Iterable[Item], *, alone: bool = False) -> None:
        """Begin."""
        waiting = iter(items)
        first = list(islice(waiting, FEWEST))
        upcoming = chain(first, waiting)
        self._shared: _Shared | None = None
        if len(first) < FEWEST or alone or not _may_fork():
            self._results: Iterator[Result] = map(work, upcoming)
        else:
            self._shared = _Shared(work, len(first[0]), upcoming)
            self._results = self._shared.results()

    def __next__(self) -> Result:
        """Return the next result."""
        try:
            return next(self._results)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the other process."""
        if self._shared is not None:
            self._shared.close()
            self._shared = None


def _may_fork() -> bool:
    return sys.platform == "linux" and len(os.sched_getaffinity(0)) > 1 and threading.active_count() == 1


class _Shared:
    """Items that this process and another take in turn, each the next that nobody has."""

    def __init__(self, work: Callable[[Any], Any], length: int, upcoming: Iterator[Any]) -> None:
        self.work = work
        self.upcoming = upcoming
        self.handed: dict[int, Any] = {}
        self.number = 0
        # A pipe hands out each item once, and needs no lock that a process could die with.
        self.item = struct.Struct(f"={length + 1}q")
        self.items, self.handing = _pipe()
        self.numbers, self.telling = _pipe()
        # What the other process hands over is in memory that both have: through a pipe it would wait for the lock.
        self.slots = [os.memfd_create(f"fluo-{number}") for number in range(AHEAD)]
        self.helper = get_context("fork").Process(target=self._help, daemon=True)
        self.helper.start()
        os.close(self.telling)
        self.poll = select.poll()
        self.poll.register(self.numbers, select.POLLIN)
        try:
            self._hand_out(0)
        except BaseException:
            self.close()
            raise

    def _hand_out(self, wanted: int) -> None:
        """Offer the items until some after the wanted one."""
        while self.number < wanted + AHEAD and (item := next(self.upcoming, None)) is not None:
            self.handed[self.number] = item
            os.write(self.handing, self.item.pack(self.number, *item))
            self.number += 1

    def results(self) -> Iterator[Any]:
        """Yield the results in order."""
        done: dict[int, Any] = {}
        for wanted in count():
            self._hand_out(wanted)
            if wanted == self.number:
                return
            while wanted not in done:
                if self._received(done):
                    continue
                taken = _record(self.items, self.item)
                if taken is not None:
                    done[taken[0]] = self.work(self.handed[taken[0]])
                elif not any(event & select.POLLIN for _, event in self.poll.poll()):
                    # What the other process did not hand over, because it was ended from outside, is done here.
                    done[wanted] = self.work(self.handed[wanted])
            del self.handed[wanted]
            yield done.pop(wanted)

    def _received(self, done: dict[int, Any]) -> bool:
        """Take what the other process has done next, if it has done anything; raise what it raised."""
        told = _record(self.numbers, RESULT)
        if told is None:
            return False
        number, size, head = told
        # Aligned as Arrow likes it; arrays are parts of this memory.
        room: Any = np.empty(size + ALIGNED, np.uint8)
        room = room[-room.ctypes.data % ALIGNED :][:size]
        os.preadv(self.slots[number % AHEAD], [room], 0)
        data = memoryview(room)
        sizes, raw, places = pickle.loads(data[:head])  # noqa: S301 - from the process that was forked here
        buffers = [data[place : place + length] for place, length in zip(places, sizes, strict=True)]
        result = pickle.loads(raw, buffers=buffers)  # noqa: S301 - likewise
        if isinstance(result, Exception):
            raise result
        done[number] = result
        return True

    def close(self) -> None:
        """End the other process."""
        self.helper.terminate()
        self.helper.join()
        for file in (self.items, self.handing, self.numbers, *self.slots):
            os.close(file)

    # --- the other process ----------------------------------------------------------------------------------------

    def _help(self) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is for the process that waits
        os.close(self.handing)
        poll = select.poll()
        poll.register(self.items, select.POLLIN)
        while any(event & select.POLLIN for _, event in poll.poll()):
            taken = _record(self.items, self.item)
            if taken is None:
                continue  # the other one was faster
            try:
                result: object = self.work(taken[1:])
            except Exception as error:  # noqa: BLE001 - it is raised where the results are wanted
                result = error
            with suppress(BrokenPipeError):
                os.write(self.telling, RESULT.pack(taken[0], *self._put(self.slots[taken[0] % AHEAD], result)))

    def _put(self, slot: int, result: object) -> tuple[int, int]:
        """Write a result; return its size, and that of what tells where its buffers are."""
        buffers: list[pickle.PickleBuffer] = []
        raw = pickle.dumps(result, pickle.HIGHEST_PROTOCOL, buffer_callback=buffers.append)
        views = [buffer.raw() for buffer in buffers]
        sizes = [view.nbytes for view in views]
        # Numbers of one width, so that what tells the places does not change the places.
        at = _aligned(len(pickle.dumps((sizes, raw, [2**62] * len(sizes)))))
        places = []
        for size in sizes:
            places.append(at)
            at = _aligned(at + size)
        head = pickle.dumps((sizes, raw, places))
        os.ftruncate(slot, 0)
        os.pwrite(slot, head, 0)
        for place, view in zip(places, views, strict=True):
            os.pwrite(slot, view, place)
        os.ftruncate(slot, at)
        return at, len(head)


def _pipe() -> tuple[int, int]:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    return reading, writing


def _record(reading: int, form: struct.Struct) -> tuple[int, ...] | None:
    """Return the next record of a pipe, None if there is none at the moment."""
    try:
        raw = os.read(reading, form.size)
    except BlockingIOError:
        return None
    return form.unpack(raw) if raw else None


def _aligned(place: int) -> int:
    return -(-place // ALIGNED) * ALIGNED
