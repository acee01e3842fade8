"""Rules on traces that other projects published as Jaeger and Zipkin files: found is what a loop over the JSON finds.

Where the files are not at hand, the tests skip themselves.
"""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import fluo_logic as fl

TRACES = Path(__file__).parents[2] / "../shared/traces"
pytestmark = pytest.mark.skipif(not TRACES.is_dir(), reason="the real traces are not at hand")

HOTELS = """
rule slow-search "A search is answered within 10 ms" {
  never { "/search.Search/Nearby".where(span:kind == server and span:duration > 10ms) }
}
rule rates-after-places "Rates are asked for when places are known" {
  when   { "/rate.Rate/GetRates".where(span:kind == client) as $rates }
  always { "/geo.Geo/Nearby".where(span:kind == client) before $rates }
}
rule profiles-at-once "Profiles are asked for within 300 us of the availability" {
  when   { "/profile.Profile/GetProfiles".where(span:kind == client) as $profiles }
  always { "/reservation.Reservation/CheckAvailability".where(span:kind == client) before $profiles within 300us }
}
rule called-by-its-client "What a service serves is a child of the call" {
  when   { "/geo.Geo/Nearby".where(span:kind == server) as $served }
  always { $served child of "/geo.Geo/Nearby".where(span:kind == client) }
}
rule five-calls "A request makes five calls" {
  always { count(*.where(span:kind == client)) == 5 }
}
"""
KAFKA = """
rule polled "A message is handled after it was polled" {
  when   { "on-message" as $handled }
  always { $handled child of poll }
}
rule sent "What is polled was sent to the topic" {
  when   { poll as $poll }
  always { $poll child of send.where(kafka.topic == $poll.kafka.topic) }
}
rule no-error "Nothing fails" {
  when  { * as $span }
  never { $span.span:status == error }
}
"""
SHARED = """
rule halves "What a service serves for another is a child of the call, and lasts no longer" {
  when   { *.where(span:kind == server and not span:root) as $served }
  always { $served child of *.where(span:kind == client) }
}
"""


@cache
def hotels() -> list[dict[str, Any]]:
    """The traces of the file as it is, each span by its name and kind."""
    answer = json.loads((TRACES / "hotelreservation.jaeger.json").read_text(encoding="utf-8"))
    traces: list[dict[str, Any]] = []
    for trace in answer["data"]:
        kinds = {id(span): tag["value"] for span in trace["spans"] for tag in span["tags"] if tag["key"] == "span.kind"}
        traces.append({f"{span['operationName']} {kinds[id(span)]}": span for span in trace["spans"]})
    return traces


def gap(before: dict[str, Any], after: dict[str, Any]) -> int:
    """Return the microseconds between two spans."""
    return int(after["startTime"] - before["startTime"] - before["duration"])


def violated(report: fl.Report) -> dict[str, int]:
    return {rule.id: rule.verdicts["violated"] for rule in report.rules}


def rules(text: str, folder: Path) -> fl.Ruleset:
    (folder / "rules.fluo").write_text(text, encoding="utf-8")
    return fl.load_rules(folder / "rules.fluo")


@pytest.mark.parametrize("engine", ["clingo", "duckdb"])
def test_hotel_reservation(engine: str, tmp_path: Path) -> None:
    """The Jaeger file has 11,000 spans in 1,000 traces; what violates each rule is what a loop finds."""
    if engine == "duckdb":
        pytest.importorskip("duckdb", reason="needs the extra duckdb")
    report = fl.check(TRACES / "hotelreservation.jaeger.json", rules(HOTELS, tmp_path), engine=engine, max_proofs=1)
    assert (report.data.spans, report.data.traces, report.data.problems) == (11_000, 1_000, ())
    expected = {
        "slow-search": sum(1 for one in hotels() if one["/search.Search/Nearby server"]["duration"] > 10_000),
        "rates-after-places": 0,
        "profiles-at-once": sum(
            1
            for one in hotels()
            if not 0
            <= gap(one["/reservation.Reservation/CheckAvailability client"], one["/profile.Profile/GetProfiles client"])
            <= 300
        ),
        "called-by-its-client": 0,
        "five-calls": 0,
    }
    assert violated(report) == expected
    assert 0 < expected["slow-search"] < 1_000
    assert 0 < expected["profiles-at-once"] < 1_000


def test_messages(tmp_path: Path) -> None:
    """The Zipkin file of Kafka has 28 spans in one trace: producers and consumers are parents and children."""
    report = fl.check(TRACES / "messaging-kafka.zipkin.json", rules(KAFKA, tmp_path))
    assert (report.data.spans, report.data.traces, report.data.problems) == (28, 1, ())
    listed = json.loads((TRACES / "messaging-kafka.zipkin.json").read_text(encoding="utf-8"))
    topics = {span["id"]: span["tags"]["kafka.topic"] for span in listed if span["name"] == "send"}
    polls = {span["id"]: span for span in listed if span["name"] == "poll"}
    handled = [span for span in listed if span["name"] == "on-message"]
    failed = [span for span in listed if "error" in span.get("tags", {})]
    found = Counter(violation.rule for violation in report.violated)
    assert found == {
        "sent": sum(1 for one in polls.values() if topics.get(one.get("parentId")) != one["tags"]["kafka.topic"]),
        "no-error": len(failed),
    }
    assert all(one["parentId"] in polls for one in handled)


@pytest.mark.parametrize(("name", "spans"), [("yelp.zipkin.json", 16), ("ascend.zipkin.json", 8)])
def test_shared_spans(name: str, spans: int, tmp_path: Path) -> None:
    """Halves that client and server report under one id are a call and what it serves."""
    report = fl.check(TRACES / name, rules(SHARED, tmp_path))
    assert (report.data.spans, report.data.traces, report.data.problems) == (spans, 1, ())
    (rule,) = report.rules
    served = sum(
        1
        for span in json.loads((TRACES / name).read_text(encoding="utf-8"))
        if span.get("kind") == "SERVER" and "parentId" in span
    )
    assert rule.obligations >= served > 0
    assert violated(report) == {"halves": 0}
