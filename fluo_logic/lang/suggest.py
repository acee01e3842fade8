"""What the author may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

SHORTEST_BEGINNING: Final = 3
"""From how many letters on the shorter of two words is taken for the beginning of the longer."""
TYPO: Final = 0.9
"""From which likeness on (`difflib`: the part of both words that is common) a word is a slip for another."""


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


def is_typo(word: str, known: Iterable[str]) -> bool:
    """Return whether a known word differs from ``word`` in no more than a letter or two."""
    return bool(difflib.get_close_matches(word, list(known), n=1, cutoff=TYPO))


def did_you_mean_file(path: Path) -> str | None:
    """Return the hint that names what stands in the folder of a missing file and is called nearly the same."""
    try:
        files = sorted(file for file in path.parent.iterdir() if file.suffix == path.suffix or not path.suffix)
    except (OSError, ValueError):
        return None
    stems = {file.stem: file.name for file in reversed(files)}
    close = difflib.get_close_matches(path.stem, stems, n=1, cutoff=0.65)
    return f"did you mean `{path.with_name(stems[close[0]])}`?" if close else None


def choices(known: Iterable[str]) -> str:
    """Return the known words as they stand in a hint."""
    return " ".join(f"`{word}`" for word in known)
