"""Values, their canonical texts, the numbers they read as, and how two of them compare."""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Mapping
from enum import Enum, auto
from typing import TypeAlias

import re2

from fluo_logic.values import Value

Number: TypeAlias = int | float


class Reading(Enum):
    """How the two sides of a comparison are read."""

    NUMERIC = auto()
    """A number literal is on one side."""
    TEXTUAL = auto()
    """A string or Boolean literal is on one side."""
    EITHER = auto()
    """Numbers where both sides are or read as numbers, texts otherwise."""


def text_of(value: Value) -> str:
    """The canonical text: a string is itself, everything else as JSON would write it, bytes as base64."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return _json(value)


def _json(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _double(value)
    if isinstance(value, tuple):
        return "[" + ",".join(_json_inside(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{_quoted(key)}:{_json_inside(item)}" for key, item in value.items()) + "}"
    return _quoted(text_of(value))


def _json_inside(value: Value) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return _quoted(_double(value))
    return _json(value)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _double(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if value == math.inf:
        return "Infinity"
    if value == -math.inf:
        return "-Infinity"
    if value == 0:
        return "0"
    return repr(value).removesuffix(".0")


def number_of(value: Value | None) -> Number | None:
    """The number that a value is or reads as: integers, doubles but NaN, texts that are JSON numbers within range."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, str):
        return _number_of_text(value)
    return None


def _number_of_text(text: str) -> Number | None:
    if not re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?", text, re.ASCII):
        return None
    if re.fullmatch(r"-?[0-9]+", text):
        try:
            whole = int(text)
        except ValueError:  # Python refuses to read thousands of digits; no double holds them either
            return None
        if -(2**63) <= whole <= 2**64 - 1:
            return whole
    double = float(text)
    return None if math.isinf(double) else double


def is_true(value: Value | None) -> bool:
    return value is True or (isinstance(value, str) and value == "true")


def equal(left: Value, right: Value, reading: Reading) -> bool:
    if reading is Reading.TEXTUAL:
        return text_of(left) == text_of(right)
    left_number, right_number = number_of(left), number_of(right)
    if left_number is not None and right_number is not None:
        return left_number == right_number
    return reading is Reading.EITHER and text_of(left) == text_of(right)


def holds(operator: str, left: Value | None, right: Value | None, reading: Reading) -> bool:
    """Whether two known values compare so; ``right`` of ``in`` is a list value."""
    match operator:
        case "!=":
            return not holds("==", left, right, reading)
        case "not in":
            return not holds("in", left, right, reading)
    if left is None or right is None:
        return False
    match operator:
        case "==":
            return equal(left, right, reading)
        case "<" | "<=" | ">" | ">=":
            return _ordered(operator, left, right, reading)
        case "in":
            return isinstance(right, tuple) and any(equal(left, item, reading) for item in right)
        case "contains" if isinstance(left, tuple):
            return any(equal(item, right, reading) for item in left)
        case "contains":
            return text_of(right) in text_of(left)
        case "starts_with":
            return text_of(left).startswith(text_of(right))
        case "ends_with":
            return text_of(left).endswith(text_of(right))
        case "matches":
            return re2.search(text_of(right), text_of(left)) is not None
    raise AssertionError(operator)


def _ordered(operator: str, left: Value, right: Value, reading: Reading) -> bool:
    left_number, right_number = number_of(left), number_of(right)
    if reading is not Reading.TEXTUAL and left_number is not None and right_number is not None:
        return numbers_ordered(operator, left_number, right_number)
    if reading is Reading.NUMERIC:
        return False
    return _texts_ordered(operator, text_of(left), text_of(right))


def numbers_ordered(operator: str, left: Number, right: Number) -> bool:
    """Python compares an integer with a double exactly."""
    match operator:
        case "<":
            return left < right
        case "<=":
            return left <= right
        case ">":
            return left > right
        case ">=":
            return left >= right
    raise AssertionError(operator)


def _texts_ordered(operator: str, left: str, right: str) -> bool:
    order = (left > right) - (left < right)
    return numbers_ordered(operator, order, 0)


def nested(attributes: Mapping[str, Value], key: str) -> Value | None:
    """The value under a dotted key inside maps: the longest attribute that is a map first, and so on within it."""
    segments = key.split(".")
    for length in range(len(segments) - 1, 0, -1):
        inner = attributes.get(".".join(segments[:length]))
        if isinstance(inner, dict):
            rest = ".".join(segments[length:])
            found = inner[rest] if rest in inner else nested(inner, rest)
            if found is not None:
                return found
    return None
