"""Choosing the smallest proof among several: fewest spans, then fewest nodes.

A `Choice` is a proof that is not built yet, with what it would cite.  Where a proof has to hold several parts, the
best whole is not made of the best parts, since parts may share spans.  So a goal keeps every choice that none other
beats in every whole: one beats another if its spans are a subset of the other's and its nodes are not more.  What is
left out that way is never part of a smallest proof; `KEPT` bounds how many are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar

from fluo_logic.explain.proof import Proof

KEPT: Final = 32
"""How many choices a goal keeps, the smallest first."""

Spans: TypeAlias = frozenset[int]
NONE: Final[Spans] = frozenset()


class Choice:
    """One way to prove a goal: the spans it would cite (indexes of the store), its nodes, and how to build it."""

    __slots__ = ("_built", "_make", "nodes", "spans")

    def __init__(self, spans: Spans, nodes: int, make: Callable[[], Proof]) -> None:
        """Keep the measures; ``make`` is called when the proof is first asked for, and only once."""
        self.spans = spans
        self.nodes = nodes
        self._make = make
        self._built: Proof | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Return what is to be as small as it can be."""
        return len(self.spans), self.nodes

    def build(self) -> Proof:
        """Return the proof, always the same object."""
        if self._built is None:
            self._built = self._make()
        return self._built


@dataclass(frozen=True, slots=True)
class Parts:
    """A choice for each part of a whole."""

    spans: Spans
    nodes: int
    parts: tuple[Choice, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """Return what is to be as small as it can be."""
        return len(self.spans), self.nodes

    def built(self) -> tuple[Proof, ...]:
        """Return the proofs of the parts."""
        return tuple(part.build() for part in self.parts)


def unbeaten(choices: Iterable[Choice]) -> list[Choice]:
    """Return the choices that none other beats, smallest first, the first of equals; at most `KEPT`."""
    return _unbeaten(list(choices))


def combined(parts: Iterable[Sequence[Choice]], spans: Spans = NONE, nodes: int = 1) -> list[Parts]:
    """Return the ways to prove all of ``parts`` that none other beats, beside ``spans`` and ``nodes`` of the whole."""
    wholes = [Parts(spans, nodes)]
    for choices in parts:
        if len(choices) == len(wholes) == 1:
            (whole,), (choice,) = wholes, choices
            wholes = [Parts(whole.spans | choice.spans, whole.nodes + choice.nodes, (*whole.parts, choice))]
            continue
        wholes = _unbeaten(
            [
                Parts(whole.spans | choice.spans, whole.nodes + choice.nodes, (*whole.parts, choice))
                for whole in wholes
                for choice in choices
            ]
        )
    return wholes


Sized = TypeVar("Sized", Choice, Parts)


def _unbeaten(items: list[Sized]) -> list[Sized]:
    if len(items) <= 1:
        return items
    kept: list[Sized] = []
    for item in sorted(items, key=lambda item: item.size):
        if len(kept) == KEPT:
            break
        if not any(other.nodes <= item.nodes and other.spans <= item.spans for other in kept):
            kept.append(item)
    return kept
