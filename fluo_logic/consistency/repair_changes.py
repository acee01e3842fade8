"""Changes to a trace: what they cost, what they touch, and the spans after them.

A change is absolute (a new value, a new time), so that a set of changes has one meaning whatever their order.  Two
changes that touch the same facet of a span exclude each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias, assert_never

from fluo_logic.facts.model import Event, Kind, Link, Resource, Span, SpanKey, Status
from fluo_logic.values import Value

EVERYTHING: Final = "*"
"""The facet of a change that is about a span as a whole."""


@dataclass(frozen=True, slots=True)
class SetValue:
    """A new value of an attribute, a resource attribute or a settable intrinsic; None takes it away."""

    span: SpanKey
    space: str
    key: str
    value: Value | None


@dataclass(frozen=True, slots=True)
class SetEventValue:
    """A new value of an attribute of the event with this number; None takes it away."""

    span: SpanKey
    number: int
    key: str
    value: Value | None


@dataclass(frozen=True, slots=True)
class Move:
    """The span as a whole, its events included, so that it starts (or, without a start, ends) at ``time``."""

    span: SpanKey
    time: int


@dataclass(frozen=True, slots=True)
class SetStart:
    """Another start; the end stays."""

    span: SpanKey
    time: int


@dataclass(frozen=True, slots=True)
class SetEnd:
    """Another end; the start stays."""

    span: SpanKey
    time: int


@dataclass(frozen=True, slots=True)
class Reparent:
    """Another parent of the same trace; None makes the span a root."""

    span: SpanKey
    parent: str | None


@dataclass(frozen=True, slots=True)
class AddSpan:
    """A span that is missing.

    ``placed``, ``timed`` and ``hosted`` tell whether its parent, its times and its resource matter to the rule.
    """

    added: Span
    placed: bool = False
    timed: bool = False
    hosted: bool = False

    @property
    def span(self) -> SpanKey:
        """The key of the new span."""
        return self.added.key


@dataclass(frozen=True, slots=True)
class RemoveSpan:
    """A span that should not be there; its children become those of its parent."""

    span: SpanKey


@dataclass(frozen=True, slots=True)
class AddEvent:
    """An event that is missing."""

    span: SpanKey
    event: Event


@dataclass(frozen=True, slots=True)
class RemoveEvent:
    """An event that should not be there, by its number in the span."""

    span: SpanKey
    number: int


@dataclass(frozen=True, slots=True)
class AddLink:
    """A link that is missing."""

    span: SpanKey
    to: SpanKey


Change: TypeAlias = (
    SetValue
    | SetEventValue
    | Move
    | SetStart
    | SetEnd
    | Reparent
    | AddSpan
    | RemoveSpan
    | AddEvent
    | RemoveEvent
    | AddLink
)

SETTABLE: Final = frozenset({"span:kind", "span:status", "span:status_message"})
"""Intrinsics that a change may set like an attribute."""


def identity(change: Change) -> str:
    """Return a text that equal changes share and others do not; values may have no hash."""
    return repr(change)


def weight(change: Change) -> int:
    """Return what a change costs: the more of the trace it touches, the more."""
    match change:
        case SetValue(value=None) | SetEventValue(value=None):
            return 3
        case SetValue(space="attribute") | SetEventValue() | Move():
            return 2
        case SetValue() | SetStart() | SetEnd() | Reparent() | AddSpan() | AddEvent() | RemoveEvent() | AddLink():
            return 3
        case RemoveSpan():
            return 4
        case _:
            assert_never(change)


def facets(change: Change) -> frozenset[str]:
    """Return what of its span a change touches; changes that share a facet exclude each other."""
    match change:
        case SetValue(space=space, key=key):
            return frozenset({f"{space} {key}"})
        case SetEventValue(number=number, key=key):
            return frozenset({f"event {number} {key}"})
        case Move():
            return frozenset({"start", "end"})
        case SetStart():
            return frozenset({"start"})
        case SetEnd():
            return frozenset({"end"})
        case Reparent():
            return frozenset({"parent"})
        case AddSpan() | RemoveSpan():
            return frozenset({EVERYTHING})
        case AddEvent(event=event):
            return frozenset({f"event {event!r}"})
        case RemoveEvent(number=number):
            return frozenset({f"event {number}"})
        case AddLink(to=to):
            return frozenset({f"link {to}"})
        case _:
            assert_never(change)


def exclude(one: Change, other: Change) -> bool:
    """Return whether two changes cannot be made together."""
    if one.span != other.span:
        return False
    mine, theirs = facets(one), facets(other)
    return EVERYTHING in mine | theirs or bool(mine & theirs)


def apply(spans: Iterable[Span], changes: Iterable[Change]) -> list[Span]:
    """Return the spans after the changes; changes of spans that are not there have no effect."""
    by_span: dict[SpanKey, list[Change]] = {}
    added: list[Span] = []
    removed: set[SpanKey] = set()
    for change in changes:
        match change:
            case AddSpan(added=span):
                added.append(span)
            case RemoveSpan(span=key):
                removed.add(key)
            case _:
                by_span.setdefault(change.span, []).append(change)
    after = [changed(span, by_span.get(span.key, ())) for span in [*spans, *added]]
    if not removed:
        return after
    parents = {span.key: span.parent_id for span in after}
    return [_adopted(span, removed, parents) for span in after if span.key not in removed]


def _adopted(span: Span, removed: set[SpanKey], parents: Mapping[SpanKey, str | None]) -> Span:
    """Return the span under the nearest ancestor that stays."""
    parent, seen = span.parent_id, set[str]()
    while parent is not None and SpanKey(span.trace_id, parent) in removed and parent not in seen:
        seen.add(parent)
        parent = parents.get(SpanKey(span.trace_id, parent))
    return span if parent == span.parent_id else replace(span, parent_id=parent)


def changed(span: Span, changes: Sequence[Change]) -> Span:
    """Return one span after changes that are about it."""
    gone: set[int] = set()
    for change in changes:
        if isinstance(change, RemoveEvent):
            gone.add(change.number)
        else:
            span = _changed(span, change)
    if gone:
        span = replace(span, events=tuple(event for number, event in enumerate(span.events) if number not in gone))
    return span


def _changed(span: Span, change: Change) -> Span:
    match change:
        case SetValue(space="intrinsic", key=key, value=value):
            return _with_intrinsic(span, key, value)
        case SetValue(space="resource", key=key, value=value):
            return replace(span, resource=Resource(_with(span.resource.attributes, key, value)))
        case SetValue(key=key, value=value):
            return replace(span, attributes=_with(span.attributes, key, value))
        case SetEventValue(number=number, key=key, value=value):
            event = span.events[number]
            event = replace(event, attributes=_with(event.attributes, key, value))
            return replace(span, events=(*span.events[:number], event, *span.events[number + 1 :]))
        case Move(time=time):
            return shifted(span, time - first_time(span))
        case SetStart(time=time):
            return replace(span, start=time)
        case SetEnd(time=time):
            return replace(span, end=time)
        case Reparent(parent=parent):
            return replace(span, parent_id=parent)
        case AddEvent(event=event):
            return replace(span, events=(*span.events, event))
        case AddLink(to=to):
            return replace(span, links=(*span.links, Link(to.trace_id, to.span_id)))
        case AddSpan() | RemoveSpan() | RemoveEvent():
            return span
        case _:
            assert_never(change)


def refined(new: AddSpan, change: Change) -> AddSpan:
    """Return a new span after a change of it."""
    return AddSpan(
        changed(new.added, (change,)),
        placed=new.placed or isinstance(change, Reparent),
        timed=new.timed or isinstance(change, Move | SetStart | SetEnd),
        hosted=new.hosted,
    )


def first_time(span: Span) -> int:
    """Return the time that a move is told by: the start, else the end, else 0."""
    return span.start if span.start is not None else span.end or 0


def shifted(span: Span, by: int) -> Span:
    """Return the span with all its times later by ``by`` nanoseconds."""
    return replace(
        span,
        start=None if span.start is None else span.start + by,
        end=None if span.end is None else span.end + by,
        events=tuple(event if event.time is None else replace(event, time=event.time + by) for event in span.events),
    )


def _with(attributes: Mapping[str, Value], key: str, value: Value | None) -> Mapping[str, Value]:
    kept = {name: known for name, known in attributes.items() if name != key}
    return kept if value is None else {**kept, key: value}


def _with_intrinsic(span: Span, key: str, value: Value | None) -> Span:
    match key:
        case "span:kind":
            return replace(span, kind=Kind(str(value)))
        case "span:status":
            return replace(span, status=Status(str(value)))
        case _:
            return replace(span, status_message="" if value is None else str(value))
