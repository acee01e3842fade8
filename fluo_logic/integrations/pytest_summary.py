"""The line at the end of a run of pytest that tells what was checked; it reads the reports, from workers too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

NOTED: Final = 5
"""How many rules are named that had nothing to check."""


def summary(stats: Mapping[str, Sequence[Any]]) -> Iterator[str]:
    """Yield the line, unless no test was checked."""
    rules: dict[str, bool] = {}
    tests = spans = 0
    for report in (report for reports in stats.values() for report in reports):
        properties = dict(getattr(report, "user_properties", ()))
        if getattr(report, "when", None) != "call" or "fluo.rules" not in properties:
            continue
        tests += 1
        spans += int(properties["fluo.spans"])
        active = set(str(properties["fluo.active"]).split())
        for rule in str(properties["fluo.rules"]).split():
            rules[rule] = rules.get(rule, False) or rule in active
    if not tests:
        return
    idle = [rule for rule, active in rules.items() if not active]
    told = f"invariants: {_many(len(rules), 'rule')} on {_many(spans, 'span')} of {_many(tests, 'test')}"
    if idle:
        more = f" and {len(idle) - NOTED} more" if len(idle) > NOTED else ""
        told += f"; in no test had they anything to check: {', '.join(idle[:NOTED])}{more}"
    yield told


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
