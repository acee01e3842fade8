"""What the author may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Final

SHORTEST_BEGINNING: Final = 3
"""From how many letters on the shorter of two words is taken for the beginning of the longer."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that ``word`` most resembles, None where none does."""
    words = list(known)
    beginnings = [
        other
        for other in words
        if min(len(word), len(other)) >= SHORTEST_BEGINNING and (other.startswith(word) or word.startswith(other))
    ]
    found = beginnings or difflib.get_close_matches(word, words, n=1, cutoff=0.65)
    return found[0] if found else None


def did_you_mean(word: str, known: Iterable[str], mark: str = "") -> str | None:
    """Return the hint that names the nearest known word, None where none is near."""
    found = nearest(word, known)
    return f"did you mean `{mark}{found}`?" if found is not None else None


def choices(known: Iterable[str]) -> str:
    """Return the known words as they stand in a hint."""
    return " ".join(f"`{word}`" for word in known)
