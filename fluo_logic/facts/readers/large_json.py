"""Large JSON, of which only a window is text at any time: lines, and single documents that are walked into.

`fluo_logic.facts.readers.json_text` reads a document as a whole, which takes many times its size.  Here a document that
is larger than the window comes in parts, each a document of the same shape with some of the records, and tells where
its records stand in the whole.  What is damaged goes the other way, from the damage on.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from fluo_logic.facts.problems import Code, ProblemLog
from fluo_logic.facts.readers import json_text
from fluo_logic.facts.readers.json_text import DECODER, NEXT_ARRAY, NEXT_OBJECT, SURROGATE, Document
from fluo_logic.facts.readers.otlp_json import BATCHES, SCOPE_BATCHES, SCOPES

LARGE: Final = 32 << 20
"""From how many bytes on an input is read by windows."""
WINDOW: Final = 4 << 20
"""How many bytes become text at a time; a value that is larger takes what it needs."""
RECORDS: Final = 1000
"""How many spans a part of a document has."""
MARK: Final = b"\xef\xbb\xbf"
REPLACEMENT: Final = "\ufffd"
BLANK: Final = " \t\r\n"
BETWEEN: Final = f"{BLANK}\x1e\x00\ufeff"
"""What may stand between documents."""


class _BrokenError(Exception):
    """The text at the position is not what it should be."""


def documents(data: bytes, log: ProblemLog) -> Iterator[Document]:
    """Yield the documents of UTF-8 bytes, large ones in parts; report the damage."""
    text = _Window(data, log)
    while char := text.skip_blanks(BETWEEN):
        line = text.line
        found = text.small_value() if char in "{[" else None
        if found is not None:
            yield from _checked(Document(found[0], line), text, log)
        elif char in "{[" and not text.ends_soon(char):
            walker = _Walker(text, line, log)
            yield from walker.document() if char == "{" else walker.items()
        else:
            yield from json_text.documents("\n" * (line - 1) + text.rest(char), log)


def _checked(document: Document, text: _Window, log: ProblemLog) -> Iterator[Document]:
    if text.may_hold_surrogates:
        json_text.replace_surrogates(document.value, document.line, log)
    yield document


class _Window:
    """Text that is decoded as it is needed, and forgotten when it was read."""

    def __init__(self, data: bytes, log: ProblemLog) -> None:
        self._data = memoryview(data)
        self._log = log
        self._next = len(MARK) if data.startswith(MARK) else 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._text = ""
        self._position = 0
        self._anchor: int | None = None
        self._lines = 0
        self.may_hold_surrogates = False
        self.grow(WINDOW)

    @property
    def is_whole(self) -> bool:
        """Whether the text goes to the end of the data."""
        return self._next >= len(self._data)

    @property
    def line(self) -> int:
        """The 1-based line of the position; what was read before is forgotten."""
        self._anchor = None
        self._forget()
        return self._lines + 1

    def anchor(self) -> None:
        """Forget what was read before, and keep the text from here on until the next anchor."""
        self._anchor = self._position

    def return_to_anchor(self) -> None:
        """Go back to the anchor."""
        self._position = self._anchor or 0
        self._anchor = None

    def _forget(self) -> None:
        begin = self._position if self._anchor is None else self._anchor
        self._lines += self._text.count("\n", 0, begin)
        self._text = self._text[begin:]
        self._position -= begin
        self._anchor = None if self._anchor is None else 0

    @property
    def byte(self) -> int:
        """The offset of the position, to within a character that is half decoded."""
        return self._next - len(self._text[self._position :].encode(errors="surrogatepass"))

    @property
    def char(self) -> str:
        """The character at the position, empty at the end."""
        if self._position == len(self._text):
            self.grow(WINDOW)
        return self._text[self._position : self._position + 1]

    def grow(self, size: int) -> None:
        """Decode more of the data."""
        chunk = bytes(self._data[self._next : self._next + size])
        begin, self._next = self._next, self._next + len(chunk)
        more = self._decoder.decode(chunk, final=self.is_whole)
        if more.count(REPLACEMENT) > chunk.count(REPLACEMENT.encode()):
            message = "some bytes are not UTF-8; they were read as U+FFFD."
            self._log.report(Code.NOT_UNICODE, f"bytes {begin} to {self._next}", message)
        self.may_hold_surrogates = self.may_hold_surrogates or SURROGATE.search(more) is not None
        self._forget()
        self._text += more

    def skip_blanks(self, blanks: str = BLANK) -> str:
        """Go to the next character that is no blank, and return it; empty at the end."""
        while True:
            while self._position < len(self._text) and self._text[self._position] in blanks:
                self._position += 1
            if self._position < len(self._text) or self.is_whole:
                return self.char
            self.grow(WINDOW)

    def expect(self, *chars: str) -> str:
        """Read one of some characters, blanks before it left out."""
        found = self.skip_blanks()
        if found not in chars or not found:
            raise _BrokenError
        self._position += 1
        return found

    def small_value(self) -> tuple[object] | None:
        """Read a value that ends within a window; None, and the position stays, where there is none."""
        if len(self._text) - self._position < WINDOW and not self.is_whole:
            self.grow(WINDOW)
        return self._decoded()

    def value(self) -> object:
        """Read a value of any size."""
        self.skip_blanks()
        while True:
            found = self.small_value() if self._position == len(self._text) else self._decoded()
            if found is not None:
                return found[0]
            if self.is_whole:
                raise _BrokenError
            self.grow(max(WINDOW, len(self._text) - self._position))

    def _decoded(self) -> tuple[object] | None:
        try:
            value, stop = DECODER.raw_decode(self._text, self._position)
        except (ValueError, RecursionError):
            return None
        if stop == len(self._text) and not self.is_whole and not isinstance(value, dict | list | str):
            return None  # a number may go on
        self._position = stop
        return (value,)

    def ends_soon(self, opening: str) -> bool:
        """Whether a damaged document, which begins with ``opening``, ends within the text."""
        return self.is_whole or self._next_document(opening) is not None

    def _next_document(self, opening: str) -> int | None:
        """Return where the next document can begin after one that is damaged, as `json_text` has it."""
        match opening:
            case "{":
                found = NEXT_OBJECT.search(self._text, self._position + 1)
            case "[":
                found = NEXT_ARRAY.search(self._text, self._position + 1)
            case _:
                line_end = self._text.find("\n", self._position)
                return None if line_end < 0 else line_end
        return None if found is None else found.start()

    def rest(self, opening: str) -> str:
        """Read what is left of a damaged document, which begins with ``opening``."""
        while not self.ends_soon(opening):
            self.grow(max(WINDOW, len(self._text) - self._position))
        end = self._next_document(opening)
        begin, self._position = self._position, len(self._text) if end is None else end
        return self._text[begin : self._position]


class _Walker:
    """Walks into one document, and yields it in parts."""

    def __init__(self, text: _Window, line: int, log: ProblemLog) -> None:
        self._text = text
        self._line = line
        self._log = log
        self._first = (0, 0, 0)
        self._is_between = False
        """Whether an element of a list was read last."""
        self._before = ""
        """What has to stand before the rest for it to be a document, now that the text before it is forgotten."""

    def document(self) -> Iterator[Document]:
        """Yield the parts of the document at the position."""
        others: dict[str, object] = {}
        walked = ""
        try:
            self._anchor("")
            for key in self._keys():
                is_list = self._text.skip_blanks() == "["
                if is_list and (key in BATCHES or key == "data"):
                    walked = key
                    yield from self._parts_of(key, self._batch if key in BATCHES else None)
                else:
                    others[key] = self._text.value()
        except _BrokenError:
            yield from self._damaged("{")
            return
        if not walked or self._first == (0, 0, 0) or others.get("errors"):
            yield from self._part({**({walked: []} if walked else {}), **others})

    def items(self) -> Iterator[Document]:
        """Yield the parts of the list at the position."""
        try:
            self._anchor("")
            for chunk in self._chunks("["):
                yield from self._part(chunk)
                self._first = (self._first[0] + len(chunk), 0, 0)
        except _BrokenError:
            yield from self._damaged("[")

    def _anchor(self, before: str, *, is_between: bool = False) -> None:
        """Note that a document can be made of the text from here on, with ``before`` in front of it."""
        self._text.anchor()
        self._before, self._is_between = before, is_between

    def _keys(self) -> Iterator[str]:
        """Yield the keys of an object; after each, its value has to be read."""
        text = self._text
        text.expect("{")
        if text.skip_blanks() == "}":
            text.expect("}")
            return
        while True:
            key = text.value()
            if not isinstance(key, str):
                raise _BrokenError
            text.expect(":")
            yield key
            if text.expect(",", "}") == "}":
                return

    def _elements(self, before: str) -> Iterator[int]:
        """Yield the index of each element of a list; after each, the element has to be read.

        With ``before``, which ends with the bracket of the list, what follows is a document.
        """
        text = self._text
        text.expect("[")
        self._anchor(before)
        index = 0
        if text.skip_blanks() != "]":
            while True:
                text.skip_blanks()
                self._anchor(before)
                yield index
                index += 1
                self._anchor(before, is_between=True)
                if text.skip_blanks() != ",":
                    break
                text.expect(",")
        text.expect("]")
        self._anchor(f"{before}]")

    def _parts_of(self, key: str, walk: Callable[[str], Iterator[Document]] | None) -> Iterator[Document]:
        begin = f"{{{_dump(key)}:["
        for index in self._elements(begin):
            self._first = (index, 0, 0)
            found = self._text.small_value()
            if found is None and walk is not None and self._text.char == "{":
                yield from walk(key)
            else:
                yield from self._part({key: [self._text.value() if found is None else found[0]]})
            self._first = (index + 1, 0, 0)

    def _batch(self, key: str) -> Iterator[Document]:
        """Yield a batch in parts, if its resource comes before its spans."""
        members: dict[str, object] = {}
        begin = self._before
        walked = False
        for name in self._keys():
            if name in SCOPE_BATCHES and "resource" in members and self._text.skip_blanks() == "[":
                walked = True
                resource = {"resource": members["resource"]}
                for index in self._elements(f"{begin}{_dump(resource)[:-1]},{_dump(name)}:["):
                    self._first = (self._first[0], index, 0)
                    found = self._text.small_value()
                    if found is None and self._text.char == "{":
                        yield from self._group(key, resource, name)
                    else:
                        group = self._text.value() if found is None else found[0]
                        yield from self._part({key: [{**resource, name: [group]}]})
                    self._first = (self._first[0], index + 1, 0)
            else:
                members[name] = self._text.value()
        if not walked:
            yield from self._part({key: [members]})

    def _group(self, key: str, batch: dict[str, object], name: str) -> Iterator[Document]:
        """Yield the spans of a scope in parts, if the scope comes before them."""
        members: dict[str, object] = {}
        begin = self._before
        walked = False
        for member in self._keys():
            scope = next(({one: members[one]} for one in SCOPES if one in members), None)
            if member == "spans" and scope is not None and self._text.skip_blanks() == "[":
                walked = True
                for chunk in self._chunks(f'{begin}{_dump(scope)[:-1]},"spans":['):
                    yield from self._part({key: [{**batch, name: [{**scope, "spans": chunk}]}]})
                    self._first = (*self._first[:2], self._first[2] + len(chunk))
            else:
                members[member] = self._text.value()
        if not walked:
            yield from self._part({key: [{**batch, name: [members]}]})

    def _chunks(self, before: str) -> Iterator[list[object]]:
        """Yield the elements of a list, some at a time; those before damage, too."""
        chunk: list[object] = []
        try:
            for _ in self._elements(before):
                chunk.append(self._text.value())
                if len(chunk) == RECORDS:
                    yield chunk
                    chunk = []
        except _BrokenError:
            if chunk:
                yield chunk
            raise
        if chunk:
            yield chunk

    def _part(self, value: object) -> Iterator[Document]:
        yield from _checked(Document(value, self._line, self._first), self._text, self._log)

    def _damaged(self, opening: str) -> Iterator[Document]:
        """Yield what is readable from the damage on, and tell of it by its byte."""
        byte = self._text.byte
        self._text.return_to_anchor()
        rest = self._text.rest(opening)
        if self._is_between and (rest := rest.lstrip(BLANK)) and not rest.startswith((",", "]")):
            message = "this is not JSON: expecting ',' or ']'."
            self._log.report(Code.JSON_MALFORMED, f"near byte {byte}", message)
        if self._is_between:
            rest = rest.removeprefix(",")
        inner = ProblemLog(self._log.name)
        for document in json_text.documents(f"{self._before}{rest}", inner):
            yield replace(document, line=self._line, first=self._first)
        for problem in inner.problems():
            for _ in range(problem.count):
                self._log.report(Code(problem.code), f"near byte {byte}", problem.message, hint=problem.hint)


def _dump(value: object) -> str:
    return json.dumps(value)
