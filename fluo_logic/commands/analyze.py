"""``fluo analyze``."""

from __future__ import annotations

import os
from argparse import Namespace
from typing import TYPE_CHECKING, Final

from fluo_logic.commands.check import rules_of, warn_of_variables
from fluo_logic.commands.forms import outputs_of, write_forms
from fluo_logic.commands.graph_forms import graph_outputs
from fluo_logic.commands.output import Maker, tell_problems, write_outputs
from fluo_logic.commands.select import selected
from fluo_logic.commands.settings import Output, read_settings
from fluo_logic.consistency.analyze import BOUND, SECONDS, analyze
from fluo_logic.errors import EXIT_INPUT, EXIT_OK, EXIT_VIOLATIONS
from fluo_logic.explain.text import Style
from fluo_logic.facts.readers import read_traces

if TYPE_CHECKING:
    from fluo_logic.consistency.analyze_findings import Analysis

FORMATS: Final = ("text", "json", "sarif", "html")
GRAPHS: Final = ("graphml", "json", "dot", "mermaid", "svg")
MANY: Final = 20
"""With how many rules further processes are started."""


def run(arguments: Namespace) -> int:
    """Tell what rules contradict, cannot do, or repeat; return the exit status."""
    settings = read_settings(arguments)
    warn_of_variables()
    outputs = outputs_of(arguments.forms, FORMATS)
    graphs = graph_outputs(arguments.graph, GRAPHS)
    rules = selected(rules_of(settings), settings.select, settings.ignore)
    dataset = read_traces(list(settings.traces)) if settings.traces else None
    if dataset is not None:
        tell_problems(dataset.problems, quiet=arguments.quiet, verbose=arguments.verbose)
    jobs = arguments.jobs or (os.cpu_count() or 1 if len(rules) >= MANY else 1)
    bound, seconds = arguments.bound or BOUND, arguments.seconds or SECONDS
    analysis = analyze(rules, dataset, bound=bound, seconds=seconds, jobs=jobs)
    # A graph on standard output stands alone, so that it can be read by a program.
    if not any(graph.path is None for graph in graphs):
        write_forms(outputs, _makers(analysis, quiet=arguments.quiet), no_color=arguments.no_color)
    if graphs:
        _write_graphs(analysis, graphs)
    if dataset is not None and any(problem.rejected for problem in dataset.problems):
        return EXIT_INPUT
    return EXIT_OK if analysis.ok else EXIT_VIOLATIONS


def _makers(analysis: Analysis, *, quiet: bool) -> dict[str, Maker]:
    from fluo_logic.consistency.analyze_html import analysis_html  # noqa: PLC0415 - start-up counts
    from fluo_logic.consistency.analyze_sarif import analysis_sarif  # noqa: PLC0415

    return {
        "text": lambda colour, width: analysis.text(Style(colour, width), quiet=quiet),
        "json": lambda *_: analysis.to_json(),
        "sarif": lambda *_: analysis_sarif(analysis),
        "html": lambda *_: analysis_html(analysis),
    }


def _write_graphs(analysis: Analysis, graphs: list[Output]) -> None:
    from fluo_logic.consistency.analyze_graph import GRAPHS as WRITERS  # noqa: PLC0415 - start-up counts

    graph = analysis.graph()
    makers: dict[str, Maker] = {form: lambda *_, write=write: write(graph) for form, write in WRITERS.items()}
    write_outputs(graphs, makers, no_color=True)
