"""Evidence as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fluo_logic.evidence.gather import ControlEvidence, Digest, Evidence, RuleEvidence
from fluo_logic.evidence.tally import NO_EVIDENCE, Counts, outcome_text
from fluo_logic.evidence.words import checked_lines, counts_text, period_text, recheck_text, rules_text, scopes_text
from fluo_logic.explain.text import Style, scope_text
from fluo_logic.explain.words import inert
from fluo_logic.report.tally import data_text, problems_text

MARKS: Final = {
    "violated": ("✗", "red"),
    "not_certified": ("!", "red"),
    "inconclusive": ("?", "yellow"),
    "pending": ("…", "yellow"),
    NO_EVIDENCE: ("○", "yellow"),
    "satisfied": ("✓", "green"),
}
LISTED: Final = 5
"""How many failures of a rule are listed before the rest is counted; the other forms have them all."""


def evidence_text(evidence: Evidence, style: Style, *, quiet: bool = False) -> str:
    """Return evidence as `fluo evidence` prints it; ``quiet`` leaves out the controls that are satisfied."""
    lines: list[str] = []
    told: set[str] = set()
    for control in evidence.controls:
        if not quiet or control.counts.outcome != "satisfied":
            lines += [*_control(control, style, told), ""]
    if not quiet or lines:
        lines += _rests_on(evidence, style)
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _marked(counts: Counts, style: Style) -> tuple[str, str]:
    mark, colour = MARKS[counts.outcome]
    return style.paint(mark, colour), style.paint(outcome_text(counts.outcome), colour, "bold")


def _control(control: ControlEvidence, style: Style, told: set[str]) -> Iterator[str]:
    counts = control.counts
    mark, word = _marked(counts, style)
    yield f"{mark} {style.paint(inert(control.control), 'bold')} — {word}"
    yield f"  {counts_text(counts)} · {scopes_text(counts)} · {rules_text(control)}"
    for one in control.rules:
        yield from _rule(one, style, told)


def _rule(one: RuleEvidence, style: Style, told: set[str]) -> Iterator[str]:
    mark, word = _marked(one.counts, style)
    title = f" — {inert(one.rule.title)}" if one.rule.title else ""
    yield f"  {mark} {inert(one.rule.id)}{title}: {word}"
    yield f"      {counts_text(one.counts)} · {scopes_text(one.counts)}"
    if one.rule.id in told:
        if one.failures:
            yield "      its failures are listed above"
        return
    told.add(one.rule.id)
    for failure in one.failures[:LISTED]:
        place = f"{scope_text(failure.scope.items())} · fingerprint {failure.fingerprint}"
        yield f"      {failure.verdict}: {inert(failure.sentence)}"
        yield f"        {style.paint(place, 'dim')}"
    if len(one.failures) > LISTED:
        yield f"      … and {len(one.failures) - LISTED:,} more"


def _rests_on(evidence: Evidence, style: Style) -> Iterator[str]:
    yield f"covers   {period_text(evidence.period)}, {data_text(evidence.report.data)}"
    yield from (f"{word:8} {said}" for word, said in checked_lines(evidence))
    for word, digests in (("traces", evidence.trace_files), ("rules", evidence.rule_files)):
        yield from (f"{word:8} {_digest(one)}" for one in digests)
    for code, lost, said in problems_text(evidence.report.data):
        yield f"{'lost' if lost else 'unsound':8} [{code}] {inert(said)}"
    yield f"{'re-check':8} {style.paint(recheck_text(evidence), 'red' if evidence.recheck.refused else 'green')}"
    for finding in evidence.recheck.refused[:LISTED]:
        yield f"         refused: {finding.about}: {inert(finding.said)}"
    if len(evidence.recheck.refused) > LISTED:
        yield f"         … and {len(evidence.recheck.refused) - LISTED:,} more"


def _digest(digest: Digest) -> str:
    return f"{digest.sha256 or 'no digest, it could not be read'} {inert(digest.name)}"
