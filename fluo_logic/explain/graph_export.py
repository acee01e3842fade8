"""Causal graphs as files: GraphML and JSON with everything; DOT, Mermaid and SVG as pictures.

Text of traces is inert in each: control characters, terminal escapes and bidirectional overrides are visible escapes,
long texts are shortened, and what a format gives a meaning is quoted.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from fluo_logic.errors import ConfigError
from fluo_logic.explain.causal import VERSION
from fluo_logic.explain.words import duration_text, inert, instant_text, shortened

if TYPE_CHECKING:
    from fluo_logic.explain.graph import Graph

SHOWN: Final = 200
"""How many characters of a text a file holds."""
LABEL: Final = 48
"""How many characters of a name a picture shows."""
MOST_DRAWN: Final = 40
"""How many spans a picture shows, the earliest; the files hold all."""
COLOURS: Final = (
    ("#e8f1fb", "#3b6ea8"),
    ("#eaf6ee", "#3c8157"),
    ("#fbf3e2", "#a2762a"),
    ("#f3edfa", "#7654a3"),
    ("#e6f5f6", "#2f7f88"),
    ("#f9ecf2", "#a24a78"),
)
"""Fill and line of the services, in turn."""
CAUSE: Final = "#b42318"
MET: Final = "#2e7d4f"
OPEN: Final = "#9a6700"
GREY: Final = "#8a94a3"
INK: Final = "#1f2933"
MERMAID_PLAIN: Final = re.compile(r"[A-Za-z0-9 .,_-]")


# --- files with everything ----------------------------------------------------------------------------------------


def graphml_text(graph: Graph) -> str:
    """Return the graph as GraphML; attributes without a value are left out."""
    import networkx as nx  # noqa: PLC0415 - only who wants the graph needs it

    plain: Graph = nx.DiGraph()
    plain.graph.update(_plain(graph.graph))
    for node, data in graph.nodes(data=True):
        plain.add_node(_name(node), **_plain(data))
    for first, second, data in graph.edges(data=True):
        plain.add_edge(_name(first), _name(second), **_plain(data))
    out = io.BytesIO()
    nx.write_graphml_xml(plain, out)
    return out.getvalue().decode() + "\n"


def graph_json(graph: Graph) -> dict[str, object]:
    """Return the document ``fluo-graph/1``: networkx' node-link form, and the version as ``schema``.

    What a span does not have (a service, an end) is null.
    """
    return {
        "schema": VERSION,
        "directed": True,
        "multigraph": False,
        "graph": _short({key: value for key, value in graph.graph.items() if key != "version"}),
        "nodes": [{"id": _name(node), **_short(data)} for node, data in graph.nodes(data=True)],
        "edges": [
            {"source": _name(first), "target": _name(second), **_short(data)}
            for first, second, data in graph.edges(data=True)
        ],
    }


def _name(node: str) -> str:
    return shortened(node, SHOWN)


def _short(data: Mapping[str, object]) -> dict[str, object]:
    return {key: shortened(value, SHOWN) if isinstance(value, str) else value for key, value in data.items()}


def _plain(data: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in _short(data).items() if value is not None}


# --- pictures -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Box:
    """A node of a picture: lines of text, and what it is.

    ``kind`` is ``span``, ``absent``, ``more``, or, for the obligation, ``obligation``, ``met`` or ``open``.
    """

    name: str
    kind: str
    lines: tuple[str, ...]
    service: str | None = None
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Arrow:
    """An edge of a picture; ``kind`` is ``parent``, ``before``, ``fails`` or ``missing``."""

    first: str
    second: str
    kind: str


@dataclass(frozen=True, slots=True)
class Picture:
    """What is drawn."""

    title: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]

    def services(self) -> dict[str, list[Box]]:
        """Return the boxes of the spans by service, in order of time."""
        groups: dict[str, list[Box]] = {}
        for box in self.boxes:
            if box.kind == "span":
                groups.setdefault(box.service or "no service", []).append(box)
        return groups


def picture(graph: Graph) -> Picture:
    """Return the picture of a causal graph: its spans in time, what is missing, and the obligation at the end."""
    spans = [(node, data) for node, data in graph.nodes(data=True) if data.get("type") == "span"]
    spans.sort(key=lambda item: (item[1].get("start") is None, item[1].get("start") or 0, item[0]))
    drawn = spans[:MOST_DRAWN]
    origin = next((data["start"] for _, data in drawn if data.get("start") is not None), None)
    names = {node: f"s{number}" for number, (node, _) in enumerate(drawn)}
    boxes = [
        Box(names[node], "span", _span_lines(data, origin), data.get("service"), bool(data.get("earliest")))
        for node, data in drawn
    ]
    arrows = [
        Arrow(names[first], names[second], data["role"])
        for first, second, data in graph.edges(data=True)
        if first in names and second in names and data["role"] in {"parent", "before"}
    ]
    root = graph.nodes[graph.graph["root"]]
    verdict = str(graph.graph["verdict"])
    text = " ".join(str(root["text"]).split())
    boxes.append(
        Box("goal", GOALS.get(verdict, "obligation"), (f"{root['kind']} {verdict}", *_wrapped(shortened(text, SHOWN))))
    )
    if len(spans) > len(drawn):
        boxes.append(Box("more", "more", (f"and {len(spans) - len(drawn):,} more spans",)))
        arrows.append(Arrow("more", "goal", "fails"))
    leaving = {arrow.first for arrow in arrows}
    ends = [names[node] for node, data in drawn if names[node] not in leaving and data.get("cited")]
    absent = [(node, data) for node, data in graph.nodes(data=True) if data.get("type") == "absent"]
    for number, (_, data) in enumerate(absent):
        name = f"a{number}"
        boxes.append(Box(name, "absent", tuple(_wrapped(shortened(str(data["text"]), LABEL * 2)))))
        arrows.extend(Arrow(end, name, "missing") for end in ends[:3])
        arrows.append(Arrow(name, "goal", "missing"))
    if not absent:
        arrows.extend(Arrow(end, "goal", "fails") for end in ends)
    return Picture(f"{graph.graph['rule']}: {verdict}", tuple(boxes), tuple(arrows))


GOALS: Final = {"satisfied": "met", "vacuous": "met", "pending": "open", "inconclusive": "open"}
"""How the obligation is drawn where it is not violated."""


def _span_lines(data: Mapping[str, object], origin: int | None) -> tuple[str, ...]:
    start, end = data.get("start"), data.get("end")
    lines = [shortened(str(data["name"]), LABEL).strip() or "(no name)", inert(str(data["span_id"])[:8])]
    if isinstance(start, int) and origin is not None:
        since = "begins" if start == origin else f"+{duration_text(start - origin)}"
        lasts = f", {duration_text(end - start)} long" if isinstance(end, int) else ", never ended"
        lines[1] += f"  {since}{lasts}"
    if data.get("earliest") and isinstance(start, int):
        lines.append(f"earliest cause, {instant_text(start)}")
    return tuple(lines)


def _wrapped(text: str) -> Iterator[str]:
    import textwrap  # noqa: PLC0415 - start-up counts

    yield from textwrap.wrap(text, LABEL, break_on_hyphens=False) or [""]


def dot_text(graph: Graph) -> str:
    """Return the picture in the DOT language of Graphviz: time from left to right, a cluster for each service."""
    drawn = picture(graph)
    font = 'fontname="Helvetica,Arial,sans-serif"'
    lines = [
        "digraph fluo {",
        (
            f"  graph [rankdir=LR, label={dot_label(drawn.title)}, labelloc=t, labeljust=l, fontsize=16, {font}, "
            f'fontcolor="{INK}", bgcolor="white", nodesep=0.3, ranksep=0.65, pad=0.3];'
        ),
        f'  node [shape=box, style="rounded,filled", fontsize=11, {font}, fontcolor="{INK}", margin="0.16,0.09"];',
        f"  edge [arrowsize=0.7, fontsize=9, {font}];",
    ]
    for number, (service, boxes) in enumerate(drawn.services().items()):
        fill, line = COLOURS[number % len(COLOURS)]
        lines.append(f"  subgraph cluster_{number} {{")
        lines.append(
            f'    graph [label={dot_label(shortened(service, LABEL))}, style="rounded,filled", color="{fill}", '
            f'fillcolor="{fill}", fontcolor="{line}", fontsize=12, labelloc=t, margin=12];'
        )
        lines.extend(f"    {_dot_span(box, line)}" for box in boxes)
        lines.append("  }")
    lines.extend(
        f"  {box.name} [label={dot_label(*box.lines)}, {BOX_STYLES[box.kind]}];"
        for box in drawn.boxes
        if box.kind != "span"
    )
    lines.extend(f"  {arrow.first} -> {arrow.second} [{ARROW_STYLES[arrow.kind]}];" for arrow in drawn.arrows)
    return "\n".join([*lines, "}", ""])


BOX_STYLES: Final = {
    "absent": f'style="rounded,dashed,filled", fillcolor="#fff6f5", color="{CAUSE}", fontcolor="{CAUSE}", penwidth=1.6',
    "obligation": f'style="rounded,filled", fillcolor="{CAUSE}", color="{CAUSE}", fontcolor="white"',
    "met": f'style="rounded,filled", fillcolor="{MET}", color="{MET}", fontcolor="white"',
    "open": f'style="rounded,filled", fillcolor="{OPEN}", color="{OPEN}", fontcolor="white"',
    "more": f'shape=plaintext, style="", fontcolor="{GREY}"',
}
ARROW_STYLES: Final = {
    "parent": f'color="{GREY}", penwidth=1, arrowhead=vee, tooltip="is the parent of"',
    "before": f'color="{CAUSE}", penwidth=2.2, tooltip="ended before"',
    "fails": f'color="{CAUSE}", penwidth=2.2, tooltip="fails"',
    "missing": f'color="{CAUSE}", penwidth=1.4, style=dashed, tooltip="is missing"',
}


def dot_label(*lines: str) -> str:
    """Return lines as a quoted label of DOT."""
    escaped = ((line.strip() or " ").replace("\\", "\\\\").replace('"', '\\"') for line in lines)
    # Graphviz does not survive some empty labels.
    return '"' + "\\n".join(escaped) + '"'


def _dot_span(box: Box, line: str) -> str:
    pen = f'color="{CAUSE}", penwidth=2.4' if box.strong else f'color="{line}", penwidth=1.3'
    return f'{box.name} [label={dot_label(*box.lines)}, fillcolor="white", {pen}];'


def mermaid_text(graph: Graph) -> str:
    """Return the picture as a Mermaid flowchart; whatever is not a plain letter or digit is a character code."""
    drawn = picture(graph)
    lines = ["flowchart LR"]
    for number, (service, boxes) in enumerate(drawn.services().items()):
        lines.append(f'  subgraph g{number}["{mermaid_label(shortened(service, LABEL))}"]')
        lines.extend(f"    {_mermaid_box(box)}" for box in boxes)
        lines.append("  end")
    lines.extend(f"  {_mermaid_box(box)}" for box in drawn.boxes if box.kind != "span")
    links = {"parent": "-->", "before": "==>", "fails": "==>", "missing": "-.->"}
    lines.extend(f"  {arrow.first} {links[arrow.kind]} {arrow.second}" for arrow in drawn.arrows)
    lines.append(f"  classDef absent fill:#fff6f5,stroke:{CAUSE},color:{CAUSE},stroke-dasharray:5 4")
    lines.append(f"  classDef obligation fill:{CAUSE},stroke:{CAUSE},color:#ffffff")
    lines.append(f"  classDef met fill:{MET},stroke:{MET},color:#ffffff")
    lines.append(f"  classDef open fill:{OPEN},stroke:{OPEN},color:#ffffff")
    lines.append(f"  classDef earliest stroke:{CAUSE},stroke-width:3px")
    return "\n".join([*lines, ""])


def _mermaid_box(box: Box) -> str:
    kind = "earliest" if box.strong else box.kind
    mark = f":::{kind}" if kind in {"absent", "obligation", "earliest", "met", "open"} else ""
    label = "<br/>".join(mermaid_label(line) for line in box.lines)
    return f'{box.name}["{label}"]{mark}'


def mermaid_label(text: str) -> str:
    """Return a text for a label of Mermaid, all but letters and digits as character codes."""
    return "".join(char if MERMAID_PLAIN.fullmatch(char) else f"#{ord(char)};" for char in text)


def svg_text(graph: Graph) -> str:
    """Return the picture as SVG, laid out by Graphviz.

    Raises:
        ConfigError: pygraphviz is not installed.
    """
    return drawn_svg(dot_text(graph))


def drawn_svg(dot: str) -> str:
    """Return a graph in the DOT language as SVG, laid out by Graphviz.

    Raises:
        ConfigError: pygraphviz is not installed.
    """
    try:
        import pygraphviz  # noqa: PLC0415 - an extra
    except ImportError as error:
        message = "SVG is drawn by Graphviz, and pygraphviz is not installed"
        hint = "pip install 'fluo_logic[graph]', or write dot or mermaid"
        raise ConfigError(code="C150", message=message, hint=hint) from error
    drawing: bytes | str = pygraphviz.AGraph(string=dot).draw(format="svg", prog="dot")
    return drawing.decode() if isinstance(drawing, bytes) else drawing


EXPORTS: Final[Mapping[str, Callable[[Any], str]]] = {
    "graphml": graphml_text,
    "json": lambda graph: json.dumps(graph_json(graph), ensure_ascii=False, indent=2) + "\n",
    "dot": dot_text,
    "mermaid": mermaid_text,
    "svg": svg_text,
}
"""How each format is written."""
