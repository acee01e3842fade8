"""Inputs that are only named until somebody reads them: large files are read in parts, and maybe more than once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from fluo_logic.facts.problems import ProblemLog
from fluo_logic.facts.readers.sources import Source, open_path, read_file


def again(source: Source) -> Source:
    """Return an input as if nothing had been read of it."""
    if source.path is not None:
        return read_file(source.path)
    return source if source.content is None else replace(source, log=ProblemLog(source.log.name))


def named(sources: Iterator[Source]) -> Iterator[Source]:
    """Yield inputs of which files are only named, but for those that can be read only once; and what URLs hold."""
    for source in sources:
        if source.url is not None:
            yield from open_path(source.url, None)
        elif source.path is not None and not _is_regular(source):
            yield replace(read_file(source.path), path=None)
        else:
            yield source


def size_of(source: Source) -> int:
    """Return how many bytes an input has, 0 where it is not made of bytes."""
    if source.path is not None and not source.content:
        return status(source)[0]
    return len(source.content) if isinstance(source.content, bytes) else 0


def _is_regular(source: Source) -> bool:
    return source.path is not None and source.path.is_file()


def status(source: Source) -> tuple[int, int]:
    """Return the size of a file and when it was changed, in nanoseconds since the Unix epoch; zeros without a file."""
    try:
        found = source.path.stat() if source.path is not None else None
    except OSError:
        return 0, 0
    return (0, 0) if found is None else (found.st_size, found.st_mtime_ns)
