"""The spans that an example inside a rule stands for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from fluo_logic.facts.dataset import Dataset, InputSummary, assemble
from fluo_logic.facts.model import Kind, Resource, Scope, Span, Status
from fluo_logic.lang.syntax import Example, ExampleSpan, PathKind
from fluo_logic.values import Value

EPOCH: Final = 1_767_225_600 * 10**9
"""When every example begins: 2026-01-01T00:00:00Z, in nanoseconds since the Unix epoch."""
INPUT: Final = "example"


def example_spans(example: Example) -> tuple[Span, ...]:
    """Return the spans of an example: traces and spans numbered from 1, in the order they are written.

    The numbers stand in the first digits of the ids, which are the ones that proofs show.  A span without
    ``span:kind`` is internal, as the SDKs make it.  ``in "service"`` is the ``service.name`` of that span; spans
    nested in it do not inherit it.  A span at the top may name a parent that is not there with ``span:parent_id``.
    """
    numbers = _Numbers()
    return tuple(
        span
        for number, trace in enumerate(example.traces, 1)
        for top in trace
        for span in _with_children(top, f"{number:08x}{0:024x}", None, numbers)
    )


def example_dataset(example: Example) -> Dataset:
    """Return the data set of an example."""
    spans = example_spans(example)
    return assemble(spans, inputs=[InputSummary(INPUT, INPUT, len(spans))])


@dataclass(slots=True)
class _Numbers:
    last: int = 0

    def next(self) -> int:
        self.last += 1
        return self.last


@dataclass(frozen=True, slots=True)
class _Given:
    """What the assignments of a span set."""

    attributes: dict[str, Value] = field(default_factory=dict)
    resource: dict[str, Value] = field(default_factory=dict)
    intrinsics: dict[str, str] = field(default_factory=dict)


def _with_children(given: ExampleSpan, trace_id: str, parent: str | None, numbers: _Numbers) -> Iterator[Span]:
    number = numbers.next()
    span_id = f"{number:08x}{0:08x}"
    said = _assigned(given)
    yield Span(
        trace_id=trace_id,
        span_id=span_id,
        name=given.name,
        parent_id=parent or said.intrinsics.get("span:parent_id"),
        kind=Kind(said.intrinsics.get("span:kind", Kind.INTERNAL.value)),
        status=Status(said.intrinsics.get("span:status", Status.UNSET.value)),
        status_message=said.intrinsics.get("span:status_message", ""),
        start=EPOCH + given.start,
        end=None if given.end is None else EPOCH + given.end,
        attributes=said.attributes,
        resource=Resource(said.resource),
        scope=Scope(said.intrinsics.get("scope:name", "")),
        origin=f"{INPUT}: line {given.origin.line}",
    )
    for child in given.children:
        yield from _with_children(child, trace_id, span_id, numbers)


def _assigned(given: ExampleSpan) -> _Given:
    said = _Given()
    if given.service is not None:
        said.resource["service.name"] = given.service
    for item in given.attributes:
        match item.path.kind:
            case PathKind.ATTRIBUTE:
                said.attributes[item.path.key] = item.value
            case PathKind.RESOURCE:
                said.resource[item.path.key] = item.value
            case PathKind.INTRINSIC:
                said.intrinsics[item.path.key] = str(item.value)
    return said
