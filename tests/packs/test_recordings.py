"""What the rule packs find in recorded traces of other systems; skipped where the recordings are not there."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import pytest

import fluo_logic as fl
from fluo_logic.lang.syntax import Ruleset
from tests.packs.readme import PACKS, rules_of

RECORDINGS: Final = Path(__file__).parents[2] / "../shared/traces"
FOUND: Final = {
    "ascend.zipkin.json": {"span-http-outcome-told"},
    "bookinfo.tempo.json": set[str](),
    "messaging-kafka.zipkin.json": {"trace-child-starts-after-parent"},
    "proto-example.otlp.json": set[str](),
    "robotframework-snake-case.otlp.jsonl": {"trace-one-root"},
    "robotframework.otlp.jsonl.gz": {"time-no-query-in-a-loop", "trace-server-below-client"},
    "yelp.zipkin.json": set[str](),
}
"""The rules that each recording violates, rightly: each was looked up in it."""


@cache
def rules() -> Ruleset:
    return Ruleset(tuple(rule for pack in PACKS if pack != "case-studies" for rule in rules_of(pack)))


@pytest.mark.parametrize("name", FOUND)
def test_recordings_violate_what_is_wrong_with_them(name: str) -> None:
    """No rule raises an alarm that is false."""
    path = RECORDINGS / name
    if not path.exists():
        pytest.skip(f"{name} is not there")
    report = fl.check(path, rules(), max_proofs=0)
    assert {violation.rule for violation in report.violations if violation.verdict == "violated"} == FOUND[name]
