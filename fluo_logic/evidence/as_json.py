"""Evidence as the JSON document ``fluo-evidence/1``, whose schema is published in ``schemas/``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from fluo_logic.evidence.gather import Digest, Evidence, Period
from fluo_logic.evidence.tally import NO_EVIDENCE, Counts, total
from fluo_logic.explain.as_json import Document
from fluo_logic.explain.words import instant_text
from fluo_logic.lang.source import place_of
from fluo_logic.lang.syntax import Rule
from fluo_logic.report.as_json import summary_json, violation_json

EVIDENCE_SCHEMA: Final = "fluo-evidence/1"


def evidence_json(evidence: Evidence) -> dict[str, object]:
    """Return the document, with the certificate; `json.dumps` writes it as it is."""
    recheck, certificate = evidence.recheck, evidence.certificate
    counts = {one.rule.id: one.counts for one in evidence.rules}
    rules = [one.rule for one in evidence.rules]
    return {
        "schema": EVIDENCE_SCHEMA,
        "fluo": evidence.fluo,
        "controls": [control_json(one.control, rules, counts) for one in evidence.controls],
        "rules": [{**rule_json(rule, counts[rule.id]), "place": _place(rule)} for rule in rules],
        "violations": [violation_json(one, evidence.report) for one in evidence.report.violations],
        "data": summary_json(evidence.report)["data"],
        "period": period_json(evidence.period),
        "options": certificate["options"],
        "digests": {
            "traces": [_digest(one) for one in evidence.trace_files],
            "rules": [_digest(one) for one in evidence.rule_files],
            "facts": certificate["facts"],
            "ir": certificate["ir"],
        },
        "recheck": {
            "claims": recheck.claims,
            "nodes": recheck.nodes,
            "refused": [{"about": one.about, "reason": one.said} for one in recheck.refused],
            "through_otlp": recheck.through_otlp,
        },
        "certificate": certificate,
    }


def control_json(control: str, rules: Sequence[Rule], counts: Mapping[str, Counts]) -> Document:
    """Return the entry of a control, given all the rules that were checked and what was counted of each."""
    own = [rule.id for rule in rules if control in rule.metadata.controls]
    return {
        "control": control,
        "rules": [*own],
        "without_evidence": [name for name in own if counts[name].outcome == NO_EVIDENCE],
        **total(counts[name] for name in own).to_json(),
    }


def rule_json(rule: Rule, counts: Counts) -> Document:
    """Return the entry of a rule, but for its place."""
    about = rule.metadata
    return {
        "id": rule.id,
        "title": rule.title,
        "severity": about.severity.value,
        "description": about.description,
        "runbook": about.runbook,
        "controls": list(about.controls),
        **counts.to_json(),
    }


def period_json(period: Period | None) -> Document | None:
    """Return a period in UTC, to the nanosecond."""
    return None if period is None else {"start": _instant(period.start), "end": _instant(period.end)}


def _instant(nanoseconds: int) -> str:
    return f"{instant_text(nanoseconds).replace(' ', 'T')}Z"


def _place(rule: Rule) -> Document:
    where = place_of(rule.origin)
    return {"file": where.file, "line": where.line, "column": where.column}


def _digest(digest: Digest) -> Document:
    return {"file": digest.name, "sha256": digest.sha256}
