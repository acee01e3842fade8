"""What every engine takes and gives: a program and facts in, ground atoms out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

from fluo_logic.facts.store import FactStore, Ground, Row
from fluo_logic.logic import Program


class Answer:
    """The ground atoms of every predicate that the program defines; the same whichever engine solved it."""

    def __init__(self, extensions: Mapping[str, Callable[[], Iterable[Row]]]) -> None:
        """Take a source of tuples for each predicate, which is read when the predicate is first asked for.

        Ground values are as `fluo_logic.facts.store` describes them.
        """
        self._sources = dict(extensions)
        self._rows: dict[str, frozenset[Row]] = {}
        self._by_first: dict[str, dict[Ground, list[Row]]] = {}

    def rows(self, predicate: str) -> frozenset[Row]:
        """Return all tuples of a predicate."""
        found = self._rows.get(predicate)
        if found is None:
            source = self._sources.get(predicate)
            found = self._rows[predicate] = frozenset(source()) if source is not None else frozenset()
        return found

    def holds(self, predicate: str, row: Row) -> bool:
        """Return whether the ground atom is in the answer."""
        return row in self.rows(predicate)

    def matching(self, predicate: str, pattern: tuple[Ground | None, ...]) -> Iterator[Row]:
        """Yield the tuples that agree with ``pattern``, where None stands for anything, in a fixed order."""
        if None not in pattern:
            row = tuple(value for value in pattern if value is not None)
            if self.holds(predicate, row):
                yield row
            return
        first = pattern[0] if pattern else None
        rows = self._index(predicate).get(first, ()) if first is not None else sorted(self.rows(predicate))
        for row in rows:
            if all(wanted is None or wanted == value for wanted, value in zip(pattern, row, strict=True)):
                yield row

    def _index(self, predicate: str) -> dict[Ground, list[Row]]:
        index = self._by_first.get(predicate)
        if index is None:
            index = {}
            for row in sorted(self.rows(predicate)):
                index.setdefault(row[0], []).append(row)
            self._by_first[predicate] = index
        return index


class Engine(Protocol):
    """A translator and a solver: the whole of what the rest of fluo knows about an engine."""

    name: str

    def solve(self, program: Program, store: FactStore) -> Answer:
        """Return the answer of a stratified program; raises UnsupportedError for a clause it cannot express."""
