"""What was counted of a rule or a control, and what it comes to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Final

from fluo_logic.explain.as_json import Document

OUTCOMES: Final = ("violated", "not_certified", "inconclusive", "pending", "no_evidence", "satisfied")
"""What a control can come to, worst first; that nothing was checked is none of the good ones."""
NO_EVIDENCE: Final = "no_evidence"


@dataclass(frozen=True, slots=True)
class Counts:
    """Obligations by what became of them, and scopes.

    ``satisfied`` counts only obligations for which the independent checker accepted that they are.  ``refused`` counts
    the claims, also those of scopes in which ``when`` does not match, that it did not accept.
    """

    obligations: int = 0
    satisfied: int = 0
    violated: int = 0
    inconclusive: int = 0
    pending: int = 0
    scopes: int = 0
    vacuous: int = 0
    refused: int = 0

    @property
    def not_certified(self) -> int:
        """How many obligations are neither known to fail nor accepted as satisfied."""
        return self.obligations - self.satisfied - self.violated - self.inconclusive - self.pending

    @property
    def outcome(self) -> str:
        """One of `OUTCOMES`."""
        if self.violated:
            return "violated"
        if self.refused or self.not_certified:
            return "not_certified"
        if self.inconclusive or self.pending:
            return "inconclusive" if self.inconclusive else "pending"
        return "satisfied" if self.obligations else NO_EVIDENCE

    def to_json(self) -> Document:
        """Return the outcome and the counts as the documents have them."""
        return {
            "outcome": self.outcome,
            "obligations": {
                "total": self.obligations,
                "satisfied": self.satisfied,
                "violated": self.violated,
                "inconclusive": self.inconclusive,
                "pending": self.pending,
                "not_certified": self.not_certified,
            },
            "scopes": {"total": self.scopes, "vacuous": self.vacuous},
        }


def total(counts: Iterable[Counts]) -> Counts:
    """Return the sum of counts."""
    listed = list(counts)
    return Counts(**{field.name: sum(getattr(one, field.name) for one in listed) for field in fields(Counts)})


def outcome_text(outcome: str) -> str:
    """Return an outcome as a person reads it."""
    return outcome.replace("_", " ")
