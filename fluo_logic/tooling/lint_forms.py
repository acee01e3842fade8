"""Findings of ``fluo lint`` as SARIF, and as notes of GitHub's workflows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from fluo_logic.explain.words import inert
from fluo_logic.report.github import COMMANDS, command, file_properties
from fluo_logic.report.markup import escaped
from fluo_logic.report.sarif_log import Level as SarifLevel
from fluo_logic.report.sarif_log import Location, Logical, SarifResult, SarifRule, SarifRun, sarif_log
from fluo_logic.tooling.lint import Finding
from fluo_logic.tooling.lint_codes import LINT_CODES, Level, LintCode

LEVELS: Final[dict[Level, SarifLevel]] = {Level.ERROR: "error", Level.WARNING: "warning", Level.INFO: "note"}


def findings_sarif(findings: Sequence[Finding], root: Path) -> dict[str, object]:
    """Return the log of a run, with every code as a rule; addresses of files are relative to ``root``."""
    rules = [_rule(code) for code in LINT_CODES.values()]
    return sarif_log(SarifRun(rules, [_result(one) for one in findings], category="fluo/lint"), root)


def _rule(code: LintCode) -> SarifRule:
    example = f"\n\n```text\n{code.example}\n```"
    return SarifRule(
        id=code.code,
        short=code.title,
        full=code.explanation,
        help_text=f"{code.explanation}\n\n{code.example}",
        help_markdown=f"{escaped(code.explanation)}{example}",
        level=LEVELS[code.level],
    )


def _result(finding: Finding) -> SarifResult:
    # The line may move; the code, the rule and what is said of it stay.
    parts = [finding.code, finding.rule, finding.message]
    print_ = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
    return SarifResult(
        rule=finding.code,
        message=_said(finding),
        level=LEVELS[finding.level],
        location=Location(finding.where, (Logical(finding.rule, finding.rule, "rule"),)),
        fingerprints={"fluoLint/v1": print_, "primaryLocationLineHash": f"{print_}:1"},
    )


def findings_github(findings: Sequence[Finding], root: Path) -> str:
    """Return a note for each finding, the worst first; ``root`` is the checkout."""
    ordered = sorted(findings, key=lambda one: list(LEVELS).index(one.level))
    return "".join(f"{_note(one, root)}\n" for one in ordered)


def _note(finding: Finding, root: Path) -> str:
    place = file_properties(finding.where, root)
    return command(COMMANDS[LEVELS[finding.level]], _said(finding), **place, title=f"fluo {finding.code}")


def _said(finding: Finding) -> str:
    message = inert(finding.message)
    text = f"{message[:1].upper()}{message[1:]}{'' if message.endswith(('.', '?', '!')) else '.'}"
    return text if finding.hint is None else f"{text}\nHint: {inert(finding.hint)}"
