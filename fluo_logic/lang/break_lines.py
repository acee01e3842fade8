"""Breaks conditions and spans of examples into lines: at ``or``, at ``and``, at operators, inside brackets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fluo_logic.lang.pieces import OPENING, Piece, Pieces, depths, flat
from fluo_logic.lang.scan import TOKEN

LIMIT: Final = 120
"""How long a line may be where it can be broken."""
INDENT: Final = "  "
OPERATORS: Final = frozenset(
    {
        *("COMPARE", "IN", "NOT_IN", "CONTAINS", "STARTS_WITH", "ENDS_WITH", "MATCHES"),
        *("BEFORE", "AFTER", "DURING", "COVERS", "OVERLAPS", "CHILD_OF", "PARENT_OF", "DESCENDANT_OF", "ANCESTOR_OF"),
        *("SIBLING_OF", "LINKED_TO", "LINKED_FROM"),
    }
)
"""Before what else a line may end."""


def broken(pieces: Pieces, indent: str, *, hanging: bool = False) -> list[str]:
    """Return the lines of a condition or of the words of a span.

    ``hanging`` indents what follows the first part of an ``and`` or ``or``, where no brackets show that it belongs.
    """
    before, core, after = _outside(pieces)
    lines = [line for comment in before for line in comment.lines_at(indent)]
    if core:
        lines.extend(_core(core, indent, hanging=hanging))
    for comment in after:
        attach(lines, comment, indent)
    return lines


def attach(lines: list[str], comment: Piece, indent: str) -> None:
    """Add a comment behind the last line, or below it where it stood on a line of its own or code would be lost."""
    if lines and lines[-1].strip() and not comment.on_own_line and not ends_open(lines[-1]):
        first, *others = comment.lines_at("")
        lines[-1] = f"{lines[-1]} {first}"
        lines.extend(others)
    else:
        lines.extend(comment.lines_at(indent))


def ends_open(line: str) -> bool:
    """Return whether a line ends in a comment that would swallow what follows it."""
    last = None
    for found in TOKEN.finditer(line):
        last = found
    return last is not None and last.lastgroup == "comment" and last[0].startswith("//")


def _outside(pieces: Pieces) -> tuple[Pieces, Pieces, Pieces]:
    """Return the comments at the beginning, what is between, and the comments at the end."""
    first, last = 0, len(pieces)
    while first < last and pieces[first].is_comment:
        first += 1
    while last > first and pieces[last - 1].is_comment:
        last -= 1
    return pieces[:first], pieces[first:last], pieces[last:]


def _core(pieces: Pieces, indent: str, *, hanging: bool) -> list[str]:
    line = flat(pieces)
    if line is not None and len(indent) + len(line) <= LIMIT:
        return [indent + line]
    lead = 1 if pieces[0].kind in {"_AND", "_OR", *OPERATORS} else 0
    inner = indent + INDENT
    for kinds, deeper in (({"_OR"}, hanging or lead), ({"_AND"}, hanging or lead), (OPERATORS, True)):
        parts = _split(pieces, lead, frozenset(kinds))
        if len(parts) > 1:
            rest = inner if deeper else indent
            return [
                *broken(parts[0], indent, hanging=bool(lead)),
                *(line for part in parts[1:] for line in broken(part, rest)),
            ]
    items = _items(pieces)
    if len(items) > 1:
        return [line for item in items for line in broken(item, indent)]
    return _bracketed(pieces, indent) or _word_by_word(pieces, indent)


def _split(pieces: Pieces, lead: int, kinds: frozenset[str]) -> Sequence[Pieces]:
    """Return the parts that begin at words of these kinds outside of brackets, with the comments beside the words."""
    starts = [index for index, depth, piece in depths(pieces) if depth == 0 and index >= lead and piece.kind in kinds]
    if kinds == OPERATORS:
        starts = starts[:1]
    parts: list[list[Piece]] = [[]]
    owned: list[Piece] = []
    for index, piece in enumerate(pieces):
        if index in starts:
            parts.append([*owned, piece])
            owned = []
        elif piece.is_comment and index + 1 in starts and piece.on_own_line:
            owned.append(piece)
        elif piece.is_comment and len(parts) > 1 and len([one for one in parts[-1] if not one.is_comment]) == 1:
            # Between the word and what it joins: a comment belongs to the line before, or above this one.
            if piece.on_own_line:
                parts[-1].insert(0, piece)
            else:
                parts[-2].append(piece)
        else:
            parts[-1].append(piece)
    return parts if parts[0] else parts[1:]


def _items(pieces: Pieces) -> list[Pieces]:
    """Return what commas outside of brackets separate, each with its comma and the comments behind it."""
    items: list[list[Piece]] = [[]]
    fresh = False
    for _, depth, piece in depths(pieces):
        if fresh and not (piece.is_comment and not piece.on_own_line):
            items.append([])
            fresh = False
        items[-1].append(piece)
        fresh = fresh or (depth == 0 and piece.kind == "COMMA")
    return list(items)


def _bracketed(pieces: Pieces, indent: str) -> list[str]:
    """Return the lines with the content of the longest brackets on lines of its own; empty where there is none."""
    opened = [
        index for index, depth, piece in depths(pieces) if depth == 0 and not piece.is_comment and piece.text in OPENING
    ]
    pairs = [(index, _closing(pieces, index)) for index in opened]
    pairs = [(start, end) for start, end in pairs if end > start + 1]
    if not pairs:
        return []
    start, end = max(pairs, key=lambda pair: _length(pieces[pair[0] : pair[1]]))
    head = flat(pieces[: start + 1])
    if head is None:
        return []
    inside = list(pieces[start + 1 : end])
    lines = [indent + head]
    while inside and inside[0].is_comment and not inside[0].on_own_line:
        attach(lines, inside.pop(0), indent + INDENT)
    lines.extend(broken(inside, indent + INDENT))
    lines.extend(broken(pieces[end:], indent))
    return lines


def _closing(pieces: Pieces, start: int) -> int:
    level = next(depth for index, depth, _ in depths(pieces) if index == start)
    return next(index for index, depth, _ in depths(pieces) if index > start and depth == level)


def _length(pieces: Pieces) -> int:
    return sum(len(piece.text) + 1 for piece in pieces)


def _word_by_word(pieces: Pieces, indent: str) -> list[str]:
    """Return the pieces on as few lines as their comments allow."""
    lines: list[str] = []
    run: list[Piece] = []
    for piece in pieces:
        if not piece.is_comment or piece.is_inline:
            run.append(piece)
            continue
        lines.extend(_run(run, indent if not lines else indent + INDENT))
        run = []
        attach(lines, piece, indent + INDENT)
    return [*lines, *_run(run, indent if not lines else indent + INDENT)]


def _run(pieces: Sequence[Piece], indent: str) -> list[str]:
    return [indent + (flat(pieces) or "")] if pieces else []
