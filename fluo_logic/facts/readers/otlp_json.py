"""OTLP as JSON: `ExportTraceServiceRequest`, `TracesData` and the wrappers that backends put around them.

Spelling is tolerant (camelCase of OTLP/JSON, snake_case of protobuf's JSON, names or numbers for enumerations, hex or
base64 ids, 64-bit numbers as texts or numbers), since exporters differ.  Unknown fields are ignored, null is absent.
Sources: opentelemetry-proto's JSON mapping; Tempo answers with ``batches`` or ``{"trace": …}``, Jaeger's v3 API with
``{"result": …}``, and files from before OTLP 0.16 have ``instrumentationLibrarySpans``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from fluo_logic.facts.model import NO_RESOURCE, NO_SCOPE, Event, Kind, Link, Resource, Scope, Span, Status
from fluo_logic.facts.problems import Code, ProblemLog
from fluo_logic.facts.readers import scalars
from fluo_logic.facts.readers.json_text import Document, Incomplete
from fluo_logic.facts.readers.pairs import gathered
from fluo_logic.facts.readers.scalars import UnreadableError, refuse_type
from fluo_logic.values import Value

BATCHES: Final = ("resourceSpans", "resource_spans", "batches")
WRAPPERS: Final = ("trace", "result")
SCOPE_BATCHES: Final = (
    "scopeSpans", "scope_spans", "instrumentationLibrarySpans", "instrumentation_library_spans",
)  # fmt: skip
SCOPES: Final = ("scope", "instrumentationLibrary", "instrumentation_library")
DEEPEST_VALUE: Final = 64
"""How deep lists and maps may be nested in an attribute value."""


def recognises(value: object) -> bool:
    """Return whether a JSON document is OTLP trace data."""
    match value:
        case dict():
            return (
                not value
                or any(key in value for key in (*BATCHES, *SCOPE_BATCHES))
                or any(recognises(value[key]) for key in WRAPPERS if value.get(key))
            )
        case list():
            return any(recognises(item) for item in value if isinstance(item, dict) and item)
        case _:
            return False


def read(document: Document, log: ProblemLog) -> Iterator[Span]:
    """Yield the spans of a document; what cannot be read is reported."""
    match document.value:
        case {"trace": _, "status": "PARTIAL" | 1, **others}:  # of Tempo's API, version 2
            told = others.get("message")
            reason = f": {told.strip().rstrip('.')}" if isinstance(told, str) and told.strip() else ""
            log.report(Code.ANSWER_PARTIAL, f"line {document.line}", f"Tempo gave only a part of the trace{reason}.")
    for batch, path in _batches(document.value, "", log, document.line, document.first[0]):
        where = f"line {document.line}, {path}" if path else f"line {document.line}"
        yield from _read_batch(batch, where, log, document.first[1:])


def _batches(value: object, path: str, log: ProblemLog, line: int, first: int = 0) -> Iterator[tuple[object, str]]:
    """Yield the batches (`ResourceSpans`) of a document with their paths."""
    prefix = f"{path}." if path else ""
    match value:
        case dict():
            if any(key in value for key in SCOPE_BATCHES):
                yield value, path
            for key in WRAPPERS:
                if key in value:
                    yield from _batches(value[key], f"{prefix}{key}", log, line)
            for key in BATCHES:
                where = f"line {line}, {prefix}{key}"
                for index, batch in enumerate(_items(value.get(key), key, where, log), first):
                    yield batch, f"{prefix}{key}[{index}]"
        case list() if not path:
            for index, item in enumerate(value, first):
                if isinstance(item, dict) and recognises(item):
                    yield from _batches(item, f"[{index}]", log, line)
                else:
                    log.report(
                        Code.WRONG_TYPE,
                        f"line {line}, [{index}]",
                        f"{scalars.json_type(item)} that is no trace data stands among documents of trace data.",
                    )
        case None:
            pass
        case _:
            log.report(
                Code.WRONG_TYPE,
                f"line {line}, {path}",
                f"{scalars.json_type(value)} stands where an object with trace data is expected.",
            )


def _items(raw: object, name: str, where: str, log: ProblemLog) -> list[object]:
    if isinstance(raw, list):
        return raw
    if raw is not None:
        _report_type(name, "a list", raw, where, log)
    return []


def _report_type(name: str, expected: str, raw: object, where: str, log: ProblemLog) -> None:
    log.report(Code.WRONG_TYPE, where, f"`{name}` is {scalars.json_type(raw)} where {expected} is expected.")


@dataclass(frozen=True, slots=True)
class _Batch:
    """What the spans of one batch share."""

    resource: Resource
    scope: Scope
    dropped: int


def _read_batch(raw: object, where: str, log: ProblemLog, first: tuple[int, int] = (0, 0)) -> Iterator[Span]:
    if not isinstance(raw, dict):
        log.report(Code.WRONG_TYPE, where, f"the batch is {scalars.json_type(raw)} where an object is expected.")
        return
    resource, dropped = _resource(raw.get("resource"), f"{where}.resource", log)
    if isinstance(raw, Incomplete) and "resource" not in raw:
        dropped = 1  # there may have been a resource
    for key in SCOPE_BATCHES:
        for index, group in enumerate(_items(raw.get(key), key, f"{where}.{key}", log), first[0]):
            place = f"{where}.{key}[{index}]"
            if not isinstance(group, dict):
                log.report(
                    Code.WRONG_TYPE, place, f"the scope's spans are {scalars.json_type(group)} instead of an object."
                )
                continue
            scope = _scope(group, place, log)
            batch = _Batch(resource, scope, dropped)
            for number, span in enumerate(_items(group.get("spans"), "spans", f"{place}.spans", log), first[1]):
                found = _span(span, f"{place}.spans[{number}]", batch, log)
                if found is not None:
                    yield found


def _resource(raw: object, where: str, log: ProblemLog) -> tuple[Resource, int]:
    if raw is None:
        return NO_RESOURCE, 0
    if not isinstance(raw, dict):
        _report_type("resource", "an object", raw, where, log)
        return NO_RESOURCE, 1
    found, lost = attributes(raw.get("attributes"), where, log)
    return Resource(found), lost + _count(raw, "droppedAttributesCount", "dropped_attributes_count", where, log)


def _scope(group: dict[str, object], where: str, log: ProblemLog) -> Scope:
    raw = next((group[key] for key in SCOPES if group.get(key) is not None), None)
    if raw is None:
        return NO_SCOPE
    try:
        if not isinstance(raw, dict):
            refuse_type("scope", "an object", raw)
        return Scope(scalars.text(raw.get("name"), "scope.name"), scalars.text(raw.get("version"), "scope.version"))
    except UnreadableError as error:
        log.report(error.code, where, error.message)
        return NO_SCOPE


# --- spans --------------------------------------------------------------------------------------------------------


def _span(raw: object, where: str, batch: _Batch, log: ProblemLog) -> Span | None:
    if not isinstance(raw, dict):
        log.report(Code.WRONG_TYPE, where, f"the span is {scalars.json_type(raw)} where an object is expected.")
        return None
    if isinstance(raw, Incomplete):
        return None  # reported when the text was read
    get = raw.get
    try:
        trace_id = scalars.trace_id(_either(raw, "traceId", "trace_id"))
        span_id = scalars.span_id(_either(raw, "spanId", "span_id"))
        parent_id = scalars.parent_id(_either(raw, "parentSpanId", "parent_span_id"))
    except UnreadableError as error:
        log.report(error.code, where, f"the span is left out: {error.message}")
        return None
    found, lost = attributes(get("attributes"), where, log)
    status, message = _status(get("status"), where, log) if get("status") else (Status.UNSET, "")
    events, lost_events = _events(get("events"), where, log) if get("events") else ((), 0)
    links, lost_links = _links(get("links"), where, log) if get("links") else ((), 0)
    return Span(
        trace_id=trace_id,
        span_id=span_id,
        name=_name(get("name"), where, log),
        parent_id=parent_id,
        kind=_kind(get("kind"), where, log),
        status=status,
        status_message=message,
        start=_time(_either(raw, "startTimeUnixNano", "start_time_unix_nano"), "startTimeUnixNano", where, log),
        end=_time(_either(raw, "endTimeUnixNano", "end_time_unix_nano"), "endTimeUnixNano", where, log),
        attributes=found,
        resource=batch.resource,
        scope=batch.scope,
        events=events,
        links=links,
        dropped_attributes=(
            batch.dropped + lost + _count(raw, "droppedAttributesCount", "dropped_attributes_count", where, log)
        ),
        dropped_events=lost_events + _count(raw, "droppedEventsCount", "dropped_events_count", where, log),
        dropped_links=lost_links + _count(raw, "droppedLinksCount", "dropped_links_count", where, log),
        origin=f"{log.name}: {where}",
    )


def _either(raw: dict[str, object], camel: str, snake: str) -> object:
    found = raw.get(camel)
    return raw.get(snake) if found is None else found


def _name(raw: object, where: str, log: ProblemLog) -> str:
    if type(raw) is str:
        return raw
    try:
        return scalars.text(raw, "name")
    except UnreadableError as error:
        log.report(error.code, where, error.message)
        return ""


def _kind(raw: object, where: str, log: ProblemLog) -> Kind:
    try:
        return scalars.kind(raw)
    except UnreadableError as error:
        log.report(error.code, where, error.message)
        return Kind.UNSPECIFIED


def _time(raw: object, name: str, where: str, log: ProblemLog) -> int | None:
    try:
        return scalars.nanoseconds(raw, name)
    except UnreadableError as error:
        log.report(error.code, where, error.message)
        return None


def _count(raw: dict[str, object], camel: str, snake: str, where: str, log: ProblemLog) -> int:
    found = _either(raw, camel, snake)
    if found is None:
        return 0
    try:
        return scalars.count(found, camel)
    except UnreadableError as error:
        log.report(error.code, where, error.message)
        return 1  # something was dropped, if not how much


def _status(raw: object, where: str, log: ProblemLog) -> tuple[Status, str]:
    code, message = Status.UNSET, ""
    try:
        if not isinstance(raw, dict):
            refuse_type("status", "an object", raw)
        message = scalars.text(raw.get("message"), "status.message")
    except UnreadableError as error:
        log.report(error.code, where, error.message)
    if isinstance(raw, dict):
        try:
            code = scalars.status(raw.get("code"))
        except UnreadableError as error:
            log.report(error.code, where, error.message)
    return code, message


def _events(raw: object, where: str, log: ProblemLog) -> tuple[tuple[Event, ...], int]:
    """Return the events, and how many of them or of their attributes are not there."""
    found = []
    lost = 0 if isinstance(raw, list) else 1
    for index, item in enumerate(_items(raw, "events", where, log)):
        place = f"{where}.events[{index}]"
        try:
            if not isinstance(item, dict):
                refuse_type("event", "an object", item)
            name = scalars.text(item.get("name"), "name")
        except UnreadableError as error:
            log.report(error.code, place, error.message)
            lost += 1
            continue
        time = _time(_either(item, "timeUnixNano", "time_unix_nano"), "timeUnixNano", place, log)
        values, lost_values = attributes(item.get("attributes"), place, log)
        lost += lost_values + _count(item, "droppedAttributesCount", "dropped_attributes_count", place, log)
        found.append(Event(name, time, values))
    return tuple(found), lost


def _links(raw: object, where: str, log: ProblemLog) -> tuple[tuple[Link, ...], int]:
    """Return the links, and how many of them are not there."""
    found = []
    lost = 0 if isinstance(raw, list) else 1
    for index, item in enumerate(_items(raw, "links", where, log)):
        place = f"{where}.links[{index}]"
        try:
            if not isinstance(item, dict):
                refuse_type("link", "an object", item)
            trace_id = scalars.trace_id(_either(item, "traceId", "trace_id"))
            span_id = scalars.span_id(_either(item, "spanId", "span_id"))
        except UnreadableError as error:
            log.report(error.code, place, f"the link is left out: {error.message}")
            lost += 1
            continue
        found.append(Link(trace_id, span_id, attributes(item.get("attributes"), place, log)[0]))
    return tuple(found), lost


# --- attributes ---------------------------------------------------------------------------------------------------


def attributes(raw: object, where: str, log: ProblemLog) -> tuple[dict[str, Value], int]:
    """Return the attributes of a list of key-value pairs, and how many could not be read.

    An attribute without a value is left out and is no problem.
    """
    if raw is None:
        return {}, 0
    if not isinstance(raw, list):
        _report_type("attributes", "a list", raw, where, log)
        return {}, 1
    return gathered(raw, _pair, lambda index: f"{where}.attributes[{index}]", log)


def _pair(pair: object, depth: int = 0) -> tuple[str, Value | None]:
    if not isinstance(pair, dict):
        refuse_type("attribute", "an object", pair)
    key = pair.get("key")
    if type(key) is not str:
        refuse_type("key", "a text", key)
    return key, any_value(pair.get("value"), key, depth)


def any_value(raw: object, name: str, depth: int = 0) -> Value | None:
    """Return the value of an `AnyValue`, None for an empty one; ``name`` is for messages."""
    if raw is None:
        return None
    if not isinstance(raw, dict):
        refuse_type(name, "an object", raw)
    unknown = None
    for kind, item in raw.items():
        reader = VALUES.get(kind)
        if reader is None:
            unknown = kind
        elif item is not None:
            return reader(item, name, depth)
    if unknown is not None:
        raise UnreadableError(Code.VALUE_UNKNOWN, f"`{name}` has a value of the unknown type `{unknown}`.")
    return None


def _boolean(raw: object, name: str, _depth: int) -> Value:
    if not isinstance(raw, bool):
        refuse_type(name, "a Boolean", raw)
    return raw


def _array(raw: object, name: str, depth: int) -> Value:
    values = _values(raw, name, depth)
    items = (any_value(item, name, depth + 1) for item in values)
    return tuple(item for item in items if item is not None)


def _map(raw: object, name: str, depth: int) -> Value:
    pairs = (_pair(pair, depth + 1) for pair in _values(raw, name, depth))
    return {key: value for key, value in pairs if value is not None}


def _values(raw: object, name: str, depth: int) -> list[object]:
    if depth >= DEEPEST_VALUE:
        raise UnreadableError(Code.TOO_DEEP, f"`{name}` is nested more than {DEEPEST_VALUE} levels deep.")
    if not isinstance(raw, dict):
        refuse_type(name, "an object with `values`", raw)
    values = raw.get("values")
    if values is None:
        return []
    if not isinstance(values, list):
        refuse_type(f"{name}.values", "a list", values)
    return values


_READERS: Final[dict[str, Callable[[object, str, int], Value]]] = {
    "string": lambda raw, name, _: scalars.text(raw, name),
    "bool": _boolean,
    "int": lambda raw, name, _: scalars.integer(raw, name, *scalars.INT64),
    "double": lambda raw, name, _: scalars.double(raw, name),
    "array": _array,
    "kvlist": _map,
    "bytes": lambda raw, name, _: scalars.octets(raw, name),
}
VALUES: Final = {f"{kind}{suffix}": reader for kind, reader in _READERS.items() for suffix in ("Value", "_value")}
"""The fields of `AnyValue` in both spellings."""
