"""Single fields of OTLP, from JSON values of any spelling: ids, numbers, enumerations, text and bytes.

Each function takes what a JSON parser returned, and raises `UnreadableError` with what is wrong with it.  The
mapping from protobuf to JSON allows numbers as texts and null for an absent field; OTLP adds hexadecimal ids.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Final, NoReturn, TypeVar

from fluo_logic.facts.model import Kind, Status
from fluo_logic.facts.problems import Code, ProblemLog

T = TypeVar("T")

INT64: Final = (-(2**63), 2**63 - 1)
UINT64_MAX: Final = 2**64 - 1
UINT32_MAX: Final = 2**32 - 1
TRACE_BYTES: Final = 16
SPAN_BYTES: Final = 8
SHOWN: Final = 40  # characters of a bad value that a message shows
INTEGER_TEXT: Final = re.compile(r"-?[0-9]{1,20}")
WHOLE_NUMBER_TEXT: Final = re.compile(r"-?[0-9]+(?:\.0*)?(?:[eE]\+?[0-9]{1,2})?")
HEX: Final = re.compile(r"[0-9a-fA-F]+")
HEX_TRACE: Final = re.compile(r"[0-9a-f]{32}")
HEX_SPAN: Final = re.compile(r"[0-9a-f]{16}")
NO_TRACE: Final = "0" * 2 * TRACE_BYTES
NO_SPAN: Final = "0" * 2 * SPAN_BYTES
KINDS: Final = (Kind.UNSPECIFIED, Kind.INTERNAL, Kind.SERVER, Kind.CLIENT, Kind.PRODUCER, Kind.CONSUMER)
STATUSES: Final = (Status.UNSET, Status.OK, Status.ERROR)
KIND_NAMES: Final = {f"SPAN_KIND_{kind.name}": kind for kind in Kind} | {kind.name: kind for kind in Kind}
STATUS_NAMES: Final = {f"STATUS_CODE_{code.name}": code for code in Status} | {code.name: code for code in Status}
JSON_TYPES: Final = {
    dict: "an object",
    list: "a list",
    str: "a text",
    bool: "a Boolean",
    int: "a number",
    float: "a number",
}


class UnreadableError(Exception):
    """A field that cannot be read; the caller decides what is lost with it, and reports it."""

    def __init__(self, code: Code, message: str) -> None:
        """Keep the code and the sentence apart."""
        super().__init__(message)
        self.code = code
        self.message = message


def recovered(read: Callable[[], T], default: T, where: str, log: ProblemLog) -> T:
    """Return what ``read`` returns; where a field cannot be read, report it at ``where`` and return ``default``."""
    try:
        return read()
    except UnreadableError as error:
        log.report(error.code, where, error.message)
        return default


def json_type(raw: object) -> str:
    """Return what a JSON value is, with its article."""
    if raw is None:
        return "null"
    return JSON_TYPES.get(type(raw), "an object")


def refuse_type(name: str, expected: str, raw: object) -> NoReturn:
    """Raise the error for a field that holds a value of another type."""
    raise UnreadableError(Code.WRONG_TYPE, f"`{name}` is {json_type(raw)} where {expected} is expected.")


def shown(raw: object) -> str:
    """Return a value for a message, cut to a readable length."""
    text = repr(raw)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def text(raw: object, name: str) -> str:
    """Return a text field; absent is empty."""
    if type(raw) is str:
        return raw
    if raw is None:
        return ""
    refuse_type(name, "a text", raw)


# --- ids ----------------------------------------------------------------------------------------------------------


def trace_id(raw: object) -> str:
    """Return the 32 lower-case hexadecimal digits of a trace id, or the 16 of one that has 64 bits only."""
    if type(raw) is str and HEX_TRACE.fullmatch(raw) and raw != NO_TRACE:
        return raw
    if type(raw) is str and len(raw) == len(NO_SPAN) and HEX.fullmatch(raw) and raw != NO_SPAN:
        return raw.lower()  # of Jaeger or Zipkin, exported without padding
    return _required(raw, "trace id", TRACE_BYTES)


def span_id(raw: object) -> str:
    """Return the 16 lower-case hexadecimal digits of a span id."""
    if type(raw) is str and HEX_SPAN.fullmatch(raw) and raw != NO_SPAN:
        return raw
    return _required(raw, "span id", SPAN_BYTES)


def parent_id(raw: object) -> str | None:
    """Return the 16 hexadecimal digits of a parent's span id, None for a root (absent, empty or all zeros)."""
    if is_zero(raw):
        return None  # some exporters write a single 0
    if type(raw) is str and HEX_SPAN.fullmatch(raw):
        return raw
    found = _any_id(raw, "parent span id", SPAN_BYTES)
    return None if found == NO_SPAN else found


def _required(raw: object, name: str, size: int) -> str:
    if raw is None or raw == "":
        raise UnreadableError(Code.ID_MISSING, f"the {name} is missing.")
    found = _any_id(raw, name, size)
    if found.strip("0") == "":
        raise UnreadableError(Code.ID_INVALID, f"the {name} is all zeros.")
    return found


def _any_id(raw: object, name: str, size: int) -> str:
    """Read an id as hexadecimal of any case or as base64: the length tells which."""
    if not isinstance(raw, str):
        refuse_type(name, "a text", raw)
    if len(raw) == 2 * size and HEX.fullmatch(raw):
        return raw.lower()
    try:
        found = octets(raw, name).hex()
    except UnreadableError:
        found = ""
    if len(found) != 2 * size:
        raise UnreadableError(
            Code.ID_INVALID,
            f"the {name} {shown(raw)} is neither {2 * size} hexadecimal digits nor base64 of {size} bytes.",
        )
    return found


def padded_id(raw: object, name: str, size: int) -> str:
    """Return the lower-case digits of an id whose leading zeros may be left out: 16 digits, or 32 if there are more."""
    if raw is None or raw == "":
        raise UnreadableError(Code.ID_MISSING, f"the {name} is missing.")
    if not isinstance(raw, str):
        refuse_type(name, "a text", raw)
    if len(raw) > 2 * size or not HEX.fullmatch(raw) or not raw.strip("0"):
        raise UnreadableError(
            Code.ID_INVALID,
            f"the {name} {shown(raw)} is not made of up to {2 * size} hexadecimal digits, not all zeros.",
        )
    return raw.lower().rjust(2 * SPAN_BYTES if len(raw) <= 2 * SPAN_BYTES else 2 * size, "0")


def is_zero(raw: object) -> bool:
    """Return whether a parent's id is absent: missing, empty or nothing but zeros."""
    return raw is None or (isinstance(raw, str) and not raw.strip("0"))


def id_from_bytes(raw: bytes, name: str, size: int) -> str:
    """Return the hexadecimal digits of an id that came as bytes."""
    if not raw:
        raise UnreadableError(Code.ID_MISSING, f"the {name} is missing.")
    if len(raw) != size:
        raise UnreadableError(Code.ID_INVALID, f"the {name} has {len(raw)} bytes where {size} are expected.")
    if not any(raw):
        raise UnreadableError(Code.ID_INVALID, f"the {name} is all zeros.")
    return raw.hex()


def parent_id_from_bytes(raw: bytes) -> str | None:
    """Return the hexadecimal digits of a parent id that came as bytes, None for a root."""
    return id_from_bytes(raw, "parent span id", SPAN_BYTES) if any(raw) else None


# --- numbers ------------------------------------------------------------------------------------------------------


def integer(raw: object, name: str, lowest: int, highest: int) -> int:
    """Return a whole number within bounds, from a number or a text."""
    match raw:
        case bool():
            refuse_type(name, "a whole number", raw)
        case int():
            found = raw
        case float() if raw.is_integer():
            found = int(raw)
        case str() if INTEGER_TEXT.fullmatch(raw):
            found = int(raw)
        case str() if WHOLE_NUMBER_TEXT.fullmatch(raw) and abs(double(raw, name)) <= UINT64_MAX:
            found = int(float(raw))
        case str() | float():
            raise UnreadableError(Code.NUMBER_INVALID, f"`{name}` is {shown(raw)}, which is not a whole number.")
        case _:
            refuse_type(name, "a whole number", raw)
    if found < lowest == 0:
        raise UnreadableError(Code.NUMBER_INVALID, f"`{name}` is {shown(found)}, which is negative.")
    if not lowest <= found <= highest:
        bits = 32 if highest == UINT32_MAX else 64
        raise UnreadableError(Code.NUMBER_INVALID, f"`{name}` is {shown(found)}, which does not fit {bits} bits.")
    return found


def nanoseconds(raw: object, name: str) -> int | None:
    """Return a time in nanoseconds since the Unix epoch; absent or zero is None."""
    if type(raw) is str and raw.isascii() and raw.isdigit() and len(raw) <= len(str(INT64[1])):
        return int(raw) or None
    if raw is None or raw == "":
        return None
    return integer(raw, name, 0, UINT64_MAX) or None


def end_after(start: int | None, duration: object, name: str) -> int | None:
    """Return the end, in nanoseconds, of what lasts ``duration`` microseconds; None where either is missing."""
    if start is None or duration is None:
        return None
    return start + 1000 * integer(duration, name, 0, UINT64_MAX)


def microseconds(raw: object, name: str) -> int | None:
    """Return a time that is written in microseconds, in nanoseconds; absent or zero is None."""
    if raw is None or raw == "":
        return None
    return 1000 * integer(raw, name, 0, UINT64_MAX // 1000) or None


def count(raw: object, name: str) -> int:
    """Return a count of 32 bits; absent is 0."""
    return 0 if raw is None else integer(raw, name, 0, UINT32_MAX)


def double(raw: object, name: str) -> float:
    """Return a double, from a number or a text (``NaN`` and ``Infinity`` too)."""
    match raw:
        case bool():
            refuse_type(name, "a number", raw)
        case int() | float():
            try:
                return float(raw)
            except OverflowError:
                raise UnreadableError(Code.NUMBER_INVALID, f"`{name}` does not fit a double.") from None
        case str() if raw.strip() == raw and "_" not in raw:
            try:
                return float(raw)
            except ValueError:
                raise UnreadableError(
                    Code.NUMBER_INVALID, f"`{name}` is {shown(raw)}, which is not a number."
                ) from None
        case str():
            raise UnreadableError(Code.NUMBER_INVALID, f"`{name}` is {shown(raw)}, which is not a number.")
        case _:
            refuse_type(name, "a number", raw)


# --- enumerations and bytes ---------------------------------------------------------------------------------------


def kind(raw: object) -> Kind:
    """Return a span kind, from its number or its name (``SPAN_KIND_SERVER``, ``server``)."""
    if raw is None:
        return Kind.UNSPECIFIED
    if type(raw) is int and 0 <= raw < len(KINDS):
        return KINDS[raw]
    if isinstance(raw, str):
        if raw.upper() in KIND_NAMES:
            return KIND_NAMES[raw.upper()]
        if raw.isascii() and raw.isdigit() and int(raw) < len(KINDS):
            return KINDS[int(raw)]
    elif type(raw) is not int:
        refuse_type("kind", "a number or a name", raw)
    raise UnreadableError(Code.ENUM_UNKNOWN, f"the span kind {shown(raw)} is unknown; it counts as unspecified.")


def status(raw: object) -> Status:
    """Return a status code, from its number or its name (``STATUS_CODE_ERROR``, ``error``)."""
    if raw is None:
        return Status.UNSET
    if type(raw) is int and 0 <= raw < len(STATUSES):
        return STATUSES[raw]
    if isinstance(raw, str):
        if raw.upper() in STATUS_NAMES:
            return STATUS_NAMES[raw.upper()]
        if raw.isascii() and raw.isdigit() and int(raw) < len(STATUSES):
            return STATUSES[int(raw)]
    elif type(raw) is not int:
        refuse_type("code", "a number or a name", raw)
    raise UnreadableError(Code.ENUM_UNKNOWN, f"the status code {shown(raw)} is unknown; it counts as unset.")


def octets(raw: object, name: str) -> bytes:
    """Return the bytes of a base64 text of either alphabet, padded or not."""
    if not isinstance(raw, str):
        refuse_type(name, "a base64 text", raw)
    standard = raw.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise UnreadableError(Code.WRONG_TYPE, f"`{name}` is {shown(raw)}, which is not base64.") from None
