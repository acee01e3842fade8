"""Jaeger's JSON: what its UI downloads and its query API answers, ``{"data": [{"traceID", "spans", "processes"}]}``.

Kiali answers the same, also one trace in place of the list, and lists of spans that hold their processes.
Times are microseconds.  The parent is the first CHILD_OF reference within the trace, else the first FOLLOWS_FROM one;
other references are links.  The tags ``span.kind``, ``error``, ``otel.status_code``, ``otel.status_description`` and
``otel.scope.name`` become kind, status and scope, and stay attributes.  Ids are padded to 16 or 32 digits, because
Jaeger leaves out leading zeros.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from fluo_logic.facts.model import NO_RESOURCE, NO_SCOPE, Event, Kind, Link, Resource, Scope, Span, Status
from fluo_logic.facts.problems import Code, ProblemLog
from fluo_logic.facts.readers import scalars
from fluo_logic.facts.readers.json_text import Document, Incomplete
from fluo_logic.facts.readers.scalars import UnreadableError, recovered, refuse_type
from fluo_logic.values import Value

NOTHING_FOUND: Final = "Was the right service, time and limit asked for?"
KINDS: Final = frozenset(kind.value for kind in Kind)


def recognises(value: object) -> bool:
    """Return whether a JSON document is an answer of Jaeger, or one trace of it."""
    match value:
        case {"data": [] | None, "errors": _}:
            return True
        case {"data": [*traces]}:
            return any(recognises(trace) for trace in traces)
        case {"data": {"traceID": _, "spans": _}} | {"traceID": _, "spans": _} | [{"traceID": _, "spanID": _}, *_]:
            return True
        case _:
            return False


def read(document: Document, log: ProblemLog) -> Iterator[Span]:
    """Yield the spans of a document; what cannot be read is reported."""
    place = f"line {document.line}"
    match document.value:
        case {"data": [*traces], **others}:
            _report_errors(others, place, log)
            if not traces and not others.get("errors"):
                log.report(Code.EMPTY, place, "the answer of Jaeger holds no traces.", hint=NOTHING_FOUND)
            for index, trace in enumerate(traces, document.first[0]):
                yield from _trace(trace, f"{place}, data[{index}]", log)
        case {"data": trace, **others}:
            _report_errors(others, place, log)
            if trace is not None:
                yield from _trace(trace, f"{place}, data", log)
        case [*spans]:
            yield from _trace({"spans": spans}, place, log, document.first[0])
        case trace:
            yield from _trace(trace, place, log)


def _report_errors(answer: Mapping[object, object], where: str, log: ProblemLog) -> None:
    """Tell of what the backend could not find."""
    errors = answer.get("errors")
    for error in errors if isinstance(errors, list) else ():
        told = error.get("msg") if isinstance(error, dict) else error
        log.report(Code.ANSWER_PARTIAL, where, f"the backend answered: {str(told).strip().rstrip('.')}.")


def _trace(raw: object, where: str, log: ProblemLog, first: int = 0) -> Iterator[Span]:
    if not isinstance(raw, dict):
        log.report(Code.WRONG_TYPE, where, f"the trace is {scalars.json_type(raw)} where an object is expected.")
        return
    processes = {}
    listed = raw.get("processes")
    if isinstance(listed, dict):
        processes = {key: _process(item, f"{where}.processes.{key}", log) for key, item in listed.items()}
    elif listed is not None:
        log.report(Code.WRONG_TYPE, where, f"`processes` is {scalars.json_type(listed)} where an object is expected.")
    spans = raw.get("spans")
    if spans is not None and not isinstance(spans, list):
        log.report(Code.WRONG_TYPE, where, f"`spans` is {scalars.json_type(spans)} where a list is expected.")
    for index, item in enumerate(spans if isinstance(spans, list) else (), first):
        if isinstance(item, Incomplete):
            continue  # reported when the text was read
        try:
            yield _span(item, f"{where}.spans[{index}]", processes, log)
        except UnreadableError as error:
            log.report(error.code, f"{where}.spans[{index}]", f"the span is left out: {error.message}")


def _process(raw: object, where: str, log: ProblemLog) -> Resource:
    if not isinstance(raw, dict):
        log.report(Code.WRONG_TYPE, where, f"the process is {scalars.json_type(raw)} where an object is expected.")
        return NO_RESOURCE
    found, _ = tags(raw.get("tags"), where, "tags", log)
    service = raw.get("serviceName")
    if isinstance(service, str):
        found["service.name"] = service
    return Resource(found)


def _span(raw: object, where: str, processes: Mapping[str, Resource], log: ProblemLog) -> Span:
    if not isinstance(raw, dict):
        refuse_type("span", "an object", raw)
    trace_id = scalars.padded_id(raw.get("traceID"), "trace id", scalars.TRACE_BYTES)
    span_id = scalars.padded_id(raw.get("spanID"), "span id", scalars.SPAN_BYTES)
    parent_id, links = _references(raw, trace_id)
    name = recovered(lambda: scalars.text(raw.get("operationName"), "operationName"), "", where, log)
    start = recovered(lambda: scalars.microseconds(raw.get("startTime"), "startTime"), None, where, log)
    end = recovered(lambda: scalars.end_after(start, raw.get("duration"), "duration"), None, where, log)
    attributes, lost = tags(raw.get("tags"), where, "tags", log)
    resource, lost_resource = _resource(raw, where, processes, log)
    status, message = status_of(attributes)
    events, lost_events = _events(raw.get("logs"), where, log)
    return Span(
        trace_id=trace_id,
        span_id=span_id,
        name=name,
        parent_id=parent_id,
        kind=kind_of(attributes.get("span.kind")),
        status=status,
        status_message=message,
        start=start,
        end=end,
        attributes=attributes,
        resource=resource,
        scope=scope_of(attributes),
        events=events,
        links=links,
        dropped_attributes=lost + lost_resource,
        dropped_events=lost_events,
        origin=f"{log.name}: {where}",
    )


def _references(raw: dict[str, object], trace_id: str) -> tuple[str | None, tuple[Link, ...]]:
    """Return the parent's span id and the links."""
    references = raw.get("references") or []
    if not isinstance(references, list):
        refuse_type("references", "a list", references)
    found: list[tuple[bool, Link]] = []
    for reference in references:
        if not isinstance(reference, dict):
            refuse_type("reference", "an object", reference)
        if scalars.is_zero(reference.get("spanID")):
            continue  # how some clients write a root
        link = Link(
            scalars.padded_id(reference.get("traceID"), "trace id of a reference", scalars.TRACE_BYTES),
            scalars.padded_id(reference.get("spanID"), "span id of a reference", scalars.SPAN_BYTES),
        )
        found.append((reference.get("refType") == "CHILD_OF", link))
    within = [pair for pair in found if pair[1].trace_id == trace_id]
    parent = next((pair for pair in within if pair[0]), within[0] if within else None)
    if parent is None and not scalars.is_zero(raw.get("parentSpanID")):  # of files from before references
        return scalars.padded_id(raw.get("parentSpanID"), "parent span id", scalars.SPAN_BYTES), ()
    return (
        None if parent is None else parent[1].span_id,
        tuple(pair[1] for pair in found if pair is not parent),
    )


def _resource(
    raw: dict[str, object], where: str, processes: Mapping[str, Resource], log: ProblemLog
) -> tuple[Resource, int]:
    """Return the resource of a span, and 1 if it is named but not known."""
    if raw.get("process") is not None:
        return _process(raw["process"], f"{where}.process", log), 0
    key = raw.get("processID")
    if isinstance(key, str) and key in processes:
        return processes[key], 0
    if key is None:
        return NO_RESOURCE, 0
    log.report(Code.PROCESS_UNKNOWN, where, f"the process {scalars.shown(key)} of the span is not listed.")
    return NO_RESOURCE, 1


def _events(raw: object, where: str, log: ProblemLog) -> tuple[tuple[Event, ...], int]:
    """Return the events, and how many of them or of their fields are not there."""
    if raw is None:
        return (), 0
    if not isinstance(raw, list):
        log.report(Code.WRONG_TYPE, where, f"`logs` is {scalars.json_type(raw)} where a list is expected.")
        return (), 1
    found = []
    lost = 0
    for index, item in enumerate(raw):
        place = f"{where}.logs[{index}]"
        try:
            if not isinstance(item, dict):
                refuse_type("log", "an object", item)
            time = scalars.microseconds(item.get("timestamp"), "timestamp")
        except UnreadableError as error:
            log.report(error.code, place, error.message)
            lost += 1
            continue
        values, lost_values = tags(item.get("fields"), place, "fields", log)
        lost += lost_values
        name = values.get("event")
        found.append(Event(name if isinstance(name, str) else "", time, values))
    return tuple(found), lost


# --- tags ---------------------------------------------------------------------------------------------------------


def tags(raw: object, where: str, name: str, log: ProblemLog) -> tuple[dict[str, Value], int]:
    """Return the attributes of a list of tags, and how many could not be read."""
    found: dict[str, Value] = {}
    if raw is None:
        return found, 0
    if not isinstance(raw, list):
        log.report(Code.WRONG_TYPE, where, f"`{name}` is {scalars.json_type(raw)} where a list is expected.")
        return found, 1
    lost = 0
    for index, tag in enumerate(raw):
        place = f"{where}.{name}[{index}]"
        try:
            if not isinstance(tag, dict):
                refuse_type("tag", "an object", tag)
            key = tag.get("key")
            if not isinstance(key, str):
                refuse_type("key", "a text", key)
            value = _value(tag.get("value"), tag.get("type"), key)
        except UnreadableError as error:
            lost += 1
            log.report(error.code, place, f"the attribute is left out: {error.message}")
            continue
        if value is None:
            continue
        if key in found and found[key] != value:
            log.report(Code.KEY_REPEATED, place, f"the attribute `{key}` is there twice.")
        found[key] = value
    return found, lost


def _value(raw: object, kind: object, name: str) -> Value | None:
    """Return the value of a tag, whose type its ``type`` names; without one, JSON's own type counts."""
    if raw is None:
        return None
    match kind if isinstance(kind, str) else type(raw).__name__:
        case "string" | "str":
            return scalars.text(raw, name)
        case "bool":
            if isinstance(raw, str) and raw in {"true", "false"}:
                return raw == "true"
            if not isinstance(raw, bool):
                refuse_type(name, "a Boolean", raw)
            return raw
        case "int64" | "int":
            return scalars.integer(raw, name, *scalars.INT64)
        case "float64" | "float":
            return scalars.double(raw, name)
        case "binary":
            return scalars.octets(raw, name)
        case unknown:
            raise UnreadableError(Code.VALUE_UNKNOWN, f"`{name}` has a value of the unknown type `{unknown}`.")


def kind_of(value: Value | None) -> Kind:
    """Return the kind that a ``span.kind`` tag names."""
    return Kind(value) if isinstance(value, str) and value in KINDS else Kind.UNSPECIFIED


def status_of(attributes: Mapping[str, Value]) -> tuple[Status, str]:
    """Return the status that tags tell: ``otel.status_code`` first, then a true ``error``."""
    message = attributes.get("otel.status_description")
    text = message if isinstance(message, str) else ""
    match attributes.get("otel.status_code"):
        case "OK":
            return Status.OK, text
        case "ERROR":
            return Status.ERROR, text
    return (Status.ERROR if attributes.get("error") in {True, "true"} else Status.UNSET), text


def scope_of(attributes: Mapping[str, Value]) -> Scope:
    """Return the scope that tags name."""
    name = attributes.get("otel.scope.name", attributes.get("otel.library.name"))
    version = attributes.get("otel.scope.version", attributes.get("otel.library.version"))
    if not isinstance(name, str):
        return NO_SCOPE
    return Scope(name, version if isinstance(version, str) else "")
