"""Corrections that an error's hint spells out, each tried before it is offered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from fluo_logic.errors import RuleError
from fluo_logic.lang.parse import parse_rules
from fluo_logic.lsp.analysis import Analysis

REPLACEMENT: Final = re.compile(
    r"(?P<said>did you mean|write|write it in quotes:|quote it:|quote the name if a span is called that:"
    r"|hyphens belong to names, so write) `(?P<new>[^`…]+)`\??"
)
DELETIONS: Final = frozenset({"remove it", "leave it out", "remove it, or open it before"})
PLACEHOLDER: Final = re.compile(r"\b[A-Z]+\b")
STRING: Final = re.compile(r'"(?:[^"\\\n\r]|\\.)*"')
MAX_TRIED: Final = 100_000
"""How long a text may be, in characters, for corrections to be tried on it."""
MAX_FIXES: Final = 20
"""How many errors of one request are looked at."""


@dataclass(frozen=True, slots=True)
class Fix:
    """A correction of one error: read ``new`` in place of ``text[start:end]``."""

    error: RuleError
    start: int
    end: int
    new: str
    sure: bool
    """Whether it replaces a word by the one that was meant."""

    @property
    def title(self) -> str:
        """What an editor calls it."""
        return f"Replace by `{self.new}`" if self.new else "Remove it"


def fixes(analysis: Analysis, start: int, end: int) -> Iterator[Fix]:
    """Yield corrections of the errors that touch ``text[start:end]``, if they remove an error and bring no other."""
    if len(analysis.text) > MAX_TRIED:
        return
    before = {_identity(error) for error in analysis.errors}
    touched = [error for error in analysis.errors if _touches(analysis.offsets_of(error.where), start, end)]
    for error in touched[:MAX_FIXES]:
        fix = _fix(analysis, error)
        if fix is None:
            continue
        text = analysis.text[: fix.start] + fix.new + analysis.text[fix.end :]
        after = [_identity(other) for other in parse_rules(text, analysis.source.file)[1]]
        if len(after) < len(analysis.errors) and before.issuperset(after):
            yield fix


def _fix(analysis: Analysis, error: RuleError) -> Fix | None:
    start, end = analysis.offsets_of(error.where)
    if error.hint in DELETIONS:
        return Fix(error, start, end, "", sure=False)
    found = REPLACEMENT.fullmatch(error.hint or "")
    if found is None:
        return None
    new, old = found["new"], analysis.text[start:end]
    if any(word not in old for word in PLACEHOLDER.findall(STRING.sub("", new))):
        return None
    return Fix(error, start, end, new, sure=found["said"] == "did you mean")


def _identity(error: RuleError) -> tuple[str, str]:
    # The place moves with the text before it, so it does not tell an error from another.
    return error.code, error.message


def _touches(place: tuple[int, int], start: int, end: int) -> bool:
    return place[0] <= end and start <= place[1]
