"""Spans of the OpenTelemetry SDK become the spans that their OTLP export would give."""

from __future__ import annotations

import dataclasses

import pytest
from opentelemetry import trace as otel
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from fluo_logic.errors import InputError
from fluo_logic.facts.model import Kind, Status
from fluo_logic.facts.problems import Code
from fluo_logic.facts.readers import read_traces


def exported() -> tuple[ReadableSpan, ...]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource({"service.name": "shop"}), span_limits=SpanLimits(max_attributes=3))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("lib", "1.2")
    with tracer.start_as_current_span(
        "outer", kind=otel.SpanKind.SERVER, attributes={"a": 1, "b": [1.5, 2.5]}
    ) as outer:
        link = otel.Link(outer.get_span_context(), {"why": "test"})
        with tracer.start_as_current_span("inner", links=[link]) as inner:
            inner.add_event("happened", {"x": True}, timestamp=5)
            inner.set_status(otel.Status(otel.StatusCode.ERROR, "broke"))
            for number in range(5):
                inner.set_attribute(f"k{number}", number)
    return exporter.get_finished_spans()


def test_finished_spans_are_read_exactly() -> None:
    """Ids, tree, kind, status, times, attributes, events, links, scope, resource and drops are those of the SDK."""
    finished = exported()
    found = read_traces(finished)
    outer = next(span for span in found.spans if span.name == "outer")
    inner = next(span for span in found.spans if span.name == "inner")
    context = finished[1].get_span_context()
    assert context is not None
    assert outer.key == (f"{context.trace_id:032x}", f"{context.span_id:016x}")
    assert (outer.parent_id, inner.parent_id) == (None, outer.span_id)
    assert (outer.kind, outer.attributes) == (Kind.SERVER, {"a": 1, "b": (1.5, 2.5)})
    assert (outer.start, outer.end) == (finished[1].start_time, finished[1].end_time)
    assert (inner.status, inner.status_message) == (Status.ERROR, "broke")
    assert [(event.name, event.time, event.attributes) for event in inner.events] == [("happened", 5, {"x": True})]
    assert [(*link.trace_id, link.span_id) for link in inner.links] == [(*outer.trace_id, outer.span_id)]
    assert (inner.dropped_attributes, found.dropped) == (2, 1)
    assert (inner.resource.service, inner.scope.name, inner.scope.version) == ("shop", "lib", "1.2")
    assert inner.resource is outer.resource
    assert not found.problems


def test_spans_may_be_handed_over_in_several_ways() -> None:
    """One span, spans one by one, a list and a generator in a list give the same spans."""
    finished = exported()
    whole = read_traces(finished).spans
    assert read_traces([finished]).spans == whole
    assert read_traces([span for span in finished]).spans == whole  # noqa: C416  # a list of spans, not a tuple
    assert read_traces([iter(finished)]).spans == whole
    assert len(read_traces(finished[0]).spans) == 1


def test_value_that_otlp_cannot_carry_costs_the_attribute() -> None:
    """An integer beyond 64 bits is left out and reported; a span without a context is rejected."""
    (span, _) = exported()
    odd = ReadableSpan("odd", context=span.get_span_context(), attributes={"n": 2**70, "ok": 1})
    found = read_traces([odd, ReadableSpan("nowhere")])
    assert [dict(read.attributes) for read in found.spans] == [{"ok": 1}]
    assert [problem.code for problem in found.problems] == [Code.NUMBER_INVALID, Code.ID_MISSING]


@pytest.mark.parametrize("wrong", [5, [5], None, [None], [[5]], {"a": 1}.values()])
def test_objects_that_hold_no_traces_are_a_misuse(wrong: object) -> None:
    """Only misuse raises, with a code and a hint."""
    with pytest.raises(InputError) as caught:
        read_traces(wrong)  # type: ignore[arg-type]
    assert caught.value.code == "I100"
    assert caught.value.hint


def test_unfinished_span_has_no_end() -> None:
    """A span that is still open is read without an end."""
    span = TracerProvider().get_tracer("lib").start_span("open")
    assert isinstance(span, ReadableSpan)
    (found,) = read_traces(span).spans
    assert (found.end, found.name) == (None, "open")
    assert dataclasses.is_dataclass(found)
