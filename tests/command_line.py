"""The command line as tests run it: in this process, in a folder of their own, without anybody's configuration."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest

Fluo: TypeAlias = Callable[..., tuple[int, str, str]]
"""Runs the command line: its words in, status, output and errors out; ``stdin`` is what is piped in."""
Files: TypeAlias = Callable[[Mapping[str, str]], Path]
"""Writes files, named by their paths, into the current directory."""
SECOND: Final = 10**9


def entered(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder the current directory, and forget the settings of the environment."""
    monkeypatch.chdir(folder)
    for name in list(os.environ):
        if name.startswith("FLUO_") or name in {"NO_COLOR", "FORCE_COLOR", "COLUMNS"}:
            monkeypatch.delenv(name)
    return folder


def written(folder: Path, texts: Mapping[str, str]) -> Path:
    """Write files, named by their paths below a folder, and return the folder."""
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return folder


def runner(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Fluo:
    """Return what runs the command line in the folder that was entered."""
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


def span(trace: int, number: int, name: str, at: int, parent: str = "") -> dict[str, Any]:
    """Return an OTLP/JSON span that takes one second."""
    return {
        "traceId": f"{trace:032x}",
        "spanId": f"{number:016x}",
        "parentSpanId": parent,
        "name": name,
        "startTimeUnixNano": str((1_700_000_000 + at) * SECOND),
        "endTimeUnixNano": str((1_700_000_001 + at) * SECOND),
    }


def document(*spans: dict[str, Any]) -> str:
    """Return OTLP/JSON text of spans."""
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]})
