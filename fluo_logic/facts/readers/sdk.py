"""Spans of the OpenTelemetry SDK, finished or not, as an in-memory exporter or a span processor hands them out."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeGuard

from fluo_logic.facts.model import NO_SCOPE, Event, Kind, Link, Resource, Scope, Span, Status
from fluo_logic.facts.problems import Code, ProblemLog
from fluo_logic.facts.readers import scalars
from fluo_logic.facts.readers.scalars import UnreadableError
from fluo_logic.values import Value

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan


def is_sdk_span(item: object) -> TypeGuard[ReadableSpan]:
    """Return whether ``item`` is a `ReadableSpan`, without importing the SDK."""
    module = sys.modules.get("opentelemetry.sdk.trace")
    return module is not None and isinstance(item, module.ReadableSpan)


def read(spans: Iterable[ReadableSpan], log: ProblemLog) -> Iterator[Span]:
    """Yield the spans; what cannot be read is reported with the position in the sequence."""
    resources: dict[int, tuple[object, Resource]] = {}
    for index, span in enumerate(spans):
        known = resources.get(id(span.resource))
        if known is None:
            found = Resource(_attributes(span.resource.attributes, f"spans[{index}].resource", log)[0])
            known = resources[id(span.resource)] = (span.resource, found)  # keeps the id taken
        converted = _span(span, f"spans[{index}]", known[1], log)
        if converted is not None:
            yield converted


def _span(span: ReadableSpan, where: str, resource: Resource, log: ProblemLog) -> Span | None:
    context = span.get_span_context()
    if context is None or not context.trace_id or not context.span_id:
        log.report(Code.ID_MISSING, where, "the span is left out: it has no valid context.")
        return None
    scope = span.instrumentation_scope
    attributes, lost = _attributes(span.attributes, where, log)
    events = []
    lost_events = 0
    for index, event in enumerate(span.events):
        values, lost_values = _attributes(event.attributes, f"{where}.events[{index}]", log)
        events.append(Event(event.name, event.timestamp or None, values))
        lost_events += lost_values + event.dropped_attributes
    links = [
        Link(
            f"{link.context.trace_id:032x}",
            f"{link.context.span_id:016x}",
            _attributes(link.attributes, f"{where}.links[{index}]", log)[0],
        )
        for index, link in enumerate(span.links)
    ]
    return Span(
        trace_id=f"{context.trace_id:032x}",
        span_id=f"{context.span_id:016x}",
        name=span.name,
        parent_id=f"{span.parent.span_id:016x}" if span.parent is not None and span.parent.span_id else None,
        kind=Kind(span.kind.name.lower()),
        status=Status(span.status.status_code.name.lower()),
        status_message=span.status.description or "",
        start=span.start_time or None,
        end=span.end_time or None,
        attributes=attributes,
        resource=resource,
        scope=NO_SCOPE if scope is None else Scope(scope.name or "", scope.version or ""),
        events=tuple(events),
        links=tuple(links),
        dropped_attributes=lost + span.dropped_attributes,
        dropped_events=lost_events + span.dropped_events,
        dropped_links=span.dropped_links,
        origin=f"{log.name}: {where}",
    )


def _attributes(raw: Mapping[str, Any] | None, where: str, log: ProblemLog) -> tuple[dict[str, Value], int]:
    found: dict[str, Value] = {}
    lost = 0
    for key, item in (raw or {}).items():
        try:
            value = _value(item, key)
        except UnreadableError as error:
            lost += 1
            log.report(error.code, f"{where}.attributes", f"the attribute is left out: {error.message}")
            continue
        if value is not None:
            found[key] = value
    return found, lost


def _value(raw: object, name: str) -> Value | None:
    match raw:
        case None:
            return None
        case bool() | str() | bytes() | float():
            return raw
        case int():
            return scalars.integer(raw, name, *scalars.INT64)
        case Mapping():
            pairs = ((str(key), _value(item, name)) for key, item in raw.items())
            return {key: value for key, value in pairs if value is not None}
        case Sequence():
            items = (_value(item, name) for item in raw)
            return tuple(item for item in items if item is not None)
        case _:
            raise UnreadableError(
                Code.VALUE_UNKNOWN, f"`{name}` has a value of the unknown type `{type(raw).__name__}`."
            )
