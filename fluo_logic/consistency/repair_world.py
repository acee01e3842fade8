"""A rule on spans as they would be after some changes, evaluated top down: small, exact, and quick to start.

What it finds is never shown: it only steers the search, whose results are checked by the engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final, TypeAlias

from fluo_logic.explain.matching import Binding, Matcher
from fluo_logic.facts.dataset import Trace, assemble
from fluo_logic.facts.model import Span, SpanKey
from fluo_logic.facts.schema import EXTENSIONAL
from fluo_logic.facts.store import FactStore, Ground, Row
from fluo_logic.logic import Atom, Clause, Const, ObligationPlan, Program, RulePlan, Sort, Var, is_recursive
from fluo_logic.solve.base import Answer

EMPTY: Final = Program((), ())
Named: TypeAlias = "tuple[str | SpanKey, ...]"
"""A row whose traces and spans are named by their ids, so that it means the same in every world."""


class TopDown(Matcher):
    """Matches clauses without an answer: derived predicates are evaluated where they are asked for."""

    def __init__(
        self, program: Program, store: FactStore, definitions: Mapping[str, tuple[Clause, ...]] | None = None
    ) -> None:
        """Begin with nothing evaluated; worlds of one search share the definitions."""
        super().__init__(EMPTY, store, Answer({}))
        self.definitions = program.definitions() if definitions is None else definitions
        self._memo: dict[tuple[str, tuple[Ground | None, ...]], tuple[Row, ...]] = {}

    def rows(self, atom: Atom, binding: Binding) -> Iterator[Row]:
        """Yield the ground tuples that match an atom under a binding."""
        pattern = self.pattern(atom, binding)
        if atom.predicate in EXTENSIONAL:
            yield from self._facts(atom.predicate, pattern)
            return
        key = (atom.predicate, pattern)
        if key not in self._memo:
            self._memo[key] = tuple(self._derived(atom.predicate, pattern))
        yield from self._memo[key]

    def _derived(self, predicate: str, pattern: tuple[Ground | None, ...]) -> list[Row]:
        clauses = self.definitions.get(predicate, ())
        if is_recursive(clauses):
            return list(self._ancestry(pattern))
        found: dict[Row, None] = {}
        for clause in clauses:
            start = entered(clause, pattern)
            if start is None:
                continue
            for solution in self.solutions(clause.body, start):
                row = self.pattern(clause.head, solution)
                found[tuple(value for value in row if value is not None)] = None
                if None not in pattern:
                    return list(found)
        return sorted(found)

    def _ancestry(self, pattern: tuple[Ground | None, ...]) -> Iterator[Row]:
        below, above = pattern
        for span in range(len(self.store.spans)) if below is None else (below,):
            if isinstance(span, int):
                yield from ((span, other) for other in self.above(span) if above in {None, other})

    def above(self, span: int) -> list[int]:
        """Return the spans above one, nearest first; in a circle of parents, itself too."""
        chain: list[int] = []
        parent = self.store.parent.get(span)
        while parent is not None and parent not in chain:
            chain.append(parent)
            parent = self.store.parent.get(parent)
        return chain

    def _facts(self, predicate: str, pattern: tuple[Ground | None, ...]) -> Iterator[Row]:
        if predicate == "text" and pattern[0] is None:
            for span in range(len(self.store.spans)):
                yield from super()._facts(predicate, (span, *pattern[1:]))
        else:
            yield from super()._facts(predicate, pattern)


def entered(clause: Clause, pattern: Sequence[Ground | None]) -> dict[Var, Ground] | None:
    """Return the binding of a clause's head to a pattern, None where they clash."""
    start: dict[Var, Ground] = {}
    for head, known in zip(clause.head.args, pattern, strict=True):
        if known is None:
            continue
        if isinstance(head, Const):
            if known != head.value:
                return None
        elif start.setdefault(head, known) != known:
            return None
    return start


class World:
    """One rule on one list of spans."""

    def __init__(
        self,
        program: Program,
        plan: RulePlan,
        spans: Sequence[Span],
        definitions: Mapping[str, tuple[Clause, ...]] | None = None,
    ) -> None:
        """Assemble the spans."""
        self.program = program
        self.plan = plan
        self.store = FactStore(assemble(spans))
        self.matcher = TopDown(program, self.store, definitions)

    def with_spans(self, spans: Sequence[Span]) -> World:
        """Return the same rule on these spans and more."""
        return self.after([*self.store.spans, *spans])

    def after(self, spans: Sequence[Span]) -> World:
        """Return the same rule on other spans."""
        return World(self.program, self.plan, spans, self.matcher.definitions)

    @cached_property
    def matches(self) -> tuple[Row, ...]:
        """The matches of ``when``."""
        return tuple(self.matcher.rows(self.plan.when, {}))

    @cached_property
    def failures(self) -> tuple[tuple[Row, ObligationPlan], ...]:
        """Each failed obligation: its match of ``when`` and its plan."""
        return tuple(
            (row, obligation)
            for obligation in self.plan.obligations
            for row in self.matcher.rows(obligation.failure, {})
        )

    def members(self, scope: Ground | None) -> tuple[int, ...]:
        """Return the spans of a scope."""
        pattern = {self.plan.member.args[0]: scope} if isinstance(self.plan.member.args[0], Var) else {}
        known: Binding = {var: value for var, value in pattern.items() if value is not None and isinstance(var, Var)}
        return tuple(row[1] for row in self.matcher.rows(self.plan.member, known) if isinstance(row[1], int))

    def bound(self, row: Row) -> dict[Var, Ground]:
        """Return the binding of the variables of ``when`` to a match."""
        return {arg: value for arg, value in zip(self.plan.when.args, row, strict=True) if isinstance(arg, Var)}

    def trace(self, span: int) -> Trace:
        """Return the trace of a span."""
        return self.store.trace(span)

    def named(self, row: Row) -> Named:
        """Return a match of ``when`` in names that hold in every world."""
        return tuple(self._name(arg, value) for arg, value in zip(self.plan.when.args, row, strict=True))

    def _name(self, arg: Var | Const, value: Ground) -> str | SpanKey:
        if isinstance(arg, Var) and isinstance(value, int):
            return self.store.trace_ids[value] if arg.sort is Sort.TRACE else self.store.spans[value].key
        return str(value)

    def carried(self, binding: Binding, other: World) -> dict[Var, Ground]:
        """Return a binding of this world as one of ``other``, which has all its traces and spans."""
        return {var: self._carried(var, value, other) for var, value in binding.items()}  # type: ignore[arg-type]

    def _carried(self, var: Var, value: Ground, other: World) -> Ground:
        match var.sort, value:
            case Sort.TRACE, int():
                return other.store.trace_index[self.store.trace_ids[value]]
            case Sort.SPAN, int():
                return other.store.index[self.store.spans[value].key]
            case Sort.EVENT, (span, number):
                return (other.store.index[self.store.spans[span].key], number)
            case _:
                return value
