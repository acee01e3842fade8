"""``fluo witness``."""

from __future__ import annotations

from argparse import Namespace
from typing import Final

from fluo_logic.commands.check import rules_of, warn_of_variables
from fluo_logic.commands.forms import outputs_of, write_forms
from fluo_logic.commands.settings import read_settings
from fluo_logic.consistency.analyze import BOUND, SECONDS, witness
from fluo_logic.consistency.analyze_findings import witness_lines
from fluo_logic.consistency.encode_solve import UndecidedError
from fluo_logic.consistency.witness import can_be_example, example_text
from fluo_logic.errors import EXIT_OK, EXIT_VIOLATIONS, ConfigError
from fluo_logic.explain.text import Style
from fluo_logic.lang.suggest import did_you_mean

FORMATS: Final = ("text", "json", "example")
VERDICTS: Final = ("violated", "satisfied")


def run(arguments: Namespace) -> int:
    """Make the smallest trace on which a rule has a verdict; return the exit status."""
    settings = read_settings(arguments)
    warn_of_variables()
    outputs = outputs_of(arguments.forms, FORMATS)
    rules = rules_of(settings)
    wanted = arguments.rule
    if wanted is None and len(rules) == 1:
        wanted = rules.rules[0].id
    found = [rule for rule in rules.rules if rule.id == wanted]
    if not found:
        known = [rule.id for rule in rules.rules]
        message = "there are several rules" if wanted is None else f"no rule has the id `{wanted}`"
        hint = "name one with --rule ID" if wanted is None else did_you_mean(wanted, known)
        raise ConfigError(code="C133" if wanted is None else "C131", message=message, hint=hint)
    verdict = arguments.verdict or VERDICTS[0]
    if verdict not in VERDICTS:
        raise ConfigError(code="C102", message=f"--verdict: `{verdict}` is neither violated nor satisfied")
    bound = arguments.bound or BOUND
    try:
        made = witness(found[0], verdict, bound=bound, seconds=arguments.seconds or SECONDS)
    except UndecidedError as error:
        message = f"no trace of up to {bound} spans was found in time"
        raise ConfigError(code="C305", message=message, hint="give more time with --seconds") from error
    if made is None:
        write_forms(
            [one for one in outputs if one.form == "text"],
            {"text": lambda *_: f"no trace of up to {bound} spans makes {found[0].id} {verdict}\n"},
            no_color=arguments.no_color,
        )
        return EXIT_VIOLATIONS
    if any(one.form == "example" for one in outputs) and not can_be_example(made):
        message = "this witness has events or links, which examples do not spell"
        raise ConfigError(code="C302", message=message, hint="use --format json")
    write_forms(
        outputs,
        {
            "text": lambda colour, width: "\n".join(witness_lines(made, Style(colour, width))) + "\n",
            "json": lambda *_: made.otlp(),
            "example": lambda *_: example_text(made, verdict, f"the smallest trace that is {verdict}"),
        },
        no_color=arguments.no_color,
    )
    return EXIT_OK
