"""The graph behind a proof: its steps, the spans they cite, and what rests on what."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, TypeAlias

from fluo_logic.explain import proof as p
from fluo_logic.explain.as_json import kind_of, own_json
from fluo_logic.facts.model import SpanKey

if TYPE_CHECKING:
    import networkx as nx

    Graph: TypeAlias = nx.DiGraph[str]

ROOT: Final = "obligation"
"""The node of the obligation itself, on which everything else bears."""
PARENT_FACTS: Final = "parent"


def proof_graph(proof: p.ObligationProof) -> Graph:
    """Return the directed acyclic graph of a proof.

    Nodes are texts.  `ROOT` is the obligation; ``step:N`` are the steps, of which equal ones are one node;
    ``span:TRACE:SPAN`` are the cited spans; ``assumption:N`` what the verdict would rest on.  Every node has a ``type``
    (``obligation``, ``step``, ``span``, ``assumption``), steps and the obligation also ``kind``, ``text`` and
    ``holds``, spans the fields of `fluo_logic.explain.proof.SpanRef`.

    Edges lead from a premise to its conclusion (``role="premise"``) and from a span to a step that cites it
    (``role="cited"``).  The graph's own attributes are ``rule``, ``verdict`` and ``root``.
    """
    import networkx as nx  # noqa: PLC0415 - only who wants the graph needs it

    graph: Graph = nx.DiGraph(rule=proof.rule, verdict=proof.verdict, root=ROOT)
    holds = (proof.polarity == "always") == (proof.verdict == "satisfied") if proof.polarity != "when" else False
    graph.add_node(ROOT, type="obligation", kind=proof.polarity, text=proof.obligation.text, holds=holds)
    steps: dict[tuple[str, tuple[str, ...]], str] = {}
    for premise in (proof.when, proof.condition):
        if premise is not None:
            graph.add_edge(_step(premise, graph, steps), ROOT, role="premise")
    for number, assumption in enumerate(proof.assumptions):
        node = f"assumption:{number}"
        graph.add_node(node, type="assumption", kind=assumption.kind, text=assumption.sentence)
        graph.add_edge(node, ROOT, role="premise")
    for binding in proof.bindings:
        graph.add_edge(_span(binding.span, graph), ROOT, role="cited")
    return graph


def _step(proof: p.Proof, graph: Graph, steps: dict[tuple[str, tuple[str, ...]], str]) -> str:
    """Add a step and what it rests on; return its node."""
    premises = tuple(_step(child, graph, steps) for child in p.children(proof))
    # Values may be maps, so steps have no hash; what they say as JSON, and their premises, tell them apart.
    identity = (json.dumps(own_json(proof)), premises)
    known = steps.get(identity)
    if known is not None:
        return known
    node = steps[identity] = f"step:{len(steps)}"
    graph.add_node(node, type="step", kind=kind_of(proof), text=step_text(proof), holds=proof.holds)
    for premise in premises:
        graph.add_edge(premise, node, role="premise")
    for span in p.cited(proof):
        graph.add_edge(_span(span, graph), node, role="cited")
    return node


def step_text(proof: p.Proof) -> str:
    """Return the words of a step: the sentence of a fact, else the text of the rule that it proves."""
    if isinstance(proof, p.Given):
        return proof.sentence
    return " ".join(proof.goal.text.split()) or kind_of(proof)


def _span(span: p.SpanRef, graph: Graph) -> str:
    node = f"span:{span.trace_id}:{span.span_id}"
    if node not in graph:
        graph.add_node(node, type="span", **span._asdict())
    return node


def cited_spans(proof: p.ObligationProof) -> tuple[p.SpanRef, ...]:
    """Return every span that a proof cites, once, in the order of first mention: the match, ``when``, the condition."""
    spans: dict[SpanKey, p.SpanRef] = {}
    for span in _mentions(proof):
        spans.setdefault(_key(span), span)
    return tuple(spans.values())


def _mentions(proof: p.ObligationProof) -> Iterator[p.SpanRef]:
    yield from (binding.span for binding in proof.bindings)
    for step in _steps(proof):
        yield from p.cited(step)


def _steps(proof: p.ObligationProof) -> Iterator[p.Proof]:
    for part in (proof.when, proof.condition):
        if part is not None:
            yield from p.walk(part)


def causal_order(proof: p.ObligationProof) -> tuple[p.SpanRef, ...]:
    """Return the cited spans as they happened: a parent before its children, what ended before what then started.

    Parents are those that the proof speaks of.  Where the clocks of services contradict the tree, the tree wins;
    spans that are not ordered by either come by start, then by id.
    """
    import networkx as nx  # noqa: PLC0415 - only who wants the order needs it

    spans = {_key(span): span for span in cited_spans(proof)}
    tree: nx.DiGraph[SpanKey] = nx.DiGraph()
    tree.add_nodes_from(spans)
    for step in _steps(proof):
        match step:
            case p.Given(holds=True, predicate="parent", spans=(child, parent)):
                below, above = _key(child), _key(parent)
                # Data can hold parents in a circle.
                if not nx.has_path(tree, below, above):
                    tree.add_edge(above, below)
            case _:
                continue
    # Whatever ended before another span started also started before it, so the order of starts respects both.
    order = nx.lexicographical_topological_sort(tree, key=lambda key: _moment(spans[key]))
    return tuple(spans[key] for key in order)


def _moment(span: p.SpanRef) -> tuple[bool, int, int, SpanKey]:
    first = span.end if span.start is None else span.start
    last = span.end if span.end is not None else first
    return (first is None, first or 0, last or 0, _key(span))


def _key(span: p.SpanRef) -> SpanKey:
    return SpanKey(span.trace_id, span.span_id)
