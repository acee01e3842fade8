"""Repairs as a person would say them, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias, assert_never

from fluo_logic.consistency import repair_changes as c
from fluo_logic.explain.as_json import Json, value_json
from fluo_logic.explain.words import duration_text, inert, instant_text, shortened, value_text
from fluo_logic.facts.model import NO_RESOURCE, Span, SpanKey
from fluo_logic.facts.store import lookup

if TYPE_CHECKING:
    from fluo_logic.consistency.repair import Repair, Repairs

Document: TypeAlias = dict[str, Json]
INTRINSIC: Final = "span:"
SERVICE: Final = "service.name"


def sentences(changes: Sequence[c.Change], spans: Sequence[Span]) -> tuple[str, ...]:
    """Return a sentence for each change, in their order."""
    known = {span.key: span for span in spans}
    known.update({change.span: change.added for change in changes if isinstance(change, c.AddSpan)})
    return tuple(sentence(change, known) for change in changes)


def sentence(change: c.Change, spans: Mapping[SpanKey, Span]) -> str:
    """Return a change as an instruction; ``spans`` are those that it may speak of."""
    span = spans[change.span]
    named = _named(span)
    match change:
        case c.SetValue(key=key, space=space, value=None):
            return f"take {_key(space, key)} away from {named}"
        case c.SetValue(key=key, space=space, value=value):
            return f"set {_key(space, key)} of {named} to {value_text(value)}{_instead(span, space, key)}"
        case c.SetEventValue(number=number, key=key, value=value):
            event = shortened(span.events[number].name, 40)
            if value is None:
                return f"take {inert(key)} away from the event {event} of {named}"
            return f"set {inert(key)} of the event {event} of {named} to {value_text(value)}"
        case c.Move(time=time):
            return f"move {named} {_shift(time - c.first_time(span))}"
        case c.SetStart(time=time):
            return f"let {named} start {_retimed(span.start, time)}"
        case c.SetEnd(time=time):
            return f"let {named} end {_retimed(span.end, time)}"
        case c.Reparent(parent=parent):
            if parent is None:
                return f"make {named} a root, without a parent"
            above = spans.get(SpanKey(span.trace_id, parent))
            return f"make {named} a child of {_named(above) if above else f'span {inert(parent[:8])}'}"
        case c.AddSpan():
            return _addition(change, spans)
        case c.RemoveSpan():
            return f"remove {named}"
        case c.AddEvent(event=event):
            return f"add an event {shortened(event.name, 40)}{_with(event.attributes)} to {named}"
        case c.RemoveEvent(number=number):
            return f"remove the event {shortened(span.events[number].name, 40)} of {named}"
        case c.AddLink(to=to):
            return f"link {named} to {_named(spans[to]) if to in spans else f'span {inert(to.span_id[:8])}'}"
        case _:
            assert_never(change)


def _named(span: Span) -> str:
    return f"span {inert(span.span_id[:8])} ({shortened(span.name, 60)})"


def _key(space: str, key: str) -> str:
    if space == "intrinsic":
        return f"the {key.removeprefix(INTRINSIC).replace('_', ' ')}"
    return f"resource:{inert(key)}" if space == "resource" else shortened(key, 60)


def _instead(span: Span, space: str, key: str) -> str:
    if space == "intrinsic":
        return ""
    old = span.resource.attributes.get(key) if space == "resource" else lookup(span, key)
    return " (it has none)" if old is None else f" (it is {value_text(old)})"


def _shift(by: int) -> str:
    return f"{duration_text(abs(by))} {'later' if by > 0 else 'earlier'}"


def _retimed(old: int | None, new: int) -> str:
    return f"at {instant_text(new)}" if old is None else _shift(new - old)


def _with(attributes: Mapping[str, object]) -> str:
    if not attributes:
        return ""
    pairs = [f"{shortened(key, 60)} = {value_text(value)}" for key, value in attributes.items()]  # type: ignore[arg-type]
    return f" with {' and '.join(pairs)}"


def _addition(change: c.AddSpan, spans: Mapping[SpanKey, Span]) -> str:
    added = change.added
    name = shortened(added.name, 60)
    article = "an" if name[:1].lower() in "aeiou" and name[:1] else "a"
    parent = None if added.parent_id is None else spans.get(SpanKey(added.trace_id, added.parent_id))
    where = f", under {_named(parent)}" if change.placed and parent is not None else ", in the same trace"
    if change.placed and added.parent_id is None:
        where = ", as a root of the same trace"
    when = f", {_position(change, spans)}" if change.timed else ""
    linked = [spans[key] for link in added.links if (key := SpanKey(link.trace_id, link.span_id)) in spans]
    to = f", linked to {_named(linked[0])}" if linked else ""
    events = "".join(f", and an event {shortened(event.name, 40)}{_with(event.attributes)}" for event in added.events)
    status = f" and status {added.status}" if added.status.value != "unset" else ""
    resource = added.resource if change.hosted else NO_RESOURCE
    service = "" if resource.service is None else f" of {shortened(resource.service, 60)}"
    further = {f"resource:{key}": value for key, value in resource.attributes.items() if key != SERVICE}
    return f"add {article} {name}{service}{_with({**added.attributes, **further})}{status}{events}{where}{to}{when}"


def _position(change: c.AddSpan, spans: Mapping[SpanKey, Span]) -> str:
    added = change.added
    others = [span for key, span in spans.items() if key != change.span and span.trace_id == added.trace_id]
    others.extend(span for key, span in spans.items() if key != change.span and span.trace_id != added.trace_id)
    for span in others:
        if added.start is not None and added.start == span.end:
            return f"beginning when {_named(span)} has ended"
    for span in others:
        if added.end is not None and added.end == span.start:
            return f"ending before {_named(span)} begins"
    for span in others:
        if added.start is not None and added.start == span.start:
            return f"beginning together with {_named(span)}"
    return f"at {instant_text(added.start)}" if added.start is not None else "at any time"


def repairs_text(repairs: Repairs) -> str:
    """Return the lines that follow an explanation."""
    lines = ["", f"  repair  {repairs.sentence}"]
    for number, one in enumerate(repairs.repairs, start=1):
        for position, text in enumerate(one.sentences):
            lead = f"{number}. " if position == 0 else "   and "
            lines.append(f"    {lead}{text}")
    return "\n".join(lines) + "\n"


def repairs_json(repairs: Repairs) -> Document:
    """Return what `fluo explain --repair` adds to the document ``fluo-explanation/1``."""
    return {
        "status": repairs.status,
        "sentence": repairs.sentence,
        "repairs": [_repair_json(one) for one in repairs.repairs],
    }


def _repair_json(one: Repair) -> Document:
    return {
        "vacuous": one.vacuous,
        "changes": [_change_json(change, text) for change, text in zip(one.changes, one.sentences, strict=True)],
    }


def _change_json(change: c.Change, text: str) -> Document:
    span: Json = {"trace_id": change.span.trace_id, "span_id": change.span.span_id}
    document: Document = {"kind": KINDS[type(change)], "span": span, "sentence": text}
    match change:
        case c.SetValue(key=key, space=space, value=value):
            document |= {"space": space, "key": key, "value": value_json(value), "missing": value is None}
        case c.SetEventValue(number=number, key=key, value=value):
            document |= {"event": number, "key": key, "value": value_json(value), "missing": value is None}
        case c.Move(time=time) | c.SetStart(time=time) | c.SetEnd(time=time):
            document["time"] = time
        case c.Reparent(parent=parent):
            document["parent_id"] = parent
        case c.AddSpan(added=added):
            attributes: dict[str, Json] = {key: value_json(value) for key, value in added.attributes.items()}
            document |= {
                "name": added.name,
                "parent_id": added.parent_id,
                "start": added.start,
                "end": added.end,
                "attributes": attributes,
            }
        case c.AddEvent(event=event):
            document |= {
                "name": event.name,
                "attributes": {key: value_json(value) for key, value in event.attributes.items()},
            }
        case c.RemoveEvent(number=number):
            document["event"] = number
        case c.AddLink(to=to):
            document["to"] = {"trace_id": to.trace_id, "span_id": to.span_id}
        case c.RemoveSpan():
            pass
        case _:
            assert_never(change)
    return document


KINDS: Final[Mapping[type, str]] = {
    c.SetValue: "set-value",
    c.SetEventValue: "set-event-value",
    c.Move: "move",
    c.SetStart: "set-start",
    c.SetEnd: "set-end",
    c.Reparent: "reparent",
    c.AddSpan: "add-span",
    c.RemoveSpan: "remove-span",
    c.AddEvent: "add-event",
    c.RemoveEvent: "remove-event",
    c.AddLink: "add-link",
}
