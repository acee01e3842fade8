"""The generated pages of the documentation say what the tables of the package say."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from fluo_logic.error_codes import OTHER_CODES
from tools.reference import COMMAND, main, pages

PAGES = pages()
PACKAGE = Path(__file__).parents[2] / "fluo_logic"
CODE = re.compile(r"(?:error\[)?(?P<code>[CUVX]\d{3})\b.*")


@pytest.mark.parametrize("path", sorted(PAGES), ids=lambda path: path.name)
def test_a_generated_page_is_up_to_date(path: Path, request: pytest.FixtureRequest) -> None:
    """A change of a table is also a change of its page."""
    if request.config.getoption("--update-goldens"):
        path.write_text(PAGES[path], encoding="utf-8")
    assert path.exists(), f"docs/{path.name} is missing: run `{COMMAND}`"
    current = path.read_text(encoding="utf-8") == PAGES[path]
    assert current, f"docs/{path.name} is out of date: run `{COMMAND}`"


def test_the_command_tells_what_is_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``--check`` names each page that is out of date and the command that repairs it, and writes nothing."""
    monkeypatch.setattr("tools.reference.ROOT", tmp_path)
    monkeypatch.setattr("tools.reference.DOCS", tmp_path)
    assert main(["--check"]) == 1
    assert capsys.readouterr().out.splitlines() == [f"{path.name} is out of date: run `{COMMAND}`" for path in PAGES]
    assert list(tmp_path.iterdir()) == []
    assert main([]) == 0
    assert main(["--check"]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in PAGES}


def test_every_code_is_in_the_table() -> None:
    """The table of the other codes holds each that the package gives, no other, and in order."""
    given = set()
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.name != "error_codes.py":
            texts = (node.value for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.Constant))
            given |= {found["code"] for text in texts if isinstance(text, str) and (found := CODE.match(text))}
    assert given == set(OTHER_CODES)
    assert list(OTHER_CODES) == sorted(OTHER_CODES, key=lambda code: ("UCVX".index(code[0]), code))
