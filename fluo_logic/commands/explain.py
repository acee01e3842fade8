"""``fluo explain``."""

from __future__ import annotations

from argparse import Namespace

from fluo_logic import pipeline
from fluo_logic.commands.check import options_of, rules_of, traces_of, warn_of_variables
from fluo_logic.commands.output import check_targets, tell_problems, write_outputs
from fluo_logic.commands.report_forms import EXPLANATION_FORMS, explanation_makers, refuse_others
from fluo_logic.commands.settings import read_settings
from fluo_logic.errors import EXIT_INPUT, EXIT_OK, ConfigError
from fluo_logic.facts.readers import read_traces
from fluo_logic.lang.suggest import did_you_mean
from fluo_logic.lang.syntax import Rule, Ruleset


def run(arguments: Namespace) -> int:
    """Explain one rule on one scope; return the exit status."""
    settings = read_settings(arguments)
    warn_of_variables()
    rule = _one_rule(rules_of(settings), arguments.rule)
    traces = traces_of(settings)
    refuse_others(settings.format, EXPLANATION_FORMS, "explain")
    check_targets(settings.format)
    dataset = read_traces(traces)
    tell_problems(dataset.problems, quiet=arguments.quiet, verbose=arguments.verbose)
    explanation = pipeline.explain(rule, dataset, arguments.scope, options_of(settings))
    write_outputs(settings.format, explanation_makers(explanation, dataset), no_color=arguments.no_color)
    return EXIT_INPUT if any(problem.rejected for problem in dataset.problems) else EXIT_OK


def _one_rule(rules: Ruleset, wanted: str | None) -> Rule:
    ids = [rule.id for rule in rules.rules]
    if wanted is not None:
        if wanted not in ids:
            hint = did_you_mean(wanted, ids) or f"there are {', '.join(ids)}"
            raise ConfigError(code="C131", message=f"--rule: no rule has the id `{wanted}`", hint=hint)
        return rules[wanted]
    if len(ids) != 1:
        message = f"the files hold {len(ids)} rules, and one can be explained"
        raise ConfigError(code="C133", message=message, hint=f"add --rule with one of {', '.join(ids)}")
    return rules.rules[0]
