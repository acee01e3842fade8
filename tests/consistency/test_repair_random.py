"""Every repair that is offered for random spans and rules is one, says an interpreter that shares no code with it."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from fluo_logic.consistency import repair_changes as c
from fluo_logic.consistency.repair import Repair, repair
from fluo_logic.facts.dataset import assemble
from fluo_logic.facts.model import Span
from fluo_logic.lang import syntax
from fluo_logic.lang.syntax import ScopeKind
from fluo_logic.pipeline import explain
from tests.oracle.interpreter import ScopeKey, ScopeResult, Witness, evaluate
from tests.oracle.strategies import rules, traces

LIMIT = 6


def key_of(rule: syntax.Rule, scope: dict[str, str]) -> ScopeKey:
    match rule.scope.kind:
        case ScopeKind.TRACE:
            return ("trace", scope["trace_id"])
        case ScopeKind.KEY:
            return ("key", next(iter(scope.values())))
        case ScopeKind.ALL:
            return ("all",)


def failures(results: dict[ScopeKey, ScopeResult], but: ScopeKey) -> set[tuple[ScopeKey, Witness]]:
    """Return what fails in the other scopes."""
    return {
        (key, found.witness)
        for key, result in results.items()
        for found in result.obligations
        if key != but and found.verdict != "satisfied"
    }


def is_enough(
    rule: syntax.Rule, spans: list[Span], before: ScopeResult, changes: tuple[c.Change, ...], key: ScopeKey, one: Repair
) -> bool:
    """Return whether the oracle finds the scope satisfied, its matches there, and no more failures elsewhere."""
    after = evaluate(rule, c.apply(spans, changes))
    if not failures(after, key) <= failures(evaluate(rule, spans), key):
        return False
    result = after.get(key)
    if result is None:
        return one.vacuous
    failing = {found.witness for found in before.obligations if found.verdict != "satisfied"}
    kept = failing <= {found.witness for found in result.obligations}
    good = result.verdict in ({"satisfied", "vacuous"} if one.vacuous else {"satisfied"})
    return good and (kept or one.vacuous)


def assert_repairs_are_repairs(spans: list[Span], rule: syntax.Rule) -> str:
    try:
        explanation = explain(rule, assemble(spans))
    except Exception:  # noqa: BLE001 - a rule without a scope in these data
        return "no scope"
    result = repair(rule, assemble(spans), explanation)
    key = key_of(rule, dict(explanation.scope))
    before = evaluate(rule, spans)[key]
    for one in result.repairs:
        assert one.sentences
        assert is_enough(rule, spans, before, one.changes, key, one), one.sentences
        if len(one.changes) <= LIMIT:
            for size in range(len(one.changes)):
                for part in combinations(one.changes, size):
                    assert not is_enough(rule, spans, before, part, key, one), (one.sentences, part)
    return result.status


@given(st.data())
@settings(
    max_examples=40,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_a_repair_replays_in_the_oracle(data: st.DataObject) -> None:
    """What is offered satisfies the scope in the oracle, and no strict subset of it does."""
    assert_repairs_are_repairs(data.draw(traces()), data.draw(rules()))


def test_most_random_failures_are_repaired() -> None:
    """The search finds a repair for most of what random rules find wrong."""
    reached: list[str] = []

    @seed(11)
    @settings(
        max_examples=60, deadline=None, phases=[Phase.generate], database=None, suppress_health_check=list(HealthCheck)
    )
    @given(traces(), rules())
    def count(spans: list[Span], rule: syntax.Rule) -> None:
        reached.append(assert_repairs_are_repairs(spans, rule))

    count()
    tried = [status for status in reached if status in {"found", "none", "out-of-reach"}]
    if not tried:
        pytest.fail("no random pair failed")
    assert tried.count("found") >= 0.5 * len(tried), reached
