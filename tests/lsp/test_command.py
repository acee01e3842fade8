"""The command `fluo lsp` itself."""

from __future__ import annotations

import pytest

from fluo_logic import cli
from fluo_logic.lang.build.base import KEYWORDS
from fluo_logic.lang.syntax import INTRINSICS, Category, Function, RelationKind, ScopeKind, Severity
from fluo_logic.lsp import words


def test_without_pygls(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the package is not installed, the error names what installs it."""
    monkeypatch.setattr("fluo_logic.commands.lsp.find_spec", lambda _: None)
    assert cli.main(["lsp"]) == 3
    said = capsys.readouterr().err
    assert "error[C140]: the language server needs the package `pygls`" in said
    assert "hint: pip install 'fluo_logic[lsp]'" in said


def test_every_word_of_the_language_has_help() -> None:
    """No keyword, relation, function, intrinsic, scope or choice of the syntax lacks its line."""
    two = {"child", "parent", "descendant", "ancestor", "sibling", "linked", "span"}
    known = set(words.HELP) | set(words.CONSTANTS)
    assert KEYWORDS - two - known == set()
    assert {kind.value for kind in RelationKind} - known == set()
    assert {kind.value for kind in ScopeKind} - known == set()
    assert {word for function in Function for word in function.value.split()} - known == set()
    assert set(INTRINSICS) == set(words.INTRINSICS)
    assert {severity.value for severity in Severity} == set(words.SEVERITIES)
    assert {category.value for category in Category} == set(words.CATEGORIES)
