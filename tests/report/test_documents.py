"""JSON documents: what they hold, and that the published schemas describe exactly that."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
from referencing import Registry, Resource

import fluo_logic as fl
from fluo_logic.explain.as_json import explanation_json, proof_json, value_json
from fluo_logic.report.as_json import report_json
from fluo_logic.values import Value
from tests.report.conftest import BIG, MISSES, PACK, ROOT, START

SCHEMAS: Final = {
    path.name: json.loads(path.read_text(encoding="utf-8")) for path in (ROOT / "schemas").glob("fluo-*.json")
}
REGISTRY: Final[Registry[Any]] = Registry().with_resources(
    (name, Resource.from_contents(schema)) for name, schema in SCHEMAS.items()
)
ADDED: Final = {"repair", "certificate", "waived_by", "in_baseline", "waivers", "baseline", "gained", "lost"}
"""Keys that a document has only where an option of the command asks for them, or a trace was found."""


def validate(document: object, schema: str) -> None:
    """Validate what is read back from the written text, as another program does."""
    written = json.loads(json.dumps(document, allow_nan=False))
    jsonschema.Draft202012Validator(SCHEMAS[schema], registry=REGISTRY).validate(written)


def kinds(document: object) -> Iterator[str]:
    if isinstance(document, dict):
        if "goal" in document:
            yield document["kind"]
        for value in document.values():
            yield from kinds(value)
    elif isinstance(document, list):
        for value in document:
            yield from kinds(value)


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_one_and_leaves_nothing_open(name: str) -> None:
    """The schemas are valid, and every object in them names its properties or the type of all of them."""
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name])

    def objects(schema: object) -> Iterator[dict[str, Any]]:
        if isinstance(schema, dict):
            if schema.get("type") == "object":
                yield schema
            for value in schema.values():
                yield from objects(value)
        elif isinstance(schema, list):
            for value in schema:
                yield from objects(value)

    found = list(objects(SCHEMAS[name]))
    assert found
    for schema in found:
        assert "additionalProperties" in schema
        required, properties = set(schema.get("required", [])), set(schema.get("properties", []))
        assert properties - ADDED <= required <= properties


def test_reports_on_every_incident_follow_the_schema(incident_files: tuple[Path, ...]) -> None:
    """The report of all case-study rules on each incident's traces, with proofs, is valid."""
    rules = fl.load_rules(PACK)
    for path in incident_files:
        document = report_json(fl.check(path, rules, max_proofs=5))
        validate(document, "fluo-report-1.json")
        assert json.loads(json.dumps(document))["data"]["spans"] > 0


def test_what_incidents_do_not_have_follows_the_schema_too(everything: tuple[fl.Report, list[fl.Explanation]]) -> None:
    """Odd values, windows, trees, lost input, pending and inconclusive verdicts, and every kind of node are valid."""
    report, explanations = everything
    documents = [report_json(report), *map(explanation_json, explanations)]
    validate(documents[0], "fluo-report-1.json")
    for document in documents[1:]:
        validate(document, "fluo-explanation-1.json")
    expected = {"given", "comparison", "negation", "all", "any", "failed", "absent", "no-branch"}
    assert {kind for document in documents for kind in kinds(document)} == expected
    verdicts = {item.verdict for item in report.violations} | {item.verdict for item in explanations}
    assert verdicts == {"violated", "pending", "inconclusive", "vacuous"} | (verdicts & {"satisfied"})


def test_a_document_that_says_more_or_less_is_refused(everything: tuple[fl.Report, list[fl.Explanation]]) -> None:
    """The schema is strict: an unknown key, a missing key or a wrong kind is an error."""
    document = report_json(everything[0])
    changes: list[dict[str, object]] = [{"extra": 1}, {"schema": "fluo-report/2"}, {"data": {}}]
    for change in changes:
        with pytest.raises(jsonschema.ValidationError):
            validate(document | change, "fluo-report-1.json")
    proof = next(violation.proof for violation in everything[0].violations if violation.proof is not None)
    validate(proof_json(proof), "fluo-proof-1.json")
    with pytest.raises(jsonschema.ValidationError):
        validate(proof_json(proof) | {"condition": {"kind": "magic"}}, "fluo-proof-1.json")


def test_a_report_says_what_was_found(everything: tuple[fl.Report, list[fl.Explanation]]) -> None:
    """Counts, scope, witness, fingerprint and lost input stand where the interface says."""
    document = json.loads(json.dumps(report_json(everything[0])))
    assert document["data"] | {"inputs": [], "rejected": []} == {
        "spans": 6, "traces": 2, "inputs": [], "duplicates": {"merged": 0, "differing": 0}, "orphans": 1,
        "rejected": [], "warnings": [],
    }  # fmt: skip
    assert document["data"]["inputs"] == [{"input": "<bytes>", "format": "OTLP JSON", "spans": 6}]
    (lost,) = document["data"]["rejected"]
    assert (lost["code"], lost["where"]) == ("I302", "line 1, resourceSpans[0].scopeSpans[0].spans[6]")
    first = document["violations"][0]
    assert first["rule"] == "values"
    assert first["scope"] == {"trace_id": f"{1:032x}"}
    assert first["witness"] == {"v": {"trace_id": f"{1:032x}", "span_id": f"{1:016x}", "name": "v", "service": None}}
    assert first["proof"]["bindings"][0]["span"]["start"] == START
    scopes = {violation["rule"]: violation["scope"] for violation in document["violations"]}
    assert scopes["windowed"] == {}
    assert scopes["ordered"].keys() <= {"user.id"}
    rule = next(rule for rule in document["rules"] if rule["id"] == "nothing")
    assert rule["verdicts"] == {"violated": 0, "inconclusive": 0, "pending": 0, "satisfied": 0, "vacuous": 2}


def test_integers_are_exact_in_the_document(everything: tuple[fl.Report, list[fl.Explanation]]) -> None:
    """A 64-bit integer attribute is written digit by digit, not as a double."""
    assert f'"value": {BIG},' in json.dumps(report_json(everything[0]), indent=1)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "null"),
        (True, "true"),
        (2**64 - 1, "18446744073709551615"),
        (4.0, "4.0"),
        (0.1, "0.1"),
        (math.nan, '"NaN"'),
        (math.inf, '"Infinity"'),
        (-math.inf, '"-Infinity"'),
        (b"\x00\x01", '"AAE="'),
        ((1, (2.5, "x"), b"\x00\x01"), '[1, [2.5, "x"], "AAE="]'),
        ({"k": (math.nan,)}, '{"k": ["NaN"]}'),
    ],
)
def test_values_keep_what_they_are(value: Value, written: str) -> None:
    """Each kind of attribute value has one way to be written, and none loses digits."""
    assert json.dumps(value_json(value), allow_nan=False) == written


@pytest.mark.parametrize("case", sorted(path.name for path in MISSES.iterdir()))
def test_a_document_is_the_same_on_every_run(case: str) -> None:
    """Nothing in a report depends on the run: no time taken, no order of a set, no path but the input's."""
    rules = fl.load_rules(PACK)
    path = MISSES / case / "trace.otlp.json"
    first, second = (json.dumps(report_json(fl.check(path, rules))) for _ in range(2))
    assert first == second
