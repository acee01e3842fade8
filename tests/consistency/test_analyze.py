"""Planted defects are found with their kind and smallest set, and clean rule sets are left alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest

from fluo_logic.certification import certify_session, recheck
from fluo_logic.consistency.analyze import analyze
from fluo_logic.consistency.analyze_findings import Analysis, Finding
from fluo_logic.consistency.witness import verdicts
from fluo_logic.facts.readers import read_traces
from fluo_logic.lang.parse import load_rules
from fluo_logic.lang.syntax import Ruleset
from fluo_logic.pipeline import Options, solve

CORPUS: Final = Path(__file__).parents[1] / "analysis"
DEFECTS: Final = sorted(path.parent for path in CORPUS.glob("defects/*/*/rules.fluo"))
CLEAN: Final = sorted(path.parent for path in CORPUS.glob("clean/*/rules.fluo"))


def rules_of(folder: Path) -> Ruleset:
    return load_rules([folder / "rules.fluo"])


def analysis_of(folder: Path) -> Analysis:
    traces = read_traces([CORPUS / "traces.json"]) if (folder / "with-traces").exists() else None
    return analyze(rules_of(folder), traces)


@pytest.mark.parametrize("folder", DEFECTS, ids=lambda folder: f"{folder.parent.name}/{folder.name}")
def test_planted_defects_are_found(folder: Path) -> None:
    """A defect is found with its kind and its smallest set, nothing else is, and its witness replays and certifies."""
    analysis = analysis_of(folder)
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    found = [_sorted(_shown(one)) for one in analysis.findings]
    assert found == [_sorted(one) for one in expected]
    assert analysis.not_analysed == ()
    for one in analysis.findings:
        if one.witness is not None:
            otlp = json.dumps(one.witness.otlp()).encode()
            again = read_traces([otlp])
            assert verdicts(again.spans, rules_of(folder), one.witness.now).items() >= one.witness.verdicts.items()
            session = solve(again, rules_of(folder), Options(engine="clingo", now=one.witness.now))
            held = json.loads(json.dumps(certify_session(session, complete=True)))
            assert all(step.accepted for step in recheck(held, session.program, [otlp], complete=True))


def _shown(finding: Finding) -> dict[str, object]:
    detail = {key: value for key, value in finding.detail.items() if key != "scopes"}
    return {"kind": finding.kind, "rules": list(finding.rules), **detail}


def _sorted(finding: dict[str, object]) -> dict[str, object]:
    rules = finding["rules"]
    assert isinstance(rules, list)
    first = 1 if finding["kind"] == "redundancy" else 2 if finding["kind"] == "subsumption" else 0
    return {**finding, "rules": [*rules[:first], *sorted(rules[first:])]}


@pytest.mark.parametrize("folder", CLEAN, ids=lambda folder: folder.name)
def test_clean_rules_are_left_alone(folder: Path) -> None:
    """Rules that only resemble defects give no finding, and all of them are analysed."""
    analysis = analysis_of(folder)
    assert [(one.kind, one.rules, one.sentence) for one in analysis.findings] == []
    assert analysis.not_analysed == ()
