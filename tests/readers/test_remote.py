"""URLs, by fsspec: files, folders and globs of other places, and clear words where they cannot be opened."""

from __future__ import annotations

import gzip
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from fluo_logic.facts.problems import Code
from fluo_logic.facts.readers import read_traces
from tests.command_line import Fluo
from tests.readers.test_inputs import LINE

fsspec = pytest.importorskip("fsspec", reason="needs the extra remote")


@pytest.fixture
def bucket() -> Iterator[str]:
    """A place in memory with three files, one of them compressed, and others that are not for traces."""
    memory = fsspec.filesystem("memory")
    for number, name in enumerate(["b.jsonl", "a/z.json", "a/y.jsonl.gz", "readme.txt", ".hidden/x.json"], start=1):
        data = (LINE % number).encode()
        memory.pipe(f"/bucket/{name}", gzip.compress(data) if name.endswith(".gz") else data)
    yield "memory://bucket"
    memory.rm("/bucket", recursive=True)


@pytest.mark.parametrize(
    ("named", "found"),
    [
        ("b.jsonl", ["b.jsonl"]),
        ("", ["a/y.jsonl.gz", "a/z.json", "b.jsonl"]),
        ("a", ["a/y.jsonl.gz", "a/z.json"]),
        ("**/*.json*", ["a/y.jsonl.gz", "a/z.json", "b.jsonl"]),
        ("*.txt", ["readme.txt"]),
    ],
)
def test_files_folders_and_globs_are_read(bucket: str, named: str, found: list[str]) -> None:
    """A URL stands for what a path would: a file, the trace files of a folder, what a glob matches; in order."""
    dataset = read_traces(f"{bucket}/{named}" if named else bucket)
    names = [summary.name.partition("/bucket/")[2] for summary in dataset.inputs]
    assert names == found
    assert (len(dataset.spans), dataset.problems) == (len(names), ())
    assert dataset.spans[0].origin.startswith("memory://")


def test_files_are_read_once(bucket: str) -> None:
    """A file that two URLs name is read once."""
    dataset = read_traces([f"{bucket}/b.jsonl", bucket, f"{bucket}/b.jsonl"])
    assert (len(dataset.inputs), dataset.merged) == (3, 0)


@pytest.mark.parametrize(
    ("named", "code", "message"),
    [
        ("memory://bucket/absent.json", Code.NOT_FOUND, "there is nothing at `memory:///bucket/absent.json`."),
        ("memory://bucket/*.pb", Code.NOTHING_THERE, "no trace file is at `memory:///bucket/*.pb`."),
        ("nowhere://x/y.json", Code.NOT_OPENED, "it cannot be opened: Protocol not known: nowhere."),
    ],
)
def test_what_is_not_there_is_told(bucket: str, named: str, code: Code, message: str) -> None:
    """A URL that leads nowhere is a problem with a hint, and the other inputs are read."""
    dataset = read_traces([named, f"{bucket}/b.jsonl"])
    (problem,) = dataset.problems
    assert (problem.code, problem.message, problem.rejected) == (code, message, True)
    assert problem.hint
    assert len(dataset.spans) == 1


def test_missing_packages_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without fsspec, or without the package for a scheme, the error says what to install."""
    monkeypatch.setitem(sys.modules, "s3fs", None)
    (problem,) = read_traces("s3://bucket/traces.json").problems
    assert (problem.code, problem.message) == (Code.PACKAGE_MISSING, "`s3://` needs a package that is missing.")
    assert "s3fs" in (problem.hint or "")
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    monkeypatch.setitem(sys.modules, "fsspec", None)
    (problem,) = read_traces("memory://bucket/a.json").problems
    assert (problem.code, problem.hint) == (Code.PACKAGE_MISSING, 'Install it with `pip install "fluo_logic[remote]"`.')


def test_command_line_takes_urls(bucket: str, fluo: Fluo) -> None:
    """`--traces` takes a URL."""
    status, out, _ = fluo("facts", "--traces", f"{bucket}/b.jsonl", "--to", "otlp")
    assert (status, len(read_traces(out.encode()).spans)) == (0, 1)


class Handler(BaseHTTPRequestHandler):
    """Answers with a line of OTLP, or that there is nothing."""

    def do_GET(self) -> None:
        found = self.path.startswith("/api/traces/")
        self.send_response(200 if found else 404)
        self.end_headers()
        self.wfile.write((LINE % 1).encode() if found else b"not here")

    do_HEAD = do_GET  # noqa: N815 - the names are those of the library

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    """A server of this machine."""
    pytest.importorskip("aiohttp", reason="needs the extra remote")
    made = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield f"127.0.0.1:{made.server_port}"
    made.shutdown()
    thread.join()
    made.server_close()


def test_answers_of_servers_are_read(server: str) -> None:
    """An address with a question mark is no glob, and neither passwords nor signatures are told."""
    dataset = read_traces(f"http://user:secret@{server}/api/traces/1?signature=secret")
    assert (len(dataset.spans), dataset.problems) == (1, ())
    assert dataset.inputs[0].name == f"http://{server}/api/traces/1?…"
    (problem,) = read_traces(f"http://user:secret@{server}/absent?x=secret").problems
    assert problem.code == Code.NOT_FOUND
    assert "secret" not in f"{problem.input} {problem.message} {problem.hint}"
