"""A data set: spans with unique ids, in a fixed order, as traces whose trees, orphans and holes are known.

`assemble` is the only constructor.  Its result depends on the spans, not on the order in which they were read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from math import inf

from fluo_logic.facts.model import Problem, Span, SpanKey
from fluo_logic.facts.problems import Code, ProblemLog
from fluo_logic.shown import Shown
from fluo_logic.values import Value


@dataclass(frozen=True, slots=True)
class InputSummary:
    """One input: its name, the format it was read as (empty if none), and how many spans it gave, copies included."""

    name: str
    format: str
    spans: int


@dataclass(frozen=True, slots=True)
class Trace(Shown):
    """One trace and its span tree.

    ``spans`` are ordered by start, those without one last, then by id.  ``topmost`` are the spans that have no
    parent id, or one that does not resolve in the trace.  ``remote_parent`` is the unresolved parent id of a single
    topmost span; any other unresolved parent id makes its span one of ``orphans`` (span ids).  ``cyclic`` are the
    ids of spans that are their own ancestor.  ``children`` has an entry for each span that has any, and for each
    unresolved parent id; the ids are in the order of ``spans``.  ``incomplete`` is set by who knows that spans of the
    trace were lost, or are still to come.
    """

    trace_id: str
    spans: tuple[Span, ...]
    by_id: Mapping[str, Span] = field(repr=False, compare=False)
    topmost: tuple[Span, ...] = field(repr=False, compare=False)
    remote_parent: str | None
    orphans: frozenset[str]
    cyclic: frozenset[str]
    children: Mapping[str, tuple[str, ...]] = field(repr=False, compare=False)
    incomplete: bool = False

    @property
    def has_hole(self) -> bool:
        """Whether a span is known to be missing: there is an orphan, or no topmost span, or it was said so."""
        return bool(self.orphans) or not self.topmost or self.incomplete

    def ancestors(self, span_id: str) -> tuple[str, ...]:
        """Return the ids of the spans above ``span_id``, nearest first.

        The chain ends at a topmost span, or where it would come to a span a second time; the span itself is never
        in it.  Raises KeyError for a span that is not of the trace.
        """
        chain: dict[str, None] = {}
        parent = self.by_id[span_id].parent_id
        while parent is not None and parent != span_id and parent not in chain and parent in self.by_id:
            chain[parent] = None
            parent = self.by_id[parent].parent_id
        return tuple(chain)


@dataclass(frozen=True, slots=True)
class Dataset(Shown):
    """All the spans that were read, unique by trace and span id, and what is known about them.

    ``spans`` are grouped by trace, the traces ordered by their earliest start, then by id; ``traces`` has the same
    order.  ``merged`` counts the extra copies that were folded in, ``differing`` the spans whose copies differ in
    more than a missing end.  ``orphans`` counts orphan spans, ``dropped`` the spans that dropped attributes, events
    or links.  ``latest`` is the latest time of any start, end or event, in nanoseconds since the Unix epoch.
    """

    spans: tuple[Span, ...]
    traces: Mapping[str, Trace] = field(repr=False)
    inputs: tuple[InputSummary, ...] = ()
    problems: tuple[Problem, ...] = ()
    merged: int = 0
    differing: int = 0
    orphans: int = 0
    dropped: int = 0
    latest: int | None = None

    def __repr__(self) -> str:
        """Return what was read in one line."""
        return self._line()

    def span(self, key: SpanKey) -> Span:
        """Return the span of ``key``; raises KeyError where there is none."""
        return self.traces[key.trace_id].by_id[key.span_id]


def assemble(spans: Iterable[Span], problems: Iterable[Problem] = (), inputs: Iterable[InputSummary] = ()) -> Dataset:
    """Return the data set of ``spans``: copies merged, trees built, unsound spans reported.

    Of the copies of a span, one that has an end wins; among those, the one that ends last, then the greatest by
    content, so that the order of reading does not matter.  ``problems`` and ``inputs`` are handed through; problems
    found here (copies that differ, ends before starts, cycles) come after them.
    """
    logs = _Logs()
    unique, merged, differing = _merge_copies(spans, logs)
    by_trace: dict[str, list[Span]] = {}
    for span in unique:
        by_trace.setdefault(span.trace_id, []).append(span)
    traces = [_trace(trace_id, members) for trace_id, members in by_trace.items()]
    traces.sort(key=lambda trace: (_start(trace.spans[0]), trace.trace_id))
    for trace in traces:
        _report_unsound(trace, logs)
    ordered = tuple(span for trace in traces for span in trace.spans)
    return Dataset(
        spans=ordered,
        traces={trace.trace_id: trace for trace in traces},
        inputs=tuple(inputs),
        problems=(*problems, *logs.problems()),
        merged=merged,
        differing=differing,
        orphans=sum(len(trace.orphans) for trace in traces),
        dropped=sum(1 for span in ordered if span.dropped_attributes or span.dropped_events or span.dropped_links),
        latest=max((time for span in ordered for time in _times(span)), default=None),
    )


class _Logs:
    """One problem log for each input that a span came from."""

    def __init__(self) -> None:
        self._logs: dict[str, ProblemLog] = {}

    def report(self, code: Code, span: Span, message: str) -> None:
        name, _, where = span.origin.rpartition(": ")
        if name not in self._logs:
            self._logs[name] = ProblemLog(name)
        self._logs[name].report(code, where, message)

    def problems(self) -> Iterator[Problem]:
        for log in self._logs.values():
            yield from log.problems()


def _start(span: Span) -> float:
    return inf if span.start is None else span.start


def _times(span: Span) -> Iterator[int]:
    if span.start is not None:
        yield span.start
    if span.end is not None:
        yield span.end
    for event in span.events:
        if event.time is not None:
            yield event.time


# --- copies -------------------------------------------------------------------------------------------------------


def _merge_copies(spans: Iterable[Span], logs: _Logs) -> tuple[list[Span], int, int]:
    unique: dict[tuple[str, str], Span] = {}
    copies: dict[tuple[str, str], list[Span]] = {}
    merged = 0
    for span in spans:
        key = (span.trace_id, span.span_id)
        first = unique.setdefault(key, span)
        if first is not span:
            copies.setdefault(key, [first]).append(span)
            merged += 1
    differing = 0
    # Sorted, so that the problems do not depend on the order of reading either.
    for key in sorted(copies):
        unique[key] = winner = max(copies[key], key=_preference)
        differences = _differences(copies[key])
        if differences:
            differing += 1
            logs.report(
                Code.COPIES_DIFFER,
                winner,
                f"span {winner.span_id} of trace {winner.trace_id} was read {len(copies[key])} times and the copies "
                f"differ in {', '.join(differences)}; the copy at this place is used.",
            )
    return list(unique.values()), merged, differing


def _preference(span: Span) -> tuple[bool, int, tuple[str, ...], str, str]:
    return (
        span.end is not None,
        span.end or 0,
        tuple(_content(span).values()),
        repr(list(span.attributes)),
        span.origin,
    )


def _differences(copies: Sequence[Span]) -> list[str]:
    """Return the names of the fields in which the copies differ; a missing end is no difference."""
    first, *others = [_content(copy) for copy in copies]
    found = [name for name, text in first.items() if any(other[name] != text for other in others)]
    if len({copy.end for copy in copies} - {None}) > 1:
        found.append("end")
    return found


def _content(span: Span) -> dict[str, str]:
    """Return all of a span but its end and origin, as texts.

    Equality of spans would not do: ``1 == True``, and NaN differs from itself.
    """
    return {item.name: _exact(getattr(span, item.name)) for item in fields(span) if item.name not in {"end", "origin"}}


def _exact(value: object) -> str:
    match value:
        case Mapping():
            return repr(sorted((key, _exact_value(item)) for key, item in value.items()))
        case tuple():
            return repr([_exact(item) for item in value])
        case _ if hasattr(value, "__dataclass_fields__"):
            return repr([_exact(getattr(value, name)) for name in value.__dataclass_fields__])
        case _:
            return repr(value)


def _exact_value(value: Value) -> str:
    # The keys of a map value keep their order: its canonical text has it too.
    return repr(value)


# --- trees --------------------------------------------------------------------------------------------------------


def _trace(trace_id: str, members: list[Span]) -> Trace:
    members.sort(key=lambda span: (_start(span), span.span_id))
    by_id = {span.span_id: span for span in members}
    children: dict[str, list[str]] = {}
    topmost = []
    for span in members:
        if span.parent_id is not None:
            children.setdefault(span.parent_id, []).append(span.span_id)
        if span.parent_id is None or span.parent_id not in by_id:
            topmost.append(span)
    single = len(topmost) == 1
    return Trace(
        trace_id=trace_id,
        spans=tuple(members),
        by_id=by_id,
        topmost=tuple(topmost),
        remote_parent=topmost[0].parent_id if single else None,
        orphans=frozenset() if single else frozenset(span.span_id for span in topmost if span.parent_id is not None),
        cyclic=_cyclic(by_id, topmost, children),
        children={parent: tuple(ids) for parent, ids in children.items()},
    )


def _cyclic(
    by_id: Mapping[str, Span], topmost: Sequence[Span], children: Mapping[str, Sequence[str]]
) -> frozenset[str]:
    """Return the ids on cycles: what no topmost span reaches, less what merely hangs below a cycle."""
    below = [span.span_id for span in topmost]
    for span_id in below:  # grows while it is walked: each id is reached once, by its only parent
        below.extend(children.get(span_id, ()))
    if len(below) == len(by_id):
        return frozenset()
    unreached = set(by_id).difference(below)
    on_cycle: set[str] = set()
    seen: set[str] = set()
    for start in unreached:
        walk: dict[str, None] = {}
        current = start
        while current not in seen:
            seen.add(current)
            walk[current] = None
            current = by_id[current].parent_id or current
        if current in walk:
            path = list(walk)
            on_cycle.update(path[path.index(current) :])
    return frozenset(on_cycle)


def _report_unsound(trace: Trace, logs: _Logs) -> None:
    for span in trace.spans:
        if span.start is not None and span.end is not None and span.end < span.start:
            logs.report(
                Code.END_BEFORE_START,
                span,
                f"span {span.span_id} of trace {span.trace_id} ends {span.start - span.end} ns before it starts.",
            )
    reported: set[str] = set()
    for span in trace.spans:
        if span.span_id not in trace.cyclic or span.span_id in reported:
            continue
        if span.parent_id == span.span_id:
            logs.report(Code.OWN_PARENT, span, f"span {span.span_id} of trace {span.trace_id} is its own parent.")
            continue
        cycle = (span.span_id, *trace.ancestors(span.span_id))
        reported.update(cycle)
        logs.report(
            Code.PARENT_CYCLE,
            span,
            f"{len(cycle)} spans of trace {span.trace_id} are each other's ancestors, beginning with {span.span_id}.",
        )
