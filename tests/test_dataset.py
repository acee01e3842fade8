"""Data sets: copies, order, trees, orphans and holes."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fluo_logic.facts import dataset
from fluo_logic.facts.dataset import assemble
from fluo_logic.facts.model import Event, Span, SpanKey
from fluo_logic.facts.problems import Code
from tests.readers.strategies import spans

TRACE = "a" * 32


def span(span_id: str, parent: str | None = None, **fields: Any) -> Span:  # noqa: ANN401  # any field of a span
    made = Span(TRACE, span_id, f"span {span_id}", parent_id=parent, origin=f"file: {span_id}")
    return dataclasses.replace(made, **fields)


@settings(max_examples=60, deadline=None)
@given(st.lists(spans, max_size=8), st.randoms(use_true_random=False))
def test_order_of_reading_does_not_matter(found: list[Span], shuffling: random.Random) -> None:
    """Spans in any order give the same data set, winners among copies and reports included."""
    shuffled = found.copy()
    shuffling.shuffle(shuffled)
    first, second = assemble(found), assemble(shuffled)
    assert first == second
    assert [dataset._content(one) for one in first.spans] == [dataset._content(one) for one in second.spans]


def test_spans_are_grouped_by_trace_and_ordered_by_start() -> None:
    """Traces come by earliest start, spans by start, those without a start last."""
    late = span("1", trace_id="b" * 32, start=1)
    found = assemble([span("3"), span("2", start=9), span("1", start=9), late])
    assert [member.span_id for member in found.spans] == ["1", "1", "2", "3"]
    assert list(found.traces) == ["b" * 32, TRACE]
    assert found.span(SpanKey(TRACE, "2")).start == 9


@pytest.mark.parametrize(
    ("copies", "winner", "differing"),
    [
        ([{"end": 5}, {"end": 5}], {"end": 5}, 0),
        ([{}, {"end": 5}], {"end": 5}, 0),
        ([{"end": 5, "name": "x"}, {"name": "y"}], {"end": 5, "name": "x"}, 1),
        ([{"end": 5}, {"end": 6}], {"end": 6}, 1),
        ([{"attributes": {"a": 1}}, {"attributes": {"a": True}}], {"attributes": {"a": True}}, 1),
        ([{"attributes": {"a": 1, "b": 2}}, {"attributes": {"b": 2, "a": 1}}], {}, 0),
        ([{"attributes": {"a": float("nan")}}, {"attributes": {"a": float("nan")}}], {}, 0),
        ([{"attributes": {"a": 1}}, {"attributes": {"a": 1.0}}], {}, 1),
    ],
)
def test_copies_are_one_span(copies: list[dict[str, Any]], winner: dict[str, object], differing: int) -> None:
    """A resent span is one span; the copy with an end wins; other differences are counted and reported."""
    found = assemble([span("1", **copy) for copy in copies])
    assert (len(found.spans), found.merged, found.differing) == (1, 1, differing)
    assert [(problem.code, problem.rejected) for problem in found.problems] == [(Code.COPIES_DIFFER, False)] * differing
    for name, value in winner.items():
        assert repr(getattr(found.spans[0], name)) == repr(value)


@pytest.mark.parametrize(
    ("parents", "topmost", "remote", "orphans", "cyclic", "hole"),
    [
        ({"1": None, "2": "1"}, "1", None, "", "", False),
        ({"1": "x", "2": "1"}, "1", "x", "", "", False),
        ({"1": "x", "2": "x"}, "12", None, "12", "", True),
        ({"1": None, "2": "x"}, "12", None, "2", "", True),
        ({"1": None, "2": None}, "12", None, "", "", False),
        ({"1": "1"}, "", None, "", "1", True),
        ({"1": "2", "2": "1", "3": "1"}, "", None, "", "12", True),
        ({"1": "2", "2": "1", "3": None}, "3", None, "", "12", False),
    ],
)
def test_trees_know_their_tops_orphans_and_cycles(  # noqa: PLR0913, PLR0917  # the columns of the table
    parents: dict[str, str | None],
    topmost: str,
    remote: str | None,
    orphans: str,
    cyclic: str,
    hole: bool,  # noqa: FBT001  # likewise
) -> None:
    """The unresolved parent of a single topmost span is remote, any other makes an orphan and a hole."""
    found = assemble([span(name, parent) for name, parent in parents.items()])
    (trace,) = found.traces.values()
    assert "".join(top.span_id for top in trace.topmost) == topmost
    assert trace.remote_parent == remote
    assert "".join(sorted(trace.orphans)) == orphans
    assert "".join(sorted(trace.cyclic)) == cyclic
    assert trace.has_hole is hole
    assert found.orphans == len(orphans)


@pytest.mark.parametrize(
    ("parents", "start", "chain"),
    [
        ({"1": None, "2": "1", "3": "2"}, "3", "21"),
        ({"1": "x", "2": "1"}, "2", "1"),
        ({"1": "1"}, "1", ""),
        ({"1": "2", "2": "3", "3": "1"}, "1", "23"),
        ({"1": "2", "2": "1", "3": "1"}, "3", "12"),
        ({"1": "1", "2": "1"}, "2", "1"),
    ],
)
def test_ancestors_are_nearest_first_and_end(parents: dict[str, str | None], start: str, chain: str) -> None:
    """The chain ends at a topmost span or where a cycle closes, and never holds the span itself."""
    (trace,) = assemble([span(name, parent) for name, parent in parents.items()]).traces.values()
    assert "".join(trace.ancestors(start)) == chain


def test_children_are_in_the_order_of_the_spans() -> None:
    """Children of a span, and siblings under a parent that is not there, are listed in order."""
    (trace,) = assemble([span("3", "1"), span("2", "1", start=5), span("4", "x"), span("1")]).traces.values()
    assert trace.children == {"1": ("2", "3"), "x": ("4",)}


def test_unsound_spans_are_kept_and_reported() -> None:
    """An end before the start and cycles are reported once each, at the span's place."""
    found = assemble([span("1", "2"), span("2", "1"), span("3", "3"), span("4", start=5, end=3)])
    assert len(found.spans) == 4
    assert sorted((problem.code, problem.input, problem.where, problem.rejected) for problem in found.problems) == [
        (Code.END_BEFORE_START, "file", "4", False),
        (Code.OWN_PARENT, "file", "3", False),
        (Code.PARENT_CYCLE, "file", "1", False),
    ]


def test_latest_and_dropped_are_counted() -> None:
    """The latest time of any start, end or event is known; spans that dropped something are counted once."""
    found = assemble(
        [span("1", start=5, dropped_attributes=1, dropped_links=2), span("2", end=7, events=(Event("e", 9),))]
    )
    assert (found.latest, found.dropped) == (9, 1)
    assert assemble([]).latest is None


def test_long_chains_do_not_overflow() -> None:
    """A chain of parents far deeper than Python's stack is walked."""
    names = [f"{number:05}" for number in range(20_000)]
    (trace,) = assemble(
        [span(name, parent) for name, parent in zip(names, [None, *names], strict=False)]
    ).traces.values()
    assert len(trace.ancestors(names[-1])) == len(names) - 1
