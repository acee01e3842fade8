"""Long work shows how far it has come, on a terminal or when asked to, and an interrupt leaves nothing behind."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fluo_logic.commands import progress
from tests.columnar.test_same_report import span, written

pytest.importorskip("duckdb")

RULE = 'rule none "none" { never { forbidden } }'
SMALL = "from fluo_logic.solve import registry; registry.SCAN_FROM_BYTES = 0\n"
MAIN = "import sys; from fluo_logic.cli import main; sys.exit(main(sys.argv[1:]))\n"
INTERRUPTED = """
import os, signal
from fluo_logic.solve import duck_run
run = duck_run.Run.execute
def execute(self, statement):
    found = run(self, statement)
    os.kill(os.getpid(), signal.SIGINT)
    return found
duck_run.Run.execute = execute
"""


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def check(folder: Path, code: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run ``fluo check`` in a process of its own, as it runs on large inputs."""
    (folder / "rule.fluo").write_text(RULE, encoding="utf-8")
    (folder / "traces.binpb").write_bytes(written([span(number) for number in range(1, 20)]))
    temporary = folder / "tmp"
    temporary.mkdir()
    command = [sys.executable, "-c", SMALL + code + MAIN, "check", str(folder / "rule.fluo")]
    command += ["--traces", str(folder / "traces.binpb"), *options]
    variables = {**os.environ, "TMPDIR": str(temporary)}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=variables)  # noqa: S603 - ours


def test_progress_is_told_when_it_is_wanted(tmp_path: Path) -> None:
    """`--progress` tells the parts of the work on standard error, in lines where that is no terminal."""
    done = check(tmp_path, "", "--progress")
    assert done.returncode == 0
    assert done.stderr.startswith("reading input 1")


def test_without_a_terminal_there_is_no_progress(tmp_path: Path) -> None:
    """Standard error that is a file or a pipe stays empty."""
    done = check(tmp_path, "")
    assert (done.returncode, done.stderr) == (0, "")


def test_how_long_each_table_took(tmp_path: Path) -> None:
    """`-vv` lists the tables of the plan, in the words of the rules, with the time that each took."""
    done = check(tmp_path, "", "-vv")
    assert "made 0." in done.stderr
    assert " s arrays of traces: what is true of some span, or of how many" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_an_interrupt_leaves_nothing_behind(tmp_path: Path) -> None:
    """Ctrl-C ends the check without a traceback, and without files where DuckDB spills to."""
    done = check(tmp_path, INTERRUPTED)
    assert done.returncode == 130
    assert "Traceback" not in done.stderr
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_scan_imports_no_pandas(tmp_path: Path) -> None:
    """The columns of a scan need Arrow and DuckDB, not pandas, however much is installed."""
    code = "import atexit, sys; atexit.register(lambda: print('pandas' in sys.modules, file=sys.stderr))\n"
    assert check(tmp_path, code).stderr == "False\n"


def test_the_line_is_written_over_and_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal there is one line, which is gone in the end; what is short shows nothing."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    clock = iter((0.0, 0.1, 1.0, 1.05, 2.0))
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    with progress.shown(wanted=False, quiet=False) as show:
        for words in ("too soon", "reading, 40 %", "too soon again", "scanning"):
            show(words)
    assert stream.getvalue() == f"\rreading, 40 %\r{'scanning'.ljust(13)}\r{' ' * 8}\r"


def test_quiet_shows_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """`--quiet` is quiet on a terminal too."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    with progress.shown(wanted=False, quiet=True) as show:
        show("reading")
    assert stream.getvalue() == ""
