"""OTLP as protobuf: a bare message, or messages framed by their lengths, and message objects.

`TracesData` and `ExportTraceServiceRequest` are the same on the wire.  The levels above the spans are walked by hand,
so that a damaged span, or data that breaks off, costs only what it touches; `opentelemetry-proto` decodes each span,
resource and scope.  The collector's file exporter frames each message by a 4-byte big-endian length, protobuf's
delimited streams by a varint.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from fluo_logic.facts.model import NO_RESOURCE, NO_SCOPE, Event, Kind, Link, Resource, Scope, Span, Status
from fluo_logic.facts.problems import Code, ProblemLog
from fluo_logic.facts.readers import scalars, wire
from fluo_logic.facts.readers.scalars import UnreadableError
from fluo_logic.values import Value

if TYPE_CHECKING:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    from opentelemetry.proto.common.v1 import common_pb2
    from opentelemetry.proto.resource.v1 import resource_pb2
    from opentelemetry.proto.trace.v1 import trace_pb2

    OtlpMessage = trace_pb2.TracesData | trace_pb2.ResourceSpans | ExportTraceServiceRequest

M = TypeVar("M")

RESOURCE_SPANS: Final = 1  # of TracesData
RESOURCE: Final = 1  # of ResourceSpans
SCOPE_SPANS: Final = frozenset({2, 1000})  # of ResourceSpans; 1000 is InstrumentationLibrarySpans of old files
SCOPE: Final = 1  # of ScopeSpans
SPANS: Final = 2  # of ScopeSpans
SCHEMA_URL: Final = 3
Shape: TypeAlias = "Mapping[int, tuple[int, Shape | None]]"
SCOPE_SPANS_SHAPE: Final[Shape] = dict.fromkeys((SCOPE, SPANS, SCHEMA_URL), (wire.LENGTH, None))
RESOURCE_SHAPE: Final[Shape] = {1: (wire.LENGTH, None), 2: (wire.VARINT, None), 3: (wire.LENGTH, None)}
BATCH_SHAPE: Final[Shape] = {
    RESOURCE: (wire.LENGTH, RESOURCE_SHAPE),
    SCHEMA_URL: (wire.LENGTH, None),
    **dict.fromkeys(SCOPE_SPANS, (wire.LENGTH, SCOPE_SPANS_SHAPE)),
}
"""The fields of `ResourceSpans` and below that detection looks at: number, wire type, and their own fields."""
LENGTH_BYTES: Final = 4
JUDGED: Final = 16  # how many messages detection looks at


class Framing(Enum):
    """How messages are strung together in a file."""

    BARE = "one message"
    BIG_ENDIAN = "messages, each after its length in 4 bytes"
    VARINT = "messages, each after its length as a varint"


def recognises(data: bytes) -> bool:
    """Return whether ``data`` begins like OTLP trace data in protobuf."""
    return framing(data) is not None


def framing(data: wire.Octets) -> Framing | None:
    """Return how the messages of ``data`` are framed, judged by the first few of them; None if it is no OTLP.

    A framing under which the first message is whole is preferred to one under which it breaks off.
    """
    for may_break_off in (False, True):
        for kind in Framing:
            filled = ((start, end) for start, end in frames(data, kind) if start < end)
            for start, end in itertools.islice(filled, 1 if may_break_off else JUDGED):
                if _is_message(data, start, end, may_break_off=may_break_off):
                    return kind
    return None


def frames(data: wire.Octets, kind: Framing) -> Iterator[tuple[int, int]]:
    """Yield where the messages lie; the last end may be behind the end of the data."""
    position = 0
    while position < len(data):
        match kind:
            case Framing.BARE:
                size = len(data)
            case Framing.BIG_ENDIAN:
                if position + LENGTH_BYTES > len(data):
                    return
                size = int.from_bytes(data[position : position + LENGTH_BYTES], "big")
                position += LENGTH_BYTES
            case Framing.VARINT:
                try:
                    size, position = wire.varint(data, position, len(data))
                except wire.WireError:
                    return
        yield position, position + size
        position += size


def _is_message(data: wire.Octets, start: int, end: int, *, may_break_off: bool) -> bool:
    """Return whether ``data[start:end]`` begins with a field that has the shape of `ResourceSpans`."""
    limit = min(end, len(data))
    try:
        first = next(wire.fields(data, start, limit), None)
    except wire.WireError:
        return False
    if first is None or (first.number, first.wire_type) != (RESOURCE_SPANS, wire.LENGTH):
        return False
    if max(end, first.end) > len(data) and not may_break_off:
        return False
    return (first.end <= end or end >= len(data)) and _fits(data, first.start, min(first.end, limit), BATCH_SHAPE)


def _fits(data: wire.Octets, start: int, end: int, shape: Shape) -> bool:
    """Return whether all fields of a message are of ``shape``; at the end of the data one may break off."""
    seen = False
    try:
        for field in wire.fields(data, start, end):
            wire_type, inner = shape.get(field.number, (None, None))
            if field.wire_type != wire_type or (field.end > end and end < len(data)):
                return False
            if inner is not None and not _fits(data, field.start, min(field.end, end), inner):
                return False
            seen = True
    except wire.WireError as error:
        return error.truncated and end == len(data) and seen
    return True


# --- from bytes ---------------------------------------------------------------------------------------------------


def read(data: bytes, log: ProblemLog) -> Iterator[Span]:
    """Yield the spans of ``data`` in any framing; what cannot be read is reported with its byte offset."""
    kind = framing(data)
    if kind is None:
        return
    reader = _Reader(data, log)
    end = 0
    for start, end in frames(data, kind):
        yield from reader.message(start, end)
    if end < len(data):
        log.report(Code.PROTOBUF_TRUNCATED, f"byte {end}", "the length of the next message breaks off.")


class _Reader:
    """Reads messages out of one buffer."""

    def __init__(self, data: bytes, log: ProblemLog) -> None:
        from opentelemetry.proto.common.v1 import common_pb2
        from opentelemetry.proto.resource.v1 import resource_pb2
        from opentelemetry.proto.trace.v1 import trace_pb2

        self._data = data
        self._log = log
        self._to_resource = resource_pb2.Resource.FromString
        self._to_scope = common_pb2.InstrumentationScope.FromString
        self._to_span = trace_pb2.Span.FromString
        self._break_reported = False

    def message(self, start: int, end: int) -> Iterator[Span]:
        """Yield the spans of the `TracesData` in ``data[start:end]``; ``end`` may be behind the end of the data."""
        breaks_off = end > len(self._data)
        for batch in self._submessages(start, end, {RESOURCE_SPANS}, "message"):
            breaks_off = breaks_off or batch.end > len(self._data)
            yield from self._batch(batch.start, batch.end)
        if breaks_off and not self._break_reported:
            self._report_break("message", start)

    def _batch(self, start: int, end: int) -> Iterator[Span]:
        resource, dropped = NO_RESOURCE, 0
        groups = []
        for field in self._submessages(start, end, {RESOURCE, *SCOPE_SPANS}, "batch"):
            if field.number in SCOPE_SPANS:
                groups.append(field)
            elif (message := self._parse(self._to_resource, field, "resource")) is None:
                dropped = 1
            else:
                resource, dropped = read_resource(message, f"byte {field.start}", self._log)
        for group in groups:
            yield from self._group(group, resource, dropped)

    def _group(self, group: wire.Field, resource: Resource, dropped: int) -> Iterator[Span]:
        scope = NO_SCOPE
        spans = []
        for field in self._submessages(group.start, group.end, {SCOPE, SPANS}, "list of spans"):
            if field.number == SPANS:
                spans.append(field)
            elif (message := self._parse(self._to_scope, field, "scope")) is not None:
                scope = Scope(message.name, message.version)
        for field in spans:
            parsed = self._parse(self._to_span, field, "span")
            if parsed is not None:
                span = read_span(parsed, f"byte {field.start}", resource, scope, dropped, self._log)
                if span is not None:
                    yield span

    def _submessages(self, start: int, end: int, numbers: AbstractSet[int], name: str) -> Iterator[wire.Field]:
        """Yield the fields of a message that are among ``numbers``; only the very last may be cut off."""
        stop = min(end, len(self._data))
        try:
            for field in wire.fields(self._data, start, stop):
                if field.end > stop and stop < len(self._data):
                    self._report_malformed(name, start, field.start)
                    return
                if field.number in numbers and field.wire_type == wire.LENGTH:
                    yield field
        except wire.WireError as error:
            if error.truncated and stop == len(self._data):
                self._report_break(name, error.position)
            else:
                self._report_malformed(name, start, error.position)

    def _parse(self, parser: Callable[[bytes], M], field: wire.Field, name: str) -> M | None:
        from google.protobuf.message import DecodeError

        if field.end > len(self._data):
            self._report_break(name, field.start)
            return None
        try:
            return parser(self._data[field.start : field.end])
        except DecodeError:
            self._log.report(
                Code.PROTOBUF_MALFORMED, f"byte {field.start}", f"the {name} that begins here cannot be read."
            )
            return None

    def _report_malformed(self, name: str, start: int, position: int) -> None:
        self._log.report(
            Code.PROTOBUF_MALFORMED,
            f"byte {position}",
            f"the rest of the {name} that begins at byte {start} cannot be read.",
        )

    def _report_break(self, name: str, position: int) -> None:
        self._break_reported = True
        self._log.report(Code.PROTOBUF_TRUNCATED, f"byte {position}", f"the {name} breaks off.")


# --- from message objects -----------------------------------------------------------------------------------------


def read_message(message: OtlpMessage, log: ProblemLog) -> Iterator[Span]:
    """Yield the spans of a `TracesData`, an `ExportTraceServiceRequest` or a `ResourceSpans`."""
    batches: Iterable[trace_pb2.ResourceSpans] = (
        message.resource_spans if hasattr(message, "resource_spans") else [message]
    )
    for number, batch in enumerate(batches):
        place = f"resource_spans[{number}]"
        resource, dropped = read_resource(batch.resource, f"{place}.resource", log)
        for index, group in enumerate(batch.scope_spans):
            scope = Scope(group.scope.name, group.scope.version)
            for position, item in enumerate(group.spans):
                where = f"{place}.scope_spans[{index}].spans[{position}]"
                span = read_span(item, where, resource, scope, dropped, log)
                if span is not None:
                    yield span


# --- records ------------------------------------------------------------------------------------------------------


def read_resource(message: resource_pb2.Resource, where: str, log: ProblemLog) -> tuple[Resource, int]:
    """Return a resource, and how many attributes of it were dropped or cannot be read."""
    found, lost = _attributes(message.attributes, where, log)
    return Resource(found), lost + message.dropped_attributes_count


def read_span(
    message: trace_pb2.Span, where: str, resource: Resource, scope: Scope, dropped: int, log: ProblemLog
) -> Span | None:
    """Return a span, None for one that cannot be identified; ``dropped`` are the attributes that its resource lost."""
    try:
        trace_id = scalars.id_from_bytes(message.trace_id, "trace id", scalars.TRACE_BYTES)
        span_id = scalars.id_from_bytes(message.span_id, "span id", scalars.SPAN_BYTES)
        parent_id = scalars.parent_id_from_bytes(message.parent_span_id)
    except UnreadableError as error:
        log.report(error.code, where, f"the span is left out: {error.message}")
        return None
    found, lost = _attributes(message.attributes, where, log)
    events, lost_events = _events(message.events, where, log) if message.events else ((), 0)
    links, lost_links = _links(message.links, where, log) if message.links else ((), 0)
    kind, status = Kind.UNSPECIFIED, Status.UNSET
    try:
        kind = scalars.kind(message.kind)
    except UnreadableError as error:
        log.report(error.code, where, error.message)
    try:
        status = scalars.status(message.status.code)
    except UnreadableError as error:
        log.report(error.code, where, error.message)
    return Span(
        trace_id=trace_id,
        span_id=span_id,
        name=message.name,
        parent_id=parent_id,
        kind=kind,
        status=status,
        status_message=message.status.message,
        start=message.start_time_unix_nano or None,
        end=message.end_time_unix_nano or None,
        attributes=found,
        resource=resource,
        scope=scope,
        events=events,
        links=links,
        dropped_attributes=dropped + lost + message.dropped_attributes_count,
        dropped_events=lost_events + message.dropped_events_count,
        dropped_links=lost_links + message.dropped_links_count,
        origin=f"{log.name}: {where}",
    )


def _events(messages: Iterable[trace_pb2.Span.Event], where: str, log: ProblemLog) -> tuple[tuple[Event, ...], int]:
    found = []
    lost = 0
    for index, message in enumerate(messages):
        values, lost_values = _attributes(message.attributes, f"{where}.events[{index}]", log)
        found.append(Event(message.name, message.time_unix_nano or None, values))
        lost += lost_values + message.dropped_attributes_count
    return tuple(found), lost


def _links(messages: Iterable[trace_pb2.Span.Link], where: str, log: ProblemLog) -> tuple[tuple[Link, ...], int]:
    found = []
    lost = 0
    for index, message in enumerate(messages):
        place = f"{where}.links[{index}]"
        try:
            trace_id = scalars.id_from_bytes(message.trace_id, "trace id", scalars.TRACE_BYTES)
            span_id = scalars.id_from_bytes(message.span_id, "span id", scalars.SPAN_BYTES)
        except UnreadableError as error:
            log.report(error.code, place, f"the link is left out: {error.message}")
            lost += 1
            continue
        found.append(Link(trace_id, span_id, _attributes(message.attributes, place, log)[0]))
    return tuple(found), lost


def _attributes(pairs: Iterable[common_pb2.KeyValue], where: str, log: ProblemLog) -> tuple[dict[str, Value], int]:
    found: dict[str, Value] = {}
    lost = 0
    for index, pair in enumerate(pairs):
        try:
            value = read_value(pair.value, pair.key)
        except UnreadableError as error:
            lost += 1
            log.report(error.code, f"{where}.attributes[{index}]", f"the attribute is left out: {error.message}")
            continue
        if value is None:
            continue
        if pair.key in found:
            log.report(Code.KEY_REPEATED, f"{where}.attributes[{index}]", f"the attribute `{pair.key}` is there twice.")
        found[pair.key] = value
    return found, lost


def read_value(message: common_pb2.AnyValue, name: str) -> Value | None:
    """Return the value, None for an empty one.  How deep values may nest, the protobuf parser has decided."""
    match message.WhichOneof("value"):
        case "string_value":
            return message.string_value
        case "int_value":
            return message.int_value
        case "bool_value":
            return message.bool_value
        case "double_value":
            return message.double_value
        case "array_value":
            items = (read_value(item, name) for item in message.array_value.values)
            return tuple(item for item in items if item is not None)
        case "kvlist_value":
            pairs = ((pair.key, read_value(pair.value, name)) for pair in message.kvlist_value.values)
            return {key: value for key, value in pairs if value is not None}
        case "bytes_value":
            return message.bytes_value
        case None if not message.ByteSize():
            return None
        case _:
            raise UnreadableError(Code.VALUE_UNKNOWN, f"`{name}` has a value of an unknown type.")
