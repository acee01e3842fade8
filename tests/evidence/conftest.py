"""Rules with controls and traces with every outcome, in the current directory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from tests.command_line import Fluo, document, entered, runner, span, written

RULES: Final = """
rule export-logged "An export leaves a log" {
  severity high
  description "Whoever takes data out can be found."
  controls "SOC2:CC7.2", "GDPR:Art.32"
  display "an export left no log"
  when { export as $export }
  always { audit.log after $export }
}

rule grant-in-time "A request is granted within a minute" {
  controls "SOC2:CC6.1"
  when { access.request as $request }
  always { $request before access.grant within 1m }
}

rule key-rotated "A key in use was rotated" {
  controls "SOC2:CC7.2", "PCI-DSS:3.7.4"
  when { key.use }
  always { key.rotate }
}

rule login-checked "A login is checked" {
  controls "SOC2:CC6.10"
  when { login }
  always { login.check }
}

rule nothing-named "It names no control" {
  never { forbidden }
}
"""
TRACES: Final = {
    "good": document(
        span(1, 1, "export", 0), span(1, 2, "audit.log", 2), span(2, 1, "login", 0), span(2, 2, "login.check", 1),
    ),
    "bad": document(
        span(1, 1, "export", 0), span(1, 2, "audit.log", 2), span(2, 1, "export", 5),
        span(3, 1, "access.request", 9), span(4, 1, "login", 1), span(4, 2, "other", 2, parent="00000000000000ff"),
    ),
    "idle": document(span(1, 1, "other", 0)),
    "partly": document(span(1, 1, "export", 0), span(1, 2, "audit.log", 2), {"name": "no id"}),
    "markup": document(span(1, 1, "export", 0), span(1, 2, "<script>alert(1)</script>", 2)),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with ``rules.fluo`` and the trace files."""
    files = {"rules.fluo": RULES, **{f"{name}.json": text for name, text in TRACES.items()}}
    return written(entered(tmp_path, monkeypatch), files)


@pytest.fixture
def fluo(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Fluo:
    """Run the command line in this process: its words in, status, output and errors out."""
    return runner(folder, capsys, monkeypatch)


@pytest.fixture
def bad(fluo: Fluo, folder: Path) -> dict[str, Any]:
    """The document of evidence for all controls on ``bad.json``."""
    assert fluo("evidence", "rules.fluo", "--traces", "bad.json", "--format", "json=evidence.json")[0] == 1
    made: dict[str, Any] = json.loads((folder / "evidence.json").read_text(encoding="utf-8"))
    return made
