"""Where the characters of a YAML scalar stand in the file, so that a mistake in one is shown at its own place."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Final

from fluo_logic.errors import Where
from fluo_logic.lang.source import Source
from fluo_logic.lang.syntax import Origin
from fluo_logic.lang.yaml_nodes import Scalar

ESCAPED_DIGITS: Final = {"x": 2, "u": 4, "U": 8}
"""How many hexadecimal digits follow these escapes of double-quoted scalars."""
BREAKS: Final = frozenset("\r\n\x85\u2028\u2029")


@dataclass(frozen=True, slots=True)
class Part(Source):
    """A text whose characters stand in a larger file.

    Offsets are those of ``text``, lines and columns those of ``whole``; ``offsets[i]`` is where ``text[i]`` stands.
    """

    whole: Source
    offsets: tuple[int, ...]
    indices: dict[int, int] = field(init=False, repr=False)
    """Which character of ``text`` stands at an offset of the file; of several, the last."""

    def __post_init__(self) -> None:
        """Turn the offsets around."""
        object.__setattr__(self, "line_starts", self.whole.line_starts)
        object.__setattr__(self, "indices", {offset: index for index, offset in enumerate(self.offsets)})

    def place(self, offset: int) -> tuple[int, int]:
        """Return the 1-based line and column in the file of ``text[offset]``, or of the end of the text."""
        return self.whole.place(self._in_file(offset))

    def line(self, number: int) -> str:
        """Return the 1-based line of the file."""
        return self.whole.line(number)

    def origin(self, start: int, end: int) -> Origin:
        """Return the origin of ``text[start:end]``, with the text as YAML reads it."""
        line, column = self.place(start)
        end_line, end_column = self.whole.place(self._end_in_file(start, end))
        return Origin(self.file, line, column, end_line, end_column, self.text[start:end])

    def where(self, start: int, end: int) -> Where:
        """Return the place in the file of ``text[start:end]``; the caret stays on its first line."""
        return self.whole.where(self._in_file(start), self._end_in_file(start, end))

    def start_of(self, origin: Origin) -> int:
        """Return the offset at which a node of this text begins."""
        return self.indices.get(self.whole.start_of(origin), 0)

    def _in_file(self, offset: int) -> int:
        return self.offsets[offset] if offset < len(self.offsets) else self._end_in_file(0, offset)

    def _end_in_file(self, start: int, end: int) -> int:
        # The end of a text is where its last character ends, before what closes the scalar.
        last = min(end, len(self.offsets)) - 1
        return self.offsets[last] + (1 if end > start else 0) if last >= 0 else 0


def part_of(whole: Source, condition: Scalar, display: Scalar | None) -> Part:
    """Return the content of a rule: the sentence of its violations where there is one, and its condition."""
    text, offsets = _readable(whole, condition)
    if display is None:
        return Part(whole.file, text, whole, offsets)
    pieces = ["display ", '"']
    places = [display.start] * len("display ")
    places.append(display.start)
    for char, place in zip(display.text, _offsets(whole.text, display), strict=True):
        escaped = json.dumps(char, ensure_ascii=False)[1:-1]
        pieces.append(escaped)
        places.extend([place] * len(escaped))
    pieces.append('"\n')
    places.extend([max(display.start, display.end - 1)] * 2)
    return Part(whole.file, "".join([*pieces, text]), whole, (*places, *offsets))


def _readable(whole: Source, scalar: Scalar) -> tuple[str, tuple[int, ...]]:
    """Return the text of a condition and where its characters stand.

    YAML folds the lines of some scalars into one, where a comment would silently take the rest of the condition along.
    There the lines are kept.
    """
    offsets = _offsets(whole.text, scalar)
    if "//" not in scalar.text:
        return scalar.text, offsets
    chars = [
        "\n" if char == " " and whole.text[place] in BREAKS else char
        for char, place in zip(scalar.text, offsets, strict=True)
    ]
    return "".join(chars), offsets


def _offsets(text: str, scalar: Scalar) -> tuple[int, ...]:
    """Return where each character of a scalar stands; all at its beginning, should the two not be reconciled."""
    position, end = scalar.start, scalar.end
    if scalar.style in {"|", ">"}:
        while position < end and text[position] not in BREAKS:
            position += 1
        position += 2 if text.startswith("\r\n", position) else 1
    elif scalar.style in {"'", '"'}:
        position += 1
    offsets: list[int] = []
    for char in scalar.text:
        position = _next(text, position, end, char, scalar.style)
        if position >= end and not char.isspace():
            return (scalar.start,) * len(scalar.text)
        offsets.append(min(position, max(end - 1, scalar.start)))
        width = _width(text, position, char, scalar.style) if position < end else 0
        if width is None:
            return (scalar.start,) * len(scalar.text)
        position += width
    return tuple(offsets)


def _next(text: str, position: int, end: int, char: str, style: str) -> int:
    """Return where the next character of a scalar begins: behind indentation, and behind line ends that are escaped."""
    while position < end:
        found = text[position]
        if style == '"' and found == "\\" and text[position + 1 : position + 2] in BREAKS:
            position += 2
            while position < end and text[position].isspace():
                position += 1
            continue
        blank = found.isspace() and (not char.isspace() or text.startswith("\r\n", position))
        folded = style != "|" and char == " " and found in " \t" and _folded(text, position)
        if not blank and not folded:
            break
        position += 1
    return position


def _folded(text: str, position: int) -> bool:
    """Return whether only blanks lie between a blank and the end of its line, which folding drops."""
    while text[position : position + 1] in {" ", "\t"}:
        position += 1
    return text[position : position + 1] in BREAKS


def _width(text: str, position: int, char: str, style: str) -> int | None:
    """Return how many characters of the file stand for ``char``, None where they stand for something else."""
    found = text[position]
    if style == '"' and found == "\\":
        return 2 + ESCAPED_DIGITS.get(text[position + 1], 0)
    if char.isspace():
        return 1 if found.isspace() else 0
    if found != char:
        return None
    return 2 if style == "'" and char == "'" else 1
