"""Files, folders, globs and standard input: what is opened, in which order, and what is said of what is not."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from fluo_logic.facts.problems import CATALOGUE, Code, ProblemLog
from fluo_logic.facts.readers import read_traces
from fluo_logic.facts.readers.sources import Source, open_all, read_file

LINE = (
    '{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"%016x",'
    '"name":"s"}]}]}]}\n'
)


def written(folder: Path, *names: str) -> None:
    for number, name in enumerate(names, start=1):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        data = (LINE % number).encode()
        file.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)


def test_folder_is_searched_for_known_endings_in_order(tmp_path: Path) -> None:
    """Sub-folders are searched too; hidden files and unknown endings are left out."""
    written(tmp_path, "b.jsonl", "a/z.JSON", "a/y.ndjson.gz", "c.txt", ".hidden.json", ".git/x.json", "d.gz")
    found = read_traces(tmp_path)
    names = [Path(summary.name).relative_to(tmp_path).as_posix() for summary in found.inputs]
    assert names == ["a/y.ndjson.gz", "a/z.JSON", "b.jsonl"]
    assert not found.problems


def test_glob_and_paths_are_read_once_each(tmp_path: Path) -> None:
    """A file that a path and a glob both name is read once, so that its spans are not taken for resent ones."""
    written(tmp_path, "a.json", "b.json", "sub/c.json")
    found = read_traces([tmp_path / "b.json", str(tmp_path / "**" / "*.json"), str(tmp_path)])
    assert [Path(summary.name).name for summary in found.inputs] == ["b.json", "a.json", "c.json"]
    assert (found.merged, len(found.spans)) == (0, 3)


def test_file_whose_name_looks_like_a_glob_is_a_file(tmp_path: Path) -> None:
    """An existing file wins over the glob that its name could be."""
    written(tmp_path, "[ab].json")
    assert len(read_traces(str(tmp_path / "[ab].json")).spans) == 1


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("absent.json", Code.NOT_FOUND),
        ("absent/*.json", Code.NOTHING_THERE),
        ("", Code.NOTHING_THERE),
        ("nul\0.json", Code.NOT_FOUND),
        ("x" * 5000, Code.NOT_OPENED),
    ],
)
def test_what_cannot_be_opened_is_a_problem(name: str, code: Code, tmp_path: Path) -> None:
    """A missing input is named, with a hint, and what else there is is read."""
    found = read_traces([f"{tmp_path}/{name}", (LINE % 1).encode()])
    (problem,) = found.problems
    assert (problem.code, problem.rejected) == (code, True)
    assert problem.hint
    assert str(tmp_path) in problem.input
    assert len(found.spans) == 1


def test_text_in_place_of_a_path_is_explained() -> None:
    """Trace data that is handed over as str is taken for a path, and the hint says what to do."""
    (problem,) = read_traces('{"resourceSpans":[]}').problems
    assert problem.hint == "To check trace data itself, pass bytes."


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may read everything")
def test_forbidden_file_and_folder_are_problems(tmp_path: Path) -> None:
    """Without the permission to read, a file and a folder are reported and the others are read."""
    written(tmp_path, "a.json", "b.json", "sub/c.json")
    (tmp_path / "b.json").chmod(0)
    (tmp_path / "sub").chmod(0)
    try:
        found = read_traces(tmp_path)
    finally:
        (tmp_path / "sub").chmod(0o700)
    assert len(found.spans) == 1
    assert [problem.code for problem in found.problems] == [Code.NOT_OPENED, Code.NOT_OPENED]


def test_unreadable_file_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the operating system is told in its words."""

    def refuse(*_: object) -> bytes:
        raise PermissionError(13, "Permission denied")

    written(tmp_path, "a.json")
    monkeypatch.setattr(Path, "open", refuse)
    (problem,) = read_traces(tmp_path / "a.json").problems
    assert (problem.code, problem.message) == (Code.NOT_OPENED, "the file cannot be read: permission denied.")


@pytest.mark.parametrize(
    ("change", "code", "message", "spans"),
    [
        ("grow", Code.FILE_GREW, "the file grew from {size} to {more} bytes while it was read.", 1),
        ("cut", Code.FILE_CHANGED, "the file was cut from {size} to 0 bytes while it was read.", 0),
        ("rewrite", Code.FILE_CHANGED, "the file was written to while it was read.", 1),
    ],
)
def test_file_that_changes_while_it_is_read_is_told(
    change: str, code: Code, message: str, spans: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was appended is left for later; what was cut or written over may be of two versions, and is an error."""
    file = tmp_path / "live.jsonl"
    written(tmp_path, file.name)
    size = file.stat().st_size
    fstat = os.fstat

    def told_then_changed(number: int) -> os.stat_result:
        told = fstat(number)
        match change:
            case "grow" if told.st_size == size:
                with file.open("ab") as out:
                    out.write((LINE % 2).encode())
            case "cut":
                os.truncate(file, 0)
            case "rewrite":
                os.utime(file, ns=(told.st_atime_ns, told.st_mtime_ns + 1_000_000))
        return told

    with monkeypatch.context() as patch:
        patch.setattr("fluo_logic.facts.readers.sources.os.fstat", told_then_changed)
        source = read_file(file)
    found = read_traces(source.content) if isinstance(source.content, bytes) and source.content else None
    assert (0 if found is None else len(found.spans)) == spans
    (problem,) = source.log.problems()
    assert (problem.code, problem.rejected) == (code, code is Code.FILE_CHANGED)
    assert problem.message == message.format(size=size, more=size + len(LINE % 2))


def test_pipes_and_files_without_a_size_are_read_whole(tmp_path: Path) -> None:
    """What has no size until it is read, a pipe for one, is read to its end."""
    pipe = tmp_path / "pipe.jsonl"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=((LINE % 1).encode(),))
    writer.start()
    assert (len((found := read_traces(pipe)).spans), found.problems) == (1, ())
    writer.join()


def test_too_little_memory_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """An input that does not fit is an error, and the others are read."""

    def refuse(*_: object) -> object:
        raise MemoryError

    monkeypatch.setattr("fluo_logic.facts.readers.decompress", lambda data, _: refuse() if len(data) > 500 else data)
    found = read_traces([(LINE % 1).encode() * 9, (LINE % 2).encode()])
    assert [problem.code for problem in found.problems] == [Code.TOO_LARGE]
    assert len(found.spans) == 1


def test_thousands_of_files_are_opened_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many files a folder and a glob stand for, they are read in order, and none before it is its turn."""
    for number in range(1, 3001):
        (tmp_path / f"{number:05}.json").write_text(LINE % number, encoding="utf-8")
    opened: list[str] = []

    def noted(path: Path) -> Source:
        opened.append(path.name)
        return read_file(path)

    monkeypatch.setattr("fluo_logic.facts.readers.sources.read_file", noted)
    for given in (str(tmp_path), str(tmp_path / "*.json")):
        opened.clear()
        for count, source in enumerate(open_all(given, None), start=1):
            assert (len(opened), opened[-1]) == (count, Path(source.log.name).name)
        assert opened == sorted(opened)
        assert len(opened) == 3000
    found = read_traces(tmp_path)
    assert (len(found.spans), len(found.inputs), found.problems) == (3000, 3000, ())


def test_trace_that_is_scattered_over_files_is_one(tmp_path: Path) -> None:
    """Spans of one trace come together, whichever files, formats and compressions they are in."""
    written(tmp_path, "a.json", "b/c.jsonl", "d.json.gz")
    (tmp_path / "e.json").write_text(
        '{"data": [{"traceID": "af7651916cd43dd8448eb211c80319c", "spans": [{"traceID": '
        '"af7651916cd43dd8448eb211c80319c", "spanID": "9", "operationName": "s"}]}]}',
        encoding="utf-8",
    )
    found = read_traces(tmp_path)
    assert (len(found.traces), len(found.spans), found.problems) == (1, 4, ())


def test_dangling_link_is_a_problem(tmp_path: Path) -> None:
    """A symbolic link to nothing is reported."""
    (tmp_path / "a.json").symlink_to(tmp_path / "gone")
    assert [problem.code for problem in read_traces(tmp_path / "a.json").problems] == [Code.NOT_OPENED]


def test_standard_input_is_read() -> None:
    """``-`` is standard input, or what is given in its place."""
    assert len(read_traces("-", stdin=io.BytesIO((LINE % 1).encode())).spans) == 1
    script = "from fluo_logic.facts.readers import read_traces; print(len(read_traces(['-']).spans))"
    done = subprocess.run(  # noqa: S603  # this interpreter
        [sys.executable, "-c", script], input=LINE % 1, text=True, capture_output=True, check=True
    )
    assert done.stdout == "1\n"


def test_import_loads_no_optional_library() -> None:
    """Neither protobuf nor zstandard nor the SDK, nor what tables and URLs need, is loaded before an input needs it."""
    optional = ("google.protobuf", "zstandard", "opentelemetry.sdk", "pyarrow", "narwhals", "fsspec", "pandas")
    script = (
        "import sys, fluo_logic.facts.readers as readers; readers.read_traces(b'{\"resourceSpans\":[]}'); "
        f"print([name for name in {optional} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], text=True, capture_output=True, check=True)  # noqa: S603
    assert done.stdout == "[]\n"


def test_every_code_is_explained() -> None:
    """The catalogue has a row for every code."""
    assert set(CATALOGUE) == set(Code)


def test_counts_stay_exact_when_problems_are_capped() -> None:
    """The first problems of a code are listed, one more counts the rest, and other codes are not affected."""
    log = ProblemLog("file", kept_per_code=2)
    for number in range(5):
        log.report(Code.ID_MISSING, f"line {number}", "no id.")
    log.report(Code.NOT_UNICODE, "line 9", "bad text.")
    found = log.problems()
    assert [(problem.code, problem.where, problem.count) for problem in found] == [
        (Code.ID_MISSING, "line 0", 1),
        (Code.ID_MISSING, "line 1", 1),
        (Code.NOT_UNICODE, "line 9", 1),
        (Code.ID_MISSING, "", 3),
    ]
