"""A report as text for a terminal: what was read, what is violated and why, and a line for every rule."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from fluo_logic.explain.outline import proof_day
from fluo_logic.explain.text import VERDICT_STYLE, Style, proof_lines, scope_text
from fluo_logic.explain.words import inert, plural, shortened
from fluo_logic.report.tally import MARKS, Tally, data_text, headline, no_rule_applied, tallies
from fluo_logic.report.violation import VERDICTS, Report, Violation

LISTED: Final = 5
"""How many violations without proof are listed after those with one."""
SEVERITY_STYLE: Final = {
    "critical": ("red", "bold"),
    "high": ("red",),
    "medium": ("yellow",),
    "low": ("cyan",),
    "info": ("dim",),
}
OUTCOME_STYLE: Final = {**VERDICT_STYLE, "excused": (MARKS["excused"], "cyan")}
"""The mark and the colour of what became of a rule."""


def report_text(report: Report, *, colour: bool = False, width: int = 100) -> str:
    """Return the whole report: violations with their proofs, rule by rule, then the table of rules."""
    style = Style(colour, width)
    tallied = list(tallies(report))
    lines = [*_violations(tallied, style), *_table(tallied, style), "", _summary(report, style)]
    return "\n".join(lines) + "\n"


def _violations(tallied: Sequence[Tally], style: Style) -> Iterator[str]:
    for tally in tallied:
        found = [violation for violation in tally.entries if not violation.excused]
        if not tally.entries:
            continue
        yield _heading(tally, style)
        yield from _excused(tally, style)
        proved = [violation for violation in found if violation.proof is not None]
        rest = [violation for violation in found if violation.proof is None]
        for violation in proved:
            yield ""
            yield from violation_lines(violation, style)
        if rest:
            yield ""
        if not proved or len(rest) <= LISTED:
            for violation in rest:
                yield from violation_lines(violation, style)
        else:
            more = f"  … and {len(rest):,} more without proof (see --max-proofs; --format json lists them all)"
            yield style.paint(more, "dim")
        yield ""
        yield ""


def _excused(tally: Tally, style: Style) -> Iterator[str]:
    """Yield what does not count: two lines or more for each waived violation, and how many are known."""
    mark = style.paint(*OUTCOME_STYLE["excused"])
    waived = [(violation, violation.waiver) for violation in tally.waived if violation.waiver is not None]
    for violation, waiver in waived[:LISTED]:
        said = f"{shortened(violation.sentence, 400)} ({scope_text(violation.scope.items())})"
        wrapped = textwrap.wrap(said, max(40, style.width - 4)) or [""]
        yield f"  {mark} {wrapped[0]}"
        yield from (f"    {line}" for line in wrapped[1:])
        yield style.paint(f"    waived: {inert(waiver.text)}", "dim")
    if len(waived) > LISTED:
        yield style.paint(f"  … and {len(waived) - LISTED:,} more waived", "dim")
    if tally.known:
        known = plural(len(tally.known), "violation")
        yield f"  {mark} {style.paint(f'{known} known to the baseline', 'dim')}"


def _heading(tally: Tally, style: Style) -> str:
    rule = tally.rule
    severity = style.paint(rule.severity, *SEVERITY_STYLE[rule.severity])
    title = f" — {rule.title}" if rule.title else ""
    return f"{style.paint(*OUTCOME_STYLE[tally.outcome])} {style.paint(rule.id, 'bold')} [{severity}]{title}"


def violation_lines(violation: Violation, style: Style, indent: str = "  ") -> list[str]:
    """Return the lines of one violation: its sentence, where it is, and the proof."""
    mark, name = VERDICT_STYLE[violation.verdict]
    day = proof_day(violation.proof) if violation.proof is not None else None
    parts = [scope_text(violation.scope.items()), *([day] if day else []), f"fingerprint {violation.fingerprint}"]
    where = style.paint(" · ".join(parts), "dim")
    verdict = "" if violation.verdict == "violated" else f"{violation.verdict}: "
    said = textwrap.wrap(f"{verdict}{shortened(violation.sentence, 400)}", max(40, style.width - len(indent) - 2)) or [
        ""
    ]
    lines = [f"{indent}{style.paint(mark, name)} {style.paint(said[0], name)}"]
    lines.extend(f"{indent}  {style.paint(line, name)}" for line in said[1:])
    lines.append(f"{indent}  {where}")
    if violation.proof is not None:
        lines.extend(proof_lines(violation.proof, style, f"{indent}  "))
    return lines


def _table(tallied: Sequence[Tally], style: Style) -> Iterator[str]:
    """Yield a line for each rule: what became of it, and how many scopes got which verdict."""
    widest = max((len(tally.rule.id) for tally in tallied), default=0)
    for tally in tallied:
        rule = tally.rule
        counts = [(verdict, rule.verdicts[verdict]) for verdict in VERDICTS if rule.verdicts[verdict]]
        told = " · ".join(style.paint(f"{count:,} {verdict}", VERDICT_STYLE[verdict][1]) for verdict, count in counts)
        excused = [f"{len(entries):,} {word}" for entries, word in ((tally.waived, "waived"), (tally.known, "known"))]
        apart = ", ".join(text for text in excused if not text.startswith("0 "))
        mark = style.paint(*OUTCOME_STYLE[tally.outcome])
        yield (
            f"{mark} {rule.id.ljust(widest)}  {told or style.paint('no scope', 'dim')}"
            f"{style.paint(f' ({apart})', 'dim') if apart else ''}"
        )
        if rule.missing_attributes and tally.outcome != "vacuous":
            missing = ", ".join(f"{key} on {plural(count, 'span')}" for key, count in rule.missing_attributes.items())
            yield style.paint(f"  {' ' * widest}  missing: {missing}", "dim")


def _summary(report: Report, style: Style) -> str:
    told = headline(report)
    first, comma, rest = told.partition(", ")
    head = style.paint(first, "red" if report.violated else "green", "bold") + comma + rest
    summary = f"{head} — {plural(len(report.rules), 'rule')} on {data_text(report.data)}"
    if no_rule_applied(report):
        summary += style.paint("\n  `fluo lint RULES --traces …` tells which of their names these traces lack", "dim")
    return summary
