"""A report as SARIF 2.1.0: each violation at the line of its rule, its spans in order of time as a code flow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from fluo_logic.errors import Where
from fluo_logic.explain.as_json import Document
from fluo_logic.explain.proof import SpanRef
from fluo_logic.explain.text import SENTENCE, Style, proof_lines, scope_text
from fluo_logic.explain.words import inert, instant_text, one_line, plural, shortened, span_text
from fluo_logic.report.markup import escaped, fenced
from fluo_logic.report.sarif_log import (
    LEVELS,
    Location,
    Logical,
    Notice,
    SarifResult,
    SarifRule,
    SarifRun,
    State,
    Step,
    Suppression,
    sarif_log,
)
from fluo_logic.report.spans import violation_spans
from fluo_logic.report.violation import Report, RuleReport, Violation

SECURITY: Final = "security"
"""The tag of rules whose severity GitHub shows as one of security."""
SCORES: Final = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.5", "info": "0.5"}
"""A score between 0 and 10 for each severity, within the bounds that GitHub has for the words."""
MOST: Final = 25_000
"""How many results are written: code scanning refuses a log with more."""
WIDTH: Final = 100


def report_sarif(report: Report, root: Path | None = None) -> dict[str, object]:
    """Return the log, ready for `json.dumps`.

    Args:
        report: what a check found.
        root: the folder that addresses of rule files are to be relative to, by default the current directory.
    """
    places = {rule.id: rule.in_file for rule in report.rules}
    baseline = report.baseline
    # Those that count go first where there is not room for all.
    order = sorted(report.violations, key=lambda violation: not violation.counts)
    written = report.violations if len(order) <= MOST else order[:MOST]
    run = SarifRun(
        rules=[_rule(rule) for rule in report.rules],
        results=[
            _result(violation, places[violation.rule], looked=report.waivers is not None) for violation in written
        ],
        notices=list(_notices(report, left_out=len(report.violations) - len(written))),
        successful=not any(problem.rejected for problem in report.data.problems),
        category="fluo/check",
        properties={
            "spans": report.data.spans,
            "traces": report.data.traces,
            "violated": len(report.violated),
            "waived": len(report.waived),
            **({} if baseline is None else {"known": baseline.known, "fixed": len(baseline.fixed)}),
        },
    )
    return sarif_log(run, root)


def _rule(rule: RuleReport) -> SarifRule:
    about = rule.metadata
    description = about.description or rule.title or rule.id
    told = [("Controls", ", ".join(about.controls)), ("Runbook", about.runbook or "")]
    paragraphs = [one_line(description), *(f"{name}: {one_line(text)}" for name, text in told if text)]
    tags: list[str] = list(dict.fromkeys([*about.tags, *([about.category.value] if about.category else [])]))
    properties: Document = {"severity": rule.severity, "verdicts": dict(rule.verdicts)}
    if tags:
        properties["tags"] = [*tags]
    if about.controls:
        properties["controls"] = [*about.controls]
    if SECURITY in tags:
        properties["security-severity"] = SCORES[rule.severity]
    return SarifRule(
        id=rule.id,
        short=one_line(rule.title or rule.id),
        full=one_line(description),
        help_text="\n\n".join(paragraphs),
        help_markdown="\n\n".join(escaped(paragraph) for paragraph in paragraphs),
        help_uri=about.runbook if about.runbook and about.runbook.startswith(("https://", "http://")) else None,
        level=LEVELS[rule.severity],
        properties=properties,
    )


def _result(violation: Violation, place: Where | None, *, looked: bool) -> SarifResult:
    spans = violation_spans(violation)
    sentence = shortened(violation.sentence, SENTENCE)
    if violation.verdict != "violated":
        sentence = f"{violation.verdict.capitalize()}: {sentence}"
    head = f"{sentence}{'' if sentence.endswith(('.', '!', '?')) else '.'}"
    scope = scope_text(violation.scope.items())
    proof = [] if violation.proof is None else proof_lines(violation.proof, Style(width=WIDTH))
    state: State | None = None
    if violation.known is not None:
        state = "unchanged" if violation.known else "new"
    return SarifResult(
        rule=violation.rule,
        message="\n".join([head, f"{scope} · fingerprint {violation.fingerprint}", *proof]),
        message_markdown="\n\n".join([escaped(head), escaped(scope), *([fenced(proof)] if proof else [])]),
        level=LEVELS[violation.severity],
        kind="fail" if violation.verdict == "violated" else "open",
        location=Location(place, tuple(_logical(span) for _, span in spans[:1])),
        related=tuple(_related(violation)),
        flow=tuple(_step(label, span, place) for label, span in spans),
        fingerprints={
            "fluo/v1": violation.fingerprint,
            "fluoSignature/v1": violation.signature,
            # What GitHub tells alerts of two runs by: traces that are recorded anew have other ids.
            "primaryLocationLineHash": f"{violation.signature}:1",
        },
        suppressions=tuple(_suppressions(violation)) if looked else None,
        state=state,
        properties={
            "verdict": violation.verdict,
            "severity": violation.severity,
            "scope": dict(violation.scope),
            "sentence": violation.sentence,
        },
    )


def _related(violation: Violation) -> Iterator[Location]:
    goal = None if violation.proof is None else violation.proof.obligation
    if goal is None or not goal.line or goal.file.startswith("<"):
        return
    yield Location(Where(goal.file, goal.line, goal.column), message="the obligation that is not met")


def _logical(span: SpanRef) -> Logical:
    return Logical(inert(span.name), f"{span.trace_id}/{span.span_id}", "span")


def _step(label: str, span: SpanRef, place: Where | None) -> Step:
    time = "at no known time" if span.start is None else f"at {instant_text(span.start)} UTC"
    message = f"{f'{label} is ' if label else ''}{span_text(span)}, {time}"
    return Step(
        Location(place, (_logical(span),), message), span.start, "essential" if label.startswith("$") else "important"
    )


def _suppressions(violation: Violation) -> Iterator[Suppression]:
    waiver = violation.waiver
    if waiver is not None:
        yield Suppression(
            f"{waiver.reason} ({waiver.owner})",
            where=waiver.where,
            properties={"owner": waiver.owner, "expires": waiver.expires.isoformat()},
        )


def _notices(report: Report, left_out: int) -> Iterator[Notice]:
    if left_out:
        yield Notice("left-out", f"{left_out:,} more results are left out; the other forms of a report have them all")
    for problem in report.data.problems:
        place = f"{problem.input}, {problem.where}" if problem.where else problem.input
        many = f" ({problem.count:,} times)" if problem.count > 1 else ""
        message = f"{inert(place)}: {inert(problem.message.rstrip('.'))}{many}"
        yield Notice(str(problem.code), message, "error" if problem.rejected else "warning")
    for use in report.expired:
        waiver = use.waiver
        message = f"the waiver for {waiver.rule} expired on {waiver.expires}; it fits {plural(use.fits, 'violation')}"
        yield Notice("V004", message, "error", Location(waiver.where) if waiver.where else None)
    for use in report.unused:
        message = f"the waiver for {use.waiver.rule} fits no violation"
        yield Notice("V005", message, "warning", Location(use.waiver.where) if use.waiver.where else None)
