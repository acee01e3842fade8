"""Tuples of constants, found by any of their places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeAlias

Constant: TypeAlias = int | float | str
Tuple: TypeAlias = tuple[Constant, ...]


class Anything:
    """The value of a place that is not bound."""


FREE: Final = Anything()
Pattern: TypeAlias = Sequence[Constant | Anything]


class Table:
    """The tuples of a predicate, indexed by the places that they were asked for by."""

    def __init__(self, rows: Iterable[Tuple]) -> None:
        """Keep each tuple once, in the order of ``rows``."""
        self.rows = tuple(dict.fromkeys(rows))
        self._indices: dict[tuple[int, ...], dict[Tuple, list[Tuple]]] = {}

    def matching(self, pattern: Pattern) -> Iterator[Tuple]:
        """Yield the tuples that agree with a pattern of their length."""
        places: list[int] = []
        key: list[Constant] = []
        for place, value in enumerate(pattern):
            if not isinstance(value, Anything):
                places.append(place)
                key.append(value)
        if not places:
            yield from self.rows
            return
        index = self._indices.get(tuple(places))
        if index is None:
            index = self._indices[tuple(places)] = {}
            for row in self.rows:
                index.setdefault(tuple(row[place] for place in places), []).append(row)
        yield from index.get(tuple(key), ())
