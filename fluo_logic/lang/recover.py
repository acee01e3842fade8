"""Parses the parts of a faulty file one by one, so that all its mistakes are found and its good rules are kept."""

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
from fluo_logic.lang.grammar import tree_or_none
from fluo_logic.lang.scan import Bracket, Scan
from fluo_logic.lang.suggest import did_you_mean
from fluo_logic.lang.syntax import Rule

METADATA: Final = ("severity", "category", "tags", "controls", "runbook", "description", "display")
BLOCKS: Final = ("when", "always", "never", "example")
STRING: Final = r'"(?:[^"\\\n\r]|\\.)*"'
WORD: Final = r"[A-Za-z0-9_][\w.:/-]*"
VALUE: Final = rf"(?:{STRING}|{WORD})"
ITEM: Final = re.compile(
    rf"""(?P<metadata>(?:{"|".join(METADATA)})(?![\w.-])(?P<colon>\s*[:=])?(?P<values>\s+{VALUE}(?:\s*,\s*{VALUE})*)?)
      | (?P<scope>per\s+{WORD}|across\s+{WORD}(?:\s+by(?![\w.-])(?:\s+{VALUE})?)?)
      | (?P<unknown>(?P<name>[A-Za-z_][\w-]*)(?:\s*:)?
                    [^\S\n]+{VALUE}(?:[^\S\n]*,\s*{VALUE})*[^\S\n]*(?=\n|\Z))""",
    re.VERBOSE,
)
SPACE: Final = re.compile(r"\s*")
NO_METADATA: Final = re.compile(
    r"\S+\s+(?:and|or|as|is|in|not|before|after|during|overlaps|covers|within|child|parent|descendant|ancestor|sibling"
    r"|linked|contains|starts_with|ends_with|matches)(?![\w.-])|(?:not|count|exists|when|always|never)(?![\w.-])"
)
RULE_HEAD: Final = re.compile(rf"rule\s+(?P<id>[A-Za-z0-9_.-]+)\s*(?:{STRING})?\s*\Z")
ORDER: Final = ("metadata", "the scope", "the body", "the examples")


def recover(context: Context, scanned: Scan) -> list[Rule]:
    """Report the mistakes of a text that does not parse, and return the rules in it that do."""
    mistakes = context.mistakes
    heads = [bracket for bracket in scanned.brackets if bracket.kind == "rule"]
    if not heads:
        _Content(context, scanned.text, scanned.brackets).examine(0, len(scanned.text))
        if not mistakes.errors:
            attempt(mistakes, part_of(scanned.text, 0, len(scanned.text)), "file")
        return []
    rules: list[Rule] = []
    position = 0
    for bracket in heads:
        if mistakes.full:
            return []
        _stray(context, scanned.text, position, bracket.head)
        rule = _rule(context, scanned.text, bracket)
        rules.extend([rule] if rule is not None else [])
        position = _end(bracket)
    _stray(context, scanned.text, position, len(scanned.text))
    return rules


def _end(bracket: Bracket) -> int:
    return bracket.close + 1 if bracket.closed else bracket.close


def _stray(context: Context, text: str, start: int, end: int) -> None:
    """Report text between rules."""
    found = re.search(r"\S[^\n]*", text[start:end])
    if found is None:
        return
    first = start + found.start()
    message = "between rules there is nothing but rules and comments"
    hint = 'a rule is `rule ID "title" { … }`'
    context.mistakes.report("E127", message, first, start + len(found[0].rstrip()) + found.start(), hint)


def _rule(context: Context, text: str, bracket: Bracket) -> Rule | None:
    end = _end(bracket)
    if bracket.closed and bracket.sound:
        node = tree_or_none(text[bracket.head : end], "rule")
        inner = Context(context.mistakes, bracket.head)
        if node is not None:
            return None if is_too_deep(inner, node) else build.rule(inner, node)
    head = text[bracket.head : bracket.open]
    if RULE_HEAD.match(head) is None:
        message = "a rule begins with `rule`, an id, and perhaps a title in quotes"
        hint = (
            'an id has letters, digits, `-`, `_` and `.`: `rule retry-reuses-intent "Retries reuse one intent" { … }`'
        )
        context.mistakes.report("E120", message, bracket.head, bracket.head + len(head.rstrip()), hint)
    _Content(context, text, bracket.inner).examine(bracket.open + 1, bracket.close)
    if bracket.closed and bracket.sound and not context.mistakes.within(bracket.head, end):
        attempt(context.mistakes, part_of(text, bracket.head, end), "rule")
    return None


@dataclass(slots=True)
class _Content:
    """What stands between the braces of a rule, piece by piece."""

    context: Context
    text: str
    brackets: list[Bracket]
    rank: int = 0
    complete: bool = True
    draft: build.Draft = field(default_factory=build.Draft)
    has_blocks: bool = field(init=False)
    braces: list[Bracket] = field(init=False)

    def __post_init__(self) -> None:
        self.braces = [bracket for bracket in self.brackets if bracket.char == "{"]
        self.has_blocks = any(bracket.kind == "block" for bracket in self.brackets)

    def examine(self, start: int, end: int) -> None:
        """Parse each piece of ``text[start:end]`` on its own."""
        position = start
        for bracket in self.brackets:
            if bracket.kind in {"block", "example"}:
                self._gap(position, bracket.head)
                self._piece(bracket)
                position = _end(bracket)
        self._gap(position, end)
        rule = self.draft.rule("", "", self.context.mistakes.source.origin(start, end))
        check_parts(rule, self.context.mistakes)
        if self.complete:
            check_variables(rule, self.context.mistakes)

    def _piece(self, bracket: Bracket) -> None:
        self._in_order(2 if bracket.kind == "block" else 3, bracket.head, bracket.open)
        if not bracket.sound:
            self.complete = False
            return
        closing = "" if bracket.closed else "}"
        part = part_of(self.text, bracket.head, _end(bracket), closing)
        self._examine(attempt(self.context.mistakes, part, bracket.kind), bracket.head)

    def _examine(self, node: Node | None, start: int) -> None:
        if node is None:
            self.complete = False
            return
        context = Context(self.context.mistakes, start)
        if is_too_deep(context, node):
            self.complete = False
        else:
            build.add(context, self.draft, node)

    def _in_order(self, rank: int, start: int, end: int) -> None:
        if rank >= self.rank:
            self.rank = rank
            return
        message = f"{ORDER[rank]} comes before {ORDER[self.rank]}"
        hint = "the order is metadata, scope, body, examples"
        self.context.mistakes.report("E128", message, start, end, hint)

    def _gap(self, start: int, end: int) -> None:
        """Examine text outside of blocks: metadata, the scope, or a condition without a block."""
        position = start
        while True:
            space = SPACE.match(self.text, position, end)
            position = space.end() if space is not None else end
            if position >= end:
                return
            found = ITEM.match(self.text, position, end)
            if self.context.mistakes.full:
                return
            if found is None or (found["unknown"] and NO_METADATA.match(self.text, position, end)):
                position = self._rest(position, end)
            else:
                self._item(found)
                position = found.end()

    def _item(self, found: re.Match[str]) -> None:
        mistakes = self.context.mistakes
        start, end = found.span()
        if found["metadata"]:
            self._in_order(0, start, end)
            if found["colon"]:
                colon = found.start("colon") + len(found["colon"]) - 1
                mistakes.report("E126", "metadata has no `:` or `=`", colon, colon + 1, "write the value after a space")
            elif not found["values"]:
                mistakes.report("E126", f"`{found[0].strip()}` needs a value", start, start + len(found[0].rstrip()))
            else:
                self._parsed(start, end, "metadata")
        elif found["scope"]:
            self._in_order(1, start, end)
            self._scope(start, end)
        else:
            name = found["name"]
            message = f"`{name}` is not something that a rule tells about itself"
            known = (*METADATA, *BLOCKS)
            hint = did_you_mean(name, known) or "the metadata are " + " ".join(f"`{word}`" for word in METADATA)
            mistakes.report("E126", message, start, start + len(name), hint)

    def _scope(self, start: int, end: int) -> None:
        text = re.sub(r"\s+", " ", self.text[start:end])
        if re.fullmatch(r"per trace|across traces(?: by \S.*)?", text):
            self._parsed(start, end, "scope")
            return
        message = f"`{text}` is not a scope"
        hint = "write `per trace`, `across traces by user.id`, or `across traces`"
        self.context.mistakes.report("E124", message, start, end, hint)

    def _parsed(self, start: int, end: int, symbol: str) -> None:
        self._examine(attempt(self.context.mistakes, part_of(self.text, start, end), symbol), start)

    def _rest(self, start: int, end: int) -> int:
        """Examine what is no metadata and no scope; return where to go on."""
        index = bisect.bisect_left(self.braces, start, key=lambda bracket: bracket.open)
        if index < len(self.braces) and self.braces[index].open < end:
            self.complete = False
            self._unknown_block(start, self.braces[index])
            return max(_end(self.braces[index]), start + 1)
        if self.has_blocks or self.rank > 1:
            line = re.match(r"[^\n]*", self.text[start:end])
            stop = start + len(line[0].rstrip()) if line is not None else end
            self.complete = False
            message = "a condition of a rule with blocks stands inside one of them"
            hint = "put it into a `when { … }`, `always { … }` or `never { … }` block"
            self.context.mistakes.report("E127", message, start, stop, hint)
            return end
        self._in_order(2, start, end)
        self._parsed(start, start + len(self.text[start:end].rstrip()), "condition")
        return end

    def _unknown_block(self, start: int, bracket: Bracket) -> None:
        head = self.text[start : bracket.open].rstrip()
        words = head.split()
        word = words[-1] if words else "{"
        first = start + head.rfind(word) if words else bracket.open
        if words and len(words) > 1:
            word, first = words[0], start
        message = f"`{word}` does not begin a block" if words else "this block has no name"
        hint = did_you_mean(word, (*BLOCKS, *METADATA)) or "the blocks are `when`, `always`, `never` and `example`"
        self.context.mistakes.report("E127", message, first, first + len(word), hint)
