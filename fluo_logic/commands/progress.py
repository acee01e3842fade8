"""Progress on standard error: one line that is written over, and taken away at the end."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, TextIO

from fluo_logic.commands.output import text_width
from fluo_logic.facts.progress import Progress, silent

FIRST_AFTER: Final = 0.5
"""Seconds after which something is shown: short work shows nothing."""
EVERY: Final = 0.1
EVERY_LINE: Final = 1.0
"""Seconds between lines where they cannot be written over."""


@contextmanager
def shown(*, wanted: bool, quiet: bool) -> Iterator[Progress]:
    """Yield what shows progress: on a terminal, or wherever it is ``wanted``, as lines then; not if ``quiet``."""
    stream = sys.stderr
    if not wanted and (quiet or not stream.isatty()):
        yield silent
        return
    line = _Line(stream)
    try:
        yield line.show
    finally:
        line.clear()


class _Line:
    """The line of progress."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.over = stream.isatty()
        self.next = time.monotonic() + (FIRST_AFTER if self.over else 0)
        self.width = 0

    def show(self, words: str) -> None:
        now = time.monotonic()
        if now < self.next:
            return
        self.next = now + (EVERY if self.over else EVERY_LINE)
        if not self.over:
            self.stream.write(f"{words}\n")
            return
        words = words[: text_width(self.stream) - 1]
        self.stream.write(f"\r{words.ljust(self.width)}")
        self.stream.flush()
        self.width = len(words)

    def clear(self) -> None:
        if self.width:
            self.stream.write(f"\r{' ' * self.width}\r")
            self.stream.flush()
