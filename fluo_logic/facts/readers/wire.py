"""The protobuf wire format, walked without a schema: enough to find the records in bytes that may be damaged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple, Protocol, overload

VARINT: Final = 0
FIXED64: Final = 1
LENGTH: Final = 2
FIXED32: Final = 5
FIXED_SIZES: Final = {FIXED64: 8, FIXED32: 4}
LONGEST_VARINT: Final = 10


class Octets(Protocol):
    """Bytes, or what is indexed and sliced as they are."""

    def __len__(self) -> int:
        """Return how many there are."""

    @overload
    def __getitem__(self, key: int, /) -> int: ...

    @overload
    def __getitem__(self, key: slice, /) -> bytes: ...


class Field(NamedTuple):
    """One field: its number, wire type, and where its content lies; ``end`` may be behind the end of the data."""

    number: int
    wire_type: int
    start: int
    end: int


class WireError(Exception):
    """The bytes are no protobuf message from ``position`` on; ``truncated`` if they only end too early."""

    def __init__(self, position: int, *, truncated: bool) -> None:
        """Keep the position."""
        super().__init__(f"byte {position}")
        self.position = position
        self.truncated = truncated


def varint(data: Octets, position: int, end: int) -> tuple[int, int]:
    """Return a varint and the position behind it."""
    value = shift = 0
    start = position
    while position < end:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004  # the continuation bit
            return value, position
        shift += 7
        if position - start == LONGEST_VARINT:
            raise WireError(start, truncated=False)
    raise WireError(start, truncated=True)


def fields(data: Octets, start: int, end: int) -> Iterator[Field]:
    """Yield the fields of the message in ``data[start:end]``; raises `WireError` where it is none."""
    position = start
    while position < end:
        at = position
        tag, position = varint(data, position, end)
        number, wire_type = tag >> 3, tag & 7
        if number == 0:
            raise WireError(at, truncated=False)
        if wire_type == LENGTH:
            size, position = varint(data, position, end)
            stop = position + size
        elif wire_type == VARINT:
            stop = varint(data, position, end)[1]
        elif wire_type in FIXED_SIZES:
            stop = position + FIXED_SIZES[wire_type]
        else:
            raise WireError(at, truncated=False)
        yield Field(number, wire_type, position, stop)
        position = stop
