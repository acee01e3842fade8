"""Opens gzip and Zstandard, recognised by their first bytes, also several members in a row.

A stream that breaks off or is damaged gives what comes before the damage.
"""

from __future__ import annotations

import contextlib
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from fluo_logic.facts.problems import Code, ProblemLog

GZIP: Final = b"\x1f\x8b"
ZSTD: Final = b"\x28\xb5\x2f\xfd"
ZSTD_SKIPPABLE: Final = bytes(range(0x50, 0x60))
CHUNK: Final = 4096  # what is lost before damage is at most the output of one chunk
MAGIC_BYTES: Final = 4
LAYERS: Final = 3
FRAME_HEADER: Final = struct.Struct(">I")


class _Stream(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: memoryview, /) -> bytes: ...


def decompress(data: bytes, log: ProblemLog) -> bytes:
    """Return ``data`` with every layer of compression removed (at most three)."""
    for _ in range(LAYERS):
        if is_gzip(data):
            data = _members(data, GZIP_KIND, log)
        elif is_zstd(data):
            data = _members(data, ZSTD_KIND, log)
        elif is_zstd(data[FRAME_HEADER.size :]) and _is_framed(data):
            data = _framed(data, log)
        else:
            break
    return data


def is_gzip(data: bytes) -> bool:
    """Return whether ``data`` begins with a gzip member."""
    return data.startswith(GZIP)


def is_zstd(data: bytes) -> bool:
    """Return whether ``data`` begins with a Zstandard frame, a skippable one included."""
    return data.startswith(ZSTD) or (data[1:4] == b"\x2a\x4d\x18" and data[:1] in ZSTD_SKIPPABLE)


def _zstd_stream() -> _Stream:
    import zstandard

    return zstandard.ZstdDecompressor().decompressobj()


@dataclass(frozen=True, slots=True)
class _Compression:
    name: str
    recognises: Callable[[bytes], bool]
    open: Callable[[], _Stream]


GZIP_KIND: Final = _Compression("gzip", is_gzip, lambda: zlib.decompressobj(wbits=31))
ZSTD_KIND: Final = _Compression("zstd", is_zstd, _zstd_stream)


def _members(data: bytes, kind: _Compression, log: ProblemLog) -> bytes:
    output: list[bytes] = []
    view = memoryview(data)
    position = 0
    while position < len(data):
        if not kind.recognises(data[position : position + MAGIC_BYTES]):
            if data[position:].strip(b"\0"):  # zeros are padding
                log.report(
                    Code.COMPRESSION_CORRUPT,
                    f"compressed byte {position}",
                    f"what follows here is not {kind.name} data.",
                )
            break
        begin = position
        stream = kind.open()
        while not stream.eof and position < len(data):
            chunk = view[position : position + CHUNK]
            try:
                output.append(stream.decompress(chunk))
            except Exception as error:  # noqa: BLE001  # each library has its own error class
                log.report(
                    Code.COMPRESSION_CORRUPT,
                    f"compressed byte {position}",
                    f"the {kind.name} data is damaged in the {len(chunk)} bytes from here: {error}.",
                )
                output.append(_before_damage(kind.open(), view[begin:position], chunk))
                return b"".join(output)
            position += len(chunk)
        if not stream.eof:
            log.report(
                Code.COMPRESSION_TRUNCATED, f"compressed byte {len(data)}", f"the {kind.name} data breaks off here."
            )
        position -= len(stream.unused_data)
    return b"".join(output)


def _before_damage(stream: _Stream, sound: memoryview, damaged: memoryview) -> bytes:
    """Return what the last chunk gives before its damage, by reading the member again in the smallest steps."""
    output: list[bytes] = []
    with contextlib.suppress(Exception):  # the damage, reported already; each library has its own error class
        stream.decompress(sound)
        output.extend(stream.decompress(damaged[index : index + 1]) for index in range(len(damaged)))
    return b"".join(output)


def _is_framed(data: bytes) -> bool:
    return any(data[: FRAME_HEADER.size])


def _framed(data: bytes, log: ProblemLog) -> bytes:
    """Open what the collector's file exporter writes with compression: each message compressed, after its length.

    Protobuf messages keep their length prefixes, JSON documents get a line each.
    """
    messages = []
    position = 0
    while position + FRAME_HEADER.size <= len(data):
        (length,) = FRAME_HEADER.unpack_from(data, position)
        position += FRAME_HEADER.size
        messages.append(_members(data[position : position + length], ZSTD_KIND, log))
        position += length
    if any(message.lstrip()[:1] in {b"{", b"["} for message in messages[:1]):
        return b"\n".join(messages)
    return b"".join(FRAME_HEADER.pack(len(message)) + message for message in messages)
