"""`fluo facts` with the forms that hold the spans themselves."""

from __future__ import annotations

import errno
import io
import sys
from pathlib import Path

import pytest

from fluo_logic.facts.model import Span
from fluo_logic.facts.readers import read_traces
from fluo_logic.facts.writers import files as writer
from fluo_logic.facts.writers import otlp_json
from tests.command_line import Fluo

MADE = [Span(digit * 32, f"{number:016x}", "prüfen") for digit in "ab" for number in (1, 2)]
TRACES = "".join(otlp_json.lines(MADE))


@pytest.fixture(autouse=True)
def traces(folder: Path) -> None:
    """Traces to read."""
    (folder / "traces.jsonl").write_text(TRACES, encoding="utf-8")


def test_spans_are_written_as_otlp(fluo: Fluo, folder: Path) -> None:
    """The form `otlp` writes the spans, to standard output or to a file."""
    assert fluo("facts", "--traces", "traces.jsonl", "--to", "otlp") == (0, TRACES, "")
    assert fluo("facts", "--traces", "traces.jsonl", "--to", "otlp", "-o", "out.jsonl") == (0, "", "")
    assert (folder / "out.jsonl").read_text(encoding="utf-8") == TRACES


def test_spans_of_a_scope_are_written(fluo: Fluo) -> None:
    """With a scope, only its traces are written."""
    status, out, _ = fluo("facts", "--traces", "traces.jsonl", "--to", "otlp", "--scope", "bb")
    assert (status, read_traces(out.encode()).spans) == (0, tuple(MADE[2:]))


def test_output_that_is_not_unicode_gets_escapes(fluo: Fluo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard output of another encoding gets ASCII, and loses nothing."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    monkeypatch.setattr(sys, "stdout", out)
    assert fluo("facts", "--traces", "traces.jsonl", "--to", "otlp")[0] == 0
    out.seek(0)
    assert "pr\\u00fcfen" in (text := out.read())
    assert read_traces(text.encode()).spans == tuple(MADE)


def test_full_disk_leaves_no_file(fluo: Fluo, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the disk fills, the error says so, and there is no half of a file."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(writer, "_replace", full)
    status, out, err = fluo("facts", "--traces", "traces.jsonl", "--to", "otlp", "-o", "out.jsonl")
    assert (status, out) == (3, "")
    assert "error[C120]: `out.jsonl` cannot be written: no space left on device" in err
    assert [path.name for path in folder.iterdir()] == ["traces.jsonl"]


def test_what_cannot_be_written_is_told(fluo: Fluo, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A span that OTLP cannot hold is an error, and the file is not there."""
    monkeypatch.setattr("fluo_logic.commands.facts.read_traces", lambda _: _dataset())
    status, _, err = fluo("facts", "--traces", "traces.jsonl", "--to", "otlp", "-o", "out.jsonl")
    assert (status, "error[I501]" in err, "its start is -1" in err) == (3, True, True)
    assert [path.name for path in folder.iterdir()] == ["traces.jsonl"]


def _dataset() -> object:
    from fluo_logic.facts.dataset import assemble  # noqa: PLC0415 - beside its only use

    return assemble([*MADE, Span("c" * 32, "c" * 16, "early", start=-1)])


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_spans_are_written_as_tables(form: str, fluo: Fluo, folder: Path) -> None:
    """The forms `parquet` and `arrow` need a file, which is read as the same spans."""
    pytest.importorskip("pyarrow", reason="needs the extra parquet")
    words = ("facts", "--traces", "traces.jsonl", "--to", form)
    status, _, err = fluo(*words)
    assert (status, f"error[C148]: {form} is no text" in err) == (3, True)
    assert fluo(*words, "-o", f"out.{form}") == (0, "", "")
    assert read_traces(folder / f"out.{form}").spans == tuple(MADE)


def test_missing_package_is_told_before_the_work(fluo: Fluo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pyarrow, the error says which extra to install."""
    monkeypatch.setattr("fluo_logic.commands.facts.find_spec", lambda _: None)
    status, _, err = fluo("facts", "--traces", "absent", "--to", "parquet", "-o", "x")
    assert (status, "error[C150]" in err, 'pip install "fluo_logic[parquet]"' in err) == (3, True, True)


@pytest.mark.parametrize("words", [("facts", "--to", "otlp", "-o"), ("check", "rule.fluo", "--format")])
def test_full_device_is_told(words: tuple[str, ...], fluo: Fluo, folder: Path) -> None:
    """A device that takes no more is an error of one line, whatever is written to it."""
    if not Path("/dev/full").exists():
        pytest.skip("there is no such device")
    (folder / "rule.fluo").write_text("when { charge } always { audit }", encoding="utf-8")
    target = "/dev/full" if words[-1] == "-o" else "json=/dev/full"
    status, _, err = fluo(*words, target, "--traces", "traces.jsonl")
    assert (status, "no space left on device" in err) == (3, True)
