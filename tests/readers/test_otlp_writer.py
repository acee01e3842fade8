"""What fluo writes as OTLP JSON is read as exactly what was written, and what cannot be is refused."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import pytest
from google.protobuf import json_format
from hypothesis import HealthCheck, given, settings
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from fluo_logic.errors import InputError
from fluo_logic.facts.dataset import Dataset, assemble
from fluo_logic.facts.model import Event, Link, Resource, Scope, Span, Status
from fluo_logic.facts.readers import read_traces
from fluo_logic.facts.writers import otlp_json
from fluo_logic.values import Value
from tests.readers.strategies import span_lists

TRACES = Path(__file__).parents[2] / "../shared/traces"
TRACE = "0af7651916cd43dd8448eb211c80319c"


def span(**fields: object) -> Span:
    return dataclasses.replace(Span(TRACE, f"{1:016x}", "s"), **fields)  # type: ignore[arg-type]


def written(*spans: Span) -> bytes:
    return "".join(otlp_json.lines(spans)).encode()


def content(dataset: Dataset) -> str:
    """Everything of the spans, by its text: `1 == True`, and NaN differs from itself."""
    return repr([dataclasses.replace(one, origin="") for one in dataset.spans]).replace("mappingproxy({})", "{}")


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(spans=span_lists)
def test_what_is_written_is_what_is_read(spans: list[Span]) -> None:
    """A data set is read back equal, to the types of its values and the order of keys, and is written the same."""
    dataset = assemble(spans)
    again = read_traces(written(*dataset.spans))
    assert content(again) == content(dataset)
    assert (again.traces, again.latest, again.orphans, again.dropped) == (
        dataset.traces,
        dataset.latest,
        dataset.orphans,
        dataset.dropped,
    )
    assert written(*again.spans) == written(*dataset.spans)


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(spans=span_lists)
def test_each_line_is_a_request_of_otlp(spans: list[Span]) -> None:
    """Every field and its type are those of the protocol, apart from ids, which OTLP writes as hexadecimal digits."""
    for line in otlp_json.lines(spans):
        request = json_format.Parse(line, ExportTraceServiceRequest())
        assert sum(len(group.spans) for batch in request.resource_spans for group in batch.scope_spans) == len(spans)


@pytest.mark.parametrize(
    "value",
    [
        *("", "ü\x00\u2028\ufeff😀", True, False, 1, 1.0, -0.0, 2**63 - 1, -(2**63), 5e-324, math.inf, -math.inf),
        *(math.nan, b"", b"\x00\xff", (), {}, (1, 1.0, True, "1", (), {}), {"b": {"a": ()}, "a": b"x", "": 2**53 + 1}),
    ],
    ids=repr,
)
def test_values_keep_their_types(value: Value) -> None:
    """A value of any type is read back as itself, on the span, its resource, an event and a link."""
    whole = {"key": value}
    made = span(
        attributes=whole,
        resource=Resource(whole),
        events=(Event("", None, whole), Event("e", 1)),
        links=(Link("f" * 32, "f" * 16, whole), Link(TRACE, "f" * 16)),
    )
    assert content(read_traces(written(made))) == content(assemble([made]))


@pytest.mark.parametrize(
    "fields",
    [
        {"start": None, "end": 2**64 - 1, "parent_id": f"{9:016x}"},
        {"status_message": "no code"},
        {"status": Status.ERROR},
        {"scope": Scope("", "1")},
        {"dropped_attributes": 2**32 - 1, "dropped_events": 1, "dropped_links": 2},
        {"trace_id": "00c0ffee00c0ffee"},
        {"links": (Link("00c0ffee00c0ffee", "f" * 16),)},
    ],
    ids=str,
)
def test_fields_are_read_back(fields: dict[str, object]) -> None:
    """Missing times, messages without a code, dropped counts and the 64-bit trace ids of Jaeger are kept."""
    found = read_traces(written(span(**fields)))
    assert (content(found), found.problems) == (content(assemble([span(**fields)])), ())


def test_values_that_only_look_alike_are_of_two_resources() -> None:
    """Resources that Python takes for equal stay apart."""
    made = [
        span(span_id=f"{number:016x}", resource=Resource({"key": value}))
        for number, value in enumerate((1, True, 1.0, 1), start=1)
    ]
    assert content(read_traces(written(*made))) == content(assemble(made))
    assert len(otlp_json.request(made)["resourceSpans"]) == 3  # type: ignore[arg-type]


def test_spans_of_one_scope_share_a_batch() -> None:
    """Spans are grouped by resource and scope, each of which is written once."""
    shop, bank = Resource({"service.name": "shop"}), Resource({"service.name": "bank"})
    made = [
        span(span_id=f"{number:016x}", resource=resource, scope=Scope(name))
        for number, (resource, name) in enumerate([(shop, "a"), (bank, "a"), (shop, "b"), (shop, "a")], start=1)
    ]
    batches = json.loads(written(*made))["resourceSpans"]
    assert [[len(group["spans"]) for group in batch["scopeSpans"]] for batch in batches] == [[2, 1], [1]]


def test_lines_are_of_bounded_length() -> None:
    """Many spans become several requests, written while they are made."""
    made = [span(span_id=f"{number:016x}") for number in range(1, 2 * otlp_json.SPANS_A_LINE + 2)]
    lines = list(otlp_json.lines(iter(made)))
    assert len(lines) == 3
    assert len(read_traces("".join(lines).encode()).spans) == len(made)


def test_nothing_is_a_request_without_spans() -> None:
    """Without spans there is one empty request, so that the file is one of traces."""
    found = read_traces(written())
    assert (found.spans, found.problems) == ((), ())


def test_text_can_be_ascii() -> None:
    """For an output that is not Unicode, everything is escaped."""
    made = span(name="ü😀", attributes={"ß": "\x7f"})
    text = "".join(otlp_json.lines([made], ascii_only=True))
    assert text.isascii()
    assert content(read_traces(text.encode())) == content(assemble([made]))


def nested(levels: int) -> Value:
    value: Value = ()
    for _ in range(levels - 1):
        value = (value,)
    return value


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"attributes": {"big": 2**63}}, "its attribute `big` is 9223372036854775808, which is not between"),
        ({"resource": Resource({"big": -(2**63) - 1})}, "its resource's attribute `big` is -9223372036854775809"),
        ({"start": 0}, "its start is 0, which is not between 1 and 18446744073709551615"),
        ({"end": -5}, "its end is -5"),
        ({"events": (Event("e", 2**64),)}, "the time of an event is 18446744073709551616"),
        ({"dropped_links": 2**32}, "its `droppedLinksCount` is 4294967296"),
        ({"name": "\ud800"}, "its name holds a lone surrogate"),
        ({"attributes": {"\udfff": 1}}, "its attribute key holds a lone surrogate"),
        ({"attributes": {"k": ({"m": "\udfff"},)}}, "in its attribute `k`, the attribute `m` holds a lone surrogate"),
        ({"attributes": {"deep": nested(65)}}, "its attribute `deep` is nested more than 64 levels deep"),
        ({"span_id": "ABCDEFABCDEFABCD"}, "its span id is 'ABCDEFABCDEFABCD', and not 16 lower-case"),
        ({"span_id": "0" * 16}, "its span id is '0000000000000000'"),
        ({"trace_id": "1234"}, "its trace id is '1234', and not 32 lower-case"),
        ({"parent_id": ""}, "its parent's id is ''"),
        ({"links": (Link(TRACE, "x"),)}, "the span id of a link is 'x'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_otlp_cannot_hold_is_refused(fields: dict[str, object], reason: str) -> None:
    """Nothing is rounded: the error names the span, where it came from, and what of it cannot be written."""
    made = span(**fields, origin="file: line 7")
    with pytest.raises(InputError) as caught:
        written(span(span_id=f"{2:016x}"), made)
    assert caught.value.code == "I501"
    assert f"of trace {made.trace_id} (file: line 7) cannot be written exactly: {reason}" in caught.value.message
    assert caught.value.hint is not None


def test_deepest_value_is_written() -> None:
    """A value that is as deep as the reader reads is written."""
    made = span(attributes={"deep": nested(64)})
    assert content(read_traces(written(made))) == content(assemble([made]))


@pytest.mark.skipif(not TRACES.is_dir(), reason="the real traces are not at hand")
@pytest.mark.parametrize("path", sorted(TRACES.glob("*.json*")), ids=lambda path: path.name)
def test_files_of_other_formats_are_kept(path: Path) -> None:
    """Jaeger, Zipkin, Tempo and OTLP files, written as OTLP, give the same data set."""
    dataset = read_traces(path)
    again = read_traces(written(*dataset.spans))
    assert content(again) == content(dataset)
    assert (again.traces, again.latest, again.problems) == (dataset.traces, dataset.latest, ())
