"""`fluo fmt`: one layout, every word and comment kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fluo_logic.errors import InternalError
from fluo_logic.lang import layout
from fluo_logic.lang.format import format_rule
from fluo_logic.lang.grammar import words_of
from fluo_logic.lang.layout import laid_out
from fluo_logic.lang.parse import parse_rules
from fluo_logic.lang.pieces import pieces_of, spelling
from fluo_logic.lang.scan import scan
from fluo_logic.lang.source import Mistakes, Source
from fluo_logic.lang.syntax import Rule
from tests.command_line import Files, Fluo
from tests.oracle.rule_strategies import rules

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
CASES: Final = sorted((HERE / "layouts").glob("*.fluo"))
CORPUS: Final = sorted(
    [
        *(ROOT / "rules").rglob("*.fluo"),
        *(ROOT / "tests" / "cases").rglob("*.fluo"),
        *(ROOT / "tests" / "lang" / "good").rglob("*.fluo"),
        *CASES,
    ]
)
SMALL: Final = [path.read_text(encoding="utf-8") for path in CORPUS if path.stat().st_size < 2_500]
LOOSE: Final = re.compile(r'("(?:[^"\\\n]|\\.)*"|/\*.*?\*/)|//[^\n]*|\s+', re.DOTALL)
"""Line comments and blanks, told apart from those inside strings and block comments (the group)."""
COMMENTS: Final = ("// c\n", "\n// c\n", "/* c */", "\n/* c\n   d */\n", " /* c */\n", "\n\n// c // d\n\n", '/* "c */')


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_layouts(case: Path, golden: Callable[[Path, str], None]) -> None:
    """Each text gets the layout written beside it."""
    golden(HERE / "golden" / "layout" / case.name, laid_out(case.read_bytes().decode()))


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_corpus_keeps_its_meaning(path: Path) -> None:
    """Words, comments and syntax trees stay, and a second layout changes nothing."""
    text = path.read_bytes().decode("utf-8")
    result = laid_out(text)
    assert laid_out(result) == result
    assert spelling(pieces_of(result)) == spelling(pieces_of(text))
    assert parse_rules(result, "x.fluo") == parse_rules(text, "x.fluo")


@given(rules())
@settings(max_examples=60)
def test_random_rules_keep_their_meaning(rule: Rule) -> None:
    """So do random rules."""
    text = format_rule(rule)
    read, errors = parse_rules(text, "x.fluo")
    assume(not errors)
    result = laid_out(text)
    assert parse_rules(result, "x.fluo") == (read, [])
    assert laid_out(result) == result


@st.composite
def commented(draw: st.DrawFn) -> str:
    """A rule file of the corpus with comments between any of its words, on as many lines as before or on one."""
    text = draw(st.sampled_from(SMALL))
    if draw(st.booleans()):
        text = LOOSE.sub(lambda found: found[1] or " ", text)
    words = list(words_of(scan(Mistakes(Source("", text))).text))
    places = draw(st.sets(st.integers(0, len(words)), max_size=5))
    for place in sorted(places, reverse=True):
        at = words[place][0] if place < len(words) else len(text)
        text = f"{text[:at]} {draw(st.sampled_from(COMMENTS))} {text[at:]}"
    return text


@given(commented())
@settings(max_examples=150)
def test_comments_anywhere_are_kept(text: str) -> None:
    """A comment between any two words stays, and the layout settles."""
    read, errors = parse_rules(text, "x.fluo")
    assume(not errors)
    result = laid_out(text)
    assert laid_out(result) == result
    assert spelling(pieces_of(result)) == spelling(pieces_of(text))
    assert parse_rules(result, "x.fluo") == (read, [])


def test_a_layout_that_would_change_a_rule_is_refused(
    monkeypatch: pytest.MonkeyPatch, files: Files, fluo: Fluo
) -> None:
    """The result is compared before it is written: a defect leaves the file as it is."""
    folder = files({"a.fluo": "never { a }"})
    monkeypatch.setattr(layout._Layout, "file", lambda _: "never { b }\n")
    with pytest.raises(InternalError):
        laid_out("never { a }")
    status, _, err = fluo("fmt", "a.fluo")
    assert status == 70
    assert err.startswith("error[X120]")
    assert (folder / "a.fluo").read_text(encoding="utf-8") == "never { a }"


# --- the command --------------------------------------------------------------------------------------------------

UGLY: Final = "rule  a{never{ b }}\n"
NEAT: Final = "rule a {\n  never { b }\n}\n"
INVOCATIONS: Final = {
    "writes": (["fmt", "ugly.fluo", "neat.fluo"], 0, "laid out ugly.fluo\n"),
    "quiet": (["fmt", "ugly.fluo", "-q"], 0, ""),
    "a folder": (["fmt", "."], 2, "laid out ugly.fluo\n"),
    "check": (["fmt", "ugly.fluo", "neat.fluo", "--check"], 1, "would lay out ugly.fluo\n"),
    "check of what is neat": (["fmt", "neat.fluo", "--check"], 0, ""),
    "diff": (
        ["fmt", "ugly.fluo", "--diff"],
        1,
        (
            "--- ugly.fluo\n+++ ugly.fluo (canonical)\n@@ -1 +1,3 @@\n-rule  a{never{ b }}\n"
            "+rule a {\n+  never { b }\n+}\n"
        ),
    ),
    "twice the same file": (["fmt", "ugly.fluo", "./ugly.fluo", "--check"], 1, "would lay out ugly.fluo\n"),
    "a wrong file": (["fmt", "wrong.fluo", "ugly.fluo"], 2, "laid out ugly.fluo\n"),
    "no such file": (["fmt", "none.fluo", "ugly.fluo"], 2, "laid out ugly.fluo\n"),
    "YAML": (["fmt", "a.yaml"], 3, ""),
    "no rules": (["fmt"], 3, ""),
    "standard input beside files": (["fmt", "-", "ugly.fluo"], 3, ""),
}


@pytest.mark.parametrize("name", INVOCATIONS)
def test_invocations(name: str, files: Files, fluo: Fluo) -> None:
    """Files that are right are laid out, wrong ones are reported and left alone."""
    folder = files({"ugly.fluo": UGLY, "neat.fluo": NEAT, "wrong.fluo": "rule a { nver { b } }", "a.yaml": "rules: []"})
    words, due, said = INVOCATIONS[name]
    status, out, err = fluo(*words)
    assert (status, out) == (due, said)
    assert (err == "") is (due in {0, 1})
    written = "laid out" in said.splitlines()[:1] or name in {
        "writes",
        "quiet",
        "a folder",
        "a wrong file",
        "no such file",
    }
    assert (folder / "ugly.fluo").read_text(encoding="utf-8") == (NEAT if written else UGLY)
    assert (folder / "wrong.fluo").read_text(encoding="utf-8") == "rule a { nver { b } }"


PIPED: Final = {
    "laid out": (["fmt", "-"], UGLY, 0, NEAT),
    "checked": (["fmt", "-", "--check"], UGLY, 1, "would lay out <stdin>\n"),
    "wrong": (["fmt", "-"], "rule", 2, ""),
}


@pytest.mark.parametrize("name", PIPED)
def test_standard_input(name: str, fluo: Fluo) -> None:
    """`-` is laid out to standard output."""
    words, text, due, said = PIPED[name]
    status, out, _ = fluo(*words, stdin=text)
    assert (status, out) == (due, said)
