"""The grammar and the tables that are kept of it."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import pytest

from fluo_logic.lang.grammar import TABLES, key_of, make_parser, parser, tables_text

LANG = Path(str(resources.files("fluo_logic.lang")))
GRAMMAR = (LANG / "grammar.lark").read_text(encoding="utf-8")
GOOD = sorted((Path(__file__).parent / "good").glob("*/rule.fluo"))


def test_the_kept_tables_are_of_this_grammar(request: pytest.FixtureRequest) -> None:
    """The tables in the package were made of the grammar beside them; ``--update-goldens`` makes them anew."""
    if request.config.getoption("--update-goldens"):
        (LANG / TABLES).write_text(tables_text(), encoding="utf-8")
    kept = json.loads((LANG / TABLES).read_text(encoding="utf-8"))["made_of"]
    assert kept.partition(", ")[2] == key_of(GRAMMAR).partition(", ")[2]


def test_kept_tables_parse_like_new_ones() -> None:
    """A parser read from the tables builds the trees that one made of the grammar builds."""
    made = make_parser(GRAMMAR)
    texts = [path.read_text(encoding="utf-8") for path in GOOD]
    plain = [text for text in texts if "//" not in text and "/*" not in text]
    assert plain
    for text in plain:
        assert parser().parse(text, start="file") == made.parse(text, start="file")
