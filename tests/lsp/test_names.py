"""Names in recorded traces: which files count, and what is left out."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fluo_logic.errors import ConfigError
from fluo_logic.lsp import vocabulary
from fluo_logic.lsp.names import Names
from fluo_logic.lsp.server import traces_of
from tests.lsp.test_protocol import traces


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "traces/deep").mkdir(parents=True)
    (tmp_path / "traces/a.json").write_text(traces("a"))
    (tmp_path / "traces/deep/b.jsonl").write_text(traces("b"))
    (tmp_path / "traces/notes.txt").write_text("no traces")
    return tmp_path


def names_of(folder: Path, *inputs: str) -> tuple[list[str], list[str]]:
    log: list[str] = []
    names = Names(lambda _: inputs, log.append, [folder])
    names.read()
    return sorted(names.vocabulary.spans), log


@pytest.mark.parametrize(
    ("inputs", "found"),
    [
        (["traces"], ["a", "b"]),
        (["traces/*.json"], ["a"]),
        (["traces/**/*.json*"], ["a", "b"]),
        (["traces/a.json", "traces"], ["a", "b"]),
        (["nothing/here", "-"], []),
        ([], []),
    ],
)
def test_paths_folders_and_globs_name_traces(folder: Path, inputs: list[str], found: list[str]) -> None:
    """Inputs are those of the command line, relative to the folder of the workspace."""
    assert names_of(folder, *inputs)[0] == found


def test_what_cannot_be_read_is_logged(folder: Path) -> None:
    """A file that holds no traces costs only its own names, and the log tells why."""
    found, log = names_of(folder, "traces/notes.txt", "traces/a.json")
    assert found == ["a"]
    assert any("notes.txt" in line for line in log)


def test_a_wrong_configuration_is_logged(folder: Path) -> None:
    """A mistake in the configuration file is told, and nothing else fails."""

    def configured(_: Path) -> Sequence[str]:
        raise ConfigError(code="C111", message="`trace` is not a setting of fluo")

    log: list[str] = []
    Names(configured, log.append, [folder]).read()
    assert any("is not a setting" in line for line in log)


def test_large_files_are_left_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit nothing is read, and the log names the file."""
    monkeypatch.setattr(vocabulary, "MAX_FILE_BYTES", 10)
    found, log = names_of(folder, "traces")
    assert found == []
    assert sum("left out" in line for line in log) == 2


def test_names_have_a_limit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Traces in which every span has a name of its own fill no memory."""
    monkeypatch.setattr(vocabulary, "MAX_NAMES", 3)
    (folder / "many.json").write_text(traces(*(f"GET /{number}" for number in range(10))))
    assert len(names_of(folder, "many.json")[0]) == 3


def test_nothing_is_read_twice_or_after_the_end(folder: Path) -> None:
    """Files that did not change are left alone, and so are all once the editor has left."""
    log: list[str] = []
    names = Names(lambda _: ["traces"], log.append, [folder])
    names.read()
    names.read()
    assert len(log) == 1
    (folder / "traces/c.json").write_text(traces("c"))
    names.stop()
    with ThreadPoolExecutor(1) as executor:
        names.refresh(executor)
    names.read()
    assert len(log) == 1


@pytest.mark.parametrize(
    ("settings", "given"),
    [
        ({"traces": ["a", "b"]}, ("a", "b")),
        ({"traces": "a"}, ("a",)),
        ({"traces": []}, ()),
        ({"traces": [1]}, None),
        ({"traces": None}, None),
        ({}, None),
        (None, None),
        ([], None),
    ],
)
def test_settings_of_any_shape_are_taken(settings: object, given: tuple[str, ...] | None) -> None:
    """Whatever an editor sends, only texts and lists of texts are paths."""
    assert traces_of(settings) == given
