"""What was found rule by rule: which violations count, which are waived or known, and what that comes to in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from fluo_logic.explain.words import plural
from fluo_logic.report.violation import DataReport, Report, RuleReport, Violation

MARKS: Final = {
    "violated": "✗",
    "inconclusive": "?",
    "pending": "…",
    "excused": "○",
    "satisfied": "✓",
    "vacuous": "·",
}
"""What stands before a rule; ``excused`` is one whose violations are all waived or known."""


@dataclass(frozen=True, slots=True)
class Tally:
    """The entries of one rule in a report, and the four lists of which each of them is in one."""

    rule: RuleReport
    entries: tuple[Violation, ...]
    violated: tuple[Violation, ...]
    waived: tuple[Violation, ...]
    known: tuple[Violation, ...]
    undecided: tuple[Violation, ...]

    @property
    def outcome(self) -> str:
        """The key of `MARKS` that tells of the rule."""
        if self.violated:
            return "violated"
        if self.undecided:
            worst = {violation.verdict for violation in self.undecided}
            return "inconclusive" if "inconclusive" in worst else "pending"
        if self.waived or self.known:
            return "excused"
        return "satisfied" if self.rule.verdicts["satisfied"] else "vacuous"


def tallies(report: Report) -> Iterator[Tally]:
    """Yield the tally of every rule, in the order of the report."""
    by_rule: dict[str, list[Violation]] = {}
    for violation in report.violations:
        by_rule.setdefault(violation.rule, []).append(violation)
    for rule in report.rules:
        found = by_rule.get(rule.id, [])
        yield Tally(
            rule,
            tuple(found),
            violated=tuple(one for one in found if one.counts),
            waived=tuple(one for one in found if one.waiver is not None),
            known=tuple(one for one in found if one.known and one.waiver is None),
            undecided=tuple(one for one in found if one.verdict != "violated" and one.waiver is None),
        )


def headline(report: Report) -> str:
    """Return the outcome in a few words: ``2 violations of 1 rule, 3 waived``."""
    parts = ["nothing violated" if report.data.spans else "nothing checked"]
    if no_rule_applied(report):
        parts.append("no rule applied")
    if report.violated:
        rules = len({violation.rule for violation in report.violated})
        parts = [f"{plural(len(report.violated), 'violation')} of {plural(rules, 'rule')}"]
    parts.extend(
        f"{count:,} {word}"
        for count, word in (
            (len(report.waived), "waived"),
            (len(report.known), "known to the baseline"),
            (len(report.baseline.fixed) if report.baseline is not None else 0, "fixed since the baseline"),
            (len(report.undecided), "pending or inconclusive"),
        )
        if count
    )
    if report.expired:
        parts.append(f"{plural(len(report.expired), 'waiver')} expired")
    return ", ".join(parts)


def no_rule_applied(report: Report) -> bool:
    """Return whether there are spans and rules, and no rule found anything of what it speaks of."""
    judged = any(count for rule in report.rules for verdict, count in rule.verdicts.items() if verdict != "vacuous")
    return bool(report.rules) and report.data.spans > 0 and not judged


def data_text(data: DataReport) -> str:
    """Return what was read, in words."""
    parts = [f"{plural(data.spans, 'span')} in {plural(data.traces, 'trace')}"]
    if data.merged:
        parts.append(f"{plural(data.merged, 'copy').replace('copys', 'copies')} merged")
    if data.orphans:
        parts.append(plural(data.orphans, "orphan"))
    rejected = sum(problem.rejected for problem in data.problems)
    if rejected:
        parts.append(f"{plural(rejected, 'part')} of the input not read")
    return ", ".join(parts)


def problems_text(data: DataReport) -> Iterator[tuple[str, bool, str]]:
    """Yield the code of each problem of the input, whether a part was lost, and what is wrong where."""
    for problem in data.problems:
        place = f"{problem.input}, {problem.where}" if problem.where else problem.input
        many = f" ({problem.count:,} times)" if problem.count > 1 else ""
        yield str(problem.code), problem.rejected, f"{place}: {problem.message.rstrip('.')}{many}"
