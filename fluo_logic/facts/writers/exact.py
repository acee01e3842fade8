"""Parts of a span as the formats that are written hold them; what a format cannot hold exactly is refused."""

from __future__ import annotations

from typing import Final, NoReturn

from fluo_logic.errors import InputError
from fluo_logic.facts.model import Span
from fluo_logic.facts.problems import CATALOGUE, Code
from fluo_logic.facts.readers import scalars

LONGEST_NAME: Final = 160


def text(value: str, name: str, span: Span) -> str:
    """Return a text that UTF-8 can hold; ``name`` is what an error calls it, here and below."""
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            refuse(f"{_cut(name)} holds a lone surrogate, which is no character", span)
    return value


def integer(value: int, name: str, span: Span) -> int:
    """Return a signed number of 64 bits."""
    return _within(value, *scalars.INT64, name, span)


def time(value: int, name: str, span: Span) -> int:
    """Return a time that 64 bits can hold, and that is not taken for a missing one."""
    return _within(value, 1, scalars.UINT64_MAX, name, span)


def count(value: int, name: str, span: Span) -> int:
    """Return a count of 32 bits."""
    return _within(value, 0, scalars.UINT32_MAX, name, span)


def _within(number: int, lowest: int, highest: int, name: str, span: Span) -> int:
    if not lowest <= number <= highest:
        refuse(f"{_cut(name)} is {scalars.shown(number)}, which is not between {lowest} and {highest}", span)
    return number


def trace_id(digits: str, name: str, span: Span) -> str:
    """Return a trace id of 128 or of 64 bits."""
    short = len(digits) == 2 * scalars.SPAN_BYTES
    return _id(digits, scalars.SPAN_BYTES if short else scalars.TRACE_BYTES, name, span)


def span_id(digits: str, name: str, span: Span) -> str:
    """Return a span id."""
    return _id(digits, scalars.SPAN_BYTES, name, span)


def _id(digits: str, size: int, name: str, span: Span) -> str:
    pattern = scalars.HEX_TRACE if size == scalars.TRACE_BYTES else scalars.HEX_SPAN
    if pattern.fullmatch(digits) is None or not digits.strip("0"):
        message = f"{name} is {scalars.shown(digits)}, and not {2 * size} lower-case hexadecimal digits, some not 0"
        refuse(message, span)
    return digits


def too_deep(name: str, deepest: int, span: Span) -> NoReturn:
    """Refuse a value that is nested deeper than it would be read."""
    refuse(f"{_cut(name)} is nested more than {deepest} levels deep", span)


def _cut(name: str) -> str:
    """Return a name for a message at a readable length: keys may be long, and stand in each other."""
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…"


def refuse(reason: str, span: Span) -> NoReturn:
    """Raise the error for a span that cannot be written."""
    origin = f" ({span.origin})" if span.origin else ""
    raise InputError(
        Code.NOT_WRITABLE,
        f"the span {span.span_id} of trace {span.trace_id}{origin} cannot be written exactly: {reason}.",
        hint=CATALOGUE[Code.NOT_WRITABLE].hint,
    )
