"""Inputs that fsspec opens: ``s3://``, ``https://``, ``memory://`` and whatever else it has a package for."""

from __future__ import annotations

import glob
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from fluo_logic.facts.problems import Code, ProblemLog

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

URL: Final = re.compile(r"(?:[a-z][a-z0-9+.-]*::)*(?P<scheme>[a-z][a-z0-9+.-]+)://")
PASSWORD: Final = re.compile(r"(?<=://)[^/@]*@")
WEB: Final = frozenset({"http", "https"})
"""Schemes whose addresses hold question marks that ask for nothing, and that have no folders."""
EXTRA: Final = 'Install it with `pip install "fluo_logic[remote]"`.'


def is_url(named: str) -> bool:
    """Return whether an input is named by a URL."""
    return URL.match(named) is not None


def shown(url: str) -> str:
    """Return a URL for messages and reports: without what may be a password or a signature."""
    address, mark, _ = PASSWORD.sub("", url).partition("?")
    return f"{address}?…" if mark and _scheme(url) in WEB else PASSWORD.sub("", url)


def read_url(named: str, is_wanted: Callable[[str], bool]) -> Iterator[tuple[ProblemLog, bytes | None]]:
    """Yield the files that a URL stands for, each with its content, None where it could not be read, as its log says.

    Folders are searched and globs are expanded in the order of paths; ``is_wanted`` tells by its name whether a file
    of a folder may hold traces.
    """
    log = ProblemLog(shown(named))
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        message = "this is a URL, and the package fsspec, which opens it, is missing."
        log.report(Code.PACKAGE_MISSING, "", message, hint=EXTRA)
        yield log, None
        return
    try:
        system, path = url_to_fs(named)
        log.name = shown(system.unstrip_protocol(path))
        paths, is_single = _paths(system, path, named, is_wanted)
    except ImportError as error:
        log.report(
            Code.PACKAGE_MISSING, "", f"`{_scheme(named)}://` needs a package that is missing.", hint=_reason(error)
        )
        yield log, None
        return
    except Exception as error:  # noqa: BLE001 - each file system has its own errors
        _report(error, log)
        yield log, None
        return
    if not paths:
        log.report(Code.NOTHING_THERE, "", f"no trace file is at `{log.name}`.")
        yield log, None
    for found in paths:
        yield _read(system, found, log if is_single else ProblemLog(shown(system.unstrip_protocol(found))))


def list_url(named: str, is_wanted: Callable[[str], bool]) -> list[str]:
    """Return the URLs of the files that a URL stands for; where they cannot be listed, who reads it can tell why."""
    try:
        from fsspec.core import url_to_fs

        system, path = url_to_fs(named)
        paths, is_single = _paths(system, path, named, is_wanted)
    except Exception:  # noqa: BLE001 - each file system has its own errors
        return [named]
    return [named] if is_single or not paths else [system.unstrip_protocol(found) for found in paths]


def _paths(
    system: AbstractFileSystem, path: str, named: str, is_wanted: Callable[[str], bool]
) -> tuple[list[str], bool]:
    """Return the paths of files, and whether the URL names just one."""
    is_web = _scheme(named) in WEB
    if "*" in named or (glob.has_magic(named) and not is_web):
        found = [one for one in sorted(system.glob(path)) if is_web or not system.isdir(one)]
        return [one for one in found if not _is_hidden(one, path)], False
    if not is_web and system.isdir(path):
        found = sorted(system.find(path))
        return [one for one in found if is_wanted(one.rpartition("/")[2]) and not _is_hidden(one, path)], False
    return [path], True


def _is_hidden(path: str, asked: str) -> bool:
    """Return whether a path leads through a hidden folder, or to a hidden file, that was not asked for."""
    return "/." in path and "/." not in asked


def _read(system: AbstractFileSystem, path: str, log: ProblemLog) -> tuple[ProblemLog, bytes | None]:
    try:
        with system.open(path, "rb") as file:
            content: bytes = file.read()
    except Exception as error:  # noqa: BLE001 - each file system has its own errors
        _report(error, log)
        return log, None
    return log, content


def _report(error: Exception, log: ProblemLog) -> None:
    if isinstance(error, FileNotFoundError):
        log.report(Code.NOT_FOUND, "", f"there is nothing at `{log.name}`.", hint="Check the URL.")
    else:
        message = f"it cannot be opened: {_reason(error)}."
        log.report(Code.NOT_OPENED, "", message, hint="Check the URL, and that you may read it.")


def _scheme(named: str) -> str:
    found = URL.match(named)
    return "" if found is None else found["scheme"]


def _reason(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return PASSWORD.sub("", lines[0]).rstrip(".")
