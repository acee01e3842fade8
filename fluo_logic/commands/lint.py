"""``fluo lint``."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from typing import Final

from fluo_logic.commands.check import rules_of, warn_of_variables
from fluo_logic.commands.forms import outputs_of, write_forms
from fluo_logic.commands.output import project_folder, tell_problems
from fluo_logic.commands.settings import read_settings
from fluo_logic.errors import EXIT_INPUT, EXIT_OK, EXIT_VIOLATIONS, ConfigError
from fluo_logic.explain.text import Style
from fluo_logic.explain.words import plural
from fluo_logic.facts.readers import read_traces
from fluo_logic.lang.suggest import did_you_mean
from fluo_logic.tooling.lint import Finding, chosen, findings_json, lint
from fluo_logic.tooling.lint_codes import LINT_CODES, Level
from fluo_logic.tooling.lint_forms import findings_github, findings_sarif

FORMATS: Final = ("text", "json", "sarif", "github")
COLOURS: Final = {Level.ERROR: "red", Level.WARNING: "yellow", Level.INFO: "cyan"}


def run(arguments: Namespace) -> int:
    """Tell what rules may not mean; return the exit status."""
    settings = read_settings(arguments)
    warn_of_variables()
    outputs = outputs_of(arguments.forms, FORMATS)
    select, ignore = _codes("--select", arguments.codes), _codes("--ignore", arguments.without)
    rules = rules_of(settings)
    dataset = read_traces(list(settings.traces)) if settings.traces else None
    if dataset is not None:
        tell_problems(dataset.problems, quiet=arguments.quiet, verbose=arguments.verbose)
    findings = chosen(lint(rules, dataset), select, ignore)
    shown = [one for one in findings if not arguments.quiet or one.level is not Level.INFO]
    write_forms(
        outputs,
        {
            "text": lambda colour, width: _text(shown, Style(colour, width), quiet=arguments.quiet),
            "json": lambda *_: findings_json(findings, rules),
            "sarif": lambda *_: findings_sarif(findings, project_folder()),
            "github": lambda *_: findings_github(shown, project_folder()),
        },
        no_color=arguments.no_color,
    )
    if dataset is not None and any(problem.rejected for problem in dataset.problems):
        return EXIT_INPUT
    return EXIT_OK if all(one.level is Level.INFO for one in findings) else EXIT_VIOLATIONS


def _codes(option: str, given: Sequence[str] | None) -> list[str]:
    """Return codes and beginnings of codes; refuse one that no code begins with."""
    words = [word.strip() for item in given or () for word in item.split(",") if word.strip()]
    for word in words:
        if not any(code.startswith(word) for code in LINT_CODES):
            hint = did_you_mean(word, LINT_CODES) or f"the codes are {', '.join(LINT_CODES)}"
            raise ConfigError(code="C102", message=f"{option}: no code begins with `{word}`", hint=hint)
    return words


def _text(findings: Sequence[Finding], style: Style, *, quiet: bool) -> str:
    parts = []
    for one in findings:
        first, newline, rest = one.text().partition("\n")
        parts.append(f"{style.paint(first, COLOURS[one.level])}{newline}{rest}\n")
    if quiet:
        return "\n".join(parts)
    counts = [(level, sum(one.level is level for one in findings)) for level in Level]
    told = [
        plural(count, level.value) if level is not Level.INFO else f"{count} for information"
        for level, count in counts
        if count
    ]
    return "\n".join([*parts, f"{', '.join(told) or 'nothing found'}\n"])
