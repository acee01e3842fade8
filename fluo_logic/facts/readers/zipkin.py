"""Zipkin's JSON, version 2: a list of spans, or a list of such lists.

Times are microseconds.  In Zipkin the client and the server of a call may report one span under one id.  Here they
become two: the server half keeps the id, so that spans below the call hang under it; the client half gets the bitwise
complement of the id and is the server half's parent.  Endpoints become ``service.name``, ``peer.service`` and the
``net.host.*`` and ``net.peer.*`` attributes.  A tag ``error`` makes the status an error, whatever its text is.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from fluo_logic.facts.model import NO_RESOURCE, Event, Kind, Resource, Span, Status
from fluo_logic.facts.problems import Code, ProblemLog
from fluo_logic.facts.readers import jaeger, scalars
from fluo_logic.facts.readers.json_text import Document, Incomplete
from fluo_logic.facts.readers.scalars import UnreadableError, recovered, refuse_type
from fluo_logic.values import Value

ENDPOINT_FIELDS: Final = {"ipv4": "ip", "ipv6": "ip", "port": "port"}


def recognises(value: object) -> bool:
    """Return whether a JSON document is a list of Zipkin spans, or a list of such lists."""
    if not isinstance(value, list):
        return False
    members = [item for group in value for item in (group if isinstance(group, list) else [group])]
    return any(isinstance(item, dict) and "traceId" in item and "id" in item for item in members)


def read(document: Document, log: ProblemLog) -> Iterator[Span]:
    """Yield the spans of a document; what cannot be read is reported."""
    found = list(_spans(document.value, f"line {document.line}, ", log, document.first[0]))
    yield from _told_apart(found)


def paired(spans: Iterable[Span]) -> Iterator[Span]:
    """Yield the spans of all the documents of an input, halves that came in different documents told apart, too."""
    yield from _told_apart([(span, span.kind is Kind.SERVER) for span in spans])


def _told_apart(halves: Sequence[tuple[Span, bool]]) -> Iterator[Span]:
    called = {span.key for span, is_server in halves if is_server}
    calling = {span.key for span, _ in halves if span.kind is Kind.CLIENT}
    for span, is_server in halves:
        if span.key in called & calling and span.kind is Kind.CLIENT:
            yield dataclasses.replace(span, span_id=_complement(span.span_id))
        elif span.key in called & calling and is_server:
            yield dataclasses.replace(span, parent_id=_complement(span.span_id))
        else:
            yield span


def _complement(span_id: str) -> str:
    return f"{int(span_id, 16) ^ (2**64 - 1):016x}"


def _spans(raw: object, where: str, log: ProblemLog, first: int = 0) -> Iterator[tuple[Span, bool]]:
    """Yield the spans as they are, each with whether it is the server's half of a call."""
    for index, item in enumerate(raw if isinstance(raw, list) else (), first):
        place = f"{where}[{index}]"
        if isinstance(item, list) and where.endswith(" "):
            yield from _spans(item, place, log)
        elif not isinstance(item, Incomplete):
            try:
                span = _span(item, place, log)
                yield span, span.kind is Kind.SERVER or (isinstance(item, dict) and item.get("shared") is True)
            except UnreadableError as error:
                log.report(error.code, place, f"the span is left out: {error.message}")


def _span(raw: object, where: str, log: ProblemLog) -> Span:
    if not isinstance(raw, dict):
        refuse_type("span", "an object", raw)
    trace_id = scalars.padded_id(raw.get("traceId"), "trace id", scalars.TRACE_BYTES)
    span_id = scalars.padded_id(raw.get("id"), "span id", scalars.SPAN_BYTES)
    parent = raw.get("parentId")
    parent_id = None if scalars.is_zero(parent) else scalars.padded_id(parent, "parent span id", scalars.SPAN_BYTES)
    name = recovered(lambda: scalars.text(raw.get("name"), "name"), "", where, log)
    kind = recovered(lambda: scalars.kind(raw.get("kind")), Kind.UNSPECIFIED, where, log)
    start = recovered(lambda: scalars.microseconds(raw.get("timestamp"), "timestamp"), None, where, log)
    end = recovered(lambda: scalars.end_after(start, raw.get("duration"), "duration"), None, where, log)
    attributes, lost = _tags(raw.get("tags"), where, log)
    service, lost_local = _endpoint(raw.get("localEndpoint"), "localEndpoint", "net.host", attributes, where, log)
    peer, lost_remote = _endpoint(raw.get("remoteEndpoint"), "remoteEndpoint", "net.peer", attributes, where, log)
    if peer:
        attributes.setdefault("peer.service", peer)
    status, message = _status(attributes)
    events, lost_events = _events(raw.get("annotations"), where, log)
    return Span(
        trace_id=trace_id,
        span_id=span_id,
        name=name,
        parent_id=parent_id,
        kind=kind,
        status=status,
        status_message=message,
        start=start,
        end=end,
        attributes=attributes,
        resource=Resource({"service.name": service}) if service else NO_RESOURCE,
        scope=jaeger.scope_of(attributes),
        events=events,
        dropped_attributes=lost + lost_local + lost_remote,
        dropped_events=lost_events,
        origin=f"{log.name}: {where}",
    )


def _tags(raw: object, where: str, log: ProblemLog) -> tuple[dict[str, Value], int]:
    found: dict[str, Value] = {}
    if raw is None:
        return found, 0
    if not isinstance(raw, dict):
        log.report(Code.WRONG_TYPE, where, f"`tags` is {scalars.json_type(raw)} where an object is expected.")
        return found, 1
    lost = 0
    for key, item in raw.items():
        if isinstance(item, str | bool | float):
            found[key] = item
        elif item is not None:
            try:
                found[key] = scalars.integer(item, key, *scalars.INT64)
            except UnreadableError as error:
                lost += 1
                log.report(error.code, f"{where}.tags", f"the attribute is left out: {error.message}")
    return found, lost


def _endpoint(  # noqa: PLR0913, PLR0917  # where to, and where from
    raw: object, name: str, prefix: str, attributes: dict[str, Value], where: str, log: ProblemLog
) -> tuple[str, int]:
    """Return the service of an endpoint and 1 if it cannot be read; add its address, without covering tags."""
    if raw is None:
        return "", 0
    if not isinstance(raw, dict):
        log.report(Code.WRONG_TYPE, where, f"`{name}` is {scalars.json_type(raw)} where an object is expected.")
        return "", 1
    for field, attribute in ENDPOINT_FIELDS.items():
        value = raw.get(field)
        if isinstance(value, str | int) and value:
            attributes.setdefault(f"{prefix}.{attribute}", value)
    return recovered(lambda: scalars.text(raw.get("serviceName"), f"{name}.serviceName"), "", where, log), 0


def _status(attributes: dict[str, Value]) -> tuple[Status, str]:
    status, message = jaeger.status_of(attributes)
    error = attributes.get("error")
    if status is Status.UNSET and error is not None and error not in {False, "false"}:
        status = Status.ERROR
        if not message and isinstance(error, str) and error != "true":
            message = error
    return status, message


def _events(raw: object, where: str, log: ProblemLog) -> tuple[tuple[Event, ...], int]:
    if raw is None:
        return (), 0
    if not isinstance(raw, list):
        log.report(Code.WRONG_TYPE, where, f"`annotations` is {scalars.json_type(raw)} where a list is expected.")
        return (), 1
    found = []
    lost = 0
    for index, item in enumerate(raw):
        try:
            if not isinstance(item, dict):
                refuse_type("annotation", "an object", item)
            time = scalars.microseconds(item.get("timestamp"), "timestamp")
            found.append(Event(scalars.text(item.get("value"), "value"), time, {}))
        except UnreadableError as error:
            lost += 1
            log.report(error.code, f"{where}.annotations[{index}]", error.message)
    return tuple(found), lost
