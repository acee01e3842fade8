"""Matching of clause bodies against an answer and its facts, literal by literal, as a proof needs it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias, assert_never

from fluo_logic.facts.aggregates import aggregate, largest_window
from fluo_logic.facts.schema import EXTENSIONAL
from fluo_logic.facts.store import FactStore, Ground, Row
from fluo_logic.facts.terms import evaluate, holds
from fluo_logic.logic import Aggregate, Atom, Compare, Const, Literal, Not, Present, Program, Var
from fluo_logic.solve.base import Answer
from fluo_logic.values import Number, Value

NO_VALUES: Final[Mapping[int, Value]] = MappingProxyType({})
Binding: TypeAlias = Mapping[Var, "Ground | Value"]


@dataclass(frozen=True, slots=True)
class Elements:
    """What an aggregate took in: (span, value) in order of start, the result, and of a window its start."""

    value: Number | None
    members: tuple[tuple[int, Value | None], ...]
    window_start: int | None = None


class Matcher:
    """Enumerates the ways in which literals hold under a binding."""

    def __init__(self, program: Program, store: FactStore, answer: Answer) -> None:
        """Keep the program's definitions at hand."""
        self.definitions = program.definitions()
        self.store = store
        self.answer = answer
        self._indexes: dict[tuple[str, tuple[int, ...]], dict[tuple[Ground | None, ...], list[Row]]] = {}

    def extend(self, literal: Literal, binding: Binding) -> Iterator[Binding]:
        """Yield the extensions of ``binding`` under which ``literal`` holds, in a fixed order."""
        match literal:
            case Atom():
                for row in self.rows(literal, binding):
                    yield self.bind(literal, row, binding)
            case Compare() | Present():
                if holds(literal, binding, self.store):
                    yield binding
            case Not(literal=inner):
                if not any(True for _ in self.extend(inner, binding)):
                    yield binding
            case Aggregate(result=result):
                value = self.elements(literal, binding).value
                if value is not None:
                    yield {**binding, result: value}
            case _:
                assert_never(literal)

    def solutions(self, body: Sequence[Literal], binding: Binding) -> Iterator[Binding]:
        """Yield the bindings under which all of ``body`` holds."""
        if not body:
            yield binding
            return
        for extended in self.extend(body[0], binding):
            yield from self.solutions(body[1:], extended)

    def pattern(self, atom: Atom, binding: Binding) -> tuple[Ground | None, ...]:
        """Return the arguments of an atom as far as they are known, None for a free variable."""
        # A list is made faster than a generator is run, and this is done for every step.
        return tuple([arg.value if isinstance(arg, Const) else binding.get(arg) for arg in atom.args])  # type: ignore[misc]

    def rows(self, atom: Atom, binding: Binding) -> Iterator[Row]:
        """Yield the ground tuples that match an atom under a binding."""
        pattern = self.pattern(atom, binding)
        if atom.predicate in EXTENSIONAL:
            yield from self._facts(atom.predicate, pattern)
        else:
            yield from self.answer.matching(atom.predicate, pattern)

    def bind(self, atom: Atom, row: Row, binding: Binding) -> Binding:
        """Return the binding extended by an atom's match."""
        pairs = zip(atom.args, row, strict=True)
        return {**binding, **{arg: value for arg, value in pairs if isinstance(arg, Var)}}

    def _facts(self, predicate: str, pattern: tuple[Ground | None, ...]) -> Iterator[Row]:
        match predicate, pattern:
            case "text", (subject, str() as space, str() as key, wanted):
                if isinstance(subject, int):
                    text = self.store.text(subject, space, key)
                    if text is not None and wanted in {None, text}:
                        yield (subject, space, key, text)
                    return
                texts = self.store.texts(space, key)
                for text in texts if wanted is None else texts.keys() & {str(wanted)}:
                    yield from ((span, space, key, text) for span in texts[text])
                return
            case "span", (_, int() as span, _):
                rows: Iterator[Row] = iter([self._span_row(span)])
            case "span", (_, None, str() as name):
                rows = (self._span_row(span) for span in self.store.by_name.get(name, ()))
            case "parent", (int() as span, _):
                rows = iter([(span, self.store.parent[span])] if span in self.store.parent else [])
            case _:
                yield from self._indexed(predicate, pattern)
                return
        for row in rows:
            if all(known is None or known == value for known, value in zip(pattern, row, strict=True)):
                yield row

    def _indexed(self, predicate: str, pattern: tuple[Ground | None, ...]) -> Sequence[Row]:
        places = tuple([place for place, known in enumerate(pattern) if known is not None])
        index = self._indexes.get((predicate, places))
        if index is None:
            index = self._indexes[predicate, places] = {}
            for row in self.store.rows(predicate):
                index.setdefault(tuple([row[place] for place in places]), []).append(row)
        return index.get(tuple([pattern[place] for place in places]), ())

    def _span_row(self, span: int) -> Row:
        found = self.store.spans[span]
        return (self.store.trace_index[found.trace_id], span, found.name)

    def elements(self, literal: Aggregate, binding: Binding) -> Elements:
        """Return the elements of an aggregate under a binding of its other variables, and its value."""
        position = literal.over.args.index(literal.element)
        free = {var: value for var, value in binding.items() if var != literal.element}
        spans = [row[position] for row in self.rows(literal.over, free)]
        return self.taken(literal, [span for span in spans if isinstance(span, int)])

    def taken(self, literal: Aggregate, spans: Sequence[int], values: Mapping[int, Value] = NO_VALUES) -> Elements:
        """Return the value of an aggregate over the given elements, and those of them that it rests on.

        ``values`` stand in for the values of some elements.
        """
        valued = sorted(
            ((self._start(span), span, values.get(span, self._target(literal, span))) for span in spans),
            key=lambda item: (item[0] is None, item[0] or 0, item[1]),
        )
        if literal.window is None:
            members = tuple((span, value) for _, span, value in valued)
            return Elements(aggregate(literal.function, [value for _, value in members]), members)
        best, first, last = largest_window(
            literal.function, [(start, value) for start, _, value in valued], literal.window
        )
        inside = valued[first:last]
        return Elements(best, tuple((span, value) for _, span, value in inside), inside[0][0] if inside else None)

    def _start(self, span: int) -> int | None:
        return self.store.spans[span].start

    def _target(self, literal: Aggregate, span: int) -> Value | None:
        return None if literal.target is None else evaluate(literal.target, {literal.element: span}, self.store)
