"""``fluo explain``."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING

from fluo_logic import pipeline
from fluo_logic.commands.check import (
    add_certificate,
    options_of,
    refuse_needless,
    rules_of,
    traces_of,
    warn_of_variables,
)
from fluo_logic.commands.graph_forms import graph_outputs
from fluo_logic.commands.output import Maker, check_targets, tell_problems, write_outputs
from fluo_logic.commands.report_forms import EXPLANATION_FORMS, explanation_makers, refuse_others
from fluo_logic.commands.settings import read_settings
from fluo_logic.consistency.repair import Repairs, repair
from fluo_logic.consistency.repair_text import repairs_json, repairs_text
from fluo_logic.errors import EXIT_INPUT, EXIT_OK, ConfigError
from fluo_logic.explain.causal import causal_graph
from fluo_logic.explain.graph_export import EXPORTS
from fluo_logic.explain.text import explanation_text
from fluo_logic.facts.readers import read_traces
from fluo_logic.lang.suggest import did_you_mean
from fluo_logic.lang.syntax import Rule, Ruleset

if TYPE_CHECKING:
    from fluo_logic.explain.graph import Graph


def run(arguments: Namespace) -> int:
    """Explain one rule on one scope; return the exit status."""
    settings = read_settings(arguments)
    warn_of_variables()
    rule = _one_rule(rules_of(settings), arguments.rule)
    traces = traces_of(settings)
    refuse_others(settings.format, EXPLANATION_FORMS, "explain")
    check_targets(settings.format)
    graphs = graph_outputs(arguments.graph, EXPORTS)
    refuse_needless(arguments, settings)
    dataset = read_traces(traces)
    tell_problems(dataset.problems, quiet=arguments.quiet, verbose=arguments.verbose)
    session = pipeline.solve(dataset, Ruleset((rule,)), options_of(settings))
    explanation = pipeline.explain_scope(session, arguments.scope)
    makers = dict(explanation_makers(explanation, dataset))
    makers["text"] = lambda colour, width: explanation_text(
        explanation, colour=colour, width=width, detail=arguments.detail
    )
    if arguments.certificate:
        from fluo_logic.certification import certify_scope  # noqa: PLC0415 - start-up counts

        add_certificate(makers, lambda: certify_scope(session, explanation.scope))
    if arguments.repair:
        _add_repairs(makers, repair(rule, dataset, explanation, options_of(settings)))
    # A graph on standard output stands alone, so that it can be read by a program.
    if not any(graph.path is None for graph in graphs):
        write_outputs(settings.format, makers, no_color=arguments.no_color)
    if graphs:
        drawn = causal_graph(explanation.proofs[_worst(explanation)], dataset)
        write_outputs(graphs, {graph.form: _graph_maker(drawn, graph.form) for graph in graphs}, no_color=True)
    return EXIT_INPUT if any(problem.rejected for problem in dataset.problems) else EXIT_OK


def _add_repairs(makers: dict[str, Maker], repairs: Repairs) -> None:
    """Let the text and the document tell of repairs too."""
    text, document = makers["text"], makers["json"]
    makers["text"] = lambda colour, width: f"{text(colour, width)}{repairs_text(repairs)}"
    makers["json"] = lambda colour, width: {**_document(document(colour, width)), "repair": repairs_json(repairs)}


def _document(made: str | Mapping[str, object]) -> Mapping[str, object]:
    return {} if isinstance(made, str) else made


def _graph_maker(graph: Graph, form: str) -> Maker:
    return lambda *_: EXPORTS[form](graph)


def _worst(explanation: pipeline.Explanation) -> int:
    """Return the number of the proof that the verdict is due to."""
    verdicts = [proof.verdict for proof in explanation.proofs]
    return verdicts.index(explanation.verdict) if explanation.verdict in verdicts else 0


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
