"""The constants of the rule language: strings, numbers, durations, instants and the template of ``display``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from typing import Final

from fluo_logic.values import INT_MAX, INT_MIN

NANOSECONDS: Final = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
}
"""How many nanoseconds each unit of a duration has; the micro sign comes in two code points."""

DURATION: Final = re.compile(r"(?P<number>-?[0-9]+(?:\.[0-9]+)?)(?P<unit>[a-zµμ]+)")
INSTANT: Final = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})[Tt ](?P<time>\d{2}:\d{2}:\d{2})(?:\.(?P<fraction>\d{1,9}))?"
    r"(?P<offset>[Zz]|[+-]\d{2}:\d{2})"
)
ESCAPES: Final = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
HEX4: Final = re.compile(r"[0-9a-fA-F]{4}")
HIGH_SURROGATES: Final = range(0xD800, 0xDC00)
LOW_SURROGATES: Final = range(0xDC00, 0xE000)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class LiteralError(ValueError):
    """A constant cannot be read: what is wrong, where in its text, and a hint."""

    def __init__(self, message: str, code: str, start: int, end: int, hint: str | None = None) -> None:
        """Keep the place as offsets into the constant's own text."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.start = start
        self.end = end
        self.hint = hint


@dataclass(frozen=True, slots=True)
class DecodedString:
    """A string and the offset in the quoted text that each of its characters came from, and one more at the end."""

    text: str
    offsets: tuple[int, ...]


def decode_string(quoted: str) -> DecodedString:
    """Return the text of a double-quoted string with JSON escapes; raises `LiteralError`."""
    chars: list[str] = []
    offsets: list[int] = []
    position, end = 1, len(quoted) - 1
    while position < end:
        offsets.append(position)
        if quoted[position] != "\\":
            chars.append(quoted[position])
            position += 1
            continue
        char, position = _decode_escape(quoted, position)
        chars.append(char)
    offsets.append(end)
    return DecodedString("".join(chars), tuple(offsets))


def _decode_escape(quoted: str, start: int) -> tuple[str, int]:
    letter = quoted[start + 1]
    if letter in ESCAPES:
        return ESCAPES[letter], start + 2
    if letter != "u":
        hint = f"write `\\\\{letter}` for a backslash followed by `{letter}`"
        message = f"`\\{letter}` is not an escape"
        raise LiteralError(message, "E114", start, start + 2, hint)
    unit = _code_unit(quoted, start)
    after = start + 6
    if unit in HIGH_SURROGATES and quoted.startswith("\\u", after):
        low = _code_unit(quoted, after)
        if low in LOW_SURROGATES:
            high_bits, low_bits = unit - HIGH_SURROGATES.start, low - LOW_SURROGATES.start
            return chr(0x10000 + (high_bits << 10) + low_bits), after + 6
    if unit in HIGH_SURROGATES or unit in LOW_SURROGATES:
        message = "half of a surrogate pair is not a character"
        raise LiteralError(message, "E114", start, after, "write both halves, or the character itself")
    return chr(unit), after


def _code_unit(quoted: str, start: int) -> int:
    found = HEX4.match(quoted, start + 2)
    if found is None:
        message = "`\\u` needs four hexadecimal digits"
        raise LiteralError(message, "E114", start, start + 2, "for example `\\u00e9`")
    return int(found[0], 16)


def decode_number(text: str) -> int | float:
    """Return an exact integer of at most 64 bits, or a finite double; raises `LiteralError`."""
    if text.lstrip("-").isdigit():
        # The length test keeps Python from converting thousands of digits.
        number = int(text) if len(text) <= len(str(INT_MAX)) + 1 else INT_MAX + 1
        if not INT_MIN <= number <= INT_MAX:
            message = "an integer has at most 64 bits"
            raise LiteralError(message, "E115", 0, len(text), "write it in quotes to compare texts")
        return number
    double = float(text)
    if double in (float("inf"), float("-inf")):
        message = "the number is beyond the range of a double"
        raise LiteralError(message, "E115", 0, len(text))
    return double


def decode_duration(text: str) -> int:
    """Return the whole nanoseconds of ``1.5h``; raises `LiteralError`."""
    found = DURATION.fullmatch(text)
    if found is None or found["unit"] not in NANOSECONDS:
        message = f"`{text}` is not a duration"
        raise LiteralError(message, "E116", 0, len(text), "the units are ns us ms s m h d")
    nanoseconds = Fraction(found["number"]) * NANOSECONDS[found["unit"]]
    if nanoseconds.denominator != 1:
        message = f"`{text}` is not a whole number of nanoseconds"
        raise LiteralError(message, "E116", 0, len(text))
    if not INT_MIN <= nanoseconds <= -INT_MIN - 1:
        message = f"`{text}` is longer than 292 years, the longest time that spans can measure"
        raise LiteralError(message, "E116", 0, len(text))
    return int(nanoseconds)


def decode_instant(text: str) -> int:
    """Return the nanoseconds since the Unix epoch of an RFC 3339 date-time; raises `LiteralError`."""
    found = INSTANT.fullmatch(text)
    if found is not None:
        offset = found["offset"].upper().replace("Z", "+00:00")
        shift = timedelta(hours=int(offset[1:3]), minutes=int(offset[4:6]))
        try:
            zone = timezone(-shift if offset[0] == "-" else shift)
            moment = datetime.fromisoformat(f"{found['date']}T{found['time']}").replace(tzinfo=zone)
        except ValueError:
            found = None
    if found is None:
        message = f'"{text}" is not a point in time'
        raise LiteralError(message, "E117", 0, len(text) + 2, 'write RFC 3339, for example "2026-03-01T12:00:00Z"')
    whole = (moment - EPOCH) // timedelta(seconds=1)
    return whole * 1_000_000_000 + int((found["fraction"] or "0").ljust(9, "0"))
