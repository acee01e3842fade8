"""The words and comments of a rule file, in order, with what their places tell about layout."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from fluo_logic.lang.grammar import words_of
from fluo_logic.lang.scan import TOKEN, scan
from fluo_logic.lang.source import Mistakes, Source

OPENING: Final = frozenset({"(", "[", "{"})
CLOSING: Final = frozenset({")", "]", "}"})
CALLS: Final = frozenset({"WHERE", "TRACE_HAS", "TRACE_COUNT", "COUNT", "FUNCTION", "EXISTS", "EVENT", "NAME"})
"""What a parenthesis follows without a space."""
HOLDERS: Final = frozenset({"NAME", "STRING", "ANY", "VARIABLE"})
"""What a selector follows without a space."""
SELECTORS: Final = frozenset({"ATTRIBUTE", "QUOTED_ATTRIBUTE", "FIELD"})
QUOTED: Final = frozenset({"STRING", "RESOURCE", "QUOTED_ATTRIBUTE", "FIELD"})
"""Words whose white space is their own."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A word or a comment; ``lines`` counts the line ends before it, ``column`` the characters before it in its line.

    ``kind`` is the grammar's name for a word, empty for a comment.
    """

    kind: str
    text: str
    lines: int
    column: int

    @property
    def is_comment(self) -> bool:
        """Whether this is a comment."""
        return not self.kind

    @property
    def on_own_line(self) -> bool:
        """Whether nothing stands before it on its line."""
        return self.lines > 0

    @property
    def is_inline(self) -> bool:
        """Whether code may follow on the same line."""
        return not self.on_own_line and self.text.startswith("/*") and "\n" not in self.text

    def lines_at(self, indent: str) -> list[str]:
        """Return the lines of a comment; the later ones keep their distance from the first."""
        first, *others = self.text.split("\n")
        moved = [_moved(line, len(indent) - self.column) for line in others]
        return [f"{indent}{first}", *moved]


Pieces: TypeAlias = Sequence[Piece]


def _moved(line: str, by: int) -> str:
    inner = line.lstrip(" ")
    return f"{' ' * max(0, len(line) - len(inner) + by)}{inner}".rstrip() if inner else ""


def pieces_of(text: str) -> list[Piece]:
    """Return the words and comments of a text that is right, in order.

    Raises:
        ValueError: the text does not parse.
    """
    text = text.replace("\r\n", "\n")
    scanned = scan(Mistakes(Source("", text)))
    found = [(start, end, kind, word) for start, end, kind, word in words_of(scanned.text)]
    found += [(one.start(), one.end(), "", one[0].rstrip()) for one in TOKEN.finditer(text) if one["comment"]]
    pieces: list[Piece] = []
    position = 0
    # A comment inside a word of two parts (`not /* so */ in`) comes after it.
    for start, end, kind, word in sorted(found):
        lines = text.count("\n", position, start) + (position == 0) if start >= position else 0
        column = start - (text.rfind("\n", 0, start) + 1)
        spelled = word if kind in QUOTED or not kind else re.sub(r"\s+", " ", word)
        pieces.append(Piece(kind, spelled, lines, column))
        position = max(position, end)
    return pieces


def spelling(pieces: Pieces) -> tuple[list[str], list[str]]:
    """Return the words and the comments of a text, which no layout changes.

    A name and the attribute behind it count as one word: without a space between them they are.
    """
    words: list[str] = []
    previous = ""
    for piece in pieces:
        if piece.is_comment:
            continue
        if previous == "NAME" and piece.kind == "ATTRIBUTE":
            words[-1] += piece.text
        else:
            words.append(f"{piece.kind} {piece.text}")
        previous = piece.kind
    comments = [" ".join(piece.text.split()) for piece in pieces if piece.is_comment]
    return words, sorted(comments)


def flat(pieces: Pieces) -> str | None:
    """Return the pieces on one line, None where a comment forbids that."""
    text = ""
    previous: Piece | None = None
    for piece in pieces:
        if piece.is_comment and not piece.is_inline:
            return None
        text += piece.text if previous is None or _glued(previous, piece) else f" {piece.text}"
        previous = piece
    return text


def _glued(left: Piece, right: Piece) -> bool:
    if left.is_comment or right.is_comment:
        return False
    if left.text in OPENING or right.text in {",", ":", *CLOSING} or right.kind == "WHERE":
        return True
    holds = left.kind in HOLDERS or left.text == ")"
    if right.kind in SELECTORS or right.text == "[":
        return holds
    return right.text == "(" and (left.kind in CALLS or left.kind == "STRING")


def depths(pieces: Pieces) -> Iterator[tuple[int, int, Piece]]:
    """Yield the index, the depth of nesting and the piece; a bracket has the depth of what is around it."""
    depth = 0
    for index, piece in enumerate(pieces):
        opens = not piece.is_comment and piece.text in OPENING
        closes = not piece.is_comment and piece.text in CLOSING
        depth -= closes
        yield index, depth, piece
        depth += opens
