"""The parser that lark makes of ``grammar.lark``.

Making its tables takes ten times as long as reading them, so they are kept in ``tables.json`` beside the grammar.
Tables that were made of another grammar or by another version of lark are left alone, and the parser is made anew.
"""

from __future__ import annotations

import functools
import hashlib
import io
import json
import pickle
from collections.abc import Iterator
from importlib import resources
from typing import Final

import lark
from lark import Lark, Token, Tree, UnexpectedInput

STARTS: Final = ("file", "rule", "metadata", "scope", "block", "condition", "example")
"""The parts of the grammar that are parsed on their own: a whole file, and what is retried after a mistake."""
TABLES: Final = "tables.json"


@functools.lru_cache(maxsize=1)
def parser() -> Lark:
    """Return the parser."""
    grammar = _resource("grammar.lark")
    stored = json.loads(_resource(TABLES) or "{}", object_pairs_hook=_with_numbers)
    if stored.get("made_of") != key_of(grammar):
        return make_parser(grammar)
    # Lark reads only pickles; this one is written here, of data that cannot hold code.
    return Lark.load(io.BytesIO(pickle.dumps(stored["tables"])))


def make_parser(grammar: str) -> Lark:
    """Return a parser made of the text of a grammar."""
    return Lark(
        grammar,
        parser="lalr",
        lexer="contextual",
        start=list(STARTS),
        propagate_positions=True,
        maybe_placeholders=True,
    )


def tables_text() -> str:
    """Return what ``tables.json`` has to hold for the grammar and the version of lark at hand."""
    grammar = _resource("grammar.lark")
    saved = io.BytesIO()
    make_parser(grammar).save(saved)
    tables = pickle.loads(saved.getvalue())  # noqa: S301  # written one line above
    return json.dumps({"made_of": key_of(grammar), "tables": tables}, separators=(",", ":"), sort_keys=True) + "\n"


def key_of(grammar: str) -> str:
    """Return what the tables depend on, as one text."""
    digest = hashlib.sha256("\0".join((grammar, *STARTS)).encode()).hexdigest()
    return f"lark {lark.__version__}, grammar {digest}"


def words_of(text: str) -> Iterator[tuple[int, int, str, str]]:
    """Yield the words of a file: start, end, the grammar's name for the word, and its text.

    Raises:
        ValueError: the text does not parse.
    """
    try:
        reading = parser().parse_interactive(text, start="file")
        for word in reading.iter_parse():
            start = word.start_pos or 0
            yield start, start + len(word), word.type, str(word)
        reading.feed_eof()  # type: ignore[no-untyped-call]
    except UnexpectedInput as error:
        message = "the text does not parse"
        raise ValueError(message) from error


def _resource(name: str) -> str:
    file = resources.files("fluo_logic.lang").joinpath(name)
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def _with_numbers(pairs: list[tuple[str, object]]) -> dict[str | int, object]:
    """Return an object of JSON with the numbers that its keys were."""
    return {int(key) if key.isdigit() else key: value for key, value in pairs}


def tree_or_none(text: str, start: str) -> Tree[Token] | None:
    """Return the parse tree of a text that is right, None for any other."""
    try:
        return parser().parse(text, start=start)
    except UnexpectedInput:
        return None
