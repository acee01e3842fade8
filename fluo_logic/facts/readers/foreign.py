"""Formats that are recognised so that an error can name them, but are not read."""

from __future__ import annotations

from typing import Final

MAGIC: Final = (
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"BZh", "bzip2 data"),
    (b"\xfd7zXZ\x00", "xz data"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
)
TEXT_SAMPLE: Final = 4096
TAR_MAGIC: Final = (257, b"ustar")
SIGNALS: Final = {
    "resourceMetrics": "metrics",
    "resource_metrics": "metrics",
    "resourceLogs": "logs",
    "resource_logs": "logs",
}
KEYS_SHOWN: Final = 6


def other_signal(document: object) -> str | None:
    """Return "metrics" or "logs" for a JSON document of OTLP that holds them in place of traces."""
    if isinstance(document, dict):
        for key, signal in SIGNALS.items():
            if key in document:
                return signal
    return None


def known_answer(document: object) -> tuple[str, str] | None:
    """Return what an answer of a tracing backend is that holds no spans, and how to get them."""
    match document:
        case {"traces": [*traces]} if all(isinstance(one, dict) and "traceID" in one for one in traces):
            return (
                "the answer of a search in Tempo, which tells of traces and holds only some of their spans",
                "Fetch each trace by its id: `/api/v2/traces/ID` of Tempo.",
            )
        case {"data": [str(), *_]}:
            return (
                "a list of names, as Jaeger answers for services and operations",
                "Fetch the traces themselves: `/api/traces?service=NAME` of Jaeger.",
            )
        case {"data": [{"parent": _, "child": _}, *_]}:
            return (
                "a list of which service calls which, as Jaeger answers for dependencies",
                "Fetch the traces themselves: `/api/traces?service=NAME` of Jaeger.",
            )
        case _:
            return None


def describe_bytes(data: bytes) -> str:
    """Return what ``data`` seems to be: "a PNG image", "text", "binary data"."""
    for magic, name in MAGIC:
        if data.startswith(magic):
            return name
    offset, magic = TAR_MAGIC
    if data[offset:].startswith(magic):
        return "a tar archive"
    sample = data[:TEXT_SAMPLE]
    try:
        text = sample.decode()
    except UnicodeDecodeError as error:
        if error.start < len(sample) - 3:  # noqa: PLR2004  # a character of up to four bytes may be cut
            return "binary data"
        text = sample[: error.start].decode()
    if not all(char.isprintable() or char in "\t\r\n\f" for char in text):
        return "binary data"
    lines = text.strip().splitlines() or [""]
    if lines[0].lstrip().startswith("<"):
        return "XML or HTML"
    commas = lines[0].count(",")
    return "CSV" if commas and len(lines) > 1 and lines[1].count(",") == commas else "text"


def describe_json(document: object) -> str:
    """Return what a JSON document seems to be."""
    match document:
        case {}:
            keys = [f"`{key}`" for key in list(document)[:KEYS_SHOWN]]
            more = ", …" if len(document) > KEYS_SHOWN else ""
            return f"an object with the keys {', '.join(keys)}{more}"
        case [first, *_]:
            return f"a list that begins with {describe_json(first)}"
        case []:
            return "an empty list"
        case None:
            return "null"
        case bool():
            return "a Boolean"
        case str():
            return "a text"
        case _:
            return "a number"
