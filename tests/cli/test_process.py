"""The command as a process: start-up, pipes, interruptions, poor terminals, defects."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fluo_logic import cli

HEAVY = ("clingo", "lark", "networkx", "google", "re2", "opentelemetry", "zstandard", "json", "tomllib")
FLUO = [sys.executable, "-m", "fluo_logic.cli"]
INTERRUPTIBLE = """
import signal, sys
# A test that runs in the background of a shell inherits that interruptions are ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
from fluo_logic.cli import main
sys.exit(main())
"""
CHECK = ["check", "rules.fluo", "--traces", "violated.json"]


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*FLUO, *words], capture_output=True, check=False, env={**os.environ, **environment})  # noqa: S603


@pytest.mark.parametrize("words", [["--help"], ["check", "--help"], ["--version"], ["chek"]])
def test_help_imports_nothing_heavy(folder: Path, words: list[str]) -> None:
    """Neither an engine nor a parser nor protobuf is imported for a help text or a usage error."""
    assert folder.is_dir()
    code = (
        f"import sys; from fluo_logic.cli import main; main({words!r})\n"
        f"print(sorted({set(HEAVY)!r} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)  # noqa: S603
    assert done.stderr.splitlines()[-1] == b"[]"


def test_importing_the_package_imports_nothing_of_it() -> None:
    """`import fluo_logic` is cheap: its names are imported on first use."""
    code = "import sys, fluo_logic; print([name for name in sys.modules if name.startswith('fluo_logic.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)  # noqa: S603
    assert done.stdout.strip() == b"[]"


def test_the_reader_may_go_away(folder: Path) -> None:
    """A closed pipe ends the command with 141 and without a word, even where the output fits no buffer."""
    assert folder.is_dir()
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([*FLUO, *CHECK], stdout=writing, stderr=subprocess.PIPE, check=False)  # noqa: S603
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_an_error(folder: Path) -> None:
    """Output that cannot be written is an error of status 3, not a traceback."""
    assert folder.is_dir()
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*FLUO, *CHECK], stdout=full, stderr=subprocess.PIPE, check=False)  # noqa: S603
    assert done.returncode == 3
    assert done.stderr == b"error[C122]: the system refused to read or write: no space left on device\n"


def test_a_terminal_with_only_ascii_gets_only_ascii(folder: Path) -> None:
    """Marks and branches have plain stand-ins, other characters become escapes, and JSON stays JSON."""
    assert folder.is_dir()
    done = run(*CHECK, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (1, b"")
    assert done.stdout.isascii()
    assert b"`- x always audit.log" in done.stdout
    done = run("check", "rules.fluo", "--traces", "strange.json", "--format", "json", PYTHONIOENCODING="ascii")
    assert done.stdout.isascii()


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_an_interruption_ends_quietly(folder: Path) -> None:
    """Ctrl-C while standard input is awaited ends the command with 130 and one word."""
    assert folder.is_dir()
    words = [sys.executable, "-c", INTERRUPTIBLE, "check", "rules.fluo", "--traces", "-"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:  # noqa: S603
        assert process.stdin is not None
        # A pipe that is full has a reader: the command has come to reading its input.
        process.stdin.write(b" " * 200_000)
        process.stdin.flush()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
    assert (process.returncode, err) == (130, b"interrupted\n")


def test_standard_input_is_an_input(folder: Path) -> None:
    """`--traces -` reads what is piped in."""
    traces = (folder / "violated.json").read_bytes()
    words = [sys.executable, "-c", INTERRUPTIBLE, "check", "rules.fluo", "--traces", "-"]
    done = subprocess.run(words, input=traces, capture_output=True, check=False)  # noqa: S603
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.parametrize("debug", [False, True])
def test_a_defect_is_told_as_such(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    debug: bool,  # noqa: FBT001
) -> None:
    """An error that nobody foresaw has a code, the version and a request; the traceback only with FLUO_DEBUG."""
    monkeypatch.delenv("FLUO_DEBUG", raising=False)
    if debug:
        monkeypatch.setenv("FLUO_DEBUG", "1")

    def fail(_: object) -> int:
        message = "two\nlines"
        raise ZeroDivisionError(message)

    monkeypatch.setattr(cli, "_run", fail)
    assert cli.main(["check"]) == 70
    err = capsys.readouterr().err
    assert err.startswith("error[X999]: ZeroDivisionError: two lines\n  = this is a defect of fluo ")
    assert ("Traceback" in err) is debug
