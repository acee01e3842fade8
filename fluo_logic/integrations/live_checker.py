"""Checks the traces of a running program beside it: a bounded queue, and a thread that assembles and checks.

The threads of the program only ever append to the queue.  They take no lock, since a span may end while garbage is
collected, in the midst of anything.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, Context, attach, set_value
from opentelemetry.sdk.trace import ReadableSpan, Span

from fluo_logic.integrations.live_counts import Counts, Statistics, Tally
from fluo_logic.integrations.live_rules import LiveRules
from fluo_logic.integrations.live_traces import Held, TraceBook
from fluo_logic.report.violation import Report, Violation

LOGGER: Final = logging.getLogger("fluo_logic")
TICK: Final = 0.1
"""Seconds between two looks into the queue."""
BATCH: Final = 200
"""About how many spans are checked at once, to begin with."""
BATCHES: Final = (20, 5_000)
BATCH_SECONDS: Final = 0.1
"""How long a batch may take, since the queue fills meanwhile."""
LOSSES: Final = 100_000
"""How many spans that found the queue full are remembered by their trace."""
Item: TypeAlias = ReadableSpan | tuple[Span]
"""A span that ended, or in a tuple one that started."""
OnViolation: TypeAlias = Callable[[Violation], object]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is kept, and how long.

    Attributes:
        max_queue_size: starts and ends of spans that wait to be looked at.
        max_spans: spans that are kept until their trace is ready.
        quiet: seconds without anything new after which a trace that has finished is checked.
        max_age: seconds after which a trace is checked in any case.
        max_load: the share of one processor that checking may take, more than 0 and at most 1.
    """

    max_queue_size: int = 65_536
    max_spans: int = 50_000
    quiet: float = 1.0
    max_age: float = 300.0
    max_load: float = 0.5

    def __post_init__(self) -> None:
        """Refuse limits that let nothing through; raises ValueError."""
        for name in ("max_queue_size", "max_spans", "max_age", "max_load"):
            if getattr(self, name) <= 0:
                message = f"{name} must be positive"
                raise ValueError(message)
        if self.max_load > 1 or self.quiet < 0:
            message = "max_load must be at most 1" if self.max_load > 1 else "quiet must not be negative"
            raise ValueError(message)


@dataclass(slots=True)
class _State:
    """What a forked child begins anew with."""

    queue: deque[Item] = field(default_factory=deque)
    losses: deque[int] = field(default_factory=lambda: deque(maxlen=LOSSES))
    dropped: Tally = field(default_factory=Tally)
    refused: set[int] = field(default_factory=set)
    refusals: Tally = field(default_factory=Tally)
    wake: threading.Event = field(default_factory=threading.Event)
    flushes: deque[threading.Event] = field(default_factory=deque)
    counts: Counts = field(default_factory=Counts)
    pid: int = field(default_factory=os.getpid)


class LiveChecker:
    """Takes spans from any thread, and checks them in its own."""

    def __init__(self, rules: LiveRules, on_violation: OnViolation, limits: Limits) -> None:
        """Begin, with a thread."""
        self.rules = rules
        self.limits = limits
        self._on_violation = on_violation
        self._capacity = limits.max_queue_size
        self._room = max(1, limits.max_queue_size * 3 // 4)
        self._closed = False
        self._stopping = False
        self._abandoned = False
        self._told: set[str] = set()
        self._state = _State()
        self._begin()
        if hasattr(os, "register_at_fork"):
            again = weakref.WeakMethod(self._after_fork)
            os.register_at_fork(after_in_child=lambda: (method := again()) and method())

    def _begin(self) -> None:
        limits = self.limits
        self._queue = self._state.queue
        self._book = TraceBook(
            self._state.counts, quiet=limits.quiet, max_age=limits.max_age, max_spans=limits.max_spans
        )
        self._rest_until = 0.0
        self._batch = float(BATCH)
        self._thread = threading.Thread(target=self._run, name="fluo-invariants", daemon=True)
        self._thread.start()

    def _after_fork(self) -> None:
        """Begin anew in a child: the parent checks what was there before."""
        self._state = _State()
        if not self._closed:
            self._begin()

    # --- from any thread ------------------------------------------------------------------------------------------

    def started(self, span: Span, parent_context: Context | None = None) -> None:  # noqa: ARG002 - the SDK's protocol
        """Take notice of a span that began."""
        if self._closed:
            return
        queue, refused = self._queue, self._state.refused
        if len(queue) >= self._room and _is_root(span):
            # While there is still room for the rest of the traces that began before.
            self._refuse(span)
        elif refused and span.get_span_context().trace_id in refused:
            pass
        elif len(queue) < self._capacity:
            queue.append((span,))
        else:
            self._lose(span)

    def ended(self, span: ReadableSpan) -> None:
        """Take a span that ended, or count that it was dropped."""
        if self._state.pid != os.getpid():  # forked by something that does not tell Python
            self._after_fork()
        queue, refused = self._queue, self._state.refused
        if refused and self._is_refused(span):
            self._state.dropped.add()
        elif len(queue) < self._capacity and not self._closed:
            queue.append(span)
        else:
            self._state.dropped.add()
            self._lose(span)

    def _refuse(self, span: Span) -> None:
        """Take nothing of a trace that begins: a whole trace less does better than a part less of many."""
        refused = self._state.refused
        if len(refused) >= LOSSES:  # roots that never end; what comes of their traces lacks its root
            refused.clear()
        refused.add(span.get_span_context().trace_id)
        self._state.refusals.add()
        self._lose(span)

    def _is_refused(self, span: ReadableSpan) -> bool:
        context = span.get_span_context()
        if context is None or context.trace_id not in self._state.refused:
            return False
        if _is_root(span):
            self._state.refused.discard(context.trace_id)
        return True

    def _lose(self, span: ReadableSpan) -> None:
        context = span.get_span_context()
        if context is not None:
            self._state.losses.append(context.trace_id)

    @property
    def statistics(self) -> Statistics:
        """What became of the spans so far; see `Statistics`."""
        if not self._thread.is_alive():
            self._sweep()
        counts = self._state.counts
        held = counts.taken - counts.late - counts.shed - counts.checked
        found = counts.statistics(self._state.dropped.value, held)
        return replace(found, shed_traces=found.shed_traces + self._state.refusals.value)

    def _sweep(self) -> None:
        """Count what came while the check was being shut down."""
        queue = self._state.queue
        while queue:
            try:
                item = queue.popleft()
            except IndexError:  # another thread asks, too
                return
            if not isinstance(item, tuple):
                self._state.dropped.add()

    def flush(self, timeout: float) -> bool:
        """Check every trace that has finished, at once; return whether that was done within ``timeout`` seconds."""
        if self._closed or threading.current_thread() is self._thread:
            return False
        done = threading.Event()
        self._state.flushes.append(done)
        self._state.wake.set()
        return done.wait(max(timeout, 0))

    def shutdown(self, timeout: float) -> None:
        """Check what is there, finished or not, and take no more; after ``timeout`` seconds give the rest up."""
        if self._closed:
            return
        self._closed = True
        self._stopping = True
        self._state.wake.set()
        if threading.current_thread() is not self._thread:
            self._thread.join(max(timeout, 0))
            self._abandoned = True

    # --- in the thread of its own ---------------------------------------------------------------------------------

    def _run(self) -> None:
        # What a callback does, such as sending a message, must not become spans that are checked in turn.
        attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, value=True))
        state = self._state
        while True:
            state.wake.wait(TICK)
            state.wake.clear()
            stopping = self._stopping
            flushes = [state.flushes.popleft() for _ in range(len(state.flushes))]
            try:
                self._cycle(at_once=bool(flushes), stopping=stopping)
            except Exception as error:  # noqa: BLE001 - whatever it is, the program is not to notice
                self._tell_once("the live check", error)
            for done in flushes:
                done.set()
            if stopping:
                return

    def _cycle(self, *, at_once: bool, stopping: bool) -> None:
        self._take()
        now = time.monotonic()
        if not at_once and not stopping and now < self._rest_until:
            return
        # Those that finished, in batches; then those that will not, each by its own clock.
        batch: list[Held] = []
        size = 0
        for held in self._book.ready(now, at_once=at_once or stopping):
            batch.append(held)
            size += len(held.spans)
            if size >= self._batch:
                if not self._check(batch, at_once=at_once or stopping):
                    return
                batch, size = [], 0
        if batch and not self._check(batch, at_once=at_once or stopping):
            return
        for held in self._book.aged(now, at_once=stopping):
            self._check_last(held, now)

    def _take(self) -> None:
        """Move what is in the queue into the book of traces."""
        state, book = self._state, self._book
        now = time.monotonic()
        for _ in range(len(state.queue)):
            item = state.queue.popleft()
            if isinstance(item, tuple):
                book.started(item[0], now)
            else:
                book.ended(item, now)
        if len(state.losses) == LOSSES:
            book.lose_all()
        for _ in range(len(state.losses)):
            book.lose(state.losses.popleft())

    def _check(self, batch: Sequence[Held], *, at_once: bool) -> bool:
        """Check traces that finished; return whether there is time for more."""
        if self._abandoned:
            for held in batch:
                self._book.shed(held)
            return True
        clock = time.perf_counter()
        pending = self._judged(batch, None)
        for held in batch:
            if f"{held.trace_id:032x}" in pending:
                held.changed = False
            else:
                self._book.forget(held)
        spent = time.perf_counter() - clock
        faster = min(2.0, BATCH_SECONDS / max(spent, 1e-6))
        self._batch = min(max(self._batch * faster, BATCHES[0]), BATCHES[1])
        self._take()
        if at_once:
            return True
        self._rest_until = time.monotonic() + spent * (1 / self.limits.max_load - 1)
        return self._rest_until <= time.monotonic()

    def _check_last(self, held: Held, now: float) -> None:
        """Check a trace that will not be waited for any longer, its deadlines as of now."""
        if self._abandoned:
            self._book.shed(held)
            return
        elapsed = int((now - held.active) * 1e9)
        self._state.counts.pending += len(self._judged([held], elapsed))
        self._book.forget(held)

    def _judged(self, batch: Sequence[Held], elapsed: int | None) -> set[str]:
        """Check traces, those with a span that cannot be read apart from the others; see `_judge`."""
        try:
            return self._judge(batch, elapsed)
        except Exception as error:  # noqa: BLE001 - whatever a span holds, the program is not to notice
            if len(batch) > 1:
                return {trace_id for held in batch for trace_id in self._judged([held], elapsed)}
            self._tell_once("reading spans", error)
            self._book.shed(batch[0])
            return set()

    def _judge(self, batch: Sequence[Held], elapsed: int | None) -> set[str]:
        """Check traces and report what is violated; return the ids of those with pending deadlines."""
        spans: list[ReadableSpan] = []
        incomplete: set[str] = set()
        for held in batch:
            spans += held.spans
            spans += held.open.values()
            if held.incomplete:
                incomplete.add(f"{held.trace_id:032x}")
        reports = self.rules.check(spans, incomplete, elapsed, self._failed)
        counts = self._state.counts
        for held in batch:
            first = not held.counted
            counts.checked += len(held.spans) - held.counted
            counts.traces += first
            counts.incomplete += first and f"{held.trace_id:032x}" in incomplete
            held.counted = len(held.spans)
        return self._report(reports, {f"{held.trace_id:032x}": held for held in batch})

    def _report(self, reports: Sequence[Report], by_id: dict[str, Held]) -> set[str]:
        counts = self._state.counts
        pending: set[str] = set()
        for violation in (violation for report in reports for violation in report.violations):
            trace_id = violation.scope["trace_id"]
            held = by_id[trace_id]
            if violation.verdict == "pending":
                pending.add(trace_id)
            elif violation.fingerprint not in held.reported:
                held.reported.add(violation.fingerprint)
                if violation.verdict == "violated":
                    counts.violations += 1
                    self._call(violation)
                else:
                    counts.inconclusive += 1
        return pending

    def _call(self, violation: Violation) -> None:
        try:
            self._on_violation(violation)
        except Exception as error:  # noqa: BLE001 - the user's own
            self._state.counts.callback_failures += 1
            self._tell_once("on_violation", error)

    def _failed(self, rule: str, error: Exception) -> None:
        self._state.counts.failures[rule] += 1
        self._tell_once(f"the rule {rule}", error)

    def _tell_once(self, what: str, error: Exception) -> None:
        if what not in self._told:
            self._told.add(what)
            LOGGER.error("%s failed, which is counted from now on and not told again", what, exc_info=error)


def _is_root(span: ReadableSpan) -> bool:
    """Return whether a span is the root of its trace in this process."""
    return span.parent is None or span.parent.is_remote
