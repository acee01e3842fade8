"""Large inputs: every span is scanned as columns, and only the traces of scopes that fail become objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields
from functools import partial
from itertools import chain

from fluo_logic.facts.columnar.batch import Unusual, Wanted
from fluo_logic.facts.columnar.groups import ScatteredError, in_turn, scattered, whole
from fluo_logic.facts.columnar.read import Piece, ReadDifferentlyError, Reading
from fluo_logic.facts.dataset import Dataset
from fluo_logic.facts.progress import Progress, silent
from fluo_logic.facts.readers import read_opened
from fluo_logic.facts.readers.listed import again
from fluo_logic.facts.readers.sources import Source
from fluo_logic.lang.syntax import Ruleset
from fluo_logic.logic import Aggregate, Arith, Atom, Compare, Const, Field, Not, Present, Program, Var
from fluo_logic.report.missing import attributes_named
from fluo_logic.scanned import Clock, Scanned


def scan(sources: Sequence[Source], rules: Ruleset, program: Program, progress: Progress = silent) -> Scanned | Dataset:
    """Scan inputs; where columns cannot say exactly what is in them, return all of it as a data set instead.

    Raises:
        UnsupportedError: a clause has no relational form.
        InputError: a file changed while it was read.
    """
    clock = Clock()
    named = [attributes_named(rule) for rule in rules.rules]
    reading = Reading(sources, wanted_of(program, named), progress)
    # Another process decodes while this one loads what plans and scans.
    reading.begin()
    try:
        from fluo_logic.scan_groups import Found, planned  # noqa: PLC0415 - see above

        plan = planned(program)
        clock.tick("plan")
        groups: Callable[[], Iterator[list[Piece]]] = partial(
            in_turn if plan.is_within_traces else whole, reading.pieces
        )
        while True:
            found = Found(plan, named, reading, clock)
            try:
                found.scan(groups(), progress)
                return found.result(program, progress)
            except ReadDifferentlyError as error:
                reading.exactly.add(error.number)
            except ScatteredError:
                groups = partial(scattered, reading.pieces)
    except Unusual:
        return read_opened(map(again, sources))
    finally:
        reading.close()


def wanted_of(program: Program, named: Iterable[Iterable[str]]) -> Wanted:
    """Return what has to be read of spans: the values that clauses read, and further attributes."""
    read = {(field.space, field.key) for clause in program.clauses for field in _fields(clause.body)}
    return Wanted(
        attributes=frozenset(chain.from_iterable(named)) | _keys(read, "attribute"),
        resource=_keys(read, "resource"),
        events=_keys(read, "event"),
    )


def _keys(read: Iterable[tuple[str, str]], space: str) -> frozenset[str]:
    return frozenset(key for of, key in read if of == space)


def _fields(node: object) -> Iterator[Field]:
    """Yield the values that a body, or a part of it, reads."""
    match node:
        case Field():
            yield node
        case Atom(predicate="text", args=(Var() as of, Const(value=str() as space), Const(value=str() as key), _)):
            yield Field(of, space, key)
        case tuple():
            yield from chain.from_iterable(map(_fields, node))
        case Not() | Compare() | Present() | Arith() | Aggregate():
            yield from chain.from_iterable(_fields(getattr(node, item.name)) for item in fields(node))
