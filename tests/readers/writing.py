"""Writes spans as OTLP in every spelling: the counterpart of the readers, for tests."""

from __future__ import annotations

import base64
import gzip
import itertools
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence

import zstandard
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from fluo_logic.facts.model import Kind, Span, Status
from fluo_logic.facts.writers import otlp_json
from fluo_logic.values import Value

KINDS = list(Kind)
STATUSES = list(Status)


def message(spans: Iterable[Span]) -> TracesData:
    """Return the spans as one message; neighbours that share resource and scope share a batch."""
    data = TracesData()
    for _, shared in itertools.groupby(spans, key=lambda span: repr((span.resource, span.scope))):
        members = list(shared)
        batch = data.resource_spans.add()
        batch.resource.attributes.extend(_pairs(members[0].resource.attributes))
        group = batch.scope_spans.add()
        group.scope.name, group.scope.version = members[0].scope.name, members[0].scope.version
        for span in members:
            _fill(group.spans.add(), span)
    return data


def _fill(found: SpanMessage, span: Span) -> None:
    found.trace_id, found.span_id = bytes.fromhex(span.trace_id), bytes.fromhex(span.span_id)
    found.parent_span_id = bytes.fromhex(span.parent_id or "")
    found.name = span.name
    found.kind = KINDS.index(span.kind)  # type: ignore[assignment]
    found.status.code = STATUSES.index(span.status)  # type: ignore[assignment]
    found.status.message = span.status_message
    found.start_time_unix_nano, found.end_time_unix_nano = span.start or 0, span.end or 0
    found.attributes.extend(_pairs(span.attributes))
    found.dropped_attributes_count = span.dropped_attributes
    found.dropped_events_count = span.dropped_events
    found.dropped_links_count = span.dropped_links
    for event in span.events:
        found.events.add(name=event.name, time_unix_nano=event.time or 0, attributes=_pairs(event.attributes))
    for link in span.links:
        found.links.add(
            trace_id=bytes.fromhex(link.trace_id),
            span_id=bytes.fromhex(link.span_id),
            attributes=_pairs(link.attributes),
        )


def _pairs(attributes: Mapping[str, Value]) -> list[KeyValue]:
    return [KeyValue(key=key, value=_any(value)) for key, value in attributes.items()]


def _any(value: Value) -> AnyValue:
    found = AnyValue()
    match value:
        case bool():
            found.bool_value = value
        case str():
            found.string_value = value
        case int():
            found.int_value = value
        case float():
            found.double_value = value
        case bytes():
            found.bytes_value = value
        case tuple():
            found.array_value.SetInParent()
            found.array_value.values.extend(_any(item) for item in value)
        case dict():
            found.kvlist_value.SetInParent()
            found.kvlist_value.values.extend(_pairs(value))
    return found


# --- JSON ---------------------------------------------------------------------------------------------------------

Naming = Callable[[str], str]


def camel(name: str) -> str:
    """Return ``spanId`` for ``span_id``."""
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


def snake(name: str) -> str:
    """Return the name as protobuf spells it."""
    return name


def document(spans: Iterable[Span], naming: Naming) -> dict[str, object]:
    """Return the spans as one JSON document; snake case comes with names for enumerations and base64 ids."""
    proto_style = naming is snake

    def encode(digits: str) -> str:
        return base64.b64encode(bytes.fromhex(digits)).decode() if proto_style else digits

    def one(span: Span) -> dict[str, object]:
        fields = {
            "trace_id": encode(span.trace_id),
            "span_id": encode(span.span_id),
            "parent_span_id": encode(span.parent_id or ""),
            "name": span.name,
            "kind": f"SPAN_KIND_{span.kind.name}" if proto_style else KINDS.index(span.kind),
            "start_time_unix_nano": str(span.start or 0),
            "end_time_unix_nano": span.end or 0 if proto_style else str(span.end or 0),
            "attributes": _json_pairs(span.attributes, naming),
            "status": {
                "code": f"STATUS_CODE_{span.status.name}" if proto_style else STATUSES.index(span.status),
                "message": span.status_message,
            },
            "events": [
                {
                    "name": event.name,
                    naming("time_unix_nano"): str(event.time or 0),
                    "attributes": _json_pairs(event.attributes, naming),
                }
                for event in span.events
            ],
            "links": [
                {
                    naming("trace_id"): encode(link.trace_id),
                    naming("span_id"): encode(link.span_id),
                    "attributes": _json_pairs(link.attributes, naming),
                }
                for link in span.links
            ],
            "dropped_attributes_count": span.dropped_attributes,
            "dropped_events_count": span.dropped_events,
            "dropped_links_count": span.dropped_links,
        }
        return {naming(name): value for name, value in fields.items()}

    return {
        naming("resource_spans"): [
            {
                "resource": {"attributes": _json_pairs(span.resource.attributes, naming)},
                naming("scope_spans"): [
                    {"scope": {"name": span.scope.name, "version": span.scope.version}, "spans": [one(span)]}
                ],
            }
            for span in spans
        ]
    }


def _json_pairs(attributes: Mapping[str, Value], naming: Naming) -> list[object]:
    return [{"key": key, "value": _json_any(value, naming)} for key, value in attributes.items()]


def _json_any(value: Value, naming: Naming) -> dict[str, object]:
    written: object
    match value:
        case bool():
            kind, written = "bool", value
        case str():
            kind, written = "string", value
        case int():
            kind, written = "int", str(value)
        case float():
            kind, written = "double", value if math.isfinite(value) else str(value).replace("inf", "Infinity")
        case bytes():
            kind, written = "bytes", base64.b64encode(value).decode()
        case tuple():
            kind, written = "array", {"values": [_json_any(item, naming) for item in value]}
        case dict():
            kind, written = "kvlist", {"values": _json_pairs(value, naming)}
    return {naming(f"{kind}_value"): written}


# --- files --------------------------------------------------------------------------------------------------------


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def _messages(spans: Sequence[Span]) -> list[bytes]:
    return [message([span]).SerializeToString() for span in spans]


FILES: dict[str, Callable[[Sequence[Span]], bytes]] = {
    "json": lambda spans: json.dumps(document(spans, camel)).encode(),
    "json-pretty": lambda spans: json.dumps(document(spans, camel), indent=1, ensure_ascii=False).encode(),
    "json-lines": lambda spans: "".join(json.dumps(document([span], camel)) + "\n" for span in spans).encode(),
    "json-snake": lambda spans: json.dumps(document(spans, snake)).encode(),
    "json-gzip": lambda spans: gzip.compress(json.dumps(document(spans, camel)).encode()),
    "json-of-fluo": lambda spans: "".join(otlp_json.lines(spans)).encode(),
    "protobuf": lambda spans: message(spans).SerializeToString(),
    "protobuf-framed": lambda spans: b"".join(len(data).to_bytes(4, "big") + data for data in _messages(spans)),
    "protobuf-varint": lambda spans: b"".join(_varint(len(data)) + data for data in _messages(spans)),
    "protobuf-zstd": lambda spans: zstandard.compress(message(spans).SerializeToString()),
}
"""Every way to write spans as bytes."""
