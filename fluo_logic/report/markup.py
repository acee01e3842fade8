"""Text as Markdown that shows exactly that text: nothing that a trace says becomes a heading, a link or a mention."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from fluo_logic.explain.words import inert

PUNCTUATION: Final = re.compile(r"[\\`*_{}\[\]()#+.!|<>~&^$=:\"'/-]")
MENTIONS: Final = re.compile(r"[@#]")
NOTHING: Final = "<!-- -->"
"""An empty comment: it splits what GitHub would make a link of, an address or a mention, and shows nothing."""


def escaped(text: str) -> str:
    """Return one line of Markdown that shows ``text``, controls and line ends as visible escapes.

    Every ASCII punctuation that could begin something is escaped (CommonMark 6.1); spaces at the ends are left out.
    """
    return PUNCTUATION.sub(lambda found: f"\\{found[0]}", inert(text).strip())


def plain(text: str) -> str:
    """Return the same for a page of GitHub, which links mentions, issues and addresses after reading the Markdown."""
    return MENTIONS.sub(lambda found: f"{found[0]}{NOTHING}", escaped(text))


def code(text: str, *, in_table: bool = False) -> str:
    """Return a code span that shows ``text``."""
    shown = inert(text)
    if not shown.strip():
        return shown
    ticks = "`" * (1 + max((len(run) for run in re.findall(r"`+", shown)), default=0))
    pad = " " if shown.startswith(("`", " ")) or shown.endswith(("`", " ")) else ""
    span = f"{ticks}{pad}{shown}{pad}{ticks}"
    return span.replace("|", "\\|") if in_table else span


def fenced(lines: Sequence[str]) -> str:
    """Return a code block of lines, each of which is inert already."""
    longest = max((len(run) for line in lines for run in re.findall(r"`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}text", *lines, fence])
