"""Cells of tables as fields of spans: what Arrow, pandas, Polars and NumPy hand out as Python objects.

Attribute values come typed, as `TYPED` has them, or as plain Python: numbers, texts, Booleans, bytes, lists, maps.
Maps come as dictionaries, as lists of pairs, as lists of ``{"key", "value"}``, or as JSON text.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from fluo_logic.facts.problems import Code, ProblemLog
from fluo_logic.facts.readers import otlp_json, scalars
from fluo_logic.facts.readers.pairs import gathered
from fluo_logic.facts.readers.scalars import UnreadableError, refuse_type
from fluo_logic.values import Value

TYPED: Final = ("string", "bool", "int", "double", "bytes", "any_value")
"""The fields of a typed value, one of which is set; ``any_value`` is a list or a map, as the JSON of OTLP."""
TYPED_KEYS: Final = frozenset(TYPED)
MISSING: Final = frozenset({"NaTType", "NAType"})
"""The types of what pandas puts where nothing is."""
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
INSTANT: Final = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)[T ](?P<time>\d\d:\d\d:\d\d)(?:\.(?P<fraction>\d{1,9})0*)?"
    r" ?(?P<zone>Z|UTC|[+-]\d\d:?\d\d)?"
)
EXACT_DOUBLES: Final = 2**53
INTERVAL: Final = ("months", "days", "nanoseconds")
DAY: Final = 86_400 * 10**9


class Nanoseconds(int):
    """A duration whose unit is known, whatever its column is called."""


class Decoded(dict[str, Value]):
    """Attributes that are values already."""


@dataclass(frozen=True, slots=True)
class _AnyValue:
    """A value as the JSON of OTLP has it."""

    raw: dict[object, object]


def plain(raw: object) -> object:
    """Return a cell as Python's own types; what stands for a missing value is None."""
    if raw is None or type(raw).__name__ in MISSING:
        return None
    if isinstance(raw, str | bytes | int | float | list | tuple | dict | datetime | timedelta):
        return raw
    tolist = getattr(raw, "tolist", None)  # scalars and arrays of NumPy
    return raw if tolist is None else tolist()


def present(raw: object) -> object:
    """Return a cell of a column for one field, where NaN stands for a missing value too."""
    found = plain(raw)
    return None if isinstance(found, float) and math.isnan(found) else found


def text(raw: object, name: str) -> str:
    """Return a text; bytes are UTF-8."""
    found = present(raw)
    return scalars.text(_decoded(found) if isinstance(found, bytes) else found, name)


def identifier(raw: object, size: int) -> object:
    """Return an id that came as bytes, or as the bytes of its digits, as digits; anything else as it is."""
    found = present(raw)
    if not isinstance(found, bytes):
        return found
    return found.hex() if len(found) == size else _decoded(found)


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode(errors="replace")


# --- times --------------------------------------------------------------------------------------------------------


def instant(raw: object, name: str) -> int | None:
    """Return a time in nanoseconds since the Unix epoch: of a number of them, a datetime, or a text of either.

    A datetime without a zone is UTC.  Absent and zero are None.
    """
    found = present(raw)
    match found:
        case datetime():
            return _nanoseconds(found) or None
        case str() if (parts := INSTANT.fullmatch(found.strip())) is not None:
            zone = (parts["zone"] or "Z").replace("UTC", "Z")
            try:
                second = datetime.fromisoformat(f"{parts['date']}T{parts['time']}{zone}")
            except ValueError:
                raise UnreadableError(
                    Code.NUMBER_INVALID, f"`{name}` is {scalars.shown(raw)}, which is no time."
                ) from None
            return _nanoseconds(second) + int((parts["fraction"] or "").ljust(9, "0")) or None
        case _:
            return scalars.integer(_whole(found, name), name, 0, scalars.UINT64_MAX) or None if found else None


def _nanoseconds(moment: datetime) -> int:
    value = getattr(moment, "value", None)  # of pandas, in nanoseconds of UTC
    if isinstance(value, int):
        return value
    aware = moment if moment.utcoffset() is not None else moment.replace(tzinfo=UTC)
    return (aware - EPOCH) // timedelta(microseconds=1) * 1000


def length(raw: object, name: str) -> int | None:
    """Return a duration as a number of its unit; a timedelta or an interval counts in nanoseconds.

    Lengths of more than 2^63 are negative ones: some databases store them without a sign.
    """
    found = present(raw)
    if found is None:
        return None
    if isinstance(found, timedelta):
        value = getattr(found, "value", None)
        return Nanoseconds(value if isinstance(value, int) else found // timedelta(microseconds=1) * 1000)
    if isinstance(found, tuple) and len(found) == len(INTERVAL):  # of a database, as Arrow has it
        months, days, nanoseconds = found
        if months:
            raise UnreadableError(
                Code.NUMBER_INVALID, f"`{name}` is {scalars.shown(raw)}, whose months have no length."
            )
        return Nanoseconds(days * DAY + nanoseconds)
    number = scalars.integer(_whole(found, name), name, scalars.INT64[0], scalars.UINT64_MAX)
    return number - 2**64 if number > scalars.INT64[1] else number


def _whole(raw: object, name: str) -> object:
    if isinstance(raw, float) and abs(raw) > EXACT_DOUBLES:
        message = f"`{name}` is {raw!r}, a double, which does not hold nanoseconds exactly."
        raise UnreadableError(Code.NUMBER_INVALID, message)
    return raw


# --- attributes ---------------------------------------------------------------------------------------------------


def attributes(raw: object, where: str, name: str, log: ProblemLog) -> tuple[dict[str, Value], int]:
    """Return the attributes of a cell, and how many could not be read."""
    if isinstance(raw, Decoded):
        return raw, 0
    try:
        pairs = list(_pairs(plain(raw), name))
    except UnreadableError as error:
        log.report(error.code, where, error.message)
        return {}, 1
    return gathered(pairs, _pair, lambda _: f"{where}, {name}", log)


def _pair(pair: tuple[str, object]) -> tuple[str, Value | None]:
    key, item = pair
    return key, value(item, key)


def _pairs(raw: object, name: str) -> Iterator[tuple[str, object]]:
    match raw:
        case None:
            return
        case dict():
            yield from ((_key(key, name), item) for key, item in raw.items())
        case list() | tuple():
            for pair in raw:
                match pair:
                    case {"key": key, "value": {**item}} if len(item) == 1 and item.keys() <= otlp_json.VALUES.keys():
                        yield _key(key, name), _AnyValue(item)
                    case {"key": key, "value": item}:
                        yield _key(key, name), item
                    case (bytes() as key, bytes() as item):  # texts of a database that does not ask for UTF-8
                        yield _key(key, name), _decoded(item)
                    case (key, item):
                        yield _key(key, name), item
                    case _:
                        refuse_type(name, "a map", raw)
        case str() | bytes():
            yield from _pairs(json_of(raw, name), name)
        case float() if math.isnan(raw):
            return
        case _:
            refuse_type(name, "a map", raw)


def json_of(raw: str | bytes, name: str) -> object:
    """Return the list or map that a text spells as JSON, None for an empty text."""
    if not raw.strip():
        return None
    try:
        found: object = json.loads(raw)
    except (ValueError, RecursionError):
        raise UnreadableError(
            Code.WRONG_TYPE, f"`{name}` is {scalars.shown(raw)}, which is neither a map nor JSON of one."
        ) from None
    if isinstance(found, str):
        refuse_type(name, "a map", found)
    return found


def _key(raw: object, name: str) -> str:
    if isinstance(raw, bytes):
        return _decoded(raw)
    if not isinstance(raw, str):
        refuse_type(f"a key of {name}", "a text", raw)
    return raw


def value(raw: object, name: str, depth: int = 0) -> Value | None:
    """Return an attribute value, None for a missing one."""
    found = plain(raw)
    match found:
        case None | str() | bool() | float() | bytes():
            return found
        case int():
            return scalars.integer(found, name, *scalars.INT64)
        case datetime():
            return found.isoformat()
        case _AnyValue():
            return otlp_json.any_value(found.raw, name)
        case dict() | list() | tuple() if depth >= otlp_json.DEEPEST_VALUE:
            message = f"`{name}` is nested more than {otlp_json.DEEPEST_VALUE} levels deep."
            raise UnreadableError(Code.TOO_DEEP, message)
        case dict() if found.keys() == TYPED_KEYS:
            return _typed(found, name)
        case dict():
            return _map(found, name, depth)
        case list() if found and all(isinstance(item, tuple) for item in found):
            return _map(dict(_pairs(found, name)), name, depth)
        case list() | tuple():
            items = (value(item, name, depth + 1) for item in found)
            return tuple(item for item in items if item is not None)
        case _:
            raise UnreadableError(
                Code.VALUE_UNKNOWN, f"`{name}` has a value of the unknown type `{type(found).__name__}`."
            )


def any_value(text: str, name: str) -> Value | None:
    """Return the value that a text spells as the JSON of an `AnyValue`."""
    return otlp_json.any_value(json_of(text, name), name)


def _map(raw: Mapping[object, object], name: str, depth: int) -> Value:
    read = ((_key(key, name), value(item, name, depth + 1)) for key, item in raw.items())
    return {key: item for key, item in read if item is not None}


def _typed(raw: Mapping[str, object], name: str) -> Value | None:
    """Return the one value that is set; what holds integers as doubles, as some tables do, gets them back."""
    for kind in TYPED:
        item = plain(raw[kind])
        if item is None or (kind != "double" and isinstance(item, float) and math.isnan(item)):
            continue
        match kind:
            case "any_value":
                return any_value(str(item), name)
            case "int":
                return scalars.integer(_whole(item, name), name, *scalars.INT64)
            case "double":
                return scalars.double(item, name)
            case "bool":
                return bool(item)
            case _:
                return value(item, name)
    return None
