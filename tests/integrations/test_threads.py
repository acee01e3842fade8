"""One rule set, many threads: nothing is shared that a check writes to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest

import fluo_logic as fl

ROOT: Final = Path(__file__).parents[2]
ORDERS: Final = ROOT / "docs/data/orders.otlp.jsonl"
RULES: Final = ROOT / "docs/data/shipping.fluo"
THREADS: Final = 8


@pytest.mark.parametrize("engine", ["clingo", "duckdb", "pydatalog"])
def test_threads_share_rules_and_data(engine: str) -> None:
    """Checks and explanations of one rule set on one data set, all at once, are what they are alone."""
    pytest.importorskip({"pydatalog": "pyDatalog"}.get(engine, engine))
    rules, data = fl.load_rules(RULES), fl.read_traces(ORDERS)
    alone = fl.check(data, rules, engine=engine)
    explained = fl.explain(rules.rules[0], data, "3fc4ccfe", engine=engine)

    def check(number: int) -> fl.Report | fl.Explanation:
        if number % 4 == 0:
            return fl.explain(rules.rules[0], data, "3fc4ccfe", engine=engine)
        return fl.check(data if number % 2 else ORDERS, rules, engine=engine)

    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(check, range(4 * THREADS)))
    for one in found:
        if isinstance(one, fl.Report):
            assert one.violations == alone.violations
        else:
            assert one == explained


def test_threads_load_rules_at_once() -> None:
    """Rules can be parsed in several threads at once, right ones and wrong ones."""

    def load(number: int) -> str:
        try:
            return fl.rule(f"never {{ a.where(n == {number}) {'}' if number % 2 else ''}", id=f"r{number}").id
        except fl.RuleFilesError as error:
            return error.code

    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(load, range(40)))
    assert found == [f"r{number}" if number % 2 else "E111" for number in range(40)]
