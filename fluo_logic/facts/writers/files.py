"""Files that are written whole or not at all: nothing that a full disk or Ctrl-C leaves behind looks like a result."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO


def write_whole(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file of which all is there; see `replace_whole`."""
    replace_whole(path, lambda out: out.writelines((data,)))


def replace_whole(path: str | os.PathLike[str], write: Callable[[BinaryIO], None]) -> None:
    """Make a file of what ``write`` writes, under its name only when it is complete.

    Until then it lies beside its place, under a hidden name; when writing fails, that file is removed, and what was
    there before is untouched.  A pipe or a device is written to directly, and so is a file in a folder that takes no
    new ones.

    Raises:
        OSError: the system refuses; ``filename`` is then ``path``.
    """
    try:
        _replace(Path(os.path.realpath(path)), write)
    except OSError as error:
        error.filename = os.fspath(path)
        error.filename2 = None
        raise


def _replace(target: Path, write: Callable[[BinaryIO], None]) -> None:
    if target.exists() and not target.is_file():
        with target.open("wb") as out:
            write(out)
        return
    beside = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        out = beside.open("xb")
    except PermissionError:
        with target.open("wb") as out:
            write(out)
        return
    try:
        with out:
            write(out)
        if target.exists():
            shutil.copymode(target, beside)
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
