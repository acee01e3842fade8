"""Hypothesis strategies for sets of spans as OTLP can carry them."""

from __future__ import annotations

import hypothesis.strategies as st

from fluo_logic.facts.model import Event, Kind, Link, Resource, Scope, Span, Status
from fluo_logic.values import Value

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
times = st.none() | st.integers(1, 2**64 - 1)
scalars: st.SearchStrategy[Value] = (
    texts | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.binary(max_size=4)
)
values: st.SearchStrategy[Value] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=4,
)
attributes = st.dictionaries(texts, values, max_size=3)
trace_ids = st.sampled_from(["0af7651916cd43dd8448eb211c80319c", "f" * 32])
span_ids = st.sampled_from([f"{number:016x}" for number in (1, 2, 3, 0xABCDEF, 2**63)])
counts = st.integers(0, 3)

spans: st.SearchStrategy[Span] = st.builds(
    Span,
    trace_id=trace_ids,
    span_id=span_ids,
    name=texts,
    parent_id=st.none() | span_ids,
    kind=st.sampled_from(Kind),
    status=st.sampled_from(Status),
    status_message=texts,
    start=times,
    end=times,
    attributes=attributes,
    resource=st.builds(Resource, attributes),
    scope=st.builds(Scope, texts, texts),
    events=st.lists(st.builds(Event, texts, times, attributes), max_size=2).map(tuple),
    links=st.lists(st.builds(Link, trace_ids, span_ids, attributes), max_size=2).map(tuple),
    dropped_attributes=counts,
    dropped_events=counts,
    dropped_links=counts,
)
span_lists = st.lists(spans, min_size=1, max_size=4)
