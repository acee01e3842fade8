"""The command line in this process, in an empty folder without configuration."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tests.command_line import Files, Fluo, entered, runner, written


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, which is empty."""
    return entered(tmp_path, monkeypatch)


@pytest.fixture
def files(folder: Path) -> Files:
    """Write files, named by their paths, into the current directory."""
    return partial(written, folder)


@pytest.fixture
def fluo(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Fluo:
    """Run the command line in this process: its words in, status, output and errors out."""
    return runner(folder, capsys, monkeypatch)
