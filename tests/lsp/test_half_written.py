"""Texts that are being written: whatever stands there, every request has an answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lsprotocol.types import PositionEncodingKind

from fluo_logic.lsp import convert
from fluo_logic.lsp.analysis import analyse
from fluo_logic.lsp.completion import entries, typed
from fluo_logic.lsp.context import context_at
from fluo_logic.lsp.fixes import fixes
from fluo_logic.lsp.hover import hover_at
from fluo_logic.lsp.layout import Refusal, layout_edit
from fluo_logic.lsp.places import bindings, symbols
from fluo_logic.lsp.vocabulary import Vocabulary, of_rules

GOOD = sorted((Path(__file__).parents[1] / "lang/good").glob("*/rule.fluo"))
FAULTY = sorted((Path(__file__).parents[1] / "lang/errors").glob("*/rule.fluo"))
WORDS = st.sampled_from(
    [
        *(
            'rule a "t" {',
            "{",
            "}",
            "(",
            ")",
            "[",
            "]",
            '"',
            '"x y"',
            "when {",
            "always {",
            "example violated",
            "trace {",
        ),
        *(
            "severity",
            "high",
            "tags",
            "a,b",
            "display",
            '"{$p.',
            "per",
            "across traces by",
            "pay",
            "pay.where(",
            ".where(",
        ),
        *(
            "as",
            "$",
            "$p",
            "$p.",
            "before",
            "within 3s",
            "child",
            "of",
            "count(",
            "distinct",
            "event(",
            "exists(",
            "in",
        ),
        *("not", "and", "or", "is", "==", ">", "+", "*", "1", "30s", "@", "..", ":", "//", "/*", "*/", "\n", "\\", "#"),
        *("😀", "\u2028", "\r", "\ufeff", "'", "span:", "resource:", "x:"),
    ]
)


def ask_everything(text: str, offset: int) -> None:
    """Ask every question about a place in a text; positions come back as ranges within the text."""
    analysis = analyse(text, "rule.fluo", PositionEncodingKind.Utf16)
    lines = len(analysis.positions.starts)
    for item in convert.diagnostics(analysis):
        assert (item.range.start.line, item.range.start.character) <= (item.range.end.line, item.range.end.character)
        assert item.range.end.line < lines
    found = hover_at(analysis, offset)
    assert found is None or 0 <= found.start < found.end <= len(text)
    context = context_at(text, offset)
    known = Vocabulary()
    known.merge(of_rules(analysis.rules))
    place = analysis.positions.range(offset - len(typed(context)), offset)
    convert.completion_list(entries(context, known), place, typed(context), snippets=True)
    assert text[:offset].endswith(typed(context))
    for start, end in bindings(analysis, offset):
        assert analysis.text[start] == "$"
        assert end <= len(text)
    convert.document_symbols(analysis, symbols(analysis))
    convert.flat_symbols(analysis, symbols(analysis), "file:///rule.fluo")
    for fix in fixes(analysis, offset, offset):
        assert convert.code_action(analysis, fix, "file:///rule.fluo").edit is not None
    if analysis.errors:
        assert isinstance(layout_edit(analysis), Refusal)


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case.parent.name)
def test_every_beginning_of_a_rule_is_answered(case: Path) -> None:
    """While a rule is typed from its first to its last character, nothing fails at the cursor."""
    text = case.read_text(encoding="utf-8")
    step = max(1, len(text) // 60)
    for offset in range(0, len(text) + 1, step):
        ask_everything(text[:offset], offset)


@pytest.mark.parametrize("case", FAULTY, ids=lambda case: case.parent.name)
def test_every_mistake_is_answered(case: Path) -> None:
    """In the middle of every kind of mistake nothing fails either."""
    text = case.read_text(encoding="utf-8")
    for offset in (0, len(text) // 3, len(text) // 2, len(text)):
        ask_everything(text, offset)


@settings(max_examples=150)
@given(st.lists(WORDS, max_size=25), st.integers(0, 100))
def test_any_text_is_answered(words: list[str], place: int) -> None:
    """Words of the language in any order are no reason to fail."""
    text = " ".join(words)
    ask_everything(text, len(text) * place // 100)
