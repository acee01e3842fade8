"""Parses one part of a text, and says what is wrong with it: every slip that can be read over, and the first other."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from lark import Token, Tree, UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from fluo_logic.lang.build.base import KEYWORDS, Context
from fluo_logic.lang.expected import expected_phrase
from fluo_logic.lang.grammar import parser
from fluo_logic.lang.mistakes import Found, find_slip
from fluo_logic.lang.source import Mistakes

MAX_SLIPS: Final = 20
"""How many slips of one part are reported."""
MAX_DEPTH: Final = 120
"""How deep a parse tree may be: nested conditions, `not`s and sums together."""
SHOWN: Final = 30
LAST_WORD: Final = re.compile(r"(?<![\w.$-])(?P<word>[A-Za-z_]+)\s*\Z")
TOKEN: Final = re.compile(r'"(?:[^"\\\n]|\\.)*"|\$?[A-Za-z_][\w.-]*|[0-9][\w.]*|[=!<>]=|&&|\|\||->|\S')


@dataclass(slots=True)
class Part:
    """A part of a source and, for each of its characters, the offset in the source (one more at the end).

    A ``fixed`` part differs from the source: it is parsed only to find more mistakes.
    """

    text: str
    offsets: list[int]
    fixed: bool = False
    repaired: set[int] = field(default_factory=set)
    """The offsets in the source of what was read as something else."""

    def replace(self, start: int, end: int, new: str) -> None:
        """Read ``new`` in place of ``text[start:end]``."""
        self.repaired.add(self.offsets[start])
        self.text = self.text[:start] + new + self.text[end:]
        self.offsets[start:end] = [self.offsets[start]] * len(new)
        self.fixed = True


def part_of(text: str, start: int, end: int, closing: str = "") -> Part:
    """Return ``text[start:end]``, with ``closing`` added where the author forgot it."""
    offsets = [*range(start, end), *([end] * (len(closing) + 1))]
    return Part(text[start:end] + closing, offsets, fixed=bool(closing))


def attempt(mistakes: Mistakes, part: Part, start: str) -> Tree[Token] | None:
    """Return the tree of a part, None where it is wrong; its mistakes are reported."""
    for _ in range(MAX_SLIPS):
        try:
            node = parser().parse(part.text, start=start)
        except UnexpectedInput as error:
            fix = _report(mistakes, part, error, start)
            if fix.fix is None:
                return None
            part.replace(fix.fix_start, fix.fix_end, fix.fix)
        else:
            return None if part.fixed else node
    return None


def _report(mistakes: Mistakes, part: Part, error: UnexpectedInput, symbol: str) -> Found:
    position = _position(part.text, error)
    slip = (
        find_slip(part.text, position, symbol)
        or _misplaced_keyword(part.text, position)
        or _generic(part, position, error)
    )
    start, end = part.offsets[slip.start], part.offsets[min(slip.end, len(part.text))]
    if start not in part.repaired:  # else the repair does not fit, which is no mistake of the author's
        mistakes.report(slip.code, slip.message, start, max(end, start + 1), slip.hint)
    return slip


def _position(text: str, error: UnexpectedInput) -> int:
    if isinstance(error, UnexpectedToken) and error.token.type != "$END":
        return error.token.start_pos or 0
    if isinstance(error, UnexpectedCharacters):
        return error.pos_in_stream or 0
    return len(text)


def _misplaced_keyword(text: str, position: int) -> Found | None:
    """Return the mistake that a keyword was taken for a name just before ``position``."""
    found = LAST_WORD.search(text, max(0, position - SHOWN), position)
    if found is None or found["word"] not in KEYWORDS:
        return None
    word = found["word"]
    before = text[: found.start()].rstrip()
    if before and not before.endswith(("{", "(")) and not _ends_with_keyword(before):
        return None
    match word:
        case "and" | "or":
            message, hint = f"`{word}` has nothing on its left", "write a condition on both sides"
        case "when" | "always" | "never" if text.startswith("{", position):
            message, hint = f"the `{word}` block stands inside another", "close the block before it"
        case "when" | "always" | "never":
            message, hint = f"`{word}` has no braces", f"write `{word} {{ … }}`"
        case "true" | "false" | "not" | "count" | "sum" | "min" | "max" | "avg":
            return None
        case _:
            message, hint = f"`{word}` has nothing on its left", f'quote the name if a span is called that: `"{word}"`'
    return Found("E106", message, found.start(), found.start() + len(word), hint, None, 0, 0)


def _ends_with_keyword(before: str) -> bool:
    found = LAST_WORD.search(before, max(0, len(before) - SHOWN))
    return found is not None and found["word"] in {"and", "or", "not"}


def _generic(part: Part, position: int, error: UnexpectedInput) -> Found:
    expected = expected_phrase(error)
    token = TOKEN.match(part.text, position)
    before = part.text[:position].rstrip()
    after = LAST_WORD.search(before, max(0, len(before) - SHOWN))
    context = f" after `{after['word']}`" if after is not None and after["word"] in KEYWORDS else ""
    if token is None:
        start = max(0, len(before) - 1)
        return Found("E102", f"the text ends where {expected} is expected{context}", start, start + 1, None, None, 0, 0)
    found = token[0] if len(token[0]) <= SHOWN else token[0][: SHOWN - 1] + "…"
    if before.endswith("{") and found == "}":
        message = "there is nothing between these braces"
        hint = "write a condition, or remove the block"
        return Found("E129", message, len(before) - 1, position + 1, hint, None, 0, 0)
    message = f"expected {expected}{context}, found `{found}`"
    return Found("E101", message, position, token.end(), _hint(part.text, position, expected), None, 0, 0)


def _hint(text: str, position: int, expected: str) -> str | None:
    if expected == "a string":
        return "write it in double quotes"
    if re.match(r"[A-Za-z_\"]", text[position : position + 1]) and "`and`" in expected:
        return "join two conditions by `and`, and quote a name that has spaces in it"
    if re.match(r"[/:@%?~^\\]", text[position : position + 1]):
        return "quote a text or a name with such characters in it"
    return None


def is_too_deep(context: Context, root: Tree[Token]) -> bool:
    """Return, after reporting it, whether a parse tree is deeper than `MAX_DEPTH`; needs no recursion."""
    stack = [(root, 1)]
    while stack:
        node, level = stack.pop()
        if level > MAX_DEPTH:
            start = context.span(node)[0]
            message = f"negations, sums and conditions nest more than {MAX_DEPTH} deep"
            context.mistakes.report("E113", message, start, start + 1, "split the condition into several rules")
            return True
        stack.extend((child, level + 1) for child in node.children if isinstance(child, Tree))
    return False
