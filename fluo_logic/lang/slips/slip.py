"""What one row of the table of slips holds, and the words that several rows share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

WORD: Final = r"[A-Za-z_][\w-]*"
NAME: Final = r"[A-Za-z_][\w.-]*"


@dataclass(frozen=True, slots=True)
class Slip:
    """One mistake.

    Attributes:
        code: The error code.
        at: What stands where the parser stopped (verbose regular expression).
        message: The sentence; ``{name}`` are the groups of ``at`` and ``after``, ``{found}`` is all of ``at``.
        example: A text that makes the slip.
        hint: The way out, with the same groups.
        after: What stands right before, if that matters.
        fix: What to read instead, so that later mistakes are found as well; None ends the search in this part.
        back: The caret begins where the group ``back`` of ``after`` does.
        only: The part of a rule that makes it a slip, such as ``example``; any part where empty.
    """

    code: str
    at: str
    message: str
    example: str
    hint: str | None = None
    after: str = ""
    fix: str | None = None
    back: bool = False
    only: str = ""


UNITS: Final = {
    "nanosecond": "ns", "nanoseconds": "ns", "nanos": "ns", "nsec": "ns",
    "microsecond": "us", "microseconds": "us", "micros": "us", "usec": "us",
    "millisecond": "ms", "milliseconds": "ms", "millis": "ms", "msec": "ms", "msecs": "ms",
    "second": "s", "seconds": "s", "sec": "s", "secs": "s", "S": "s",
    "minute": "m", "minutes": "m", "min": "m", "mins": "m", "M": "m",
    "hour": "h", "hours": "h", "hr": "h", "hrs": "h", "H": "h",
    "day": "d", "days": "d", "D": "d",
}  # fmt: skip
"""How other languages write the units of a duration."""

SYNONYMS: Final = {
    "then": "before", "precedes": "before", "preceded": "after", "until": "before", "follows": "after",
    "since": "after", "inside": "during", "encloses": "covers", "includes": "covers", "contains": "covers",
    "overlap": "overlaps", "cover": "covers", "concurrent": "overlaps", "following": "after", "preceding": "before",
}  # fmt: skip
"""Words that resemble a relation."""

FUNCTIONS: Final = ("count", "sum", "min", "max", "avg", "trace.has", "trace.count", "exists", "event")

FUNCTION_SYNONYMS: Final = {
    "average": "avg", "mean": "avg", "maximum": "max", "minimum": "min", "total": "sum", "has": "trace.has",
    "present": "exists", "defined": "exists",
}  # fmt: skip
"""What other languages call the functions."""
