"""The names, attributes, values and times that random traces and random rules share, so that they meet."""

from __future__ import annotations

import math
from typing import Final

from fluo_logic.values import Value
from tests.oracle.build import EPOCH, SECOND

NAMES: Final = ("a", "b", "c", "é😀")
EVENTS: Final = ("exception", "retry")
SERVICES: Final = ("api", "db")
SCOPES: Final = ("http", "sql")
MESSAGES: Final = ("done", "timeout")
KEYS: Final = ("k", "n", "user.id", "tags", "flag", "user.address.zip")
SCOPE_KEYS: Final = ("tenant", "k")
LATEST: Final = 2**63 - 1

INTEGERS: Final = (0, 1, 2, -1, 4, 2**53 + 1, 2**63 - 1, -(2**63))
DOUBLES: Final = (4.0, 0.5, -0.0, 1.0, 1000.0, 2.0**53, 1e300, 1e16, 0.1, math.inf, -math.inf, math.nan)
TEXTS: Final = (
    "x", "y", "1", "1.0", "01", "1e3", "-0", " 1", "", "true", "4", "1e999", "9223372036854775807",
    "18446744073709551615", "18446744073709551616", "X", "é", "e\u0301", "\uffff", "😀", 'q"\\\n', "xy",
)  # fmt: skip
LISTS: Final[tuple[Value, ...]] = (("x", "y"), (), (1, 2.0, "1"), (True, "4", 4), ("x", ("y",)), (math.nan, -0.0, 1e16))
MAPS: Final[tuple[Value, ...]] = (
    {"id": "x"},
    {"id": 1, "address": {"zip": "1"}},
    {"address.zip": 2},
    {"z": (b"\x00",)},
)
BYTES: Final = (b"", b"\x00\xff", b"x")
TEXT_LITERALS: Final = (
    "x", "y", "1", "01", "4", "true", "é", "", "😀", "0", "Infinity", "NaN", '["x","y"]', "AP8=", "xy",
)  # fmt: skip
NUMBER_LITERALS: Final = (0, 1, 2, 4, -1, 0.5, 4.0, 1000, 2**53 + 1, 2**63 - 1, 1e300)
REGEXES: Final = ("x", "^x$", "[0-9]+", "^$", "(?i)X", "\\.", "é|y", "^.$")
DURATIONS: Final = (0, 1, SECOND, SECOND + 1, 2 * SECOND, 5 * SECOND, 15 * SECOND)
"""Nanoseconds."""
EPOCHS: Final = (EPOCH, LATEST - 20 * SECOND)
"""Where the times of a data set begin."""
STARTS: Final = (0, 1, 2, 3, 4, 6, 9)
"""Seconds after that."""
NUDGES: Final = (0, 1, -1)
"""Nanoseconds beside a whole second."""
LENGTHS: Final = (0, 1, SECOND, 2 * SECOND, 3 * SECOND, 10 * SECOND)
