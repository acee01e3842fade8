"""``fluo certify``: what it accepts, and how it refuses what is wrong."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from fluo_logic.cli import main

DATA: Final = Path(__file__).parents[2] / "docs" / "data"
RULES: Final = str(DATA / "checkout.fluo")
TRACES: Final = str(DATA / "checkout.otlp.json")
HERE: Final = Path(__file__).parent / "refused"


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A JSON report with a certificate of everything, in the current directory."""
    monkeypatch.chdir(tmp_path)
    arguments = ["check", RULES, "--traces", TRACES, "--format", "json=report.json", "--certificate", "--complete"]
    assert main(arguments) == 1
    document: dict[str, Any] = json.loads(Path("report.json").read_text(encoding="utf-8"))
    return document


def certify(document: object, *options: str, rules: str = RULES, traces: str = TRACES) -> int:
    text = document if isinstance(document, str) else json.dumps(document)
    Path("changed.json").write_text(text, encoding="utf-8")
    return main(["certify", "changed.json", rules, "--traces", traces, *options])


def test_an_untouched_report_is_certified(report: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 0, each failure named, and the whole told in the last line; nothing on standard error."""
    assert certify(report, "--complete") == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "$refund 53995c3f · block 1 fails" in out
    assert out.splitlines()[-1].startswith("certified: 4 claims and ")


def test_a_certificate_alone_is_taken_too(report: dict[str, Any]) -> None:
    """What is re-checked can be a report, an explanation, or just the certificate."""
    assert certify(report["certificate"], "--complete") == 0


def _tampered(document: dict[str, Any]) -> None:
    document["certificate"]["claims"][0]["claim"] = "satisfied"


def _truncated(document: dict[str, Any]) -> None:
    del document["certificate"]["nodes"][3:]


def _unknown_node(document: dict[str, Any]) -> None:
    document["certificate"]["nodes"][0]["kind"] = "axiom"


def _cyclic(document: dict[str, Any]) -> None:
    nodes = document["certificate"]["nodes"]
    nodes.insert(0, nodes.pop())


def _foreign(document: dict[str, Any]) -> None:
    document["certificate"]["schema"] = "other-certificate/7"


def _other_program(document: dict[str, Any]) -> None:
    document["certificate"]["ir"] = "sha256:" + "0" * 64


def _claim_left_out(document: dict[str, Any]) -> None:
    del document["certificate"]["claims"][0]


def _violation_left_out(document: dict[str, Any]) -> None:
    del document["violations"][0]


def _not_even_nodes(document: dict[str, Any]) -> None:
    document["certificate"]["nodes"] = [None, 7, [], {"kind": "holds"}, {"kind": "extension", "atom": []}]


def _absurd(document: dict[str, Any]) -> None:
    document["certificate"]["claims"] = "all is well"


CHANGES: Final[dict[str, Callable[[dict[str, Any]], None]]] = {
    "tampered": _tampered,
    "truncated": _truncated,
    "unknown-node": _unknown_node,
    "rests-on-itself": _cyclic,
    "foreign": _foreign,
    "other-program": _other_program,
    "claim-left-out": _claim_left_out,
    "violation-left-out": _violation_left_out,
    "malformed-nodes": _not_even_nodes,
    "malformed-claims": _absurd,
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_wrong_is_refused_with_its_reason(
    name: str, report: dict[str, Any], capsys: pytest.CaptureFixture[str], golden: Callable[[Path, str], None]
) -> None:
    """A certificate that was changed, cut, is foreign or rests on itself: exit status 1 and the reasons, as goldens."""
    changed = copy.deepcopy(report)
    CHANGES[name](changed)
    assert certify(changed, "--complete") == 1
    out, err = capsys.readouterr()
    assert err == ""
    golden(HERE / f"{name}.txt", out)


def test_other_traces_and_other_rules_are_refused(
    report: dict[str, Any], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A certificate is for one program and one set of spans, and says which of the two is another."""
    assert certify(report, traces=str(DATA / "orders.otlp.jsonl")) == 1
    assert "refused: certificate: it is for other traces" in capsys.readouterr().out
    assert certify(report, rules=str(DATA / "shipping.fluo")) == 1
    assert "it is about rule refund-is-logged, which the files do not have" in capsys.readouterr().out
    changed = tmp_path / "changed.fluo"
    changed.write_text((DATA / "checkout.fluo").read_text(encoding="utf-8").replace("<= 1", "<= 2"), encoding="utf-8")
    assert certify(report, rules=str(changed)) == 1
    assert "refused: certificate: it is for other rules" in capsys.readouterr().out


def test_completeness_is_about_the_rules_that_are_given(
    report: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """With --complete, a rule that the certificate does not speak of is missing; without it, it is nobody's concern."""
    Path("more.fluo").write_text("rule more { always { other } }", encoding="utf-8")
    Path("held.json").write_text(json.dumps(report), encoding="utf-8")
    assert main(["certify", "held.json", RULES, "more.fluo", "--traces", TRACES]) == 0
    assert main(["certify", "held.json", RULES, "more.fluo", "--traces", TRACES, "--complete"]) == 1
    assert "it says nothing of rule more" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "code"), [("{", "C153"), ("[1, 2]", "C154"), ('{"schema": "fluo-report/1"}', "C154"), ("", "C153")]
)
def test_what_is_no_report_is_an_error(
    text: str, code: str, report: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """What is no JSON, or has no certificate, is refused with a code and exit status 3."""
    assert report
    assert certify(text) == 3
    assert f"error[{code}]" in capsys.readouterr().err


def test_options_that_say_nothing_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A certificate needs a JSON document to be in, and --complete is about a certificate."""
    assert main(["check", RULES, "--traces", TRACES, "--certificate"]) == 3
    assert main(["check", RULES, "--traces", TRACES, "--complete", "--format", "json"]) == 3
    assert main(["explain", RULES, "--rule", "charged-once", "--traces", TRACES, "--certificate"]) == 3
    assert capsys.readouterr().err.count("error[C152]") == 3


def test_text_of_traces_is_inert(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A scope key with terminal escapes is shown as what it is."""
    span = {"traceId": "1" * 32, "spanId": "2" * 16, "name": "a", "startTimeUnixNano": "1", "endTimeUnixNano": "2"}
    attributes = [{"key": "user.id", "value": {"stringValue": "\x1b[31mred"}}]
    traces, rules = tmp_path / "t.json", tmp_path / "r.fluo"
    traces.write_text(
        json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [{**span, "attributes": attributes}]}]}]}),
        encoding="utf-8",
    )
    rules.write_text("rule two { across traces by user.id always { count(a) >= 2 } }", encoding="utf-8")
    held = str(tmp_path / "held.json")
    assert main(["check", str(rules), "--traces", str(traces), "--format", f"json={held}", "--certificate"]) == 1
    assert main(["certify", held, str(rules), "--traces", str(traces)]) == 0
    assert "\x1b" not in capsys.readouterr().out
