"""A report as workflow commands: what a step of GitHub Actions prints becomes notes beside the rules in the diff.

The format is that of "Workflow commands for GitHub Actions": ``::error file=F,line=N::message``.  A step gets at most
ten notes of a level shown, so that a rule gets one, whatever the number of its violations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from fluo_logic.errors import Where
from fluo_logic.explain.text import SENTENCE, scope_text
from fluo_logic.explain.words import inert, plural, shortened
from fluo_logic.report.sarif_log import LEVELS, relative_path
from fluo_logic.report.tally import Tally, problems_text, tallies
from fluo_logic.report.violation import Report, Violation

COMMANDS: Final[Mapping[str, str]] = {"error": "error", "warning": "warning", "note": "notice"}
"""The command of each level."""
TOLD: Final = 3
"""How many violations of a rule are told."""


def report_github(report: Report, root: Path | None = None) -> str:
    """Return a line for each rule that is violated, each input that was lost and each waiver that needs a look.

    Args:
        report: what a check found.
        root: the checkout that the names of files are to be relative to, by default the current directory.
    """
    folder = Path.cwd() if root is None else root
    return "".join(f"{line}\n" for line in _lines(report, folder))


def _lines(report: Report, root: Path) -> Iterator[str]:
    for code, rejected, said in problems_text(report.data):
        if rejected:
            yield command("error", inert(said), title=f"fluo {code}")
    for use in report.expired:
        waiver = use.waiver
        said = f"the waiver expired on {waiver.expires}; it fits {plural(use.fits, 'violation')}: {waiver.text}"
        yield command(
            "error", inert(said), **file_properties(waiver.where, root), title=f"fluo: waiver for {waiver.rule}"
        )
    for use in report.unused:
        waiver = use.waiver
        said = "the waiver fits no violation"
        yield command("notice", said, **file_properties(waiver.where, root), title=f"fluo: waiver for {waiver.rule}")
    for tally in sorted(tallies(report), key=lambda tally: list(LEVELS).index(tally.rule.severity)):
        if tally.violated:
            yield _rule(tally, root)


def _rule(tally: Tally, root: Path) -> str:
    rule, found = tally.rule, tally.violated
    title = f"{rule.id}: {plural(len(found), 'violation')}" if len(found) > 1 else rule.id
    parts = [rule.title] if rule.title else []
    parts += [_violation(violation) for violation in found[:TOLD]]
    if len(found) > TOLD:
        parts.append(f"… and {len(found) - TOLD:,} more")
    if tally.waived or tally.known:
        parts.append(f"not counted: {len(tally.waived):,} waived, {len(tally.known):,} known to the baseline")
    return command(
        COMMANDS[LEVELS[rule.severity]],
        "\n".join(map(inert, parts)),
        **file_properties(rule.in_file, root),
        title=title,
    )


def _violation(violation: Violation) -> str:
    sentence = shortened(violation.sentence, SENTENCE)
    return f"{sentence} ({scope_text(violation.scope.items())}, fingerprint {violation.fingerprint})"


def file_properties(where: Where | None, root: Path) -> dict[str, str]:
    """Return the properties of a place that is in the checkout; nothing for one that is not."""
    path = None if where is None else relative_path(where.file, root)
    if where is None or path is None:
        return {}
    end = where.column + max(1, where.length)
    return {"file": path, "line": str(where.line), "col": str(where.column), "endColumn": str(end)}


def command(name: str, message: str, **properties: str) -> str:
    """Return one workflow command on one line; nothing in it can end it or begin another."""
    told = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {told}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
