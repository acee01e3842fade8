"""Spans out of rows with named columns: which column is what, and a span of each row.

The names are those of fluo's own tables, of ClickHouse's ``otel_traces`` as the collector's exporter makes it, and what
people call such columns otherwise; case, dots and underscores do not matter.  A column of one attribute is named
``attributes.KEY`` or ``resource.KEY``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from fluo_logic.facts.model import NO_RESOURCE, NO_SCOPE, Event, Kind, Link, Resource, Scope, Span, Status
from fluo_logic.facts.problems import Code, ProblemLog
from fluo_logic.facts.readers import cells, scalars
from fluo_logic.facts.readers.scalars import UnreadableError, recovered, refuse_type
from fluo_logic.values import Value

T = TypeVar("T")
Row = Mapping[str, object]

FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "trace_id": ("traceid",),
    "span_id": ("spanid",),
    "parent_id": ("parentid", "parentspanid"),
    "name": ("name", "spanname", "operationname"),
    "kind": ("kind", "spankind"),
    "status": ("status", "statuscode"),
    "status_message": ("statusmessage", "statusdescription"),
    "start": ("startunixnano", "starttimeunixnano", "start", "starttime", "timestamp"),
    "end": ("endunixnano", "endtimeunixnano", "end", "endtime"),
    "duration": ("duration", "durationns", "durationnano", "durationnanos", "durationunixnano"),
    "duration_us": ("durationus", "durationmicros"),
    "duration_ms": ("durationms", "durationmillis"),
    "service": ("servicename", "service"),
    "attributes": ("attributes", "spanattributes", "tags"),
    "resource": ("resourceattributes", "resource"),
    "scope_name": ("scopename", "instrumentationscopename"),
    "scope_version": ("scopeversion", "instrumentationscopeversion"),
    "events": ("events",),
    "event_times": ("eventstimestamp", "eventstimeunixnano", "eventstime"),
    "event_names": ("eventsname",),
    "event_attributes": ("eventsattributes",),
    "links": ("links",),
    "link_traces": ("linkstraceid",),
    "link_spans": ("linksspanid",),
    "link_attributes": ("linksattributes",),
    "dropped_attributes": ("droppedattributes", "droppedattributescount"),
    "dropped_events": ("droppedevents", "droppedeventscount"),
    "dropped_links": ("droppedlinks", "droppedlinkscount"),
}
"""What a table can tell of a span, and what columns of it are called, the best name first."""
DURATION_UNITS: Final = {"duration": 1, "duration_us": 1_000, "duration_ms": 1_000_000}
NEEDED: Final = ("trace_id", "span_id")
PREFIXES: Final = (
    ("resource", ("resource.attributes.", "resourceattributes.", "resource_attributes.", "resource.")),
    ("attributes", ("span.attributes.", "spanattributes.", "span_attributes.", "attributes.", "attribute.", "attr.")),
)
PASSED_OVER: Final = frozenset(
    {"tracestate", "linkstracestate", "flags", "traceflags", "resourceschemaurl", "scopeschemaurl", "scopeattributes",
     "scopedroppedattrcount", "timestampdate", "timestamptime"}
)  # fmt: skip
"""Columns of known tables that say nothing that rules can see."""
COLUMNS_SHOWN: Final = 8


@dataclass(frozen=True, slots=True)
class Plan:
    """Which column is what: by field of `FIELDS`, by attribute key, by key of the resource."""

    fields: Mapping[str, str]
    attributes: Mapping[str, str] = field(default_factory=dict)
    resource: Mapping[str, str] = field(default_factory=dict)
    unused: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns that are read."""
        return tuple(dict.fromkeys([*self.fields.values(), *self.attributes.values(), *self.resource.values()]))


def plan(names: Sequence[str], given: Mapping[str, str] | None = None) -> Plan | None:
    """Return what the columns of a table mean, None where it cannot be one of spans.

    ``given`` tells columns by field, ``attributes.KEY`` or ``resource.KEY``, before the names are looked at.
    """
    taken = dict(given or {})
    found = {place: column for place, column in taken.items() if place in FIELDS}
    keys: dict[str, dict[str, str]] = {"attributes": {}, "resource": {}}
    for place, column in taken.items():
        if place not in FIELDS:
            space, _, key = place.partition(".")
            keys[space][key] = column
    by_name: dict[str, str] = {}
    for name in names:
        by_name.setdefault(normal(name), name)
    used = set(taken.values())
    for place, aliases in FIELDS.items():
        if place not in found:
            free = [by_name[alias] for alias in aliases if alias in by_name and by_name[alias] not in used]
            if free:
                found[place] = free[0]
                used.add(free[0])
    for name in names:
        if name not in used and (prefixed := _prefixed(name)) is not None:
            space, key = prefixed
            keys[space].setdefault(key, name)
            used.add(name)
    if not all(place in found for place in NEEDED):
        return None
    unused = tuple(name for name in names if name not in used and normal(name) not in PASSED_OVER)
    return Plan(found, keys["attributes"], keys["resource"], unused)


def normal(name: str) -> str:
    """Return a name of a column without what does not matter in it."""
    return "".join(char for char in name.lower() if char not in "._- ")


def _prefixed(name: str) -> tuple[str, str] | None:
    for space, prefixes in PREFIXES:
        for prefix in prefixes:
            if name.lower().startswith(prefix) and len(name) > len(prefix):
                return space, name[len(prefix) :]
    return None


def listed(names: Sequence[str]) -> str:
    """Return names of columns for a message."""
    shown = ", ".join(f"`{name}`" for name in names[:COLUMNS_SHOWN])
    return f"{shown}, …" if len(names) > COLUMNS_SHOWN else shown


def report_unused(found: Plan, log: ProblemLog) -> None:
    """Tell which columns are passed over, if any."""
    if found.unused:
        more = "s have" if len(found.unused) > 1 else " has"
        log.report(Code.COLUMN_UNUSED, "", f"the column{more} no meaning for spans: {listed(found.unused)}.")


# --- rows ---------------------------------------------------------------------------------------------------------


class RowReader:
    """Makes a span of each row; what cannot be read is reported with the number of the row, from 1."""

    def __init__(self, meaning: Plan, log: ProblemLog) -> None:
        """Begin before the first row."""
        self._plan = meaning
        self._log = log
        self._resources: dict[str, tuple[Resource, int]] = {}
        self.row = 0

    def read(self, rows: Iterable[Row]) -> Iterator[Span]:
        """Yield the spans of the next rows."""
        for row in rows:
            self.row += 1
            where = f"row {self.row}"
            try:
                yield self._span(row, where)
            except UnreadableError as error:
                self._log.report(error.code, where, f"the span is left out: {error.message}")

    def _cell(self, row: Row, place: str) -> object:
        column = self._plan.fields.get(place)
        return None if column is None else row.get(column)

    def _field(self, row: Row, place: str, read: Callable[[object, str], T], default: T, where: str) -> T:
        column = self._plan.fields.get(place)
        if column is None:
            return default
        return recovered(lambda: read(row.get(column), column), default, where, self._log)

    def _span(self, row: Row, where: str) -> Span:
        trace_id = scalars.trace_id(cells.identifier(self._cell(row, "trace_id"), scalars.TRACE_BYTES))
        span_id = scalars.span_id(cells.identifier(self._cell(row, "span_id"), scalars.SPAN_BYTES))
        parent_id = scalars.parent_id(cells.identifier(self._cell(row, "parent_id"), scalars.SPAN_BYTES))
        attributes, lost = self._attributes(row, "attributes", self._plan.attributes, where)
        resource, lost_resource = self._resource(row, where)
        start = self._field(row, "start", cells.instant, None, where)
        events, lost_events = self._events(row, where)
        links, lost_links = self._links(row, where)
        return Span(
            trace_id=trace_id,
            span_id=span_id,
            name=self._field(row, "name", cells.text, "", where),
            parent_id=parent_id,
            kind=self._field(row, "kind", lambda raw, _: scalars.kind(_word(raw)), Kind.UNSPECIFIED, where),
            status=self._field(row, "status", lambda raw, _: scalars.status(_word(raw)), Status.UNSET, where),
            status_message=self._field(row, "status_message", cells.text, "", where),
            start=start,
            end=self._end(row, start, where),
            attributes=attributes,
            resource=resource,
            scope=self._scope(row, where),
            events=events,
            links=links,
            dropped_attributes=lost + lost_resource + self._dropped(row, "dropped_attributes", where),
            dropped_events=lost_events + self._dropped(row, "dropped_events", where),
            dropped_links=lost_links + self._dropped(row, "dropped_links", where),
            origin=f"{self._log.name}: {where}",
        )

    def _end(self, row: Row, start: int | None, where: str) -> int | None:
        if "end" in self._plan.fields:
            return self._field(row, "end", cells.instant, None, where)
        for place, unit in DURATION_UNITS.items():
            length = self._field(row, place, cells.length, None, where)
            if length is not None and start is not None:
                end = start + length * (1 if isinstance(length, cells.Nanoseconds) else unit)
                # A span without an end, written as end less start, comes back as no end.
                return end if end > 0 else None
        return None

    def _dropped(self, row: Row, place: str, where: str) -> int:
        # Where the number cannot be read, something was dropped, if not how much.
        return self._field(row, place, _count, 1, where) if place in self._plan.fields else 0

    def _attributes(self, row: Row, place: str, single: Mapping[str, str], where: str) -> tuple[dict[str, Value], int]:
        column = self._plan.fields.get(place)
        found: dict[str, Value] = {}
        lost = 0
        if column is not None:
            found, lost = cells.attributes(row.get(column), where, column, self._log)
        for key, name in single.items():
            item = cells.present(row.get(name))
            try:
                read = cells.value(item, key)
            except UnreadableError as error:
                lost += 1
                self._log.report(error.code, where, f"the attribute is left out: {error.message}")
                continue
            if read is not None:
                found[key] = read
        return found, lost

    def _resource(self, row: Row, where: str) -> tuple[Resource, int]:
        columns = [self._plan.fields[place] for place in ("resource", "service") if place in self._plan.fields]
        text = repr([row.get(column) for column in (*columns, *self._plan.resource.values())])
        known = self._resources.get(text)
        if known is None:
            found, lost = self._attributes(row, "resource", self._plan.resource, where)
            service = self._field(row, "service", cells.text, "", where)
            if service:
                found.setdefault("service.name", service)
            known = self._resources[text] = (Resource(found) if found else NO_RESOURCE, lost)
        return known

    def _scope(self, row: Row, where: str) -> Scope:
        name = self._field(row, "scope_name", cells.text, "", where)
        version = self._field(row, "scope_version", cells.text, "", where)
        return Scope(name, version) if name or version else NO_SCOPE

    def _events(self, row: Row, where: str) -> tuple[tuple[Event, ...], int]:
        found: list[Event] = []
        lost = 0
        items, missing = self._items(row, "events", ("event_names", "event_times", "event_attributes"), where)
        for index, (name, time, attributes) in enumerate(items):
            place = f"{where}, event {index + 1}"
            try:
                text, moment = cells.text(name, "name"), cells.instant(time, "time")
            except UnreadableError as error:
                self._log.report(error.code, place, f"the event is left out: {error.message}")
                lost += 1
                continue
            values, lost_values = cells.attributes(attributes, place, "attributes", self._log)
            lost += lost_values
            found.append(Event(text, moment, values))
        return tuple(found), lost + missing

    def _links(self, row: Row, where: str) -> tuple[tuple[Link, ...], int]:
        found: list[Link] = []
        lost = 0
        items, missing = self._items(row, "links", ("link_traces", "link_spans", "link_attributes"), where)
        for index, (trace, span, attributes) in enumerate(items):
            place = f"{where}, link {index + 1}"
            try:
                trace_id = scalars.trace_id(cells.identifier(trace, scalars.TRACE_BYTES))
                span_id = scalars.span_id(cells.identifier(span, scalars.SPAN_BYTES))
            except UnreadableError as error:
                self._log.report(error.code, place, f"the link is left out: {error.message}")
                lost += 1
                continue
            found.append(Link(trace_id, span_id, cells.attributes(attributes, place, "attributes", self._log)[0]))
        return tuple(found), lost + missing

    def _items(
        self, row: Row, whole: str, parts: tuple[str, str, str], where: str
    ) -> tuple[list[tuple[object, object, object]], int]:
        """Return events or links as triples, from a column of records or from one column for each part of them."""
        try:
            if whole in self._plan.fields:
                return [_record(item, PARTS[whole]) for item in _list(self._cell(row, whole), whole)], 0
            columns = [_list(self._cell(row, part), part) for part in parts]
        except UnreadableError as error:
            self._log.report(error.code, where, error.message)
            return [], 1
        size = max(map(len, columns))
        filled = [[*column, *[None] * (size - len(column))] for column in columns]
        return list(zip(*filled, strict=True)), 0


PARTS: Final = {
    "events": (("name",), ("timeunixnano", "timestamp", "time"), ("attributes",)),
    "links": (("traceid",), ("spanid",), ("attributes",)),
}
"""What the parts of an event and of a link are called."""


def _list(raw: object, name: str) -> list[object]:
    found = cells.present(raw)
    if isinstance(found, str):
        found = cells.json_of(found, name)
    if found is None:
        return []
    if not isinstance(found, list | tuple):
        refuse_type(name, "a list", found)
    return list(found)


def _record(raw: object, parts: tuple[tuple[str, ...], ...]) -> tuple[object, object, object]:
    found = cells.plain(raw)
    if not isinstance(found, dict):
        refuse_type("record", "an object", found)
    named = {normal(str(key)): item for key, item in found.items()}
    first, second, third = (next((named[name] for name in names if name in named), None) for names in parts)
    return first, second, third


def _word(raw: object) -> object:
    """Return an enumeration's value: its name, or its number."""
    found = cells.present(raw)
    match found:
        case bytes():
            return cells.text(found, "enumeration")
        case float() if found.is_integer():
            return int(found)
        case "":
            return None
        case _:
            return found


def _count(raw: object, name: str) -> int:
    found = cells.present(raw)
    return scalars.count(found, name)
