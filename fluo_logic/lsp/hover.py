"""What a word means, and what the rule around it says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from fluo_logic.lang.english import read_out
from fluo_logic.lang.english_spans import Number, noun
from fluo_logic.lang.grammar import words_of
from fluo_logic.lang.scan import scan
from fluo_logic.lang.source import Mistakes, Source
from fluo_logic.lang.syntax import Pattern, Rule
from fluo_logic.lang.walk import nodes
from fluo_logic.lsp import words
from fluo_logic.lsp.analysis import Analysis
from fluo_logic.lsp.context import TOKEN, context_at

NAMES: Final = frozenset({"NAME", "STRING", "ID", "WORD", "ATTRIBUTE", "QUOTED_ATTRIBUTE", "RESOURCE", "VARIABLE"})
"""Words that are the author's."""
MARKED: Final = frozenset({"INTRINSIC", "FIELD"})
REACH: Final = 100_000
"""How long the text of a rule may be for its words to be looked at."""


@dataclass(frozen=True, slots=True)
class Hover:
    """A text about ``text[start:end]``."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Word:
    start: int
    end: int
    kind: str
    text: str


def hover_at(analysis: Analysis, offset: int) -> Hover | None:
    """Return the help on a word of the language, else what the rule around an offset says; None where there is none."""
    word = word_at(analysis, offset)
    if word is None:
        return None
    rule = analysis.rule_at(offset)
    text = _help(analysis, word)
    if text is None and rule is not None:
        text = _of_rule(analysis, rule, word)
    return Hover(text, word.start, word.end) if text is not None else None


def word_at(analysis: Analysis, offset: int) -> _Word | None:
    """Return the word that an offset is in or at the beginning of, else the one that ends there."""
    start, end = analysis.extent_at(offset)
    if end - start > REACH:
        start, end = max(start, offset - REACH // 2), min(end, offset + REACH // 2)
    text = scan(Mistakes(Source("", analysis.text[start:end]))).text
    ending = None
    for word in _words(text):
        first, last = start + word.start, start + word.end
        if first <= offset < last:
            return _Word(first, last, word.kind, word.text)
        if last == offset:
            ending = _Word(first, last, word.kind, word.text)
        if first > offset:
            break
    return ending


def _words(text: str) -> Iterator[_Word]:
    """Yield the words of a text: as the grammar takes them, and after the first mistake as they look."""
    position = 0
    try:
        for start, end, kind, word in words_of(text):
            yield _Word(start, end, kind, word)
            position = end
    except ValueError:
        for found in TOKEN.finditer(text, position):
            kind = {"string": "STRING", "open_string": "STRING", "variable": "VARIABLE"}.get(found.lastgroup or "", "")
            if found.lastgroup != "space":
                yield _Word(found.start(), found.end(), kind, found[0])


def _help(analysis: Analysis, word: _Word) -> str | None:
    if word.kind in {"WORD", "NAME", ""}:
        last = context_at(analysis.text, word.start).frame.last.text
        if word.text in words.VALUES.get(last, {}):
            return f"{word.text}: {words.VALUES[last][word.text]}"
    if word.kind in NAMES:
        return None
    text = " ".join(word.text.split())
    text = text.removeprefix(".") if word.kind in MARKED else text
    found = words.HELP.get(text)
    return f"{text}: {found}" if found is not None else None


def _of_rule(analysis: Analysis, rule: Rule, word: _Word) -> str | None:
    for example in rule.examples:
        start, end = analysis.offsets(example.origin)
        if start <= word.start < end:
            return None
    said = read_out(rule)
    if word.kind == "VARIABLE":
        pattern = next(
            (node for node in nodes(rule) if isinstance(node, Pattern) and f"${node.variable}" == word.text), None
        )
        return said if pattern is None else f"{word.text}: {noun(pattern, Number.ONE)}\n\n{said}"
    return said
