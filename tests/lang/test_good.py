"""Rules that are right: each folder of ``good`` holds a rule file and the syntax tree that it stands for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fluo_logic.lang.format import format_rule, format_ruleset
from fluo_logic.lang.parse import parse_rules
from fluo_logic.lang.syntax import Rule, Ruleset
from tests.lang.dump import dump

CASES = sorted(path.parent for path in (Path(__file__).parent / "good").glob("*/rule.fluo"))


def rules_of(case: Path) -> list[Rule]:
    rules, errors = parse_rules((case / "rule.fluo").read_text(encoding="utf-8"), "rule.fluo")
    assert [str(error) for error in errors] == []
    return rules


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_rule_stands_for_its_tree(case: Path, golden: Callable[[Path, str], None]) -> None:
    """A rule file parses without a mistake into the tree written beside it."""
    golden(case / "expected.txt", dump(rules_of(case)))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_formatted_text_means_the_same(case: Path) -> None:
    """Canonical text parses to the tree it was written from, and formatting it again changes nothing."""
    rules = rules_of(case)
    text = format_ruleset(Ruleset(tuple(rules)))
    again, errors = parse_rules(text, "formatted.fluo")
    assert [str(error) for error in errors] == []
    assert again == rules
    assert [format_rule(rule) for rule in again] == [format_rule(rule) for rule in rules]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_origins_hold_the_text_they_point_at(case: Path) -> None:
    """The origin of an obligation or a rule is the very text at its place in the file."""
    lines = (case / "rule.fluo").read_text(encoding="utf-8").split("\n")
    for rule in rules_of(case):
        for origin in (rule.origin, *(item.origin for item in rule.obligations)):
            assert "\n".join(lines[origin.line - 1 :])[origin.column - 1 :].startswith(origin.text)
