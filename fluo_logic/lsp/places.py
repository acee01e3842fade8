"""Where things are: the outline of a file, and where a variable is bound."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from fluo_logic.lang.literals import LiteralError, decode_string
from fluo_logic.lang.scan import Bracket
from fluo_logic.lsp.analysis import Analysis, end_of
from fluo_logic.lsp.context import TOKEN

MAX_SYMBOLS: Final = 10_000
HEAD: Final = re.compile(r'(?P<word>\w+)(?:\s+(?P<id>[\w.-]+))?\s*(?P<title>"(?:[^"\\\n\r]|\\.)*")?')
VARIABLE: Final = re.compile(r"\$\w+")


class Part(StrEnum):
    """What a symbol is."""

    RULE = "rule"
    WHEN = "when"
    ALWAYS = "always"
    NEVER = "never"
    EXAMPLE = "example"


PARTS: Final = {part.value: part for part in Part}


@dataclass(frozen=True, slots=True)
class Symbol:
    """A rule, or a part of one: all of its text, the text of its name, and its parts."""

    part: Part
    name: str
    detail: str
    start: int
    end: int
    head_end: int
    children: tuple[Symbol, ...] = ()


def symbols(analysis: Analysis) -> list[Symbol]:
    """Return the outline of a file, whether it is right or not; of one rule without a head, its parts."""
    brackets = [bracket for bracket in analysis.brackets if bracket.kind in {"rule", "block", "example"}]
    return [_symbol(analysis.text, bracket) for bracket in brackets[:MAX_SYMBOLS]]


def _symbol(text: str, bracket: Bracket) -> Symbol:
    head = text[bracket.head : bracket.open].rstrip()
    found = HEAD.match(head)
    word = found["word"] if found is not None else bracket.kind
    named = found["id"] or "" if found is not None else ""
    title = _title(found["title"] or "") if found is not None else ""
    inner = [part for part in bracket.inner if part.kind in {"block", "example"}]
    part = PARTS.get(word) or PARTS.get(bracket.kind, Part.WHEN)
    if part is Part.RULE:
        name, detail = named or "rule", title
    elif part is Part.EXAMPLE:
        name, detail = title or "example", named
    else:
        name, detail = word, " ".join(text[bracket.open + 1 : bracket.close].split())[:80]
    return Symbol(
        part,
        name,
        detail,
        bracket.head,
        end_of(bracket),
        bracket.head + max(1, len(head)),
        tuple(_symbol(text, part) for part in inner),
    )


def _title(text: str) -> str:
    try:
        return decode_string(text).text if text else ""
    except LiteralError:
        return text[1:-1]


# --- variables ----------------------------------------------------------------------------------------------------


def variable_at(text: str, offset: int) -> str | None:
    """Return the variable, with its ``$``, that an offset touches."""
    line = text.rfind("\n", 0, offset) + 1
    for found in VARIABLE.finditer(text, line, min(len(text), offset + 200)):
        if found.start() <= offset <= found.end():
            return found[0]
    return None


def bindings(analysis: Analysis, offset: int) -> list[tuple[int, int]]:
    """Return where the variable at an offset is bound in its rule: the offsets of each ``$x`` after an ``as``."""
    variable = variable_at(analysis.text, offset)
    if variable is None:
        return []
    start, end = analysis.extent_at(offset)
    return list(_bindings(analysis.text, variable, start, end))


def _bindings(text: str, variable: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    previous = ""
    for found in TOKEN.finditer(text, start, end):
        if found.lastgroup in {"space", "comment"}:
            continue
        if previous == "as" and found[0] == variable:
            yield found.span()
        previous = found[0]
