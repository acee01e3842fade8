"""Sets of rules that conflict: the smallest that can apply together, each satisfied, and not all.

Rules conflict where a trace can make all of them active with any one satisfied, and none with all satisfied.  Such
a set is a smallest unsatisfiable one of the demands "active and satisfied", one for each rule.  All of these are
enumerated as in MARCO (Liffiton, Previti, Malik, Mushter: "Fast, flexible MUS enumeration", Constraints 21, 2016): a
map of the sets not yet known, from which one is taken; a satisfiable one is grown, of one that is not the solver's core
is shrunk, and all sets below or above it leave the map.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Final

import clingo

from fluo_logic.consistency.analyze_told import Told, replayed_violations
from fluo_logic.consistency.encode_solve import Demand, Solver, UndecidedError
from fluo_logic.errors import UnsupportedError
from fluo_logic.lang.syntax import Rule

MOST_SPANS: Final = 14
"""With how many spans it is tried again to refute a contradiction, a tautology or a conflict."""
MIDDLE: Final = 10
PATIENCE: Final = 4
"""How many times the time of one question the conflicts of one group of rules may take."""


class Map:
    """The sets of ``0..size-1`` that are not yet known to be satisfiable or not."""

    def __init__(self, size: int) -> None:
        """Begin with all sets."""
        self.size = size
        self.control = clingo.Control(["--warn=none", "--sign-def=pos"])
        self.control.add("base", [], f"{{ in(0..{size - 1}) }}.")
        self.control.ground([("base", [])])
        self.literals = [
            self.control.symbolic_atoms[clingo.Function("in", [clingo.Number(one)])] for one in range(size)
        ]

    def unknown(self) -> frozenset[int] | None:
        """Return a set that is not known, a large one; None where all are."""
        with self.control.solve(yield_=True) as handle:
            for model in handle:
                return frozenset(symbol.arguments[0].number for symbol in model.symbols(atoms=True))
        return None

    def below(self, members: frozenset[int]) -> None:
        """Leave out a satisfiable set and all its subsets."""
        self._forbid([-self._literal(one) for one in range(self.size) if one not in members])

    def above(self, members: frozenset[int]) -> None:
        """Leave out a set that is not satisfiable, and all that contain it."""
        self._forbid([self._literal(one) for one in sorted(members)])

    def _literal(self, one: int) -> int:
        atom = self.literals[one]
        if atom is None:
            message = "an atom of the map is missing"
            raise TypeError(message)
        return atom.literal

    def _forbid(self, literals: Sequence[int]) -> None:
        with self.control.backend() as backend:
            backend.add_rule([], list(literals))


def unsatisfiable_sets(
    solver: Solver, size: int, known: Sequence[frozenset[int]], seconds: float
) -> Iterator[frozenset[int]]:
    """Yield the smallest sets of rules of a solver that no trace makes active and satisfied together.

    Args:
        solver: of ``size`` rules.
        size: how many rules.
        known: sets that a trace is known to satisfy.
        seconds: how long the whole enumeration may take.

    Raises:
        UndecidedError: it takes longer.
    """
    deadline = time.monotonic() + seconds
    left = Map(size)
    for satisfied in known:
        left.below(satisfied)
    while (seed := left.unknown()) is not None:
        if time.monotonic() > deadline:
            raise UndecidedError
        if solver.holds(_met(seed), shown=True):
            grown = seed | solver.met
            for further in sorted(set(range(size)) - grown):
                if further not in grown and solver.holds(_met(grown | {further}), shown=True):
                    grown |= solver.met | {further}
            left.below(grown)
            continue
        core = frozenset(one.rule for one in solver.core)
        for member in sorted(core):
            if member in core and not solver.holds(_met(core - {member})):
                core = frozenset(demand.rule for demand in solver.core)
        left.above(core)
        yield core


def _met(rules: frozenset[int]) -> list[Demand]:
    return [Demand(one, active=True, violated=False) for one in sorted(rules)]


def conflict(told: Told, rules: Sequence[Rule], room: int) -> bool:
    """Add the conflict of rules where they conflict, all together; raises UndecidedError and UnsupportedError.

    ``room`` is how many spans are enough for each of them.
    """
    numbers = range(len(rules))
    active = [Demand(number, active=True) for number in numbers]
    every = _met(frozenset(numbers))
    solvers = told.widening(rules, told.limits.bound, min(room, MOST_SPANS))
    if solvers.holds(every):
        return False
    if not all(solvers.holds([*active, Demand(number, violated=False)]) for number in numbers):
        return False
    # Rules that need many spans each may only lack room together.
    if told.widening(rules, MOST_SPANS).holds(every):
        return False
    found = solvers.find([*active, Demand(0, violated=False)]) or ()
    names = " and ".join(rule.id for rule in rules)
    sentence = (
        f"where {names} apply together, each can be satisfied, and no trace {told.up_to} satisfies all; "
        f"{rules[0].id} is satisfied, at the cost of the others, by"
    )
    told.add("conflict", rules, sentence, found, replayed_violations(found, rules))
    return True


def all_met(told: Told, rules: Sequence[Rule], room: int) -> bool:
    """Return whether one trace makes all the rules active and satisfied, one of few spans if possible.

    Raises UndecidedError and UnsupportedError.
    """
    bounds = (min(bound, room) for bound in (MIDDLE, MOST_SPANS))
    return told.widening(rules, told.limits.bound, *bounds).holds(_met(frozenset(range(len(rules)))))


def conflicts(told: Told, rules: Sequence[Rule], room: int, known: Sequence[frozenset[str]]) -> None:
    """Add the conflicts of three or more rules.

    Args:
        told: where to.
        rules: the rules; no two of them that conflict alone are looked at.
        room: how many spans are enough for each of them.
        known: sets of ids that a trace is known to make active and satisfied.
    """
    about = f"which three or more of {len(rules)} rules conflict: "
    numbers = {rule.id: number for number, rule in enumerate(rules)}
    sets = [frozenset(numbers[rule] for rule in one if rule in numbers) for one in known]
    try:
        if any(len(one) == len(rules) for one in sets) or all_met(told, rules, room):
            return
        solver = told.solver(rules, room)
        for found in unsatisfiable_sets(solver, len(rules), sets, PATIENCE * told.limits.seconds):
            members = [rules[number] for number in sorted(found)]
            if len(members) > len(("one", "two")):
                conflict(told, members, room)
    except UndecidedError:
        told.undecided("conflict", rules, about)
    except UnsupportedError as error:
        told.gap(rules, error.message, "conflict")
