"""The words that completion offers: what one is, and those that the language itself has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

from fluo_logic.lsp import words
from fluo_logic.lsp.vocabulary import Keys


class Sort(IntEnum):
    """What an entry is; entries are listed in this order."""

    VARIABLE = 0
    VALUE = 1
    ATTRIBUTE = 2
    SPAN = 3
    EVENT = 4
    KEYWORD = 5
    OPERATOR = 6
    FUNCTION = 7
    INTRINSIC = 8


@dataclass(frozen=True, slots=True)
class Entry:
    """One word that could stand at a place.

    ``text`` is written, ``label`` shown; ``snippet``, where it is not empty, is written instead by editors that know
    snippets, with ``$0`` where the cursor goes.
    """

    label: str
    text: str
    sort: Sort
    detail: str = ""
    snippet: str = ""


def keywords(known: Mapping[str, str], sort: Sort = Sort.KEYWORD) -> Iterator[Entry]:
    """Return an entry for each word, with what it means."""
    return (Entry(word, word, sort, text) for word, text in known.items())


def aggregates() -> Iterator[Entry]:
    """Return the functions of measures."""
    return (Entry(word, f"{word}()", Sort.FUNCTION, text, f"{word}($0)") for word, text in words.AGGREGATES.items())


def attribute(key: str, text: str, keys: Keys) -> Entry:
    """Return an attribute, told with some of the values that it has."""
    values = keys.values.get(key)
    return Entry(key, text, Sort.ATTRIBUTE, _some(values) if values else "")


def _some(values: Iterable[object]) -> str:
    return ", ".join(sorted(str(value) for value in values)[:4])


def where() -> Entry:
    """Return ``.where(…)``."""
    return Entry(".where", ".where()", Sort.KEYWORD, words.OTHERS[".where"], ".where($0)")
