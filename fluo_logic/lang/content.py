"""Examines the content of a faulty rule piece by piece: metadata, scope, blocks, examples."""

from __future__ import annotations

import bisect
import re
from dataclasses import dataclass, field
from typing import Final

from fluo_logic.lang.attempt import attempt, is_too_deep, part_of
from fluo_logic.lang.build import rules as build
from fluo_logic.lang.build.base import Context, Node
from fluo_logic.lang.check import check_parts
from fluo_logic.lang.check_variables import check_variables
from fluo_logic.lang.scan import Bracket
from fluo_logic.lang.suggest import choices, did_you_mean

METADATA: Final = ("severity", "category", "tags", "controls", "aliases", "runbook", "description", "display")
LISTS: Final = ("tags", "controls", "aliases")
BLOCKS: Final = ("when", "always", "never", "example")
BLOCK_SYNONYMS: Final = {
    "if": "when", "given": "when", "whenever": "when", "where": "when", "then": "always", "require": "always",
    "requires": "always", "must": "always", "ensure": "always", "expect": "always", "assert": "always",
    "forbid": "never", "deny": "never", "not": "never", "examples": "example", "test": "example",
}  # fmt: skip
"""What other languages call the blocks."""

VALUE: Final = r'(?:"(?:[^"\\\n\r]|\\.)*"|[A-Za-z0-9_][\w.:/-]*)'
KEY: Final = re.compile(rf"(?P<key>{'|'.join(METADATA)})(?![\w.-])(?P<colon>\s*[:=])?")
ONE_VALUE: Final = re.compile(rf"\s+{VALUE}")
VALUES: Final = re.compile(rf"\s+{VALUE}(?:\s*,\s*{VALUE})*")
SCOPE: Final = re.compile(rf"per\s+[\w-]+|across\s+[\w-]+(?:\s+by(?![\w.-])(?:\s+{VALUE})?)?")
UNKNOWN: Final = re.compile(
    rf"(?P<name>[A-Za-z_][\w-]*)(?:\s*:)?[^\S\n]+{VALUE}(?:[^\S\n]*,\s*{VALUE})*[^\S\n]*(?=\n|\Z)"
)
CONDITION: Final = re.compile(
    r"\S+\s+(?:and|or|as|is|in|not|before|after|during|overlaps|covers|within|child|parent|descendant|ancestor|sibling"
    r"|linked|contains|starts_with|ends_with|matches)(?![\w.-])|(?:not|count|exists|when|always|never)(?![\w.-])"
)
SPACE: Final = re.compile(r"\s*")
LINE: Final = re.compile(r"[^\n]*")
ORDER: Final = ("metadata", "the scope", "the body", "the examples")


def end_of(bracket: Bracket) -> int:
    """Return the offset behind a bracket."""
    return bracket.close + 1 if bracket.closed else bracket.close


@dataclass(slots=True)
class Content:
    """What stands between the braces of a rule."""

    context: Context
    text: str
    brackets: list[Bracket]
    rank: int = 0
    """How far in the order of `ORDER` the text is."""
    last: str = ""
    """The metadata or scope that was read last."""
    complete: bool = True
    """Whether all parts could be built, so that variables can be checked."""
    draft: build.Draft = field(default_factory=build.Draft)
    has_blocks: bool = field(init=False)
    braces: list[Bracket] = field(init=False)

    def __post_init__(self) -> None:
        """Find the braces among the brackets."""
        self.braces = [bracket for bracket in self.brackets if bracket.char == "{"]
        self.has_blocks = any(bracket.kind == "block" for bracket in self.brackets)

    def examine(self, start: int, end: int) -> None:
        """Parse each piece of ``text[start:end]`` on its own, and report what is wrong with it."""
        position = start
        for bracket in self.brackets:
            if bracket.kind in {"block", "example"}:
                self._gap(position, bracket.head)
                self._piece(bracket)
                position = end_of(bracket)
        self._gap(position, end)
        rule = self.draft.rule("", "", self.context.mistakes.source.origin(start, end))
        check_parts(rule, self.context.mistakes)
        if self.complete:
            check_variables(rule, self.context.mistakes)

    def _report(self, code: str, message: str, start: int, end: int, hint: str | None = None) -> None:
        self.context.mistakes.report(code, message, start, end, hint)

    # --- pieces ---------------------------------------------------------------------------------------------------

    def _piece(self, bracket: Bracket) -> None:
        self._in_order(2 if bracket.kind == "block" else 3, bracket.head, bracket.open)
        if not bracket.sound:
            self.complete = False
            return
        closing = "" if bracket.closed else "}"
        part = part_of(self.text, bracket.head, end_of(bracket), closing)
        self._examine(attempt(self.context.mistakes, part, bracket.kind), bracket.head)

    def _parsed(self, start: int, end: int, symbol: str) -> None:
        self._examine(attempt(self.context.mistakes, part_of(self.text, start, end), symbol), start)

    def _examine(self, node: Node | None, start: int) -> None:
        context = Context(self.context.mistakes, start)
        if node is None or is_too_deep(context, node):
            self.complete = False
        else:
            build.add(context, self.draft, node)

    def _in_order(self, rank: int, start: int, end: int) -> None:
        if rank < self.rank:
            message = f"{ORDER[rank]} comes before {ORDER[self.rank]}"
            self._report("E128", message, start, end, "the order is metadata, scope, body, examples")
        self.rank = max(rank, self.rank)

    # --- between blocks -------------------------------------------------------------------------------------------

    def _gap(self, start: int, end: int) -> None:
        """Examine text outside of blocks: metadata, the scope, or a condition without a block."""
        position = start
        while not self.context.mistakes.full:
            space = SPACE.match(self.text, position, end)
            position = space.end() if space is not None else end
            if position >= end:
                return
            key, scope = KEY.match(self.text, position, end), SCOPE.match(self.text, position, end)
            unknown = UNKNOWN.match(self.text, position, end)
            if key is not None and not CONDITION.match(self.text, position, end):
                position = self._metadata(key, end)
            elif scope is not None:
                position = self._scope(scope)
            elif self.text[position] in ",;" and self.rank < 2:  # noqa: PLR2004
                position = self._separator(position, end)
            elif unknown is not None and not CONDITION.match(self.text, position, end):
                position = self._unknown(unknown)
            else:
                position = self._rest(position, end)

    def _metadata(self, found: re.Match[str], end: int) -> int:
        start, key = found.start(), found["key"]
        self._in_order(0, start, found.end())
        values = (VALUES if key in LISTS else ONE_VALUE).match(self.text, found.end(), end)
        stop = values.end() if values is not None else found.end()
        if found["colon"]:
            colon = found.end() - 1
            self._report("E126", "metadata has no `:` or `=`", colon, colon + 1, "write the value after a space")
        elif values is None:
            self._report("E126", f"`{key}` needs a value", start, start + len(key))
        else:
            self._parsed(start, stop, "metadata")
        self.last = key
        return stop

    def _separator(self, position: int, end: int) -> int:
        if self.last == "scope":
            message, hint = "traces are joined by one attribute", "write one attribute after `by`"
            line = LINE.match(self.text, position, end)
            stop = line.end() if line is not None else end
        else:
            message, hint = "metadata are not separated by commas or semicolons", "leave it out"
            stop = position + 1
        self._report("E124" if self.last == "scope" else "E126", message, position, position + 1, hint)
        return stop

    def _unknown(self, found: re.Match[str]) -> int:
        start, name = found.start(), found["name"]
        if name == "rule":
            message = "the content of a rule stands in braces"
            self._report("E120", message, start, start + len(found[0].rstrip()), 'write `rule ID "title" { … }`')
            return found.end()
        message = f"`{name}` is not something that a rule tells about itself"
        hint = did_you_mean(name, (*METADATA, *BLOCKS)) or f"the metadata are {choices(METADATA)}"
        self._report("E126", message, start, start + len(name), hint)
        return found.end()

    def _scope(self, found: re.Match[str]) -> int:
        self._in_order(1, *found.span())
        self.last = "scope"
        text = re.sub(r"\s+", " ", found[0])
        if re.fullmatch(r"per trace|across traces(?: by \S.*)?", text):
            self._parsed(*found.span(), "scope")
        else:
            hint = "write `per trace`, `across traces by user.id`, or `across traces`"
            self._report("E124", f"`{text}` is not a scope", *found.span(), hint)
        return found.end()

    def _rest(self, start: int, end: int) -> int:
        """Examine what is no metadata and no scope; return where to go on."""
        word = re.compile(VALUE).match(self.text, start, end)
        if self.last in LISTS and self.rank == 0 and word is not None and self.has_blocks:
            self._report(
                "E126", f"the words of `{self.last}` are separated by commas", *word.span(), "write a comma before it"
            )
            return word.end()
        index = bisect.bisect_left(self.braces, start, key=lambda bracket: bracket.open)
        if index < len(self.braces) and self.braces[index].open < end:
            self.complete = False
            self._unknown_block(start, self.braces[index])
            return max(end_of(self.braces[index]), start + 1)
        if self.has_blocks or self.rank > 1:
            self._beside_blocks(start, end)
            return end
        self._in_order(2, start, end)
        if any(not (bracket.closed and bracket.sound) for bracket in self.brackets if start <= bracket.open < end):
            self.complete = False
        else:
            self._parsed(start, start + len(self.text[start:end].rstrip()), "condition")
        return end

    def _beside_blocks(self, start: int, end: int) -> None:
        line = LINE.match(self.text, start, end)
        stop = start + len(line[0].rstrip()) if line is not None else end
        self.complete = False
        message = "a condition of a rule with blocks stands inside one of them"
        hint = "put it into a `when { … }`, `always { … }` or `never { … }` block"
        self._report("E127", message, start, stop, hint)

    def _unknown_block(self, start: int, bracket: Bracket) -> None:
        head = self.text[start : bracket.open].rstrip()
        words = head.split()
        if not words:
            self._report("E127", "this block has no name", start, start + 1, f"the blocks are {choices(BLOCKS)}")
            return
        word = words[0].rstrip(":=")
        if word == "rule":
            message, hint = "the content of a rule stands in braces", 'write `rule ID "title" { … }`'
        elif word == "example":
            message, hint = "an example begins with a verdict and a title", 'write `example violated "title" { … }`'
        elif word in BLOCKS:
            message, hint = f"`{word}` is followed by `{{`", f"write `{word} {{ … }}`"
        else:
            message = f"`{word}` does not begin a block"
            meant = BLOCK_SYNONYMS.get(word.lower())
            hint = f"did you mean `{meant}`?" if meant is not None else did_you_mean(word, (*BLOCKS, *METADATA)) or ""
        self._report("E127", message, start, start + len(words[0]), hint or f"the blocks are {choices(BLOCKS)}")
