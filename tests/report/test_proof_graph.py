"""The graph behind a proof: its nodes, its edges, the spans it cites and how they happened."""

from __future__ import annotations

from typing import Final

import networkx as nx
import pytest

import fluo_logic as fl
from fluo_logic.explain import proof as p
from fluo_logic.explain.graph import ROOT, causal_order, cited_spans, proof_graph
from tests.report.conftest import MISSES, PACK, otlp, otlp_span, ref

GOAL: Final = p.Goal("g")


def fact(*spans: p.SpanRef, predicate: str = "span", holds: bool = True, sentence: str = "it is") -> p.Given:
    return p.Given(GOAL, holds, predicate, sentence, spans)


def parent(child: p.SpanRef, above: p.SpanRef, *, holds: bool = True) -> p.Given:
    return fact(child, above, predicate="parent", holds=holds, sentence="child of")


def obligation(condition: p.Proof, when: p.Proof | None = None, *spans: p.SpanRef) -> p.ObligationProof:
    bindings = tuple(p.Binding(f"${number}", span) for number, span in enumerate(spans))
    return p.ObligationProof("r", "always", when, condition, p.Goal("always { g }"), bindings, "violated")


def numbers(spans: tuple[p.SpanRef, ...]) -> list[int]:
    return [int(span.span_id, 16) for span in spans]


@pytest.fixture(scope="module")
def proofs() -> list[p.ObligationProof]:
    """Every proof of the case-study rules on the small traces of the incidents."""
    rules = fl.load_rules(PACK)
    reports = [fl.check(path, rules) for path in sorted(MISSES.glob("*/trace.otlp.json"))]
    return [item.proof for report in reports for item in report.violations if item.proof is not None]


def test_everything_bears_on_the_obligation(proofs: list[p.ObligationProof]) -> None:
    """The graph has no cycle, and a path leads from every node to the obligation, the only one without successors."""
    assert proofs
    for proof in proofs:
        graph = proof_graph(proof)
        assert nx.is_directed_acyclic_graph(graph)
        assert nx.ancestors(graph, ROOT) | {ROOT} == set(graph)
        assert graph.graph == {"rule": proof.rule, "verdict": proof.verdict, "root": ROOT}


def test_nodes_say_what_they_are(proofs: list[p.ObligationProof]) -> None:
    """Steps have kind, text and holds; spans are leaves with their own fields; edges have a role."""
    for proof in proofs:
        graph = proof_graph(proof)
        for node, data in graph.nodes(data=True):
            match data["type"]:
                case "step":
                    assert data.keys() == {"type", "kind", "text", "holds"}
                    assert data["text"]
                case "span":
                    assert data.keys() == {"type", *p.SpanRef._fields}
                    assert graph.in_degree(node) == 0
                case "assumption":
                    assert data.keys() == {"type", "kind", "text"}
                case other:
                    assert (node, other) == (ROOT, "obligation")
        for source, _, data in graph.edges(data=True):
            assert data["role"] == ("cited" if graph.nodes[source]["type"] == "span" else "premise")


def test_the_spans_of_the_graph_are_the_cited_ones(proofs: list[p.ObligationProof]) -> None:
    """`cited_spans` names each span node once."""
    for proof in proofs:
        spans = cited_spans(proof)
        nodes = [node for node, data in proof_graph(proof).nodes(data=True) if data["type"] == "span"]
        assert len(set(spans)) == len(spans) == len(nodes)
        assert {f"span:{span.trace_id}:{span.span_id}" for span in spans} == set(nodes)


def test_equal_steps_are_one_node_and_unequal_ones_are_not() -> None:
    """Sharing looks at all that a step says and rests on, maps and number types included."""

    def compared(value: object) -> p.Comparison:
        return p.Comparison(GOAL, holds=True, left=p.Side("a", value), op="==", right=p.Side("", "x"))  # type: ignore[arg-type]

    for one, other, shared in (
        (compared({"k": 1}), compared({"k": 1}), True),
        (compared({"k": 1}), compared({"k": 1.0}), False),
        (compared(1), compared(value=True), False),
        (p.Negation(GOAL, holds=False, part=compared(1)), p.Negation(GOAL, holds=False, part=compared(2)), False),
    ):
        condition = p.NoBranch(
            GOAL, (p.Negation(GOAL, holds=False, part=one), p.Negation(p.Goal("h"), holds=False, part=other))
        )
        steps = [
            node
            for node, data in proof_graph(obligation(condition)).nodes(data=True)
            if data.get("kind") == "comparison"
        ]
        assert len(steps) == (1 if shared else 2)


def test_assumptions_bear_on_the_obligation_too() -> None:
    """A pending or inconclusive verdict shows what it would rest on."""
    proof = p.ObligationProof(
        "r", "always", None, fact(ref(1)), GOAL, (), "pending", (p.Assumption("deadline", "the data ends"),)
    )
    graph = proof_graph(proof)
    assert graph.nodes["assumption:0"] == {"type": "assumption", "kind": "deadline", "text": "the data ends"}
    assert graph.edges["assumption:0", ROOT] == {"role": "premise"}


@pytest.mark.parametrize(
    ("polarity", "verdict", "holds"),
    [
        ("always", "violated", False),
        ("never", "violated", True),
        ("always", "satisfied", True),
        ("when", "vacuous", False),
    ],
)
def test_the_obligation_holds_where_its_condition_does(polarity: str, verdict: str, holds: bool) -> None:  # noqa: FBT001
    """`holds` of the root is that of the condition of the block, as for every other step."""
    proof = p.ObligationProof("r", polarity, None, fact(ref(1), holds=holds), GOAL, (), verdict)
    assert proof_graph(proof).nodes[ROOT]["holds"] is holds


def test_spans_are_cited_in_the_order_of_first_mention() -> None:
    """The match comes first, then `when`, then the condition, and a span is named once."""
    proof = obligation(fact(ref(4), ref(1)), fact(ref(3), ref(2)), ref(2))
    assert numbers(cited_spans(proof)) == [2, 3, 4, 1]


ORDERS: Final = {
    "by start": (fact(ref(1, 5, 6), ref(2, 1, 2), ref(3, 3, 9)), [2, 3, 1]),
    "what ended before another started": (fact(ref(1, 10, 11), ref(2, 0, 10)), [2, 1]),
    "the parent first, although its clock says later": (parent(ref(1, 0, 1), ref(2, 5, 6)), [2, 1]),
    "a grandparent": (
        p.NoBranch(GOAL, (parent(ref(1, 0, 1), ref(2, 5, 6)), parent(ref(2, 5, 6), ref(3, 9, 9)))),
        [3, 2, 1],
    ),
    "others keep their time beside the tree": (
        p.NoBranch(GOAL, (parent(ref(1, 0, 1), ref(2, 5, 6)), fact(ref(3, 2, 3)))),
        [3, 2, 1],
    ),
    "what is no parent is none": (parent(ref(1, 0, 1), ref(2, 5, 6), holds=False), [1, 2]),
    "parents in a circle": (
        p.NoBranch(GOAL, (parent(ref(1, 0, 1), ref(2, 5, 6)), parent(ref(2, 5, 6), ref(1, 0, 1)))),
        [2, 1],
    ),
    "its own parent": (parent(ref(1), ref(1)), [1]),
    "the same time: by end, then by id": (fact(ref(3, 1, 2), ref(2, 1, 2), ref(1, 1, 9)), [2, 3, 1]),
    "without a start: by end": (fact(ref(1, None, 4), ref(2, 3, 9), ref(3, 5, 6)), [2, 1, 3]),
    "without any time: last": (fact(ref(1, None, None), ref(2, 3, None)), [2, 1]),
}


@pytest.mark.parametrize(("condition", "order"), ORDERS.values(), ids=ORDERS)
def test_the_order_is_as_things_happened(condition: p.Proof, order: list[int]) -> None:
    """Tree before clocks, clocks before ids."""
    assert numbers(causal_order(obligation(condition))) == order


def test_a_parent_is_found_in_a_real_proof() -> None:
    """A rule that speaks of a child and its parent gives both, the parent first though its clock is ahead."""
    rule = fl.rule("when { c as $c } never { $c child of p }")
    traces = otlp(otlp_span(1, 1, "p", 5), otlp_span(1, 2, "c", 0, 1))
    (violation,) = fl.check(traces, rule).violations
    assert violation.proof is not None
    assert [span.name for span in cited_spans(violation.proof)] == ["c", "p"]
    assert [span.name for span in causal_order(violation.proof)] == ["p", "c"]
