"""Attributes gathered from pairs of keys and values, whatever the pairs come from: what is wrong with each is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from fluo_logic.facts.problems import Code, ProblemLog
from fluo_logic.facts.readers.scalars import UnreadableError
from fluo_logic.values import Value

Pair = TypeVar("Pair")


def gathered(
    pairs: Iterable[Pair],
    read: Callable[[Pair], tuple[str, Value | None]],
    place: Callable[[int], str],
    log: ProblemLog,
) -> tuple[dict[str, Value], int]:
    """Return the attributes, and how many could not be read; one without a value is left out and is no problem.

    Args:
        pairs: keys with values, as the format has them.
        read: reads one, or raises `UnreadableError`.
        place: where the pair with a number is.
        log: is told of what is wrong.
    """
    found: dict[str, Value] = {}
    lost = 0
    for index, pair in enumerate(pairs):
        try:
            key, value = read(pair)
        except UnreadableError as error:
            lost += 1
            log.report(error.code, place(index), f"the attribute is left out: {error.message}")
            continue
        if value is None:
            continue
        if key in found:
            log.report(Code.KEY_REPEATED, place(index), f"the attribute `{key}` is there twice.")
        found[key] = value
    return found, lost
