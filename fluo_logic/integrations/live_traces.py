"""Puts the spans that start and end in this process together to traces, and tells which are ready to be checked."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from opentelemetry.sdk.trace import ReadableSpan, Span

from fluo_logic.integrations.live_counts import Counts

REMEMBERED: Final = 100_000
"""How many traces are remembered that were checked or given up, and how many that lost spans."""


@dataclass(slots=True, eq=False)
class Held:
    """The spans of one trace so far; times are those of a monotonic clock, in seconds.

    A trace whose deadlines are pending is checked more than once: ``counted`` are its spans that were checked before,
    ``reported`` the fingerprints that were told, and ``changed`` is whether spans came since then.
    """

    trace_id: int
    born: float
    active: float
    spans: list[ReadableSpan] = field(default_factory=list)
    open: dict[int, Span] = field(default_factory=dict)
    rooted: bool = False
    lost: bool = False
    changed: bool = True
    counted: int = 0
    reported: set[str] = field(default_factory=set)

    @property
    def finished(self) -> bool:
        """Whether its root in this process has ended, and whatever else began."""
        return self.rooted and not self.open

    @property
    def incomplete(self) -> bool:
        """Whether spans of it were lost, or are still to come."""
        return self.lost or not self.finished or self._fatherless()

    def _fatherless(self) -> bool:
        """Return whether a span has a parent of this process that never came by."""
        known = {context.span_id for span in self.spans if (context := span.get_span_context()) is not None}
        return any(
            span.parent is not None and not span.parent.is_remote and span.parent.span_id not in known
            for span in self.spans
        )


class TraceBook:
    """The traces under way.  For one thread."""

    def __init__(self, counts: Counts, *, quiet: float, max_age: float, max_spans: int) -> None:
        """Begin without traces.

        Args:
            counts: where spans are counted that are not kept.
            quiet: seconds without anything new after which a trace that has finished is ready.
            max_age: seconds after which a trace is ready in any case.
            max_spans: how many spans are kept before new traces are turned away.
        """
        self.counts = counts
        self.quiet = quiet
        self.max_age = max_age
        self.max_spans = max_spans
        self.size = 0
        """Spans that ended and are kept."""
        self._by_activity: OrderedDict[int, Held] = OrderedDict()
        self._by_age: dict[int, Held] = {}
        self._gone: OrderedDict[int, bool] = OrderedDict()
        """Traces that are no longer kept, and whether they were checked."""
        self._lost: OrderedDict[int, bool] = OrderedDict()

    def started(self, span: Span, now: float) -> None:
        """Take notice of a span that began."""
        context = span.get_span_context()
        held = self._held(context.trace_id, now)
        if held is not None:
            held.open[context.span_id] = span

    def ended(self, span: ReadableSpan, now: float) -> None:
        """Keep a span that ended, or count why it is not kept."""
        self.counts.taken += 1
        context = span.get_span_context()
        held = self._held(context.trace_id, now) if context is not None else None
        if context is None or held is None:
            if context is not None and self._gone[context.trace_id]:
                self.counts.late += 1
            else:
                self.counts.shed += 1
            return
        held.open.pop(context.span_id, None)
        held.spans.append(span)
        held.changed = True
        held.rooted = held.rooted or span.parent is None or span.parent.is_remote
        self.size += 1
        if self.size > 2 * self.max_spans:
            self.shed(held)

    def lose(self, trace_id: int) -> None:
        """Remember that a part of a trace is lost."""
        _remember(self._lost, trace_id, checked=False)

    def lose_all(self) -> None:
        """Take every trace under way for one that lost a part."""
        for held in self._by_age.values():
            held.lost = True

    def shed(self, held: Held) -> None:
        """Give a trace up."""
        self.forget(held, checked=held.counted > 0)
        self.counts.shed += len(held.spans) - held.counted
        self.counts.shed_traces += not held.counted

    def forget(self, held: Held, *, checked: bool = True) -> None:
        """Remove a trace; what still comes of it is late, or shed like the rest of it."""
        if self._by_age.pop(held.trace_id, None) is not None:
            del self._by_activity[held.trace_id]
            self.size -= len(held.spans)
            _remember(self._gone, held.trace_id, checked=checked)

    def ready(self, now: float, *, at_once: bool = False) -> Iterator[Held]:
        """Yield the traces that have finished and been quiet; with ``at_once`` without the quiet."""
        for held in list(self._by_activity.values()):
            if not at_once and now - held.active < self.quiet:
                break
            if held.finished and held.changed:
                held.lost = held.lost or held.trace_id in self._lost
                yield held

    def aged(self, now: float, *, at_once: bool = False) -> Iterator[Held]:
        """Yield the traces that have been there for too long; with ``at_once`` all of them."""
        for held in list(self._by_age.values()):
            if not at_once and now - held.born < self.max_age:
                break
            held.lost = held.lost or held.trace_id in self._lost
            yield held

    def _held(self, trace_id: int, now: float) -> Held | None:
        held = self._by_age.get(trace_id)
        if held is None:
            if trace_id in self._gone:
                return None
            if self.size >= self.max_spans:
                self._turn_away(trace_id)
                return None
            held = self._by_age[trace_id] = self._by_activity[trace_id] = Held(trace_id, now, now)
        else:
            held.active = now
            self._by_activity.move_to_end(trace_id)
        return held

    def _turn_away(self, trace_id: int) -> None:
        """Refuse a new trace rather than give up one that may soon be ready."""
        _remember(self._gone, trace_id, checked=False)
        self.counts.shed_traces += 1


def _remember(known: OrderedDict[int, bool], trace_id: int, *, checked: bool) -> None:
    known[trace_id] = checked
    known.move_to_end(trace_id)
    if len(known) > REMEMBERED:
        known.popitem(last=False)
