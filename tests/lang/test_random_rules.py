"""Random syntax trees survive being written and read."""

from __future__ import annotations

from hypothesis import assume, given

from fluo_logic.lang.format import format_rule
from fluo_logic.lang.parse import parse_rules
from fluo_logic.lang.syntax import Rule
from tests.oracle.rule_strategies import rules

BOUND_IN_ONE_BRANCH = "E203"


@given(rules())
def test_a_random_rule_is_written_and_read(rule: Rule) -> None:
    """The text of any well-formed rule parses to that rule, and canonical text is a fixed point."""
    text = format_rule(rule)
    again, errors = parse_rules(text, "random.fluo")
    # Random rules bind variables that only a branch of `when` uses; a person has to write two rules instead.
    assume(not any(error.code == BOUND_IN_ONE_BRANCH for error in errors))
    assert ([str(error) for error in errors], again) == ([], [rule])
    assert format_rule(again[0]) == text
