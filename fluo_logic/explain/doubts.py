"""What is doubtful about facts and comparisons where something may be missing from the data, or still to come."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias, assert_never

from fluo_logic.explain.possible import (
    ANYTHING,
    MISSING,
    Anything,
    Exactly,
    Possible,
    Range,
    Truth,
    arithmetic_possible,
    compare_possible,
)
from fluo_logic.facts.store import FactStore, Ground
from fluo_logic.logic import Arith, Atom, Clause, Compare, Const, Field, Present, Sort, Term, Unit, Var
from fluo_logic.values import ORDER_OPERATORS, Mode, Value

UNKNOWN_SPAN: Final = -1
"""The index of a span that is not in the data but could be."""
SOMETHING: Final = "?"
"""Stands for the text that a fact about an unknown span would bind."""
TIMES: Final = frozenset({"span:start", "span:end"})
Binding: TypeAlias = Mapping[Var, "Ground | Value | Possible"]


@dataclass(frozen=True, slots=True)
class Doubts:
    """What may be unknown in a scope.

    ``now``, where given, is the end of the data: spans that start after it may still appear, but only inside a
    ``before`` or ``after … within``.  ``hole`` says that spans may be missing.  ``dropped`` says that a value missing
    on a span that dropped attributes may have been there.  ``skew`` (nanoseconds) is by how much clocks of different
    services may differ.
    """

    now: int | None = None
    hole: bool = False
    dropped: bool = False
    skew: int = 0


class Outlook:
    """Judges facts and comparisons in one scope under doubts."""

    def __init__(self, store: FactStore, doubts: Doubts) -> None:
        """Keep the facts at hand."""
        self.store = store
        self.doubts = doubts

    # --- facts ----------------------------------------------------------------------------------------------------

    def unknown_fact(self, atom: Atom, binding: Binding) -> Truth:
        """Return the truth of a fact about a span that is not in the data."""
        first = binding.get(atom.args[0]) if isinstance(atom.args[0], Var) else None
        if first == UNKNOWN_SPAN or not isinstance(first, int):
            above = binding.get(atom.args[1]) if atom.predicate == "parent" and isinstance(atom.args[1], Var) else None
            return self._below(above)
        match atom.predicate:
            case "parent":
                return Truth.UNKNOWN if self._unresolved(first) else Truth.FALSE
            case "parent_ref":
                known = self.store.spans[first].parent_id is None or not self._open(self.store.spans[first].trace_id)
                return Truth.FALSE if known else Truth.UNKNOWN
            case "link":
                return Truth.UNKNOWN if self._dangling(first) else Truth.FALSE
            case _:
                return Truth.UNKNOWN

    def may_have_dropped(self, atom: Atom, binding: Binding) -> bool:
        """Return whether a span dropped events, or links, so that a fact that it lacks may have been there."""
        if not self.doubts.dropped or not isinstance(atom.args[0], Var):
            return False
        first = binding.get(atom.args[0])
        if not isinstance(first, int) or first == UNKNOWN_SPAN:
            return False
        span = self.store.spans[first]
        return (atom.predicate == "event" and span.dropped_events > 0) or (
            atom.predicate == "link" and span.dropped_links > 0
        )

    def _open(self, trace_id: str) -> bool:
        """Return whether a trace may have spans that are not in the data."""
        if self.doubts.now is not None:
            return True
        trace = self.store.dataset.traces.get(trace_id)
        return self.doubts.hole and trace is not None and trace.has_hole

    def _dangling(self, span: int) -> bool:
        """Return whether a span links, or may have linked, to one that is not in the data."""
        if self.doubts.dropped and self.store.spans[span].dropped_links > 0:
            return True
        links = self.store.spans[span].links
        return any(
            (link.trace_id, link.span_id) not in self.store.index and self._open(link.trace_id) for link in links
        )

    def _unresolved(self, span: int) -> bool:
        found = self.store.spans[span]
        return found.parent_id is not None and span not in self.store.parent and self._open(found.trace_id)

    def ancestry(self, values: tuple[object, ...]) -> Truth:
        """Return the truth of ``descendant(below, above)``, the one recursive predicate."""
        below, above = values
        if not isinstance(below, int) or below == UNKNOWN_SPAN:
            return self._below(above)
        seen = {below}
        while below in self.store.parent:
            below = self.store.parent[below]
            if below == above:
                return Truth.TRUE
            if below in seen:
                break  # parents in a circle: the chain reaches no root, so something of it may be missing
            seen.add(below)
        if above != UNKNOWN_SPAN and (self.doubts.now is not None or not self._same_trace(below, above)):
            # A span that is there already can be an ancestor only through a lost one of its own trace.
            return Truth.FALSE
        top = self.store.spans[below]
        return Truth.UNKNOWN if top.parent_id is not None and self._open(top.trace_id) else Truth.FALSE

    def _below(self, above: object) -> Truth:
        """Return whether a span that is not in the data may be below one that is: both are of one trace."""
        if not isinstance(above, int) or above == UNKNOWN_SPAN:
            return Truth.UNKNOWN
        return Truth.UNKNOWN if self._open(self.store.spans[above].trace_id) else Truth.FALSE

    def _same_trace(self, one: int, two: object) -> bool:
        return isinstance(two, int) and self.store.spans[one].trace_id == self.store.spans[two].trace_id

    # --- comparisons ----------------------------------------------------------------------------------------------

    def compare(self, literal: Compare | Present, binding: Binding, *, deadline: bool) -> Truth:
        """Return the truth of a comparison; ``deadline`` tells whether its body has a ``within``."""
        match literal:
            case Present(term=term):
                value = self.possible(term, binding)
                if isinstance(value, Exactly):
                    return Truth.FALSE if value.value is None else Truth.TRUE
                return Truth.UNKNOWN
            case Compare(left=Var() as left, right=Var() as right) if left.sort is not Sort.NUMBER:
                one, two = binding[left], binding[right]
                if one == two == UNKNOWN_SPAN:
                    return Truth.TRUE if left == right else Truth.UNKNOWN
                return Truth.TRUE if one == two else Truth.FALSE
            case Compare(left=left, op=op, right=right, mode=mode):
                if self.doubts.skew and self._within_skew(literal, binding):
                    return Truth.UNKNOWN
                timed = self.doubts.now is not None and _is_relation(literal)
                one, two = (self._side(term, binding, timed=timed, deadline=deadline) for term in (left, right))
                return compare_possible(op, one, two, mode)
            case _:
                assert_never(literal)

    def _side(self, term: Term, binding: Binding, *, timed: bool, deadline: bool) -> Possible:
        """Return what a side may be; in a relation of times, an unknown span or an end to come lies in the future."""
        if timed and self.doubts.now is not None:
            match term:
                case Field(of=of, key=key) if binding[of] == UNKNOWN_SPAN or (
                    deadline and key == "span:end" and self.possible(term, binding) == MISSING
                ):
                    return Range(self.doubts.now + 1, math.inf)
                case Arith(op=op, left=left, right=right):
                    one = self._side(left, binding, timed=timed, deadline=deadline)
                    return arithmetic_possible(op, one, self.possible(right, binding))
                case _:
                    pass
        return self.possible(term, binding)

    def possible(self, term: Term, binding: Binding) -> Possible:
        """Return what a term may be."""
        match term:
            case Const(value=value):
                return Exactly(value)
            case Field(of=of, space=space, key=key):
                entity = binding[of]
                if entity in (UNKNOWN_SPAN, SOMETHING):
                    return ANYTHING
                found = self.store.field(entity, space, key)  # type: ignore[arg-type]
                if found is None and space == "attribute" and self.doubts.dropped and isinstance(entity, int):
                    return ANYTHING if self.store.spans[entity].dropped_attributes > 0 else MISSING
                return Exactly(found)
            case Var():
                bound = binding[term]
                return bound if isinstance(bound, Exactly | Range | Anything) else Exactly(bound)
            case Arith(op=op, left=left, right=right):
                return arithmetic_possible(op, self.possible(left, binding), self.possible(right, binding))
            case _:
                assert_never(term)

    def _within_skew(self, literal: Compare, binding: Binding) -> bool:
        """Return whether an order of times of two services has a margin below the clock skew."""
        sides = [timed for term in (literal.left, literal.right) if (timed := _timed(term, literal.mode)) is not None]
        if len(sides) != len(("left", "right")) or literal.op not in ORDER_OPERATORS:
            return False
        services, times = [], []
        for field, shift in sides:
            span = binding[field.of]
            if not isinstance(span, int) or span == UNKNOWN_SPAN:
                return False
            value = self.store.field(span, "intrinsic", field.key)
            if not isinstance(value, int):
                return False
            services.append(self.store.spans[span].resource.service)
            times.append(value + shift)
        return services[0] != services[1] and abs(times[0] - times[1]) < self.doubts.skew


def _timed(term: Term, mode: Mode) -> tuple[Field, int] | None:
    """Return the time that a side is, and what a ``within`` adds to it."""
    match term:
        case Field(space="intrinsic", key=key) if key in TIMES:
            return term, 0
        case Arith(op="+", left=Field(space="intrinsic", key=key) as field, right=Const(value=int() as shift)):
            return (field, shift) if key in TIMES and mode is Mode.NUMBER else None
        case _:
            return None


def _is_relation(literal: Compare) -> bool:
    """Return whether a comparison is one of the times of two spans that a relation consists of."""
    return (
        literal.mode is Mode.NUMBER
        and _timed(literal.left, literal.mode) is not None
        and (_timed(literal.right, literal.mode) is not None)
    )


def ties(clause: Clause) -> Iterator[frozenset[Var]]:
    """Yield the two spans of each ``before`` or ``after … within`` of a body."""
    for literal in clause.body:
        match literal:
            case Compare(
                left=Field(of=one), right=Arith(op="+", left=Field(of=two), right=Const(unit=Unit.DURATION)), mode=mode
            ) if mode is Mode.NUMBER:
                yield frozenset({one, two})
            case _:
                continue
