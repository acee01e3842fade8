"""What is written is read back, whatever the spelling, and what is cut off costs only itself."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import HealthCheck, given, settings

from fluo_logic.facts.dataset import Dataset, assemble
from fluo_logic.facts.model import Event, Link, Resource, Scope, Span
from fluo_logic.facts.problems import Code
from fluo_logic.facts.readers import read_traces
from tests.readers.strategies import span_lists
from tests.readers.writing import FILES, message

TRACE = "0af7651916cd43dd8448eb211c80319c"
SMALL = [
    Span(
        TRACE,
        f"{number:016x}",
        f"step {number}",
        parent_id=f"{number - 1:016x}" if number > 1 else None,
        start=1000 + number,
        end=2000 + number,
        attributes={"text": "ü{[", "list": (1, 2.5, True), "map": {"a": b"\x00"}},
        resource=Resource({"service.name": "shop"}),
        scope=Scope("lib", "1"),
        events=(Event("e", 5, {"x": "y"}),),
        links=(Link(TRACE, f"{9:016x}"),),
    )
    for number in (1, 2, 3)
]


def without_reports(dataset: Dataset) -> Dataset:
    return dataclasses.replace(dataset, inputs=(), problems=())


@pytest.mark.parametrize("written", FILES)
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(spans=span_lists)
def test_written_spans_are_read_back(written: str, spans: list[Span]) -> None:
    """Every spelling of OTLP gives the data set of the spans that were written, and only problems of soundness."""
    found = read_traces(FILES[written](spans))
    assert without_reports(found) == without_reports(assemble(spans))
    assert {problem.code for problem in found.problems} == {problem.code for problem in assemble(spans).problems}


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(spans=span_lists)
def test_message_objects_are_read(spans: list[Span]) -> None:
    """A message object gives the same data set as its bytes."""
    data = message(spans)
    assert without_reports(read_traces(data)) == without_reports(read_traces(data.SerializeToString()))
    assert without_reports(read_traces(list(data.resource_spans))) == without_reports(assemble(spans))


@pytest.mark.parametrize("written", FILES)
def test_truncation_costs_only_what_is_cut(written: str) -> None:
    """A file that breaks off anywhere gives some of its spans unchanged, and says that it breaks off."""
    some = SMALL[:2]
    whole = FILES[written](some)
    before = 0
    for length in range(len(whole)):
        found = read_traces(whole[:length])
        assert set(found.traces) <= {TRACE}
        assert all(span in some for span in found.spans)
        assert len(found.spans) >= before
        before = len(found.spans)
        if not written.endswith(("gzip", "zstd")) and length == len(whole) - 1:
            assert len(found.spans) >= len(some) - 1
        if len(found.spans) < len(some):
            at_boundary = written in {"json-lines", "protobuf-framed", "protobuf-varint", "protobuf"} and found.spans
            assert found.problems or at_boundary
    assert read_traces(whole).spans == tuple(some)
    assert not read_traces(whole).problems


@pytest.mark.parametrize("written", ["json", "json-snake", "protobuf", "json-gzip", "protobuf-zstd"])
def test_damage_never_raises(written: str) -> None:
    """A byte that is changed anywhere never raises."""
    whole = FILES[written](SMALL[:1])
    for position in range(len(whole)):
        for byte in (0x00, 0xFF, ord('"')):
            read_traces(whole[:position] + bytes([byte]) + whole[position + 1 :])


@pytest.mark.parametrize("damaged", range(len(SMALL)))
@pytest.mark.parametrize(("written", "header"), [("json-lines", 0), ("protobuf-framed", 4), ("protobuf-varint", 2)])
def test_damage_in_one_message_keeps_the_others(written: str, header: int, damaged: int) -> None:
    """A byte that is changed anywhere in one line or one framed message costs nothing of the others."""
    parts = [FILES[written]([span]) for span in SMALL]
    begin = sum(len(part) for part in parts[:damaged]) + header
    end = begin - header + len(parts[damaged]) - 1
    whole = b"".join(parts)
    for position in range(begin, end):
        for byte in (0x00, 0xFF, ord('"')):
            found = read_traces(whole[:position] + bytes([byte]) + whole[position + 1 :])
            kept = {span.span_id for span in found.spans if span in SMALL}
            assert kept >= {span.span_id for span in SMALL if span is not SMALL[damaged]}


def test_framed_message_does_not_hide_the_next() -> None:
    """Between two messages, one of noise is reported at its byte and costs only itself."""
    first, last = (message([span]).SerializeToString() for span in (SMALL[0], SMALL[2]))
    noise = b"\x07" * 9
    found = read_traces(b"".join(len(part).to_bytes(4, "big") + part for part in (first, noise, last)))
    assert found.spans == (SMALL[0], SMALL[2])
    (problem,) = found.problems
    assert (problem.code, problem.where) == (Code.PROTOBUF_MALFORMED, f"byte {len(first) + 8}")
