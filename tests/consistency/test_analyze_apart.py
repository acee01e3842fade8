"""What is told of two traces put together without asking a solver is true of them."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Final

import pytest

from fluo_logic.consistency.analyze_apart import forbidding, is_additive
from fluo_logic.consistency.analyze_known import judged, put_together
from fluo_logic.lang.parse import parse_rule
from tests.consistency.brute import CONDITIONS, TRIGGERS, WITH_VARIABLE, every_trace, is_violated

RULES: Final = sorted(
    {
        f"{f'when {{ {trigger} }} ' if trigger else ''}{block} {{ {condition} }}"
        for trigger in (*TRIGGERS, "a child of b", "a as $x and b as $z", "a as $x and not b", "a as $x and $x.k > 0")
        for condition in (*CONDITIONS, "a or b", "not (a or b)", *(WITH_VARIABLE if "$x" in trigger else ()))
        for block in ("always", "never")
    }
)
ADDITIVE: Final = [text for text in RULES if is_additive(parse_rule(text, "r"))]
FORBIDDING: Final = [text for text in RULES if forbidding(parse_rule(text, "r")) is not None]


def test_some_rules_are_additive_and_some_are_not() -> None:
    """The rules that are looked at here are of both kinds."""
    assert len(ADDITIVE) > len(RULES) // 8
    assert len(FORBIDDING) > len(RULES) // 16
    assert len(ADDITIVE) + len(FORBIDDING) < len(RULES)


@pytest.mark.parametrize("text", ADDITIVE)
def test_additive_rules_stay_unviolated(text: str) -> None:
    """Such a rule that neither part violates is not violated by both, one after the other in a trace."""
    rule = parse_rule(text, "r")
    drawn = random.Random(text)  # noqa: S311 - the same traces in every run
    fine = [spans for spans in drawn.sample(every_trace("k child after"), 24) if not is_violated(rule, spans)]
    for first, second in pairwise(fine):
        assert not is_violated(rule, put_together([first, second], single=True))


@pytest.mark.parametrize("text", FORBIDDING)
def test_forbidding_rules_stay_satisfied(text: str) -> None:
    """Such a rule that one part satisfies is so with another part on which nothing forbidden is."""
    rule = parse_rule(text, "r")
    everywhere = forbidding(rule)
    assert everywhere is not None
    rules = [rule, *([everywhere] if everywhere.obligations else [])]
    drawn = random.Random(text)  # noqa: S311 - the same traces in every run
    known = judged(drawn.sample(every_trace("k child after"), 60), rules)
    met = [one.spans for one in known if "r" in one.met][:6]
    quiet = [one.spans for one in known if not {"r", everywhere.id} & one.violated][:6]
    for first in met:
        for second in quiet:
            for parts in ([first, second], [second, first]):
                (whole,) = judged([put_together(parts, single=True)], [rule])
                assert "r" in whole.met
