"""The columns of spans and events that a relational plan reads, and the parts of a value that they hold.

SQL has no value of "any type", and no exact order between 64-bit integers and doubles.  So a value of a span reaches a
plan in parts, each a column of its own, and only those parts that some comparison reads:

==========  ==========================================================================================================
``TEXT``    the canonical text; NULL where the value is missing, so it also tells presence
``HIGH``    the double nearest to the number that the value is or reads as; NULL where it is no number
``LOW``     that number less ``HIGH``, an integer: ``(HIGH, LOW)`` orders numbers exactly, lexicographically
``WHOLE``   whether the number is an integer and not a double
``TIME``    a time or duration in nanoseconds, an integer
``ITEMS``   the canonical texts of the items of a list; NULL where the value is no list
``NUMBERS`` likewise the items that are numbers, each as `number_text`
``KEY``     a text that values share if they are equal as two attributes are (not only if): it makes a join hashable
``VALUE``   the whole value, as `encode` writes it, for what only Python can evaluate exactly
==========  ==========================================================================================================

Rounding to the nearest double is monotone, and of two numbers with one nearest double the difference decides: hence
the order of the pairs is that of the numbers.
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, assert_never

from fluo_logic.logic import Field, Sort
from fluo_logic.translate.names import Names
from fluo_logic.values import Number, Value, as_number, canonical_text

NOT_WORD: Final = re.compile(r"[^a-z0-9]+")


class Part(StrEnum):
    """The part of a value that a column holds."""

    TEXT = "text"
    HIGH = "number"
    LOW = "rest"
    WHOLE = "whole"
    TIME = "time"
    ITEMS = "items"
    NUMBERS = "number_items"
    KEY = "key"
    VALUE = "value"


TIMES: Final = frozenset({"span:start", "span:end", "span:duration"})
"""The intrinsics that are integers of nanoseconds wherever they are present."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table of spans (or of events): a part of the value of a field.

    Of spans with other names than ``names`` it may hold NULL: nothing tells the difference.  None stands for all.
    """

    name: str
    entity: Sort
    space: str
    key: str
    part: Part
    names: Names = None


@dataclass(slots=True)
class Columns:
    """The columns that a plan has asked for so far."""

    found: dict[tuple[Sort, str, str, Part], Column] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    def name(self, term: Field, part: Part) -> str:
        """Return the name of the column for a part of a field, which the plan then reads."""
        key = (term.of.sort, term.space, term.key, part)
        if key not in self.found:
            self.found[key] = Column(self._fresh(term, part), *key)
        return self.found[key].name

    def of(self, entity: Sort, names: Mapping[tuple[str, str], Names]) -> tuple[Column, ...]:
        """Return the columns of spans, or those of events, with the names of the spans for which each field matters."""
        return tuple(
            replace(column, names=names.get((column.space, column.key)))
            for column in self.found.values()
            if column.entity is entity
        )

    def _fresh(self, term: Field, part: Part) -> str:
        # A leading underscore keeps columns of values apart from predicates, whose names begin with a letter.
        # SQL compares names without case.
        stem = "" if term.space in {"attribute", "intrinsic", "event"} else f"{term.space}_"
        words = NOT_WORD.sub("_", f"{stem}{term.key}".lower()).strip("_")[:40]
        base = f"_{words}" + ("" if part in {Part.TEXT, Part.TIME} else f"_{part}")
        name, number = base, 1
        while name in self.taken or name in STRUCTURAL:
            number += 1
            name = f"{base}_{number}"
        self.taken.add(name)
        return name


STRUCTURAL: Final = frozenset(
    {
        "_span",
        "_trace",
        "_name",
        "_parent",
        "_parent_ref",
        "_pre",
        "_first_below",
        "_last_below",
        "_event",
        "_scope",
    }
)
"""The columns that the tables of spans and events have whatever a plan reads.

``_span``, ``_trace``, ``_event`` number spans, traces and events.  The spans below span `A` are those whose ``_pre`` is
from ``_first_below`` to ``_last_below`` of `A`.
"""


def split(number: Number) -> tuple[float, int]:
    """Return the double nearest to ``number``, and what is left; raises OverflowError beyond the range of doubles."""
    if isinstance(number, float):
        # Negative zero equals zero, and must not be another key of a hash join.
        return (number + 0.0, 0)
    high = float(number)
    return (high + 0.0, number - int(high))


def joined(high: float, low: int, whole: bool) -> Number:  # noqa: FBT001 - one of the three parts of a number
    """Return the number that `split` took apart."""
    return int(high) + low if whole else high


def number_text(number: Number) -> str:
    """Return a text that two numbers share exactly when they are equal: an integer, or a double as a fraction."""
    if isinstance(number, float) and math.isinf(number):
        return canonical_text(number)
    numerator, denominator = number.as_integer_ratio()
    return str(numerator) if denominator == 1 else f"{numerator}/{denominator}"


def join_key(value: Value) -> str:
    """Return a text that values share if ``==`` holds between two attributes that have them.

    Numbers compare as numbers, all else by canonical text; so the base64 of bytes, say, may equal the text of a number
    and must get its key.
    """
    text = canonical_text(value)
    number = as_number(value)
    if number is None:
        number = as_number(text)
    return text if number is None else number_text(number)


def encode(value: Value) -> str:
    """Return the value as JSON text that `decode` turns into exactly this value again."""
    return json.dumps(_tagged(value), ensure_ascii=False, separators=(",", ":"))


def decode(text: str) -> Value:
    """Return the value that `encode` wrote."""
    return _untagged(json.loads(text))


def _tagged(value: Value) -> object:
    match value:
        case bool() | str():
            return value
        case int():
            return {"int": str(value)}
        case float():
            return {"double": repr(value)}
        case bytes():
            return {"bytes": base64.b64encode(value).decode("ascii")}
        case tuple():
            return [_tagged(item) for item in value]
        case dict():
            return {"map": [[key, _tagged(item)] for key, item in value.items()]}
        case _:
            assert_never(value)


def _untagged(value: object) -> Value:
    match value:
        case bool() | str():
            return value
        case list():
            return tuple(_untagged(item) for item in value)
        case {"int": str(text)}:
            return int(text)
        case {"double": str(text)}:
            return float(text)
        case {"bytes": str(text)}:
            return base64.b64decode(text)
        case {"map": list(pairs)}:
            return {key: _untagged(item) for key, item in pairs}
        case _:
            message = f"not an encoded value: {value!r}"
            raise ValueError(message)
