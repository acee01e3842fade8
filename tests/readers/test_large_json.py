"""Large JSON, read by windows, gives what reading it as a whole gives; here the windows are tiny instead."""

from __future__ import annotations

import dataclasses
import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from fluo_logic.facts.dataset import Dataset
from fluo_logic.facts.model import Resource, Scope, Span
from fluo_logic.facts.problems import Code, ProblemLog
from fluo_logic.facts.readers import large_json, otlp_json, read_traces
from fluo_logic.facts.writers.otlp_json import request
from tests.readers.compact import compact
from tests.readers.strategies import span_lists
from tests.readers.test_cases import CASES
from tests.readers.test_otlp_writer import TRACES, content
from tests.readers.test_round_trips import SMALL
from tests.readers.writing import FILES

JSON = [name for name in FILES if name.startswith("json") and name != "json-gzip"]
MADE = [
    dataclasses.replace(
        span, span_id=f"{number:016x}", resource=Resource({"n": number // 4}), scope=Scope(f"{number % 2}")
    )
    for number, span in enumerate(SMALL * 4, start=1)
]


@pytest.fixture
def tiny() -> Iterator[None]:
    """Everything is large, a window is 40 bytes, and a part has two spans."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(large_json, "LARGE", 0)
        patch.setattr(large_json, "WINDOW", 40)
        patch.setattr(large_json, "RECORDS", 2)
        yield


def whole(data: bytes) -> Dataset:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(large_json, "LARGE", 2**60)
        return read_traces(data)


def told(dataset: Dataset) -> tuple[str, list[str]]:
    """Everything of the spans, and where they stand."""
    return content(dataset), [span.origin for span in dataset.spans]


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("written", JSON)
@settings(
    max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture], deadline=None
)
@given(spans=span_lists)
def test_windows_change_nothing(written: str, spans: list[Span]) -> None:
    """Spans and their places are those of reading the document as a whole, whatever the spelling."""
    data = FILES[written](spans)
    assert told(read_traces(data)) == told(whole(data))


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("indent", [None, 1])
def test_parts_of_documents_tell_where_they_stand(indent: int | None) -> None:
    """Batches, groups and spans of a document that is read in parts have the numbers that they have in it."""
    data = json.dumps(request(MADE), indent=indent).encode()
    parts = list(large_json.documents(data, ProblemLog("")))
    assert len(parts) > 6
    assert told(read_traces(data)) == told(whole(data))
    assert max(part.first for part in parts)[0] == 3


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_cases_are_read_alike(case: Path) -> None:
    """Every input of the cases gives the same spans; what is wrong with it has the same codes."""
    (file,) = case.glob("input*")
    found, expected = compact(read_traces(file)), compact(whole(file.read_bytes()))
    assert found["spans"] == expected["spans"]
    codes = [sorted({problem.split()[0].rstrip(":") for problem in one["problems"]}) for one in (found, expected)]  # type: ignore[attr-defined]
    assert codes[0] == codes[1]


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize(("indent", "step"), [(None, 3), (1, 13)])
def test_truncation_costs_only_what_is_cut(indent: int | None, step: int) -> None:
    """A document that breaks off anywhere gives the spans before, and says so."""
    data = json.dumps(request(MADE[:4]), indent=indent).encode()
    for length in range(1, len(data), step):
        found, expected = read_traces(data[:length]), whole(data[:length])
        assert told(found) == told(expected), length
        assert {problem.code for problem in found.problems} == {problem.code for problem in expected.problems}, length


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize(("indent", "step"), [(None, 7), (1, 29)])
def test_damage_costs_no_more_than_in_a_small_document(indent: int | None, step: int) -> None:
    """A byte that is changed anywhere costs what it costs a document that is read as a whole."""
    data = json.dumps(request(MADE[:4]), indent=indent).encode()
    for position in range(0, len(data), step):
        for byte in (0x00, 0xFF, ord('"')):
            damaged = data[:position] + bytes([byte]) + data[position + 1 :]
            found, expected = read_traces(damaged), whole(damaged)
            assert len(found.spans) >= len(expected.spans), position
            assert found.problems or not expected.problems, position


@pytest.mark.usefixtures("tiny")
def test_lists_of_spans_break_off_like_documents() -> None:
    """A list of Zipkin's, halves of calls in different parts of it, gives the same wherever it breaks off."""
    made = [
        {"traceId": "a" * 16, "id": f"{number % 4 + 1:016x}", "name": "s", "kind": ["CLIENT", "SERVER"][number // 4]}
        for number in range(8)
    ]
    data = json.dumps(made).encode()
    for length in range(1, len(data)):
        found, expected = read_traces(data[:length]), whole(data[:length])
        assert told(found) == told(expected), length
        assert {problem.code for problem in found.problems} == {problem.code for problem in expected.problems}, length
    assert len(read_traces(data).spans) == 8


@pytest.mark.usefixtures("tiny")
def test_damage_is_told_by_its_byte() -> None:
    """Of a document that is read in parts, the place of damage is a byte."""
    data = json.dumps(request(MADE)).encode()
    where = data.index(b'"step 2"', len(data) // 2)
    (problem,) = read_traces(data[:where] + b"?" + data[where + 1 :]).problems
    assert problem.code == Code.JSON_MALFORMED
    assert problem.where.startswith("near byte ")
    assert where - 200 < int(problem.where.split()[2]) <= where


@pytest.mark.skipif(not TRACES.is_dir(), reason="the real traces are not at hand")
@pytest.mark.parametrize(
    "name",
    [
        "messaging-kafka.zipkin.json",
        "yelp.zipkin.json",
        "hotelreservation.jaeger.json",
        "bookinfo.tempo.json",
        "onlineboutique-checkout-fault.otlp.jsonl",
    ],
)
def test_real_files_are_read_alike(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of other projects are the same in windows of a fraction of them."""
    data = (TRACES / name).read_bytes()
    monkeypatch.setattr(large_json, "LARGE", 0)
    monkeypatch.setattr(large_json, "WINDOW", len(data) // 50)
    monkeypatch.setattr(large_json, "RECORDS", 3 if len(data) < 100_000 else 1000)
    assert told(read_traces(data)) == told(whole(data))


def test_memory_is_bounded_by_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """One document of several megabytes is read in a fraction of the memory that it takes as a whole."""
    monkeypatch.setattr(large_json, "WINDOW", 1 << 14)
    monkeypatch.setattr(large_json, "RECORDS", 100)
    span = request(MADE[:1])["resourceSpans"][0]["scopeSpans"][0]["spans"][0]  # type: ignore[index]
    batch = {"resource": {}, "scopeSpans": [{"scope": {"name": "lib"}, "spans": [span] * 3000}]}
    data = json.dumps({"resourceSpans": [batch]}).encode()
    log = ProblemLog("")
    tracemalloc.start()
    count = 0
    for document in large_json.documents(data, log):
        count += sum(1 for _ in otlp_json.read(document, log))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (count, log.problems()) == (3000, ())
    assert len(data) > 1_000_000
    assert peak < len(data)
