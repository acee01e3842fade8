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
from typing import Final, NoReturn, assert_never

from fluo_logic.errors import InputError
from fluo_logic.facts.model import Event, Link, Resource, Scope, Span, Status
from fluo_logic.facts.problems import CATALOGUE, Code
from fluo_logic.facts.readers import scalars
from fluo_logic.facts.readers.otlp_json import DEEPEST_VALUE
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
        found["name"] = _text(scope.name, "the name of its scope", span)
    if scope.version:
        found["version"] = _text(scope.version, "the version of its scope", span)
    return found


def _span(span: Span) -> dict[str, object]:
    found: dict[str, object] = {
        "traceId": _trace_id(span.trace_id, "its trace id", span),
        "spanId": _span_id(span.span_id, "its span id", span),
    }
    if span.parent_id is not None:
        found["parentSpanId"] = _span_id(span.parent_id, "its parent's id", span)
    found["name"] = _text(span.name, "its name", span)
    found["kind"] = KINDS[span.kind]
    if span.start is not None:
        found["startTimeUnixNano"] = _time(span.start, "its start", span)
    if span.end is not None:
        found["endTimeUnixNano"] = _time(span.end, "its end", span)
    if span.attributes:
        found["attributes"] = _attributes(span.attributes, "its", span)
    if span.events:
        found["events"] = [_event(event, span) for event in span.events]
    if span.links:
        found["links"] = [_link(link, span) for link in span.links]
    if span.status is not Status.UNSET or span.status_message:
        found["status"] = {
            **({"message": _text(span.status_message, "its status message", span)} if span.status_message else {}),
            "code": STATUSES[span.status],
        }
    for name, count in (
        ("droppedAttributesCount", span.dropped_attributes),
        ("droppedEventsCount", span.dropped_events),
        ("droppedLinksCount", span.dropped_links),
    ):
        if count:
            found[name] = _within(count, 1, scalars.UINT32_MAX, f"its `{name}`", span)
    return found


def _event(event: Event, span: Span) -> dict[str, object]:
    found: dict[str, object] = {"name": _text(event.name, "the name of an event", span)}
    if event.time is not None:
        found["timeUnixNano"] = _time(event.time, "the time of an event", span)
    if event.attributes:
        found["attributes"] = _attributes(event.attributes, "an event's", span)
    return found


def _link(link: Link, span: Span) -> dict[str, object]:
    found: dict[str, object] = {
        "traceId": _trace_id(link.trace_id, "the trace id of a link", span),
        "spanId": _span_id(link.span_id, "the span id of a link", span),
    }
    if link.attributes:
        found["attributes"] = _attributes(link.attributes, "a link's", span)
    return found


# --- values -------------------------------------------------------------------------------------------------------


def _attributes(values: Mapping[str, Value], whose: str, span: Span, depth: int = 0) -> list[object]:
    return [
        {
            "key": _text(key, f"{whose} attribute key", span),
            "value": _value(value, f"{whose} attribute `{key}`", span, depth),
        }
        for key, value in values.items()
    ]


def _value(value: Value, name: str, span: Span, depth: int) -> dict[str, object]:
    match value:
        case str():
            return {"stringValue": _text(value, name, span)}
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(_within(value, *scalars.INT64, name, span))}
        case float():
            return {"doubleValue": value if math.isfinite(value) else _not_finite(value)}
        case bytes():
            return {"bytesValue": base64.b64encode(value).decode("ascii")}
        case tuple():
            _check_depth(depth, name, span)
            return {"arrayValue": {"values": [_value(item, name, span, depth + 1) for item in value]}}
        case dict():
            _check_depth(depth, name, span)
            whose = f"in {name}, the"
            return {"kvlistValue": {"values": _attributes(value, whose, span, depth + 1)}}
        case _:
            assert_never(value)


def _not_finite(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _check_depth(depth: int, name: str, span: Span) -> None:
    if depth >= DEEPEST_VALUE:
        _refuse(f"{_cut(name)} is nested more than {DEEPEST_VALUE} levels deep", span)


def _text(text: str, name: str, span: Span) -> str:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            _refuse(f"{_cut(name)} holds a lone surrogate, which is no character", span)
    return text


def _time(time: int, name: str, span: Span) -> str:
    return str(_within(time, 1, scalars.UINT64_MAX, name, span))


def _within(number: int, lowest: int, highest: int, name: str, span: Span) -> int:
    if not lowest <= number <= highest:
        _refuse(f"{_cut(name)} is {scalars.shown(number)}, which is not between {lowest} and {highest}", span)
    return number


def _trace_id(digits: str, name: str, span: Span) -> str:
    short = len(digits) == 2 * scalars.SPAN_BYTES
    return _id(digits, scalars.SPAN_BYTES if short else scalars.TRACE_BYTES, name, span)


def _span_id(digits: str, name: str, span: Span) -> str:
    return _id(digits, scalars.SPAN_BYTES, name, span)


def _id(digits: str, size: int, name: str, span: Span) -> str:
    pattern = scalars.HEX_TRACE if size == scalars.TRACE_BYTES else scalars.HEX_SPAN
    if pattern.fullmatch(digits) is None or not digits.strip("0"):
        message = f"{name} is {scalars.shown(digits)}, and not {2 * size} lower-case hexadecimal digits, some not 0"
        _refuse(message, span)
    return digits


def _cut(name: str) -> str:
    """Return a name for a message at a readable length: keys may be long, and stand in each other."""
    longest = 4 * scalars.SHOWN
    return name if len(name) <= longest else f"{name[:longest]}…"


def _refuse(reason: str, span: Span) -> NoReturn:
    origin = f" ({span.origin})" if span.origin else ""
    raise InputError(
        Code.NOT_WRITABLE,
        f"the span {span.span_id} of trace {span.trace_id}{origin} cannot be written as OTLP: {reason}.",
        hint=CATALOGUE[Code.NOT_WRITABLE].hint,
    )
