"""Work that two processes share gives what one would, and leaves no process behind."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from collections.abc import Iterator

import pytest

from fluo_logic.facts.columnar import parallel

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2, reason="work is shared on Linux, beside another core"
)

NUMBERS = [(number,) for number in range(50)]


def test_results_keep_their_order() -> None:
    """Each result is in the place of its item, whichever process made it."""
    assert list(parallel.Mapped(lambda item: item[0] ** 2, NUMBERS)) == [number**2 for number in range(50)]
    assert multiprocessing.active_children() == []


def test_an_exception_of_either_process_is_raised() -> None:
    """What one item raises is raised to who asked for all, and nothing goes on after it."""

    def work(item: tuple[int]) -> int:
        if item[0] == 33:
            message = "33"
            raise ValueError(message)
        return item[0]

    with pytest.raises(ValueError, match="33"):
        list(parallel.Mapped(work, NUMBERS))
    assert multiprocessing.active_children() == []


def test_what_a_lost_process_did_not_hand_over_is_done_here() -> None:
    """A process that is ended from outside costs time, and no result."""
    parent = os.getpid()

    def work(item: tuple[int]) -> int:
        if os.getpid() != parent:
            os._exit(1)
        return item[0]

    assert list(parallel.Mapped(work, NUMBERS)) == list(range(50))


def test_no_more_is_done_than_is_asked_for_soon() -> None:
    """What is not taken holds up both processes, so that what waits to be taken is bounded; whoever stops ends both."""
    begun: list[int] = []

    def numbers() -> Iterator[tuple[int]]:
        for number in range(50):
            begun.append(number)
            yield (number,)

    results = parallel.Mapped(lambda item: item[0], numbers())
    assert [next(results) for _ in range(10)] == list(range(10))
    assert len(begun) <= 10 + parallel.AHEAD
    results.close()
    assert multiprocessing.active_children() == []


def test_beside_another_thread_nothing_is_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread could hold a lock that the copy of the process would wait for."""
    monkeypatch.setattr(threading, "active_count", lambda: 2)
    assert set(parallel.Mapped(lambda _: os.getpid(), NUMBERS)) == {os.getpid()}
    assert set(parallel.Mapped(lambda _: os.getpid(), NUMBERS, alone=True)) == {os.getpid()}
