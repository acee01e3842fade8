"""Which spans the lines of a proof speak of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from fluo_logic.explain import proof as p
from fluo_logic.explain.outline import Item
from fluo_logic.explain.words import inert, shortened

ID_SHOWN: Final = 8
"""How many digits of a span id a sentence shows."""
NAME_SHOWN: Final = 60
WORD: Final = re.compile(r"[0-9A-Za-z_-]+")
REST: Final = re.compile(r"… and [0-9,]+ more")


def span_label(span: p.SpanRef) -> str:
    """Return what sentences call a span: its name and the first digits of its id."""
    return f"{shortened(span.name, NAME_SHOWN)} {inert(span.span_id[:ID_SHOWN])}"


def proof_spans(proof: p.ObligationProof) -> tuple[p.SpanRef, ...]:
    """Return every span that a proof cites, each once, those of its variables first."""
    found = dict.fromkeys(binding.span for binding in proof.bindings)
    for part in (proof.when, proof.condition):
        if part is not None:
            found.update(dict.fromkeys(span for node in p.walk(part) for span in p.cited(node)))
    return tuple(found)


class Citations:
    """Finds the spans that the items of one outline cite: those they list, and those their sentences name."""

    def __init__(self, proof: p.ObligationProof) -> None:
        """Index the spans of a proof by what sentences call them."""
        self._by_digits: dict[str, list[p.SpanRef]] = {}
        for span in proof_spans(proof):
            self._by_digits.setdefault(inert(span.span_id[:ID_SHOWN]), []).append(span)
        self._counts = list(_counts(proof))

    def of(self, item: Item, beside: Sequence[Item] = ()) -> tuple[p.SpanRef, ...]:
        """Return the spans of an item; ``beside`` are the other items below the same one."""
        found = dict.fromkeys(item.spans)
        for word in WORD.findall(item.text):
            found.update(dict.fromkeys(span for span in self._by_digits.get(word, ()) if span_label(span) in item.text))
        if not found and REST.match(item.text):
            found.update(dict.fromkeys(self._rest(beside)))
        return tuple(found)

    def _rest(self, beside: Sequence[Item]) -> Iterator[p.SpanRef]:
        """Yield the elements of a count that are summed up, given the items of those that are listed."""
        listed = {span for item in beside for span in item.spans}
        for members in self._counts:
            if listed and listed <= members.keys():
                yield from (span for span in members if span not in listed)
                return


def _counts(proof: p.ObligationProof) -> Iterator[dict[p.SpanRef, None]]:
    for part in (proof.when, proof.condition):
        for node in () if part is None else p.walk(part):
            if isinstance(node, p.Comparison):
                for side in (node.left, node.right):
                    for count in side.counts:
                        yield dict.fromkeys(member.span for member in count.members)


def windows_of(proof: p.ObligationProof) -> tuple[p.Window, ...]:
    """Return the windows in which something was counted, each once."""
    found: dict[p.Window, None] = {}
    for part in (proof.when, proof.condition):
        for node in () if part is None else p.walk(part):
            if isinstance(node, p.Comparison):
                counts = (count for side in (node.left, node.right) for count in side.counts)
                found.update(dict.fromkeys(count.window for count in counts if count.window is not None))
    return tuple(found)
