"""Loading rules from files, folders and single texts."""

from __future__ import annotations

from pathlib import Path

import pytest

from fluo_logic.errors import RuleFilesError
from fluo_logic.lang.parse import MAX_CHARACTERS, MAX_RULES, load_rules, parse_rule, parse_rules
from fluo_logic.lang.syntax import Exists, Polarity, Reading


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def codes(error: pytest.ExceptionInfo[RuleFilesError]) -> list[str]:
    return [item.code for item in error.value.errors]


def test_a_folder_is_read_recursively_in_order(tmp_path: Path) -> None:
    """Files below a folder are read by name, others are ignored, and a bare file is called after itself."""
    write(tmp_path, "b/two.fluo", "rule two { never { b } }")
    write(tmp_path, "a/one.fluo", "never { a }")
    write(tmp_path, "a/notes.txt", "no rule")
    assert [rule.id for rule in load_rules([tmp_path]).rules] == ["one", "two"]


def test_a_file_named_twice_counts_once(tmp_path: Path) -> None:
    """A folder and a file inside it may both be named."""
    file = write(tmp_path, "one.fluo", "never { a }")
    assert len(load_rules([tmp_path, str(file)])) == 1


def test_all_mistakes_of_all_files_are_raised_together(tmp_path: Path) -> None:
    """Missing files, folders without rules, bytes that are no text, and wrong rules come in one error."""
    write(tmp_path, "x.fluo", "rule x { severity bad never { a = b } }")
    (tmp_path / "latin.fluo").write_bytes(b"never { a }\n// caf\xe9\n")
    (tmp_path / "empty").mkdir()
    names = ["missing.fluo", "empty", "latin.fluo", "x.fluo"]
    with pytest.raises(RuleFilesError) as error:
        load_rules([tmp_path / name for name in names])
    assert codes(error) == ["E501", "E501", "E502", "E123", "E110"]
    assert "2:1" in str(error.value.errors[2])


def test_an_id_in_two_files_names_the_first_place(tmp_path: Path) -> None:
    """An id that is taken is reported with the place that took it, once."""
    first = write(tmp_path, "a.fluo", "\nrule x { never { a } }")
    write(tmp_path, "b.fluo", "rule x { never { b } }\nrule x { never { c } }")
    with pytest.raises(RuleFilesError) as error:
        load_rules([tmp_path])
    assert codes(error) == ["E144", "E144"]
    assert f"{first}:2:1" in str(error.value)


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    """A file that begins with a byte order mark is read like any other."""
    (tmp_path / "x.fluo").write_bytes(b"\xef\xbb\xbfnever { a }")
    assert load_rules([tmp_path]).rules[0].id == "x"


def test_a_file_name_that_is_no_id_is_told() -> None:
    """A bare file with a space in its name has no id."""
    _, errors = parse_rules("never { a }", "my rule.fluo")
    assert [error.code for error in errors] == ["E120"]


def test_one_rule_from_a_text() -> None:
    """A text stands for one rule, with the id that is given or its own."""
    assert parse_rule("when { a } always { b }", id="mine").id == "mine"
    assert parse_rule("rule own { never { a } }").id == "own"


@pytest.mark.parametrize(
    ("text", "code"),
    [("rule a { never { x } } rule b { never { x } }", "E503"), ("", "E504"), ("never { a = b }", "E110")],
)
def test_a_text_that_is_not_one_right_rule_is_refused(text: str, code: str) -> None:
    """Two rules, none, and a wrong one are errors."""
    with pytest.raises(RuleFilesError) as error:
        parse_rule(text)
    assert codes(error) == [code]


def test_a_reading_that_is_given_allows_variables() -> None:
    """A bare condition whose reading is said may bind variables, which its form alone could not place."""
    text = "a as $x and b.where(k == $x.k)"
    required = parse_rule(text, reads_as=Reading.REQUIREMENT)
    assert required.when is not None
    assert required.obligations[0].polarity is Polarity.ALWAYS
    forbidden = parse_rule(text, reads_as=Reading.VIOLATION)
    assert isinstance(forbidden.when, Exists)
    assert (forbidden.when.pattern.name, forbidden.when.pattern.variable) == ("a", None)
    assert forbidden.obligations[0].polarity is Polarity.NEVER


def test_good_rules_of_a_faulty_file_are_kept() -> None:
    """A mistake in one rule leaves the others readable."""
    rules, errors = parse_rules("rule a { never { x } }\nrule b { never { x = 1 } }\nrule c { never { z } }", "f")
    assert [rule.id for rule in rules] == ["a", "c"]
    assert [error.code for error in errors] == ["E110"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a" * (MAX_CHARACTERS + 1), "E505"),
        ("rule x{never{a}}\n" * (MAX_RULES + 1), "E505"),
        ("never { " + "(" * 100_000, "E113"),
        ("never { " + "not " * 10_000 + "a }", "E113"),
        ("never { count(a) " + "+ 1 " * 10_000 + "> 3 }", "E113"),
        ("never { a.where(" + "not " * 10_000 + "x) }", "E113"),
    ],
    ids=["long", "many", "brackets", "negations", "sums", "predicates"],
)
def test_limits_are_told(text: str, code: str) -> None:
    """What is too long or nests too deep is an error, not an exception."""
    rules, errors = parse_rules(text, "f.fluo")
    assert ([rule.id for rule in rules], [error.code for error in errors]) == ([], [code])


def test_the_number_of_mistakes_is_bounded() -> None:
    """Thousands of mistakes are not all kept, and none of the rules with them counts as right."""
    rules, errors = parse_rules("\n".join(f"rule r{index} {{ never {{ a = b }} }}" for index in range(1500)), "f")
    assert rules == []
    assert len(errors) == 1000
