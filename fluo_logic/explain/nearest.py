"""Near misses: the bindings that came closest to satisfying a body, and what they lack."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from fluo_logic.errors import InternalError
from fluo_logic.explain.bodies import Bodies
from fluo_logic.explain.evidence import Evidence
from fluo_logic.explain.matching import Binding
from fluo_logic.facts.schema import EXTENSIONAL
from fluo_logic.logic import Atom, Clause, Compare, Const, Literal, Sort, Var, is_recursive

NEAREST: Final = 3
"""How many near misses an absence keeps."""
MOST_NAMES: Final = 200
"""How many span names of a scope are compared with one that it lacks."""
CANDIDATES: Final = 5000
"""How many bindings an absence looks at for near misses; the absence itself rests on all of them."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A binding under which a body holds up to the literal at ``position``: how far, and how far off that one is."""

    progress: tuple[int, int]
    distance: float
    position: int
    binding: Binding


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
        seeks = self.bodies.seeks(clause, start)
        best: list[Attempt] = []
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
        return best

    def _attempt(self, literal: Literal, position: int, binding: Binding) -> Attempt:
        inner = 0
        distance = math.inf
        if isinstance(literal, Atom) and literal.predicate not in EXTENSIONAL:
            inner, distance = self._inside(literal, binding)
        elif isinstance(literal, Compare):
            distance = self._distance(literal, binding)
        return Attempt((position, inner), distance, position, binding)

    def _inside(self, atom: Atom, binding: Binding) -> tuple[int, float]:
        """Return how many conjuncts of the definition of a one-span predicate hold, and how far off the next one is."""
        best = (0, math.inf)
        if any(value is None for value in self.matcher.pattern(atom, binding)):
            return best
        if is_recursive(self.matcher.definitions[atom.predicate]):
            return best
        for _, clause, start in self.bodies.entered(atom, binding):
            here = start
            for position, literal in enumerate(clause.body):
                extended = next(self.matcher.extend(literal, here), None)
                if extended is None:
                    distance = self._distance(literal, here) if isinstance(literal, Compare) else math.inf
                    best = max(best, (position, distance), key=lambda pair: (pair[0], -pair[1]))
                    break
                here = extended
        return best

    def _distance(self, literal: Compare, binding: Binding) -> float:
        if isinstance(literal.left, Var) and literal.left.sort is not Sort.NUMBER:
            return math.inf
        gap = self.evidence.gap(literal, binding)
        return math.inf if gap is None else abs(float(gap))

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


@lru_cache(maxsize=4096)
def _likeness(one: str, other: str) -> float:
    """Return how alike two texts are, from 0 to 1; of long ones, how alike they begin."""
    return difflib.SequenceMatcher(None, one[:MOST_COMPARED], other[:MOST_COMPARED]).ratio()


MOST_COMPARED: Final = 200
"""How many characters of two texts are compared."""


def _closeness(attempt: Attempt) -> tuple[int, int, float]:
    return (-attempt.progress[0], -attempt.progress[1], attempt.distance)
