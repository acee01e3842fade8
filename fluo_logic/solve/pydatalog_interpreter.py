"""pyDatalog, kept apart from other uses of it in the process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, TypeAlias

from fluo_logic.solve.tables import FREE, Pattern, Tuple

Resolver: TypeAlias = Callable[[Pattern], Iterable[Tuple]]
"""Answers a predicate: the tuples that agree with a pattern."""
LOCK: Final = threading.RLock()


class Interpreter:
    """One pyDatalog program of its own, apart from any other in the process.

    pyDatalog keeps its clauses by thread, and the predicates that Python answers, and the precision to which it rounds
    doubles, for the whole process.  All of it is put in place for one use at a time, and put back.
    """

    def __init__(self, engine: Any, parser: Any) -> None:  # noqa: ANN401 - pyDatalog has no types
        """Begin with an empty program; ``engine`` and ``parser`` are pyDatalog's modules."""
        self._resolvers: dict[str, Callable[..., Iterator[Tuple]]] = {}
        self._depth = 0
        self._engine, self._parser = engine, parser
        self._logic: object | None = None

    def define(self, name: str, arity: int, resolver: Resolver) -> None:
        """Have Python answer a predicate, whatever clauses there are for it."""
        key = f"{name}/{arity}"
        self._resolvers[key] = partial(_resolve, resolver)
        if self._depth:
            self._engine.Python_resolvers[key] = self._resolvers[key]

    @contextmanager
    def active(self) -> Iterator[None]:
        """Make this the program of the thread; no other thread runs one meanwhile."""
        engine, parser, logic = self._engine, self._parser, self._engine.Logic
        with LOCK:
            if self._depth:
                yield
                return
            kept_logic = getattr(logic.tl, "logic", None)
            kept_counter = getattr(engine.Fresh_var.tl, "counter", 0)
            kept_variables: set[str] = getattr(parser.Thread_storage, "variables", set())
            kept_precision, engine.Float_Precision = engine.Float_Precision, None
            kept_resolvers = dict(engine.Python_resolvers)
            engine.Python_resolvers.clear()
            engine.Python_resolvers.update(self._resolvers)
            self._depth += 1
            try:
                if self._logic is None:
                    self._logic = logic()
                else:
                    logic.tl.logic = self._logic
                    parser.clear()
                    engine.Fresh_var.tl.counter = 0
                yield
            finally:
                self._depth -= 1
                engine.Python_resolvers.clear()
                engine.Python_resolvers.update(kept_resolvers)
                engine.Float_Precision = kept_precision
                engine.Fresh_var.tl.counter = kept_counter
                parser.Thread_storage.variables = kept_variables
                if kept_logic is None:
                    del logic.tl.logic
                else:
                    logic.tl.logic = kept_logic

    def load(self, text: str) -> None:
        """Add clauses to the program."""
        # The parser's own function: the public one looks for names in the source of its caller.
        with self.active():
            self._parser.load(text)

    def ask(self, query: str) -> list[Tuple]:
        """Return the tuples of a query: one value a variable, ``[()]`` for a query without variables that holds."""
        with self.active():
            answer = self._parser.ask(query)
        if answer is None:
            return []
        return [()] if answer.answers is True else list(answer.answers)


def _resolve(resolver: Resolver, *terms: Any) -> Iterator[Tuple]:  # noqa: ANN401 - pyDatalog has no types
    """Answer a goal of pyDatalog's."""
    yield from resolver([term.id if term.is_const() else FREE for term in terms])
