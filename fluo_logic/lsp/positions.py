"""Between offsets in a text and the positions of the protocol, which count lines from 0 and code units within them."""

from __future__ import annotations

import bisect
import re
from dataclasses import dataclass, field
from typing import Final

from lsprotocol.types import Position, PositionEncodingKind, Range

LINE_END: Final = re.compile(r"\r\n|\n|\r")
"""What ends a line in the protocol; the rule language and Python's `splitlines` know others."""
LAST_BMP: Final = "\uffff"


@dataclass(frozen=True, slots=True)
class Positions:
    """The lines of a text; offsets count characters from 0.  Positions outside of the text mean the nearest inside."""

    text: str
    encoding: PositionEncodingKind | str = PositionEncodingKind.Utf16
    starts: tuple[int, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Find the lines."""
        starts = (0, *(found.end() for found in LINE_END.finditer(self.text)))
        object.__setattr__(self, "starts", starts)

    def position(self, offset: int) -> Position:
        """Return the position of an offset."""
        offset = min(max(offset, 0), len(self.text))
        line = bisect.bisect_right(self.starts, offset) - 1
        return Position(line, self._units(self.text[self.starts[line] : offset]))

    def range(self, start: int, end: int) -> Range:
        """Return the range of ``text[start:end]``."""
        return Range(self.position(start), self.position(end))

    def offset(self, position: Position) -> int:
        """Return the offset of a position; one inside a character means the end of that character."""
        if position.line < 0:
            return 0
        if position.line >= len(self.starts):
            return len(self.text)
        start, end = self.starts[position.line], self._line_end(position.line)
        line = self.text[start:end]
        if self.encoding == PositionEncodingKind.Utf32 or line.isascii():
            return start + min(max(position.character, 0), len(line))
        units = 0
        for index, char in enumerate(line):
            if units >= position.character:
                return start + index
            units += self._units(char)
        return end

    def _line_end(self, line: int) -> int:
        """Return the offset at which a line ends, before its line end."""
        if line + 1 >= len(self.starts):
            return len(self.text)
        end = self.starts[line + 1]
        return end - (2 if self.text.endswith("\r\n", self.starts[line], end) else 1)

    def _units(self, text: str) -> int:
        if text.isascii() or self.encoding == PositionEncodingKind.Utf32:
            return len(text)
        if self.encoding == PositionEncodingKind.Utf8:
            return len(text.encode("utf-8", "surrogatepass"))
        return len(text) + sum(char > LAST_BMP for char in text)
