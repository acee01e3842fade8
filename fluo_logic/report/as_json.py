"""A report as the JSON document ``fluo-report/1``, whose schema is published in ``schemas/``."""

from __future__ import annotations

from typing import Final

from fluo_logic.explain.as_json import Document, proof_json
from fluo_logic.facts.model import Problem
from fluo_logic.report.violation import DataReport, Report, RuleReport, Violation

REPORT_SCHEMA: Final = "fluo-report/1"


def report_json(report: Report) -> dict[str, object]:
    """Return the document; `json.dumps` writes it as it is."""
    return {
        "schema": REPORT_SCHEMA,
        "data": _data(report.data),
        "rules": [_rule(rule) for rule in report.rules],
        "violations": [_violation(violation) for violation in report.violations],
    }


def _data(data: DataReport) -> Document:
    return {
        "spans": data.spans,
        "traces": data.traces,
        "inputs": [{"input": item.name, "format": item.format, "spans": item.spans} for item in data.inputs],
        "duplicates": {"merged": data.merged, "differing": data.differing},
        "orphans": data.orphans,
        "rejected": [_problem(problem) for problem in data.problems if problem.rejected],
        "warnings": [_problem(problem) for problem in data.problems if not problem.rejected],
    }


def _problem(problem: Problem) -> Document:
    return {
        "input": problem.input,
        "where": problem.where,
        "error": problem.message,
        "code": str(problem.code),
        "hint": problem.hint,
        "count": problem.count,
    }


def _rule(rule: RuleReport) -> Document:
    place, about = rule.where, rule.metadata
    return {
        "id": rule.id,
        "title": rule.title,
        "severity": rule.severity,
        "verdicts": dict(rule.verdicts),
        "obligations": rule.obligations,
        "missing_attributes": dict(rule.missing_attributes),
        "place": None if place is None else {"file": place.file, "line": place.line, "column": place.column},
        "description": about.description,
        "category": None if about.category is None else about.category.value,
        "tags": list(about.tags),
        "controls": list(about.controls),
        "runbook": about.runbook,
    }


def _violation(violation: Violation) -> Document:
    return {
        "rule": violation.rule,
        "title": violation.title,
        "severity": violation.severity,
        "verdict": violation.verdict,
        "scope": dict(violation.scope),
        "witness": {
            name: {"trace_id": span.trace_id, "span_id": span.span_id, "name": span.name, "service": span.service}
            for name, span in violation.witness.items()
        },
        "obligation": violation.obligation,
        "sentence": violation.sentence,
        "fingerprint": violation.fingerprint,
        "proof": None if violation.proof is None else proof_json(violation.proof),
    }
