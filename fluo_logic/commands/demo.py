"""``fluo demo``: the seven incidents, replayed, checked and explained."""

from __future__ import annotations

import sys
import tempfile
import textwrap
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from fluo_logic.commands.incidents import PACK, Catalogue, Replay, trace_file
from fluo_logic.commands.output import text_width, wants_colour, write_text
from fluo_logic.errors import EXIT_OK, EXIT_VIOLATIONS, ConfigError
from fluo_logic.explain.text import VERDICT_STYLE, Style
from fluo_logic.explain.words import plural
from fluo_logic.lang.syntax import Rule, ScopeKind
from fluo_logic.report.terminal import violation_lines
from fluo_logic.report.violation import Report, RuleReport

ONE: Final = 1
SEVERAL: Final = 4
INDENT: Final = "   "
LABEL: Final = len("stronger  ")


def run(arguments: Namespace) -> int:
    """Replay the incidents; return 0 if every healthy run is clean and every broken one is caught."""
    style = Style(wants_colour(sys.stdout, no_color=arguments.no_color), text_width(sys.stdout))
    catalogue = Catalogue()
    incidents = catalogue.incidents if arguments.incident is None else (catalogue.named(arguments.incident),)
    single = len(incidents) == 1
    proofs = SEVERAL if single or arguments.verbose else ONE
    replays = []
    with _folder(arguments.keep) as folder:
        for incident in incidents:
            replay = catalogue.replay(incident, folder)
            replays.append(replay)
            if not arguments.quiet:
                _print(incident_lines(replay, style, proofs=proofs, story=single))
    if arguments.quiet or not single:
        _print(summary_lines(replays, style))
    if arguments.keep is not None:
        path = trace_file(folder, replays[0].incident, "broken")
        _print([style.paint(f"the traces are kept: fluo check pack:{PACK} --traces {path}", "dim")])
    elif not arguments.quiet:
        _print([style.paint("`fluo demo 3` tells more of one incident, `--keep DIR` keeps the traces", "dim")])
    return EXIT_OK if all(replay.clean and replay.caught for replay in replays) else EXIT_VIOLATIONS


@contextmanager
def _folder(keep: str | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="fluo-demo-") as name:
            yield Path(name)
        return
    folder = Path(keep)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"the folder `{keep}` cannot be made: {(error.strerror or str(error)).lower()}"
        raise ConfigError(code="C121", message=message) from error
    yield folder


def _print(lines: Sequence[str]) -> None:
    write_text("\n".join([*lines, ""]))
    sys.stdout.flush()


def incident_lines(replay: Replay, style: Style, *, proofs: int, story: bool) -> list[str]:
    """Return what there is to say of one incident: what happened, both runs, the proofs of some violations."""
    incident = replay.incident
    number, title = style.paint(str(incident.number), "cyan", "bold"), style.paint(incident.title, "bold")
    lines = [f"{number}  {title}  {style.paint(incident.industry, 'dim')}"]
    lines.extend(_wrapped(incident.impact, style, "yellow"))
    lines.extend(_wrapped(incident.invariant, style))
    if story:
        lines.append("")
        lines.extend(_wrapped(incident.story, style, "dim"))
    lines.append("")
    lines.append(_run_line("healthy", replay.healthy, style, good=replay.clean))
    lines.append(_run_line("broken", replay.broken, style, good=replay.broken.ok))
    widest = max(len(rule.id) for rule in replay.rules.rules)
    for label, rule, found in zip(
        ("as told", *["stronger"] * len(replay.stronger)), replay.rules.rules, replay.broken.rules, strict=True
    ):
        lines.append(_rule_line(label, rule, found, style, widest))
    lines.append(_missed_line(replay, style))
    for violation in replay.examples(proofs):
        lines.append("")
        lines.append(f"{INDENT}{style.paint(violation.rule, 'bold')}")
        lines.extend(_wrapped(violation.title, style, "dim"))
        lines.extend(violation_lines(violation, style, INDENT))
    lines.append("")
    return lines


def _wrapped(text: str, style: Style, *colours: str) -> Iterator[str]:
    for line in textwrap.wrap(text, style.width - len(INDENT), break_long_words=False, break_on_hyphens=False):
        yield f"{INDENT}{style.paint(line, *colours)}"


def _run_line(label: str, report: Report, style: Style, *, good: bool) -> str:
    mark, name = VERDICT_STYLE["satisfied" if good else "violated"]
    told = f"{plural(report.data.spans, 'span')}, {plural(report.data.traces, 'trace')}"
    obligations = sum(rule.obligations for rule in report.rules)
    failed = len(report.violated)
    undecided = len(report.violations) - failed
    told += f": {plural(obligations - failed - undecided, 'obligation')} satisfied"
    if failed:
        told += f", {failed:,} violated"
    if undecided:
        told += f", {undecided:,} pending"
    verdict = "clean" if good else "violated"
    return f"{INDENT}{style.paint(label.ljust(LABEL), 'bold')}{style.paint(f'{mark} {verdict}'.ljust(12), name)}{told}"


def _rule_line(label: str, rule: Rule, found: RuleReport, style: Style, widest: int) -> str:
    violated = found.verdicts["violated"]
    mark, name = VERDICT_STYLE["violated" if violated else "satisfied"]
    active = sum(count for verdict, count in found.verdicts.items() if verdict != "vacuous")
    share = style.paint(f"{violated:>3,}" if violated else "  0", name)
    return (
        f"{INDENT}{style.paint(label.ljust(LABEL), 'dim')}{style.paint(mark, name)} {rule.id.ljust(widest)}  "
        f"{share} of {active:,} {_scopes(rule, active)}"
    )


def _scopes(rule: Rule, count: int) -> str:
    if rule.scope.kind is ScopeKind.KEY and rule.scope.key is not None:
        return f"{'value' if count == 1 else 'values'} of {rule.scope.key.key}"
    return "trace" if count == 1 else "traces"


def _missed_line(replay: Replay, style: Style) -> str:
    missed, found = len(replay.missed), len(replay.found)
    words = f"{missed:,} of these {plural(found, 'case')} in traces that the rule as told passes"
    return f"{INDENT}{style.paint('missed'.ljust(LABEL), 'dim')}{style.paint(words, 'yellow' if missed else 'dim')}"


def summary_lines(replays: Sequence[Replay], style: Style) -> list[str]:
    """Return the table of all incidents."""
    title = max(len(replay.incident.title) for replay in replays)
    head = (
        f"   {'incident'.ljust(title)}  {'healthy':<8}  {'broken':<10}  {'as told':>8}  {'stronger':>8}  {'missed':>7}"
    )
    lines = [style.paint(head, "bold")]
    for replay in replays:
        incident = replay.incident
        told = replay.as_told.verdicts["violated"]
        healthy = ("✓ clean", "green") if replay.clean else ("✗ not clean", "red")
        broken = ("✗ violated", "red") if replay.caught else ("· unnoticed", "yellow")
        lines.append(
            f"{style.paint(str(incident.number), 'cyan')}  {incident.title.ljust(title)}  "
            f"{style.paint(healthy[0].ljust(8), healthy[1])}  {style.paint(broken[0].ljust(10), broken[1])}  "
            f"{told:>8,}  {len(replay.found):>8,}  {len(replay.missed):>7,}"
        )
    foot = (
        "as told: what the rule of the case study finds in the broken run; stronger: what the rules that state the "
        "whole invariant find; missed: how much of that lies in traces that the rule as told passes"
    )
    lines.extend(_wrapped(foot, style, "dim"))
    return lines
