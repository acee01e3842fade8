"""The span tree of every trace: parents, ancestors, orphans, remote parents and holes."""

from __future__ import annotations

from collections.abc import Sequence

from fluo_logic.facts.model import Span


class Forest:
    """Looks everything up in plain dictionaries; spans are unique by trace and span id."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self._by_id = {(span.trace_id, span.span_id): span for span in spans}
        self._topmost: dict[str, list[Span]] = {span.trace_id: [] for span in spans}
        for span in spans:
            if self.parent(span) is None:
                self._topmost[span.trace_id].append(span)
        orphaned = {span.trace_id for span in spans if self.is_orphan(span)}
        self.holed = frozenset(trace for trace, topmost in self._topmost.items() if not topmost) | orphaned

    def has(self, trace_id: str, span_id: str) -> bool:
        return (trace_id, span_id) in self._by_id

    def parent(self, span: Span) -> Span | None:
        return None if span.parent_id is None else self._by_id.get((span.trace_id, span.parent_id))

    def is_unresolved(self, span: Span) -> bool:
        """It names a parent that is not in the data."""
        return span.parent_id is not None and self.parent(span) is None

    def is_orphan(self, span: Span) -> bool:
        """Its parent is unresolved and not remote: remote is the parent of a trace's single topmost span."""
        return self.is_unresolved(span) and len(self._topmost[span.trace_id]) > 1

    def ancestors(self, span: Span) -> list[Span]:
        """The parents upwards, each once, never the span itself (a cycle of parents ends where it closes)."""
        chain: list[Span] = []
        above = self.parent(span)
        while above is not None and above is not span and not any(above is other for other in chain):
            chain.append(above)
            above = self.parent(above)
        return chain

    def is_known_to_root(self, span: Span) -> bool:
        """Whether the chain of parents ends at a span without a parent id."""
        return [span, *self.ancestors(span)][-1].parent_id is None
