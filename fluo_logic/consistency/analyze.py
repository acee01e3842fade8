"""`fluo analyze`: which rules contradict themselves or each other, can never fire, or say what others say.

Questions about single rules come first, then those about pairs, then those about more.  Whatever a trace at hand
already shows is not asked; the rest goes to the solver, in several processes if wanted, and is told in a fixed order.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, Final, Self, TypeVar

from fluo_logic.consistency import analyze_questions as questions
from fluo_logic.consistency.analyze_apart import Shown, forbidding
from fluo_logic.consistency.analyze_conflicts import MOST_SPANS
from fluo_logic.consistency.analyze_data import data_findings
from fluo_logic.consistency.analyze_findings import Analysis, Finding, Gap, RuleNote, ordered
from fluo_logic.consistency.analyze_known import Judged, Spans, judged
from fluo_logic.consistency.analyze_names import Neighbours, span_names, triggered_together
from fluo_logic.consistency.analyze_questions import Alone, Seen, Told_
from fluo_logic.consistency.analyze_timing import has_deadline
from fluo_logic.consistency.analyze_told import COMPARISON, Limits, solver_for
from fluo_logic.consistency.encode_solve import Demand
from fluo_logic.consistency.witness import Witness, replayed
from fluo_logic.facts.dataset import Dataset
from fluo_logic.lang.source import place_of
from fluo_logic.lang.syntax import Rule, Ruleset

BOUND: Final = 6
SECONDS: Final = 5.0
FEW: Final = 12
"""How many questions are answered faster than further processes are started."""
CHUNK: Final = 50
"""How many pairs of rules are judged in one go."""
MOST_OTHERS: Final = 16
"""How many other rules may together make one redundant."""
MOST_UNNAMED: Final = 100
"""With how many pairs timing conflicts are looked for where a rule speaks of spans of any name."""
MOST_TOGETHER: Final = 24
"""Of how many rules a trace is sought that satisfies all of them."""
Answer = TypeVar("Answer")


def analyze(
    rules: Ruleset | Rule,
    traces: Dataset | None = None,
    *,
    bound: int = BOUND,
    seconds: float = SECONDS,
    jobs: int = 1,
) -> Analysis:
    """Analyse rules over all traces of at most ``bound`` spans of their own vocabulary.

    Args:
        rules: the rules.
        traces: recorded traces, for names that these never show and rules that they never activate.
        bound: the most spans of a generated trace; rules that count, and pairs of rules, may be given a few more.
        seconds: how long one question may take; one that takes longer is reported as undecided.
        jobs: how many processes may answer questions; more than one are started anew, so that a script has to guard
            its main module.  The result is the same.

    Raises:
        InternalError: a witness does not have the verdicts that it was made for.
    """
    ruleset = Ruleset((rules,)) if isinstance(rules, Rule) else rules
    with _Processes(jobs) as processes:
        return _Analyser(ruleset, Limits(bound, seconds), processes).analysis(traces)


class _Processes:
    """Answers questions in order, in further processes where there are many."""

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs
        self.pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.pool is not None:
            self.pool.shutdown(cancel_futures=True)

    def answers(
        self, function: Callable[..., Answer], questions: Sequence[tuple[Any, ...]], few: int = FEW
    ) -> list[Answer]:
        if self.jobs == 1 or len(questions) < few:
            return [function(*one) for one in questions]
        if self.pool is None:
            self.pool = ProcessPoolExecutor(self.jobs, mp_context=multiprocessing.get_context("spawn"))
        return [one.result() for one in [self.pool.submit(function, *one) for one in questions]]


class _Analyser:
    def __init__(self, rules: Ruleset, limits: Limits, processes: _Processes) -> None:
        self.rules = rules.rules
        self.limits = limits
        self.processes = processes
        self.findings: list[Finding] = []
        self.gaps: list[Gap] = []
        self.alone: dict[str, Alone] = {}
        self.known: list[Judged] = []

    def analysis(self, traces: Dataset | None) -> Analysis:
        asked = self.processes.answers(questions.alone, [(rule, self.limits) for rule in self.rules])
        self.alone = {rule.id: found for rule, found in zip(self.rules, asked, strict=True)}
        self.take([found.told for found in asked])
        left = [rule for rule in self.rules if self.alone[rule.id].compared]
        neighbours = Neighbours(left)
        pairs, slices = neighbours.pairs(), neighbours.slices()
        self.judge(left)
        self.compare(pairs)
        self.sets(slices)
        self.redundancies(left, slices)
        shadowed = [(rule, self.limits, self.alone[rule.id].traces) for rule in left]
        self.take(self.processes.answers(questions.shadowed, shadowed))
        self.timing(pairs)
        if traces is not None:
            self.findings += data_findings(Ruleset(self.rules), traces)
        about = tuple(
            RuleNote(rule.id, rule.title, rule.metadata.severity.value, place_of(rule.origin)) for rule in self.rules
        )
        return Analysis(self.limits.bound, len(self.rules), ordered(self.findings), tuple(self.gaps), about)

    def take(self, told: Sequence[Told_]) -> None:
        for findings, gaps in told:
            self.findings += findings
            self.gaps += gaps

    def judge(self, left: Sequence[Rule]) -> None:
        """Judge the traces at hand."""
        traces = [spans for rule in left for spans in self.alone[rule.id].traces]
        further = [one for rule in left if (one := forbidding(rule)) is not None and one.obligations]
        self.known = self.judged(traces, [*left, *further])

    def judged(self, traces: Sequence[Spans], rules: Sequence[Rule]) -> list[Judged]:
        """Judge traces, a part of the rules in each process."""
        if not traces:
            return []
        jobs = self.processes.jobs if len(rules) > FEW else 1
        found = self.processes.answers(judged, [(traces, rules[at::jobs]) for at in range(jobs)], few=2)
        return [
            Judged(
                spans,
                frozenset[str]().union(*(part[number].active for part in found)),
                frozenset[str]().union(*(part[number].violated for part in found)),
            )
            for number, spans in enumerate(traces)
        ]

    def room(self, rules: Sequence[Rule]) -> int:
        return sum(self.alone[rule.id].room for rule in rules) + 1

    # --- pairs ----------------------------------------------------------------------------------------------------

    def compare(self, pairs: Sequence[tuple[Rule, Rule]]) -> None:
        shown = Shown([rule for rule in self.rules if self.alone[rule.id].compared], self.known)
        apart = [pair for pair in pairs if not shown.both_met(*pair)]
        smallest = self.smallest()
        tried = [pair for pair in apart if smallest.keys() >= set(_ids(pair))]
        # Rules of one kind of scope are judged together.
        tried.sort(key=lambda pair: sorted(str(rule.scope.key) for rule in pair))
        chunks = [tried[at : at + CHUNK] for at in range(0, len(tried), CHUNK)]
        found = self.processes.answers(
            questions.met_together,
            [(chunk, [(smallest[one.id], smallest[two.id]) for one, two in chunk]) for chunk in chunks],
            few=2,
        )
        answers = zip(tried, (one for answers in found for one in answers), strict=True)
        open_ = {_ids(pair) for pair in apart}.difference(_ids(pair) for pair, met in answers if met)
        asked = []
        for one, two in pairs:
            seen = Seen(shown.only(one, two), shown.only(two, one), (one.id, two.id) not in open_)
            if not seen.all:
                asked.append((one, two, self.limits, self.room([one, two]), seen))
        self.take(self.processes.answers(questions.pair, asked))

    def smallest(self) -> dict[str, Spans]:
        """Return for rules a smallest trace at hand that they are active and satisfied on, and few are violated on."""
        found: dict[str, Spans] = {}
        for one in sorted(self.known, key=lambda one: (len(one.violated), len(one.spans))):
            for rule in one.met:
                found.setdefault(rule, one.spans)
        return found

    def timing(self, pairs: Sequence[tuple[Rule, Rule]]) -> None:
        # Rules that conflict anyway are told of; of rules that imply each other, what satisfies one satisfies both.
        told = [frozenset(one.rules) for one in self.findings if not one.undecided and one.kind != "redundancy"]
        told += [frozenset(one.rules) for one in self.gaps if one.question == COMPARISON]
        waiting = {rule.id for rule in self.rules if has_deadline(rule)}
        some = [pair for pair in pairs if not waiting.isdisjoint(_ids(pair)) and questions.may_wait(*pair)]
        open_ = [pair for pair in some if not any(rules.issuperset(_ids(pair)) for rules in told if len(rules) > 1)]
        named = [pair for pair in open_ if not any(span_names(rule) is None for rule in pair)]
        if len(open_) - len(named) > MOST_UNNAMED:
            left_out = {rule.id: rule for pair in open_ for rule in pair if span_names(rule) is None}
            reason = (
                "they speak of spans of any name: with them and the rules that have a deadline it is not looked for, "
                f"for that is {len(open_) - len(named)} pairs"
            )
            self.gaps.append(Gap(tuple(left_out), reason, "timing-conflict"))
            open_ = named
        asked = [(one, two, self.limits) for one, two in open_]
        self.take(self.processes.answers(questions.timing, asked, few=4))

    # --- more rules -----------------------------------------------------------------------------------------------

    def conflicts(self) -> list[frozenset[str]]:
        return [frozenset(one.rules) for one in self.findings if one.kind == "conflict" and not one.undecided]

    def sets(self, slices: Sequence[Sequence[Rule]]) -> None:
        """Look for conflicts of three and more rules: of a slice, or, where that is too much, of a trigger."""
        known = [one.met for one in self.known]
        many = [rules for rules in slices if len(rules) > len(("one", "two"))]
        many = [rules for rules in many if not any(met.issuperset(_ids(rules)) for met in known)]
        few = [rules for rules in many if len(rules) <= MOST_TOGETHER]
        fine = self.processes.answers(questions.satisfiable, [(rules, self.limits) for rules in few])
        satisfied = [rules for rules, one in zip(few, fine, strict=True) if one]
        asked = []
        for rules in many:
            if rules in satisfied:
                continue
            groups: list[Sequence[Rule]] = [rules]
            if self.room(rules) > MOST_SPANS or len(rules) > MOST_TOGETHER:
                groups = [group for group in triggered_together(rules) if len(group) > len(("one", "two"))]
                reason = (
                    "three or more of them are looked at only where spans of one name make them apply, for all "
                    f"together take more than {MOST_SPANS} spans"
                )
                self.gaps.append(Gap(_ids(rules), reason, "conflict"))
            for group in groups:
                sets = _largest([met.intersection(_ids(group)) for met in known])
                asked.append((group, self.limits, min(self.room(group), MOST_SPANS), sets))
        self.take(self.processes.answers(questions.together, asked))

    def redundancies(self, left: Sequence[Rule], slices: Sequence[Sequence[Rule]]) -> None:
        """Look for rules that others together imply.

        A rule's others are asked of only when a trace violates the rule and none of those asked of before.
        """
        implied = {
            one.rules[-1] for one in self.findings if one.kind in {"subsumption", "equivalence"} and not one.undecided
        }
        # From rules that conflict, anything follows.
        out = implied.union(*self.conflicts())
        others: dict[str, dict[str, Rule]] = {}
        open_: dict[str, list[str]] = {}
        for rule in left:
            beside = next(rules for rules in slices if any(one is rule for one in rules))
            others[rule.id] = {one.id: one for one in beside if one.id not in out and one is not rule}
            seen = [one.violated & others[rule.id].keys() for one in self.known if rule.id in one.violated]
            if rule.id not in implied and len(others[rule.id]) > 1 and all(seen):
                open_[rule.id] = min((sorted(one) for one in seen), key=lambda one: (len(one), one), default=[])
        while open_:
            asked = [rule for rule in left if rule.id in open_]
            found = self.processes.answers(
                questions.violating,
                [(rule, [others[rule.id][one] for one in open_[rule.id]], self.limits) for rule in asked],
            )
            self.take([told for _, told in found])
            traces = [(rule, spans) for rule, (spans, _) in zip(asked, found, strict=True) if spans is not None]
            known = self.judged([spans for _, spans in traces], left)
            open_ = {
                rule.id: [*open_[rule.id], *sorted(one.violated & others[rule.id].keys())]
                for (rule, _), one in zip(traces, known, strict=True)
                if one.violated & others[rule.id].keys()
            }
            for rule in [rule for rule in left if len(open_.get(rule.id, ())) > MOST_OTHERS]:
                reason = f"more than {MOST_OTHERS} other rules might together imply it"
                self.gaps.append(Gap((rule.id,), reason, "redundancy"))
                del open_[rule.id]


def _ids(rules: Sequence[Rule]) -> tuple[str, ...]:
    return tuple(rule.id for rule in rules)


def _largest(sets: Sequence[frozenset[str]]) -> list[frozenset[str]]:
    unique = list(dict.fromkeys(sets))
    return [one for one in unique if not any(one < other for other in unique)]


def witness(rule: Rule, verdict: str, *, bound: int = BOUND, seconds: float = SECONDS) -> Witness | None:
    """Return a smallest trace on which a rule is ``violated`` or ``satisfied``, None where there is none in the bound.

    Raises:
        UnsupportedError: the rule cannot be expressed over generated traces.
        UndecidedError: no answer within ``seconds``.
    """
    violated = verdict == "violated"
    spans = solver_for([rule], bound, seconds).find([Demand(0, active=True, violated=violated)])
    return None if spans is None else replayed(spans, Ruleset((rule,)), {rule.id: violated})
