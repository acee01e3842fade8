"""A data set as facts: spans and traces by index, and the value of every term over a span.

Ground values are small Python objects: a trace and a span are indices into `FactStore.trace_ids` and `FactStore.spans`,
an event is a pair (span, number in the span), a text is a string.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TypeAlias

from fluo_logic.facts.dataset import Dataset, Trace
from fluo_logic.facts.model import Span, SpanKey
from fluo_logic.values import Value, canonical_text

EventRef: TypeAlias = tuple[int, int]
Ground: TypeAlias = int | str | EventRef
Row: TypeAlias = tuple[Ground, ...]


class FactStore:
    """The facts of a data set, computed when they are first asked for."""

    def __init__(self, dataset: Dataset) -> None:
        """Index ``dataset``; the order of spans and traces is the data set's own."""
        self.dataset = dataset
        self.spans: tuple[Span, ...] = dataset.spans
        self.trace_ids: tuple[str, ...] = tuple(dataset.traces)
        self.trace_index = {trace_id: index for index, trace_id in enumerate(self.trace_ids)}
        self._texts: dict[tuple[str, str], dict[str, list[int]]] = {}
        self.index: Mapping[SpanKey, int] = {span.key: index for index, span in enumerate(self.spans)}

    def trace(self, span: int) -> Trace:
        """Return the trace of a span."""
        return self.dataset.traces[self.spans[span].trace_id]

    @cached_property
    def by_name(self) -> Mapping[str, tuple[int, ...]]:
        """The spans of each name."""
        table: dict[str, list[int]] = {}
        for index, span in enumerate(self.spans):
            table.setdefault(span.name, []).append(index)
        return {name: tuple(spans) for name, spans in table.items()}

    # --- atoms ----------------------------------------------------------------------------------------------------

    def rows(self, predicate: str) -> Iterator[Row]:
        """Yield the ground tuples of a fact of `fluo_logic.facts.schema.ATOMS`; ``text`` has too many and is by key."""
        match predicate:
            case "span":
                for index, span in enumerate(self.spans):
                    yield (self.trace_index[span.trace_id], index, span.name)
            case "parent":
                yield from self.parent.items()
            case "parent_ref":
                for index, span in enumerate(self.spans):
                    if span.parent_id is not None:
                        yield (index, f"{span.trace_id}:{span.parent_id}")
            case "event":
                for index, span in enumerate(self.spans):
                    for number, event in enumerate(span.events):
                        yield (index, (index, number), event.name)
            case "link":
                for index, span in enumerate(self.spans):
                    for key in {SpanKey(link.trace_id, link.span_id) for link in span.links}:
                        if key in self.index:
                            yield (index, self.index[key])
            case _:
                message = f"not an enumerable fact: {predicate}"
                raise KeyError(message)

    @cached_property
    def parent(self) -> Mapping[int, int]:
        """The parent of each span whose parent is in the data."""
        found: dict[int, int] = {}
        for index, span in enumerate(self.spans):
            if span.parent_id is not None:
                parent = self.index.get(SpanKey(span.trace_id, span.parent_id))
                if parent is not None:
                    found[index] = parent
        return found

    # --- terms ----------------------------------------------------------------------------------------------------

    def field(self, of: Ground, space: str, key: str) -> Value | None:
        """Return the value of a field of a span (an index) or an event (a pair); None where it is missing."""
        match of:
            case int():
                span = self.spans[of]
                match space:
                    case "attribute":
                        return lookup(span, key)
                    case "resource":
                        return span.resource.attributes.get(key)
                    case _:
                        return self._intrinsic(span, key)
            case (span_index, number):
                return find(self.spans[span_index].events[number].attributes, key)
            case _:
                message = f"neither a span nor an event: {of!r}"
                raise TypeError(message)

    def text(self, of: Ground, space: str, key: str) -> str | None:
        """Return the canonical text of a field, None where it is missing."""
        value = self.field(of, space, key)
        return None if value is None else canonical_text(value)

    def texts(self, space: str, key: str) -> Mapping[str, Sequence[int]]:
        """Return the spans by the canonical text of a field, those that have it."""
        table = self._texts.get((space, key))
        if table is None:
            table = self._texts[space, key] = {}
            for index in range(len(self.spans)):
                text = self.text(index, space, key)
                if text is not None:
                    table.setdefault(text, []).append(index)
        return table

    def _intrinsic(self, span: Span, key: str) -> Value | None:
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
            case "span:start":
                return span.start
            case "span:end":
                return span.end
            case "span:duration":
                return span.duration
            case "span:root":
                return span.parent_id is None
            case "span:orphan":
                return span.span_id in self.dataset.traces[span.trace_id].orphans
            case "scope:name":
                return span.scope.name or None
            case "trace:id":
                return span.trace_id
            case _:
                message = f"not an intrinsic: {key}"
                raise KeyError(message)


def lookup(span: Span, key: str) -> Value | None:
    """Return a span's value for ``key``: its attribute, then its resource's, then a key inside a map of either."""
    value = span.attributes.get(key)
    if value is None:
        value = span.resource.attributes.get(key)
    if value is None and "." in key:
        value = inside(span.attributes, key)
        if value is None:
            value = inside(span.resource.attributes, key)
    return value


def find(attributes: Mapping[str, Value], key: str) -> Value | None:
    """Return the value of ``key``: an attribute, or else a key inside a map attribute."""
    value = attributes.get(key)
    return inside(attributes, key) if value is None and "." in key else value


def inside(attributes: Mapping[str, Value], key: str) -> Value | None:
    """Return what ``key`` reaches through a map attribute; the longest attribute name that leads there wins."""
    head, dot, tail = key.rpartition(".")
    rest = ""
    while dot:
        rest = f"{tail}.{rest}" if rest else tail
        value = attributes.get(head)
        if isinstance(value, dict):
            found = value.get(rest)
            if found is None and "." in rest:
                found = inside(value, rest)
            if found is not None:
                return found
        head, dot, tail = head.rpartition(".")
    return None
