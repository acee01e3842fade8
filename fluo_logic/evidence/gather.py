"""Gathers evidence: checks, makes a complete certificate, and has the independent checker go through it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Final

from fluo_logic.certification import ABOUT_ALL, Finding, certify_session, recheck_inputs
from fluo_logic.evidence.controls import rules_for
from fluo_logic.evidence.tally import NO_EVIDENCE, OUTCOMES, Counts, total
from fluo_logic.explain.certificate import SATISFIED, Json
from fluo_logic.facts.dataset import Dataset
from fluo_logic.facts.progress import Progress, silent
from fluo_logic.facts.readers import read_opened
from fluo_logic.facts.readers.sources import Source
from fluo_logic.lang.syntax import Rule, Ruleset
from fluo_logic.pipeline import Options, report, solve
from fluo_logic.report.violation import Report, RuleReport, Violation

CLAIM: Final = "claim "
NODE: Final = "node "


@dataclass(frozen=True, slots=True)
class Digest:
    """A file and ``sha256:`` with the digest of its bytes; None where it could not be read."""

    name: str
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Period:
    """The earliest start and the latest end of the spans, in nanoseconds since the Unix epoch."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class RuleEvidence:
    """What the traces show of one rule; ``failures`` are its obligations that are not met, for whatever reason."""

    rule: Rule
    counts: Counts
    failures: tuple[Violation, ...]


@dataclass(frozen=True, slots=True)
class ControlEvidence:
    """What the traces show of one control, by the rules that name it."""

    control: str
    rules: tuple[RuleEvidence, ...]

    @property
    def counts(self) -> Counts:
        """The sum over the rules."""
        return total(one.counts for one in self.rules)

    @property
    def without(self) -> tuple[RuleEvidence, ...]:
        """The rules that had nothing to check."""
        return tuple(one for one in self.rules if one.counts.outcome == NO_EVIDENCE)


@dataclass(frozen=True, slots=True)
class Recheck:
    """What the independent checker said: how many claims and nodes it accepted, and what it refused."""

    claims: int
    nodes: int
    refused: tuple[Finding, ...]
    through_otlp: bool
    """Whether it read the OTLP that fluo writes of the traces, because it cannot read their own format."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What traces show of controls, and what that rests on."""

    controls: tuple[ControlEvidence, ...]
    rules: tuple[RuleEvidence, ...]
    report: Report
    period: Period | None
    trace_files: tuple[Digest, ...]
    rule_files: tuple[Digest, ...]
    certificate: dict[str, Json]
    recheck: Recheck
    fluo: str

    @property
    def outcome(self) -> str:
        """The worst of what the controls come to; without a control there is no evidence."""
        return min((one.counts.outcome for one in self.controls), key=OUTCOMES.index, default=NO_EVIDENCE)


def gather(
    sources: Sequence[Source],
    rules: Ruleset,
    controls: Sequence[str],
    options: Options,
    *,
    progress: Progress = silent,
) -> Evidence:
    """Return what the traces show of controls.

    Args:
        sources: the traces, opened.
        rules: rules, of which those that name one of the controls are checked.
        controls: at least one, in the order in which they are to be told.
        options: as for `fluo_logic.check`.
        progress: is told what is being done.
    """
    progress("reading the traces")
    dataset = read_opened(sources)
    about = rules_for(rules, controls)
    progress("checking")
    session = solve(dataset, about, replace(options, max_proofs=0), progress=progress)
    found = report(session)
    progress("making the certificate")
    certificate = certify_session(session, complete=True)
    progress("checking the certificate independently")
    contents = [source.content for source in sources]
    findings, written = recheck_inputs(certificate, session.program, contents, lambda: dataset, complete=True)
    accepted, refused = _by_rule(certificate, findings)
    shown = tuple(
        _rule_evidence(rule, row, found, accepted[rule.id], refused[rule.id])
        for rule, row in zip(about.rules, found.rules, strict=True)
    )
    return Evidence(
        controls=tuple(
            ControlEvidence(control, tuple(one for one in shown if control in one.rule.metadata.controls))
            for control in controls
        ),
        rules=shown,
        report=found,
        period=period_of(dataset),
        trace_files=tuple(Digest(source.log.name, digest_of(source.content)) for source in sources),
        rule_files=tuple(file_digest(name) for name in dict.fromkeys(rule.origin.file for rule in about.rules)),
        certificate=certificate,
        recheck=Recheck(
            claims=sum(one.accepted and one.about.startswith(CLAIM) for one in findings),
            nodes=sum(one.accepted and one.about.startswith(NODE) for one in findings),
            refused=tuple(one for one in findings if not one.accepted),
            through_otlp=written,
        ),
        fluo=version("fluo_logic"),
    )


def period_of(dataset: Dataset) -> Period | None:
    """Return the time that the spans cover; None where none of them has a time."""
    starts = [time for span in dataset.spans for time in (span.start, span.end) if time is not None]
    return Period(min(starts), max(starts)) if starts else None


def digest_of(content: object) -> str | None:
    """Return the digest of the bytes of a file; None for anything else."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}" if isinstance(content, bytes) else None


def file_digest(name: str) -> Digest:
    """Return a file with its digest; None for what is no file, such as the rules of a program."""
    try:
        return Digest(name, digest_of(Path(name).read_bytes()))
    except (OSError, ValueError):
        return Digest(name, None)


def _by_rule(certificate: dict[str, Json], findings: Sequence[Finding]) -> tuple[Counter[str], Counter[str]]:
    """Return how many obligations of each rule are accepted as satisfied, and how many of its claims are refused."""
    accepted: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    claims = certificate["claims"]
    listed = [claim for claim in claims if isinstance(claim, dict)] if isinstance(claims, list) else []
    for finding in findings:
        if finding.about.startswith(CLAIM):
            claim = listed[int(finding.about.removeprefix(CLAIM))]
            if not finding.accepted:
                refused[str(claim["rule"])] += 1
            elif claim["claim"] == SATISFIED:
                accepted[str(claim["rule"])] += 1
    if any(not one.accepted and _is_about_all(one) for one in findings) or (
        not refused and any(not one.accepted for one in findings)
    ):
        # Nothing stands where the checker has doubts about the whole.
        rules = certificate["rules"]
        for name in rules if isinstance(rules, list) else ():
            refused[str(name)] += 1
        accepted.clear()
    return accepted, refused


def _is_about_all(finding: Finding) -> bool:
    return finding.about == ABOUT_ALL or not finding.about.startswith((CLAIM, NODE))


def _rule_evidence(rule: Rule, row: RuleReport, found: Report, satisfied: int, refused: int) -> RuleEvidence:
    failures = tuple(one for one in found.violations if one.rule == rule.id)
    by_verdict = Counter(one.verdict for one in failures)
    counts = Counts(
        obligations=row.obligations,
        satisfied=satisfied,
        violated=by_verdict["violated"],
        inconclusive=by_verdict["inconclusive"],
        pending=by_verdict["pending"],
        scopes=sum(row.verdicts.values()),
        vacuous=row.verdicts["vacuous"],
        refused=refused,
    )
    return RuleEvidence(rule, counts, failures)
