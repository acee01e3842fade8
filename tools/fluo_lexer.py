"""Colours of the rule language, for the documentation's site. Its words are those of the grammar."""

from __future__ import annotations

import re
from importlib import resources
from typing import ClassVar, Final

from pygments.lexer import RegexLexer
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String, Whitespace

__all__ = ["FluoLexer"]

TERMINAL: Final = re.compile(r"^_?[A-Z_]+\.[34]: /(?P<pattern>[a-z].*)/$", re.MULTILINE)
"""A word of the language in the grammar: a terminal that goes before names."""
GRAMMAR: Final = resources.files("fluo_logic.lang").joinpath("grammar.lark").read_text(encoding="utf-8")
WORDS: Final = "|".join(found["pattern"] for found in TERMINAL.finditer(GRAMMAR))


class FluoLexer(RegexLexer):
    """Tells words of the language, variables and literals apart; it accepts any text."""

    name = "fluo"
    aliases: ClassVar = ["fluo"]
    filenames: ClassVar = ["*.fluo"]
    tokens: ClassVar = {
        "root": [
            (r"\s+", Whitespace),
            (r"//.*", Comment.Single),
            (r"/\*(?:[^*]|\*(?!/))*\*/", Comment.Multiline),
            (r'"(?:\\.|[^"\\\n])*"', String),
            (r"\$\w+", Name.Variable),
            (rf"(?<![\w.$:-])(?:{WORDS}|(?:true|false)(?![\w.-]))", Keyword),
            (r"-?\d+(?:\.\d+)?(?:ns|us|[µμ]s|ms|s|m|h|d)?(?!\w)", Number),
            (r"(?:[=!<>]=|[<>+*/@-])", Operator),
            (r"[\w-]+", Name),
            (r"[{}()\[\],.:]", Punctuation),
            (r".", Name),
        ]
    }
