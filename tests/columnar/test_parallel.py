"""Work that two processes share gives what one would, and leaves no process behind."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading

import pytest

from fluo_logic.facts.columnar import parallel

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2, reason="work is shared on Linux, beside another core"
)


def test_results_keep_their_order() -> None:
    """Each result is in the place of its item, whichever process made it."""
    assert parallel.mapped(lambda item: item * item, list(range(50))) == [item * item for item in range(50)]
    assert multiprocessing.active_children() == []


def test_an_exception_of_either_process_is_raised() -> None:
    """What one item raises is raised to who asked for all, and nothing goes on after it."""

    def work(item: int) -> int:
        if item == 33:
            message = "33"
            raise ValueError(message)
        return item

    with pytest.raises(ValueError, match="33"):
        parallel.mapped(work, list(range(50)))
    assert multiprocessing.active_children() == []


def test_what_a_lost_process_did_not_hand_over_is_done_here() -> None:
    """A process that is ended from outside costs time, and no result."""
    parent = os.getpid()

    def work(item: int) -> int:
        if os.getpid() != parent:
            os._exit(1)
        return item

    assert parallel.mapped(work, list(range(20))) == list(range(20))


def test_beside_another_thread_nothing_is_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread could hold a lock that the copy of the process would wait for."""
    monkeypatch.setattr(threading, "active_count", lambda: 2)
    assert set(parallel.mapped(lambda _: os.getpid(), list(range(20)))) == {os.getpid()}
