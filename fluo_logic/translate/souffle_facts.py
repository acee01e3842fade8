"""The relations that a Soufflé program reads, computed exactly from the facts of a data set."""

from __future__ import annotations

import csv
import io
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, product

from fluo_logic.facts.store import EventRef, FactStore, Ground
from fluo_logic.facts.terms import holds
from fluo_logic.logic import Program, Sort, Var
from fluo_logic.translate.names import Names
from fluo_logic.translate.souffle import Evaluated, translate
from fluo_logic.translate.souffle_text import one_line

Cell = int | str


def souffle_facts(program: Program, store: FactStore) -> dict[str, str]:
    """Return the input files of `fluo_logic.translate.souffle.to_souffle`: names with their content (CSV, RFC 4180).

    A comparison of two spans has a line for each pair that passes, so large data sets make large files.

    Raises:
        UnsupportedError: a clause cannot be expressed (code U301).
    """
    return {f"{name}.csv": _csv(rows) for name, rows in souffle_relations(program, store).items()}


def souffle_relations(program: Program, store: FactStore) -> dict[str, list[tuple[Cell, ...]]]:
    """Return the same relations as tuples; texts are as `fluo_logic.translate.souffle.one_line` writes them."""
    souffle = translate(program)
    events = {
        (index, number): place
        for place, (index, number) in enumerate(
            (index, number) for index, span in enumerate(store.spans) for number in range(len(span.events))
        )
    }

    def cell(ground: Ground) -> Cell:
        match ground:
            case str():
                return one_line(ground)
            case int():
                return ground
            case tuple():
                return events[ground]

    relations: dict[str, list[tuple[Cell, ...]]] = {}
    for predicate in sorted(souffle.facts):
        relations[predicate] = [tuple(map(cell, row)) for row in store.rows(predicate)]
    for (space, key), name in souffle.texts.items():
        texts = ((span, store.text(span, space, key)) for span in range(len(store.spans)))
        relations[name] = [(span, one_line(text)) for span, text in texts if text is not None]
    for evaluated in souffle.evaluated.values():
        relations[evaluated.name] = [tuple(map(cell, row)) for row in _passing(evaluated, store, events)]
    starts = {index: span.start for index, span in enumerate(store.spans) if span.start is not None}
    times = sorted(set(starts.values()))
    if souffle.starts is not None:
        relations[souffle.starts] = [(span, bisect_left(times, start)) for span, start in starts.items()]
    for length, name in souffle.untils.items():
        relations[name] = [(span, bisect_left(times, start + length)) for span, start in starts.items()]
    return relations


def _passing(evaluated: Evaluated, store: FactStore, events: Mapping[EventRef, int]) -> Iterator[tuple[Ground, ...]]:
    candidates: list[Iterable[int | EventRef]] = [
        events if var.sort is Sort.EVENT else _named(names, store)
        for var, names in zip(evaluated.variables, evaluated.names, strict=True)
    ]
    for row in product(*candidates):
        binding: dict[Var, Ground] = dict(zip(evaluated.variables, row, strict=True))
        if holds(evaluated.literal, binding, store):
            yield row


def _named(names: Names, store: FactStore) -> Iterable[int]:
    if names is None:
        return range(len(store.spans))
    return sorted(chain.from_iterable(store.by_name.get(name, ()) for name in names))


def _csv(rows: Iterable[tuple[Cell, ...]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_MINIMAL).writerows(rows)
    return text.getvalue()
