"""``fluo certify --complete`` of evidence: it is accepted as it was made, and refused whatever was changed in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.evidence.conftest import RULES, TRACES

Fluo: TypeAlias = Callable[..., tuple[int, str, str]]
Change: TypeAlias = Callable[[dict[str, Any]], None]


def certify(fluo: Fluo, document: object, rules: str = "rules.fluo", traces: str = "bad.json") -> tuple[int, str]:
    Path("changed.json").write_text(json.dumps(document), encoding="utf-8")
    status, out, _ = fluo("certify", "changed.json", rules, "--traces", traces, "--complete")
    return status, out


def test_evidence_is_certified_as_it_was_made(bad: dict[str, Any], fluo: Fluo) -> None:
    """With the files that it names, every obligation of every rule of its controls is accepted."""
    status, out = certify(fluo, bad)
    assert status == 0
    assert "export-logged: 1 fails, 1 satisfied" in out
    assert out.splitlines()[-1].startswith("certified: ")


def test_evidence_for_some_controls_is_complete_for_those(fluo: Fluo) -> None:
    """Rules of other controls, and those without one, may stand in the files."""
    words = ("--control", "SOC2:CC7.2", "--format", "json=evidence.json")
    fluo("evidence", "rules.fluo", "--traces", "bad.json", *words)
    assert certify(fluo, json.loads(Path("evidence.json").read_text(encoding="utf-8")))[0] == 0


def test_evidence_on_another_format_is_certified(fluo: Fluo) -> None:
    """What the checker cannot read itself it reads through the OTLP that fluo writes, and both say so."""
    span = {"traceId": "1" * 32, "id": "2" * 16, "name": "login", "timestamp": 1_700_000_000_000_000, "duration": 9}
    Path("zipkin.json").write_text(json.dumps([span]), encoding="utf-8")
    words = ("--control", "SOC2:CC6.10", "--format", "json=evidence.json")
    assert fluo("evidence", "rules.fluo", "--traces", "zipkin.json", *words)[0] == 1
    document = json.loads(Path("evidence.json").read_text(encoding="utf-8"))
    assert document["recheck"]["through_otlp"]
    assert certify(fluo, document, traces="zipkin.json")[0] == 0


def test_lost_input_cannot_be_kept_back(fluo: Fluo) -> None:
    """Evidence on a file that could not be read in part is certified as long as it says so."""
    words = ("--control", "GDPR", "--format", "json=evidence.json")
    assert fluo("evidence", "rules.fluo", "--traces", "partly.json", *words)[0] == 3
    document = json.loads(Path("evidence.json").read_text(encoding="utf-8"))
    assert certify(fluo, document, traces="partly.json")[0] == 0
    del document["data"]["rejected"][0]
    status, out = certify(fluo, document, traces="partly.json")
    assert status == 1
    assert "it does not tell of all that could not be read: 1 part of the traces" in out


def entry(document: dict[str, Any], key: str, **values: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in document[key] if all(one[name] == values[name] for name in values))
    return found


def _claim(document: dict[str, Any]) -> None:
    entry(document["certificate"], "claims", claim="fails")["claim"] = "satisfied"


def _counts(document: dict[str, Any]) -> None:
    control = entry(document, "controls", control="SOC2:CC7.2")
    control["obligations"] |= {"satisfied": 2, "violated": 0}
    control["outcome"] = "satisfied"


def _counts_of_rule(document: dict[str, Any]) -> None:
    entry(document, "rules", id="export-logged")["obligations"]["total"] = 20


def _outcome(document: dict[str, Any]) -> None:
    entry(document, "controls", control="PCI-DSS:3.7.4")["outcome"] = "satisfied"


def _violation_left_out(document: dict[str, Any]) -> None:
    document["violations"].remove(entry(document, "violations", verdict="violated"))


def _rule_left_out_of_a_control(document: dict[str, Any]) -> None:
    entry(document, "controls", control="SOC2:CC7.2")["rules"].remove("export-logged")


def _rule_left_out(document: dict[str, Any]) -> None:
    document["certificate"]["rules"].remove("key-rotated")


def _period(document: dict[str, Any]) -> None:
    document["period"]["end"] = "2024-11-14T22:13:30.000Z"


def _spans(document: dict[str, Any]) -> None:
    document["data"]["spans"] = 6_000_000


def _options(document: dict[str, Any]) -> None:
    document["options"]["clock_skew"] = "5"


def _trace_file(document: dict[str, Any]) -> None:
    document["digests"]["traces"][0]["sha256"] = "sha256:" + "0" * 64


def _rule_file(document: dict[str, Any]) -> None:
    document["digests"]["rules"][0]["sha256"] = "sha256:" + "0" * 64


def _facts(document: dict[str, Any]) -> None:
    document["digests"]["facts"] = "sha256:" + "0" * 64


def _title(document: dict[str, Any]) -> None:
    entry(document, "rules", id="key-rotated")["title"] = "Keys are never used"


def _foreign_rule(document: dict[str, Any]) -> None:
    document["rules"].append(document["rules"][0] | {"id": "invented"})


def _malformed(document: dict[str, Any]) -> None:
    document["controls"][0] = {"control": "SOC2:CC7.2", "outcome": [], "rules": 7}
    document["digests"] = document["data"] = document["period"] = "none"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_claim, "the nodes show `fails`, not `satisfied`"),
        (_counts, "what it says of control SOC2:CC7.2 is not what its rules come to"),
        (_counts_of_rule, "what it says of rule export-logged is not what its certificate and the rule say"),
        (_outcome, "what it says of control PCI-DSS:3.7.4 is not what its rules come to"),
        (_violation_left_out, "the report lists 0 failures of export-logged, it claims 1"),
        (_rule_left_out_of_a_control, "what it says of control SOC2:CC7.2 is not what its rules come to"),
        (_rule_left_out, "it says nothing of rule key-rotated"),
        (_period, "its period is not that of the traces"),
        (_spans, "its numbers of spans and traces are not those of the traces"),
        (_options, "its options are not those of its certificate"),
        (_trace_file, "`bad.json` is not among the traces given"),
        (_rule_file, "`rules.fluo` is not among the rules given"),
        (_facts, "its digest `facts` is not that of its certificate"),
        (_title, "what it says of rule key-rotated is not what its certificate and the rule say"),
        (_foreign_rule, "it tells of rule invented, which names none of its controls"),
        (_malformed, "its period is not that of the traces"),
    ],
    ids=lambda value: value.__name__.strip("_") if callable(value) else "",
)
def test_changed_evidence_is_refused(change: Change, reason: str, bad: dict[str, Any], fluo: Fluo) -> None:
    """Whatever is changed, in the certificate or around it, is refused with the reason."""
    change(bad)
    status, out = certify(fluo, bad)
    assert status == 1
    assert reason in out
    assert out.splitlines()[-1].startswith("not certified: ")


def test_other_files_are_refused(bad: dict[str, Any], fluo: Fluo, folder: Path) -> None:
    """Files with the same meaning and other bytes are not those that the evidence names."""
    (folder / "spaced.json").write_text(f"{TRACES['bad']}\n", encoding="utf-8")
    (folder / "spaced.fluo").write_text(f"{RULES}\n\n", encoding="utf-8")
    status, out = certify(fluo, bad, traces="spaced.json")
    assert status == 1
    assert "`bad.json` is not among the traces given: none of their files has its SHA-256" in out
    status, out = certify(fluo, bad, rules="spaced.fluo")
    assert status == 1
    assert "`rules.fluo` is not among the rules given" in out
