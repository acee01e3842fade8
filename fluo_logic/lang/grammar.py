"""The parser that lark makes of ``grammar.lark``."""

from __future__ import annotations

import functools
from importlib import resources
from typing import Final

from lark import Lark, Token, Tree, UnexpectedInput

STARTS: Final = ("file", "rule", "metadata", "scope", "block", "condition", "example")
"""The parts of the grammar that are parsed on their own: a whole file, and what is retried after a mistake."""


@functools.lru_cache(maxsize=1)
def parser() -> Lark:
    """Return the parser."""
    text = resources.files("fluo_logic.lang").joinpath("grammar.lark").read_text(encoding="utf-8")
    return Lark(
        text, parser="lalr", lexer="contextual", start=list(STARTS), propagate_positions=True, maybe_placeholders=True
    )


def tree_or_none(text: str, start: str) -> Tree[Token] | None:
    """Return the parse tree of a text that is right, None for any other."""
    try:
        return parser().parse(text, start=start)
    except UnexpectedInput:
        return None
