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
from itertools import count, islice
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, Final, TypeVar

Item = TypeVar("Item", bound=tuple[int, ...])
Result = TypeVar("Result")

FEWEST: Final = 4
"""Fewer items than this are not worth a process."""
AHEAD: Final = 6
"""So many items are handed out, or done, before the first of them is asked for: memory is bounded."""


def mapped(work: Callable[[Item], Result], items: Iterable[Item], *, alone: bool = False) -> Iterator[Result]:
    """Yield ``work`` of each item, in order; an exception of any is raised.

    Items are tuples of integers of one length.  A forked process takes part where that is safe and may be of use: on
    Linux, beside another core, and while there is no other thread that could hold a lock; never with ``alone``.
    """
    waiting = iter(items)
    first = list(islice(waiting, FEWEST))
    if len(first) < FEWEST or alone or not _may_fork():
        yield from map(work, first)
        yield from map(work, waiting)
        return
    shared = _Shared(work, len(first[0]))
    try:
        yield from shared.results(first, waiting)
    finally:
        shared.close()


def _may_fork() -> bool:
    return sys.platform == "linux" and len(os.sched_getaffinity(0)) > 1 and threading.active_count() == 1


class _Shared:
    """Items that this process and another take in turn, each the next that nobody has."""

    def __init__(self, work: Callable[[Any], Any], length: int) -> None:
        self.work = work
        # A pipe hands out each item once, and needs no lock that a process could die with.
        self.record = struct.Struct(f"={length + 1}q")
        self.reading, self.writing = os.pipe()
        os.set_blocking(self.reading, False)
        context = get_context("fork")
        self.ours, theirs = context.Pipe(duplex=False)
        self.helper = context.Process(target=self._help, args=(theirs,), daemon=True)
        self.helper.start()
        theirs.close()
        self.arrived = threading.Condition()
        self.received: dict[int, bytes] = {}
        self.is_over = False
        self.reader = threading.Thread(target=self._receive, daemon=True)
        self.reader.start()

    def results(self, first: list[Any], waiting: Iterator[Any]) -> Iterator[Any]:
        """Yield the results in order."""
        handed: dict[int, Any] = {}
        done: dict[int, Any] = {}
        upcoming = iter(first)
        number = 0
        more = True
        for wanted in count():
            while more and number < wanted + AHEAD:
                item = next(upcoming, None) or next(waiting, None)
                more = item is not None
                if more:
                    handed[number] = item
                    os.write(self.writing, self.record.pack(number, *item))  # type: ignore[misc]
                    number += 1
            if wanted == number:
                return
            while wanted not in done:
                taken = self._take()
                if taken is not None:
                    done[taken[0]] = self.work(handed[taken[0]])
                elif (raw := self._awaited(wanted)) is not None:
                    result = pickle.loads(raw)  # noqa: S301 - from the process that was forked here
                    if isinstance(result, Exception):
                        raise result
                    done[wanted] = result
                else:
                    # What the other process did not hand over, because it was ended from outside, is done here.
                    done[wanted] = self.work(handed[wanted])
            del handed[wanted]
            yield done.pop(wanted)

    def _take(self) -> tuple[int, ...] | None:
        """Return the next item that nobody has, after its number; None if there is none at the moment."""
        try:
            raw = os.read(self.reading, self.record.size)
        except BlockingIOError:
            return None
        return self.record.unpack(raw) if raw else None

    def _awaited(self, number: int) -> bytes | None:
        """Return what the other process made of an item; None if it never will."""
        with self.arrived:
            self.arrived.wait_for(lambda: number in self.received or self.is_over)
            return self.received.pop(number, None)

    def close(self) -> None:
        """End the other process."""
        self.helper.terminate()
        self.helper.join()
        self.reader.join()
        self.ours.close()
        os.close(self.reading)
        os.close(self.writing)

    # --- the other process, and the thread that listens to it -----------------------------------------------------

    def _help(self, connection: Connection) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is for the process that waits
        os.close(self.writing)
        poll = select.poll()
        poll.register(self.reading, select.POLLIN)
        while any(event & select.POLLIN for _, event in poll.poll()):
            taken = self._take()
            if taken is None:
                continue  # the other one was faster
            try:
                result: object = self.work(taken[1:])
            except Exception as error:  # noqa: BLE001 - it is raised where the results are wanted
                result = error
            with suppress(BrokenPipeError):
                connection.send_bytes(taken[0].to_bytes(8) + pickle.dumps(result, pickle.HIGHEST_PROTOCOL))

    def _receive(self) -> None:
        with suppress(EOFError, OSError):
            while True:
                raw = self.ours.recv_bytes()
                with self.arrived:
                    self.received[int.from_bytes(raw[:8])] = raw[8:]
                    self.arrived.notify()
        with self.arrived:
            self.is_over = True
            self.arrived.notify()
