"""Files appear whole or not at all, whatever interrupts the writing."""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from fluo_logic.facts.writers.files import replace_whole


def write_whole(path: Path, chunks: Iterable[bytes]) -> None:
    replace_whole(path, lambda out: out.writelines(chunks))


def interrupted(error: BaseException) -> Iterator[bytes]:
    yield b"half of it"
    raise error


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt(), ValueError()])
@pytest.mark.parametrize("before", [None, b"what was there"])
def test_nothing_is_left_of_an_interrupted_file(tmp_path: Path, error: BaseException, before: bytes | None) -> None:
    """A full disk, Ctrl-C or an error leaves what was there before, and no other file."""
    target = tmp_path / "out.jsonl"
    if before is not None:
        target.write_bytes(before)
    with pytest.raises(type(error)):
        write_whole(target, interrupted(error))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == (
        {} if before is None else {target.name: before}
    )


def test_file_is_replaced_in_its_place(tmp_path: Path) -> None:
    """A link goes on pointing at the file, which keeps its permissions."""
    (tmp_path / "there").mkdir()
    target = tmp_path / "there" / "out.jsonl"
    target.write_bytes(b"old")
    target.chmod(0o640)
    link = tmp_path / "link"
    link.symlink_to(target)
    write_whole(link, [b"n", b"ew"])
    assert link.is_symlink()
    assert (target.read_bytes(), stat.S_IMODE(target.stat().st_mode)) == (b"new", 0o640)
    assert [path.name for path in target.parent.iterdir()] == [target.name]


def test_new_file_has_the_usual_permissions(tmp_path: Path) -> None:
    """A file that is new is as readable as any other that a program makes."""
    (tmp_path / "other").write_bytes(b"")
    write_whole(tmp_path / "out", [b"x"])
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_pipe_is_written_to(tmp_path: Path) -> None:
    """A pipe stays one: what reads it gets the chunks."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    write_whole(pipe, [b"a", b"b"])
    reader.join()
    assert got == [b"ab"]


def test_what_the_system_refuses_names_the_file(tmp_path: Path) -> None:
    """The error names the file that was to be written, not the one beside it."""
    with pytest.raises(FileNotFoundError) as caught:
        write_whole(tmp_path / "absent" / "out", [b"x"])
    assert caught.value.filename == str(tmp_path / "absent" / "out")
