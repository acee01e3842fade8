"""Values that would make a comparison true, or false: few, near to what is there, and each tried."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import Final

from fluo_logic.values import Mode, Number, Value, as_number, canonical_text, compare

FLIPPED: Final = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
OFFERED: Final = 3
"""How many values are offered for one comparison."""
PLAIN: Final = re.compile(r"[\w .,:/@-]+")


def numeric_targets(op: str, value: Value | None, *, want: bool) -> list[int]:
    """Return the integers nearest to ``value`` that are ``op`` it, or are not."""
    if isinstance(value, tuple):
        return [target for item in value for target in numeric_targets("==", item, want=want)] if op == "in" else []
    number = None if value is None else as_number(value)
    if number is None or (isinstance(number, float) and not math.isfinite(number)):
        return []
    low, high = math.floor(number), math.ceil(number)
    match op, want:
        case ("<=", True) | (">", False):
            return [low]
        case (">=", True) | ("<", False):
            return [high]
        case ("<", True) | (">=", False):
            return [high - 1]
        case (">", True) | ("<=", False):
            return [low + 1]
        case "==", True:
            return [low] if low == high else []
        case "==", False:
            return [low + 1, low - 1] if low == high else [low]
        case _:
            return []


def candidates(
    op: str,
    other: Value | None,
    mode: Mode,
    current: Value | None,
    samples: Sequence[Value],
    *,
    want: bool,
    on_left: bool = True,
) -> list[Value | None]:
    """Return values for one side of a comparison whose other side is ``other``; None is no value.

    ``samples`` are values that the data hold under the same key.
    """
    if other is None:
        return []

    def fits(value: Value | None) -> bool:
        left, right = (value, other) if on_left else (other, value)
        return compare(op, left, right, mode) is want

    pool = _wanted(op, other, current, on_left=on_left) if want else _unwanted(op, other, samples, on_left=on_left)
    found: dict[str, Value | None] = {}
    for value in pool:
        if fits(value):
            found.setdefault(repr(value), value)
    return list(found.values())[:OFFERED]


def _wanted(op: str, other: Value, current: Value | None, *, on_left: bool) -> Iterator[Value | None]:
    if op == "in" and on_left:
        yield from other if isinstance(other, tuple) else ()
        return
    if op == "in":
        yield (other,)
        return
    if op == "contains" and isinstance(current, tuple) and on_left:
        yield (*current, other)
    if op == "matches":
        yield from _matching(canonical_text(other))
        return
    yield other
    yield from numeric_targets(op if on_left else FLIPPED.get(op, op), other, want=True)
    if op in FLIPPED:
        text = canonical_text(other)
        yield from (f"{text}0", text[:-1])


def _matching(pattern: str) -> Iterator[str]:
    """Yield texts that may match a pattern: its plain part, without anchors."""
    bare = pattern.removeprefix("^").removesuffix("$").replace("\\.", ".").replace("\\-", "-")
    yield bare
    yield from PLAIN.findall(bare)
    yield re.sub(r"\[[^\]]*\]|\\d|\.", "1", re.sub(r"\{\d+(,\d*)?\}|[*+?()]", "", bare))


def _unwanted(op: str, other: Value, samples: Sequence[Value], *, on_left: bool) -> Iterator[Value | None]:
    if isinstance(other, bool):
        yield not other
    elif isinstance(other, str) and other in {"true", "false"}:
        yield "false" if other == "true" else "true"
    if op in FLIPPED or as_number(other) is not None:
        yield from numeric_targets(op if on_left else FLIPPED.get(op, op), other, want=False)
    yield from samples
    yield None


def toward(function: str, current: Number, target: int, own: Number, count: int) -> list[Number]:
    """Return values of one element, now ``own``, that would bring an aggregate from ``current`` to ``target``."""
    match function:
        case "sum":
            return _whole(own + (target - current))
        case "avg":
            return _whole(own + (target - current) * count)
        case _:
            return [target]


def _whole(number: Number) -> list[Number]:
    if isinstance(number, float):
        if not math.isfinite(number):
            return []
        return [int(number)] if number.is_integer() else [number]
    return [number]
