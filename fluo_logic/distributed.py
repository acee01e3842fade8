"""A check on Spark, whole: scanned where the spans are, and judged and proved there as well as may be.

What fails within a trace is derived, judged and proved by the executor that has the trace.  What fails across traces
is derived here, from the traces that came back.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from fluo_logic.errors import InternalError
from fluo_logic.facts.dataset import Dataset
from fluo_logic.facts.progress import Progress
from fluo_logic.facts.readers.sources import TraceInput, open_all
from fluo_logic.facts.store import FactStore
from fluo_logic.lang.syntax import Rule, Ruleset
from fluo_logic.logic import Program, RulePlan
from fluo_logic.pipeline import Options, RuleCheck, Session
from fluo_logic.report.violation import VERDICTS, Violation
from fluo_logic.scanned import ScannedRule
from fluo_logic.solve.answer import answer_on
from fluo_logic.solve.base import Answer
from fluo_logic.translate.passes import drop_unused


@dataclass(frozen=True, slots=True)
class Judged:
    """The violations of a rule in some traces."""

    rule: int
    violations: tuple[Violation, ...]


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges and proves what fails within traces; an executor has one."""

    rules: Ruleset
    program: Program
    options: Options

    def __call__(self, dataset: Dataset, failing: Mapping[str, Mapping[int, int]]) -> Iterator[Judged]:
        """Yield the violations of each rule in some of the traces of a data set.

        ``failing`` has for each trace the numbers of the rules that fail there, and how many proofs each gets.
        """
        store = FactStore(dataset)
        numbers = sorted({number for trace_id in dataset.traces for number in failing.get(trace_id, {})})
        plans = {number: self.program.rules[number] for number in numbers}
        program = drop_unused(replace(self.program, rules=tuple(plans.values())))
        answer, confirming = answer_on(program, store, self.options.engine)
        for number, plan in plans.items():
            proofs = {
                index: failing[trace_id][number]
                for index, trace_id in enumerate(store.trace_ids)
                if number in failing.get(trace_id, {})
            }
            options = replace(self.options, max_proofs=sum(proofs.values()))
            rules = Ruleset((self.rules.rules[number],))
            session = Session(rules, program, store, answer, options, confirming)
            only = ScannedRule(0, 0, 0, (), frozenset(proofs), {})
            found = RuleCheck(session, rules.rules[0], plan, only).violations()
            yield Judged(number, tuple(replace(violation, dataset=None) for violation in found))


@dataclass
class JudgedSession(Session):
    """A session of which the violations of some rules, by number, are known already."""

    judged: Mapping[int, Sequence[Violation]] = field(default_factory=dict)

    def check_of(self, number: int, rule: Rule, plan: RulePlan) -> RuleCheck:
        """Return the check of a rule, which for some only hands on what is known."""
        known = self.judged.get(number)
        if known is None or self.scanned is None:
            return Session.check_of(self, number, rule, plan)
        return JudgedCheck(self, rule, plan, self.scanned.rules[number], known)


class JudgedCheck(RuleCheck):
    """The check of a rule whose violations are known."""

    def __init__(
        self, session: Session, rule: Rule, plan: RulePlan, scanned: ScannedRule, known: Sequence[Violation]
    ) -> None:
        """Take the violations, in the order of their traces."""
        super().__init__(session, rule, plan, scanned)
        self.known = known

    def violations(self) -> Iterator[Violation]:
        """Yield the violations of the rule, the first ones with proofs."""
        dataset = self.session.store.dataset
        for violation in self.known:
            scope = violation.scope["trace_id"]
            worst = self.worst.get(scope, "satisfied")
            self.worst[scope] = min(worst, violation.verdict, key=VERDICTS.index)
            yield replace(violation, dataset=dataset)


def solve_on_spark(
    traces: TraceInput | Sequence[TraceInput], rules: Ruleset, program: Program, options: Options, progress: Progress
) -> Session:
    """Return the session of a check on Spark.

    Raises:
        UnsupportedError: a clause has no relational form, or none in Spark SQL.
        ConfigError: Spark cannot be started, or a job fails.
    """
    from fluo_logic.spark.scan import Scan  # noqa: PLC0415 - an optional package

    clock = time.perf_counter()
    with Scan(open_all(traces, None, listed=True), rules, program, progress, options.spark) as scan:
        scanned = scan.result()
        if scanned is None:
            store = FactStore(scan.everything())
            answer, confirming = answer_on(program, store, options.engine)
            seconds = {"read and solve": time.perf_counter() - clock}
            return Session(rules, program, store, answer, options, confirming, seconds, None, progress)
        judge = Judge(rules, program, replace(options, spark=None))
        judged = _judged(scan.judged(judge, options.max_proofs), scanned.dataset)
    started = time.perf_counter()
    store = FactStore(scanned.dataset)
    open_rules = drop_unused(
        replace(
            program,
            rules=tuple(
                plan
                for number, (plan, rule) in enumerate(zip(program.rules, scanned.rules, strict=True))
                if rule.failing and number not in judged
            ),
        )
    )
    answer, confirming = answer_on(open_rules, store, options.engine) if open_rules.rules else (Answer({}), None)
    _confirm(program, scanned.rules, judged, answer)
    seconds = {**scanned.seconds, "solve": time.perf_counter() - started}
    return JudgedSession(rules, program, store, answer, options, confirming, seconds, scanned, progress, judged=judged)


def _judged(found: Sequence[Judged], dataset: Dataset) -> dict[int, tuple[Violation, ...]]:
    """Return the violations of each rule that was judged, in the order of the traces of the data set."""
    order = {trace_id: number for number, trace_id in enumerate(dataset.traces)}
    by_rule: dict[int, list[Violation]] = {}
    for part in found:
        by_rule.setdefault(part.rule, []).extend(part.violations)
    return {
        number: tuple(sorted(violations, key=lambda violation: order[violation.scope["trace_id"]]))
        for number, violations in by_rule.items()
    }


def _confirm(
    program: Program, rules: Sequence[ScannedRule], judged: Mapping[int, Sequence[Violation]], answer: Answer
) -> None:
    """Raise an error where what is derived from traces is not what Spark counted."""
    for number, (plan, rule) in enumerate(zip(program.rules, rules, strict=True)):
        if number in judged:
            found = len(judged[number])
        else:
            found = sum(
                row[0] in rule.failing
                for obligation in plan.obligations
                for row in answer.rows(obligation.failure.predicate)
            )
        if found != sum(rule.failures):
            message = (
                f"Spark counted {sum(rule.failures)} failures of rule {plan.rule}, and {found} are derived from the "
                "traces that have them"
            )
            hint = "run the rule alone with --engine spark and with --engine duckdb"
            raise InternalError(code="X301", message=message, hint=hint)
