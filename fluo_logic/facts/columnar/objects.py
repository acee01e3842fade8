"""Spans that were read exactly, as columns: for formats and files that have no faster way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa

from fluo_logic.facts.columnar import arrow
from fluo_logic.facts.columnar.arrow import Array
from fluo_logic.facts.columnar.batch import (
    KINDS,
    STATUSES,
    Batch,
    Events,
    Links,
    Texts,
    Unusual,
    Wanted,
    of_python,
)
from fluo_logic.facts.columnar.otlp import INT64_MAX, texts
from fluo_logic.facts.model import Resource, Scope, Span
from fluo_logic.facts.store import find, lookup

SPAN_DIGITS: Final = 16
TRACE_DIGITS: Final = frozenset({16, 32})
KIND_NUMBERS: Final = {kind: number for number, kind in enumerate(KINDS)}
STATUS_NUMBERS: Final = {status: number for number, status in enumerate(STATUSES)}


def of_spans(spans: Sequence[Span], wanted: Wanted) -> Batch:
    """Return spans as a batch, in their order.

    Raises:
        Unusual: an id or a time has no place in a column.
    """
    resources: dict[int, int] = {}
    scopes: dict[int, int] = {}
    held_resources: list[Resource] = []
    held_scopes: list[Scope] = []
    for span in spans:
        if resources.setdefault(id(span.resource), len(held_resources)) == len(held_resources):
            held_resources.append(span.resource)
        if scopes.setdefault(id(span.scope), len(held_scopes)) == len(held_scopes):
            held_scopes.append(span.scope)
    return Batch(
        trace_id=arrow.of_python([_trace_id(span.trace_id) for span in spans], pa.binary()),
        span_id=_ids([span.span_id for span in spans]),
        parent_id=_ids([span.parent_id for span in spans]),
        name=_texts([span.name for span in spans]),
        kind=np.array([KIND_NUMBERS[span.kind] for span in spans], np.int8),
        status=np.array([STATUS_NUMBERS[span.status] for span in spans], np.int8),
        message=_texts([span.status_message for span in spans]),
        start=_times([span.start for span in spans]),
        end=_times([span.end for span in spans]),
        resource=np.array([resources[id(span.resource)] for span in spans], np.int64),
        resources=held_resources,
        scope=np.array([scopes[id(span.scope)] for span in spans], np.int64),
        scopes=held_scopes,
        values={key: of_python([lookup(span, key) for span in spans]) for key in wanted.attributes},
        resource_values={
            key: of_python([span.resource.attributes.get(key) for span in spans]) for key in wanted.resource
        },
        events=_events(spans, wanted),
        links=_links(spans),
    )


def _events(spans: Sequence[Span], wanted: Wanted) -> Events:
    events = [(row, event) for row, span in enumerate(spans) for event in span.events]
    return Events(
        np.array([row for row, _ in events], np.int64),
        _texts([event.name for _, event in events]),
        _times([event.time for _, event in events]),
        {key: of_python([find(event.attributes, key) for _, event in events]) for key in wanted.events},
    )


def _links(spans: Sequence[Span]) -> Links:
    links = [(row, link) for row, span in enumerate(spans) for link in span.links]
    return Links(
        np.array([row for row, _ in links], np.int64),
        arrow.of_python([_trace_id(link.trace_id) for _, link in links], pa.binary()),
        _ids([link.span_id for _, link in links]),
    )


def _texts(found: Sequence[str]) -> Texts:
    return texts(arrow.of_python(found, pa.string()))


def _times(times: Sequence[int | None]) -> Array:
    if any(time is not None and time > INT64_MAX for time in times):
        message = "a time that does not fit 63 bits"
        raise Unusual(message)
    return np.array([time or 0 for time in times], np.int64)


def _trace_id(text: str) -> bytes:
    if len(text) not in TRACE_DIGITS:
        message = f"the trace id {text!r}"
        raise Unusual(message)
    return _octets(text)


def _ids(found: Sequence[str | None]) -> Array:
    return np.array([0 if text is None else _id(text) for text in found], np.uint64)


def _id(text: str) -> int:
    if len(text) != SPAN_DIGITS:
        message = f"the span id {text!r}"
        raise Unusual(message)
    return int.from_bytes(_octets(text), "big")


def _octets(text: str) -> bytes:
    try:
        octets = bytes.fromhex(text)
    except ValueError:
        octets = b""
    if octets.hex() != text:
        message = f"the id {text!r}"
        raise Unusual(message)
    return octets
