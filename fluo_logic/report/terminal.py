"""A report as text for a terminal: what was read, what is violated and why, and a line for every rule."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Final

from fluo_logic.explain.outline import proof_day
from fluo_logic.explain.text import VERDICT_STYLE, Style, proof_lines, scope_text
from fluo_logic.explain.words import plural, shortened
from fluo_logic.report.violation import VERDICTS, DataReport, Report, RuleReport, Violation

LISTED: Final = 5
"""How many violations without proof are listed after those with one."""
SEVERITY_STYLE: Final = {
    "critical": ("red", "bold"),
    "high": ("red",),
    "medium": ("yellow",),
    "low": ("cyan",),
    "info": ("dim",),
}


def report_text(report: Report, *, colour: bool = False, width: int = 100) -> str:
    """Return the whole report: violations with their proofs, rule by rule, then the table of rules."""
    style = Style(colour, width)
    lines = [*_violations(report, style), *_table(report, style), "", _summary(report, style)]
    return "\n".join(lines) + "\n"


def _violations(report: Report, style: Style) -> Iterator[str]:
    for rule in report.rules:
        found = [violation for violation in report.violations if violation.rule == rule.id]
        if not found:
            continue
        yield _heading(rule, style)
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


def _heading(rule: RuleReport, style: Style) -> str:
    worst = next(verdict for verdict in VERDICTS if rule.verdicts[verdict])
    mark, name = VERDICT_STYLE[worst]
    severity = style.paint(rule.severity, *SEVERITY_STYLE[rule.severity])
    title = f" — {rule.title}" if rule.title else ""
    return f"{style.paint(mark, name)} {style.paint(rule.id, 'bold')} [{severity}]{title}"


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


def _table(report: Report, style: Style) -> Iterator[str]:
    """Yield a line for each rule: its worst verdict, and how many scopes got which."""
    widest = max((len(rule.id) for rule in report.rules), default=0)
    for rule in report.rules:
        counts = [(verdict, rule.verdicts[verdict]) for verdict in VERDICTS if rule.verdicts[verdict]]
        worst = counts[0][0] if counts else "vacuous"
        mark, name = VERDICT_STYLE[worst]
        told = " · ".join(style.paint(f"{count:,} {verdict}", VERDICT_STYLE[verdict][1]) for verdict, count in counts)
        yield f"{style.paint(mark, name)} {rule.id.ljust(widest)}  {told or style.paint('no scope', 'dim')}"
        if rule.missing_attributes and worst != "vacuous":
            missing = ", ".join(f"{key} on {plural(count, 'span')}" for key, count in rule.missing_attributes.items())
            yield style.paint(f"  {' ' * widest}  missing: {missing}", "dim")


def _summary(report: Report, style: Style) -> str:
    violated = len(report.violated)
    undecided = len(report.violations) - violated
    read = data_text(report.data)
    if violated:
        rules = len({violation.rule for violation in report.violated})
        head = style.paint(f"{plural(violated, 'violation')} of {plural(rules, 'rule')}", "red", "bold")
    else:
        head = style.paint("nothing violated", "green", "bold")
    if undecided:
        head += f", {undecided:,} pending or inconclusive"
    return f"{head} — {plural(len(report.rules), 'rule')} on {read}"


def data_text(data: DataReport) -> str:
    """Return what was read, in words."""
    parts = [f"{plural(data.spans, 'span')} in {plural(data.traces, 'trace')}"]
    if data.merged:
        parts.append(f"{plural(data.merged, 'copy').replace('copys', 'copies')} merged")
    if data.orphans:
        parts.append(plural(data.orphans, "orphan"))
    rejected = sum(problem.rejected for problem in data.problems)
    if rejected:
        parts.append(f"{plural(rejected, 'record')} rejected")
    return ", ".join(parts)
