"""The facts of a data set as rows and as texts: for clingo, for pyDatalog, as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from fluo_logic.errors import ConfigError
from fluo_logic.facts.dataset import Dataset, assemble
from fluo_logic.facts.schema import FACTS
from fluo_logic.facts.store import FactStore, Ground, Row
from fluo_logic.lang.suggest import did_you_mean
from fluo_logic.logic import Program
from fluo_logic.solve.asp_facts import atom_text, facts_text
from fluo_logic.translate.asp import to_asp
from fluo_logic.translate.datalog_text import encode
from fluo_logic.values import canonical_text

IDS: Final = {"trace_id": ("T", "TraceId"), "span_id": ("Id", "SpanId")}
"""Facts that are not of the catalogue: the ids of the numbers that stand for traces and spans."""
CATALOGUE: Final = tuple(name for name in FACTS if name != "text")
"""The facts that can be listed; ``text`` is a way to ask for the others by key."""


def fact_rows(store: FactStore) -> Iterator[tuple[str, Iterator[Row]]]:
    """Yield each predicate with its rows.

    Traces and spans are numbers from 0, an event is a pair of its span and its number there.  Values are canonical
    texts, and so are nanoseconds, which fit no integer of 32 bits.
    """
    yield "trace_id", iter(list(enumerate(store.trace_ids)))
    yield "span_id", ((index, span.span_id) for index, span in enumerate(store.spans))
    for predicate in CATALOGUE:
        yield predicate, _rows(predicate, store)


def _rows(predicate: str, store: FactStore) -> Iterator[Row]:
    spans = enumerate(store.spans)
    match predicate:
        case "attr":
            yield from (
                (index, key, canonical_text(value)) for index, span in spans for key, value in span.attributes.items()
            )
        case "resource":
            yield from (
                (index, key, canonical_text(value))
                for index, span in spans
                for key, value in span.resource.attributes.items()
            )
        case "service":
            yield from ((index, name) for index, span in spans if (name := span.resource.service) is not None)
        case "kind":
            yield from ((index, span.kind.value) for index, span in spans)
        case "status":
            yield from ((index, span.status.value) for index, span in spans)
        case "starts":
            yield from ((index, str(span.start)) for index, span in spans if span.start is not None)
        case "ends":
            yield from ((index, str(span.end)) for index, span in spans if span.end is not None)
        case "dropped":
            yield from ((index, str(span.dropped_attributes)) for index, span in spans if span.dropped_attributes)
        case _:
            yield from sorted(store.rows(predicate))


# --- scopes -------------------------------------------------------------------------------------------------------


def within_scope(dataset: Dataset, wanted: str, program: Program | None) -> Dataset:
    """Return the traces of a scope: those whose id begins with ``wanted``, or that have a value of a scope key.

    Raises:
        ConfigError: there is none.
    """
    keys = {plan.scope_key for plan in program.rules if plan.scope_key is not None} if program is not None else set()
    store = FactStore(dataset)
    kept = {trace_id for trace_id in dataset.traces if trace_id.startswith(wanted.lower())}
    values: dict[str, set[str]] = {}
    for index, span in enumerate(store.spans):
        for key in keys:
            text = store.text(index, key.space, key.key)
            if text is not None:
                values.setdefault(text, set()).add(span.trace_id)
    kept |= values.get(wanted, set())
    if not kept:
        known = [*values, *dataset.traces]
        hint = did_you_mean(wanted, known) or (f"there is {known[0]}, for one" if known else "no trace was read")
        raise ConfigError(code="C203", message=f"no trace is of the scope {wanted}", hint=hint)
    return assemble((span for span in dataset.spans if span.trace_id in kept), dataset.problems, dataset.inputs)


# --- texts --------------------------------------------------------------------------------------------------------


def asp_facts(store: FactStore, program: Program | None) -> str:
    """Return facts for clingo: what a program needs, or the catalogue."""
    needed = dict(fact_rows(store)) if program is None else {}
    if program is not None:
        ids = "\n".join(atom_text(name, row) for name, rows in fact_rows(store) if name in IDS for row in rows)
        return f"{ids}\n{facts_text(to_asp(program), store)}".strip("\n") + "\n"
    return "".join(f"{atom_text(name, row)}\n" for name, rows in needed.items() for row in rows)


def datalog_facts(store: FactStore) -> str:
    """Return the catalogue as statements that ``pyDatalog.load`` reads."""
    return "".join(f"+ {name}({', '.join(map(_python, row))})\n" for name, rows in fact_rows(store) for row in rows)


def _python(ground: Ground) -> str:
    match ground:
        case str():
            return repr(encode(ground))
        case int():
            return repr(ground)
        case (span, number):
            return repr(f"{span}#{number}")


def csv_facts(store: FactStore) -> str:
    """Return the catalogue as one table: the predicate, and as many arguments as the longest fact has."""
    width = max(len(FACTS[name].arguments) for name in CATALOGUE)
    rows = (
        [name, *cells, *[""] * (width - len(cells))]
        for name, found in fact_rows(store)
        for cells in (list(map(_cell, row)) for row in found)
    )
    return _csv(["predicate", *(f"arg{number}" for number in range(1, width + 1))], rows)


def csv_files(store: FactStore) -> Mapping[str, str]:
    """Return a table for each predicate, by file name; its header names the arguments as the catalogue does."""
    return {
        f"{name}.csv": _csv(
            IDS[name] if name in IDS else [argument for argument, _ in FACTS[name].arguments],
            (list(map(_cell, row)) for row in rows),
        )
        for name, rows in fact_rows(store)
    }


def _cell(ground: Ground) -> str:
    match ground:
        case (span, number):
            return f"{span}#{number}"
        case _:
            return str(ground)


def _csv(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
