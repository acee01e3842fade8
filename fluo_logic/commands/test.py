"""``fluo test``."""

from __future__ import annotations

from argparse import Namespace
from typing import Final

from fluo_logic.commands.check import rules_of, warn_of_variables
from fluo_logic.commands.forms import outputs_of, write_forms
from fluo_logic.commands.select import selected
from fluo_logic.commands.settings import read_settings
from fluo_logic.errors import EXIT_OK, EXIT_VIOLATIONS
from fluo_logic.pipeline import Options
from fluo_logic.tooling.example_report import results_json, results_junit, results_text
from fluo_logic.tooling.examples import run_examples

FORMATS: Final = ("text", "junit", "json")


def run(arguments: Namespace) -> int:
    """Run the examples of rules; return the exit status."""
    settings = read_settings(arguments)
    warn_of_variables()
    outputs = outputs_of(arguments.forms, FORMATS)
    rules = selected(rules_of(settings), settings.select, settings.ignore)
    results = run_examples(rules, coverage=arguments.coverage, options=Options(engine=settings.engine))
    write_forms(
        outputs,
        {
            "text": lambda colour, width: results_text(
                results, colour=colour, width=width, quiet=arguments.quiet, coverage=arguments.coverage
            ),
            "junit": lambda *_: results_junit(results),
            "json": lambda *_: results_json(results),
        },
        no_color=arguments.no_color,
    )
    untested = arguments.require_coverage and not all(result.covered for result in results)
    return EXIT_OK if all(result.passed for result in results) and not untested else EXIT_VIOLATIONS
