"""Causal graphs: what they join, and that each export reads back whatever the traces say."""

from __future__ import annotations

import builtins
import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import networkx as nx
import pygraphviz
import pytest

from fluo_logic import pipeline
from fluo_logic.cli import main
from fluo_logic.errors import ConfigError
from fluo_logic.explain.causal import causal_graph
from fluo_logic.explain.graph_export import EXPORTS, MOST_DRAWN, graph_json, svg_text
from fluo_logic.facts.dataset import assemble
from fluo_logic.facts.model import Resource, Span
from fluo_logic.lang.parse import parse_rule
from tests.cases.trace_text import read_trace_text
from tests.report.test_documents import validate
from tests.test_cases import CASES, load

SCHEMA = "fluo-graph-1.json"
HOSTILE = (
    'a"b\\"c',
    "]]>&<script>alert(1)</script>",
    "x\ny\r\nz",
    "\x1b[31mred\x07\x00",
    "\u202eright to left\u2066",
    "שלום עולם",
    'x"]; click n0 "javascript:alert(1)"; %%',
    "end\nsubgraph evil\n",
    "\\N\\G\\l{a|b}",
    "<b>html-like</b>",
    "#quot;`markdown`",
    "😀\U000e0001",
    "long " * 200_000,
    "",
)
MERMAID_LINE = re.compile(
    r"""flowchart\ LR
      | \ +subgraph\ g\d+\["[A-Za-z0-9 .,_#;-]*"\]
      | \ +end
      | \ +\w+\["(?:[A-Za-z0-9 .,_-]|\#\d+;|<br/>)*"\](?::::\w+)?
      | \ +\w+\ (?:-->|==>|-\.->)\ \w+
      | \ +classDef\ \w+\ [\w#:,-]+(?:\ \d)?""",
    re.VERBOSE,
)


def graph_of(rule: str, spans: tuple[Span, ...]) -> Any:  # noqa: ANN401 - a graph of networkx
    parsed = parse_rule(rule, "case", "rule.fluo")
    dataset = assemble(spans)
    explanation = pipeline.explain(parsed, dataset)
    return causal_graph(explanation.proofs[0], dataset)


def small() -> Any:  # noqa: ANN401 - likewise
    text = """trace t
  checkout 0s..10s @shop
    cart 0s..9s @shop
      load 1s..2s @db tenant=a
    query 3s..4s @db tenant=b
"""
    return graph_of(
        "when { query as $q } always { load.where(tenant == $q.tenant) as $l before $q and audit.log after $l }",
        read_trace_text(text).spans,
    )


def hostile(text: str) -> Any:  # noqa: ANN401 - likewise
    spans = (
        Span("t" * 32, "1", text, start=1, end=2, resource=Resource({"service.name": text or "s"})),
        Span("t" * 32, "2", "b", parent_id="1", start=3, end=4, attributes={"k": text}),
    )
    return graph_of("when { * as $x } always { * as $y after $x and audit.log after $y }", spans)


def by_role(graph: Any, role: str) -> set[tuple[str, str]]:  # noqa: ANN401 - likewise
    name: Mapping[str, str] = {node: data.get("name") or node for node, data in graph.nodes(data=True)}
    return {(name[a], name[b]) for a, b, data in graph.edges(data=True) if data["role"] == role}


def test_the_graph_joins_proof_tree_and_order() -> None:
    """Spans between cited ones are in it, parents lead to children, and what ended leads to what then began."""
    graph = graph_of(
        "when { load as $l and query as $q } never { $l before $q }",
        read_trace_text(
            "trace t\n  checkout 0s..10s @shop\n    cart 0s..9s @shop\n      load 1s..2s @db\n    query 3s..4s @db\n"
        ).spans,
    )
    assert by_role(graph, "parent") == {("checkout", "cart"), ("checkout", "query"), ("cart", "load")}
    assert by_role(graph, "before") == {("load", "query")}
    assert graph.nodes[graph.graph["earliest"]]["name"] == "load"
    assert graph.graph["services"] == "shop, db"
    assert {data["cited"] for _, data in graph.nodes(data=True) if data.get("name") == "cart"} == {False}


def test_absent_spans_are_nodes() -> None:
    """A span that is sought and not there has a node of its own, which leads to what wants it."""
    graph = graph_of("when { a } always { audit.log }", read_trace_text("trace t\n  a 0s..1s\n").spans)
    absent = [node for node, data in graph.nodes(data=True) if data["type"] == "absent"]
    assert [graph.nodes[node]["text"] for node in absent] == ["expected: audit.log"]
    assert all(graph.out_degree(node) == 1 for node in absent)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("form", EXPORTS)
def test_exports_read_back(form: str, text: str) -> None:
    """Each format is well formed whatever names and values say, and short, and shows no control character."""
    graph = hostile(text)
    made = EXPORTS[form](graph)
    assert len(made) < 60_000
    assert all(char.isprintable() or char == "\n" for char in made)
    made.encode()
    spans = [node for node, data in graph.nodes(data=True) if data["type"] == "span"]
    match form:
        case "graphml":
            back = nx.read_graphml(io.BytesIO(made.encode()))
            assert (len(back), back.number_of_edges()) == (len(graph), graph.number_of_edges())
        case "json":
            document = json.loads(made)
            validate(document, SCHEMA)
            assert len(nx.node_link_graph(document, edges="edges")) == len(graph)
        case "dot":
            names = {str(node) for node in pygraphviz.AGraph(string=made).nodes()}
            assert len([name for name in names if re.fullmatch(r"s\d+", name)]) == len(spans)
        case "mermaid":
            for line in made.splitlines():
                assert MERMAID_LINE.fullmatch(line), line
        case _:
            root = ET.fromstring(made)  # noqa: S314 - it was made here
            tags = {element.tag.rpartition("}")[2] for element in root.iter()}
            assert "script" not in tags
            nodes = [element for element in root.iter() if element.get("class") == "node"]
            assert len(nodes) >= len(spans)


def test_documents_of_every_verdict_follow_the_schema() -> None:
    """Every type of node and of edge, of every verdict, with spans that lack a service or an end, is described."""
    found: set[object] = set()
    for folder in CASES:
        case = load(folder)
        session = case.solve("clingo")
        ((rule, plan),) = session.plans
        checked = pipeline.RuleCheck(session, rule, plan)
        for (scope,) in session.answer.rows(plan.scope.predicate):
            for proof in checked.explanation(scope).proofs:
                document: Any = graph_json(causal_graph(proof, session.store.dataset))
                validate(document, SCHEMA)
                found |= {document["graph"]["verdict"], *(edge["role"] for edge in document["edges"])}
                found |= {node["type"] for node in document["nodes"]}
                found |= {None in node.values() for node in document["nodes"]}
    assert found >= {"violated", "inconclusive", "pending", "satisfied", "vacuous"}
    assert found >= {"premise", "cited", "parent", "before", "missing"}
    assert found >= {"obligation", "step", "span", "absent", "assumption", True, False}


@pytest.mark.parametrize("part", ["nodes", "edges", "graph", None])
def test_a_document_that_says_more_or_less_is_refused(part: str | None) -> None:
    """The schema is strict: an unknown key, a missing key or another version is an error, however deep."""
    document: Any = json.loads(EXPORTS["json"](small()))
    validate(document, SCHEMA)
    inner = document if part is None else document[part] if part == "graph" else document[part][0]
    kept = dict(inner)
    changes: list[dict[str, object]] = [{**kept, "extra": 1}]
    changes += [{key: kept[key] for key in kept if key != gone} for gone in kept]
    changes += [{**kept, key: {"other": 0}} for key in kept if key not in {"title", "services"}]
    for changed in changes:
        inner.clear()
        inner.update(changed)
        with pytest.raises(jsonschema.ValidationError):
            validate(document, SCHEMA)


def test_pictures_show_the_first_spans_of_many() -> None:
    """A picture of a proof that cites many spans says how many it leaves out; the files hold all."""
    spans = tuple(Span("t", str(number), "a", start=number, end=number + 1) for number in range(1, 101))
    graph = graph_of("always { count(a) <= 5 }", spans)
    assert f"and {100 - MOST_DRAWN} more spans" in EXPORTS["dot"](graph)
    document: Any = graph_json(graph)
    assert len([node for node in document["nodes"] if node["type"] == "span"]) == 100


def test_the_picture_reads_like_the_golden() -> None:
    """The Mermaid text of a small case is this one."""
    graph = graph_of(
        "when { admin.action } always { audit.log }",
        read_trace_text("trace t\n  admin.action #7f3a 0s..1s @admin\n").spans,
    )
    assert EXPORTS["mermaid"](graph).splitlines()[:8] == [
        "flowchart LR",
        '  subgraph g0["admin"]',
        (
            '    s0["admin.action<br/>7f3a  begins, 1 s long'
            '<br/>earliest cause, 2026-01-01 00#58;00#58;00.000"]:::earliest'
        ),
        "  end",
        '  goal["always violated<br/>audit.log"]:::obligation',
        '  a0["expected#58; audit.log"]:::absent',
        "  s0 -.-> a0",
        "  a0 -.-> goal",
    ]


def test_svg_without_graphviz_is_an_error_with_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where pygraphviz is not installed, it is said what to install, and what else can be written."""
    known = builtins.__import__

    def refusing(name: str, *rest: Any) -> object:  # noqa: ANN401 - as `__import__` takes them
        if name == "pygraphviz":
            raise ImportError(name)
        return known(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refusing)
    with pytest.raises(ConfigError) as caught:
        svg_text(small())
    assert caught.value.code == "C150"
    assert "fluo_logic[graph]" in str(caught.value.hint)


def test_the_command_writes_graphs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--graph` writes to a file beside the explanation, or alone to standard output; other formats are refused."""
    rule, trace = tmp_path / "r.fluo", tmp_path / "t.json"
    rule.write_text("rule r { when { a } always { b } }")
    span = {"traceId": "0" * 31 + "1", "spanId": "0" * 15 + "2", "name": "a", "startTimeUnixNano": "1"}
    trace.write_text(json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}))
    common = ["explain", str(rule), "--traces", str(trace)]
    assert main([*common, "--graph", f"graphml={tmp_path / 'g.xml'}"]) == 0
    assert "r is violated" in capsys.readouterr().out
    assert len(nx.read_graphml(tmp_path / "g.xml")) > 1
    assert main([*common, "--graph", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["schema"] == "fluo-graph/1"
    assert main([*common, "--graph", "svgg"]) == 3
    assert "did you mean" in capsys.readouterr().err
    assert main([*common, "--graph", f"dot={tmp_path / 'none' / 'g.dot'}"]) == 3
