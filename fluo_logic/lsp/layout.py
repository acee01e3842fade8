"""Canonical layout as one edit that leaves alone what stays the same."""

from __future__ import annotations

from dataclasses import dataclass

from fluo_logic.errors import FluoError
from fluo_logic.lang.layout import laid_out
from fluo_logic.lsp.analysis import Analysis


@dataclass(frozen=True, slots=True)
class Edit:
    """Read ``new`` in place of ``text[start:end]``."""

    start: int
    end: int
    new: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a file is not laid out, as a sentence."""

    reason: str


def layout_edit(analysis: Analysis) -> Edit | Refusal | None:
    """Return what changes a file into its canonical layout, None where it has it; a file with errors is left alone."""
    if analysis.errors:
        count = len(analysis.errors)
        return Refusal(f"the file has {count} {'error' if count == 1 else 'errors'}, so its layout is left alone")
    old = analysis.text
    try:
        new = laid_out(old)
    except (FluoError, ValueError) as error:
        return Refusal(error.message if isinstance(error, FluoError) else "the file cannot be laid out")
    if old == new:
        return None
    before, after = _same_lines(old, new)
    return Edit(before, len(old) - after, new[before : len(new) - after])


def _same_lines(old: str, new: str) -> tuple[int, int]:
    """Return how many characters the lines have with which both texts begin, and those with which both end."""
    olds, news = old.splitlines(keepends=True), new.splitlines(keepends=True)
    fewest = min(len(olds), len(news))
    head = next((index for index in range(fewest) if olds[index] != news[index]), fewest)
    rest = fewest - head
    tail = next((index for index in range(rest) if olds[-1 - index] != news[-1 - index]), rest)
    return sum(map(len, olds[:head])), sum(map(len, olds[len(olds) - tail :]))
