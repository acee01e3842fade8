"""A report as the JSON document ``fluo-report/1``, whose schema is published in ``schemas/``."""

from __future__ import annotations

from typing import Final

from fluo_logic.errors import Where
from fluo_logic.explain.as_json import Document, Json, proof_json
from fluo_logic.facts.model import Problem
from fluo_logic.report.excuse import KnownViolation, Waiver
from fluo_logic.report.violation import DataReport, Report, RuleReport, Violation

REPORT_SCHEMA: Final = "fluo-report/1"


def report_json(report: Report) -> Document:
    """Return the document; `json.dumps` writes it as it is.

    What waivers and a baseline came to is only in it where there were some.
    """
    summary = summary_json(report)
    return {
        "schema": REPORT_SCHEMA,
        "data": summary.pop("data"),
        "rules": summary.pop("rules"),
        "violations": [violation_json(violation, report) for violation in report.violations],
        **summary,
    }


def summary_json(report: Report) -> Document:
    """Return what a report says beside its violations."""
    document: Document = {"data": _data(report.data), "rules": [_rule(rule) for rule in report.rules]}
    if report.waivers is not None:
        document["waivers"] = [
            {"waiver": _waiver(use.waiver), "fits": use.fits, "expired": use.expired} for use in report.waivers
        ]
    if report.baseline is not None:
        document["baseline"] = {
            "known": report.baseline.known,
            "fixed": [known_json(known) for known in report.baseline.fixed],
        }
    return document


def known_json(known: KnownViolation) -> Document:
    """Return an entry of a baseline."""
    return {"rule": known.rule, "fingerprint": known.fingerprint, "signature": known.signature}


def _waiver(waiver: Waiver) -> Document:
    return {
        "rule": waiver.rule,
        "owner": waiver.owner,
        "reason": waiver.reason,
        "expires": waiver.expires.isoformat(),
        "fingerprint": waiver.fingerprint,
        "scope": waiver.scope,
        "attributes": dict(waiver.attributes),
        "place": _place(waiver.where),
    }


def _place(where: Where | None) -> Json:
    return None if where is None else {"file": where.file, "line": where.line, "column": where.column}


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
    about = rule.metadata
    return {
        "id": rule.id,
        "title": rule.title,
        "severity": rule.severity,
        "verdicts": dict(rule.verdicts),
        "obligations": rule.obligations,
        "missing_attributes": dict(rule.missing_attributes),
        "place": _place(rule.where),
        "description": about.description,
        "category": None if about.category is None else about.category.value,
        "tags": list(about.tags),
        "controls": list(about.controls),
        "runbook": about.runbook,
    }


def violation_json(violation: Violation, report: Report) -> Document:
    """Return an entry of a report."""
    document: Document = {
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
        "signature": violation.signature,
        "proof": None if violation.proof is None else proof_json(violation.proof),
    }
    if report.waivers is not None:
        document["waived_by"] = None if violation.waiver is None else _waiver(violation.waiver)
    if report.baseline is not None:
        document["in_baseline"] = bool(violation.known)
    return document
