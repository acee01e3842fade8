"""`fluo analyze`: which rules contradict themselves or each other, can never fire, or say what others say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import Final

from fluo_logic.consistency import analyze_timing
from fluo_logic.consistency.analyze_data import data_findings
from fluo_logic.consistency.analyze_findings import Analysis, Finding, ordered
from fluo_logic.consistency.encode_solve import Demand, Solver, UndecidedError
from fluo_logic.consistency.vocabulary import unsupported, vocabulary_of
from fluo_logic.consistency.witness import LATER, Witness, replayed, verdicts
from fluo_logic.errors import UnsupportedError
from fluo_logic.facts.dataset import Dataset
from fluo_logic.facts.model import Span
from fluo_logic.lang.syntax import Pattern, Rule, Ruleset
from fluo_logic.lang.walk import nodes
from fluo_logic.tooling.branches import branches
from fluo_logic.translate.lower import lower
from fluo_logic.translate.passes import run_passes

BOUND: Final = 6
SECONDS: Final = 5.0
MOST_COUNTED: Final = 10
MOST_SPANS: Final = 14
"""With how many spans it is tried again to refute a contradiction, a tautology or a conflict."""
MOST_OTHERS: Final = 8
"""How many other rules may together make one redundant."""


def analyze(
    rules: Ruleset | Rule, traces: Dataset | None = None, *, bound: int = BOUND, seconds: float = SECONDS
) -> Analysis:
    """Analyse rules over all traces of at most ``bound`` spans of their own vocabulary.

    Args:
        rules: the rules.
        traces: recorded traces, for names that these never show and rules that they never activate.
        bound: the most spans of a generated trace; rules that count, and pairs of rules, may be given a few more.
        seconds: how long one question may take; one that takes longer is reported as undecided.

    Raises:
        InternalError: a witness does not have the verdicts that it was made for.
    """
    ruleset = Ruleset((rules,)) if isinstance(rules, Rule) else rules
    return _Analyser(ruleset, bound, seconds).analysis(traces)


def solver_for(rules: Sequence[Rule], bound: int, seconds: float) -> Solver:
    """Return the solver for some rules together, with room for what they count to."""
    program = run_passes(lower(Ruleset(tuple(rules))))
    counted = vocabulary_of(program).counted
    if counted > MOST_COUNTED:
        message = f"it counts to {counted}, which takes more spans than are generated"
        raise unsupported(message)
    return Solver(program, max(bound, counted + 2), seconds)


def span_names(rule: Rule) -> frozenset[str] | None:
    """Return the names of the spans that a rule speaks of, None where it speaks of any span."""
    roots = (rule.when, *(obligation.condition for obligation in rule.obligations))
    patterns = [node for root in roots if root is not None for node in nodes(root) if isinstance(node, Pattern)]
    if any(pattern.name is None for pattern in patterns):
        return None
    return frozenset(pattern.name for pattern in patterns if pattern.name is not None)


class _Analyser:
    def __init__(self, rules: Ruleset, bound: int, seconds: float) -> None:
        self.rules = rules
        self.bound = bound
        self.seconds = seconds
        self.findings: list[Finding] = []
        self.not_analysed: dict[str, str] = {}
        self.sizes: dict[str, int] = {}
        self.settled: set[str] = set()
        self.conflicts: list[frozenset[str]] = []
        self.implied: set[str] = set()
        self.up_to = ""

    def analysis(self, traces: Dataset | None) -> Analysis:
        for rule in self.rules.rules:
            self.alone(rule)
        left = [rule for rule in self.rules.rules if rule.id not in self.settled and rule.id not in self.not_analysed]
        for one, two in _sharing(left):
            self.pair(one, two)
        self.triples(left)
        for rule in left:
            self.redundancy(rule, left)
            self.shadowed(rule)
        for one, two in _sharing(left):
            self.timing(one, two)
        if traces is not None:
            self.findings += data_findings(self.rules, traces)
        return Analysis(self.bound, len(self.rules), ordered(self.findings), tuple(self.not_analysed.items()))

    def grounded(self, solver: Solver) -> Solver:
        """Return a solver whose bound is what sentences state from here on."""
        self.up_to = f"with up to {solver.bound} spans"
        return solver

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
        self.findings.append(Finding(kind, tuple(rule.id for rule in rules), sentence, witness, detail=detail))

    def undecided(self, kind: str, rules: Sequence[Rule]) -> None:
        sentence = f"not decided within {self.seconds:g} s a question, {self.up_to}"
        self.findings.append(Finding(kind, tuple(rule.id for rule in rules), sentence, undecided=True))

    # --- one rule -------------------------------------------------------------------------------------------------

    def alone(self, rule: Rule) -> None:
        try:
            solver = self.grounded(solver_for([rule], self.bound, self.seconds))
            satisfied = solver.find([Demand(0, active=True, violated=False)])
            violated = solver.find([Demand(0, violated=True)])
            if satisfied is None or violated is None:
                # That a few spans are not enough is no finding.
                solver = self.grounded(solver_for([rule], MOST_SPANS, self.seconds))
                satisfied = satisfied or solver.find([Demand(0, active=True, violated=False)])
                violated = violated or solver.find([Demand(0, violated=True)])
        except UnsupportedError as error:
            self.not_analysed[rule.id] = error.message
            return
        except UndecidedError:
            self.undecided("contradiction", [rule])
            self.settled.add(rule.id)
            return
        self.sizes[rule.id] = max(len(satisfied or ()), len(violated or ()))
        if violated is None:
            self.settled.add(rule.id)
            if satisfied is None:
                self.add("tautology", [rule], f"`when` matches no trace {self.up_to}, so the rule can never fire")
            else:
                sentence = f"no trace {self.up_to} violates it; the smallest that it applies to is"
                self.add("tautology", [rule], sentence, satisfied)
        elif satisfied is None:
            self.settled.add(rule.id)
            sentence = f"no trace {self.up_to} that it applies to satisfies it; it is violated already by"
            self.add("contradiction", [rule], sentence, violated, [rule])

    def shadowed(self, rule: Rule) -> None:
        shadows: list[tuple[int, int, int]] = []
        for branch in branches(rule):
            place = branch.origin
            if any(line == place.line and first <= place.column < last for line, first, last in shadows):
                continue
            try:
                solver = self.grounded(solver_for([rule, branch.without], self.bound, self.seconds))
                violated = solver.find([Demand(0, violated=True)]) if _alike(solver) else None
            except UnsupportedError:
                continue
            except UndecidedError:
                self.undecided("shadowed", [rule])
                continue
            if violated is not None:
                shadows.append((place.line, place.column, place.column + len(place.text)))
                sentence = (
                    f"`{branch.text}` decides nothing: without it the rule has the same verdict on every trace "
                    f"{self.up_to}, such as"
                )
                self.add("shadowed", [rule], sentence, violated, [rule], condition=branch.text)

    # --- several rules --------------------------------------------------------------------------------------------

    def pair(self, one: Rule, two: Rule) -> None:
        try:
            solver = self.together([one, two])
            first = solver.find([Demand(0, violated=True), Demand(1, violated=False)])
            second = solver.find([Demand(1, violated=True), Demand(0, violated=False)])
            if first is None and second is None:
                both = solver.find([Demand(0, violated=True)])
                self.implied.add(two.id)
                sentence = f"no trace {self.up_to} violates one of them and not the other; both are violated by"
                self.add("equivalence", [one, two], sentence, both, [one, two])
            elif second is None:
                self.subsumed(one, two, first)
            elif first is None:
                self.subsumed(two, one, second)
            self.conflict([one, two], solver)
        except UndecidedError:
            self.undecided("subsumption", [one, two])
        except UnsupportedError as error:
            self.not_analysed[f"{one.id}, {two.id}"] = error.message

    def subsumed(self, strict: Rule, loose: Rule, spans: tuple[Span, ...] | None) -> None:
        self.implied.add(loose.id)
        sentence = (
            f"every trace {self.up_to} that violates {loose.id} violates {strict.id} too; "
            f"what {strict.id} asks beyond that shows in"
        )
        self.add("subsumption", [strict, loose], sentence, spans, [strict])

    def together(self, rules: Sequence[Rule]) -> Solver:
        room = sum(self.sizes.get(rule.id, 0) for rule in rules) + 1
        return self.grounded(solver_for(rules, max(self.bound, min(room, 2 * self.bound)), self.seconds))

    def conflict(self, rules: Sequence[Rule], solver: Solver) -> None:
        numbers = range(len(rules))
        active = [Demand(number, active=True) for number in numbers]
        if solver.find([*active, *(Demand(number, violated=False) for number in numbers)]) is not None:
            return
        singly = [solver.find([*active, Demand(number, violated=False)]) for number in numbers]
        found = singly[0]
        if found is None or any(one is None for one in singly):
            return
        # Rules that need many spans each may only lack room together.
        wide = self.grounded(solver_for(rules, MOST_SPANS, self.seconds))
        if wide.find([*active, *(Demand(number, violated=False) for number in numbers)]) is not None:
            return
        self.conflicts.append(frozenset(rule.id for rule in rules))
        told = replayed_violations(found, rules)
        names = " and ".join(rule.id for rule in rules)
        sentence = (
            f"where {names} apply together, each can be satisfied, and no trace {self.up_to} satisfies all; "
            f"{rules[0].id} is satisfied, at the cost of the others, by"
        )
        self.add("conflict", rules, sentence, found, told)

    def triples(self, left: Sequence[Rule]) -> None:
        sharing = {frozenset((one.id, two.id)) for one, two in _sharing(left)}
        for rules in combinations(left, 3):
            ids = [frozenset((one.id, two.id)) for one, two in combinations(rules, 2)]
            if not all(pair in sharing for pair in ids) or any(pair in self.conflicts for pair in ids):
                continue
            if not _same_trigger(rules):
                continue
            try:
                self.conflict(rules, self.together(rules))
            except UndecidedError:
                self.undecided("conflict", rules)
            except UnsupportedError:
                continue

    def redundancy(self, rule: Rule, left: Sequence[Rule]) -> None:
        if rule.id in self.implied:
            return
        # From rules that conflict, anything follows.
        out = self.implied.union({rule.id}, *self.conflicts)
        others = [one for one in _reached(rule, left) if one.id not in out][:MOST_OTHERS]
        if len(others) < len(("one", "two")):
            return
        try:
            solver = self.grounded(solver_for([rule, *others], self.bound, self.seconds))
            kept = list(range(1, len(others) + 1))

            def follows(numbers: Sequence[int]) -> bool:
                demands = [Demand(number, violated=False) for number in numbers]
                return solver.find([Demand(0, violated=True), *demands]) is None

            if not follows(kept):
                return
            for number in list(kept):
                fewer = [one for one in kept if one != number]
                if follows(fewer):
                    kept = fewer
            violated = solver.find([Demand(0, violated=True)])
        except UndecidedError:
            self.undecided("redundancy", [rule])
            return
        except UnsupportedError:
            return
        by = [others[number - 1] for number in kept]
        sentence = f"whatever violates {rule.id} violates one of the others too, {self.up_to}; for example"
        told = replayed_violations(violated or (), [rule, *by])
        self.add("redundancy", [rule, *by], sentence, violated, told)

    def timing(self, one: Rule, two: Rule) -> None:
        pair = {one.id, two.id}
        if any(pair >= known for known in self.conflicts) or any(
            {*found.rules} == pair and not found.undecided for found in self.findings
        ):
            return
        for first, second in ((one, two), (two, one)):
            found = analyze_timing.timing_conflict(first, second, 4 * self.seconds)
            if found is not None:
                rules = [one, two]
                sentence = (
                    f"on this beginning of a trace {first.id} waits and {second.id} is not violated, each alone can "
                    f"still be satisfied, and no continuation by up to {analyze_timing.MORE} spans satisfies both"
                )
                told = replayed_violations(found, rules)
                self.add("timing-conflict", rules, sentence, found, told)
                return


def replayed_violations(spans: Sequence[Span], rules: Sequence[Rule]) -> list[Rule]:
    """Return the rules that a trace violates, as the engine says."""
    now = max((span.end or 0 for span in spans), default=0) + LATER
    found = verdicts(spans, Ruleset(tuple(rules)), now)
    return [rule for rule in rules if found[rule.id] == "violated"]


def _alike(solver: Solver) -> bool:
    """Return whether rules 0 and 1 are active on the same traces and violated on the same traces."""
    return all(
        solver.find(demands) is None
        for one in (0, 1)
        for demands in (
            [Demand(one, violated=True), Demand(1 - one, violated=False)],
            [Demand(one, active=True), Demand(1 - one, active=False)],
        )
    )


def _sharing(rules: Sequence[Rule]) -> Iterator[tuple[Rule, Rule]]:
    """Yield the pairs of rules that speak of spans of a common name."""
    names = {rule.id: span_names(rule) for rule in rules}
    for one, two in combinations(rules, 2):
        first, second = names[one.id], names[two.id]
        if first is None or second is None or first & second:
            yield one, two


def _reached(rule: Rule, rules: Sequence[Rule]) -> list[Rule]:
    """Return the rules that common names lead to, the nearest first."""
    found = [rule]
    for one in found:
        for first, second in _sharing(rules):
            other = second if first is one else first if second is one else None
            if other is not None and other not in found:
                found.append(other)
    return found


def _same_trigger(rules: Sequence[Rule]) -> bool:
    """Return whether one name triggers all the rules: only such sets of three are looked at."""
    triggers = [
        {node.name for node in nodes(rule.when) if isinstance(node, Pattern)} if rule.when is not None else None
        for rule in rules
    ]
    named = [one for one in triggers if one is not None]
    return not named or bool(set.intersection(*named))


def witness(rule: Rule, verdict: str, *, bound: int = BOUND, seconds: float = SECONDS) -> Witness | None:
    """Return a smallest trace on which a rule is ``violated`` or ``satisfied``, None where there is none in the bound.

    Raises:
        UnsupportedError: the rule cannot be expressed over generated traces.
        UndecidedError: no answer within ``seconds``.
    """
    violated = verdict == "violated"
    spans = solver_for([rule], bound, seconds).find([Demand(0, active=True, violated=violated)])
    return None if spans is None else replayed(spans, Ruleset((rule,)), {rule.id: violated})
