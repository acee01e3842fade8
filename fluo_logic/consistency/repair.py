"""The smallest changes to a trace that would satisfy a rule where it fails.

The search goes round: the failures of the trace as it is say what could be changed, clingo chooses the cheapest set of
changes, the rule is evaluated on the trace after them, and what then fails is learned.  A set after which nothing fails
is applied to the data and checked by the engine, and each strict subset of it is tried; only what passes is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

from fluo_logic.consistency import repair_changes as c
from fluo_logic.consistency.repair_choice import Choice
from fluo_logic.consistency.repair_drafts import Drafts
from fluo_logic.consistency.repair_goals import Goal, cheapest, leaves, one_of
from fluo_logic.consistency.repair_ways import Ways
from fluo_logic.consistency.repair_world import Named, World
from fluo_logic.errors import InternalError
from fluo_logic.facts.dataset import Dataset, assemble
from fluo_logic.facts.model import SpanKey
from fluo_logic.facts.readers import read_traces
from fluo_logic.facts.readers.sources import TraceInput
from fluo_logic.facts.store import Ground, Row
from fluo_logic.lang.syntax import Rule, Ruleset
from fluo_logic.logic import Program, RulePlan
from fluo_logic.pipeline import DEFAULTS, Explanation, Options, RuleCheck, Session, explain, solve
from fluo_logic.scopes import scope_json

SHOWN: Final = 3
"""How many repairs of the same size are shown."""
MOST_CHANGES: Final = 12
"""How many changes a repair may have."""
ROUNDS: Final = 60
"""How many sets of changes are tried."""
MOST_SPANS: Final = 400
"""How large the traces of a scope may be."""
MOST_FAILURES: Final = 40
"""How many failures of one state are looked into."""
EVERY_SUBSET: Final = 6
"""Up to how many changes every strict subset is tried; beyond it, those that lack one change."""


@dataclass(frozen=True, slots=True)
class Repair:
    """Changes after which the scope is satisfied, and no fewer of them.

    ``vacuous``: it is satisfied only because a match of ``when`` is gone.
    """

    changes: tuple[c.Change, ...]
    vacuous: bool
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Repairs:
    """What was found: ``status`` is ``found``, ``none``, ``out-of-reach`` or ``not-needed``; ``sentence`` says it."""

    status: str
    sentence: str
    repairs: tuple[Repair, ...] = ()


def repair(
    rule: Rule,
    traces: TraceInput | Sequence[TraceInput] | Dataset,
    scope: Explanation | str | None = None,
    options: Options = DEFAULTS,
) -> Repairs:
    """Return the smallest changes that would satisfy ``rule`` in a scope.

    Args:
        rule: the rule.
        traces: as for `fluo_logic.pipeline.explain`.
        scope: as for `fluo_logic.pipeline.explain`, or what that returned.
        options: see `fluo_logic.pipeline.Options`.

    Returns:
        Up to `SHOWN` repairs of the same, least cost; each was replayed and satisfies the scope.

    Raises:
        ConfigError: no scope fits.
    """
    dataset = traces if isinstance(traces, Dataset) else read_traces(traces)
    explanation = scope if isinstance(scope, Explanation) else explain(rule, dataset, scope, options)
    if explanation.verdict in {"satisfied", "vacuous"}:
        return Repairs("not-needed", f"the rule is {explanation.verdict} here, so there is nothing to repair")
    session = solve(dataset, Ruleset((rule,)), replace(options, engine="clingo", max_proofs=0))
    return _Search(session, rule, explanation.scope).found()


class _TooMuchError(Exception):
    """The search is at a limit; the text says at which."""


class _Search:
    """The search for repairs of one rule in one scope."""

    def __init__(self, session: Session, rule: Rule, scope: Mapping[str, str]) -> None:
        self.session = session
        self.rule = rule
        ((_, self.plan),) = session.plans
        self.program: Program = session.program
        self.scope: Ground = next(
            row[0]
            for row in session.answer.rows(self.plan.scope.predicate)
            if scope_json(self.plan, row[0], session.store) == scope
        )
        member = session.answer.matching(self.plan.member.predicate, (self.scope, None))
        traces = {session.store.spans[row[1]].trace_id for row in member if isinstance(row[1], int)}
        dataset = session.store.dataset
        self.spans = [span for span in dataset.spans if span.trace_id in traces]
        self.base = World(self.program, self.plan, self.spans)
        self.target = _scope_name(self.plan, self.scope, session)
        self.failing = {self.base.named(row) for row, _ in self.base.failures}
        self.matches = {self.base.named(row) for row in self.base.matches}
        self.repairing = {row for row in self.failing if row[0] == self.target}
        self.large = False
        self.failing_everywhere = set(_failing(session, self.plan))

    def found(self) -> Repairs:
        """Return the repairs, or why there are none."""
        if len(self.spans) > MOST_SPANS:
            return Repairs(
                "out-of-reach",
                f"the traces of this scope have {len(self.spans):,} spans; repairs are sought up to {MOST_SPANS:,}",
            )
        limits = ""
        for vacuous in (False, True):
            try:
                repairs = self._phase(vacuous=vacuous)
            except _TooMuchError as limit:
                limits = limits or str(limit)
                continue
            if repairs:
                return self._result(repairs, limits, vacuous=vacuous)
        if limits:
            return Repairs("out-of-reach", f"no repair was found: {limits}")
        return Repairs("none", "no change of the kinds that are looked for would satisfy the rule here")

    def _result(self, repairs: list[tuple[c.Change, ...]], limits: str, *, vacuous: bool) -> Repairs:
        from fluo_logic.consistency.repair_text import sentences  # noqa: PLC0415 - only a result is told

        told = tuple(Repair(changes, vacuous, sentences(changes, self.spans)) for changes in repairs)
        count = "one repair" if len(told) == 1 else f"{len(told)} repairs of the same size"
        text = f"{count}; replayed, and no part of {'it' if len(told) == 1 else 'one'} is enough"
        if vacuous:
            but = f"the search for others stopped: {limits}" if limits else "nothing else that was tried is enough"
            text += f"; only because the rule then no longer applies to what failed, {but}"
        return Repairs("found", text, told)

    # --- one search -----------------------------------------------------------------------------------------------

    def _phase(self, *, vacuous: bool) -> list[tuple[c.Change, ...]]:
        """Return the cheapest repairs; those that only make the rule not apply count where ``vacuous``."""
        choice, drafts = Choice(MOST_CHANGES), Drafts([span.key for span in self.spans])
        self._learn((), self.base, choice, drafts, vacuous=vacuous)
        best: int | None = None
        repairs: list[tuple[c.Change, ...]] = []
        for _ in range(ROUNDS):
            chosen = choice.next()
            if chosen is None:
                break
            cost, changes = chosen
            if best is not None and (cost > best or len(repairs) == SHOWN):
                return repairs
            world = self._after(changes)
            if self._is_good(world, vacuous=vacuous):
                least = self._least(changes, vacuous=vacuous)
                choice.refuse(least, exactly=False)
                if not self._replays(least, vacuous=vacuous):
                    continue
                cost = sum(c.weight(change) for change in least)
                if best is not None and cost < best:
                    repairs = []
                best = cost
                repairs.append(least)
            else:
                self._learn(changes, world, choice, drafts, vacuous=vacuous)
        else:
            if not repairs:
                message = f"{ROUNDS} sets of changes were tried and none is enough"
                raise _TooMuchError(message)
        if not repairs and (drafts.too_many or choice.too_large or (choice.timed_out and self.large)):
            message = f"it would take more than {MOST_CHANGES} changes"
            raise _TooMuchError(message)
        if not repairs and drafts.left < 0:
            message = "there are too many ways to add spans"
            raise _TooMuchError(message)
        if not repairs and choice.timed_out:
            message = "the choice among the changes takes too long"
            raise _TooMuchError(message)
        return repairs

    def _after(self, changes: Sequence[c.Change]) -> World:
        return self.base.after(c.apply(self.spans, changes))

    def _lost(self, world: World) -> set[Named]:
        """Return the matches that failed and are not there any more."""
        return self.repairing - {world.named(row) for row in world.matches}

    def _open(self, world: World) -> list[tuple[Row, int]]:
        """Return what has to be met still: the failures in the scope, and those elsewhere that were not there."""
        found = []
        for row, obligation in world.failures:
            name = world.named(row)
            if name[0] == self.target or name not in self.failing:
                found.append((row, self.plan.obligations.index(obligation)))
        return found

    def _is_good(self, world: World, *, vacuous: bool) -> bool:
        return not self._open(world) and (vacuous or not self._lost(world))

    def _learn(
        self, changes: Sequence[c.Change], world: World, choice: Choice, drafts: Drafts, *, vacuous: bool
    ) -> None:
        """Learn from a state that is not good what it lacks."""
        if not vacuous and self._lost(world):
            choice.refuse(changes, exactly=False)
            return
        added = {change.span: change for change in changes if isinstance(change, c.AddSpan)}
        for row, number in self._open(world)[:MOST_FAILURES]:
            goal = self._goal(world, row, number, drafts, added, vacuous=vacuous)
            self._number(goal, choice)
            choice.require(changes, goal)
            if not changes and len(set(map(c.identity, cheapest(goal)[1]))) > MOST_CHANGES:
                self.large = True
        if changes:
            # A goal that these changes reach already was too easy; at least they are not tried twice.
            choice.refuse(changes, exactly=True)

    def _goal(
        self,
        world: World,
        row: Row,
        number: int,
        drafts: Drafts,
        added: dict[SpanKey, c.AddSpan],
        *,
        vacuous: bool,
    ) -> Goal:
        obligation = self.plan.obligations[number]
        guards = frozenset({self.plan.when.predicate, self.plan.scope.predicate})
        ways = Ways(world, row[0], drafts, added, guards)
        binding = world.bound(row)
        want = obligation.polarity == "always"
        goal = (ways.hold if want else ways.fail)(obligation.condition, binding)
        is_new = world.named(row) not in self.matches
        if (vacuous or is_new) and self.plan.when.predicate != self.plan.scope.predicate:
            free = Ways(world, row[0], drafts, added, frozenset({self.plan.scope.predicate}))
            goal = one_of((goal, free.fail(self.plan.when, binding)))
        return goal

    def _number(self, goal: Goal, choice: Choice) -> None:
        """Give the changes of a goal the order in which sets of equal cost come: small moves, then late spans."""
        by_key = {span.key: (position, span) for position, span in enumerate(self.spans)}
        for change in leaves(goal):
            position, span = by_key.get(change.span, (len(by_key), None))
            moved = abs(change.time - c.first_time(span)) if isinstance(change, c.Move) and span else 0
            choice.number(change, (moved, -position))

    # --- checks ---------------------------------------------------------------------------------------------------

    def _least(self, changes: tuple[c.Change, ...], *, vacuous: bool) -> tuple[c.Change, ...]:
        """Return the smallest part of the changes that is good."""
        for part in _parts(changes):
            if self._is_good(self._after(part), vacuous=vacuous):
                return part if len(part) <= 1 else self._least(part, vacuous=vacuous)
        return changes

    def _replays(self, changes: Sequence[c.Change], *, vacuous: bool) -> bool:
        """Return whether the engine, on all the data after the changes, agrees.

        Raises:
            InternalError: it still finds the failure in the scope.
        """
        spans = c.apply(self.session.store.spans, changes)
        after = solve(assemble(spans), Ruleset((self.rule,)), self.session.options)
        failing = set(_failing(after, self.plan))
        if any(name[0] == self.target for name in failing):
            message = f"a repair of rule {self.rule.id} is none when it is replayed: {[c.identity(x) for x in changes]}"
            raise InternalError(code="X401", message=message)
        if not vacuous:
            ((_, plan),) = after.plans
            kept = {_named(after, plan, row) for row in after.answer.rows(plan.when.predicate)}
            if not self.repairing <= kept:
                return False
        # What it breaks in a scope beyond these traces makes it no repair.
        return failing <= self.failing_everywhere


def _parts(changes: tuple[c.Change, ...]) -> Iterator[tuple[c.Change, ...]]:
    sizes = range(1, len(changes)) if len(changes) <= EVERY_SUBSET else [len(changes) - 1]
    for size in sizes:
        yield from combinations(changes, size)


def _failing(session: Session, plan: RulePlan) -> Iterator[Named]:
    ((rule, own),) = session.plans
    for row, _, _ in RuleCheck(session, rule, own).failures():
        yield _named(session, plan, row)


def _named(session: Session, plan: RulePlan, row: Row) -> Named:
    names: list[str | SpanKey] = [_scope_name(plan, row[0], session)]
    names.extend(session.store.spans[value].key for value in row[1:] if isinstance(value, int))
    return tuple(names)


def _scope_name(plan: RulePlan, scope: Ground, session: Session) -> str:
    if plan.scope_kind == "per trace" and isinstance(scope, int):
        return session.store.trace_ids[scope]
    return str(scope)
