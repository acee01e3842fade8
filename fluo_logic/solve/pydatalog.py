"""The pyDatalog engine, and sessions in which its answers are queried: the only importer of pyDatalog.

Each predicate is solved once, by the clauses of `fluo_logic.translate.datalog`; its tuples then answer the clauses that
use it.  Facts, comparisons and measures are answered by Python when a clause asks for them, so that nothing is computed
that no rule can see.  For small data and exploration: ten rules take a second for about a thousand spans.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property, partial

from fluo_logic.errors import ConfigError, FluoError, InternalError
from fluo_logic.facts.aggregates import aggregate, largest_window
from fluo_logic.facts.dataset import Dataset
from fluo_logic.facts.readers import read_traces
from fluo_logic.facts.readers.sources import TraceInput
from fluo_logic.facts.store import EventRef, FactStore, Ground, Row
from fluo_logic.facts.terms import evaluate, holds
from fluo_logic.lang.syntax import Rule, Ruleset
from fluo_logic.logic import Program, Sort, Var
from fluo_logic.solve.base import Answer
from fluo_logic.solve.pydatalog_interpreter import LOCK, Interpreter
from fluo_logic.solve.pydatalog_session import Answered, Session
from fluo_logic.solve.tables import FREE, Anything, Constant, Pattern, Table, Tuple
from fluo_logic.translate.datalog import translate
from fluo_logic.translate.datalog_program import Comparison, Component, Measured, TextFact
from fluo_logic.translate.datalog_text import decode, encode
from fluo_logic.translate.lower import lower
from fluo_logic.translate.passes import run_passes
from fluo_logic.values import Number, Value

__all__ = ["PyDatalogEngine", "Session", "live", "session"]


class PyDatalogEngine:
    """Solves with pyDatalog, in this process; one program at a time."""

    name = "pydatalog"

    def solve(self, program: Program, store: FactStore) -> Answer:
        """Return the answer of ``program`` on the facts of ``store``.

        Raises:
            UnsupportedError: a clause cannot be expressed (code U301).
            ConfigError: pyDatalog is not installed (code C401).
        """
        run = Run(program, store)
        run.solve()
        return Answer({name: partial(run.rows, name) for name in program.definitions()})


def live(program: Program, store: FactStore) -> Session:
    """Return a session in which the facts of ``store`` and the predicates of ``program`` can be queried; see `session`.

    Raises:
        UnsupportedError: pyDatalog cannot express a clause (code U301).
        ConfigError: pyDatalog is not installed (code C401).
    """
    run = Run(program, store)
    run.solve()
    answered = [
        Answered(part.defined.name, part.defined.sorts, tuple(run.rows(part.defined.predicate)))
        for part in run.program.components
    ]
    return Session(interpreter(), store, answered, run.program.text)


@contextmanager
def session(
    traces: TraceInput | Sequence[TraceInput] | Dataset | FactStore, rules: Ruleset | Rule | None = None
) -> Iterator[Session]:
    """Open a pyDatalog session on traces: their facts, and what rules derive from them, to query and to build on.

    >>> from fluo_logic.facts.dataset import assemble
    >>> from fluo_logic.facts.model import Span
    >>> charges = [Span("t1", f"s{n}", "payment.charge", attributes={"attempt": n}) for n in (1, 2)]
    >>> with session(assemble(charges)) as q:
    ...     q.load("retried(T) <= span(T, Id, 'payment.charge') & number(Id, 'attempt', A) & (A > 1)")
    ...     print(q.ask("span(T, Id, 'payment.charge') & attr(Id, 'attempt', A) & retried(T)"))
    [{'T': 't1', 'Id': 't1:s1', 'A': 1}, {'T': 't1', 'Id': 't1:s2', 'A': 2}]

    Args:
        traces: as for `fluo_logic.check`, or the facts of traces that were read before.
        rules: whose predicates the session is to have besides the facts; ``q.program`` shows their clauses.

    Yields:
        The session; see `Session` for its facts and its queries.

    Raises:
        UnsupportedError: pyDatalog cannot express a clause (code U301).
        ConfigError: pyDatalog is not installed (code C401).
    """
    if isinstance(traces, FactStore):
        store = traces
    else:
        store = FactStore(traces if isinstance(traces, Dataset) else read_traces(traces))
    ruleset = Ruleset((rules,)) if isinstance(rules, Rule) else rules
    yield live(Program((), ()) if ruleset is None else run_passes(lower(ruleset)), store)


def interpreter() -> Interpreter:
    """Return an interpreter with an empty program; raises ConfigError where pyDatalog is not installed (code C401)."""
    with LOCK, warnings.catch_warnings():
        # Its sources have escapes that newer compilers warn of.
        warnings.simplefilter("ignore")
        try:
            from pyDatalog import pyEngine, pyParser  # noqa: PLC0415 - optional
        except ImportError as error:
            message = "the engine pydatalog needs the package pyDatalog, which is not installed"
            raise ConfigError(code="C401", message=message, hint="pip install 'fluo_logic[datalog]'") from error
    return Interpreter(pyEngine, pyParser)


class Run:
    """One program on one data set."""

    def __init__(self, program: Program, store: FactStore) -> None:
        """Translate; raises UnsupportedError for a clause that cannot be expressed."""
        self.program = translate(program)
        self.store = store
        self.tables: dict[str, Table] = {}
        self.defined = {part.defined.predicate: part.defined for part in self.program.components}
        self.numbers: list[Number] = []
        self.interpreter = interpreter()
        self._facts: dict[str, Table] = {}
        self._measures: dict[Tuple, Number | None] = {}
        for predicate in self.program.facts:
            arity = {"span": 3, "event": 3}.get(predicate, 2)
            self.interpreter.define(predicate, arity, partial(self._fact, predicate))
        for text in self.program.texts:
            self.interpreter.define(text.name, 2, partial(self._text, text))
        for comparison in self.program.comparisons:
            self.interpreter.define(comparison.name, len(comparison.variables), partial(self._compared, comparison))
        for measured in self.program.measured:
            self.interpreter.define(measured.name, len(measured.group) + 1, partial(self._measured, measured))

    def solve(self) -> None:
        """Solve the components in turn."""
        with self.interpreter.active():
            for component in self.program.components:
                self.tables[component.defined.predicate] = table = Table(self._solved(component))
                self.interpreter.define(component.defined.name, len(component.defined.sorts), table.matching)

    def _solved(self, component: Component) -> list[Tuple]:
        variables = [f"V{place}" for place in range(len(component.defined.sorts))]
        try:
            self.interpreter.load(component.text)
            return self.interpreter.ask(f"{component.defined.name}({','.join(variables)})")
        except FluoError:
            raise
        except Exception as error:
            message = f"pyDatalog refused the clauses of {component.defined.predicate}: {error!r}"
            raise InternalError(code="X106", message=message) from error

    def rows(self, predicate: str) -> Iterator[Row]:
        """Yield the ground tuples of a predicate."""
        sorts = self.defined[predicate].sorts
        for row in self.tables[predicate].rows:
            yield tuple(self._ground(sort, value) for sort, value in zip(sorts, row, strict=True))

    # --- constants ------------------------------------------------------------------------------------------------

    def _ground(self, sort: Sort, value: Constant) -> Ground:
        match value:
            case str():
                return decode(value)
            case int():
                return self._events[value] if sort is Sort.EVENT else value
            case float():
                message = f"a double is no argument of a predicate: {value}"
                raise InternalError(code="X106", message=message)

    def _constant(self, ground: Ground) -> Constant:
        match ground:
            case str():
                return encode(ground)
            case int():
                return ground
            case tuple():
                return self._event_numbers[ground]

    @cached_property
    def _events(self) -> tuple[EventRef, ...]:
        spans = enumerate(self.store.spans)
        return tuple((index, number) for index, span in spans for number in range(len(span.events)))

    @cached_property
    def _event_numbers(self) -> dict[EventRef, int]:
        return {event: number for number, event in enumerate(self._events)}

    # --- what Python answers --------------------------------------------------------------------------------------

    def _fact(self, predicate: str, pattern: Pattern) -> Iterator[Tuple]:
        table = self._facts.get(predicate)
        if table is None:
            rows = self.store.rows(predicate)
            table = self._facts[predicate] = Table(tuple(map(self._constant, row)) for row in rows)
        return table.matching(pattern)

    def _text(self, fact: TextFact, pattern: Pattern) -> Iterator[Tuple]:
        table = self._facts.get(fact.name)
        if table is None:
            texts = ((span, self.store.text(span, fact.space, fact.key)) for span in range(len(self.store.spans)))
            table = self._facts[fact.name] = Table((span, encode(text)) for span, text in texts if text is not None)
        return table.matching(pattern)

    def _compared(self, comparison: Comparison, pattern: Pattern) -> Iterator[Tuple]:
        constants = _bound(comparison.name, pattern)
        binding: dict[Var, Ground | Value] = {
            var: self.numbers[int(value)] if var.sort is Sort.NUMBER else self._ground(var.sort, value)
            for var, value in zip(comparison.variables, constants, strict=True)
        }
        if holds(comparison.literal, binding, self.store):
            yield constants

    def _measured(self, measured: Measured, pattern: Pattern) -> Iterator[Tuple]:
        group = _bound(measured.name, pattern[:-1])
        key = (measured.name, *group)
        if key not in self._measures:
            value = self._measure(measured, group)
            if value is not None and measured.interned:
                self.numbers.append(value)
                value = len(self.numbers) - 1
            self._measures[key] = value
        value = self._measures[key]
        if value is not None:
            yield (*group, value)

    def _measure(self, measured: Measured, group: Tuple) -> Number | None:
        """Return the aggregate of a group: see `fluo_logic.logic.Aggregate`."""
        literal = measured.aggregate
        place = literal.over.args.index(literal.element)
        rows = self.tables[literal.over.predicate].matching([*group[:place], FREE, *group[place:]])
        elements = sorted(int(row[place]) for row in rows)
        target = literal.target
        values = [
            (
                self.store.spans[span].start,
                None if target is None else evaluate(target, {literal.element: span}, self.store),
            )
            for span in elements
        ]
        if literal.window is None:
            return aggregate(literal.function, [value for _, value in values])
        ordered = sorted(values, key=lambda pair: (pair[0] is None, pair[0] or 0))
        return largest_window(literal.function, ordered, literal.window)[0]


def _bound(name: str, pattern: Pattern) -> Tuple:
    constants: Tuple = tuple(value for value in pattern if not isinstance(value, Anything))
    if len(constants) != len(pattern):
        message = f"{name} was asked for before its arguments were known"
        raise InternalError(code="X106", message=message)
    return constants
