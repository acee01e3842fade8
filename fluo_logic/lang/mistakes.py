"""Finds the slip that was made where the parser stopped."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from fluo_logic.lang.slips import SLIPS
from fluo_logic.lang.slips.slip import FUNCTION_SYNONYMS, FUNCTIONS, SYNONYMS, UNITS, Slip
from fluo_logic.lang.suggest import choices, nearest


@dataclass(frozen=True, slots=True)
class Found:
    """A slip at a place: offsets into the text that was parsed, and what to read instead."""

    code: str
    message: str
    start: int
    end: int
    hint: str | None
    fix: str | None
    fix_start: int
    fix_end: int


_PATTERNS = {"UNITS": "|".join(sorted(UNITS, key=len, reverse=True)), "SYNONYMS": "|".join(SYNONYMS)}
_REACH = 200
HEADER: Final = frozenset({"metadata", "scope"})
"""Parts that share no slips with conditions."""


def _compiled(slip: Slip) -> tuple[Slip, re.Pattern[str], re.Pattern[str] | None]:
    at = slip.at
    for name, alternatives in _PATTERNS.items():
        at = at.replace(name, alternatives)
    return slip, re.compile(at), re.compile(rf"(?:{slip.after})\Z") if slip.after else None


_COMPILED: Final = tuple(_compiled(slip) for slip in SLIPS)


def find_slip(text: str, position: int, symbol: str = "") -> Found | None:
    """Return the first slip of the table that was made at ``position``, None where none was.

    ``symbol`` is the part of a rule that was being parsed.
    """
    before = text[max(0, position - _REACH) : position]
    for slip, at, after in _COMPILED:
        found = at.match(text, position)
        elsewhere = slip.only != symbol if slip.only or symbol in HEADER else False
        if found is None or elsewhere or (slip is SLIPS[-1] and found[0].isascii()):
            continue
        earlier = after.search(before) if after is not None else None
        if after is not None and earlier is None:
            continue
        return _found(slip, found, earlier)
    return None


def _found(slip: Slip, found: re.Match[str], earlier: re.Match[str] | None) -> Found:
    groups = {"found": found[0], **found.groupdict(""), **(earlier.groupdict("") if earlier is not None else {})}
    word = groups.get("word", "")
    groups["word_lower"] = word.lower()
    groups["short"] = UNITS.get(groups.get("unit", ""), groups.get("unit", ""))
    groups["relation"] = SYNONYMS.get(word, "")
    groups["function_hint"] = _function_hint(word)
    start = found.start()
    if slip.back and earlier is not None:
        start -= len(earlier["back"])
    return Found(
        slip.code,
        slip.message.format(**groups),
        start,
        max(found.end(), start + 1),
        slip.hint.format(**groups) if slip.hint is not None else None,
        slip.fix.format(**groups) if slip.fix is not None else None,
        start if slip.back else found.start(),
        found.end(),
    )


def _function_hint(word: str) -> str:
    near = FUNCTION_SYNONYMS.get(word) or nearest(word, FUNCTIONS)
    if near is not None:
        return f"did you mean `{near}(…)`?"
    if "." in word:
        return f"predicates of a span stand in `{word}.where(…)`"
    return f"the functions are {choices(FUNCTIONS)}"
