"""Tables that fluo wrote: their columns have types that need no conversion, so spans are made of them directly.

A row that holds anything unusual, as an edited table may, is left to `fluo_logic.facts.readers.columns`, which reads
all tables, and reports.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from fluo_logic.facts.model import NO_RESOURCE, NO_SCOPE, Event, Kind, Link, Resource, Scope, Span, Status
from fluo_logic.facts.readers import scalars
from fluo_logic.facts.readers.cells import Decoded
from fluo_logic.facts.readers.columns import RowReader
from fluo_logic.facts.readers.scalars import UnreadableError
from fluo_logic.values import Value

NAME: Final = "fluo-spans/1"
"""What the metadata of the schema say under ``schema``."""
KINDS: Final = {kind.value: kind for kind in Kind}
STATUSES: Final = {status.value: status for status in Status}


class OwnReader:
    """Makes a span of each row of a table that fluo wrote."""

    def __init__(self, reader: RowReader, name: str) -> None:
        """Keep the reader for unusual rows; ``name`` is the input's."""
        self._reader = reader
        self._name = name
        self._resources: dict[str, Resource] = {}
        self._scopes: dict[tuple[str, str], Scope] = {("", ""): NO_SCOPE}

    def read(self, rows: Iterable[Mapping[str, Any]]) -> Iterator[Span]:
        """Yield the spans of the next rows."""
        for row in rows:
            try:
                span = self._span(row)
            except (UnreadableError, KeyError, TypeError, AttributeError, ValueError):
                yield from self._reader.read([row])
                continue
            self._reader.row += 1
            yield span

    def _span(self, row: Mapping[str, Any]) -> Span:
        resource = repr(row["resource_attributes"])
        if resource not in self._resources:
            found = _decoded(row["resource_attributes"])
            self._resources[resource] = Resource(found) if found else NO_RESOURCE
        scope = (row["scope_name"], row["scope_version"])
        if scope not in self._scopes:
            self._scopes[scope] = Scope(_text(scope[0]), _text(scope[1]))
        return Span(
            trace_id=scalars.trace_id(row["trace_id"]),
            span_id=scalars.span_id(row["span_id"]),
            name=_text(row["name"]),
            parent_id=scalars.parent_id(row["parent_id"]),
            kind=KINDS[row["kind"]],
            status=STATUSES[row["status"]],
            status_message=_text(row["status_message"]),
            start=_time(row["start_unix_nano"]),
            end=_time(row["end_unix_nano"]),
            attributes=_decoded(row["attributes"]),
            resource=self._resources[resource],
            scope=self._scopes[scope],
            events=tuple(
                Event(_text(one["name"]), _time(one["time_unix_nano"]), _decoded(one["attributes"]))
                for one in row["events"]
            ),
            links=tuple(
                Link(
                    scalars.trace_id(one["trace_id"]),
                    scalars.span_id(one["span_id"]),
                    _decoded(one["attributes"]),
                )
                for one in row["links"]
            ),
            dropped_attributes=row["dropped_attributes"] + 0,
            dropped_events=row["dropped_events"] + 0,
            dropped_links=row["dropped_links"] + 0,
            origin=f"{self._name}: row {self._reader.row + 1}",
        )


def _text(raw: object) -> str:
    if not isinstance(raw, str):
        raise TypeError
    return raw


def _time(raw: object) -> int | None:
    if raw is not None and not isinstance(raw, int):
        raise TypeError
    return raw or None


def _decoded(raw: object) -> dict[str, Value]:
    if not isinstance(raw, Decoded):
        raise TypeError
    return raw
