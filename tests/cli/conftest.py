"""Rules and traces for the command line, each test in a folder of its own without configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command_line import Fluo, document, entered, runner, span, written

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


WRONG = "rule a { when { x.y } always { } }\nrule b { severty low never { x } }"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with ``rules.fluo``, ``wrong.fluo`` and the trace files."""
    files = {"rules.fluo": RULES, "wrong.fluo": WRONG, **{f"{name}.json": text for name, text in TRACES.items()}}
    return written(entered(tmp_path, monkeypatch), files)


@pytest.fixture
def fluo(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Fluo:
    """Run the command line in this process: its words in, status, output and errors out."""
    return runner(folder, capsys, monkeypatch)
