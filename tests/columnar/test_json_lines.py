"""OTLP JSON as collectors write it is read in columns; every other spelling is read as exactly as before."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from fluo_logic.facts.columnar.batch import Wanted
from fluo_logic.facts.columnar.read import Reading
from fluo_logic.facts.problems import ProblemLog
from fluo_logic.facts.readers.sources import Source
from fluo_logic.solve import registry
from tests.columnar.test_same_report import MANY, TRACE, exactly, rules_of, scanned

pytest.importorskip("duckdb")

SPAN: dict[str, Any] = {
    "traceId": TRACE,
    "spanId": f"{7:016x}",
    "parentSpanId": "",
    "flags": 257,
    "name": "step",
    "kind": 2,
    "startTimeUnixNano": "1000",
    "endTimeUnixNano": "2000",
    "attributes": [
        {"key": "number", "value": {"intValue": "12"}},
        {"key": "text", "value": {"stringValue": "ü"}},
        {"key": "list", "value": {"arrayValue": {"values": [{"stringValue": "x"}, {"intValue": "1"}]}}},
        {"key": "x", "value": {"doubleValue": 1}},
        {"key": "flag", "value": {"boolValue": True}},
        {"key": "raw", "value": {"bytesValue": "AA=="}},
        {"key": "nothing", "value": {}},
    ],
    "events": [{"timeUnixNano": "1500", "name": "e", "attributes": [{"key": "x", "value": {"stringValue": "y"}}]}],
    "links": [{"traceId": TRACE, "spanId": f"{8:016x}"}],
    "status": {"code": 2, "message": "no"},
    "droppedAttributesCount": 1,
}
OTHER: dict[str, dict[str, Any]] = {
    "identifiers in capitals": {"traceId": TRACE.upper()},
    "an identifier in base64": {"spanId": "AAAAAAAAAAc="},
    "no identifier": {"spanId": None},
    "a short identifier": {"spanId": "07"},
    "a parent of zeros": {"parentSpanId": "0" * 16},
    "a parent of one zero": {"parentSpanId": "0"},
    "a kind by name": {"kind": "SPAN_KIND_SERVER"},
    "an unknown kind": {"kind": 77},
    "times as numbers": {"startTimeUnixNano": 1000, "endTimeUnixNano": 2000},
    "no times": {"startTimeUnixNano": None, "endTimeUnixNano": ""},
    "a time of nineteen digits": {"startTimeUnixNano": "1767225600000000000"},
    "a time that does not fit": {"startTimeUnixNano": "99999999999999999999"},
    "a negative time": {"startTimeUnixNano": "-5"},
    "names of another spelling": {"start_time_unix_nano": "1000", "startTimeUnixNano": None},
    "a field that nobody knows": {"newField": 1},
    "no name": {"name": None},
    "a number as name": {"name": 5},
    "null among the attributes": {"attributes": [None]},
    "attributes that are null": {"attributes": None, "events": None, "links": None, "status": None},
    "an attribute without a key": {"attributes": [{"value": {"stringValue": "x"}}]},
    "an attribute without a value": {"attributes": [{"key": "text"}, {"key": "text", "value": None}]},
    "an attribute that is there twice": {"attributes": [{"key": "text", "value": {"stringValue": "x"}}] * 2},
    "an empty one beside a value": {
        "attributes": [{"key": "x", "value": {}}, {"key": "x", "value": {"intValue": "1"}}]
    },
    "two values": {"attributes": [{"key": "text", "value": {"stringValue": "x", "intValue": "1"}}]},
    "an unknown kind of value": {"attributes": [{"key": "text", "value": {"newValue": "x"}}]},
    "an integer as number": {"attributes": [{"key": "number", "value": {"intValue": 12}}]},
    "an integer with zeros": {"attributes": [{"key": "number", "value": {"intValue": "-007"}}]},
    "an integer that is none": {"attributes": [{"key": "number", "value": {"intValue": "1-2"}}]},
    "an integer with a sign": {"attributes": [{"key": "number", "value": {"intValue": "+2"}}]},
    "an empty integer": {"attributes": [{"key": "number", "value": {"intValue": ""}}]},
    "the largest integer": {"attributes": [{"key": "number", "value": {"intValue": "9223372036854775807"}}]},
    "no number": {"attributes": [{"key": "number", "value": {"doubleValue": "NaN"}}]},
    "a large double": {"attributes": [{"key": "number", "value": {"doubleValue": 1e308}}]},
    "a map": {"attributes": [{"key": "map", "value": {"kvlistValue": {"values": []}}}]},
    "a list in a list": {"attributes": [{"key": "list", "value": {"arrayValue": {"values": [{"arrayValue": {}}]}}}]},
    "a list of nothing": {"attributes": [{"key": "list", "value": {"arrayValue": {}}}]},
    "bytes that are none": {"attributes": [{"key": "raw", "value": {"bytesValue": "?"}}]},
    "a surrogate": {"name": "\ud800"},
    "a control character": {"name": "a\u0001b"},
    "an event without a name": {"events": [{"timeUnixNano": "5"}]},
    "a link without a span": {"links": [{"traceId": TRACE}]},
    "a negative count": {"droppedAttributesCount": -1},
    "a status by name": {"status": {"code": "STATUS_CODE_ERROR"}},
}


def document(*spans: dict[str, Any]) -> str:
    scope = {"name": "lib", "version": "1"}
    groups = [{"scope": scope, "spans": list(spans), "schemaUrl": "u"}]
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
    return json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": groups}]}) + "\n"


def sound() -> str:
    return "".join(
        document({**SPAN, "traceId": f"{number:032x}"}, {**SPAN, "spanId": f"{number:016x}"}) for number in range(9, 20)
    )


@pytest.fixture(autouse=True)
def _scanning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "SCAN_FROM_BYTES", 0)


def test_what_collectors_write_is_read_in_columns() -> None:
    """Every field that collectors write has its place in the columns: nothing of it is read span by span."""
    source = Source(ProblemLog("lines"), f"{sound()}\n{document(SPAN)}".encode())
    reading = Reading([source], Wanted())
    assert sum(len(piece.rows) for piece in reading.pieces()) == 23
    (found,) = reading.inputs
    assert found.spans is None
    assert [message.line for message in found.messages] == [*range(1, 12), 13]
    assert found.count == 23


@pytest.mark.parametrize("name", OTHER)
def test_other_spellings_are_reported_alike(name: str) -> None:
    """What the columns have no place for is read by the exact reader, with the same problems at the same places."""
    data = (sound() + document({**SPAN, **OTHER[name]})).encode()
    rules = rules_of(MANY)
    # What is no number does not equal itself.
    found, wanted = (replace(report, seconds={}) for report in (scanned(data, rules)[1], exactly(data, rules)))
    assert repr(found) == repr(wanted)


@pytest.mark.parametrize(
    "text",
    [
        document(SPAN).replace('"name": "step"', '"name": "step", "name": "other"'),
        document(SPAN).replace('"kind": 2', '"kind": 2.0'),
        document(SPAN).replace('"intValue": "12"', '"intValue": "12", "intValue": "13"'),
        document(SPAN).replace("}", "}\n"),
        document(SPAN)[:-20],
        '{"resourceSpans": null}\n{"resourceSpans": [null]}\n{}\n',
        '{"resourceSpans": [{"scopeSpans": [null, {"spans": [null]}]}]}\n',
        '{"data": []}\n',
        "not json\n",
    ],
)
def test_other_documents_are_reported_alike(text: str) -> None:
    """Repeated keys, documents over several lines, and documents that are none."""
    data = (sound() + text + document(SPAN)).encode()
    rules = rules_of(MANY)
    assert scanned(data, rules)[1] == exactly(data, rules)


def test_bytes_that_are_no_text_are_told() -> None:
    """JSON that is not UTF-8 has the problem that the exact reader tells."""
    data = (sound() + document(SPAN)).encode().replace(b'"step"', b'"st\xffep"')
    rules = rules_of(MANY)
    assert scanned(data, rules)[1] == exactly(data, rules)
