"""Reports as one HTML file that needs nothing else: no network, no other file."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from fluo_logic.explain.proof import ObligationProof, SpanRef
from fluo_logic.explain.text import SENTENCE, scope_text
from fluo_logic.explain.words import inert, plural, shortened
from fluo_logic.facts.dataset import Dataset, assemble
from fluo_logic.facts.model import NO_RESOURCE, Problem, Resource, Span
from fluo_logic.report.html.citations import proof_spans
from fluo_logic.report.html.page import page
from fluo_logic.report.html.payload import Json, Payload
from fluo_logic.report.tally import data_text
from fluo_logic.report.violation import VERDICTS, Report, RuleReport, Violation

if TYPE_CHECKING:
    from fluo_logic.pipeline import Explanation

__all__ = ["explanation_html", "report_html", "violation_html"]

ROW_HEIGHT: Final = 26
"""Of a line of a fragment, in pixels, to tell how high it will be."""
HEIGHTS: Final = (260, 760)


def report_html(report: Report, dataset: Dataset) -> str:
    """Return the report as an HTML document.

    Args:
        report: the result of a check.
        dataset: what was checked, for the traces of the violations.
    """
    payload = Payload(report.violations, dataset)
    violated = len(report.violated)
    headline = "Nothing violated"
    if violated:
        rules = len({violation.rule for violation in report.violated})
        headline = f"{plural(violated, 'violation')} of {plural(rules, 'rule')}"
    undecided = len(report.violations) - violated
    if undecided:
        headline += f", {undecided:,} pending or inconclusive"
    read = f"{plural(len(report.rules), 'rule')} on {data_text(report.data)}"
    head: dict[str, Json] = {
        "kind": "check",
        "headline": headline,
        "subline": read,
        "bad": violated > 0,
        "inputs": [
            [shortened(item.name, SENTENCE), item.format or "not read", plural(item.spans, "span")]
            for item in report.data.inputs
        ],
        "problems": [_problem(problem) for problem in report.data.problems],
        "rules": [_rule(rule) for rule in report.rules],
    }
    document = payload.document(head, [rule.id for rule in report.rules])
    return page(f"{headline} - fluo", f"{headline}: {read}", document)


def explanation_html(explanation: Explanation, dataset: Dataset) -> str:
    """Return the explanation of one rule on one scope as an HTML document.

    Args:
        explanation: what `fluo_logic.explain` returned.
        dataset: what it was explained on.
    """
    where = scope_text(explanation.scope.items())
    headline = f"{explanation.rule} is {explanation.verdict} on {where}"
    size = plural(explanation.spans, "span")
    if "trace_id" not in explanation.scope:
        size += f" in {plural(explanation.traces, 'trace')}"
    violations = [_as_violation(explanation, proof) for proof in explanation.proofs]
    head: dict[str, Json] = {
        "kind": "explain",
        "headline": headline,
        "subline": size,
        "bad": explanation.verdict == "violated",
        "inputs": [],
        "problems": [],
        "rules": [_rule(RuleReport(explanation.rule, explanation.title, explanation.severity, {}, 0, {}))],
    }
    document = Payload(violations, dataset).document(head, [explanation.rule])
    return page(f"{headline} - fluo", headline, document)


def violation_html(violation: Violation, dataset: Dataset | None = None) -> str:
    """Return one violation, its traces beside its proof, as an HTML fragment for a notebook.

    The fragment is a frame without access to what is around it.  Without ``dataset`` only those spans are drawn that
    the proof cites.
    """
    if dataset is None:
        dataset = _only(violation)
    payload = Payload([violation], dataset)
    rule = RuleReport(violation.rule, violation.title, violation.severity, {}, 0, {})
    head: dict[str, Json] = {"kind": "fragment", "rules": [_rule(rule)]}
    document = payload.document(head, [violation.rule])
    name = f"{violation.rule}: {shortened(violation.sentence, SENTENCE)}"
    lines = sum(min(len(held.spans), 40) + 2 for held in payload.excerpts.values()) + len(payload.entries[0].ghosts)
    height = max(HEIGHTS[0], min(HEIGHTS[1], 150 + lines * ROW_HEIGHT))
    return (
        f'<iframe class="fluo-violation" title="{html.escape(inert(name))}" sandbox="allow-scripts" width="100%" '
        f'height="{height}" style="border:0" srcdoc="{html.escape(page(name, name, document))}"></iframe>'
    )


def _only(violation: Violation) -> Dataset:
    """Return a data set of the spans that a violation cites."""
    refs: Iterable[SpanRef] = violation.witness.values()
    if violation.proof is not None:
        refs = (*refs, *proof_spans(violation.proof))
    return assemble(_span(ref) for ref in dict.fromkeys(refs))


def _span(ref: SpanRef) -> Span:
    resource = NO_RESOURCE if ref.service is None else Resource({"service.name": ref.service})
    return Span(ref.trace_id, ref.span_id, ref.name, start=ref.start, end=ref.end, resource=resource)


def _as_violation(explanation: Explanation, proof: ObligationProof) -> Violation:
    """Return one proof of an explanation as reports have it; what is not violated is told by its rule's text."""
    failed = proof.verdict in VERDICTS[:3]
    return Violation(
        rule=explanation.rule,
        title=explanation.title,
        severity=explanation.severity,
        verdict=proof.verdict,
        scope=explanation.scope,
        witness={},
        obligation=proof.obligation.text,
        sentence=explanation.sentence if failed and explanation.sentence else proof.obligation.text,
        fingerprint="",
        proof=proof,
    )


def _rule(rule: RuleReport) -> Json:
    missing: Sequence[str] = [
        f"{shortened(key)} on {plural(count, 'span')}" for key, count in rule.missing_attributes.items()
    ]
    return {
        "id": inert(rule.id),
        "title": inert(rule.title),
        "severity": rule.severity,
        "counts": [rule.verdicts.get(verdict, 0) for verdict in VERDICTS],
        "missing": ", ".join(missing),
    }


def _problem(problem: Problem) -> Json:
    place = f"{problem.input}, {problem.where}" if problem.where else problem.input
    return [
        str(problem.code),
        shortened(place, SENTENCE),
        shortened(problem.message, SENTENCE),
        problem.count,
        problem.rejected,
    ]
