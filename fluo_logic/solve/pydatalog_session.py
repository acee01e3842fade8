"""Sessions: the facts of traces under readable names, and what rules derived from them, for queries in pyDatalog."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias

from fluo_logic.errors import ConfigError, FluoError
from fluo_logic.facts.model import Resource, Span
from fluo_logic.facts.schema import FACTS
from fluo_logic.facts.store import FactStore, Ground, Row
from fluo_logic.logic import Sort
from fluo_logic.solve.pydatalog_interpreter import Interpreter
from fluo_logic.solve.pydatalog_query import HIDDEN, Arities, read_clauses, read_query
from fluo_logic.solve.tables import Constant, Pattern, Table, Tuple
from fluo_logic.translate.datalog_text import decode, encode
from fluo_logic.values import Value, as_number, canonical_text

QueryRow: TypeAlias = dict[str, Constant]
NUMBER: Final = "number"


@dataclass(frozen=True, slots=True)
class Answered:
    """A predicate that a rule defined: its name in the session, its sorts and its ground tuples."""

    name: str
    sorts: tuple[Sort, ...]
    rows: tuple[Row, ...]


class Session:
    """Traces, and what rules derive from them, as a pyDatalog program.

    Its facts are those of `fluo_logic.facts.schema.FACTS` but ``text``, and ``number(Id, K, N)``: the number that the
    value of ``K`` is or reads as, looked up in the span and then in its resource.  A trace is its id, a span is
    ``"trace:span"``, an event is ``"trace:span#n"``.  Numbers are exact; Booleans, lists, maps and bytes are their
    canonical texts, as rules compare them.  A comparison of a number with a text is an error in pyDatalog: ask for
    ``number`` rather than ``attr`` where values are mixed.

    ``program`` is the text of the rules' clauses; the comparisons and measures in it have been evaluated, and cannot be
    asked for.  ``predicates`` are what can be, each with the names of its arguments.
    """

    def __init__(self, interpreter: Interpreter, store: FactStore, answered: Iterable[Answered], program: str) -> None:
        """Use `fluo_logic.solve.pydatalog.session`."""
        self.program = program
        self._interpreter = interpreter
        self._names = _Names(store)
        self._loaded: Arities = {}
        self.predicates: dict[str, tuple[str, ...]] = {}
        for name, rows in _sources(store, self._names).items():
            arguments = tuple(argument for argument, _ in FACTS[name].arguments) if name in FACTS else ("Id", "K", "N")
            self._add(name, arguments, rows)
        for defined in answered:
            arguments = tuple(f"{sort.value.capitalize()}{place}" for place, sort in enumerate(defined.sorts, start=1))
            self._add(defined.name, arguments, partial(self._named, defined))

    def ask(self, query: str) -> list[QueryRow]:
        """Return the answers of a query: for each the values of its variables, in order; ``[{}]`` for a plain yes.

        Atoms, ``~`` atoms and comparisons in parentheses are joined by ``&``; ``_`` stands for anything.  A variable
        that only a negation has is existential in it.

        Raises:
            ConfigError: it is no query (code C402), there is no such predicate (C403), or it cannot be answered (C404).
        """
        read = read_query(query, {**self._arities, **self._loaded})
        found = self._safely(query, lambda: self._interpreter.ask(read.text))
        rows = [dict(zip(read.variables, map(_shown, row), strict=True)) for row in found]
        hidden = [name for name in read.variables if name.startswith(HIDDEN)]
        for row in rows:
            for name in hidden:
                del row[name]
        unique = {tuple(row.items()): row for row in rows}
        return sorted(unique.values(), key=lambda row: [(isinstance(value, str), value) for value in row.values()])

    def load(self, clauses: str) -> None:
        """Add clauses ``head(X) <= body`` and facts ``+ head('x')``, one after another.

        Raises:
            ConfigError: as for `ask`; or a clause would define a predicate that there is already (C403).
        """
        text, loaded = read_clauses(clauses, self._arities, self._loaded)
        self._safely(clauses, lambda: self._interpreter.load(text))
        self._loaded = loaded

    @property
    def _arities(self) -> Arities:
        return {name: frozenset({len(arguments)}) for name, arguments in self.predicates.items()}

    def _add(self, name: str, arguments: tuple[str, ...], rows: Callable[[], Iterable[Tuple]]) -> None:
        self.predicates[name] = arguments
        self._interpreter.define(name, len(arguments), _Once(rows).matching)

    def _named(self, defined: Answered) -> Iterator[Tuple]:
        for row in defined.rows:
            yield tuple(self._names.of(sort, ground) for sort, ground in zip(defined.sorts, row, strict=True))

    def _safely(self, text: str, action: Callable[[], list[Tuple] | None]) -> list[Tuple]:
        try:
            return action() or []
        except FluoError:
            raise
        except TypeError as error:
            message = f"this compares a number with a text: {text.strip()}"
            hint = "ask for number(Id, K, N), which has only values that are numbers"
            raise ConfigError(code="C404", message=message, hint=hint) from error
        except Exception as error:
            message = f"pyDatalog cannot answer {text.strip()}: {error}"
            hint = "every variable of a comparison has to occur in an atom"
            raise ConfigError(code="C404", message=message, hint=hint) from error


class _Once:
    """A table that is made when it is first asked for."""

    def __init__(self, rows: Callable[[], Iterable[Tuple]]) -> None:
        self.rows = rows
        self.table: Table | None = None

    def matching(self, pattern: Pattern) -> Iterator[Tuple]:
        if self.table is None:
            self.table = Table(self.rows())
        return self.table.matching(pattern)


class _Names:
    """The readable names of traces, spans and events."""

    def __init__(self, store: FactStore) -> None:
        self.traces = [encode(trace_id) for trace_id in store.trace_ids]
        self.spans = [f"{span.trace_id}:{span.span_id}" for span in store.spans]

    def of(self, sort: Sort, ground: Ground) -> Constant:
        match ground:
            case int():
                if sort is Sort.NUMBER:
                    return ground
                return self.traces[ground] if sort is Sort.TRACE else self.spans[ground]
            case str():
                return encode(ground)
            case (span, number):
                return f"{self.spans[span]}#{number}"


def _sources(store: FactStore, names: _Names) -> Mapping[str, Callable[[], Iterable[Tuple]]]:
    """Return how to make the tuples of every fact."""

    def atoms(predicate: str) -> Callable[[], Iterable[Tuple]]:
        sorts = FACTS[predicate].sorts
        return lambda: (
            tuple(names.of(sort, ground) for sort, ground in zip(sorts, row, strict=True))
            for row in store.rows(predicate)
        )

    def values(read: Callable[[Span], Iterable[Sequence[Value | None]]]) -> Callable[[], Iterable[Tuple]]:
        return lambda: (
            (name, *(_constant(value) for value in found if value is not None))
            for name, span in zip(names.spans, store.spans, strict=True)
            for found in read(span)
            if None not in found
        )

    return {
        **{predicate: atoms(predicate) for predicate in ("span", "parent", "parent_ref", "event", "link")},
        "attr": values(lambda span: span.attributes.items()),
        "resource": values(lambda span: span.resource.attributes.items()),
        "service": values(lambda span: [(span.resource.service,)]),
        "kind": values(lambda span: [(span.kind.value,)]),
        "status": values(lambda span: [(span.status.value,)]),
        "starts": values(lambda span: [(span.start,)]),
        "ends": values(lambda span: [(span.end,)]),
        "dropped": values(lambda span: [(span.dropped_attributes or None,)]),
        NUMBER: values(_numbers),
    }


def _numbers(span: Span) -> Iterator[tuple[str, Value | None]]:
    resource: Resource = span.resource
    for key, value in {**resource.attributes, **span.attributes}.items():
        yield key, as_number(value)


def _constant(value: Value) -> Constant:
    """Return a value as pyDatalog is to hold it; NaN, which equals nothing, as its text."""
    if isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value):
        return value
    return encode(canonical_text(value))


def _shown(value: Constant) -> Constant:
    return decode(value) if isinstance(value, str) else value
