"""What may stand at a place in a text that is being written: which bracket it is in, and what comes before it.

The text before the place need not parse.  It is read word by word with a stack of brackets; a block or rule that
begins closes whatever was left open before it, so a half-written line does not spoil what follows it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Final

from fluo_logic.lang.literals import LiteralError, decode_string

REACH: Final = 100_000
"""How many characters before the place are read at most."""
TOKEN: Final = re.compile(
    r"""(?P<space>\s+)
      | (?P<comment>//[^\n]*|/\*.*?\*/)
      | (?P<open_comment>/\*.*)
      | (?P<string>"(?:[^"\\\n\r]|\\[^\n\r])*")
      | (?P<open_string>"(?:[^"\\\n\r]|\\[^\n\r])*\\?)
      | (?P<where>\.where(?![\w-]))
      | (?P<variable>\$\w*)
      | (?P<number>-?[0-9][\w.]*)
      | (?P<selector>\.(?:(?:span|resource|scope|trace):)?(?:(?!\.where(?![\w-]))[\w.-])*)
      | (?P<word>(?:(?:span|resource|scope|trace):|[A-Za-z_])(?:(?!\.where(?![\w-]))[\w.-])*)
      | (?P<bracket>[(){}\[\]])
      | (?P<operator>[=!<>]=|[<>]|[-+*@,:])
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
RULE_HEAD: Final = re.compile(r"^[ \t]*rule[ \t]+[\w.-]+[ \t]*(?:\"[^\"\n]*\"[ \t]*)?\{", re.MULTILINE)
CLOSING: Final = {"(": ")", "[": "]", "{": "}"}
AGGREGATES: Final = frozenset({"count", "sum", "min", "max", "avg", "trace.count"})
RELATION_FIRST: Final = frozenset({"child", "parent", "descendant", "ancestor", "sibling", "linked"})
RELATION_WORDS: Final = frozenset({"before", "after", "during", "covers", "overlaps"})
BLOCK_WORDS: Final = frozenset({"when", "always", "never"})
OPERATOR_WORDS: Final = frozenset({"in", "contains", "starts_with", "ends_with", "matches"})
COMPARISONS: Final = frozenset({"==", "!=", "<", "<=", ">", ">="})
METADATA_WORDS: Final = frozenset(
    {"severity", "category", "tags", "controls", "aliases", "runbook", "description", "display"}
)


class Inside(Enum):
    """What a bracket holds."""

    FILE = auto()
    """No bracket: between rules, or the content of a rule without a head."""
    RULE = auto()
    CONDITION = auto()
    """A block, or a group in one."""
    PREDICATE = auto()
    """``where``, or a group in one."""
    EVENT_PREDICATE = auto()
    AGGREGATE = auto()
    PATTERN = auto()
    """``trace.has( )``."""
    EXISTS = auto()
    EVENT = auto()
    LIST = auto()
    SELECTOR = auto()
    """``$x[ ]``."""
    EXAMPLE = auto()
    SPANS = auto()
    """A trace of an example, or the children of a span."""
    ASSIGNMENTS = auto()


CONDITIONS: Final = frozenset({Inside.FILE, Inside.RULE, Inside.CONDITION, Inside.AGGREGATE, Inside.PATTERN})
PREDICATES: Final = frozenset({Inside.PREDICATE, Inside.EVENT_PREDICATE})


@dataclass(frozen=True, slots=True)
class Token:
    """A word before the place: its sort, as in `TOKEN`, and its text; a closed bracket is one token, ``group``."""

    kind: str
    text: str
    apart: bool = True
    """Whether white space stands before it."""


@dataclass(slots=True)
class Frame:
    """An open bracket: what it holds, and the words in it so far.

    ``name`` is the span or the event whose attributes are meant inside (None: any), ``event`` that of ``event( )``.
    """

    inside: Inside
    char: str = ""
    name: str | None = None
    event: str | None = None
    tokens: list[Token] = field(default_factory=list)

    @property
    def last(self) -> Token:
        """The last word, an empty one at the start."""
        return self.tokens[-1] if self.tokens else Token("", "")

    def before(self, count: int) -> Token:
        """Return the word ``count`` words before the last."""
        return self.tokens[-1 - count] if len(self.tokens) > count else Token("", "")


@dataclass(frozen=True, slots=True)
class Context:
    """A place in a text.

    Attributes:
        frame: the innermost bracket, with the words in it before the one that is being written.
        outer: the bracket around that.
        word: the word that is being written; in a string it begins with the quote.
        variables: the variables that the rule binds, each with the name of its span (None: any).
        spoken: whether the place is in a comment, or in a string of running text.
    """

    frame: Frame
    outer: Frame
    word: Token
    variables: dict[str, str | None]
    spoken: bool = False


def context_at(text: str, offset: int) -> Context:
    """Return what may stand at an offset: what comes before it counts, and the variables of the whole rule."""
    start = max(0, offset - REACH)
    for found in RULE_HEAD.finditer(text, start, offset):
        start = found.start()
    following = RULE_HEAD.search(text, offset, offset + REACH)
    end = following.start() if following is not None else offset + REACH
    context = _Reader().read(text[start:offset])
    # The sentence of `display` stands before the blocks that bind its variables.
    later = _Reader().read(text[start:end]).variables
    return replace(context, variables={**later, **context.variables})


class _Reader:
    """Reads words and keeps the stack of brackets."""

    def __init__(self) -> None:
        self.stack = [Frame(Inside.FILE)]
        self.variables: dict[str, str | None] = {}

    @property
    def top(self) -> Frame:
        return self.stack[-1]

    def read(self, text: str) -> Context:
        apart = True
        word = Token("", "")
        spoken = False
        for found in TOKEN.finditer(text):
            kind = found.lastgroup or ""
            if kind in {"space", "comment"}:
                spoken = found.end() == len(text) and found[0].startswith("//")
                apart = True
                continue
            at_end = found.end() == len(text)
            if at_end and kind == "open_comment":
                spoken = True
            elif at_end and kind in {"word", "variable", "selector", "where", "number", "open_string"}:
                word = Token(kind, found[0], apart)
            else:
                self._take(Token(kind, found[0], apart))
            apart = False
        outer = self.stack[-2] if len(self.stack) > 1 else self.top
        spoken = spoken or (word.kind == "open_string" and self.top.last.text in METADATA_WORDS - {"display"})
        return Context(self.top, outer, word, self.variables, spoken)

    def _take(self, token: Token) -> None:
        if token.kind == "bracket":
            self._bracket(token)
            return
        frame = self.top
        if token.kind == "variable" and frame.last.text == "as":
            self.variables[token.text[1:]] = frame.name
        elif token.kind == "string" and token.text:
            if frame.last.text != "where" and not _is_value(frame):
                self._named(frame, token)
        elif token.kind == "word" and not _is_value(frame):
            self._named(frame, token)
        elif token.text == "*" and not _is_operand(frame.last):
            frame.name = None
        frame.tokens.append(token)

    def _named(self, frame: Frame, token: Token) -> None:
        """Remember the span that is spoken of."""
        if frame.inside in PREDICATES | {Inside.EXISTS, Inside.LIST, Inside.SELECTOR, Inside.ASSIGNMENTS}:
            return
        if token.kind == "string" or not is_keyword(token.text):
            frame.name = _text(token)

    def _bracket(self, token: Token) -> None:
        if token.text in CLOSING:
            self._open(token)
            return
        index = next((i for i in range(len(self.stack) - 1, 0, -1) if CLOSING[self.stack[i].char] == token.text), None)
        if index is None:
            return
        closed = self.stack[index]
        del self.stack[index:]
        if closed.inside is Inside.PATTERN:
            self.top.name = closed.name
        if closed.inside is Inside.EVENT:
            self.top.event = closed.name
        self.top.tokens.append(Token("group", closed.char + token.text, token.apart))

    def _open(self, token: Token) -> None:
        if token.text == "{":
            self.stack.append(self._brace())
        elif token.text == "[":
            selects = not token.apart and self.top.last.kind in {"variable", "word", "string", "group"}
            inside = Inside.SELECTOR if selects else Inside.LIST
            name = self.variables.get(self.top.last.text[1:]) if self.top.last.kind == "variable" else self.top.name
            self.stack.append(Frame(inside, "[", name))
        else:
            self.stack.append(self._parenthesis())

    def _parenthesis(self) -> Frame:
        frame = self.top
        last = frame.last
        if last.kind == "where":
            if frame.inside in PREDICATES and frame.before(1).text == "()":
                return Frame(Inside.EVENT_PREDICATE, "(", frame.event)
            return Frame(Inside.PREDICATE, "(", frame.name)
        if frame.inside in {Inside.EXAMPLE, Inside.SPANS} and last.kind in {"word", "string"}:
            return Frame(Inside.ASSIGNMENTS, "(", frame.name)
        match last.text:
            case "exists":
                return Frame(Inside.EXISTS, "(", frame.name)
            case "event":
                return Frame(Inside.EVENT, "(")
            case "trace.has":
                return Frame(Inside.PATTERN, "(")
            case word if word in AGGREGATES and last.kind == "word":
                return Frame(Inside.AGGREGATE, "(")
            case _:
                inside = frame.inside if frame.inside in PREDICATES else Inside.CONDITION
                return Frame(inside, "(", frame.name if frame.inside in PREDICATES else None)

    def _brace(self) -> Frame:
        frame = self.top
        words = [token.text for token in frame.tokens[-3:]]
        if words and words[-1] in BLOCK_WORDS:
            self._leave_for({Inside.FILE, Inside.RULE})
            return Frame(Inside.CONDITION, "{")
        if "rule" in words:
            self._leave_for({Inside.FILE})
            self.variables.clear()
            return Frame(Inside.RULE, "{")
        if "example" in words:
            self._leave_for({Inside.FILE, Inside.RULE})
            return Frame(Inside.EXAMPLE, "{")
        if words and words[-1] == "trace":
            return Frame(Inside.SPANS, "{")
        return Frame(Inside.SPANS if frame.inside in {Inside.EXAMPLE, Inside.SPANS} else Inside.CONDITION, "{")

    def _leave_for(self, wanted: set[Inside]) -> None:
        """Close what was left open, down to a bracket of one of these sorts."""
        while len(self.stack) > 1 and self.top.inside not in wanted:
            self.stack.pop()


def is_keyword(word: str) -> bool:
    """Return whether a word of a condition is one of the language."""
    return word in BLOCK_WORDS | RELATION_FIRST | RELATION_WORDS | OPERATOR_WORDS | AGGREGATES | METADATA_WORDS | {
        *("and", "or", "not", "as", "is", "within", "of", "to", "from", "distinct", "trace.has", "exists", "event"),
        *("true", "false", "rule", "example", "trace", "per", "across", "traces", "by"),
    }


def _is_operand(token: Token) -> bool:
    return token.kind in {"word", "string", "variable", "selector", "number", "group"} and not is_keyword(token.text)


def _is_value(frame: Frame) -> bool:
    """Return whether the next word is the right side of a comparison, not the name of a span."""
    return frame.last.text in COMPARISONS | OPERATOR_WORDS | {":"} or frame.inside is Inside.LIST


def _text(token: Token) -> str:
    if token.kind != "string":
        return token.text
    try:
        return decode_string(token.text).text
    except LiteralError:
        return token.text[1:-1]
