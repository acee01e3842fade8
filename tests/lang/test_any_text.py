"""No text, however odd, makes the parser raise or lose a mistake."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from fluo_logic.lang.format import format_rule
from fluo_logic.lang.parse import parse_rules

HERE = Path(__file__).parent
CORPUS = [
    path.read_text(encoding="utf-8")
    for folder in ("good", "errors")
    for path in sorted((HERE / folder).glob("*/rule.fluo"))
]
PIECES = sorted({piece for text in CORPUS for piece in re.findall(r'"[^"\n]*"|[\w.$:-]+|\s+|[^\w\s]', text)})


def check(text: str) -> None:
    rules, errors = parse_rules(text, "any.fluo")
    assert rules or errors
    for error in errors:
        assert error.code
        assert error.where is not None
        assert str(error)
    for rule in rules:
        again, wrong = parse_rules(format_rule(rule), "again.fluo")
        assert (again, wrong) == ([rule], [])


@given(st.text())
def test_any_text_is_answered(text: str) -> None:
    """Arbitrary characters give rules or errors, never an exception."""
    check(text)


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_any_words_are_answered(text: str) -> None:
    """Words of the language in any order give rules or errors, and what is right can be formatted and read again."""
    check(text)


@given(st.data())
def test_a_damaged_rule_is_answered(data: st.DataObject) -> None:
    """A rule with a piece cut out, doubled or replaced gives rules or errors."""
    text = data.draw(st.sampled_from(CORPUS))
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 30)))
    new = data.draw(st.one_of(st.just(""), st.just(text[start:end] * 2), st.sampled_from(PIECES)))
    check(text[:start] + new + text[end:])
