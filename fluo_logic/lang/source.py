"""The text of a rule file, places in it, and the mistakes found so far."""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field
from typing import Final

from fluo_logic.errors import RuleError, Where
from fluo_logic.lang.syntax import Origin

MAX_MISTAKES: Final = 1000
"""How many mistakes of one file are kept."""


@dataclass(frozen=True, slots=True)
class Source:
    """A text and the offsets at which its lines begin.  Offsets count characters from 0."""

    file: str
    text: str
    line_starts: tuple[int, ...] = field(init=False, repr=False)
    lines: dict[int, str] = field(init=False, repr=False, default_factory=dict)
    """The lines that were asked for, so that many mistakes in one line share its text."""

    def __post_init__(self) -> None:
        """Find the lines."""
        starts = [0, *(index + 1 for index, char in enumerate(self.text) if char == "\n")]
        object.__setattr__(self, "line_starts", tuple(starts))

    def place(self, offset: int) -> tuple[int, int]:
        """Return the 1-based line and column of ``offset``."""
        line = bisect.bisect_right(self.line_starts, offset)
        return line, offset - self.line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        """Return the 1-based line without its end."""
        if number not in self.lines:
            start = self.line_starts[number - 1]
            end = self.line_starts[number] if number < len(self.line_starts) else len(self.text)
            self.lines[number] = self.text[start:end].rstrip("\r\n")
        return self.lines[number]

    def origin(self, start: int, end: int) -> Origin:
        """Return the origin of ``text[start:end]``."""
        line, column = self.place(start)
        end_line, end_column = self.place(end)
        return Origin(self.file, line, column, end_line, end_column, self.text[start:end])

    def where(self, start: int, end: int) -> Where:
        """Return the place of ``text[start:end]``; the caret stays on its first line."""
        line, column = self.place(start)
        source = self.line(line)
        length = max(1, min(end - start, len(source) - column + 1))
        return Where(self.file, line, column, length, source)

    def start_of(self, origin: Origin) -> int:
        """Return the offset at which a node of this text begins."""
        return self.line_starts[origin.line - 1] + origin.column - 1


@dataclass(slots=True)
class Mistakes:
    """Collects what is wrong with one source, so that all of it can be reported together."""

    source: Source
    errors: list[RuleError] = field(default_factory=list)

    @property
    def full(self) -> bool:
        """Whether there are so many mistakes that no more are taken."""
        return len(self.errors) >= MAX_MISTAKES

    def report(self, code: str, message: str, start: int, end: int, hint: str | None = None) -> None:
        """Note a mistake in ``text[start:end]``."""
        if not self.full:
            self.errors.append(RuleError(code, message, where=self.source.where(start, end), hint=hint))

    def report_at(self, code: str, message: str, origin: Origin, hint: str | None = None) -> None:
        """Note a mistake in the text of a node."""
        start = self.source.start_of(origin)
        self.report(code, message, start, start + len(origin.text), hint)

    def within(self, start: int, end: int) -> bool:
        """Return whether there is a mistake in ``text[start:end]``."""
        first, last = self.source.place(start), self.source.place(end)
        return any(first <= position(error) <= last for error in self.errors)

    def in_order(self) -> list[RuleError]:
        """Return the mistakes by place, each once."""
        unique = {(error.code, str(error.where), error.message): error for error in self.errors}
        return sorted(unique.values(), key=position)


def place_of(origin: Origin) -> Where:
    """Return the place of a node whose source is no longer at hand; the line shows only the node's own text."""
    first = origin.text.partition("\n")[0].rstrip("\r")
    length = max(1, len(first.partition("{")[0].rstrip()))
    return Where(origin.file, origin.line, origin.column, length, " " * (origin.column - 1) + first)


def position(error: RuleError) -> tuple[int, int]:
    """Return line and column of an error, to order those of one file."""
    return (error.where.line, error.where.column) if error.where is not None else (0, 0)
