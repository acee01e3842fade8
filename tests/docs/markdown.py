"""Reads the Markdown of the documentation: fenced blocks, headings, links, generated tables.

The first word after the fence tells what a block is; ``file=NAME`` after it saves the block under that name first,
``varies`` says that the commands print ids, times and durations that differ on each run; these are not compared.

=========== ===================================================================================================
console     commands, each after ``$ `` (``> `` continues one), each followed by exactly what it prints
python      runs, in one namespace for the whole document; the ``text`` block right after it is what it prints
ipython     a cell of a notebook; the cells of a document run one after the other in a shell of their own
fluo, yaml  rules, which must be right, or a file of GitHub's or pre-commit's that is known by its name
json, toml  must be right
sh          commands that a test cannot run, about installing and building; what they name must exist
text        what the Python before it prints
=========== ===================================================================================================

``<!-- spans: FILE -->`` stands before a table of the spans of that trace file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

FENCE: Final = re.compile(r"^```(?P<info>[^`]*)$")
HEADING: Final = re.compile(r"^#{1,6} (?P<title>.+)$")
LINK: Final = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)\s]+)\)")
INLINE: Final = re.compile(r"`[^`]*`")
SPANS: Final = re.compile(r"^<!-- spans: (?P<file>\S+) -->$")
KINDS: Final = frozenset({"console", "python", "fluo", "json", "toml", "yaml", "sh", "text", "ipython"})


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: ``first`` and ``last`` are the indices of its first line and of the line after its last one."""

    kind: str
    file: str | None
    first: int
    last: int
    lines: tuple[str, ...]
    varies: bool = False

    @property
    def text(self) -> str:
        """The content, with a line end after each line."""
        return "".join(f"{line}\n" for line in self.lines)


@dataclass(frozen=True, slots=True)
class SpanTable:
    """A table of the spans of ``file``: where its lines are."""

    file: str
    first: int
    last: int


@dataclass(slots=True)
class Command:
    """A command of a console block, and what it prints."""

    text: str
    output: list[str] = field(default_factory=list)


def blocks(lines: list[str]) -> Iterator[Block | SpanTable]:
    """Yield the fenced blocks and the tables of spans, in order."""
    number = 0
    while number < len(lines):
        spans, fence = SPANS.match(lines[number]), FENCE.match(lines[number])
        number += 1
        if spans is not None:
            first = number
            while number < len(lines) and lines[number].startswith("|"):
                number += 1
            yield SpanTable(spans["file"], first, number)
        elif fence is not None:
            first = number
            while lines[number] != "```":
                number += 1
            kind, *words = fence["info"].split() or [""]
            named = next((word.removeprefix("file=") for word in words if word.startswith("file=")), None)
            yield Block(kind, named, first, number, tuple(lines[first:number]), "varies" in words)
            number += 1


def commands(block: Block) -> list[Command]:
    """Return the commands of a console block."""
    found: list[Command] = []
    for line in block.lines:
        if line.startswith("$ "):
            found.append(Command(line.removeprefix("$ ")))
        elif line.startswith("> ") and found and not found[-1].output:
            found[-1].text += f"\n{line.removeprefix('> ')}"
        else:
            assert found, f"a console block begins with a command, not with {line!r}"
            found[-1].output.append(line)
    return found


def prose(lines: list[str]) -> Iterator[str]:
    """Yield the lines outside of fenced blocks."""
    inside = False
    for line in lines:
        if FENCE.match(line):
            inside = not inside
        elif not inside:
            yield line


def anchors(lines: list[str]) -> set[str]:
    """Return the anchors of the headings, made as GitHub makes them."""
    titles = [found["title"] for line in prose(lines) if (found := HEADING.match(line))]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def links(lines: list[str]) -> Iterator[str]:
    """Yield the targets of the links."""
    for line in prose(lines):
        # What stands in code is no link, but code may be the text of one.
        unquoted = INLINE.sub("", line.replace("[`", "[").replace("`]", "]"))
        yield from (found["target"] for found in LINK.finditer(unquoted))
