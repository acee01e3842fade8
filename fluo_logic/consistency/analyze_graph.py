"""The rules of an analysis as a graph: what implies what, and what conflicts; as files and as pictures."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from fluo_logic.consistency.analyze_findings import Analysis
from fluo_logic.explain.graph_export import (
    CAUSE,
    GREY,
    INK,
    LABEL,
    OPEN,
    dot_label,
    drawn_svg,
    graphml_text,
    mermaid_label,
)
from fluo_logic.explain.words import plural, shortened

if TYPE_CHECKING:
    import networkx as nx

    Graph: TypeAlias = nx.DiGraph[str]

VERSION: Final = "fluo-rule-graph/1"
BOTH_WAYS: Final = frozenset({"conflicts", "equivalent"})
"""The relations that have an edge each way and are drawn as one line."""
RELATIONS: Final = {
    "equivalence": "equivalent",
    "conflict": "conflicts",
    "timing-conflict": "conflicts",
}


def rule_graph(analysis: Analysis) -> Graph:
    """Return the graph of all the rules that were analysed.

    A node is the id of a rule, with ``title``, ``severity``, ``file``, ``line``, ``kinds`` (of the findings about it,
    with commas between) and ``analysed`` (False where nothing of it could be).  An edge has a ``relation``:
    ``implies``, ``implies together`` (from each of the rules that together imply another), ``equivalent`` or
    ``conflicts`` (both ways), the ``kind`` of the finding, the ``sentence``, and whether it is ``undecided``.
    """
    import networkx as nx  # noqa: PLC0415 - only who wants the graph needs it

    graph: Graph = nx.DiGraph(schema=VERSION, bound=analysis.bound)
    left_out = {rule for gap in analysis.not_analysed if not gap.question for rule in gap.rules}
    for note in analysis.about:
        kinds = dict.fromkeys(one.kind for one in analysis.findings if note.id in one.rules)
        graph.add_node(
            note.id,
            title=note.title,
            severity=note.severity,
            file=note.where.file,
            line=note.where.line,
            kinds=", ".join(kinds),
            analysed=note.id not in left_out,
        )
    for one in analysis.findings:
        first, *rest = one.rules
        told = {"kind": one.kind, "sentence": one.sentence, "undecided": one.undecided}
        match one.kind:
            case "subsumption":
                graph.add_edge(first, rest[0], relation="implies", **told)
            case "redundancy":
                graph.add_edges_from(((other, first) for other in rest), relation="implies together", **told)
            case "equivalence" | "conflict" | "timing-conflict":
                pairs = [(a, b) for a in one.rules for b in one.rules if a != b]
                graph.add_edges_from(pairs, relation=RELATIONS[one.kind], **told)
            case _:
                continue
    return graph


def rule_graph_json(graph: Graph) -> dict[str, object]:
    """Return the document ``fluo-rule-graph/1``: networkx' node-link form, with the bound of the analysis."""
    return {
        "schema": VERSION,
        "bound": {"spans": graph.graph["bound"]},
        "directed": True,
        "multigraph": False,
        "nodes": [{"id": node, **data} for node, data in graph.nodes(data=True)],
        "edges": [{"source": first, "target": second, **data} for first, second, data in graph.edges(data=True)],
    }


def _drawn(graph: Graph) -> tuple[dict[str, str], list[tuple[str, str, dict[str, Any]]]]:
    """Return names for the rules of a picture, those about which something was found, and its lines.

    What holds both ways is one line.
    """
    shown = [node for node, data in graph.nodes(data=True) if data["kinds"]]
    names = {node: f"r{number}" for number, node in enumerate(shown)}
    order = list(names)
    lines = [
        (first, second, data)
        for first, second, data in graph.edges(data=True)
        if data["relation"] not in BOTH_WAYS or order.index(first) < order.index(second)
    ]
    return names, lines


def _rest(graph: Graph, names: Mapping[str, str]) -> str:
    """Return what stands for the rules that are not drawn."""
    left_out = [node for node in graph if node not in names]
    unknown = sum(not graph.nodes[node]["analysed"] for node in left_out)
    told = f", {unknown} of them not analysed" if unknown else ""
    return f"{plural(len(left_out), 'rule')} without a finding{told}"


def _label(node: str, data: Mapping[str, object]) -> list[str]:
    lines = [shortened(node, LABEL)]
    if data["title"]:
        lines.append(shortened(str(data["title"]), LABEL))
    single = {"contradiction", "tautology", "shadowed", "dead-name", "never-active"}
    found = [kind for kind in str(data["kinds"]).split(", ") if kind in single]
    return [*lines, *([", ".join(found)] if found else [])]


def rule_graph_dot(graph: Graph) -> str:
    """Return the picture in the DOT language: arrows from what implies to what is implied, red lines for conflicts."""
    names, lines = _drawn(graph)
    font = 'fontname="Helvetica,Arial,sans-serif"'
    out = [
        "digraph rules {",
        f'  graph [rankdir=LR, bgcolor="white", nodesep=0.25, ranksep=0.6, pad=0.3, {font}, fontcolor="{INK}"];',
        f'  node [shape=box, style="rounded,filled", fillcolor="white", fontsize=11, {font}, fontcolor="{INK}"];',
        f"  edge [arrowsize=0.7, fontsize=9, {font}];",
    ]
    for node, name in names.items():
        data = graph.nodes[node]
        pen = f'color="{CAUSE}", penwidth=2' if "contradiction" in str(data["kinds"]) else f'color="{GREY}"'
        out.append(f"  {name} [label={dot_label(*_label(node, data))}, {pen}];")
    if len(names) < len(graph):
        out.append(f'  rest [label={dot_label(_rest(graph, names))}, shape=plaintext, style="", fontcolor="{GREY}"];')
    for first, second, data in lines:
        both = "dir=none, " if data["relation"] in BOTH_WAYS else ""
        colour = CAUSE if data["relation"] == "conflicts" else OPEN if data["undecided"] else INK
        word = f"{data['relation']}?" if data["undecided"] else str(data["relation"])
        if data["kind"] == "timing-conflict":
            word += " in time"
        style = ", style=dashed" if data["undecided"] or data["relation"] == "implies together" else ""
        label = f'label={dot_label(word)}, color="{colour}", fontcolor="{colour}"'
        out.append(f"  {names[first]} -> {names[second]} [{both}{label}{style}];")
    return "\n".join([*out, "}", ""])


def rule_graph_mermaid(graph: Graph) -> str:
    """Return the picture as a Mermaid flowchart."""
    names, lines = _drawn(graph)
    out = ["flowchart LR"]
    for node, name in names.items():
        label = "<br/>".join(mermaid_label(line) for line in _label(node, graph.nodes[node]))
        out.append(f'  {name}["{label}"]')
    if len(names) < len(graph):
        out.append(f'  rest["{mermaid_label(_rest(graph, names))}"]')
    for first, second, data in lines:
        arrow = "---" if data["relation"] in BOTH_WAYS else "-.->" if data["undecided"] else "-->"
        word = f"{data['relation']}?" if data["undecided"] else str(data["relation"])
        out.append(f"  {names[first]} {arrow}|{mermaid_label(word)}| {names[second]}")
    return "\n".join([*out, ""])


GRAPHS: Final[Mapping[str, Callable[[Graph], str]]] = {
    "graphml": graphml_text,
    "json": lambda graph: json.dumps(rule_graph_json(graph), ensure_ascii=False, indent=2) + "\n",
    "dot": rule_graph_dot,
    "mermaid": rule_graph_mermaid,
    "svg": lambda graph: drawn_svg(rule_graph_dot(graph)),
}
"""How each format of a graph of rules is written."""
