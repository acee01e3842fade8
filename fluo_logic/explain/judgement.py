"""Verdicts of failed obligations, and the proof of any obligation: where proofs and certainty meet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fluo_logic.explain import proof as p
from fluo_logic.explain.build import RuleProver, Scope
from fluo_logic.explain.doubts import Doubts
from fluo_logic.explain.evidence import goal_of
from fluo_logic.explain.final import NO_DOUBT, Finality, StepJudge
from fluo_logic.explain.possible import Truth
from fluo_logic.explain.words import duration_text, instant_text, plural, span_text
from fluo_logic.facts.model import Span
from fluo_logic.facts.store import Ground, Row
from fluo_logic.logic import Arith, Compare, Field, ObligationPlan, RulePlan, Var, literal_atoms


@dataclass(frozen=True, slots=True)
class JudgeOptions:
    """The options of a check that verdicts depend on; see `fluo_logic.pipeline.Options`."""

    now: int | None = None
    clock_skew: int = 0
    assume_complete: bool = False


class Judgement:
    """Decides between violated, pending and inconclusive, and proves obligations, for one rule."""

    def __init__(self, prover: RuleProver, plan: RulePlan, options: JudgeOptions) -> None:
        """Prepare for the rule of ``plan``."""
        self.prover = prover
        self.plan = plan
        self.options = options
        self.store = prover.store
        latest = self.store.dataset.latest
        self.now = options.now if options.now is not None else latest
        self.deadlines = _has_deadlines(prover)
        self.judges: dict[tuple[Ground, Doubts], StepJudge] = {}
        self.reasons: tuple[Ground, list[tuple[str, Doubts, str]]] | None = None
        self.scope: tuple[Ground, Scope] | None = None

    # --- verdicts -------------------------------------------------------------------------------------------------

    def verdict(self, row: Row, obligation: ObligationPlan) -> tuple[str, tuple[p.Assumption, ...]]:
        """Return the verdict of an obligation that fails for the match ``row``, and what keeps it from being final."""
        if self.deadlines and self.now is not None:
            doubts = Doubts(now=self.now)
            if self._obligation(row, obligation, doubts) is Truth.UNKNOWN:
                sentence = (
                    f"the data ends at {instant_text(self.now)}, and a span that starts later could still be in time"
                )
                return "pending", (p.Assumption("deadline", sentence),)
        for kind, doubts, sentence in self._doubts(row[0]):
            if self._rests_on(row, obligation, doubts):
                return "inconclusive", (p.Assumption(kind, sentence),)
        reasons = self._doubts(row[0])
        if len(reasons) > 1 and self._rests_on(row, obligation, _together(reasons)):
            return "inconclusive", tuple(p.Assumption(kind, sentence) for kind, _, sentence in reasons)
        return "violated", ()

    def _rests_on(self, row: Row, obligation: ObligationPlan, doubts: Doubts) -> bool:
        if self._obligation(row, obligation, doubts) is Truth.UNKNOWN:
            return True
        judge = self._judge(row[0], doubts)
        return judge.truth(self.plan.when, dict(self._binding(row))) is not Truth.TRUE

    def _obligation(self, row: Row, obligation: ObligationPlan, doubts: Doubts) -> Truth:
        truth = self._judge(row[0], doubts).truth(obligation.condition, dict(self._binding(row)))
        return truth if obligation.polarity == "always" else Truth(Truth.TRUE - truth)

    def _finality(self, scope: Ground, verdict: str) -> Finality:
        """Return what tells the steps of a violation that stand whatever the verdict had to doubt."""
        if verdict != "violated":
            return NO_DOUBT
        doubts = [Doubts(now=self.now)] if self.deadlines and self.now is not None else []
        reasons = self._doubts(scope)
        if reasons:
            doubts.append(_together(reasons))
        return Finality([self._judge(scope, doubt) for doubt in doubts])

    def _judge(self, scope: Ground, doubts: Doubts) -> StepJudge:
        judge = self.judges.get((scope, doubts))
        if judge is None:
            # One scope at a time: the memo of a judge is as large as the scope.
            self.judges = {key: kept for key, kept in self.judges.items() if key[0] == scope}
            members = self.prover.members(scope)
            judge = self.judges[scope, doubts] = StepJudge(self.prover.matcher, self.plan, members, doubts)
        return judge

    def _doubts(self, scope: Ground) -> list[tuple[str, Doubts, str]]:
        if self.reasons is None or self.reasons[0] != scope:
            self.reasons = (scope, self._doubted(scope))
        return self.reasons[1]

    def _doubted(self, scope: Ground) -> list[tuple[str, Doubts, str]]:
        members = self.prover.members(scope)
        found: list[tuple[str, Doubts, str]] = []
        if not self.options.assume_complete:
            hole = self._hole(members)
            if hole is not None:
                found.append(("hole", Doubts(hole=True), hole))
        dropping = [span for span in members if _dropped(self.store.spans[span])]
        if dropping:
            named = span_text(self.prover.span(dropping[0]))
            who = named if len(dropping) == 1 else plural(len(dropping), "span")
            what = sorted({kind for span in dropping for kind in _dropped(self.store.spans[span])})
            sentence = f"{who} dropped {', '.join(what[:-1])}{' and ' if what[:-1] else ''}{what[-1]}"
            found.append(("dropped", Doubts(dropped=True), sentence))
        if self.options.clock_skew:
            services = sorted({self.store.spans[span].resource.service or "an unnamed service" for span in members})
            margin = duration_text(self.options.clock_skew)
            sentence = f"an order between {' and '.join(services)} is closer than the clock skew of {margin}"
            found.append(("clock-skew", Doubts(skew=self.options.clock_skew), sentence))
        return found

    def _hole(self, members: Sequence[int]) -> str | None:
        for trace_id in dict.fromkeys(self.store.spans[span].trace_id for span in members):
            trace = self.store.dataset.traces[trace_id]
            if trace.orphans:
                orphan = min(trace.orphans)
                span = trace.by_id[orphan]
                return (
                    f"trace {trace_id[:8]} has a hole: the parent {(span.parent_id or '')[:8]} of {span.name} "
                    f"{orphan[:8]} is not in the data"
                )
            if not trace.topmost:
                return f"trace {trace_id[:8]} has a hole: it has no topmost span"
            if trace.has_hole:
                return f"trace {trace_id[:8]} has a hole: some of its spans were lost, or have not come yet"
        return None

    # --- proofs ---------------------------------------------------------------------------------------------------

    def proof(
        self, row: Row, obligation: ObligationPlan, verdict: str, assumptions: tuple[p.Assumption, ...]
    ) -> p.ObligationProof:
        """Return the proof that an obligation fails, or holds, for the match ``row`` of ``when``."""
        prover = self.prover.prover(self._scope(row[0]), row[1:], self._finality(row[0], verdict))
        binding = dict(self._binding(row))
        holds = (obligation.polarity == "always") == (verdict == "satisfied")
        goals = [(obligation.condition, binding, holds)]
        if self.plan.when.predicate != self.plan.scope.predicate:
            goals.append((self.plan.when, binding, True))
        condition, *when = prover.smallest(*goals)
        bindings = tuple(
            p.Binding(str(var.label), self.prover.span(span))
            for var, span in zip(self.plan.variables, row[1:], strict=True)
            if isinstance(span, int)
        )
        return p.ObligationProof(
            rule=self.plan.rule,
            polarity=obligation.polarity,
            when=when[0] if when else None,
            condition=condition,
            obligation=goal_of(obligation.origin),
            bindings=bindings,
            verdict=verdict,
            assumptions=assumptions,
        )

    def vacuous(self, scope: Ground) -> p.ObligationProof:
        """Return the proof that ``when`` does not match in a scope."""
        first = self.plan.when.args[0]
        binding = {first: scope} if isinstance(first, Var) else {}
        (condition,) = self.prover.prover(self._scope(scope), ()).smallest((self.plan.when, binding, False))
        return p.ObligationProof(self.plan.rule, "when", None, condition, goal_of(self.plan.when.origin), (), "vacuous")

    def _scope(self, scope: Ground) -> Scope:
        # Violations come scope by scope, so the last one is usually the next one too.
        if self.scope is None or self.scope[0] != scope:
            self.scope = (scope, self.prover.scope(scope))
        return self.scope[1]

    def _binding(self, row: Row) -> dict[Var, Ground]:
        return {arg: value for arg, value in zip(self.plan.when.args, row, strict=True) if isinstance(arg, Var)}


def _together(reasons: Sequence[tuple[str, Doubts, str]]) -> Doubts:
    """Return several kinds of doubt as one."""
    return Doubts(
        hole=any(doubts.hole for _, doubts, _ in reasons),
        dropped=any(doubts.dropped for _, doubts, _ in reasons),
        skew=max(doubts.skew for _, doubts, _ in reasons),
    )


def _dropped(span: Span) -> list[str]:
    """Return of which kinds a span dropped some."""
    counts = {"attributes": span.dropped_attributes, "events": span.dropped_events, "links": span.dropped_links}
    return [kind for kind, count in counts.items() if count > 0]


def _has_deadlines(prover: RuleProver) -> bool:
    """Return whether a clause that the rule rests on has a ``before`` or ``after … within``."""
    pending = [obligation.condition.predicate for obligation in prover.plan.obligations]
    seen: set[str] = set()
    while pending:
        predicate = pending.pop()
        if predicate in seen:
            continue
        seen.add(predicate)
        for clause in prover.matcher.definitions.get(predicate, ()):
            for literal in clause.body:
                match literal:
                    case Compare(left=Field(), right=Arith(op="+", left=Field())):
                        return True
                    case _:
                        pending.extend(atom.predicate for atom in literal_atoms(literal))
    return False
