"""What a question about rules comes to: findings with replayed witnesses, and what was left open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from fluo_logic.consistency.analyze_findings import Finding, Gap
from fluo_logic.consistency.encode_solve import Demand, Solver
from fluo_logic.consistency.vocabulary import Hints, Key, unsupported, vocabulary_of
from fluo_logic.consistency.witness import LATER, replayed, verdicts
from fluo_logic.facts.model import Span
from fluo_logic.lang.syntax import Rule, Ruleset
from fluo_logic.logic import Program
from fluo_logic.tooling.example_spans import example_spans
from fluo_logic.translate.lower import lower
from fluo_logic.translate.passes import run_passes
from fluo_logic.values import Value

MOST_COUNTED: Final = 10
COMPARISON: Final = "comparison"
"""The question of a gap that leaves two rules uncompared."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The most spans of a generated trace, and how many seconds one question may take."""

    bound: int
    seconds: float


@dataclass(slots=True)
class Widening:
    """Solvers for the same rules with more and more spans, each made when those before it had no answer."""

    told: Told
    rules: Sequence[Rule]
    bounds: Sequence[int]
    solvers: list[Solver] = field(default_factory=list)

    def all(self) -> Iterator[Solver]:
        """Yield the solvers, the one with the fewest spans first; raises UnsupportedError."""
        for at, bound in enumerate(self.bounds):
            if at == len(self.solvers):
                self.solvers.append(self.told.solver(self.rules, bound))
            yield self.solvers[at]

    def holds(self, demands: Sequence[Demand]) -> bool:
        """Return whether some trace meets every demand; raises UndecidedError and UnsupportedError."""
        return any(solver.holds(demands) for solver in self.all())

    def find(self, demands: Sequence[Demand]) -> tuple[Span, ...] | None:
        """Return a smallest trace that meets every demand; raises UndecidedError and UnsupportedError."""
        return next((found for solver in self.all() if (found := solver.find(demands)) is not None), None)


@dataclass(slots=True)
class Told:
    """Collects the findings and the gaps of one question."""

    limits: Limits
    findings: list[Finding] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    up_to: str = ""
    """The bound of the solver that was made last, as sentences state it."""

    def solver(self, rules: Sequence[Rule], bound: int) -> Solver:
        """Return a solver for rules; raises UnsupportedError."""
        made = solver_for(rules, bound, self.limits.seconds)
        self.up_to = f"with up to {made.bound} spans"
        return made

    def widening(self, rules: Sequence[Rule], *bounds: int) -> Widening:
        """Return solvers for rules with each of some bounds, which are made when they are needed."""
        return Widening(self, rules, sorted({max(self.limits.bound, bound) for bound in bounds}))

    def add(
        self,
        kind: str,
        rules: Sequence[Rule],
        sentence: str,
        spans: Iterable[Span] | None = None,
        violated: Sequence[Rule] = (),
        **detail: str,
    ) -> None:
        """Add a finding, its witness replayed: ``violated`` are the rules that have to be violated on it."""
        witness = None
        if spans is not None:
            expected = {rule.id: rule in violated for rule in rules}
            witness = replayed(tuple(spans), Ruleset(tuple(rules)), expected)
        self.findings.append(Finding(kind, ids(rules), sentence, witness, detail=detail))

    def undecided(self, kind: str, rules: Sequence[Rule], about: str = "") -> None:
        """Add a finding that says that a question took too long."""
        up_to = f", {self.up_to}" if self.up_to else ""
        sentence = f"{about}not decided within {self.limits.seconds:g} s a question{up_to}"
        self.findings.append(Finding(kind, ids(rules), sentence, undecided=True))

    def gap(self, rules: Sequence[Rule], reason: str, question: str = "") -> None:
        """Add what cannot be analysed."""
        self.gaps.append(Gap(ids(rules), reason, question))


def ids(rules: Sequence[Rule]) -> tuple[str, ...]:
    """Return the ids of rules."""
    return tuple(rule.id for rule in rules)


def program_for(rules: Sequence[Rule]) -> tuple[Program, int]:
    """Return rules as a program, and how many spans they count to; raises UnsupportedError beyond `MOST_COUNTED`."""
    program = run_passes(lower(Ruleset(tuple(rules))))
    counted = vocabulary_of(program, hints_of(rules)).counted
    if counted > MOST_COUNTED:
        message = f"it counts to {counted}, which takes more spans than are generated"
        raise unsupported(message)
    return program, counted


def solver_for(rules: Sequence[Rule], bound: int, seconds: float) -> Solver:
    """Return the solver for some rules together, with room for what they count to."""
    program, counted = program_for(rules)
    return Solver(program, max(bound, counted + 2), seconds, hints=hints_of(rules))


def hints_of(rules: Sequence[Rule]) -> Hints:
    """Return the values that examples of rules give attributes: what a regular expression matches stands there."""
    found: dict[Key, list[Value]] = {}
    for span in (span for rule in rules for example in rule.examples for span in example_spans(example)):
        spaces = (
            ("attribute", span.attributes),
            ("resource", span.resource.attributes),
            *(("event", one.attributes) for one in span.events),
        )
        for space, values in spaces:
            for key, value in values.items():
                found.setdefault((space, key), []).append(value)
        found.setdefault(("intrinsic", "span:name"), []).append(span.name)
        found.setdefault(("intrinsic", "span:status_message"), []).append(span.status_message)
    return found


def replayed_violations(spans: Sequence[Span], rules: Sequence[Rule]) -> list[Rule]:
    """Return the rules that a trace violates, as the engine says."""
    now = max((span.end or 0 for span in spans), default=0) + LATER
    found = verdicts(spans, Ruleset(tuple(rules)), now)
    return [rule for rule in rules if found[rule.id] == "violated"]
