"""Analyses as SARIF, HTML and graphs: complete, valid, and inert whatever rules say."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final

import networkx as nx
import pytest

from fluo_logic.consistency.analyze import analyze
from fluo_logic.consistency.analyze_findings import Analysis, Finding
from fluo_logic.consistency.analyze_graph import GRAPHS, rule_graph_json
from fluo_logic.consistency.analyze_html import analysis_html
from fluo_logic.consistency.analyze_sarif import MEANINGS, analysis_sarif
from fluo_logic.consistency.diff import diff
from fluo_logic.lang.parse import parse_rules
from fluo_logic.lang.syntax import Ruleset
from tests.report.test_documents import validate
from tests.report.test_sarif import valid

FILE: Final = "rules/shop.fluo"
TEXT: Final = """
rule paid-once "An order is charged at most once" {
  severity high
  when { order }
  always { count(charge) <= 1 }
}
rule charged-again {
  when { order }
  always { count(charge) >= 2 }
}
rule cheap { never { item.where(price > 100) } }
rule cheaper { never { item.where(price > 50) } }
rule same { never { item.where(price > 50 or price > 60) } }
rule never-so { always { count(order) >= 0 } }
rule too-many { always { count(order) <= 500 } }
"""
HOSTILE: Final = '<script>alert(\\"1\\")</script>\\u001b[31m\\u202e](https://evil.example) --> <!--'


def ruleset(text: str) -> Ruleset:
    rules, errors = parse_rules(text, FILE)
    assert not errors
    return Ruleset(tuple(rules))


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    """An analysis with a conflict, a subsumption, a tautology and a rule that is not analysed."""
    return analyze(ruleset(TEXT))


@pytest.fixture(scope="module")
def hostile() -> Analysis:
    """An analysis of rules whose names, values and titles would become markup."""
    return analyze(
        ruleset(
            f'rule one "{HOSTILE}" {{ never {{ "{HOSTILE}".where(k == "{HOSTILE}") }} }}\n'
            f'rule two "{HOSTILE}" {{ never {{ "{HOSTILE}" }} }}'
        )
    )


def test_sarif_places_each_finding_at_its_rule(analysis: Analysis) -> None:
    """The log is valid; a finding stands at the line of its first rule, the others are related places."""
    run = valid(analysis_sarif(analysis, Path.cwd()))
    results = {result["ruleId"]: result for result in run["results"]}
    assert [result["ruleId"] for result in run["results"]] == [one.kind for one in analysis.findings]
    conflict = results["conflict"]
    place = conflict["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == (FILE, 2)
    (other,) = conflict["relatedLocations"]
    assert (other["physicalLocation"]["region"]["startLine"], conflict["level"]) == (7, "error")
    assert "charged-again violated" in conflict["message"]["text"]
    (notice,) = run["invocations"][0]["toolExecutionNotifications"]
    assert "it counts to 500" in notice["message"]["text"]
    assert notice["locations"][0]["physicalLocation"]["region"]["startLine"] == 15


def test_what_is_undecided_is_an_open_result(analysis: Analysis) -> None:
    """A question that took too long is a result of the kind `open`, which counts as no failure."""
    some = analysis.findings[0]
    undecided = Finding(some.kind, some.rules, "not decided", undecided=True)
    run = valid(analysis_sarif(Analysis(6, 2, (undecided,), (), analysis.about)))
    assert [(result["kind"], result["level"]) for result in run["results"]] == [("open", "none")]


def test_every_kind_has_a_meaning() -> None:
    """SARIF and HTML explain each kind of finding that the schema knows."""
    schema = json.loads((Path(__file__).parents[2] / "schemas" / "fluo-analysis-1.json").read_text(encoding="utf-8"))
    kinds = schema["properties"]["findings"]["items"]["properties"]["kind"]["enum"]
    assert sorted(MEANINGS) == sorted(kinds)


class Tags(HTMLParser):
    """Collects the elements and the attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_html_is_one_file_that_runs_nothing(analysis: Analysis) -> None:
    """The page has no script, loads nothing, links only into itself, and follows the reader's light or dark."""
    page = analysis_html(analysis)
    tags = Tags(page).found
    assert page.isascii()
    assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in tags}
    targets = {attributes["href"] for tag, attributes in tags if tag == "a"}
    anchors = {f"#{attributes['id']}" for _, attributes in tags if "id" in attributes}
    assert targets <= anchors
    assert "default-src 'none'" in page
    assert "prefers-color-scheme: dark" in page
    for told in ("paid-once", "An order is charged at most once", "it counts to 500", "charged-again violated"):
        assert told in page


def test_html_of_hostile_rules_is_inert(hostile: Analysis) -> None:
    """What rules and traces say is text: no element, escape or override of it takes effect."""
    page = analysis_html(hostile)
    assert hostile.findings
    assert "<script" not in page
    assert "\x1b" not in page
    assert "&#8238;" not in page
    assert "&lt;script&gt;" in page


def test_sarif_of_hostile_rules_is_inert(hostile: Analysis) -> None:
    """No message has a control character, or makes a link of what a rule says."""
    run = valid(analysis_sarif(hostile))
    for result in run["results"]:
        assert not re.search(r"[\x00-\x09\x0b-\x1f\u202e]", result["message"]["text"])
        assert "](" not in result["message"]["text"]


def test_the_graph_has_every_rule_and_relation(analysis: Analysis) -> None:
    """Nodes are all rules, edges what implies or conflicts; the JSON follows its schema."""
    graph = analysis.graph()
    assert set(graph) == {note.id for note in analysis.about}
    relations = {(first, second): data["relation"] for first, second, data in graph.edges(data=True)}
    assert relations["paid-once", "charged-again"] == relations["charged-again", "paid-once"] == "conflicts"
    assert relations["cheaper", "cheap"] == "implies"
    assert relations["cheaper", "same"] == "equivalent"
    assert not graph.nodes["too-many"]["analysed"]
    assert graph.nodes["never-so"]["kinds"] == "tautology"
    document = rule_graph_json(graph)
    validate(document, "fluo-rule-graph-1.json")
    assert document == json.loads(GRAPHS["json"](graph))


def test_graphml_is_read_back(analysis: Analysis) -> None:
    """A graph in GraphML has what networkx had."""
    graph = analysis.graph()
    again: Any = nx.parse_graphml(GRAPHS["graphml"](graph))
    assert set(again.edges) == set(graph.edges)
    assert again.nodes["paid-once"]["title"] == "An order is charged at most once"


def test_pictures_draw_each_relation_once(analysis: Analysis) -> None:
    """What holds both ways is one line in DOT and Mermaid, other rules are counted, and SVG is well-formed."""
    graph = analysis.graph()
    assert GRAPHS["mermaid"](graph).count("|conflicts|") == 1
    assert GRAPHS["dot"](graph).count('label="conflicts"') == 1
    assert "1 rule without a finding, 1 of them not analysed" in GRAPHS["dot"](graph)
    pytest.importorskip("pygraphviz")
    assert ET.fromstring(GRAPHS["svg"](graph)).tag.endswith("svg")  # noqa: S314 - written by Graphviz just now


def test_pictures_of_hostile_rules_are_inert(hostile: Analysis) -> None:
    """Titles are quoted for each format."""
    graph = hostile.graph()
    assert "<script" not in GRAPHS["mermaid"](graph)
    assert "\x1b" not in GRAPHS["dot"](graph)
    assert '\\"1\\"' in GRAPHS["dot"](graph)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("never { a.where(n > 5) }", "never { a.where(n > 3) }"),
        ("never { a.where(n > 5) }", "never { a.where(n < 3) }"),
        ("always { count(a) <= 500 }", "always { count(a) <= 400 }"),
        ("when { a as $a } always { b after $a within 1h }", "when { a as $a } always { b after $a within 2h }"),
    ],
)
def test_the_document_of_a_diff_follows_its_schema(old: str, new: str) -> None:
    """Changes of each kind, rules that are added and removed, with and without separating traces."""
    before = ruleset(f"rule one {{ {old} }} rule gone {{ never {{ x }} }}")
    after = ruleset(f"rule one {{ {new} }} rule come {{ never {{ x }} }}")
    document = diff(before, after).to_json()
    validate(document, "fluo-diff-1.json")
    rules: Any = document["rules"]
    assert [one["change"] for one in rules][1:] == ["added", "removed"]
    for side in ("gained", "lost"):
        assert (rules[0][side] is None) == (side not in rules[0]["replay"])
