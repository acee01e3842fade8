"""An analysis as SARIF 2.1.0: each finding at the line of its first rule, the other rules as related places."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from fluo_logic.consistency.analyze_findings import Analysis, Finding, Gap, witness_lines
from fluo_logic.errors import Where
from fluo_logic.explain.text import Style
from fluo_logic.explain.words import inert
from fluo_logic.report.markup import escaped, fenced
from fluo_logic.report.sarif_log import Level, Location, Notice, SarifResult, SarifRule, SarifRun, sarif_log

WIDTH: Final = 100
MEANINGS: Final[dict[str, tuple[Level, str, str]]] = {
    "contradiction": (
        "error",
        "The rule cannot be satisfied",
        "No trace to which the rule applies satisfies it. Look for two conditions that exclude each other.",
    ),
    "tautology": (
        "warning",
        "The rule cannot be violated",
        "No trace violates the rule, perhaps because its `when` matches none. It checks nothing as it stands.",
    ),
    "conflict": (
        "error",
        "Rules cannot be satisfied together",
        "The rules can apply together, each can be satisfied, and no trace satisfies all. No smaller set conflicts.",
    ),
    "timing-conflict": (
        "error",
        "Rules leave no time to satisfy both",
        "A trace can begin so that nothing is violated yet and whatever follows satisfies only one of the rules.",
    ),
    "equivalence": (
        "warning",
        "Rules say the same",
        "Each trace violates both rules or neither. One of them can go.",
    ),
    "subsumption": (
        "note",
        "A rule implies another",
        "What violates the second rule violates the first too, so the second adds nothing but its own message.",
    ),
    "redundancy": (
        "note",
        "Other rules together imply the rule",
        "What violates the rule violates one of the others too.",
    ),
    "shadowed": (
        "warning",
        "A condition decides nothing",
        "Without the condition the rule has the same verdict on every trace: another always decides first.",
    ),
    "dead-name": (
        "warning",
        "A name that recorded traces never show",
        "A span name, attribute or event of the rule never occurs in the recorded traces; it may be misspelt.",
    ),
    "never-active": (
        "warning",
        "The rule never applied to recorded traces",
        "The `when` of the rule matched in no scope of the recorded traces.",
    ),
}
"""The level of each kind of finding, its name, and what it means."""


def analysis_sarif(analysis: Analysis, root: Path | None = None) -> dict[str, object]:
    """Return the log, ready for `json.dumps`.

    Findings that were left undecided are results of the kind ``open``; what could not be analysed is told as
    notifications of the run.

    Args:
        analysis: what was found.
        root: the folder that addresses of rule files are to be relative to, by default the current directory.
    """
    places = {note.id: note.where for note in analysis.about}
    kinds = dict.fromkeys(one.kind for one in analysis.findings)
    run = SarifRun(
        rules=[_rule(kind) for kind in kinds],
        results=[_result(one, places) for one in analysis.findings],
        notices=[_notice(gap, places) for gap in analysis.not_analysed],
        category="fluo/analyze",
        properties={"bound": {"spans": analysis.bound}, "rules": analysis.rules},
    )
    return sarif_log(run, root)


def _rule(kind: str) -> SarifRule:
    level, short, full = MEANINGS[kind]
    return SarifRule(kind, short, full, full, level=level)


def _result(one: Finding, places: dict[str, Where]) -> SarifResult:
    level, short, _ = MEANINGS[one.kind]
    text = f"{short}: {', '.join(one.rules)}. {one.sentence}"
    markdown = f"**{escaped(short)}**: {', '.join(escaped(rule) for rule in one.rules)}\\\n{escaped(one.sentence)}"
    if one.witness is not None:
        lines = [inert(line) for line in witness_lines(one.witness, Style(colour=False, width=WIDTH))]
        text += "\n" + "\n".join(lines)
        markdown += f"\n\n{fenced(lines)}"
    identity = "\n".join([one.kind, *one.rules, *(f"{key}={value}" for key, value in sorted(one.detail.items()))])
    return SarifResult(
        rule=one.kind,
        message=inert_lines(text),
        message_markdown=markdown,
        level=level,
        kind="open" if one.undecided else "fail",
        location=Location(places.get(one.rules[0])),
        related=tuple(
            Location(where, message=f"the rule {rule}") for rule in one.rules[1:] if (where := places.get(rule))
        ),
        fingerprints={"fluo/v1": hashlib.sha256(identity.encode()).hexdigest()[:16]},
        properties={"rules": list(one.rules), "undecided": one.undecided},
    )


def inert_lines(text: str) -> str:
    """Return a text whose lines are inert each."""
    return "\n".join(inert(line) for line in text.split("\n"))


def _notice(gap: Gap, places: dict[str, Where]) -> Notice:
    about = f"{gap.question} of " if gap.question else ""
    where = places.get(gap.rules[0])
    message = f"not analysed: {about}{', '.join(gap.rules)}: {inert(gap.reason)}"
    return Notice("not-analysed", message, "warning", None if where is None else Location(where))
