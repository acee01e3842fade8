"""Spans as OTLP JSON, such that `fluo_logic.facts.readers` gives exactly the same spans again.

A line is an `ExportTraceServiceRequest`, as the collector's file exporter writes them; spans that share resource and
scope share a batch.  What OTLP cannot hold exactly is refused, never rounded.  One thing goes beyond OTLP: a trace id
of 64 bits, as Jaeger and Zipkin have them, keeps its 16 digits, because padding would make another id of it.
"""

from __future__ import annotations

import base64
import itertools
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, assert_never

from fluo_logic.facts.model import Event, Link, Resource, Scope, Span, Status
from fluo_logic.facts.readers import scalars
from fluo_logic.facts.readers.otlp_json import DEEPEST_VALUE
from fluo_logic.facts.writers import exact
from fluo_logic.values import Value

SPANS_A_LINE: Final = 1000
"""How many spans one request holds at most: it bounds the memory of who reads it."""
KINDS: Final = {kind: number for number, kind in enumerate(scalars.KINDS)}
STATUSES: Final = {status: number for number, status in enumerate(scalars.STATUSES)}


def lines(spans: Iterable[Span], *, ascii_only: bool = False) -> Iterator[str]:
    """Yield spans as lines of OTLP JSON, line ends included; without spans, one line that says so.

    Args:
        spans: the spans; a data set of which they are all gives an equal data set when the lines are read.
        ascii_only: escape what is not ASCII, for an output that is not Unicode.

    Raises:
        InputError: a span holds something that OTLP cannot hold exactly.
    """
    remaining = iter(spans)
    chunk = list(itertools.islice(remaining, SPANS_A_LINE))
    while True:
        text = _dump(request(chunk), ascii_only=ascii_only)
        yield f"{text}\n"
        chunk = list(itertools.islice(remaining, SPANS_A_LINE))
        if not chunk:
            return


def _dump(value: object, *, ascii_only: bool = False) -> str:
    return json.dumps(value, ensure_ascii=ascii_only, allow_nan=False, separators=(",", ":"))


def request(spans: Iterable[Span]) -> dict[str, object]:
    """Return spans as one `ExportTraceServiceRequest`, which `json.dumps` can write.

    Batches stand in the order in which their first spans come, spans in the order given.

    Raises:
        InputError: a span holds something that OTLP cannot hold exactly.
    """
    # Batches are told apart by their texts: equality would take 1 for True and 1.0.
    batches: dict[str, tuple[dict[str, object], dict[str, list[object]]]] = {}
    resources: dict[int, tuple[Resource, str]] = {}
    for span in spans:
        known = resources.get(id(span.resource))
        if known is None:
            known = resources[id(span.resource)] = (span.resource, _dump(_resource(span)))  # keeps the id taken
        resource = known[1]
        if resource not in batches:
            batches[resource] = ({"resource": json.loads(resource)}, {})
        groups = batches[resource][1]
        groups.setdefault(_dump(_scope(span)), []).append(_span(span))
    return {
        "resourceSpans": [
            {
                **batch,
                "scopeSpans": [{"scope": json.loads(scope), "spans": members} for scope, members in groups.items()],
            }
            for batch, groups in batches.values()
        ]
    }


def _resource(span: Span) -> dict[str, object]:
    return {"attributes": _attributes(span.resource.attributes, "its resource's", span)}


def _scope(span: Span) -> dict[str, object]:
    scope: Scope = span.scope
    found: dict[str, object] = {}
    if scope.name:
        found["name"] = exact.text(scope.name, "the name of its scope", span)
    if scope.version:
        found["version"] = exact.text(scope.version, "the version of its scope", span)
    return found


def _span(span: Span) -> dict[str, object]:
    found: dict[str, object] = {
        "traceId": exact.trace_id(span.trace_id, "its trace id", span),
        "spanId": exact.span_id(span.span_id, "its span id", span),
    }
    if span.parent_id is not None:
        found["parentSpanId"] = exact.span_id(span.parent_id, "its parent's id", span)
    found["name"] = exact.text(span.name, "its name", span)
    found["kind"] = KINDS[span.kind]
    if span.start is not None:
        found["startTimeUnixNano"] = str(exact.time(span.start, "its start", span))
    if span.end is not None:
        found["endTimeUnixNano"] = str(exact.time(span.end, "its end", span))
    if span.attributes:
        found["attributes"] = _attributes(span.attributes, "its", span)
    if span.events:
        found["events"] = [_event(event, span) for event in span.events]
    if span.links:
        found["links"] = [_link(link, span) for link in span.links]
    if span.status is not Status.UNSET or span.status_message:
        found["status"] = {
            **({"message": exact.text(span.status_message, "its status message", span)} if span.status_message else {}),
            "code": STATUSES[span.status],
        }
    for name, count in (
        ("droppedAttributesCount", span.dropped_attributes),
        ("droppedEventsCount", span.dropped_events),
        ("droppedLinksCount", span.dropped_links),
    ):
        if count:
            found[name] = exact.count(count, f"its `{name}`", span)
    return found


def _event(event: Event, span: Span) -> dict[str, object]:
    found: dict[str, object] = {"name": exact.text(event.name, "the name of an event", span)}
    if event.time is not None:
        found["timeUnixNano"] = str(exact.time(event.time, "the time of an event", span))
    if event.attributes:
        found["attributes"] = _attributes(event.attributes, "an event's", span)
    return found


def _link(link: Link, span: Span) -> dict[str, object]:
    found: dict[str, object] = {
        "traceId": exact.trace_id(link.trace_id, "the trace id of a link", span),
        "spanId": exact.span_id(link.span_id, "the span id of a link", span),
    }
    if link.attributes:
        found["attributes"] = _attributes(link.attributes, "a link's", span)
    return found


# --- values -------------------------------------------------------------------------------------------------------


def _attributes(values: Mapping[str, Value], whose: str, span: Span, depth: int = 0) -> list[object]:
    return [
        {
            "key": exact.text(key, f"{whose} attribute key", span),
            "value": any_value(value, f"{whose} attribute `{key}`", span, depth),
        }
        for key, value in values.items()
    ]


def any_value(value: Value, name: str, span: Span, depth: int = 0) -> dict[str, object]:
    """Return an attribute value as an `AnyValue`; ``name`` is what an error calls it."""
    match value:
        case str():
            return {"stringValue": exact.text(value, name, span)}
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(exact.integer(value, name, span))}
        case float():
            return {"doubleValue": value if math.isfinite(value) else _not_finite(value)}
        case bytes():
            return {"bytesValue": base64.b64encode(value).decode("ascii")}
        case tuple():
            if depth >= DEEPEST_VALUE:
                exact.too_deep(name, DEEPEST_VALUE, span)
            return {"arrayValue": {"values": [any_value(item, name, span, depth + 1) for item in value]}}
        case dict():
            if depth >= DEEPEST_VALUE:
                exact.too_deep(name, DEEPEST_VALUE, span)
            whose = f"in {name}, the"
            return {"kvlistValue": {"values": _attributes(value, whose, span, depth + 1)}}
        case _:
            assert_never(value)


def _not_finite(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"
