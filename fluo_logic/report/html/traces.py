"""The spans of a trace that a report holds: in the order of its tree, a large trace without what is far off."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from fluo_logic.facts.dataset import Trace
from fluo_logic.facts.model import Span

BUDGET: Final = 24_000
"""About how many spans a report holds; beyond, its traces are shortened."""
LIMITS: Final = (2_000, 1_000, 500, 250, 120, 60, 30)
"""How many spans of one trace are held: the largest number that the budget allows."""
ANCESTORS: Final = 64
RELATIVES: Final = 10
"""How many children, and how many siblings, of a span that a proof cites are held in any case."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The spans of a trace that a report holds, parents first.

    ``parents`` has the index of the nearest ancestor that is held, -1 for none.  ``gaps`` are pairs of an index and
    how many spans are left out before it (the number of spans, at the end).
    """

    spans: tuple[Span, ...]
    parents: tuple[int, ...]
    gaps: tuple[tuple[int, int], ...]


def limit_for(sizes: Collection[int]) -> int:
    """Return how many spans of each trace a report may hold, given how many each has."""
    fitting = (limit for limit in LIMITS if sum(min(size, limit) for size in sizes) <= BUDGET)
    return next(fitting, LIMITS[-1])


def excerpt(trace: Trace, cited: Collection[str], limit: int) -> Excerpt:
    """Return what a report holds of a trace; ``cited`` are the ids of the spans that its proofs cite."""
    order = tuple(_in_tree_order(trace))
    kept = None if len(order) <= limit else _near(trace, cited, limit, order)
    spans: list[Span] = []
    parents: list[int] = []
    gaps: list[tuple[int, int]] = []
    index: dict[str, int] = {}
    skipped = 0
    for span in order:
        if kept is not None and span.span_id not in kept:
            skipped += 1
            continue
        if skipped:
            gaps.append((len(spans), skipped))
            skipped = 0
        parents.append(_nearest_held(trace, span, index))
        index[span.span_id] = len(spans)
        spans.append(span)
    if skipped:
        gaps.append((len(spans), skipped))
    return Excerpt(tuple(spans), tuple(parents), tuple(gaps))


def _nearest_held(trace: Trace, span: Span, index: dict[str, int]) -> int:
    parent = span.parent_id
    for _ in range(len(index) + 1):
        if parent is None or parent not in trace.by_id:
            return -1
        if parent in index:
            return index[parent]
        parent = trace.by_id[parent].parent_id
    return -1


def _in_tree_order(trace: Trace) -> Iterator[Span]:
    """Yield the spans, each after its parent; those whose parents go round in a circle last."""
    seen: set[str] = set()
    for start in (*trace.topmost, *trace.spans):
        stack = [start.span_id]
        while stack:
            span_id = stack.pop()
            if span_id in seen:
                continue
            seen.add(span_id)
            yield trace.by_id[span_id]
            stack.extend(reversed(trace.children.get(span_id, ())))


def _near(trace: Trace, cited: Collection[str], limit: int, order: tuple[Span, ...]) -> set[str]:
    """Return the spans that are cited, those they hang under, some beside and below them, then the first ones."""
    wanted = [span.span_id for span in order if span.span_id in cited][:limit]
    kept = set(wanted)
    for span_id in wanted:
        kept.update(islice(trace.ancestors(span_id), ANCESTORS))
    for span_id in wanted:
        around = [*islice(trace.children.get(span_id, ()), RELATIVES)]
        parent = trace.by_id[span_id].parent_id
        if parent is not None:
            around.extend(islice(trace.children.get(parent, ()), RELATIVES))
        if len(kept) + len(around) > limit:
            break
        kept.update(around)
    for span in order:
        if len(kept) >= limit:
            break
        kept.add(span.span_id)
    return kept
