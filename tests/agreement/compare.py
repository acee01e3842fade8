"""The answers of the product and of the oracle in one shape, so that they can be compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fluo_logic.facts.dataset import assemble
from fluo_logic.facts.model import Span
from fluo_logic.lang.syntax import Rule, Ruleset, ScopeKind
from fluo_logic.pipeline import Options, RuleCheck, scope_json, solve
from tests.oracle.interpreter import evaluate

Shape = dict[tuple[str, ...], tuple[str, frozenset[Any]]]


def product(rule: Rule, spans: Sequence[Span], options: Options) -> Shape:
    """What the pipeline says: for each scope its verdict, and each obligation with witness and verdict."""
    session = solve(assemble(spans), Ruleset((rule,)), options)
    ((_, plan),) = session.plans
    checked = RuleCheck(session, rule, plan)
    failed: dict[tuple[Any, int], str] = {}
    for row, number, obligation in checked.failures():
        failed[row, number] = checked.judgement.verdict(row, obligation)[0]
        proof = checked.judgement.proof(row, obligation, *checked.judgement.verdict(row, obligation))
        assert proof.verdict == failed[row, number]
    shape: Shape = {}
    list(checked.violations())
    active = {row[0] for row in session.answer.rows(plan.when.predicate)}
    for (scope,) in session.answer.rows(plan.scope.predicate):
        found = set()
        for row in session.answer.rows(plan.when.predicate):
            if row[0] != scope:
                continue
            witness = tuple(sorted((name, *session.store.spans[span].key) for name, span in checked.bound(row).items()))
            for number, obligation in enumerate(plan.obligations):
                verdict = failed.get((row, number), "satisfied")
                if verdict == "satisfied":
                    checked.judgement.proof(row, obligation, "satisfied", ())
                found.add((number, witness, verdict))
        verdict = checked.worst.get(scope, "satisfied") if scope in active else "vacuous"
        if scope not in active:
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
