"""``fluo diff``."""

from __future__ import annotations

from argparse import Namespace
from typing import Final

from fluo_logic.commands.check import warn_of_variables
from fluo_logic.commands.forms import outputs_of, write_forms
from fluo_logic.commands.output import tell_problems
from fluo_logic.commands.settings import read_settings
from fluo_logic.consistency.analyze import BOUND, SECONDS
from fluo_logic.consistency.diff import diff
from fluo_logic.errors import EXIT_INPUT, EXIT_OK, EXIT_VIOLATIONS, ConfigError
from fluo_logic.explain.text import Style
from fluo_logic.facts.readers import read_traces
from fluo_logic.lang.parse import load_rules
from fluo_logic.resources import rules_path

FORMATS: Final = ("text", "json")
SIDES: Final = 2


def run(arguments: Namespace) -> int:
    """Tell what a change of rules does; return the exit status."""
    settings = read_settings(arguments)
    warn_of_variables()
    outputs = outputs_of(arguments.forms, FORMATS)
    if len(arguments.rules) != SIDES:
        message = f"fluo diff takes the old rules and the new ones, and got {len(arguments.rules)} paths"
        raise ConfigError(code="C303", message=message, hint="fluo diff OLD NEW")
    old, new = (load_rules([rules_path(path)]) for path in arguments.rules)
    dataset = read_traces(list(settings.traces)) if settings.traces else None
    if dataset is not None:
        tell_problems(dataset.problems, quiet=arguments.quiet, verbose=arguments.verbose)
    found = diff(
        old,
        new,
        dataset,
        rename=arguments.rule_pairs or (),
        only=arguments.rule,
        bound=arguments.bound or BOUND,
        seconds=arguments.seconds or SECONDS,
    )
    write_forms(
        outputs,
        {"text": lambda colour, width: found.text(Style(colour, width)), "json": lambda *_: found.to_json()},
        no_color=arguments.no_color,
    )
    if dataset is not None and any(problem.rejected for problem in dataset.problems):
        return EXIT_INPUT
    return EXIT_OK if found.same else EXIT_VIOLATIONS
