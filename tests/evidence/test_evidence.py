"""``fluo evidence``: what it counts by control, in which forms, and with which exit status."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, TypeAlias

import jsonschema
import pytest

from fluo_logic import certification
from fluo_logic.certification import Finding
from fluo_logic.evidence import gather
from tests.evidence.conftest import RULES, TRACES
from tests.report.test_documents import validate

Fluo: TypeAlias = Callable[..., tuple[int, str, str]]
GOLDEN: Final = Path(__file__).parent / "golden"
NONE: Final = {"total": 0, "satisfied": 0, "violated": 0, "inconclusive": 0, "pending": 0, "not_certified": 0}


def by_control(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {entry["control"]: entry for entry in document["controls"]}


@pytest.mark.parametrize("traces", ["good", "bad", "idle", "markup"])
def test_the_text_is_as_it_was(traces: str, fluo: Fluo, golden: Callable[[Path, str], None]) -> None:
    """Every control with its rules, counts and failures, then what all of it rests on."""
    _, out, err = fluo("evidence", "rules.fluo", "--traces", f"{traces}.json")
    assert err == ""
    golden(GOLDEN / f"{traces}.txt", out.replace(version("fluo_logic"), "VERSION"))


def test_the_page_is_as_it_was(fluo: Fluo, golden: Callable[[Path, str], None]) -> None:
    """The HTML says what the text says."""
    _, out, _ = fluo("evidence", "rules.fluo", "--traces", "bad.json", "--format", "html")
    golden(GOLDEN / "bad.html", out.replace(f"<td>{version('fluo_logic')}</td>", "<td>VERSION</td>"))


def test_obligations_are_counted_by_what_became_of_them(bad: dict[str, Any]) -> None:
    """Satisfied, violated, pending and inconclusive ones apart, and scopes without a match."""
    found = by_control(bad)
    assert list(found) == ["GDPR:Art.32", "PCI-DSS:3.7.4", "SOC2:CC6.1", "SOC2:CC6.10", "SOC2:CC7.2"]
    assert found["SOC2:CC7.2"] == {
        "control": "SOC2:CC7.2",
        "rules": ["export-logged", "key-rotated"],
        "without_evidence": ["key-rotated"],
        "outcome": "violated",
        "obligations": NONE | {"total": 2, "satisfied": 1, "violated": 1},
        "scopes": {"total": 8, "vacuous": 6},
    }
    assert found["SOC2:CC6.1"]["outcome"] == "pending"
    assert found["SOC2:CC6.1"]["obligations"] == NONE | {"total": 1, "pending": 1}
    assert found["SOC2:CC6.10"]["outcome"] == "inconclusive"
    assert found["PCI-DSS:3.7.4"]["outcome"] == "no_evidence"
    assert found["PCI-DSS:3.7.4"]["obligations"] == NONE


def test_the_document_says_what_it_rests_on(bad: dict[str, Any]) -> None:
    """Digests of the files, of the facts and of the rules' meaning, the period, the options and the version."""
    digests = bad["digests"]
    for kind, name, text in (("traces", "bad.json", TRACES["bad"]), ("rules", "rules.fluo", RULES)):
        sha256 = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
        assert digests[kind] == [{"file": name, "sha256": sha256}]
    assert (digests["facts"], digests["ir"]) == (bad["certificate"]["facts"], bad["certificate"]["ir"])
    assert bad["period"] == {"start": "2023-11-14T22:13:20.000Z", "end": "2023-11-14T22:13:30.000Z"}
    assert bad["options"] == bad["certificate"]["options"]
    assert bad["fluo"] == version("fluo_logic")
    assert bad["recheck"] == {
        "claims": len(bad["certificate"]["claims"]),
        "nodes": len(bad["certificate"]["nodes"]),
        "refused": [],
        "through_otlp": False,
    }
    assert [one["proof"] for one in bad["violations"]] == [None, None, None]
    assert "nothing-named" not in {rule["id"] for rule in bad["rules"]}


def test_the_document_follows_its_schema(bad: dict[str, Any]) -> None:
    """The published schema describes it, and nothing more or less."""
    name = "fluo-evidence-1.json"
    validate(bad, name)
    wrong = [bad | {"extra": 1}, bad | {"schema": "fluo-evidence/2"}, {**bad, "controls": []}]
    wrong.append({key: value for key, value in bad.items() if key != "period"})
    wrong.append(bad | {"rules": [bad["rules"][0] | {"outcome": "fine"}]})
    for one in wrong:
        with pytest.raises(jsonschema.ValidationError):
            validate(one, name)


@pytest.mark.parametrize(
    ("traces", "words", "status"),
    [
        ("good", ("SOC2:CC6.10", "GDPR"), 0),
        ("good", ("SOC2:CC7.2",), 0),
        ("good", (), 4),
        ("good", ("PCI-DSS",), 4),
        ("idle", (), 4),
        ("bad", ("SOC2:CC6",), 4),
        ("bad", (), 1),
        ("partly", ("GDPR",), 3),
    ],
)
def test_the_exit_status_tells_the_worst(traces: str, words: tuple[str, ...], status: int, fluo: Fluo) -> None:
    """0 only where every control is satisfied: 4 without evidence or a decision, 1 violated, 3 input was lost."""
    options = [part for word in words for part in ("--control", word)]
    assert fluo("evidence", "rules.fluo", "--traces", f"{traces}.json", *options)[0] == status


@pytest.mark.parametrize(
    ("words", "controls"),
    [
        ("SOC2", ["SOC2:CC6.1", "SOC2:CC6.10", "SOC2:CC7.2"]),
        ("SOC2:", ["SOC2:CC6.1", "SOC2:CC6.10", "SOC2:CC7.2"]),
        ("SOC2:CC6", ["SOC2:CC6.1", "SOC2:CC6.10"]),
        ("SOC2:CC6.1", ["SOC2:CC6.1"]),
        ("soc2:cc7.2", ["SOC2:CC7.2"]),
        ("PCI-DSS:3, GDPR:Art.32", ["GDPR:Art.32", "PCI-DSS:3.7.4"]),
    ],
)
def test_controls_are_chosen_by_name_or_beginning(words: str, controls: list[str], fluo: Fluo) -> None:
    """A framework and a part of one mean all below them; a number is never taken for the beginning of another."""
    _, out, _ = fluo("evidence", "rules.fluo", "--traces", "bad.json", "--format", "json", "--control", words)
    assert list(by_control(json.loads(out))) == controls


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("SOC3", "did you mean `SOC2`?"),
        ("SOC2:CC7.3", "did you mean `SOC2:CC7.2`?"),
        ("HIPAA", "there are GDPR:Art.32, PCI-DSS:3.7.4, SOC2:CC6.1, SOC2:CC6.10, SOC2:CC7.2"),
    ],
)
def test_an_unknown_control_is_refused(word: str, hint: str, fluo: Fluo) -> None:
    """With the nearest one, or with those that there are; nothing is checked."""
    status, out, err = fluo("evidence", "rules.fluo", "--traces", "bad.json", "--control", word)
    assert (status, out) == (3, "")
    assert err == f"error[C156]: --control: no rule names a control `{word}`\n  = hint: {hint}\n"


def test_an_empty_control_is_not_taken_for_all(fluo: Fluo) -> None:
    """A variable of the shell that is not set does not make evidence for everything."""
    status, out, err = fluo("evidence", "rules.fluo", "--traces", "bad.json", "--control", "")
    assert (status, out) == (3, "")
    assert err.startswith("error[C156]: --control: a control is expected, not an empty text")


def test_without_spans_there_is_no_evidence(fluo: Fluo, folder: Path) -> None:
    """An empty file is told as lost, and no control as satisfied; no time is made up."""
    (folder / "empty.json").write_text("", encoding="utf-8")
    status, out, _ = fluo("evidence", "rules.fluo", "--traces", "empty.json")
    assert status == 3
    assert "satisfied" not in out
    assert out.count("— no evidence") == 5
    assert "1970" not in out


def test_rules_without_controls_are_refused(fluo: Fluo, folder: Path) -> None:
    """Without any control there is nothing that evidence could be for."""
    (folder / "bare.fluo").write_text("rule bare { never { forbidden } }", encoding="utf-8")
    status, _, err = fluo("evidence", "bare.fluo", "--traces", "bad.json")
    assert status == 3
    assert err.startswith("error[C155]: none of 1 rule names a control")


def test_lost_input_is_told_in_every_form(fluo: Fluo) -> None:
    """What could not be read stands in the text, the page and the document."""
    forms = ("--format", "html=page.html", "--format", "json=evidence.json", "--format", "text")
    _, out, err = fluo("evidence", "rules.fluo", "--control", "GDPR", "--traces", "partly.json", *forms)
    assert "error[I302]" in err
    assert "lost     [I302]" in out
    assert "could not be read and were not checked" in Path("page.html").read_text(encoding="utf-8")
    document = json.loads(Path("evidence.json").read_text(encoding="utf-8"))
    assert len(document["data"]["rejected"]) == 1
    validate(document, "fluo-evidence-1.json")


def test_the_text_of_traces_and_rules_is_never_markup(fluo: Fluo, folder: Path) -> None:
    """Tags and terminal sequences of either stay text; the page has no script and asks for nothing."""
    evil = RULES.replace("An export leaves a log", "<img src=x onerror=alert(1)> & \\u001b[31m")
    evil = evil.replace("an export left no log", "<b>{$export.span:name}</b>").replace("GDPR:Art.32", "<i>:1")
    (folder / "rules.fluo").write_text(evil, encoding="utf-8")
    _, out, _ = fluo("evidence", "rules.fluo", "--traces", "markup.json", "--format", "html")
    assert not re.search(r"<(script|img|b|i|link|iframe)\b", out)
    assert "&lt;img src=x onerror=alert(1)&gt; &amp;" in out
    assert "default-src 'none'" in out
    assert re.findall(r"(?:src|href)=\"(?!#)", out) == []
    assert out.isascii()
    assert "\x1b" not in fluo("evidence", "rules.fluo", "--traces", "markup.json")[1]


def test_the_same_inputs_give_the_same_bytes(fluo: Fluo) -> None:
    """Nothing in evidence depends on the run."""
    words = ("evidence", "rules.fluo", "--traces", "bad.json", "--format")
    for form in ("json", "html", "text"):
        assert fluo(*words, form) == fluo(*words, form)


def test_what_the_checker_refuses_is_never_satisfied(fluo: Fluo, monkeypatch: pytest.MonkeyPatch) -> None:
    """A control whose claims are not accepted is told as not certified, in every form, with exit status 1."""
    original = certification.recheck_inputs

    def doubting(*args: Any, **options: Any) -> tuple[list[Finding], bool]:  # noqa: ANN401 - handed through
        findings, written = original(*args, **options)
        return [
            Finding(one.about, "not believed", accepted=False) if one.about == "claim 0" else one for one in findings
        ], written

    monkeypatch.setattr(gather, "recheck_inputs", doubting)
    words = ("evidence", "rules.fluo", "--traces", "good.json", "--control", "SOC2:CC7.2", "--format")
    status, out, _ = fluo(*words, "json")
    document = json.loads(out)
    assert status == 1
    assert by_control(document)["SOC2:CC7.2"]["outcome"] == "not_certified"
    assert by_control(document)["SOC2:CC7.2"]["obligations"] == NONE | {"total": 1, "not_certified": 1}
    assert "! SOC2:CC7.2 — not certified" in fluo(*words, "text")[1]
    assert "NOT certified" in fluo(*words, "html")[1]


def test_progress_is_told_where_it_is_asked_for(fluo: Fluo) -> None:
    """On standard error, and what is printed stays the same."""
    words = ("evidence", "rules.fluo", "--traces", "good.json")
    _, out, err = fluo(*words, "--progress")
    assert err.startswith("reading the traces\n")
    assert (out, "") == fluo(*words)[1:]


def test_quiet_tells_only_what_is_not_satisfied(fluo: Fluo) -> None:
    """With ``-q`` there is nothing to read where every control is satisfied."""
    words = ("evidence", "rules.fluo", "--traces", "good.json", "-q", "--control")
    assert fluo(*words, "GDPR") == (0, "", "")
    assert fluo(*words, "PCI-DSS")[1].startswith("○ PCI-DSS:3.7.4 — no evidence\n")
