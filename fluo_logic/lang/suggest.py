"""What the author may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that ``word`` most resembles, None where none does."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def did_you_mean(word: str, known: Iterable[str], mark: str = "") -> str | None:
    """Return the hint that names the nearest known word, None where none is near."""
    found = nearest(word, known)
    return f"did you mean `{mark}{found}`?" if found is not None else None


def choices(known: Iterable[str]) -> str:
    """Return the known words as they stand in a hint."""
    return " ".join(f"`{word}`" for word in known)
