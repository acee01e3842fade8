"""A first look at a text: comments and strings, brackets, and the blocks that braces make.

It finds what would throw a parser off for the rest of the file (an open string, an open block) and reports it where
it begins.  Its brackets let `fluo_logic.lang.recover` parse the blocks of a faulty file one by one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from fluo_logic.lang.source import Mistakes

MAX_NESTING: Final = 40
"""How deep brackets may nest."""

# Quotes of word processors and of other languages.  They are written as escapes because they look alike.
DOUBLE: Final = "\u201c\u201d\u201e\u201f\u00ab\u00bb"
SINGLE: Final = "\u2018\u2019\u201a\u201b"

TOKEN: Final = re.compile(
    rf"""(?P<string>"(?:[^"\\\n\r]|\\[^\n\r])*")
      | (?P<open_string>"(?:[^"\\\n\r]|\\[^\n\r])*\\?)
      | (?P<comment>//[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)
      | (?P<open_comment>/\*)
      | (?P<hash>\#[^\n]*)
      | (?P<quoted>[{DOUBLE}][^"{DOUBLE}\\\n\r]*[{DOUBLE}]|[{SINGLE}][^"{SINGLE}\\\n\r]*[{SINGLE}]
                  |'[^'"\\\n\r]*'|`[^`"\\\n\r]*`)
      | (?P<bracket>[(){{}}\[\]])
      | (?P<plain>[^"/{DOUBLE}{SINGLE}'`\#(){{}}\[\]]+|.)""",
    re.VERBOSE | re.DOTALL,
)
HEAD: Final = re.compile(
    r"""(?P<rule>(?<![\w.$-])rule\s+[\w.-]+\s*(?:"(?:[^"\\\n\r]|\\.)*"\s*)?)\Z
      | (?P<block>(?<![\w.$-])(?:when|always|never)\s*)\Z
      | (?P<example>(?<![\w.$-])example\s+[\w-]+\s*(?:"(?:[^"\\\n\r]|\\.)*"\s*)?)\Z
      | (?P<trace>(?<![\w.$-])trace\s*)\Z""",
    re.VERBOSE,
)
RULE_HEAD: Final = re.compile(
    r"(?P<rule>(?<![\w.$-])rule(?![\w.-])(?:(?!(?<![\w.$-])(?:when|always|never|example|trace)(?![\w.-]))[^{}()\[\]])*)\Z"
)
STRING: Final = re.compile(r'"(?:[^"\\\n\r]|\\.)*"')
HEAD_REACH: Final = 400
MORE: Final = re.compile(r"\s*(?:(?:when|always|never)\s*\{|example\s+\w+\s*\")")
LEVELS: Final = {"rule": 0, "block": 1, "example": 1, "trace": 2}
CLOSING: Final = {"(": ")", "[": "]", "{": "}"}


@dataclass(slots=True)
class Bracket:
    """A bracket that was opened.

    ``head`` is where the text that heads a brace begins (``when``, ``rule ID``), ``close`` where it was closed or
    should have been; ``closed`` tells which.  ``sound`` is False where a bracket inside is not closed.
    """

    char: str
    kind: str
    head: int
    open: int
    close: int = -1
    closed: bool = False
    sound: bool = True
    inner: list[Bracket] = field(default_factory=list)


@dataclass(slots=True)
class Scan:
    """The text with comments blanked and odd quotes straightened, and its outermost brackets.

    ``sound`` is False where brackets do not match; ``readable`` is False where nothing more can be said.
    """

    text: str
    brackets: list[Bracket]
    sound: bool = True
    readable: bool = True


def scan(mistakes: Mistakes) -> Scan:
    """Look through the source and report open strings, comments and brackets, and quotes that are no quotes."""
    return _Scanner(mistakes).run()


@dataclass(slots=True)
class _Scanner:
    mistakes: Mistakes
    pieces: list[str] = field(default_factory=list)
    outermost: list[Bracket] = field(default_factory=list)
    stack: list[Bracket] = field(default_factory=list)
    sound: bool = True
    owed: int = 0
    """How many braces the author may still close that were taken for closed."""

    def run(self) -> Scan:
        text = self.mistakes.source.text
        for found in TOKEN.finditer(text):
            if self.mistakes.full:
                return Scan("".join(self.pieces), self.outermost, sound=False, readable=False)
            match found.lastgroup:
                case "comment":
                    self.pieces.append(_blank(found[0]))
                case "hash":
                    stop = found.start() + len(found[0].rstrip())
                    self._report("E101", "a comment begins with `//`", found.start(), stop)
                    self.pieces.append(_blank(found[0]))
                case "open_comment":
                    self._report(
                        "E104", "this comment is never closed", found.start(), found.end(), "close it with `*/`"
                    )
                    self.pieces.append(_blank(text[found.start() :]))
                    break
                case "open_string":
                    self._open_string(found)
                case "quoted":
                    self._odd_quotes(found)
                case "bracket":
                    self.pieces.append(found[0])
                    if not self._bracket(found[0], found.start()):
                        return Scan("".join(self.pieces), self.outermost, sound=False, readable=False)
                case _:
                    self.pieces.append(found[0])
        self._close_all(len(text))
        return Scan("".join(self.pieces), self.outermost, self.sound)

    def _report(self, code: str, message: str, start: int, end: int, hint: str | None = None) -> None:
        self.mistakes.report(code, message, start, end, hint)

    def _open_string(self, found: re.Match[str]) -> None:
        """An open string ends at the end of its line; the brackets that close after it are kept."""
        text, start = found[0], found.start()
        self._report("E103", "this string is never closed", start, start + len(text.rstrip()), 'close it with `"`')
        cut = max(1, len(text.rstrip(")]}, \t\r\f\v")))
        # The quotes stay balanced: the last character of the content gives way to the closing quote.
        body = text[1:cut].replace('"', "'").replace("\\", "/")
        self.pieces.append('"' + body[:-1] + '"' if body else " ")
        for index in range(cut, len(text)):
            self.pieces.append(text[index])
            if text[index] in ")]}" and not self.mistakes.full:
                self._bracket(text[index], start + index)

    def _odd_quotes(self, found: re.Match[str]) -> None:
        inside = found[0][1:-1]
        message = "strings stand in straight double quotes"
        self._report("E105", message, found.start(), found.end(), f'write `"{inside}"`')
        self.pieces.append(f'"{inside}"')

    def _bracket(self, char: str, offset: int) -> bool:
        """Push or pop; False where the nesting is too deep to go on."""
        if char in CLOSING:
            return self._open(char, offset)
        matching = [index for index, bracket in enumerate(self.stack) if CLOSING[bracket.char] == char]
        if char == "}" and matching and self._closes_too_early(matching[-1], offset):
            matching = []
        if not matching and char == "}" and self.owed:
            self.owed -= 1
            self.pieces[-1] = " "
            return True
        if not matching:
            self.sound = False
            self._report("E112", f"this `{char}` closes nothing", offset, offset + 1, "remove it, or open it before")
            self.pieces[-1] = " "
            return True
        while len(self.stack) - 1 > matching[-1]:
            self._unclosed(self.stack.pop(), offset, offset + 1)
        bracket = self.stack.pop()
        bracket.close = offset
        bracket.closed = True
        return True

    def _closes_too_early(self, index: int, offset: int) -> bool:
        """Return whether a brace would end a rule although more of its blocks follow."""
        is_rule = self.stack[index].kind == "rule" and index == len(self.stack) - 1
        return is_rule and MORE.match(self.mistakes.source.text, offset + 1) is not None

    def _open(self, char: str, offset: int) -> bool:
        kind, head = "plain", offset
        if char == "{":
            before = "".join(self.pieces[-12:])[-HEAD_REACH - 1 : -1]
            found = HEAD.search(before) or RULE_HEAD.search(STRING.sub(lambda text: "_" * len(text[0]), before))
            if found is not None:
                kind = found.lastgroup or kind
                head = offset - (len(before) - found.start())
                self._leave_for(kind, head)
        bracket = Bracket(char, kind, head, offset)
        (self.stack[-1].inner if self.stack else self.outermost).append(bracket)
        self.stack.append(bracket)
        if len(self.stack) > MAX_NESTING:
            message = f"brackets nest more than {MAX_NESTING} deep"
            self._report("E113", message, offset, offset + 1, "split the condition into several rules")
            return False
        return True

    def _leave_for(self, kind: str, head: int) -> None:
        """A block cannot stand inside another of its level, so what is open above it was not closed."""
        while self.stack:
            top = self.stack[-1]
            if kind == "trace" and top.char == "{" and top.kind in {"example", "plain"}:
                return
            if LEVELS.get(top.kind, 3) < LEVELS[kind]:
                return
            if kind == "trace" and not any(bracket.kind == "example" for bracket in self.stack):
                return
            self.owed += self.stack[-1].char == "{"
            self._unclosed(self.stack.pop(), head, head + 1)

    def _close_all(self, end: int) -> None:
        text = self.mistakes.source.text
        last = len(text.rstrip())
        while self.stack:
            self._unclosed(self.stack.pop(), max(0, last - 1), max(1, last), close=end)

    def _unclosed(self, bracket: Bracket, start: int, end: int, close: int | None = None) -> None:
        self.sound = False
        bracket.close = start if close is None else close
        for outer in self.stack:
            outer.sound = False
        source = self.mistakes.source
        line, column = source.place(bracket.open)
        expected = CLOSING[bracket.char]
        words = source.text[bracket.head : bracket.open].split()
        match bracket.kind:
            case "plain":
                what = f"the `{bracket.char}` opened at line {line}, column {column}"
            case "rule":
                what = f"the rule `{words[1]}` opened at line {line}" if len(words) > 1 else f"the rule at line {line}"
            case "block":
                what = f"the `{words[0]}` block opened at line {line}"
            case _:
                what = f"the `{words[0]}` opened at line {line}"
        self._report("E111", f"expected `{expected}` to close {what}", start, end)


def _blank(text: str) -> str:
    return re.sub(r"[^\n\r]", " ", text)
