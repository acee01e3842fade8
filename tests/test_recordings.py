"""Rules with joins, order and structure on recordings of other people's systems: every engine says the same.

The recordings are not part of the project; each test skips itself where its recording is not beside the checkout.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fluo_logic.facts.readers import read_traces
from fluo_logic.lang.parse import load_rules
from fluo_logic.pipeline import Options, report, solve
from fluo_logic.report.as_json import report_json
from fluo_logic.solve.registry import ENGINES, engine_named

ROOT = Path(__file__).parents[1]
TRACES = ROOT.parent / "shared" / "traces"
CASES = {
    "examples/online-boutique/checkout.fluo": "onlineboutique-checkout-fault.otlp.jsonl",
    "examples/hotel-reservation/search.fluo": "hotelreservation.jaeger.json",
}


@pytest.mark.parametrize("rules_file", CASES)
def test_every_engine_says_the_same_of_a_recording(rules_file: str) -> None:
    """Scopes, matches and failures of at least five rules are the same on every engine; so is the report."""
    recording = TRACES / CASES[rules_file]
    if not recording.exists():
        pytest.skip(f"{recording.name} is not here")
    rules = load_rules([ROOT / rules_file])
    assert len(rules) >= 5
    session = solve(read_traces(str(recording)), rules, Options(engine="clingo", max_proofs=1))
    expected = json.dumps(report_json(report(session)), sort_keys=True)
    for name in ENGINES:
        if name == "clingo":
            continue
        pytest.importorskip({"pydatalog": "pyDatalog"}.get(name, name))
        session.answer = engine_named(name).solve(session.program, session.store)
        session.__dict__.pop("matcher", None)
        assert json.dumps(report_json(report(session)), sort_keys=True) == expected, name
