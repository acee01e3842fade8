"""On large data `auto` scans with DuckDB and proves with clingo, and neither may contradict the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from fluo_logic.errors import InternalError
from fluo_logic.facts.readers import read_traces
from fluo_logic.facts.store import FactStore
from fluo_logic.lang.parse import load_rules
from fluo_logic.logic import Program
from fluo_logic.pipeline import Options, check, report, solve
from fluo_logic.solve import registry
from fluo_logic.solve.base import Answer

pytest.importorskip("duckdb")

ROOT = Path(__file__).parents[1]
MISSES = sorted((ROOT / "tests/incidents/misses").glob("*/trace.otlp.json"))


@pytest.mark.parametrize("trace", MISSES, ids=lambda path: path.parent.name)
def test_a_scan_that_is_proved_reports_what_the_logic_engine_does(trace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The report is the same, proofs included, whether clingo answers alone or proves what DuckDB found."""
    rules = load_rules([ROOT / "rules/case-studies"])
    alone = check(str(trace), rules, Options(engine="clingo"))
    monkeypatch.setattr(registry, "SCAN_FROM", 0)
    assert check(str(trace), rules) == alone


def test_small_data_goes_straight_to_the_logic_engine() -> None:
    """Below the threshold `auto` is clingo, and from it on DuckDB."""
    assert registry.engine_for(registry.SCAN_FROM - 1) == "clingo"
    assert registry.engine_for(registry.SCAN_FROM) == "duckdb"


class Forgetful:
    """An engine that derives nothing."""

    name = "forgetful"

    def solve(self, program: Program, store: FactStore) -> Answer:
        assert store.spans
        return Answer(dict.fromkeys(program.definitions(), tuple))


def test_a_scan_and_a_proof_that_disagree_are_a_defect_that_is_told() -> None:
    """Where the proving engine does not derive what the scan found, there is no proof but an internal error."""
    rules = load_rules([ROOT / "rules/case-studies/3-admin-audit.fluo"])
    trace = next(path for path in MISSES if "admin" in path.parent.name)
    session = solve(read_traces(str(trace)), rules, Options(engine="clingo"))
    session.confirming = Forgetful()
    with pytest.raises(InternalError) as raised:
        report(session)
    assert raised.value.code == "X301"
    assert "the scan found a failure that clingo does not derive: rule admin-audit-own-log" in raised.value.message
    assert "--engine duckdb" in str(raised.value.hint)
