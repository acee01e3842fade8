"""The whole way from inputs to a report: the only module that names every stage."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

from fluo_logic.errors import UnsupportedError
from fluo_logic.explain.build import RuleProver
from fluo_logic.explain.confirm import Confirmed, confirm
from fluo_logic.explain.judgement import Judgement, JudgeOptions
from fluo_logic.explain.matching import Matcher
from fluo_logic.explain.proof import ObligationProof, SpanRef
from fluo_logic.explain.sentences import display_sentence
from fluo_logic.facts.dataset import Dataset
from fluo_logic.facts.progress import Progress, silent
from fluo_logic.facts.readers import read_opened, read_traces
from fluo_logic.facts.readers.listed import again, named, size_of
from fluo_logic.facts.readers.sources import TraceInput, open_all
from fluo_logic.facts.store import FactStore, Ground, Row
from fluo_logic.lang.source import place_of
from fluo_logic.lang.syntax import Rule, Ruleset
from fluo_logic.logic import ObligationPlan, Program, RulePlan
from fluo_logic.report.missing import missing_attributes
from fluo_logic.report.violation import VERDICTS, DataReport, Report, RuleReport, Violation
from fluo_logic.scopes import find_scope, fingerprint, names_of, scope_json
from fluo_logic.shown import Shown
from fluo_logic.solve.answer import answer_on
from fluo_logic.solve.base import Answer, Engine
from fluo_logic.solve.registry import SPARK, scans_bytes
from fluo_logic.translate.lower import lower
from fluo_logic.translate.passes import run_passes

if TYPE_CHECKING:
    from fluo_logic.scanned import Scanned, ScannedRule
    from fluo_logic.spark.session import Session as SparkSession

DEFAULT_PROOFS: Final = 20
SCANNING: Final = frozenset({"auto", "duckdb"})
"""The engines for which large inputs are scanned as columns."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to check.

    ``max_proofs`` is per rule; violations beyond it are listed without a proof.  ``now`` (nanoseconds since the Unix
    epoch, default the latest time in the data) is the end of the data, from which deadlines are judged.
    ``clock_skew`` (nanoseconds, 0 is off) is by how much the clocks of two services may differ.  ``assume_complete``
    treats holes in traces as if nothing were missing there.  ``spark`` is the session of the engine `spark`, if it is
    not the active one or one that is to be started.
    """

    engine: str = "auto"
    max_proofs: int = DEFAULT_PROOFS
    now: int | None = None
    clock_skew: int = 0
    assume_complete: bool = False
    spark: SparkSession | None = field(default=None, compare=False, repr=False)


DEFAULTS: Final = Options()


@dataclass(frozen=True, slots=True)
class Explanation(Shown):
    """Why one rule has its verdict on one scope: a proof for each obligation, or for why ``when`` does not match."""

    rule: str
    title: str
    severity: str
    scope: Mapping[str, str]
    verdict: str
    sentence: str
    proofs: tuple[ObligationProof, ...]
    spans: int
    traces: int
    dataset: Dataset | None = field(default=None, compare=False, repr=False)


@dataclass
class Session:
    """Rules that have been solved on a data set: what a report and an explanation are read from.

    Where the inputs were ``scanned``, the data set is the traces of the scopes that fail.
    """

    rules: Ruleset
    program: Program
    store: FactStore
    answer: Answer
    options: Options
    confirming: Engine | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    scanned: Scanned | None = None
    progress: Progress = silent

    @cached_property
    def matcher(self) -> Matcher:
        """What proofs of all the rules match clauses with."""
        return Matcher(self.program, self.store, self.answer)

    @property
    def plans(self) -> Iterator[tuple[Rule, RulePlan]]:
        """Each rule with its plan."""
        return zip(self.rules.rules, self.program.rules, strict=True)

    def check_of(self, number: int, rule: Rule, plan: RulePlan) -> RuleCheck:
        """Return the check of a rule by its number."""
        return RuleCheck(self, rule, plan, self.scanned.rules[number] if self.scanned else None)


def check(traces: TraceInput | Sequence[TraceInput] | Dataset, rules: Ruleset, options: Options = DEFAULTS) -> Report:
    """Check rules against traces.

    Args:
        traces: paths, folders, globs, bytes, OpenTelemetry messages or SDK spans, or a data set already read.
        rules: what `fluo_logic.load_rules` or `fluo_logic.rule` returned.
        options: see `Options`.

    Returns:
        The report.  What could not be read is in ``report.data.problems``; the rest was checked all the same.

    Raises:
        UnsupportedError: the engine cannot express a clause of a rule.
    """
    return report(solve(traces, rules, options, whole=False))


def solve(
    traces: TraceInput | Sequence[TraceInput] | Dataset,
    rules: Ruleset,
    options: Options = DEFAULTS,
    *,
    whole: bool = True,
    progress: Progress = silent,
) -> Session:
    """Read, lower, translate and solve.

    Unless the ``whole`` data set is asked for, of large inputs the session has only what a report needs.  Of long work
    ``progress`` is told.
    """
    clock = time.perf_counter()
    program = run_passes(lower(rules))
    lowered = time.perf_counter()
    if isinstance(traces, Dataset):
        found: Dataset | Scanned = traces
    elif options.engine == SPARK and not whole:
        import fluo_logic.spark  # noqa: F401, PLC0415 - it tells what is not installed
        from fluo_logic.distributed import solve_on_spark  # noqa: PLC0415 - it stands on this module

        return solve_on_spark(traces, rules, program, options, progress)
    elif whole or options.engine not in SCANNING:
        found = read_traces(traces)
    else:
        found = _scanned(traces, rules, program, options, progress)
    read = time.perf_counter()
    scanned = None if isinstance(found, Dataset) else found
    store = FactStore(found if isinstance(found, Dataset) else found.dataset)
    # Of a scan, what satisfies its rules is known already.
    open_rules = program if scanned is None else scanned.failed(program)
    answer, confirming = answer_on(open_rules, store, options.engine)
    if scanned is not None:
        scanned.confirm(program, answer)
    solved = time.perf_counter()
    seconds = {"read": read - lowered, "translate": lowered - clock, "solve": solved - read}
    if scanned is not None:
        seconds = {**scanned.seconds, "translate": seconds["translate"], "solve": seconds["solve"]}
    return Session(rules, program, store, answer, options, confirming, seconds, scanned, progress)


def _scanned(
    traces: TraceInput | Sequence[TraceInput], rules: Ruleset, program: Program, options: Options, progress: Progress
) -> Dataset | Scanned:
    """Scan large inputs as columns; read small ones, and those that cannot be scanned."""
    sources = list(named(open_all(traces, None, listed=True)))
    if not scans_bytes(sum(map(size_of, sources))):
        return read_opened(map(again, sources))
    from fluo_logic.scan import scan  # noqa: PLC0415 - start-up counts

    try:
        return scan(sources, rules, program, progress)
    except UnsupportedError:
        if options.engine != "auto":
            raise
        return read_opened(map(again, sources))


def report(session: Session) -> Report:
    """Return the report on a solved session: every verdict, and the proofs that were asked for."""
    clock = time.perf_counter()
    dataset = session.store.dataset
    rules: list[RuleReport] = []
    violations: list[Violation] = []
    for number, (rule, plan) in enumerate(session.plans):
        session.progress(f"judging and proving, rule {number + 1} of {len(session.rules.rules)}")
        checked = session.check_of(number, rule, plan)
        violations.extend(checked.violations())
        rules.append(checked.summary())
    session.seconds["prove"] = time.perf_counter() - clock
    data = DataReport(
        session.scanned.spans if session.scanned else len(dataset.spans),
        session.scanned.traces if session.scanned else len(dataset.traces),
        dataset.inputs,
        dataset.merged,
        dataset.differing,
        dataset.orphans,
        dataset.problems,
    )
    return Report(data, tuple(rules), tuple(violations), dict(session.seconds), dataset=dataset)


class RuleCheck:
    """One rule on the solved data; ``scanned`` is what a scan found of it, where there was one."""

    def __init__(self, session: Session, rule: Rule, plan: RulePlan, scanned: ScannedRule | None = None) -> None:
        """Prepare the rule's prover and judgement."""
        self.scanned = scanned
        self.session = session
        self.rule = rule
        self.plan = plan
        self.prover = RuleProver(plan, session.matcher)
        options = session.options
        self.judgement = Judgement(
            self.prover, plan, JudgeOptions(options.now, options.clock_skew, options.assume_complete)
        )
        self.worst: dict[Ground, str] = {}

    def failures(self) -> Iterator[tuple[Row, int, ObligationPlan]]:
        """Yield each failed obligation: its match of ``when``, its number, its plan; by scope, then by match."""
        failed = [
            (row, number, obligation)
            for number, obligation in enumerate(self.plan.obligations)
            for row in self.session.answer.rows(obligation.failure.predicate)
            # A scope that was read for another rule may be there in part.
            if self.scanned is None or row[0] in self.scanned.failing
        ]
        yield from sorted(failed, key=lambda item: (item[0], item[1]))

    def violations(self) -> Iterator[Violation]:
        """Yield the violations of the rule, the first ones with proofs."""
        budget = self.session.options.max_proofs
        failures = list(self.failures())
        confirmed = self.confirmed([row for row, _, _ in failures[:budget]])
        for row, number, obligation in failures:
            verdict, assumptions = self.judgement.verdict(row, obligation)
            scope = row[0]
            worst = self.worst.get(scope, "satisfied")
            self.worst[scope] = min(worst, verdict, key=VERDICTS.index)
            proof = None
            if budget > 0:
                budget -= 1
                if confirmed is None:
                    proof = self.judgement.proof(row, obligation, verdict, assumptions)
                else:
                    judgement, known = confirmed
                    proof = judgement.proof(known.row(self.plan, row), obligation, verdict, assumptions)
            yield self.violation(row, number, obligation, verdict, proof)

    def confirmed(self, rows: Sequence[Row]) -> tuple[Judgement, Confirmed] | None:
        """Derive what is to be proved a second time where a scan found it; None where the answer is proved directly."""
        session = self.session
        if session.confirming is None or not rows:
            return None
        known = confirm(session.confirming, session.program, self.plan, session.store, session.answer, rows)
        return Judgement(known.prover, self.plan, self.judgement.options), known

    def violation(
        self, row: Row, number: int, obligation: ObligationPlan, verdict: str, proof: ObligationProof | None
    ) -> Violation:
        """Return one obligation that is not met, as reports have it."""
        witness = self.witness(row)
        scope = scope_json(self.plan, row[0], self.session.store)
        return Violation(
            rule=self.rule.id,
            title=self.rule.title,
            severity=self.rule.metadata.severity.value,
            verdict=verdict,
            scope=scope,
            witness=witness,
            obligation=obligation.origin.text,
            sentence=display_sentence(self.rule, number, self.bound(row), self.session.store),
            fingerprint=fingerprint(self.rule.id, number, scope, witness),
            proof=proof,
            dataset=self.session.store.dataset,
        )

    def bound(self, row: Row) -> dict[str, int]:
        """Return the spans of the variables of ``when`` in a match."""
        names = (str(var.label).removeprefix("$") for var in self.plan.variables)
        return {name: span for name, span in zip(names, row[1:], strict=True) if isinstance(span, int)}

    def witness(self, row: Row) -> dict[str, SpanRef]:
        """Return the spans of the variables of ``when`` in a match, as reports cite them."""
        return {name: self.prover.span(span) for name, span in self.bound(row).items()}

    def summary(self) -> RuleReport:
        """Return the counts of the rule; the violations must have been gone through."""
        verdicts = dict.fromkeys(VERDICTS, 0)
        answer = self.session.answer
        if self.scanned is None:
            matches = answer.rows(self.plan.when.predicate)
            active = {row[0] for row in matches}
            scopes, met, count = len(answer.rows(self.plan.scope.predicate)), len(active), len(matches)
        else:
            scopes, met, count = self.scanned.scopes, self.scanned.active, self.scanned.matches
        for verdict in self.worst.values():
            verdicts[verdict] += 1
        verdicts["satisfied"] += met - len(self.worst)
        verdicts["vacuous"] = scopes - met
        return RuleReport(
            id=self.rule.id,
            title=self.rule.title,
            severity=self.rule.metadata.severity.value,
            verdicts=verdicts,
            obligations=count * len(self.plan.obligations),
            missing_attributes=missing_attributes(self.rule, self.session.store)
            if self.scanned is None
            else self.scanned.missing_attributes,
            where=place_of(self.rule.origin),
            metadata=self.rule.metadata,
        )

    def explanation(self, scope: Ground) -> Explanation:
        """Return the proofs of every obligation in one scope, or why ``when`` does not match there."""
        list(self.violations())
        answer = self.session.answer
        matches = sorted(row for row in answer.rows(self.plan.when.predicate) if row[0] == scope)
        failed = {(row, number): obligation for row, number, obligation in self.failures() if row[0] == scope}
        proofs: list[ObligationProof] = []
        sentences: list[tuple[int, str]] = []
        for row in matches:
            for number, obligation in enumerate(self.plan.obligations):
                if (row, number) in failed:
                    verdict, assumptions = self.judgement.verdict(row, obligation)
                    said = display_sentence(self.rule, number, self.bound(row), self.session.store)
                    sentences.append((VERDICTS.index(verdict), said))
                    proofs.append(self.judgement.proof(row, obligation, verdict, assumptions))
                else:
                    proofs.append(self.judgement.proof(row, obligation, "satisfied", ()))
        if not matches:
            proofs.append(self.judgement.vacuous(scope))
        closure = self.prover.closure(scope)
        return Explanation(
            rule=self.rule.id,
            title=self.rule.title,
            severity=self.rule.metadata.severity.value,
            scope=scope_json(self.plan, scope, self.session.store),
            verdict=self.worst.get(scope, "satisfied") if matches else "vacuous",
            # The headline is that of the worst obligation, the first of those.
            sentence=min(sentences, key=lambda item: item[0])[1] if sentences else "",
            proofs=tuple(proofs),
            spans=closure.spans,
            traces=closure.traces,
            dataset=self.session.store.dataset,
        )


def explain(
    rule: Rule,
    traces: TraceInput | Sequence[TraceInput] | Dataset,
    scope: str | None = None,
    options: Options = DEFAULTS,
) -> Explanation:
    """Explain why one rule has its verdict on one scope: violated, satisfied, vacuous, pending or inconclusive.

    Args:
        rule: the rule.
        traces: as for `check`.
        scope: a trace id or the beginning of one, or the value of the rule's scope key.  Without it: the worst scope,
            the first of those.
        options: see `Options`.

    Raises:
        ConfigError: no scope, or more than one, fits ``scope``; or there is no scope at all.
    """
    session = solve(traces, Ruleset((rule,)), options)
    return explain_scope(session, scope)


def explain_scope(session: Session, scope: str | None) -> Explanation:
    """Explain the first rule of a solved session on a scope; see `explain`."""
    ((rule, plan),) = session.plans
    checked = RuleCheck(session, rule, plan)
    return checked.explanation(_pick_scope(checked, scope))


def _pick_scope(checked: RuleCheck, wanted: str | None) -> Ground:
    session, plan = checked.session, checked.plan
    scopes = sorted(row[0] for row in session.answer.rows(plan.scope.predicate))
    names = names_of(plan, scopes, session.store)
    if wanted is None:
        list(checked.violations())
        active = {row[0] for row in session.answer.rows(plan.when.predicate)}
        verdict = {scope: checked.worst.get(scope, "satisfied") if scope in active else "vacuous" for scope in scopes}
        return min(scopes, key=lambda scope: (VERDICTS.index(verdict[scope]), scopes.index(scope)))
    return find_scope(plan, names, wanted)
