"""Chunks of work shared with a second process: what decodes protobuf holds the interpreter's lock."""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, Final, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

FEWEST: Final = 4
"""Fewer chunks than this are not worth a process."""
NUMBER_BYTES: Final = 4
MOST: Final = 2**14
"""So many numbers fit into a pipe; what there is more of is not shared."""


def mapped(
    work: Callable[[Item], Result], items: Sequence[Item], told: Callable[[int], None] = lambda _: None
) -> list[Result]:
    """Return ``work`` of each item, in order; an exception of any is raised.

    Now and then ``told`` is called with how many items were begun.

    A forked process takes part where that is safe and may be of use: on Linux, beside another core, and while there is
    no other thread that could hold a lock.
    """
    if len(items) < FEWEST or not _may_fork():
        found = []
        for number, item in enumerate(items):
            told(number)
            found.append(work(item))
        return found
    return _Shared(work, items).results(told)


def _may_fork() -> bool:
    return sys.platform == "linux" and len(os.sched_getaffinity(0)) > 1 and threading.active_count() == 1


class _Shared:
    """Items that this process and another take in turn, each the next that nobody has."""

    def __init__(self, work: Callable[[Item], Result], items: Sequence[Item]) -> None:
        self.work: Callable[[Any], Any] = work
        self.items = items
        self.context = get_context("fork")
        # A pipe hands out each number once, and needs no lock that a process could die with.
        self.numbers, writing = os.pipe()
        os.write(writing, b"".join(number.to_bytes(NUMBER_BYTES) for number in range(min(len(items), MOST))))
        os.close(writing)
        self.received: list[bytes] = []

    def results(self, told: Callable[[int], None]) -> list[Any]:
        ours, theirs = self.context.Pipe(duplex=False)
        helper = self.context.Process(target=self._help, args=(theirs,), daemon=True)
        helper.start()
        theirs.close()
        reader = threading.Thread(target=self._receive, args=(ours,), daemon=True)
        reader.start()
        found: dict[int, Any] = {}
        try:
            for number in iter(self._next, None):
                told(number)
                found[number] = self.work(self.items[number])
            reader.join()
        finally:
            helper.terminate()
            helper.join()
            ours.close()
            os.close(self.numbers)
        for raw in self.received:
            number, result = pickle.loads(raw)  # noqa: S301 - from the process that was forked here
            if isinstance(result, Exception):
                raise result
            found[number] = result
        # What the other process did not hand over, because it was ended from outside, is done here.
        return [found[number] if number in found else self.work(item) for number, item in enumerate(self.items)]

    def _next(self) -> int | None:
        raw = os.read(self.numbers, NUMBER_BYTES)
        return int.from_bytes(raw) if raw else None

    def _help(self, connection: Connection) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is for the process that waits
        for number in iter(self._next, None):
            try:
                result: object = self.work(self.items[number])
            except Exception as error:  # noqa: BLE001 - it is raised where the results are wanted
                result = error
            with suppress(BrokenPipeError):
                connection.send_bytes(pickle.dumps((number, result), pickle.HIGHEST_PROTOCOL))

    def _receive(self, connection: Connection) -> None:
        with suppress(EOFError, OSError):
            while True:
                self.received.append(connection.recv_bytes())
