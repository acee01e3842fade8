"""What text and HTML both say of evidence."""

from __future__ import annotations

from collections.abc import Iterator

from fluo_logic.evidence.gather import ControlEvidence, Evidence, Period
from fluo_logic.evidence.tally import Counts
from fluo_logic.explain.words import duration_text, instant_text, plural


def counts_text(counts: Counts) -> str:
    """Return what became of obligations: ``5 obligations: 4 satisfied, 1 violated``."""
    if not counts.obligations:
        return "no obligation: nothing to check"
    parts = (
        (counts.satisfied, "satisfied"),
        (counts.violated, "violated"),
        (counts.inconclusive, "inconclusive"),
        (counts.pending, "pending"),
        (counts.not_certified, "not certified"),
    )
    told = ", ".join(f"{count:,} {word}" for count, word in parts if count)
    return f"{plural(counts.obligations, 'obligation')}: {told}"


def rules_text(control: ControlEvidence) -> str:
    """Return by how many rules a control is told of, and how many of these had nothing to check."""
    rules, without = len(control.rules), len(control.without)
    return plural(rules, "rule") + (f", {without:,} without evidence" if 0 < without < rules else "")


def scopes_text(counts: Counts) -> str:
    """Return in how many scopes a rule had nothing to check."""
    return f"vacuous in {counts.vacuous:,} of {plural(counts.scopes, 'scope')}"


def period_text(period: Period | None) -> str:
    """Return a period in UTC."""
    if period is None:
        return "no time: there is no span with one"
    return f"{instant_text(period.start)} to {instant_text(period.end)} UTC"


def checked_lines(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Yield what a check rests on beside its files, each with a word for it."""
    options = evidence.certificate["options"]
    told = options if isinstance(options, dict) else {}
    skew = int(str(told.get("clock_skew")))
    now = int(str(told.get("now")))
    yield (
        "now",
        f"{instant_text(now)} UTC, from which deadlines are judged" if now else "no time: there is none in the data",
    )
    yield "clocks", f"may differ by {duration_text(skew)}" if skew else "of services are taken to agree"
    holes = "are taken to hide nothing" if told.get("assume_complete") else "of traces may hide spans"
    yield "holes", holes
    yield "facts", str(evidence.certificate["facts"])
    yield "ir", str(evidence.certificate["ir"])
    yield "fluo", evidence.fluo


def recheck_text(evidence: Evidence) -> str:
    """Return what the independent checker said, in words."""
    recheck = evidence.recheck
    claims, nodes = plural(recheck.claims, "claim"), plural(recheck.nodes, "node")
    through = ", through the OTLP that fluo writes of the traces" if recheck.through_otlp else ""
    if recheck.refused:
        told = f"{claims} and {nodes} accepted, {len(recheck.refused):,} refused"
        return f"NOT certified: {told} by the independent checker in this run{through}"
    return f"certified: {claims} and {nodes} accepted, none refused, by the independent checker in this run{through}"
