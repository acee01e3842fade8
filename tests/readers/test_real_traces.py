"""Traces that other projects published; where they are not at hand, the tests skip themselves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fluo_logic.facts.model import Kind
from fluo_logic.facts.readers import read_traces

TRACES = Path(__file__).parents[2] / "../shared/traces"
pytestmark = pytest.mark.skipif(not TRACES.is_dir(), reason="the real traces are not at hand")


@pytest.mark.parametrize(
    ("name", "spans", "traces", "remote"),
    [
        ("robotframework.otlp.jsonl.gz", 1066, 168, 0),
        ("robotframework-snake-case.otlp.jsonl", 67, 1, 0),
        ("onlineboutique-checkout-fault.otlp.jsonl", 23_436, 505, 0),
        ("proto-example.otlp.json", 1, 1, 1),
        ("bookinfo.tempo.json", 8, 1, 0),
        ("hotelreservation.jaeger.json", 11_000, 1_000, 0),
    ],
)
def test_real_traces_are_read_without_problems(name: str, spans: int, traces: int, remote: int) -> None:
    """Every span of a sound file is read, nothing is reported, and no tree has a hole."""
    found = read_traces(TRACES / name)
    assert (len(found.spans), len(found.traces)) == (spans, traces)
    assert sum(trace.remote_parent is not None for trace in found.traces.values()) == remote
    assert (found.problems, found.orphans, found.merged) == ((), 0, 0)
    assert not any(trace.has_hole for trace in found.traces.values())


@pytest.mark.parametrize("name", ["ascend.zipkin.json", "messaging-kafka.zipkin.json", "yelp.zipkin.json"])
def test_shared_zipkin_spans_are_told_apart(name: str) -> None:
    """Every span that is listed is a span, those that client and server share are parent and child."""
    listed = json.loads((TRACES / name).read_text(encoding="utf-8"))
    found = read_traces(TRACES / name)
    (trace,) = found.traces.values()
    assert (found.problems, found.merged) == ((), 0)
    assert len(trace.spans) == len(listed)
    ids = [span["id"] for span in listed]
    shared = {span_id for span_id in ids if ids.count(span_id) > 1}
    for span_id in shared:
        server = trace.by_id[span_id]
        client = trace.by_id[server.parent_id or ""]
        assert (client.kind, server.kind) == (Kind.CLIENT, Kind.SERVER)
        assert client.parent_id not in {span_id, client.span_id}
