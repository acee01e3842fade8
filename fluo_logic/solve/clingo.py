"""The clingo engine: the only importer of clingo.

A stratified program has exactly one answer set, and gringo derives all of it while grounding.  Symbols of clingo are
never freed, so none leaves this module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import clingo

from fluo_logic.errors import InternalError
from fluo_logic.facts.aggregates import aggregate, largest_window
from fluo_logic.facts.store import FactStore, Ground, Row
from fluo_logic.facts.terms import evaluate, holds
from fluo_logic.logic import Program, Sort, Var
from fluo_logic.solve.asp_facts import facts_text
from fluo_logic.solve.base import Answer
from fluo_logic.translate.asp import AspProgram, Computed, to_asp, unquote
from fluo_logic.values import Number


class ClingoEngine:
    """Solves with clingo, embedded."""

    name = "clingo"

    def solve(self, program: Program, store: FactStore) -> Answer:
        """Return the one answer set of ``program`` on the facts of ``store``."""
        return _Run(to_asp(program), store).answer()


class _Run:
    """One program on one data set; also the context that answers gringo's callbacks."""

    def __init__(self, program: AspProgram, store: FactStore) -> None:
        self.program = program
        self.store = store
        self.numbers: list[Number] = [0]
        self.interned = {computed.aggregate.result for computed in program.computed}
        self.messages: list[str] = []
        self.control = clingo.Control(["--warn=no-atom-undefined"], logger=self._log)

    def _log(self, code: clingo.MessageCode, message: str) -> None:
        self.messages.append(f"{code.name}: {message}")

    def answer(self) -> Answer:
        self.control.add("base", [], self.program.text)
        self.control.add("base", [], facts_text(self.program, self.store))
        self._ground("base")
        for stratum in range(1, self.program.strata + 1):
            facts = [
                fact
                for computed in self.program.computed
                if computed.stratum < stratum
                for fact in self._facts(computed)
            ]
            self.control.add(f"computed_{stratum}", [], "\n".join(facts))
            self._ground(f"computed_{stratum}", f"stratum_{stratum}")
        result = self.control.solve()
        if not isinstance(result, clingo.SolveResult) or not result.satisfiable:
            message = "a stratified program had no answer set"
            raise InternalError(code="X102", message=message)
        return Answer({name: partial(self._rows, name, sorts) for name, sorts in self.program.predicates.items()})

    def _rows(self, predicate: str, sorts: Sequence[Sort]) -> Iterator[Row]:
        """Yield the tuples of a predicate; every derived atom of a stratified program is a fact."""
        decoders = [_DECODE[sort] for sort in sorts]
        for atom in self.control.symbolic_atoms.by_signature(predicate, len(sorts)):
            if not atom.is_fact:
                message = f"clingo left {atom.symbol} undecided"
                raise InternalError(code="X105", message=message)
            arguments = atom.symbol.arguments
            yield tuple(decode(argument) for decode, argument in zip(decoders, arguments, strict=True))

    def _ground(self, *parts: str) -> None:
        try:
            self.control.ground([(part, []) for part in parts], context=self)
        except RuntimeError as error:
            message = f"clingo refused the program: {error}; {'; '.join(self.messages)}"
            raise InternalError(code="X103", message=message) from error
        if self.messages:
            message = f"clingo warned: {'; '.join(self.messages)}"
            raise InternalError(code="X103", message=message)

    # --- callbacks ------------------------------------------------------------------------------------------------

    def holds(self, number: clingo.Symbol, *arguments: clingo.Symbol) -> clingo.Symbol:
        """Evaluate a comparison that has no native form; called by gringo as ``@holds``."""
        literal, variables = self.program.callbacks[number.number]
        binding = {var: self._value(var, symbol) for var, symbol in zip(variables, arguments, strict=True)}
        return clingo.Number(int(holds(literal, binding, self.store)))

    def _value(self, var: Var, symbol: clingo.Symbol) -> Ground | Number:
        if var in self.interned:
            return self.numbers[symbol.number]
        return _DECODE[var.sort](symbol)

    # --- aggregates between strata --------------------------------------------------------------------------------

    def _facts(self, computed: Computed) -> list[str]:
        """Return the facts of an aggregate: one for each group that has an element, and none for a missing result."""
        literal = computed.aggregate
        position = literal.over.args.index(literal.element)
        sorts = self.program.predicates[literal.over.predicate]
        groups: dict[tuple[str, ...], list[int]] = {}
        for atom in self.control.symbolic_atoms.by_signature(literal.over.predicate, len(sorts)):
            arguments = atom.symbol.arguments
            group = tuple(str(argument) for index, argument in enumerate(arguments) if index != position)
            groups.setdefault(group, []).append(arguments[position].number)
        facts = []
        for group, elements in sorted(groups.items()):
            value = self._aggregate(computed, elements)
            if value is not None:
                self.numbers.append(value)
                facts.append(f"{computed.name}({','.join([*group, str(len(self.numbers) - 1)])}).")
        return facts

    def _aggregate(self, computed: Computed, elements: Sequence[int]) -> Number | None:
        literal = computed.aggregate
        target = literal.target
        if target is None:
            message = f"{literal.function} has no target"
            raise InternalError(code="X104", message=message)
        valued = [
            (self.store.spans[span].start, evaluate(target, {literal.element: span}, self.store)) for span in elements
        ]
        if literal.window is None:
            return aggregate(literal.function, [value for _, value in valued])
        ordered = sorted(valued, key=lambda pair: (pair[0] is None, pair[0] or 0))
        return largest_window(literal.function, ordered, literal.window)[0]


def _text(symbol: clingo.Symbol) -> str:
    return unquote(symbol.string)


def _number(symbol: clingo.Symbol) -> int:
    return symbol.number


def _event(symbol: clingo.Symbol) -> tuple[int, int]:
    span, number = symbol.arguments
    return (span.number, number.number)


_DECODE: dict[Sort, Callable[[clingo.Symbol], Ground]] = {
    Sort.TRACE: _number,
    Sort.SPAN: _number,
    Sort.NUMBER: _number,
    Sort.TEXT: _text,
    Sort.EVENT: _event,
}
