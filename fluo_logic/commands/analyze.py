"""``fluo analyze``."""

from __future__ import annotations

from argparse import Namespace
from typing import Final

from fluo_logic.commands.check import rules_of, warn_of_variables
from fluo_logic.commands.forms import outputs_of, write_forms
from fluo_logic.commands.output import tell_problems
from fluo_logic.commands.select import selected
from fluo_logic.commands.settings import read_settings
from fluo_logic.consistency.analyze import BOUND, SECONDS, analyze
from fluo_logic.errors import EXIT_INPUT, EXIT_OK, EXIT_VIOLATIONS
from fluo_logic.explain.text import Style
from fluo_logic.facts.readers import read_traces

FORMATS: Final = ("text", "json")


def run(arguments: Namespace) -> int:
    """Tell what rules contradict, cannot do, or repeat; return the exit status."""
    settings = read_settings(arguments)
    warn_of_variables()
    outputs = outputs_of(arguments.forms, FORMATS)
    rules = selected(rules_of(settings), settings.select, settings.ignore)
    dataset = read_traces(list(settings.traces)) if settings.traces else None
    if dataset is not None:
        tell_problems(dataset.problems, quiet=arguments.quiet, verbose=arguments.verbose)
    analysis = analyze(rules, dataset, bound=arguments.bound or BOUND, seconds=arguments.seconds or SECONDS)
    write_forms(
        outputs,
        {
            "text": lambda colour, width: analysis.text(Style(colour, width), quiet=arguments.quiet),
            "json": lambda *_: analysis.to_json(),
        },
        no_color=arguments.no_color,
    )
    if dataset is not None and any(problem.rejected for problem in dataset.problems):
        return EXIT_INPUT
    return EXIT_OK if analysis.ok else EXIT_VIOLATIONS
