"""The command line in this process, in an empty folder without configuration."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import pytest

Fluo: TypeAlias = Callable[..., tuple[int, str, str]]
Files: TypeAlias = Callable[[Mapping[str, str]], Path]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, which is empty."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("FLUO_") or name in {"NO_COLOR", "FORCE_COLOR", "COLUMNS"}:
            monkeypatch.delenv(name)
    return tmp_path


@pytest.fixture
def files(folder: Path) -> Files:
    """Write files, named by their paths, into the current directory."""

    def write(contents: Mapping[str, str]) -> Path:
        for name, text in contents.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        return folder

    return write


@pytest.fixture
def fluo(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Fluo:
    """Run the command line: its words in, status, output and errors out; ``stdin`` is what is piped in."""
    from fluo_logic.cli import main  # noqa: PLC0415 - after the environment is clean

    assert folder == Path.cwd()

    def run(*words: str, stdin: str = "") -> tuple[int, str, str]:
        capsys.readouterr()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8"))
        status = main(words)
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return status, said.out, said.err

    return run
