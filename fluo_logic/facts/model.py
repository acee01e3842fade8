"""Spans as fluo sees them, whatever format they came in: OpenTelemetry's data model, exact and immutable.

Readers produce `Span`s and `Problem`s; `fluo_logic.facts.dataset` assembles them into a `Dataset` whose span ids
are unique, whose duplicates are merged and whose trees, orphans and holes are known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from fluo_logic.values import Value

NO_ATTRIBUTES: Final[Mapping[str, Value]] = MappingProxyType({})


class Kind(StrEnum):
    """The span kinds of OpenTelemetry, as rules spell them."""

    UNSPECIFIED = "unspecified"
    INTERNAL = "internal"
    SERVER = "server"
    CLIENT = "client"
    PRODUCER = "producer"
    CONSUMER = "consumer"


class Status(StrEnum):
    """The status codes of OpenTelemetry, as rules spell them."""

    UNSET = "unset"
    OK = "ok"
    ERROR = "error"


class SpanKey(NamedTuple):
    """What identifies a span in a data set.  A span id alone is unique only within its trace."""

    trace_id: str
    span_id: str


@dataclass(frozen=True, slots=True)
class Event:
    """A span event; ``time`` is in nanoseconds since the Unix epoch, None where it was not recorded."""

    name: str
    time: int | None = None
    attributes: Mapping[str, Value] = field(default_factory=lambda: NO_ATTRIBUTES)


@dataclass(frozen=True, slots=True)
class Link:
    """A span link: the span it points at, of this or another trace."""

    trace_id: str
    span_id: str
    attributes: Mapping[str, Value] = field(default_factory=lambda: NO_ATTRIBUTES)


@dataclass(frozen=True, slots=True)
class Resource:
    """What emitted a span.  One object is shared by all spans of a batch."""

    attributes: Mapping[str, Value] = field(default_factory=lambda: NO_ATTRIBUTES)

    @property
    def service(self) -> str | None:
        """The ``service.name``, None where the resource has none."""
        name = self.attributes.get("service.name")
        return name if isinstance(name, str) else None


@dataclass(frozen=True, slots=True)
class Scope:
    """The instrumentation scope of a span."""

    name: str = ""
    version: str = ""


NO_RESOURCE: Final = Resource()
NO_SCOPE: Final = Scope()


@dataclass(frozen=True, slots=True)
class Span:
    """One span.

    Ids are lower-case hexadecimal (trace 32, span 16 digits for OTLP); ``parent_id`` is None for a root.
    Times are nanoseconds since the Unix epoch; a missing, zero or negative time is None.  Empty attribute values are
    left out.  ``origin`` tells the input and the place in it, for messages.
    """

    trace_id: str
    span_id: str
    name: str
    parent_id: str | None = None
    kind: Kind = Kind.UNSPECIFIED
    status: Status = Status.UNSET
    status_message: str = ""
    start: int | None = None
    end: int | None = None
    attributes: Mapping[str, Value] = field(default_factory=lambda: NO_ATTRIBUTES)
    resource: Resource = field(default_factory=lambda: NO_RESOURCE)
    scope: Scope = field(default_factory=lambda: NO_SCOPE)
    events: tuple[Event, ...] = ()
    links: tuple[Link, ...] = ()
    dropped_attributes: int = 0
    dropped_events: int = 0
    dropped_links: int = 0
    origin: str = field(default="", compare=False)

    @property
    def key(self) -> SpanKey:
        """The identity of the span in a data set."""
        return SpanKey(self.trace_id, self.span_id)

    @property
    def duration(self) -> int | None:
        """Nanoseconds from start to end, None where either is missing."""
        return None if self.start is None or self.end is None else self.end - self.start


@dataclass(frozen=True, slots=True)
class Problem:
    """A part of an input that could not be read, or that was read but is not sound.

    ``where`` is a place a person can find: ``line 12``, ``byte 4096``, or
    ``line 3, resourceSpans[0].scopeSpans[0].spans[2]``.
    ``rejected`` is False where the record was kept all the same (a parent cycle, say).  ``count`` is more than 1
    where one problem stands for many that are not listed singly.
    """

    code: str
    input: str
    where: str
    message: str
    hint: str | None = None
    rejected: bool = True
    count: int = 1
