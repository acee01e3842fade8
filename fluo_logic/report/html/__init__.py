"""Reports as one HTML file that needs nothing else: no network, no other file."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from fluo_logic.explain.outline import Item, obligation_outline
from fluo_logic.explain.proof import ObligationProof, SpanRef
from fluo_logic.explain.text import SENTENCE, scope_text
from fluo_logic.explain.words import inert, plural, shortened
from fluo_logic.facts.dataset import Dataset, Trace, assemble
from fluo_logic.facts.model import NO_RESOURCE, Problem, Resource, Span
from fluo_logic.report.html.citations import proof_spans
from fluo_logic.report.html.page import page
from fluo_logic.report.html.payload import Json, Payload
from fluo_logic.report.tally import data_text, tallies
from fluo_logic.report.tally import headline as tally_headline
from fluo_logic.report.violation import VERDICTS, Report, RuleReport, Violation

if TYPE_CHECKING:
    from fluo_logic.pipeline import Explanation

__all__ = [
    "dataset_html",
    "explanation_frame",
    "explanation_html",
    "proof_html",
    "report_frame",
    "report_html",
    "violation_html",
]

ROW_HEIGHT: Final = 27
"""Of a line of a fragment, in pixels, to tell how high it will be."""
PREMISE_HEIGHT: Final = 27
HEIGHTS: Final = (160, 900)
MOST_VIOLATIONS: Final = 100


def report_html(report: Report, dataset: Dataset, first: int | None = None) -> str:
    """Return the report as an HTML document.

    Args:
        report: the result of a check.
        dataset: what was checked, for the traces of the violations.
        first: how many violations are shown; without it, all.
    """
    payload = Payload(report.violations[:first], dataset)
    told = tally_headline(report)
    headline = f"{told[:1].upper()}{told[1:]}"
    read = f"{plural(len(report.rules), 'rule')} on {data_text(report.data)}"
    if first is not None and len(report.violations) > first:
        read += f"; the first {first:,} are shown"
    head: dict[str, Json] = {
        "kind": "check",
        "headline": headline,
        "subline": read,
        "bad": not report.ok,
        "inputs": [
            [shortened(item.name, SENTENCE), item.format or "not read", plural(item.spans, "span")]
            for item in report.data.inputs
        ],
        "problems": [_problem(problem) for problem in report.data.problems],
        "rules": [_rule(tally.rule, excused=tally.outcome == "excused") for tally in tallies(report)],
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
    payload = Payload([violation], _only([violation]) if dataset is None else dataset)
    rule = RuleReport(violation.rule, violation.title, violation.severity, {}, 0, {})
    document = payload.document({"kind": "fragment", "rules": [_rule(rule)]}, [violation.rule])
    name = f"{violation.rule}: {shortened(violation.sentence, SENTENCE)}"
    return _frame(name, page(name, name, document), _height(payload))


def proof_html(proof: ObligationProof) -> str:
    """Return a proof, beside the spans that it cites, as an HTML fragment for a notebook; see `violation_html`."""
    traces = {span.trace_id for span in proof_spans(proof)}
    scope = {"trace_id": traces.pop()} if len(traces) == 1 else {}
    text = proof.obligation.text
    return violation_html(Violation(proof.rule, "", "medium", proof.verdict, scope, {}, text, text, "", proof))


def report_frame(report: Report, dataset: Dataset | None = None) -> str:
    """Return the report as an HTML fragment for a notebook, with at most a hundred violations; see `violation_html`."""
    kept = report.violations[:MOST_VIOLATIONS]
    data = _only(kept) if dataset is None else dataset
    shown = report_html(report, data, MOST_VIOLATIONS)
    name = f"{plural(len(report.rules), 'rule')} on {data_text(report.data)}"
    height = 170 + len(report.rules) * 2 * ROW_HEIGHT
    if kept:  # the first one is open
        height += 110 + _height(Payload(kept[:1], data)) + 66 * min(len(kept) - 1, 4)
    return _frame(name, shown, height)


def explanation_frame(explanation: Explanation, dataset: Dataset | None = None) -> str:
    """Return the explanation as an HTML fragment for a notebook; see `violation_html`."""
    violations = [_as_violation(explanation, proof) for proof in explanation.proofs]
    name = f"{explanation.rule} is {explanation.verdict}"
    data = _only(violations) if dataset is None else dataset
    heights = sum(_height(Payload([violation], data)) for violation in violations[:3])
    return _frame(name, explanation_html(explanation, data), 130 + heights)


def dataset_html(dataset: Dataset, traces: Sequence[Trace]) -> str:
    """Return traces of a data set as an HTML fragment for a notebook; see `violation_html`."""
    told = [
        Violation("", "", "medium", "satisfied", {"trace_id": trace.trace_id}, {}, "", trace.trace_id, "")
        for trace in traces
    ]
    payload = Payload(told, dataset)
    name = plural(len(traces), "trace")
    document = payload.document({"kind": "traces", "rules": []}, [""])
    return _frame(name, page(name, name, document), 110 * len(told) + _lines(payload) * ROW_HEIGHT)


def _frame(name: str, shown: str, height: int) -> str:
    return (
        f'<iframe class="fluo" title="{html.escape(inert(name))}" sandbox="allow-scripts" width="100%" '
        f'height="{max(HEIGHTS[0], min(HEIGHTS[1], height))}" style="border:0" srcdoc="{html.escape(shown)}"></iframe>'
    )


def _height(payload: Payload) -> int:
    """Return how high one violation is: its traces, or its proof beside them, whatever is higher."""
    proof = payload.entries[0].violation.proof
    items = () if proof is None else obligation_outline(proof)
    return 72 + max(112 + _lines(payload) * ROW_HEIGHT, 56 + sum(_wrapped(item, 0) for item in items) * PREMISE_HEIGHT)


def _wrapped(item: Item, depth: int) -> int:
    """Return how many lines an item takes in half of a notebook's width."""
    fits = max(20, 52 - 3 * depth)
    return -(-len(item.text) // fits) + sum(_wrapped(child, depth + 1) for child in item.children)


def _lines(payload: Payload) -> int:
    """Return how many lines the traces take."""
    several = len(payload.excerpts) > 1
    spans = sum(min(len(held.spans), 40) + several for held in payload.excerpts.values())
    ghosts = sum(len(entry.ghosts) for entry in payload.entries)
    return spans + ghosts


def _only(violations: Iterable[Violation]) -> Dataset:
    """Return a data set of the spans that violations cite."""
    refs: dict[SpanRef, None] = {}
    for violation in violations:
        refs.update(dict.fromkeys(violation.witness.values()))
        if violation.proof is not None:
            refs.update(dict.fromkeys(proof_spans(violation.proof)))
    return assemble(_span(ref) for ref in refs)


def _span(ref: SpanRef) -> Span:
    resource = NO_RESOURCE if ref.service is None else Resource({"service.name": ref.service})
    return Span(ref.trace_id, ref.span_id, ref.name, start=ref.start, end=ref.end, resource=resource)


def _as_violation(explanation: Explanation, proof: ObligationProof) -> Violation:
    """Return one proof of an explanation as reports have it; what is not violated is told by its rule's text."""
    failed = proof.verdict in VERDICTS[:3]
    obligation = f"{proof.polarity} {proof.obligation.text}"
    return Violation(
        rule=explanation.rule,
        title=explanation.title,
        severity=explanation.severity,
        verdict=proof.verdict,
        scope=explanation.scope,
        witness={},
        obligation=proof.obligation.text,
        sentence=explanation.sentence if failed and explanation.sentence else obligation,
        fingerprint="",
        proof=proof,
    )


def _rule(rule: RuleReport, *, excused: bool = False) -> Json:
    """Return a rule for the table; ``excused`` tells that all its violations are waived or known."""
    missing: Sequence[str] = [
        f"{shortened(key)} on {plural(count, 'span')}" for key, count in rule.missing_attributes.items()
    ]
    return {
        "id": inert(rule.id),
        "title": inert(rule.title),
        "severity": rule.severity,
        "counts": [rule.verdicts.get(verdict, 0) for verdict in VERDICTS],
        "missing": ", ".join(missing),
        "excused": excused,
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
