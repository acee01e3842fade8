"""What a scan of large inputs found, whoever scans them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from fluo_logic.errors import InternalError
from fluo_logic.facts.dataset import Dataset
from fluo_logic.facts.store import Ground
from fluo_logic.logic import Program
from fluo_logic.solve.base import Answer
from fluo_logic.translate.passes import drop_unused

MOST_UNSOUND: Final = 0.2
"""Where more of the traces than this are unsound, all are read exactly."""


@dataclass(frozen=True, slots=True)
class ScannedRule:
    """One rule on all the data, beside what the traces of its failing scopes tell; counts as in `RuleScan`.

    ``failing`` are the scopes in the terms of the data set of these traces.
    """

    scopes: int
    matches: int
    active: int
    failures: tuple[int, ...]
    failing: frozenset[Ground]
    missing_attributes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a scan found: the spans and traces that there are, each rule, and the traces of failing scopes."""

    spans: int
    traces: int
    rules: tuple[ScannedRule, ...]
    dataset: Dataset
    seconds: Mapping[str, float]
    steps: Sequence[tuple[str, float]] = ()
    """The tables that the plan made, and the seconds that each took."""

    def failed(self, program: Program) -> Program:
        """Return the part of a program that the rules with failures need."""
        rules = tuple(plan for plan, rule in zip(program.rules, self.rules, strict=True) if rule.failing)
        return drop_unused(replace(program, rules=rules))

    def confirm(self, program: Program, answer: Answer) -> None:
        """Raise an error where the failures in the traces that failed are not those that the scan counted."""
        for plan, rule in zip(program.rules, self.rules, strict=True):
            for obligation, counted in zip(plan.obligations, rule.failures, strict=True):
                rows = answer.rows(obligation.failure.predicate)
                found = sum(1 for row in rows if row[0] in rule.failing)
                if found != counted:
                    message = (
                        f"the scan found {counted} failures, and {found} are derived from the traces that have them: "
                        f"rule {plan.rule}, `{obligation.origin.text}`"
                    )
                    hint = "run the rule alone with --engine clingo and with --engine duckdb"
                    raise InternalError(code="X301", message=message, hint=hint)


class Clock:
    """How long each part took."""

    def __init__(self) -> None:
        """Begin."""
        self.seconds: dict[str, float] = {}
        self.last = time.perf_counter()

    def tick(self, part: str) -> None:
        """Add the time since the last tick to that of a part."""
        now = time.perf_counter()
        self.seconds[part] = self.seconds.get(part, 0) + now - self.last
        self.last = now
