"""`fluo lint` as SARIF and as notes of GitHub, and `fluo test` as JUnit, by their public schemas."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fluo_logic.tooling.lint import lint
from fluo_logic.tooling.lint_codes import LINT_CODES
from fluo_logic.tooling.lint_forms import findings_github, findings_sarif
from tests.command_line import Files, Fluo
from tests.report.test_forms import parsed
from tests.report.test_sarif import valid
from tests.tooling.test_lint import found, ruleset

RULES = 'rule one { when { a } always { b as $b } }\nrule two "50%" { never { a.where(x == 1 and x == 2) } }\n'


@pytest.mark.parametrize("code", LINT_CODES)
def test_a_finding_of_each_code_is_a_result_at_its_place(code: str, tmp_path: Path) -> None:
    """Every finding is a valid result of the rule of its code, with a fingerprint that has no line in it."""
    example = LINT_CODES[code].example
    findings = found(example if example.startswith("rule") else f"rule r {{ {example} }}")
    run = valid(findings_sarif(findings, tmp_path))
    assert [result["ruleId"] for result in run["results"]] == [one.code for one in findings]
    assert code in {result["ruleId"] for result in run["results"]}
    for result, one in zip(run["results"], findings, strict=True):
        assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == one.where.line
    assert len(findings_github(findings, tmp_path).splitlines()) == len(findings)


def test_a_fingerprint_stays_when_lines_are_added(tmp_path: Path) -> None:
    """A comment above a rule moves its findings, and they are the same findings."""
    before, after = (
        [result["partialFingerprints"] for result in valid(findings_sarif(lint(ruleset(text)), tmp_path))["results"]]
        for text in (RULES, f"// a comment\n\n{RULES}")
    )
    assert before == after


def test_lint_writes_what_is_asked_for(files: Files, fluo: Fluo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are named from the checkout, and `-q` leaves out notes for information, as in the text."""
    folder = files({"rules/r.fluo": RULES})
    monkeypatch.setenv("GITHUB_WORKSPACE", str(folder))
    monkeypatch.chdir(folder / "rules")
    status, out, err = fluo("lint", "r.fluo", "--format", "github", "--format", "sarif=lint.sarif", "-q")
    assert (status, err) == (1, "")
    assert [line.partition("::")[2].partition(" ")[0] for line in out.splitlines()] == ["error", "warning"]
    assert out.startswith("::error file=rules/r.fluo,line=2,col=")
    run = valid(json.loads((folder / "rules" / "lint.sarif").read_text(encoding="utf-8")))
    assert run["automationDetails"] == {"id": "fluo/lint/"}
    place = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": "rules/r.fluo", "uriBaseId": "%SRCROOT%"}


def test_examples_as_junit_are_valid(files: Files, fluo: Fluo) -> None:
    """`fluo test --format junit` follows the schema that reports of violations follow."""
    examples = 'example violated "a" { b @ 0s .. 1s } example satisfied "b" { b @ 0s .. 1s }'
    files({"r.fluo": f"rule r {{ never {{ a }} {examples} }}"})
    status, out, _ = fluo("test", "r.fluo", "--format", "junit")
    assert status == 1
    assert parsed(out).find(".//failure") is not None
