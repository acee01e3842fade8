"""Near misses: the bindings that came closest to satisfying a body, and what they lack."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

from fluo_logic.errors import InternalError
from fluo_logic.explain import proof as p
from fluo_logic.explain.bodies import Bodies
from fluo_logic.explain.evidence import TIME_UNITS, Evidence, goal_of, key_text
from fluo_logic.explain.matching import Binding
from fluo_logic.facts.schema import EXTENSIONAL
from fluo_logic.facts.terms import evaluate
from fluo_logic.logic import Atom, Clause, Compare, Const, Field, Literal, Present, Sort, Unit, Var, is_recursive
from fluo_logic.values import ORDER_OPERATORS, Value, as_number, canonical_text

NEAREST: Final = 3
"""How many near misses an absence keeps."""
MOST_NAMES: Final = 200
"""How many span names of a scope are compared with one that it lacks."""
CANDIDATES: Final = 5000
"""How many bindings an absence looks at for near misses; the absence itself rests on all of them."""


Stop: TypeAlias = tuple[Compare | Present, Binding]
"""A comparison that fails, and the binding under which it does."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A binding under which a body holds up to the literal at ``position``: how far, and how far off that one is."""

    progress: tuple[int, int]
    distance: float
    position: int
    binding: Binding
    stop: Stop | None = None


class NearMisses:
    """Finds what came closest in one scope."""

    def __init__(self, bodies: Bodies, evidence: Evidence, names: Callable[[], frozenset[str]]) -> None:
        """Keep the clauses and facts at hand; ``names`` finds those of the spans of the scope."""
        self.bodies = bodies
        self.matcher = bodies.matcher
        self.evidence = evidence
        self.names = names

    def attempts(self, clause: Clause, start: Binding) -> list[Attempt]:
        """Return the attempts that came closest to satisfying a body that has no solution, best first."""
        return self.looked(clause, start)[0]

    def looked(self, clause: Clause, start: Binding) -> tuple[list[Attempt], p.Survey | None]:
        """Return the attempts that came closest, best first, and a survey of those that fail as the first does."""
        seeks = self.bodies.seeks(clause, start)
        best: list[Attempt] = []
        stops: dict[int, list[Stop]] = {}
        budget = CANDIDATES
        stack: list[tuple[int, Binding]] = [(0, start)]
        while stack and budget > 0:
            position, binding = stack.pop()
            extensions = list(self.matcher.extend(clause.body[position], binding))
            if extensions:
                if position + 1 == len(clause.body):
                    message = f"{clause.head.predicate} is not in the answer, but a clause derives it"
                    raise InternalError(code="X202", message=message)
                # Reversed, so that the first extension is looked at first.
                stack.extend((position + 1, extension) for extension in reversed(extensions))
                continue
            budget -= 1
            attempt = self._attempt(clause.body[position], position, binding)
            if not seeks or self._near(clause, attempt, start):
                best = sorted([*best, attempt], key=_closeness)[:NEAREST]
                if attempt.stop is not None:
                    stops.setdefault(id(attempt.stop[0]), []).append(attempt.stop)
        stop = best[0].stop if best else None
        # Of what was not looked at, nothing is said.
        if stop is None or budget == 0:
            return best, None
        return best, self._survey(stops[id(stop[0])])

    def _attempt(self, literal: Literal, position: int, binding: Binding) -> Attempt:
        match literal:
            case Atom(predicate=predicate) if predicate not in EXTENSIONAL:
                inner, stop = self._inside(literal, binding)
            case Compare() | Present():
                inner, stop = 0, (literal, binding)
            case _:
                inner, stop = 0, None
        return Attempt((position, inner), self._distance(stop), position, binding, stop)

    def _inside(self, atom: Atom, binding: Binding) -> tuple[int, Stop | None]:
        """Return how many conjuncts of the definition of a one-span predicate hold, and the comparison that is next."""
        best: tuple[int, Stop | None] = (0, None)
        if any(value is None for value in self.matcher.pattern(atom, binding)):
            return best
        if is_recursive(self.matcher.definitions[atom.predicate]):
            return best
        for _, clause, start in self.bodies.entered(atom, binding):
            here = start
            for position, literal in enumerate(clause.body):
                extended = next(self.matcher.extend(literal, here), None)
                if extended is None:
                    stop = (literal, here) if isinstance(literal, Compare | Present) else None
                    best = max(best, (position, stop), key=lambda pair: (pair[0], -self._distance(pair[1])))
                    break
                here = extended
        return best

    def _distance(self, stop: Stop | None) -> float:
        """Return how far off a comparison is: by the numbers, or by how unlike two texts are."""
        if stop is None:
            return math.inf
        literal, binding = stop
        if isinstance(literal, Present):
            return math.inf
        if isinstance(literal.left, Var) and literal.left.sort is not Sort.NUMBER:
            return math.inf
        gap = self.evidence.gap(literal, binding)
        if gap is not None:
            return abs(float(gap))
        left, right = (evaluate(side, binding, self.evidence.store) for side in (literal.left, literal.right))
        if literal.op == "==" and isinstance(left, str) and isinstance(right, str):
            return 1 - _likeness(right, left)
        return math.inf

    def _survey(self, stops: Sequence[Stop]) -> p.Survey | None:
        """Return what is said of all that fail one comparison of a value of a span that is sought with one value."""
        literal = stops[0][0]
        term = literal.term if isinstance(literal, Present) else literal.left
        if not isinstance(term, Field):
            return None
        store = self.evidence.store
        values: dict[int, Value | None] = {}
        needed: set[str] = set()
        for _, binding in stops:
            span = binding[term.of]
            if not isinstance(span, int):
                return None
            values[span] = evaluate(term, binding, store)
            if isinstance(literal, Compare):
                right = evaluate(literal.right, binding, store)
                needed.add("" if right is None else canonical_text(right))
        if len(values) < len(("several", "candidates")) or len(needed) > 1:
            return None
        names = {store.spans[span].name for span in values}
        op = "exists" if isinstance(literal, Present) else literal.op
        extreme, shown, distinct = _summed_up(op, [value for value in values.values() if value is not None])
        return p.Survey(
            goal=goal_of(literal.origin),
            label=key_text(term.space, term.key),
            unit=TIME_UNITS.get(term.key, Unit.NONE) if term.space == "intrinsic" else Unit.NONE,
            candidates=len(values),
            name=names.pop() if len(names) == 1 else None,
            missing=sum(value is None for value in values.values()),
            extreme=extreme,
            values=shown,
            distinct=distinct,
        )

    def _near(self, clause: Clause, attempt: Attempt, start: Binding) -> bool:
        """Return whether an attempt is worth showing: more than that a span is in the scope."""
        position, inner = attempt.progress
        return inner > 0 or any(self.bodies.constrains(literal, start) for literal in clause.body[:position])

    # --- names --------------------------------------------------------------------------------------------------------

    def unseen(self, clause: Clause) -> tuple[str | None, tuple[str, ...]]:
        """Return the first span name that a body asks for and no span of the scope has, and the names most like it."""
        sought = self._unseen(clause)
        return sought, () if sought is None else self._names_like(sought)

    def _unseen(self, clause: Clause) -> str | None:
        for literal in clause.body:
            match literal:
                case Atom(predicate="span", args=(_, _, Const(value=str() as name))):
                    if name not in self.names():
                        return name
                case Atom(predicate=predicate) if predicate not in EXTENSIONAL and predicate not in self.bodies.hidden:
                    inner = self.matcher.definitions[predicate]
                    found = self._unseen(inner[0]) if len(inner) == 1 and len(literal.args) == 1 else None
                    if found is not None:
                        return found
                case _:
                    continue
        return None

    def _names_like(self, name: str) -> tuple[str, ...]:
        """Return up to three span names of the scope, those most like ``name`` first."""
        known = sorted(self.names())[:MOST_NAMES]
        ranked = sorted(known, key=lambda other: (-_likeness(name, other), other))
        return tuple(ranked[:NEAREST])


def _summed_up(op: str, values: Sequence[Value]) -> tuple[str, tuple[Value, ...], int]:
    """Return the word for an extreme value, the values to show, and how many distinct ones there are."""
    distinct: dict[str, Value] = {}
    for value in values:
        distinct.setdefault(canonical_text(value), value)
    if op in ORDER_OPERATORS and values:
        numbers = [(number, value) for value in values if (number := as_number(value)) is not None]
        if len(numbers) == len(values):
            most = op in {">", ">="}
            _, value = (max if most else min)(numbers, key=lambda pair: pair[0])
            return "largest" if most else "smallest", (value,), len(distinct)
    return "", tuple(distinct.values())[:NEAREST], len(distinct)


@lru_cache(maxsize=4096)
def _likeness(one: str, other: str) -> float:
    """Return how alike two texts are, from 0 to 1; of long ones, how alike they begin."""
    return difflib.SequenceMatcher(None, one[:MOST_COMPARED], other[:MOST_COMPARED]).ratio()


MOST_COMPARED: Final = 200
"""How many characters of two texts are compared."""


def _closeness(attempt: Attempt) -> tuple[int, int, float]:
    return (-attempt.progress[0], -attempt.progress[1], attempt.distance)
