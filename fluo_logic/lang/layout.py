"""The canonical layout of a rule file: words and comments stay as they are, lines and spaces are set anew.

`fluo_logic.lang.format` writes rules from their syntax; here the author's own spelling is kept: ``trace.has(…)``,
``90s``, brackets, comments.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from fluo_logic.errors import InternalError
from fluo_logic.lang.break_lines import INDENT, LIMIT, attach, broken, ends_open
from fluo_logic.lang.parse import parse_rules
from fluo_logic.lang.pieces import CLOSING, OPENING, Piece, Pieces, flat, pieces_of, spelling

PASSES: Final = 8
"""After how many times the layout has to have settled; comments in odd places move at most a few times."""
SHORT_TRACE: Final = 3
"""How many lines a trace of one span has."""
TWO_WORDS: Final = frozenset({"SEVERITY", "CATEGORY", "RUNBOOK", "DESCRIPTION", "DISPLAY"})
LISTS: Final = frozenset({"TAGS", "CONTROLS", "ALIASES"})
BLOCKS: Final = frozenset({"WHEN", "ALWAYS", "NEVER"})
HEADER: Final = TWO_WORDS | LISTS | {"PER_TRACE", "ACROSS_TRACES"}


def laid_out(text: str) -> str:
    """Return a rule file in canonical layout; the text must be right.

    Raises:
        ValueError: the text does not parse.
        InternalError: the result would not say the same; nothing should be done with it.
    """
    before = text
    for _ in range(PASSES):
        after = _Layout(pieces_of(before)).file()
        if after == before:
            break
        before = after
    _verify(text, before)
    return before


def _verify(text: str, result: str) -> None:
    """Refuse a result that differs from the text in a word, a comment or its syntax tree."""
    same = spelling(pieces_of(text)) == spelling(pieces_of(result))
    rules, _ = parse_rules(text, "rule.fluo")
    again, errors = parse_rules(result, "rule.fluo")
    if not same or errors or rules != again:
        message = "the canonical layout of a file would change what it says, so it was left alone"
        msg = "X120"
        raise InternalError(msg, message)


@dataclass
class _Layout:
    pieces: Pieces
    position: int = 0
    lines: list[str] = field(default_factory=list)

    def file(self) -> str:
        if any(piece.kind == "RULE" for piece in self.pieces):
            while self.position < len(self.pieces):
                self.leading("", apart=bool(self.lines))
                if self.position < len(self.pieces):
                    self.rule()
        else:
            self.content("")
        return "\n".join([*(line.rstrip() for line in self.lines), ""])

    # --- the cursor -----------------------------------------------------------------------------------------------

    def peek(self) -> Piece | None:
        return self.pieces[self.position] if self.position < len(self.pieces) else None

    def take(self) -> Piece:
        piece = self.pieces[self.position]
        self.position += 1
        return piece

    def words(self, count: int) -> list[Piece]:
        """Take so many words, and the comments between them."""
        taken: list[Piece] = []
        while count:
            taken.append(self.take())
            count -= not taken[-1].is_comment
        return taken

    def until(self, *kinds: str) -> list[Piece]:
        """Take everything before a word of these kinds outside of brackets, or before a bracket that closes."""
        taken: list[Piece] = []
        depth = 0
        while self.position < len(self.pieces):
            piece = self.pieces[self.position]
            if not piece.is_comment:
                if depth == 0 and (piece.kind in kinds or piece.text in CLOSING):
                    break
                depth += (piece.text in OPENING) - (piece.text in CLOSING)
            taken.append(self.take())
        return taken

    def next_word(self) -> Piece | None:
        return next((piece for piece in self.pieces[self.position :] if not piece.is_comment), None)

    # --- lines ----------------------------------------------------------------------------------------------------

    def leading(self, indent: str, *, apart: bool = False) -> None:
        """Write the comments above an item; at most one blank line stays, and ``apart`` sets one."""
        while (piece := self.peek()) is not None:
            first_inside = not self.lines or self.lines[-1].rstrip().endswith("{")
            wanted = apart or (piece.lines > 1 and not first_inside and self.next_word_text() != "}")
            if wanted and self.lines and self.lines[-1]:
                self.lines.append("")
            apart = False
            if not piece.is_comment:
                return
            self.lines.extend(self.take().lines_at(indent))

    def next_word_text(self) -> str:
        piece = self.peek()
        return "" if piece is None or piece.is_comment else piece.text

    def trailing(self, indent: str, held: list[Piece] | None = None) -> None:
        """Write comments behind the last line: those that were held back, then those that follow on it."""
        for comment in held or []:
            attach(self.lines, comment, indent)
        while (piece := self.peek()) is not None and piece.is_comment and not piece.on_own_line:
            attach(self.lines, self.take(), indent)

    def item(self, pieces: Pieces, indent: str, after: str = "") -> None:
        """Write the words of an item and ``after`` on one line, its comments behind them."""
        words = [piece for piece in pieces if not piece.is_comment]
        self.lines.append(f"{indent}{flat(words)}{after}")
        self.trailing(indent, [piece for piece in pieces if piece.is_comment])

    def close(self, indent: str) -> None:
        """Write the comments before a brace that closes, and the brace."""
        self.leading(indent + INDENT)
        self.take()
        self.lines.append(f"{indent}}}")
        self.trailing(indent)

    # --- parts of a file ------------------------------------------------------------------------------------------

    def rule(self) -> None:
        self.item([*self.until("LBRACE"), self.take()], "")
        self.content(INDENT)
        self.close("")

    def content(self, indent: str) -> None:
        group = 0
        while (word := self.next_word()) is not None and word.text != "}":
            rank = 1 if word.kind in HEADER else 3 if word.kind == "EXAMPLE" else 2
            self.leading(indent, apart=0 < group != rank)
            group = rank
            if word.kind in HEADER:
                self.header(word.kind, indent)
            elif word.kind == "EXAMPLE":
                self.example(indent)
            elif word.kind in BLOCKS:
                self.block(indent)
            else:
                self.lines.extend(broken(self.until("EXAMPLE"), indent, hanging=True))
        if not indent:
            self.leading("")

    def header(self, kind: str, indent: str) -> None:
        pieces = self.words(2 if kind in TWO_WORDS | LISTS else 1)
        while kind in LISTS and (word := self.next_word()) is not None and word.text == ",":
            pieces += self.words(2)
        if kind == "ACROSS_TRACES" and (word := self.next_word()) is not None and word.kind == "BY":
            pieces += self.words(2)
        self.item(pieces, indent)

    def block(self, indent: str) -> None:
        head = self.until("LBRACE")
        self.take()
        inside = [*head[1:], *self.until()]
        self.take()
        line = flat(inside)
        whole = f"{indent}{head[0].text} {{ {line} }}"
        if line is not None and len(whole) <= LIMIT:
            self.lines.append(whole)
        else:
            self.lines.append(f"{indent}{head[0].text} {{")
            while inside and inside[0].is_comment and not inside[0].on_own_line:
                attach(self.lines, inside.pop(0), indent + INDENT)
            self.lines.extend(broken(inside, indent + INDENT))
            self.lines.append(f"{indent}}}")
        self.trailing(indent)

    # --- examples -------------------------------------------------------------------------------------------------

    def example(self, indent: str) -> None:
        self.item([*self.until("LBRACE"), self.take()], indent)
        self.inside_example(indent)

    def inside_example(self, indent: str) -> None:
        """Write traces and spans, and the brace that closes what they are in."""
        while (word := self.next_word()) is not None and word.text != "}":
            self.leading(indent + INDENT)
            if word.kind == "TRACE":
                self.trace(indent + INDENT)
            else:
                self.span(indent + INDENT)
        self.close(indent)

    def trace(self, indent: str) -> None:
        start, lines = self.position, list(self.lines)
        self.item([*self.until("LBRACE"), self.take()], indent)
        self.inside_example(indent)
        # A trace of at most one span stands on one line where that fits.
        added = self.lines[len(lines) :]
        taken = self.pieces[start : self.position]
        inside = "".join(f" {line.strip()}" for line in added[1:-1])
        whole = f"{indent}trace {{{inside} }}"
        if len(added) <= SHORT_TRACE and len(whole) <= LIMIT and not any(piece.is_comment for piece in taken):
            self.lines = [*lines, whole]

    def span(self, indent: str) -> None:
        head = [self.take(), *self.until("AT"), *self.words(3)]
        # The `in` of a service is no operator: no line is broken at it.
        head = [replace(piece, kind="SERVICE") if piece.kind == "IN" else piece for piece in head]
        word = self.next_word()
        if word is not None and word.kind == "DURATION":
            head += self.words(1)
        following = self.next_word()
        nested = following is not None and following.text == "{"
        held: list[Piece] = []
        while head[-1].is_comment:
            held.insert(0, head.pop())
        self.lines.extend(broken(head, indent))
        if nested:
            held += self.until("LBRACE")
            self.take()
            if ends_open(self.lines[-1]):
                self.lines.append(f"{indent}{{")
            else:
                self.lines[-1] += " {"
        self.trailing(indent, held)
        if nested:
            self.inside_example(indent)
