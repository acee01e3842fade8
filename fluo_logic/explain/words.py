"""The fixed vocabulary of proofs: how values, times, durations, spans and operators are written for people.

Text of traces is never markup: control characters, bidirectional overrides and terminal escapes are shown as visible
escapes, and long values are shortened in the middle.
"""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Final

from fluo_logic.explain.proof import SpanRef
from fluo_logic.logic import Unit
from fluo_logic.values import Number, Value, canonical_text

NOTE: Final = 24
"""How much longer a text may be, since saying that its middle is left out takes as much."""
SHOWN: Final = 80
"""How many characters of a value are shown."""
NANOSECONDS: Final = (("d", 86_400 * 10**9), ("h", 3_600 * 10**9), ("min", 60 * 10**9), ("s", 10**9))
EXACT: Final = 10**15
"""From here on, a difference of integers is rounded."""
SMALL: Final = (("ms", 10**6), ("µs", 10**3), ("ns", 1))
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
OPERATORS: Final = {
    "==": ("is", "is not"),
    "<": ("is less than", "is not less than"),
    "<=": ("is at most", "is more than"),
    ">": ("is more than", "is not more than"),
    ">=": ("is at least", "is less than"),
    "in": ("is one of", "is none of"),
    "contains": ("contains", "does not contain"),
    "starts_with": ("starts with", "does not start with"),
    "ends_with": ("ends with", "does not end with"),
    "matches": ("matches", "does not match"),
}
"""Every comparison operator in both polarities."""
NEEDS: Final = {"<": "less than", "<=": "at most", ">": "more than", ">=": "at least"}
"""Orders, as what a candidate needs."""
TIME_OPERATORS: Final = {
    "==": ("at", "not at"),
    "<": ("before", "not before"),
    "<=": ("not after", "after"),
    ">": ("after", "not after"),
    ">=": ("not before", "before"),
}
"""Likewise, between points in time."""


def inert(text: str) -> str:
    """Return ``text`` with everything that is not plainly printable as a visible escape."""
    if text.isprintable():
        return text
    return "".join(char if _plain(char) else char.encode("unicode_escape").decode("ascii") for char in text)


def _plain(char: str) -> bool:
    return char == " " or (char.isprintable() and unicodedata.bidirectional(char) not in _OVERRIDES)


_OVERRIDES: Final = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


def one_line(text: str) -> str:
    """Return the text of a rule on one line, inert."""
    return inert(" ".join(text.split()))


def shortened(text: str, limit: int = SHOWN) -> str:
    """Return ``text`` inert and about ``limit`` characters long, the middle left out."""
    if len(text) <= limit + NOTE:
        return inert(text)
    head, tail = text[: limit * 2 // 3], text[-limit // 4 :]
    return f"{inert(head)}…({len(text):,} characters)…{inert(tail)}"


def value_text(value: Value | None, unit: Unit = Unit.NONE) -> str:
    """Return a value for a person: texts in quotes, times and durations in their units."""
    if value is None:
        return "missing"
    if isinstance(value, int | float) and not isinstance(value, bool):
        match unit:
            case Unit.TIME:
                return instant_text(int(value))
            case Unit.DURATION:
                return duration_text(int(value))
            case _:
                return canonical_text(value)
    text = shortened(canonical_text(value))
    return f'"{text}"' if isinstance(value, str) else text


def duration_text(nanoseconds: int) -> str:
    """Return a duration in its two largest units: ``2 min 5 s``, ``3.2 ms``, ``-4 ns``."""
    if nanoseconds < 0:
        return f"-{duration_text(-nanoseconds)}"
    for (unit, size), finer in zip(NANOSECONDS, (*NANOSECONDS[1:], None), strict=True):
        if nanoseconds >= size:
            if finer is None:
                return _decimal(nanoseconds, unit, size, ("min", 60))
            whole, rest = divmod(nanoseconds, size)
            second = rest // finer[1]
            return f"{whole} {unit} {second} {finer[0]}" if second else f"{whole} {unit}"
    for (unit, size), coarser in zip(SMALL, ("s", "ms", "µs"), strict=True):
        if nanoseconds >= size:
            return _decimal(nanoseconds, unit, size, (coarser, 1000))
    return "0 s"


def _decimal(nanoseconds: int, unit: str, size: int, coarser: tuple[str, int]) -> str:
    """Return a duration to three decimals of a unit; what rounds up to the next unit is written in that."""
    rounded = round(nanoseconds / size, 3)
    if rounded == coarser[1]:
        return f"1 {coarser[0]}"
    return f"{rounded:.3f}".rstrip("0").rstrip(".") + f" {unit}"


def exact_duration_text(nanoseconds: int) -> str:
    """Return a duration to the nanosecond, in seconds: ``1.500000001 s``."""
    whole, rest = divmod(abs(nanoseconds), 10**9)
    fraction = f".{rest:09d}".rstrip("0").rstrip(".")
    return f"{'-' if nanoseconds < 0 else ''}{whole:,}{fraction} s"


def instant_text(nanoseconds: int) -> str:
    """Return a time as UTC with the digits it has, at least milliseconds: ``2025-11-28 10:00:09.250``."""
    seconds, rest = divmod(nanoseconds, 10**9)
    try:
        moment = EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return f"{nanoseconds} ns"
    digits = f"{rest:09d}"
    fraction = next((digits[:length] for length in (3, 6) if not digits[length:].strip("0")), digits)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{fraction}"


def span_text(span: SpanRef) -> str:
    """Return a span's name, the first digits of its id, and its service."""
    service = f" ({shortened(span.service, 40)})" if span.service else ""
    return f"{shortened(span.name, 60)} {inert(span.span_id[:8])}{service}"


def number_text(number: Number, unit: Unit = Unit.NONE) -> str:
    """Return a difference for a person: a duration in its units, a double or a very large integer to six digits."""
    if unit is not Unit.NONE:
        return duration_text(int(number))
    if isinstance(number, int) and abs(number) < EXACT:
        return str(number)
    try:
        return canonical_text(float(f"{float(number):.6g}"))
    except OverflowError:
        return f"about 10^{len(str(abs(number))) - 1}"


def plural(count: int, noun: str) -> str:
    """Return ``1 span`` or ``1,066 spans``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
