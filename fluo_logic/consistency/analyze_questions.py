"""The questions of an analysis: each about a few rules, and a function that any process can call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from fluo_logic.consistency import analyze_timing
from fluo_logic.consistency.analyze_conflicts import MOST_SPANS, all_met, conflict, conflicts
from fluo_logic.consistency.analyze_findings import Finding, Gap
from fluo_logic.consistency.analyze_known import Spans, examples_of, judged, put_together
from fluo_logic.consistency.analyze_names import meet, obligation_names, span_names
from fluo_logic.consistency.analyze_told import (
    COMPARISON,
    Limits,
    Told,
    Widening,
    hints_of,
    program_for,
    replayed_violations,
)
from fluo_logic.consistency.encode import encode
from fluo_logic.consistency.encode_solve import Demand, Solver, UndecidedError
from fluo_logic.errors import UnsupportedError
from fluo_logic.lang.syntax import Rule, ScopeKind
from fluo_logic.tooling.branches import MOST as MOST_BRANCHES
from fluo_logic.tooling.branches import Branch, branches

PATIENCE: Final = 4
"""How many times the time of one question the search for a timing conflict may take."""
Told_: TypeAlias = tuple[tuple[Finding, ...], tuple[Gap, ...]]
"""The findings and the gaps of a question."""


@dataclass(frozen=True, slots=True)
class Alone:
    """What is known of one rule: the traces at hand, and whether it is to be compared with others."""

    told: Told_
    traces: tuple[Spans, ...]
    room: int
    """How many spans are enough for a trace that it is active and satisfied on, and for one that violates it."""
    compared: bool


def alone(rule: Rule, limits: Limits) -> Alone:
    """Answer whether a rule contradicts itself, or cannot be violated."""
    told = Told(limits)
    try:
        encode(program_for([rule])[0], limits.bound, hints_of([rule]))
        known = judged(examples_of(rule), [rule])
        satisfied = next((one.spans for one in known if rule.id in one.met), None)
        violated = next((one.spans for one in known if rule.id in one.violated), None)
        asked = {
            "contradiction": (satisfied, Demand(0, active=True, violated=False)),
            "tautology": (violated, Demand(0, violated=True)),
        }
        found = {
            kind: _sought(told, rule, demand, kind) if have is None else have for kind, (have, demand) in asked.items()
        }
        satisfied, violated = found["contradiction"], found["tautology"]
        open_ = {one.kind for one in told.findings}
        if violated is None and "tautology" not in open_:
            _tautology(told, rule, satisfied)
        elif satisfied is None and "contradiction" not in open_:
            _contradiction(told, rule, violated or ())
    except UnsupportedError as error:
        told.gap([rule], error.message)
        return Alone(_told(told), (), 0, compared=False)
    if any(one.undecided for one in told.findings):
        told.gap(
            [rule], "it is compared with no other rule, for the questions about it alone took too long", COMPARISON
        )
    traces = [one.spans for one in known if rule.id in one.active | one.violated]
    traces += [one for one in (satisfied, violated) if one is not None and one not in traces]
    met = [one.spans for one in known if rule.id in one.met] + [satisfied or ()]
    bad = [one.spans for one in known if rule.id in one.violated] + [violated or ()]
    room = max(min(len(spans) for spans in some if spans) if any(some) else 0 for some in (met, bad))
    return Alone(_told(told), tuple(traces), room, compared=not told.findings)


def _told(told: Told) -> Told_:
    return tuple(told.findings), tuple(told.gaps)


def _sought(told: Told, rule: Rule, demand: Demand, kind: str) -> Spans | None:
    try:
        # That a few spans are not enough is no finding.
        for bound in (told.limits.bound, MOST_SPANS):
            found = told.solver([rule], bound).find([demand])
            if found is not None:
                return found
    except UndecidedError:
        told.undecided(kind, [rule])
    return None


def _smallest(told: Told, rule: Rule, demand: Demand, known: Spans) -> Spans:
    """Return a smallest trace that meets a demand; the one that is known where it takes too long."""
    try:
        return told.solver([rule], MOST_SPANS).find([demand]) or known
    except UndecidedError:
        return known


def _tautology(told: Told, rule: Rule, satisfied: Spans | None) -> None:
    if satisfied is None:
        told.add("tautology", [rule], f"`when` matches no trace {told.up_to}, so the rule can never fire")
        return
    shown = _smallest(told, rule, Demand(0, active=True, violated=False), satisfied)
    told.add("tautology", [rule], f"no trace {told.up_to} violates it; the smallest that it applies to is", shown)


def _contradiction(told: Told, rule: Rule, violated: Spans) -> None:
    shown = _smallest(told, rule, Demand(0, violated=True), violated)
    sentence = f"no trace {told.up_to} that it applies to satisfies it; it is violated already by"
    told.add("contradiction", [rule], sentence, shown, [rule])


# --- two rules ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Seen:
    """What traces at hand show of two rules: one violates only the first, only the second, both are met on one."""

    first: bool = False
    second: bool = False
    both: bool = False

    @property
    def all(self) -> bool:
        """Whether nothing is left to ask."""
        return self.first and self.second and self.both


def pair(one: Rule, two: Rule, limits: Limits, room: int, seen: Seen) -> Told_:
    """Answer whether one of two rules implies the other, and whether they conflict."""
    told = Told(limits)
    try:
        _implied(told, one, two, told.widening([one, two], limits.bound, min(room, 2 * limits.bound)), seen)
    except UndecidedError:
        told.undecided("subsumption", [one, two])
    except UnsupportedError as error:
        told.gap([one, two], error.message, COMPARISON)
        return _told(told)
    if not seen.both:
        try:
            conflict(told, [one, two], room)
        except UndecidedError:
            told.undecided("conflict", [one, two])
        except UnsupportedError as error:
            told.gap([one, two], error.message, "conflict")
    return _told(told)


def met_together(pairs: Sequence[tuple[Rule, Rule]], parts: Sequence[tuple[Spans, Spans]]) -> list[bool]:
    """Answer, pair by pair, whether two traces put together make both rules active and satisfied."""
    wholes = [
        put_together(two, single=all(rule.scope.kind is ScopeKind.TRACE for rule in pair))
        for pair, two in zip(pairs, parts, strict=True)
    ]
    rules = list({rule.id: rule for pair in pairs for rule in pair}.values())
    return [{one.id, two.id} <= found.met for (one, two), found in zip(pairs, judged(wholes, rules), strict=True)]


def _implied(told: Told, one: Rule, two: Rule, solvers: Widening, seen: Seen) -> None:
    # Rules that need many spans may only lack room where few are given.
    first = [Demand(0, violated=True), Demand(1, violated=False)]
    second = [Demand(1, violated=True), Demand(0, violated=False)]
    only_first = seen.first or solvers.holds(first)
    only_second = seen.second or solvers.holds(second)
    for number, rule, only in ((0, one, only_first), (1, two, only_second)):
        if not only and not solvers.holds([Demand(number, violated=True)]):
            _cannot_violate(told, [one, two], rule, "subsumption")
            return
    if not only_first and not only_second:
        both = solvers.find([Demand(0, violated=True)])
        sentence = f"no trace {told.up_to} violates one of them and not the other; both are violated by"
        told.add("equivalence", [one, two], sentence, both, [one, two])
    elif not only_second:
        _subsumed(told, one, two, solvers.find(first))
    elif not only_first:
        _subsumed(told, two, one, solvers.find(second))


def _cannot_violate(told: Told, rules: Sequence[Rule], rule: Rule, question: str) -> None:
    """Tell that the solver has nothing to say of a rule, which a trace at hand violates."""
    reason = f"a trace at hand violates {rule.id}, but none of those that are generated does"
    told.gap(rules, reason, question)


def _subsumed(told: Told, strict: Rule, loose: Rule, spans: Spans | None) -> None:
    sentence = (
        f"every trace {told.up_to} that violates {loose.id} violates {strict.id} too; "
        f"what {strict.id} asks beyond that shows in"
    )
    told.add("subsumption", [strict, loose], sentence, spans, [strict])


def _may_wait(first: Rule, second: Rule) -> bool:
    # What the other rule never speaks of can follow without a consequence for it.
    return analyze_timing.has_deadline(first) and meet(obligation_names(first), span_names(second))


def may_wait(one: Rule, two: Rule) -> bool:
    """Return whether one of two rules has a deadline, and speaks there of what the other speaks of."""
    return _may_wait(one, two) or _may_wait(two, one)


def timing(one: Rule, two: Rule, limits: Limits) -> Told_:
    """Answer whether a trace can begin so that only one of two rules can still be satisfied."""
    told = Told(limits)
    for first, second in ((one, two), (two, one)):
        if not _may_wait(first, second):
            continue
        try:
            found = analyze_timing.timing_conflict(first, second, PATIENCE * limits.seconds)
        except UndecidedError:
            told.undecided("timing-conflict", [first, second])
            continue
        except UnsupportedError as error:
            told.gap([first, second], error.message, "timing-conflict")
            continue
        if found is not None:
            rules = [one, two]
            sentence = (
                f"on this beginning of a trace {first.id} waits and {second.id} is not violated, each alone can "
                f"still be satisfied, and no continuation by up to {analyze_timing.MORE} spans satisfies both"
            )
            told.add("timing-conflict", rules, sentence, found, replayed_violations(found, rules))
            break
    return _told(told)


# --- several rules ------------------------------------------------------------------------------------------------


def together(rules: Sequence[Rule], limits: Limits, room: int, known: Sequence[frozenset[str]]) -> Told_:
    """Answer which three or more of some rules conflict; ``known`` are sets that some trace satisfies."""
    told = Told(limits)
    conflicts(told, rules, room, known)
    return _told(told)


def satisfiable(rules: Sequence[Rule], limits: Limits) -> bool:
    """Return whether a trace is found that makes all of many rules active and satisfied: then no set conflicts."""
    try:
        return all_met(Told(limits), rules, MOST_SPANS)
    except (UndecidedError, UnsupportedError):
        # Then they are looked at in smaller groups.
        return False


def violating(rule: Rule, chosen: Sequence[Rule], limits: Limits) -> tuple[Spans | None, Told_]:
    """Return a trace that violates a rule and none of some others; None where there is none, or it is not known."""
    told = Told(limits)
    spans = None
    try:
        solver = told.solver([rule, *chosen], limits.bound)
        others = [Demand(at, violated=False) for at in range(1, len(chosen) + 1)]
        if solver.holds([Demand(0, violated=True), *others], shown=True):
            spans = solver.example
        elif solver.holds([Demand(0, violated=True)]):
            solver.holds([Demand(0, violated=True), *others])
            _redundant(told, rule, chosen, solver)
        else:
            _cannot_violate(told, [rule], rule, "redundancy")
    except UndecidedError:
        told.undecided("redundancy", [rule], f"whether {len(chosen)} other rules together imply it: ")
    except UnsupportedError as error:
        told.gap([rule, *chosen], error.message, "redundancy")
    return spans, _told(told)


def _redundant(told: Told, rule: Rule, chosen: Sequence[Rule], solver: Solver) -> None:
    kept = sorted(one.rule for one in solver.core if one.rule)
    for number in list(kept):
        fewer = [one for one in kept if one != number]
        if not solver.holds([Demand(0, violated=True), *(Demand(one, violated=False) for one in fewer)]):
            kept = fewer
    if len(kept) < len(("one", "two")):
        # Then one rule implies it, which the comparison of the two tells.
        return
    by = [chosen[number - 1] for number in kept]
    violated = solver.find([Demand(0, violated=True)]) or ()
    sentence = f"whatever violates {rule.id} violates one of the others too, {told.up_to}; for example"
    told.add("redundancy", [rule, *by], sentence, violated, replayed_violations(violated, [rule, *by]))


# --- branches of a rule -------------------------------------------------------------------------------------------


def shadowed(rule: Rule, limits: Limits, traces: Sequence[Spans]) -> Told_:
    """Answer which branches of a rule decide nothing; ``traces`` are at hand."""
    told = Told(limits)
    found = branches(rule)
    if len(found) == MOST_BRANCHES:
        told.gap([rule], f"only the first {MOST_BRANCHES} branches are looked at", "shadowed")
    shadows: list[tuple[int, int, int]] = []
    for branch in _alike_at_hand(rule, found, traces):
        place = branch.origin
        if any(line == place.line and first <= place.column < last for line, first, last in shadows):
            continue
        try:
            solver = told.solver([rule, branch.without], limits.bound)
            if not _alike(solver):
                continue
            violated = solver.find([Demand(0, violated=True)])
        except UnsupportedError as error:
            told.gap([rule], f"without `{branch.text}` {error.message}", "shadowed")
            continue
        except UndecidedError:
            told.undecided("shadowed", [rule], f"whether `{branch.text}` decides anything: ")
            continue
        if violated is None:
            _cannot_violate(told, [rule], rule, "shadowed")
            break
        shadows.append((place.line, place.column, place.column + len(place.text)))
        sentence = (
            f"`{branch.text}` decides nothing: without it the rule has the same verdict on every trace "
            f"{told.up_to}, such as"
        )
        told.add("shadowed", [rule], sentence, violated, [rule], condition=branch.text)
    return _told(told)


def _alike_at_hand(rule: Rule, found: Sequence[Branch], traces: Sequence[Spans]) -> list[Branch]:
    """Return the branches without which a rule has the same verdicts on traces at hand."""
    known = judged(traces, [rule, *(branch.without for branch in found)]) if found else []
    return [
        branch
        for branch in found
        if all(
            (rule.id in one.active) == (branch.without.id in one.active)
            and (rule.id in one.violated) == (branch.without.id in one.violated)
            for one in known
        )
    ]


def _alike(solver: Solver) -> bool:
    """Return whether rules 0 and 1 are active on the same traces and violated on the same traces."""
    return not any(
        solver.holds(demands)
        for one in (0, 1)
        for demands in (
            [Demand(one, violated=True), Demand(1 - one, violated=False)],
            [Demand(one, active=True), Demand(1 - one, active=False)],
        )
    )
