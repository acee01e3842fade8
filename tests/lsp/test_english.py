"""Rules read out in English."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given

from fluo_logic.lang import syntax as s
from fluo_logic.lang.english import read_condition, read_out
from fluo_logic.lang.parse import parse_rule, parse_rules
from fluo_logic.lang.walk import nodes
from tests.oracle.rule_strategies import rules

HERE = Path(__file__).parent
GOOD = sorted((HERE.parent / "lang/good").glob("*/rule.fluo"))

# A condition as a fact, as what `always` demands, and as what `never` forbids.
CASES = [
    ("a", "there is a span a", "there must be a span a", "there must be no span a"),
    ("not a", "there is no span a", "there must be no span a", "there must be a span a"),
    (
        "a before b within 30s",
        "there is a span a that ends at or before the start of a span b, with at most 30s between them",
        "there must be a span a that ends at or before the start of a span b, with at most 30s between them",
        "there must be no span a that ends at or before the start of a span b, with at most 30s between them",
    ),
    (
        "$x child of b",
        "$x is a child of a span b",
        "$x must be a child of a span b",
        "$x must not be a child of any span b",
    ),
    ("$x during $y", "$x lies within the time of $y", "$x must lie within the time of $y", None),
    ("$x is $y", "$x and $y are the same span", "$x and $y must be the same span", "$x and $y must be different spans"),
    ("$x is not $y", "$x and $y are different spans", None, "$x and $y must be the same span"),
    (
        "count(a) <= 3",
        "the number of spans a is at most 3",
        "the number of spans a must be at most 3",
        "the number of spans a must not be at most 3",
    ),
    ("$x.k != 3", "the k of $x is not 3 (or a value is missing)", "the k of $x must not be 3", "the k of $x must be 3"),
    ("$x.span:root", "$x is a root", "$x must be a root", "$x must not be a root"),
    ("$x.ok", "the ok of $x is true", "the ok of $x must be true", "the ok of $x must not be true"),
    ("$x.span:start < $y.span:end", "the start of $x is before the end of $y", None, None),
    (
        "a or b",
        "either there is a span a or there is a span b",
        "at least one of these must be so: (there is a span a; or there is a span b)",
        "there must be no span a, and there must be no span b",
    ),
    (
        "a and not b",
        "there is a span a and there is no span b",
        "there must be a span a, and there must be no span b",
        "it must never be so that, at once, there is a span a; and there is no span b",
    ),
    (
        "not (a or not b)",
        "there is no span a and there is a span b",
        "there must be no span a, and there must be a span b",
        None,
    ),
    ("a.where(k)", "there is a span a whose k is true", None, None),
    ("a.where(not k)", "there is a span a whose k is not true (or missing)", None, None),
    ("a.where(k != 3)", "there is a span a whose k is not 3 (or missing)", None, None),
    ("a.where(not k < 3)", "there is a span a whose k is not less than 3 (or missing)", None, None),
    ("a.where(not exists(k))", "there is a span a that has no k", None, None),
    ("a.where(event(e).where(k > 1))", "there is a span a with an event e whose k is more than 1", None, None),
    ("a.where(not event(e))", "there is a span a without an event e", None, None),
    ('a.where(k in [1, "b"])', 'there is a span a whose k is one of 1 or "b"', None, None),
    (
        "a.where(not (k == 1 or l == 2))",
        "there is a span a whose k is not 1 (or missing) and whose l is not 2 (or missing)",
        None,
        None,
    ),
    (
        "a.where(k == 1 and (l == 2 or m))",
        "there is a span a whose k is 1 and (whose l is 2 or whose m is true)",
        None,
        None,
    ),
    ("a.where(k > .l)", "there is a span a whose k is more than its l", None, None),
    ("a.where(duration > 3)", 'there is a span a whose "duration" is more than 3', None, None),
    ("a.where(span:duration > 3s)", "there is a span a whose duration is more than 3s", None, None),
    ("a.where(span:orphan)", "there is a span a that is an orphan", None, None),
    ("*.where(resource:service.name == x)", 'there is a span whose resource attribute service.name is "x"', None, None),
    ('"GET /"', 'there is a span "GET /"', None, None),
    (
        "count(a child of $x) within 1m > 2",
        "the largest number of spans a that are children of $x in any window of 1m is more than 2",
        None,
        None,
    ),
    ("max(a.k) - min(a.k) > 2", "the greatest k of spans a minus the least k of spans a is more than 2", None, None),
    ("count(distinct a.k) == 1", "the number of different values of k on spans a is 1", None, None),
]
BOUND = "when { s as $x and t as $y } always { "


@pytest.mark.parametrize(("text", "fact", "demand", "ban"), CASES, ids=[case[0] for case in CASES])
def test_a_condition_has_a_sentence_in_every_mood(text: str, fact: str, demand: str | None, ban: str | None) -> None:
    """As a fact, required, and forbidden; None stands for a sentence that another case shows."""
    rule = parse_rule(f"{BOUND}{text} }}" if "$" in text else f"always {{ {text} }}")
    obligation = rule.obligations[0]
    assert read_condition(obligation.condition) == fact
    for polarity, wanted in ((s.Polarity.ALWAYS, demand), (s.Polarity.NEVER, ban)):
        if wanted is not None:
            asked = replace(rule, when=None, obligations=(replace(obligation, polarity=polarity),))
            assert read_out(asked) == f"For every trace: {wanted}."


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case.parent.name)
def test_a_rule_is_read_out(case: Path, golden: Callable[[Path, str], None]) -> None:
    """Every rule of the language's own cases reads as the text beside."""
    found, errors = parse_rules(case.read_text(encoding="utf-8"), "rule.fluo")
    assert errors == []
    text = "\n".join(f"{rule.id}\n  {read_out(rule)}\n" for rule in found)
    golden(HERE / "read_out" / f"{case.parent.name}.txt", text)


@given(rules())
def test_any_rule_can_be_read_out(rule: s.Rule) -> None:
    """A random rule is one line that ends as a sentence and names all of its spans and variables."""
    text = read_out(rule)
    assert "\n" not in text
    assert text.endswith((".", ".)"))
    for node in nodes((rule.when, rule.obligations)):
        if isinstance(node, s.Pattern) and node.name is not None:
            assert node.name in text
        if isinstance(node, s.Variable):
            assert f"${node.name}" in text


def test_the_scope_comes_first() -> None:
    """A rule says of what it speaks."""
    assert read_out(parse_rule("across traces never { a }")).startswith("For all traces together: ")
    assert read_out(parse_rule("across traces by user.id never { a }")).startswith("For each value of user.id, across")


def test_one_obligation_a_match_is_told_from_one_a_scope() -> None:
    """`whenever` stands where variables make an obligation for each match, `if` where there is one for the scope."""
    assert "whenever there is a span a (call it $x), the k of $x" in read_out(
        parse_rule("when { a as $x } always { $x.k }")
    )
    assert "if there is a span a, there must" in read_out(parse_rule("when { a } always { b }"))
