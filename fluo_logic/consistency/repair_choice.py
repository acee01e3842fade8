"""Which changes to try next: clingo chooses the cheapest set that all that was learned so far allows.

What is learned are implications: where these changes are made, that goal has to be reached as well.  So the sets come
in the order of their cost, and the first that works is a smallest one among the changes that are known.  This is the
implicit hitting set method: Moreno-Centeno, Karp, "The implicit hitting set approach to solve combinatorial
optimization problems" (Operations Research 61, 2013).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final

import clingo

from fluo_logic.consistency.repair_changes import Change, exclude, facets, identity, weight
from fluo_logic.consistency.repair_goals import DONE, Goal, Leaf
from fluo_logic.errors import InternalError

CONFLICTS: Final = 50_000
"""How many conflicts clingo may have over one choice: a limit that is the same on every machine."""
RULES: Final = """\
{ chosen(C) : change(C) }.
:- facet(C,S,F), facet(D,S,F), C < D, chosen(C), chosen(D).
:- facet(C,S,"*"), facet(D,S,_), C != D, chosen(C), chosen(D).
covers(C,C) :- change(C).
covers(C,E) :- covers(C,D), variant(D,E).
reached(E) :- chosen(C), covers(C,E).
:~ chosen(C), weight(C,W). [W@2,C]
:~ chosen(C), rank(C,R). [R@1,C]
"""


class Choice:
    """The changes that are known, what was learned about them, and the next set to try."""

    def __init__(self, most: int) -> None:
        """Begin with nothing known; sets of more than ``most`` changes are not returned."""
        self.most = most
        self.changes: list[Change] = []
        self.numbers: dict[str, int] = {}
        self.order: dict[int, tuple[int, ...]] = {}
        self.lines: list[str] = []
        self.nodes = 0
        self.spans: dict[object, int] = {}
        self.timed_out = False
        self.too_large = False

    def number(self, change: Change, order: tuple[int, ...] = ()) -> int:
        """Return the number of a change; ``order`` decides between sets of equal cost, the lesser first."""
        key = identity(change)
        known = self.numbers.get(key)
        if known is None:
            known = self.numbers[key] = len(self.changes)
            self.changes.append(change)
            self.order[known] = order
            span = self.spans.setdefault(change.span, len(self.spans))
            self.lines.append(f"change({known}). weight({known},{weight(change)}).")
            # Facets hold text of traces, so they go in as numbers.
            for facet in sorted(facets(change)):
                name = '"*"' if facet == "*" else self.spans.setdefault(("facet", facet), len(self.spans))
                self.lines.append(f"facet({known},{span},{name}).")
        return known

    def require(self, premise: Iterable[Change], goal: Goal) -> None:
        """Learn that where all of ``premise`` is chosen, ``goal`` has to be reached too."""
        made = list(premise)
        if goal == DONE:
            return
        for change in _leaves(goal):
            self._stand_in(change, made)
        body = ", ".join([*(f"chosen({self.number(change)})" for change in made), f"not {self._node(goal)}"])
        self.lines.append(f":- {body}.")

    def refuse(self, changes: Collection[Change], *, exactly: bool) -> None:
        """Learn that these changes, alone or (unless ``exactly``) with others, are not to be chosen."""
        body = [f"chosen({self.number(change)})" for change in changes]
        if exactly:
            body.append(f"#count {{ C : chosen(C) }} = {len(changes)}")
        if not body:
            body = ["#true"]
        self.lines.append(f":- {', '.join(body)}.")

    def next(self) -> tuple[int, tuple[Change, ...]] | None:
        """Return the cheapest set that is allowed, with its cost; None where there is none, or none in reach."""
        messages: list[str] = []
        control = clingo.Control(
            ["--warn=no-atom-undefined", "--opt-mode=opt", "--opt-strategy=usc,oll", f"--solve-limit={CONFLICTS}"],
            logger=lambda _, text: messages.append(text),
        )
        text = "\n".join([RULES, *self.lines, *self._ranks()])
        try:
            control.add("base", [], text)
            control.ground([("base", [])])
        except RuntimeError as error:
            message = f"clingo refused the choice of changes: {error}; {'; '.join(messages)}"
            raise InternalError(code="X402", message=message) from error
        best: list[tuple[int, tuple[Change, ...]]] = []
        result = control.solve(on_model=lambda model: best.append(self._read(model)))
        if not isinstance(result, clingo.SolveResult) or not result.exhausted:
            self.timed_out = True
            return None
        if not best:
            return None
        if len(best[-1][1]) > self.most:
            self.too_large = True
            return None
        return best[-1]

    def _read(self, model: clingo.Model) -> tuple[int, tuple[Change, ...]]:
        chosen = sorted(
            atom.arguments[0].number for atom in model.symbols(atoms=True) if atom.name == "chosen" and atom.arguments
        )
        changes = tuple(self.changes[number] for number in chosen)
        return sum(weight(change) for change in changes), changes

    def _ranks(self) -> list[str]:
        ranked = sorted(self.order, key=lambda number: (self.order[number], number))
        return [f"rank({number},{rank})." for rank, number in enumerate(ranked, start=1)]

    def _stand_in(self, change: Change, made: Sequence[Change]) -> None:
        """Let a change stand in for those of the premise that it replaces: it was found while these were made."""
        number = self.number(change)
        for other in made:
            if exclude(change, other) and identity(change) != identity(other):
                self.lines.append(f"variant({number},{self.number(other)}).")

    def _node(self, goal: Goal) -> str:
        if isinstance(goal, Leaf):
            return f"reached({self.number(goal.change)})"
        self.nodes += 1
        name = f"goal({self.nodes})"
        parts = [self._node(part) for part in goal.parts]
        if goal.least == len(parts) and parts:
            self.lines.append(f"{name} :- {', '.join(parts)}.")
        elif goal.least == 1:
            self.lines.extend(f"{name} :- {part}." for part in parts)
        else:
            elements = "; ".join(f"{number} : {part}" for number, part in enumerate(parts))
            self.lines.append(f"{name} :- {goal.least} <= #count {{ {elements} }}.")
        return name


def _leaves(goal: Goal) -> Iterable[Change]:
    if isinstance(goal, Leaf):
        return (goal.change,)
    return (change for part in goal.parts for change in _leaves(part))
