"""Which steps of a proof stand whatever may be missing from the data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fluo_logic.explain.certainty import Judge
from fluo_logic.explain.doubts import Binding
from fluo_logic.explain.possible import Truth
from fluo_logic.logic import Aggregate, Clause, Literal, Var, literal_variables


class StepJudge(Judge):
    """A judge of single literals, too."""

    def literal(self, clause: Clause, literal: Literal, binding: Binding) -> Truth:
        """Return the truth of a literal of ``clause`` under a binding of the variables that it does not bind itself.

        What aggregates of the clause came to is not taken from ``binding`` but judged anew.
        """
        mentioned = set(literal_variables(literal))
        results: dict[Var, object] = {
            aggregate.result: self._aggregate(aggregate, binding)
            for aggregate in clause.body
            if isinstance(aggregate, Aggregate) and aggregate.result in mentioned and aggregate is not literal
        }
        known: Binding = {**binding, **results}  # type: ignore[dict-item]
        return max((truth for truth, _ in self._extend(clause, literal, known)), default=Truth.FALSE)


class Finality:
    """Tells the steps that no doubt of some kinds can shake; a judge for each kind."""

    def __init__(self, judges: Sequence[StepJudge] = ()) -> None:
        """Without judges there is no doubt, and every step stands."""
        self.judges = tuple(judges)

    def __bool__(self) -> bool:
        """Return whether anything is doubtful."""
        return bool(self.judges)

    def stands(self, clause: Clause, literal: Literal, binding: Binding, *, holds: bool) -> bool:
        """Return whether a literal holds, or fails, for good."""
        wanted = Truth.TRUE if holds else Truth.FALSE
        return all(judge.literal(clause, literal, binding) is wanted for judge in self.judges)

    def all_stand(self, clause: Clause, binding: Binding) -> bool:
        """Return whether a body that holds under ``binding`` does so for good."""
        literals = (literal for literal in clause.body if not isinstance(literal, Aggregate))
        return all(self.stands(clause, literal, binding, holds=True) for literal in literals)


NO_DOUBT: Final = Finality()
