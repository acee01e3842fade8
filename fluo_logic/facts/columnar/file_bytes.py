"""The bytes of a file that is too large to be held: read where they are asked for, a window at a time."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Final, Self, overload

from fluo_logic.facts.columnar.batch import Unusual

WINDOW: Final = 1 << 20


class FileBytes:
    """A file that can be indexed and sliced as `bytes` can.

    A mapping into memory would do, too, but a file that somebody cuts meanwhile ends the process then.  Reading what is
    not there any more raises `Unusual`.
    """

    def __init__(self, path: Path) -> None:
        """Open the file; raises OSError where that fails."""
        self._file = path.open("rb", buffering=0)
        status = os.fstat(self._file.fileno())
        self.size = status.st_size
        self.changed = status.st_mtime_ns
        self._start = 0
        self._window = b""

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the file."""
        self._file.close()

    def __len__(self) -> int:
        """Return the size that the file had when it was opened."""
        return self.size

    @overload
    def __getitem__(self, key: int, /) -> int: ...

    @overload
    def __getitem__(self, key: slice, /) -> bytes: ...

    def __getitem__(self, key: int | slice, /) -> int | bytes:
        """Return a byte, or those of a slice without a step."""
        if isinstance(key, int):
            return self._read(key, key + 1)[0]
        start, end, _ = key.indices(self.size)
        return self._read(start, end)

    def find(self, what: bytes, start: int = 0) -> int:
        """Return where a byte comes first, from ``start`` on; -1 where it does not."""
        while start < self.size:
            end = min(start + WINDOW, self.size)
            found = self._read(start, end).find(what)
            if found >= 0:
                return start + found
            start = end
        return -1

    def _read(self, start: int, end: int) -> bytes:
        first = start - self._start
        if first < 0 or end - self._start > len(self._window):
            size = max(end - start, min(WINDOW, self.size - start))
            data = os.pread(self._file.fileno(), size, start) if size > 0 else b""
            if len(data) < size:
                message = "a file that was cut while it was read"
                raise Unusual(message)
            if size > WINDOW:
                return data
            self._start, self._window, first = start, data, 0
        return self._window[first : first + end - start]
