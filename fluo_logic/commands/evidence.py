"""``fluo evidence``."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import Final

from fluo_logic.commands.check import options_of, rules_of, traces_of, warn_of_variables
from fluo_logic.commands.forms import outputs_of, write_forms
from fluo_logic.commands.output import Maker, tell_problems
from fluo_logic.commands.progress import shown
from fluo_logic.commands.settings import read_settings
from fluo_logic.errors import EXIT_INPUT, EXIT_OK, EXIT_UNDECIDED, EXIT_VIOLATIONS
from fluo_logic.evidence.as_json import evidence_json
from fluo_logic.evidence.as_text import evidence_text
from fluo_logic.evidence.controls import chosen_controls
from fluo_logic.evidence.gather import Evidence, gather
from fluo_logic.explain.text import Style
from fluo_logic.facts.readers.sources import open_all

FORMATS: Final = ("text", "json", "html")
STATUSES: Final = {"violated": EXIT_VIOLATIONS, "not_certified": EXIT_VIOLATIONS, "satisfied": EXIT_OK}
"""What is pending, inconclusive or without evidence is undecided."""


def run(arguments: Namespace) -> int:
    """Tell by control what the traces show; return the exit status."""
    settings = read_settings(arguments)
    warn_of_variables()
    outputs = outputs_of(arguments.forms, FORMATS)
    rules = rules_of(settings)
    traces = traces_of(settings)
    words = [word.strip() for given in arguments.control or () for word in given.split(",")]
    controls = chosen_controls(rules, words)
    sources = list(open_all(traces, sys.stdin.buffer))
    with shown(wanted=arguments.progress, quiet=arguments.quiet) as progress:
        evidence = gather(sources, rules, controls, options_of(settings), progress=progress)
    problems = evidence.report.data.problems
    tell_problems(problems, quiet=arguments.quiet, verbose=arguments.verbose)
    write_forms(outputs, _makers(evidence, quiet=arguments.quiet), no_color=arguments.no_color)
    if any(problem.rejected for problem in problems):
        return EXIT_INPUT
    return STATUSES.get(evidence.outcome, EXIT_UNDECIDED)


def _makers(evidence: Evidence, *, quiet: bool) -> dict[str, Maker]:
    from fluo_logic.evidence.as_html import evidence_html  # noqa: PLC0415 - start-up counts

    return {
        "text": lambda colour, width: evidence_text(evidence, Style(colour, width), quiet=quiet),
        "json": lambda *_: evidence_json(evidence),
        "html": lambda *_: evidence_html(evidence),
    }
