"""JSON documents out of a text that may be damaged: one document, one a line, or several in a row.

The C parser of `json` does the work.  Only where it fails is the text walked structurally, so that one broken
record costs that record: containers on the way to the records are opened one by one, a broken record is skipped
by matching its brackets, and a text that breaks off gives what was complete before the break.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from fluo_logic.facts.problems import Code, ProblemLog

CONTAINERS: Final = frozenset(
    {
        "batches", "data", "result", "trace", "resourceSpans", "resource_spans", "scopeSpans", "scope_spans",
        "instrumentationLibrarySpans", "instrumentation_library_spans",
    }
)  # fmt: skip
RECORDS: Final = "spans"
"""The key whose elements are records: they are complete or they are lost."""

BLANK: Final = re.compile(r"[ \t\r\n\x1e\x00\ufeff]*")
NEXT_OBJECT: Final = re.compile(r"^\{", re.MULTILINE)
NEXT_ARRAY: Final = re.compile(r"^\[", re.MULTILINE)
TOKEN: Final = re.compile(r'["{}\[\]]')
STRING_END: Final = re.compile(r'[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")
LONE_SURROGATES: Final = re.compile("[\ud800-\udfff]")
DEEPEST_CONTAINER: Final = 16  # far more than any format puts around its records
LONGEST_TOKEN: Final = len("\\uD83D\\uDE00")
DECODER: Final = json.JSONDecoder(strict=False)


class Incomplete(dict[str, object]):
    """An object of which a part could not be read: good for the complete records in it, not as a record."""


@dataclass(frozen=True, slots=True)
class Document:
    """One JSON value and the 1-based line it begins on.

    Of a part of a document, ``first`` tells which batch, group of it and span of that its first ones are.
    """

    value: object
    line: int
    first: tuple[int, int, int] = (0, 0, 0)


class _BrokenError(Exception):
    """The text is not JSON at a position."""

    def __init__(self, code: Code, position: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.position = position
        self.message = message


def documents(text: str, log: ProblemLog) -> Iterator[Document]:
    """Yield the documents of ``text``, what is readable of damaged ones too; report the damage."""
    lines = _Lines(text)
    may_hold_surrogates = SURROGATE.search(text) is not None
    position = _skip_blank(text, 0)
    while position < len(text):
        line = lines.at(position)
        try:
            value, end = _decode_document(text, position)
        except _BrokenError as broken:
            end = _end_of_broken(text, position)
            value = _Salvage(text, end, log, lines).document(position, broken)
        if may_hold_surrogates:
            replace_surrogates(value, line, log)
        if value is not None:
            yield Document(value, line)
        position = _skip_blank(text, end)


def decode_text(data: bytes, log: ProblemLog) -> str:
    """Return the text of UTF-8 (or, with a byte order mark, UTF-16) bytes; bad lines are decoded with U+FFFD."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", errors="replace")
        if "\ufffd" in text:
            log.report(Code.NOT_UNICODE, "", "the text is not valid UTF-16.")
        return text
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        return data.decode()
    except UnicodeDecodeError:
        lines = []
        for number, raw in enumerate(data.split(b"\n"), start=1):
            try:
                lines.append(raw.decode())
            except UnicodeDecodeError as error:
                log.report(
                    Code.NOT_UNICODE,
                    f"line {number}, byte {error.start + 1} of the line",
                    "these bytes are not UTF-8; they were read as U+FFFD.",
                )
                lines.append(raw.decode(errors="replace"))
        return "\n".join(lines)


class _Lines:
    """Line and column of rising positions of a text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._line = 1

    def at(self, position: int) -> int:
        """Return the 1-based line of ``position``; cheap when it is not before the last one asked for."""
        if position < self._position:
            return self._line - self._text.count("\n", position, self._position)
        self._line += self._text.count("\n", self._position, position)
        self._position = position
        return self._line

    def place(self, position: int) -> str:
        """Return ``line 3, column 17``."""
        line_end = self._text.rfind("\n", 0, position)
        return f"line {self.at(position)}, column {position - line_end}"


def _skip_blank(text: str, position: int) -> int:
    found = BLANK.match(text, position)
    return position if found is None else found.end()


def _decode(text: str, position: int, end: int) -> tuple[object, int]:
    """Return the value at ``position`` and where it ends; ``end`` is where the text counts as broken off."""
    try:
        value, stop = DECODER.raw_decode(text, position)
    except json.JSONDecodeError as error:
        at_end = error.pos >= end - LONGEST_TOKEN and not text[error.pos : end].rstrip().endswith(("}", "]"))
        if at_end or error.pos >= end or error.msg.startswith("Unterminated string"):
            raise _BrokenError(Code.JSON_TRUNCATED, min(error.pos, end), "the JSON text breaks off here.") from None
        raise _BrokenError(Code.JSON_MALFORMED, error.pos, f"this is not JSON: {_plain(error.msg)}.") from None
    except RecursionError:
        raise _BrokenError(Code.TOO_DEEP, position, "the JSON is nested too deep to be read.") from None
    except ValueError:
        # The one other error of the parser: an integer of more digits than Python converts.
        raise _BrokenError(Code.NUMBER_INVALID, position, "a number has too many digits to be read.") from None
    if stop > end:
        raise _BrokenError(Code.JSON_TRUNCATED, end, "the JSON text breaks off here.")
    return value, stop


def _decode_document(text: str, position: int) -> tuple[object, int]:
    """Return the document at ``position``; only objects and lists may share a line with another one."""
    if text[position] in "{[":
        return _decode(text, position, len(text))
    end = text.find("\n", position)
    end = len(text) if end < 0 else end
    try:
        value, stop = _decode(text, position, end)
    except _BrokenError:
        stop = position
    if _skip_blank(text, stop) < end:
        raise _BrokenError(Code.JSON_MALFORMED, position, "this line is not JSON.")
    return value, stop


def _plain(message: str) -> str:
    return f"{message[:1].lower()}{message[1:]}".removesuffix(":")


def _end_of_broken(text: str, position: int) -> int:
    """Return where to read on after a document that broke: the next line that can begin one.

    An object ends at a line that begins with a brace, an array at one that begins with a bracket, because the
    elements of an array may well begin their lines with braces.  Anything else is one line.
    """
    newline = text.find("\n", position)
    if newline < 0:
        return len(text)
    match text[position]:
        case "{":
            found = NEXT_OBJECT.search(text, newline + 1)
        case "[":
            found = NEXT_ARRAY.search(text, newline + 1)
        case _:
            return newline
    return len(text) if found is None else found.start()


class _Salvage:
    """Reads what is whole in ``text[:end]`` of a document that is not."""

    def __init__(self, text: str, end: int, log: ProblemLog, lines: _Lines) -> None:
        self._text = text
        while end and text[end - 1].isspace():
            end -= 1
        self._end = end
        self._log = log
        self._lines = lines
        self._depth = 0

    def document(self, position: int, broken: _BrokenError) -> object | None:
        """Return the document at ``position`` as far as it can be read, None for nothing."""
        value: object
        match self._text[position]:
            case "{":
                value, stop = self._object(position, "")
            case "[":
                value, stop = self._array(position, "", records=False)
            case _:
                self._report(broken, "")
                return None
        if stop is not None:
            rest = self._skip(stop)
            if rest < self._end:
                self._report(_BrokenError(Code.JSON_MALFORMED, rest, "text follows the end of the document."), "")
        return value

    def _object(self, position: int, path: str) -> tuple[Incomplete, int | None]:
        """Return the readable members, and where the object ends or None if that is not known."""
        found = Incomplete()
        position = self._skip(position + 1)
        while self._char(position) != "}":
            try:
                key, stop = _decode(self._text, position, self._end)
                position = self._expect(self._skip(stop), ":")
            except _BrokenError as broken:
                self._report(broken, path)
                return found, None
            name = f"{path}.{key}" if path else str(key)
            value, after = self._value(self._skip(position), name, opened=key in CONTAINERS or key == RECORDS)
            if value is not None:
                found[str(key)] = value
            if after is None:
                return found, None
            position = self._skip(after)
            if self._char(position) != "}":
                try:
                    position = self._skip(self._expect(position, ","))
                except _BrokenError as broken:
                    self._report(broken, path)
                    return found, None
        return found, position + 1

    def _array(self, position: int, path: str, *, records: bool) -> tuple[list[object], int | None]:
        found: list[object] = []
        position = self._skip(position + 1)
        index = 0
        while self._char(position) != "]":
            value, after = self._value(position, f"{path}[{index}]", opened=not records)
            index += 1
            if value is not None:
                found.append(value)
            if after is None and not path:
                # Elements of the outermost array usually begin a line each.
                following = NEXT_OBJECT.search(self._text, position + 1, self._end)
                if following is not None:
                    position = following.start()
                    continue
            if after is None:
                return found, None
            position = self._skip(after)
            if self._char(position) != "]":
                try:
                    position = self._skip(self._expect(position, ","))
                except _BrokenError as broken:
                    self._report(broken, path)
                    return found, None
        return found, position + 1

    def _value(self, position: int, path: str, *, opened: bool) -> tuple[object | None, int | None]:
        """Return a value as far as it can be read (None: not at all) and where it ends (None: not known)."""
        try:
            return _decode(self._text, position, self._end)
        except _BrokenError as broken:
            char = self._char(position)
            stop = self._matching(position) if char in {"{", "["} else None
            if not opened or char not in {"{", "["} or self._depth == DEEPEST_CONTAINER:
                self._report(broken, path)
                return None, stop
        # A cleanly bracketed container ends where its bracket does, whatever is wrong inside.
        value: object
        self._depth += 1
        if char == "{":
            value, after = self._object(position, path)
        else:
            value, after = self._array(position, path, records=path.endswith(f".{RECORDS}"))
        self._depth -= 1
        return value, stop if after is None else after

    def _matching(self, position: int) -> int | None:
        """Return the position after the bracket that closes the one at ``position``."""
        open_brackets = []
        while (token := TOKEN.search(self._text, position, self._end)) is not None:
            position = token.end()
            match token[0]:
                case '"':
                    string = STRING_END.match(self._text, position, self._end)
                    if string is None:
                        return None
                    position = string.end()
                case "{" | "[":
                    open_brackets.append(token[0])
                case closing:
                    if open_brackets.pop() != {"}": "{", "]": "["}[closing]:
                        return None
                    if not open_brackets:
                        return position
        return None

    def _skip(self, position: int) -> int:
        return min(_skip_blank(self._text, position), self._end)

    def _char(self, position: int) -> str:
        return self._text[position] if position < self._end else ""

    def _expect(self, position: int, char: str) -> int:
        if self._char(position) == char:
            return position + 1
        if position >= self._end:
            raise _BrokenError(Code.JSON_TRUNCATED, position, "the JSON text breaks off here.")
        raise _BrokenError(Code.JSON_MALFORMED, position, f"this is not JSON: expecting {char!r}.")

    def _report(self, broken: _BrokenError, path: str) -> None:
        where = self._lines.place(min(broken.position, max(0, len(self._text) - 1)))
        self._log.report(broken.code, f"{where}, {path}" if path else where, broken.message)


def replace_surrogates(value: object, line: int, log: ProblemLog) -> None:
    """Replace lone surrogates, which JSON can spell and Unicode text cannot hold, in the texts of ``value``."""
    replaced = 0
    pending: list[object] = [value]
    while pending:
        current = pending.pop()
        items: list[tuple[object, object]] = []
        if isinstance(current, dict):
            items = list(current.items())
        elif isinstance(current, list):
            items = list(enumerate(current))
        for key, item in items:
            if isinstance(item, dict | list):
                pending.append(item)
            elif isinstance(item, str) and LONE_SURROGATES.search(item):
                replaced += 1
                current[key] = LONE_SURROGATES.sub("\ufffd", item)  # type: ignore[index]
    if replaced:
        log.report(
            Code.NOT_UNICODE, f"line {line}", f"{replaced} texts hold lone surrogates; they were read as U+FFFD."
        )
