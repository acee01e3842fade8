"""Rules and traces for the command line, each test in a folder of its own without configuration."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

RULES = """
rule audited "An action has a log" {
  severity high
  tags audit, soc2
  when { admin.action }
  always { audit.log }
}

rule granted "A grant comes within a minute" {
  severity low
  tags access
  when { access.request as $r }
  always { $r before access.grant within 1m }
}
"""
SECOND = 10**9


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
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]})


TRACES = {
    "clean": document(span(1, 1, "admin.action", 0), span(1, 2, "audit.log", 1)),
    "violated": document(span(1, 1, "admin.action", 0), span(2, 2, "admin.action", 5), span(2, 3, "audit.log", 6)),
    "pending": document(span(3, 1, "access.request", 0)),
    "late": document(span(3, 1, "access.request", 0), span(4, 2, "other", 3600)),
    "hole": document(span(1, 1, "admin.action", 0), span(1, 2, "other", 1, parent="00000000000000ff")),
    "partly": document(span(1, 1, "admin.action", 0), {"name": "no id"}),
    "partly-clean": document(span(1, 1, "admin.action", 0), span(1, 2, "audit.log", 1), {"name": "no id"}),
    "odd": document(
        span(1, 1, "admin.action", 0), {**span(1, 2, "audit.log", 9), "endTimeUnixNano": "1700000000000000000"}
    ),
    "strange": document(span(1, 1, "admin.action", 0), span(1, 2, "évènement\x1b[31m", 1)),
    "empty": "",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with ``rules.fluo``, ``wrong.fluo`` and the trace files."""
    monkeypatch.chdir(tmp_path)
    for name in [
        name for name in os.environ if name.startswith("FLUO_") or name in {"NO_COLOR", "FORCE_COLOR", "COLUMNS"}
    ]:
        monkeypatch.delenv(name)
    (tmp_path / "rules.fluo").write_text(RULES, encoding="utf-8")
    (tmp_path / "wrong.fluo").write_text(
        "rule a { when { x.y } always { } }\nrule b { severty low never { x } }", "utf-8"
    )
    for name, text in TRACES.items():
        (tmp_path / f"{name}.json").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def fluo(folder: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run the command line in this process: its words in, status, output and errors out."""
    from fluo_logic.cli import main  # noqa: PLC0415 - after the environment is clean

    assert folder == Path.cwd()

    def run(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main(words)
        said = capsys.readouterr()
        return status, said.out, said.err

    return run
