"""YAML packs: what they say, and where their mistakes are shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fluo_logic.lang.parse import load_rules
from fluo_logic.lang.yaml_codes import YAML_CODES
from fluo_logic.lang.yaml_pack import parse_pack
from tests.lang.dump import dump

PACKS = sorted((Path(__file__).parent / "packs").glob("*/pack.yaml"))
HEAD = "rules:\n- id: a\n  condition: "


@pytest.mark.parametrize("file", PACKS, ids=lambda file: file.parent.name)
def test_a_pack_stands_for_its_trees(file: Path, golden: Callable[[Path, str], None]) -> None:
    """A pack is read without a mistake into the trees written beside it."""
    rules, errors = parse_pack(file.read_text(encoding="utf-8"), "pack.yaml")
    assert [str(error) for error in errors] == []
    golden(file.parent / "expected.txt", dump(rules))


@pytest.mark.parametrize("code", YAML_CODES)
def test_the_example_of_a_code_earns_it(code: str) -> None:
    """The documentation's example of each code makes exactly that mistake."""
    rules, errors = parse_pack(YAML_CODES[code].example, "p.yaml")
    assert ([error.code for error in errors], rules) == ([code], [])


@pytest.mark.parametrize(
    ("condition", "place"),
    [
        ("a and b = 3", "3:22"),
        ("a\n    and b = 3", "4:11"),
        ("|\n    a and\n      b = 3", "5:9"),
        (">\n    a // note\n    and b = 3", "5:11"),
        ("'a and b.where(c == \"it''s\") = 3'", "3:43"),
        ('"a and\\tb.where(c == \\"x\\") = 3"', "3:42"),
    ],
)
def test_a_mistake_in_a_condition_is_shown_in_the_file(condition: str, place: str) -> None:
    """Whatever the style of the scalar, a mistake in it has the line and column of the file."""
    _, errors = parse_pack(HEAD + condition, "p.yaml")
    assert str(errors[0].where) == f"p.yaml:{place}"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "E504"),
        ("rules: []", "E504"),
        ("rules: *x", "E607"),
        ("[" * 100_000, "E602"),
        (HEAD + "never { a }\n- id: a\n  condition: never { b }", "E144"),
        (HEAD + "never { a }\n  severity: urgent", "E123"),
        (HEAD + "never { a }\n  tags: x", "E606"),
        ("rules: [\x01]", "E601"),
        ('rules: "\\UFFFFFFFF"', "E601"),
    ],
)
def test_a_wrong_pack_is_answered(text: str, code: str) -> None:
    """What is no pack is an error, not an exception."""
    assert [error.code for error in parse_pack(text, "p.yaml")[1]] == [code]


def test_a_folder_holds_both_kinds(tmp_path: Path) -> None:
    """YAML packs are found beside `.fluo` files, but not in hidden folders."""
    (tmp_path / "a.yaml").write_text(HEAD + "never { a }")
    (tmp_path / "b.fluo").write_text("never { b }")
    (tmp_path / ".github").mkdir()
    (tmp_path / ".github" / "ci.yml").write_text("on: push")
    assert [rule.id for rule in load_rules([tmp_path]).rules] == ["a", "b"]


def test_a_wrong_alias_is_shown_where_it_stands() -> None:
    """Aliases of a pack are held to what those of a rule are, and one that is wrong is shown at the key's value."""
    text = 'rules:\n- id: a\n  aliases: ["user.id = enduser.id"]\n  condition: across traces by user.id never { x }\n'
    rules, errors = parse_pack(text, "p.yaml")
    assert rules == []
    assert [(error.code, str(error.where)) for error in errors] == [("E145", "p.yaml:3:12")]
