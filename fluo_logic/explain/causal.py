"""The causal graph of a proof: its steps joined with the span tree and with what happened before what.

Besides the nodes of `fluo_logic.explain.graph.proof_graph` it has the spans on the tree path between cited spans, and a
node for each span that is not there.  Edges lead from cause to effect.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from fluo_logic.explain import proof as p
from fluo_logic.explain.graph import ROOT, causal_order, cited_spans, proof_graph
from fluo_logic.explain.words import shortened
from fluo_logic.facts.dataset import Dataset
from fluo_logic.facts.model import Span, SpanKey

if TYPE_CHECKING:
    import networkx as nx

    from fluo_logic.explain.graph import Graph

VERSION: Final = "fluo-graph/1"
MOST_ORDERED: Final = 300
"""Between how many spans, the earliest ones, it is told which happened before which."""


def causal_graph(proof: p.ObligationProof, dataset: Dataset) -> Graph:
    """Return the graph that joins a proof with the spans of ``dataset`` that it is about.

    Nodes have the ``type`` of `proof_graph`, or ``absent`` (``text`` is ``expected: audit.log``).  Span nodes also have
    ``cited``, ``causal`` (on the path from the earliest cause to what failed) and ``earliest`` (that cause).

    Edges have a ``role``: ``premise`` and ``cited`` as in `proof_graph`, ``parent`` from a parent to its child,
    ``before`` from a span to one that began when it had ended (only the direct ones), ``missing`` from an absent span
    to the step that wants it.

    The graph has ``version``, ``rule``, ``verdict``, ``root``, ``earliest`` (a node, or empty) and ``services`` (those
    on the path, in the order of their first span, as one text with commas).
    """
    graph = proof_graph(proof)
    cited = {SpanKey(span.trace_id, span.span_id): span for span in cited_spans(proof)}
    order = [SpanKey(span.trace_id, span.span_id) for span in causal_order(proof)]
    between = [span for span in _between(cited, dataset) if span.key not in cited]
    for span in between:
        graph.add_node(node_of(span.key), type="span", **_ref(span)._asdict())
    spans = {**cited, **{span.key: _ref(span) for span in between}}
    for key in spans:
        graph.nodes[node_of(key)].update(cited=key in cited, causal=True, earliest=bool(order) and key == order[0])
    for key in spans:
        parent = _parent(key, dataset)
        if parent is not None and parent in spans and parent != key:
            graph.add_edge(node_of(parent), node_of(key), role="parent")
    _add_order(graph, [spans[key] for key in order])
    _add_absent(graph, proof)
    path = sorted(spans.values(), key=lambda span: (span.start is None, span.start or 0, span.span_id))
    services = dict.fromkeys(span.service for span in path if span.service)
    graph.graph.update(
        version=VERSION, earliest=node_of(order[0]) if order else "", services=", ".join(services), title=proof.rule
    )
    return graph


def node_of(key: SpanKey) -> str:
    """Return the node of a span."""
    return f"span:{key.trace_id}:{key.span_id}"


def _ref(span: Span) -> p.SpanRef:
    return p.SpanRef(span.trace_id, span.span_id, span.name, span.resource.service, span.start, span.end)


def _parent(key: SpanKey, dataset: Dataset) -> SpanKey | None:
    trace = dataset.traces.get(key.trace_id)
    span = None if trace is None else trace.by_id.get(key.span_id)
    return None if span is None or span.parent_id is None else SpanKey(key.trace_id, span.parent_id)


def _between(cited: Iterable[SpanKey], dataset: Dataset) -> list[Span]:
    """Return the spans that tie the cited ones of each trace together: up to the nearest span above them all."""
    by_trace: dict[str, list[str]] = {}
    for key in cited:
        if key.trace_id in dataset.traces and key.span_id in dataset.traces[key.trace_id].by_id:
            by_trace.setdefault(key.trace_id, []).append(key.span_id)
    found: list[Span] = []
    for trace_id, ids in by_trace.items():
        trace = dataset.traces[trace_id]
        chains = [(span_id, *trace.ancestors(span_id)) for span_id in ids]
        common = set(chains[0]).intersection(*chains[1:])
        if len(ids) == 1:
            continue
        tied: dict[str, None] = {}
        for chain in chains:
            for span_id in chain:
                tied[span_id] = None
                if span_id in common:
                    break
        found.extend(trace.by_id[span_id] for span_id in tied)
    return found


def _add_order(graph: Graph, spans: Sequence[p.SpanRef]) -> None:
    """Add an edge from each span to those that began when it had ended, leaving out what others imply."""
    import networkx as nx  # noqa: PLC0415 - only who wants the graph needs it

    timed = [span for span in spans if span.start is not None and span.end is not None and span.start <= span.end]
    timed.sort(key=lambda span: (span.start or 0, span.end or 0, span.trace_id, span.span_id))
    order: nx.DiGraph[str] = nx.DiGraph()
    for number, span in enumerate(timed[:MOST_ORDERED]):
        for other in timed[number + 1 : MOST_ORDERED]:
            if span.end is not None and other.start is not None and span.end <= other.start:
                order.add_edge(_node(span), _node(other))
    for first, second in nx.transitive_reduction(order).edges:
        if not graph.has_edge(first, second):
            graph.add_edge(first, second, role="before")


def _node(span: p.SpanRef) -> str:
    return node_of(SpanKey(span.trace_id, span.span_id))


def _add_absent(graph: Graph, proof: p.ObligationProof) -> None:
    """Add a node for each span that is sought and not there, where that bears on the failure."""
    holding = proof.polarity == "always" and proof.verdict == "satisfied"
    parts = [] if holding else [node for node in p.walk(proof.condition) if isinstance(node, p.Absent)]
    seen: set[str] = set()
    for number, absent in enumerate(parts):
        wanted = absent.sought or " ".join(absent.goal.text.split())
        if wanted in seen:
            continue
        seen.add(wanted)
        node = f"absent:{number}"
        graph.add_node(node, type="absent", text=f"expected: {shortened(wanted)}", causal=True)
        step = next(
            (
                name
                for name, data in graph.nodes(data=True)
                if data.get("kind") == "absent" and data.get("text") == " ".join(absent.goal.text.split())
            ),
            ROOT,
        )
        graph.add_edge(node, step, role="missing")
