"""The types of the public API, as mypy and pyright see them from another project."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest

import fluo_logic as fl

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
MARK: Final = re.compile(r"# (?P<mypy>[\w-]+), (?P<pyright>report\w+)$")
MYPY: Final = re.compile(r"^\w+\.py:(?P<line>\d+): error: .*\[(?P<code>[\w-]+)\]$")
Findings = set[tuple[int, str]]


def run(command: list[str], folder: Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder).stdout  # noqa: S603


def mypy(program: str, folder: Path) -> Findings:
    """Return the lines and codes that mypy finds; the folder is no part of this project, so `py.typed` counts."""
    shutil.copy(HERE / program, folder / program)
    cache = ROOT / ".mypy_cache" / "typing"
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--no-pretty",
        "--cache-dir",
        str(cache),
        "--config-file=",
        program,
    ]
    said = run(command, folder)
    found = [MYPY.match(line) for line in said.splitlines() if ": error: " in line]
    assert "Success" in said or found, said
    assert all(found), said
    return {(int(one["line"]), one["code"]) for one in found if one is not None}


def pyright(program: str, folder: Path) -> Findings:
    """Return the lines and rules that pyright finds, with the interpreter that runs this test."""
    shutil.copy(HERE / program, folder / program)
    settings = {"typeCheckingMode": "strict", "include": [program]}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    command = [sys.executable, "-m", "basedpyright", "--outputjson", "--pythonpath", sys.executable, "-p", "."]
    said = json.loads(run(command, folder))
    assert said["summary"]["filesAnalyzed"] == 1
    return {
        (item["range"]["start"]["line"] + 1, item.get("rule", item["message"]))
        for item in said["generalDiagnostics"]
        if item["severity"] == "error"
    }


CHECKERS: Final[dict[str, Callable[[str, Path], Findings]]] = {"mypy": mypy, "pyright": pyright}
every_checker = pytest.mark.parametrize("checker", CHECKERS)


def needed(checker: str) -> None:
    package = {"pyright": "basedpyright"}.get(checker, checker)
    if find_spec(package) is None:
        pytest.skip(f"needs {package}")
    pytest.importorskip("opentelemetry.sdk")


@every_checker
def test_a_program_without_mistakes_has_no_findings(checker: str, tmp_path: Path) -> None:
    """A program that uses every public name is accepted in the strict mode."""
    needed(checker)
    assert CHECKERS[checker]("right.py", tmp_path) == set()


@every_checker
def test_mistakes_are_found(checker: str, tmp_path: Path) -> None:
    """Each wrong line, and no other, has the finding that stands behind it."""
    needed(checker)
    lines = (HERE / "wrong.py").read_text(encoding="utf-8").splitlines()
    marked = ((number, MARK.search(line)) for number, line in enumerate(lines, start=1))
    expected = {(number, mark[checker]) for number, mark in marked if mark is not None}
    found = CHECKERS[checker]("wrong.py", tmp_path)
    assert {line for line, _ in found} == {line for line, _ in expected}
    assert expected <= found


def test_the_program_uses_every_public_name() -> None:
    """A name that is added to the package is added to the program too."""
    text = (HERE / "right.py").read_text(encoding="utf-8")
    used = set(re.findall(r"\bfl\.(\w+)", text))
    assert set(fl.__all__) - used == {"load_ipython_extension"}
    assert (Path(fl.__file__).parent / "py.typed").exists()
