"""DuckDB gives the answers of clingo and the verdicts of the oracle.

More random pairs than a test run should take: ``python -m tests.agreement.test_duckdb 5000 [SEED]``.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from fluo_logic.facts.dataset import assemble
from fluo_logic.facts.model import Span
from fluo_logic.facts.store import FactStore
from fluo_logic.lang.syntax import Rule, Ruleset
from fluo_logic.pipeline import Options
from fluo_logic.solve.registry import engine_named
from fluo_logic.translate.lower import lower
from fluo_logic.translate.passes import run_passes
from tests.agreement.compare import oracle, product
from tests.oracle.strategies import spans_and_rules

pytest.importorskip("duckdb")

EXAMPLES = 300


def disagreement(rules: Ruleset, spans: Sequence[Span]) -> str:
    """The first predicate on whose tuples DuckDB and clingo differ, with the tuples; empty where they agree."""
    program = run_passes(lower(rules))
    store = FactStore(assemble(spans))
    expected = engine_named("clingo").solve(program, store)
    found = engine_named("duckdb").solve(program, store)
    for predicate in program.definitions():
        missing = expected.rows(predicate) - found.rows(predicate)
        extra = found.rows(predicate) - expected.rows(predicate)
        if missing or extra:
            return f"{predicate}: duckdb lacks {sorted(missing)} and adds {sorted(extra)}"
    return ""


def check_pair(pair: tuple[list[Span], Rule]) -> None:
    """DuckDB has the tuples of clingo in every predicate, and the verdicts of the oracle."""
    spans, rule = pair
    assert not disagreement(Ruleset((rule,)), spans)
    options = Options(engine="duckdb")
    assert product(rule, spans, options) == oracle(rule, spans, options)


@seed(20261124)
@settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(spans_and_rules())
def test_random_pairs(pair: tuple[list[Span], Rule]) -> None:
    """On random traces and rules DuckDB answers what clingo and the oracle do."""
    check_pair(pair)


def main(count: int, start: int) -> None:
    """Check ``count`` random pairs; the first that differs is shrunk and raised."""
    phases = (Phase.generate, Phase.shrink)
    run = settings(
        max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck), phases=phases
    )
    seed(start)(run(given(spans_and_rules())(check_pair)))()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
