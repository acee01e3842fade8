"""What an evaluation takes for granted: the data as they are, or the data with something left open.

A condition is evaluated in up to three worlds.  In the first, the spans of the scope are all there is, and every
condition is true or false.  The two others leave something open, so that a condition may be unknown:

* *the unseen past* (for ``inconclusive``): spans that were lost may exist in the traces with a hole, an attribute,
  event or link that is missing may have been dropped, and clocks of different services may differ;
* *the future* (for ``pending``): spans that start after ``now`` may still come, but they count only inside a
  ``before``/``after … within``, where their deadline is known.

All unseen spans are represented by one abstract span, `UNSEEN`, about which everything is unknown that the present
spans do not settle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from fluo_logic.facts.model import Event, Span
from fluo_logic.lang import syntax
from fluo_logic.values import Value
from tests.oracle.possible import Anything, Exactly, Possible
from tests.oracle.tree import Forest
from tests.oracle.values import nested


@dataclass(frozen=True)
class Unseen:
    """A span that is not in the data."""


UNSEEN: Final = Unseen()
AnySpan: TypeAlias = Span | Unseen
Environment: TypeAlias = Mapping[str, AnySpan]


@dataclass(frozen=True)
class World:
    """The spans of one scope and what is left open.

    ``unseen_traces``: traces in which spans may exist that are not in the data.  ``now``: unseen spans start after
    it (the future); None: they may lie anywhere (the past).  ``has_drops``: dropped values may exist.  ``skew``:
    how far the clocks of two services may be apart, in ns.
    """

    spans: tuple[Span, ...]
    forest: Forest
    unseen_traces: frozenset[str] = frozenset()
    now: int | None = None
    has_drops: bool = False
    skew: int = 0

    @property
    def everyone(self) -> tuple[AnySpan, ...]:
        """What a variable can name."""
        return (*self.spans, UNSEEN) if self.unseen_traces else self.spans


def service_of(span: Span) -> str | None:
    service = span.resource.attributes.get("service.name")
    return service if isinstance(service, str) else None


def look_up(world: World, span: AnySpan, path: syntax.Path, event: Event | None = None) -> Possible:
    """The value of a path on a span; attributes of the event where one is given."""
    if isinstance(span, Unseen):
        return Anything()
    match path.kind:
        case syntax.PathKind.INTRINSIC:
            return Exactly(_intrinsic(world, span, path.key))
        case syntax.PathKind.RESOURCE:
            return Exactly(span.resource.attributes.get(path.key))
        case syntax.PathKind.ATTRIBUTE if event is not None:
            return Exactly(_first(event.attributes.get(path.key), nested(event.attributes, path.key)))
        case syntax.PathKind.ATTRIBUTE:
            found = attribute(span, path.key)
            if found is None and world.has_drops and span.dropped_attributes > 0:
                return Anything()
            if found is None and path.older:
                older, *rest = path.older
                return look_up(world, span, replace(path, key=older, older=tuple(rest)))
            return Exactly(found)


def attribute(span: Span, key: str) -> Value | None:
    """Span attribute, then resource attribute, then a key inside a map: of the span, then of the resource."""
    return _first(
        span.attributes.get(key),
        span.resource.attributes.get(key),
        nested(span.attributes, key),
        nested(span.resource.attributes, key),
    )


def _first(*values: Value | None) -> Value | None:
    return next((value for value in values if value is not None), None)


def _intrinsic(world: World, span: Span, key: str) -> Value | None:
    match key:
        case "span:name":
            return span.name
        case "span:id":
            return span.span_id
        case "span:parent_id":
            return span.parent_id
        case "span:kind":
            return span.kind.value
        case "span:status":
            return span.status.value
        case "span:status_message":
            return span.status_message or None
        case "span:duration":
            return None if span.start is None or span.end is None else span.end - span.start
        case "span:start":
            return span.start
        case "span:end":
            return span.end
        case "span:root":
            return span.parent_id is None
        case "span:orphan":
            return world.forest.is_orphan(span)
        case "scope:name":
            return span.scope.name or None
        case "trace:id":
            return span.trace_id
    raise AssertionError(key)
