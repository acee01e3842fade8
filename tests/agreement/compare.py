"""The answers of the product and of the oracle in one shape, so that they can be compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fluo_logic.facts.dataset import assemble
from fluo_logic.facts.model import Span
from fluo_logic.lang.syntax import Rule, Ruleset, ScopeKind
from fluo_logic.logic import RulePlan
from fluo_logic.pipeline import Options, RuleCheck, Session, solve
from fluo_logic.scopes import scope_json
from tests.oracle.interpreter import evaluate

Shape = dict[tuple[str, ...], tuple[str, frozenset[Any]]]


def product(rule: Rule, spans: Sequence[Span], options: Options) -> Shape:
    """What the pipeline says: for each scope its verdict, and each obligation with witness and verdict."""
    session = solve(assemble(spans), Ruleset((rule,)), options)
    ((_, plan),) = session.plans
    return shape_of(session, rule, plan)


def shape_of(session: Session, rule: Rule, plan: RulePlan) -> Shape:
    """What a solved session says of one rule; the proof of every obligation is built on the way."""
    checked = RuleCheck(session, rule, plan)
    failed: dict[tuple[Any, int], str] = {}
    for row, number, obligation in checked.failures():
        verdict, assumptions = checked.judgement.verdict(row, obligation)
        failed[row, number] = verdict
        assert checked.judgement.proof(row, obligation, verdict, assumptions).verdict == verdict
    shape: Shape = {}
    list(checked.violations())
    matches: dict[Any, list[Any]] = {}
    for row in session.answer.rows(plan.when.predicate):
        matches.setdefault(row[0], []).append(row)
    for (scope,) in session.answer.rows(plan.scope.predicate):
        found = set()
        for row in matches.get(scope, ()):
            witness = tuple(sorted((name, *session.store.spans[span].key) for name, span in checked.bound(row).items()))
            for number, obligation in enumerate(plan.obligations):
                verdict = failed.get((row, number), "satisfied")
                if verdict == "satisfied":
                    checked.judgement.proof(row, obligation, "satisfied", ())
                found.add((number, witness, verdict))
        verdict = checked.worst.get(scope, "satisfied") if scope in matches else "vacuous"
        if scope not in matches:
            checked.judgement.vacuous(scope)
        shape[_scope_key(rule, scope_json(plan, scope, session.store))] = (verdict, frozenset(found))
    return shape


def _scope_key(rule: Rule, scope: dict[str, str]) -> tuple[str, ...]:
    match rule.scope.kind:
        case ScopeKind.TRACE:
            return ("trace", scope["trace_id"])
        case ScopeKind.KEY:
            return ("key", next(iter(scope.values())))
        case ScopeKind.ALL:
            return ("all",)


def oracle(rule: Rule, spans: Sequence[Span], options: Options) -> Shape:
    """What the oracle says, in the same shape."""
    results = evaluate(
        rule,
        list(spans),
        now=options.now,
        clock_skew=options.clock_skew,
        assume_complete=options.assume_complete,
    )
    return {
        key: (
            result.verdict,
            frozenset((found.index, tuple(found.witness), found.verdict) for found in result.obligations),
        )
        for key, result in results.items()
    }
