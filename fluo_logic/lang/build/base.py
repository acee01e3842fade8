"""What all builders share: places, words, constants, paths."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeGuard

from lark import Token, Tree

from fluo_logic.lang.literals import LiteralError, decode_duration, decode_instant, decode_number, decode_string
from fluo_logic.lang.source import Mistakes
from fluo_logic.lang.syntax import (
    Duration,
    Instant,
    ListLiteral,
    Literal,
    Origin,
    OwnValue,
    Path,
    PathKind,
    VariableValue,
)

Node: TypeAlias = "Tree[Token]"
Child: TypeAlias = "Token | Tree[Token] | None"

KEYWORDS: Final = frozenset(
    {
        *("and", "or", "not", "as", "is", "in", "true", "false", "span"),
        *("before", "after", "during", "overlaps", "covers", "within"),
        *("child", "parent", "descendant", "ancestor", "sibling", "linked"),
        *("count", "sum", "min", "max", "avg", "when", "always", "never"),
    }
)
"""The words that an unquoted span name may not begin with."""

INTRINSIC_PREFIXES: Final = ("span:", "scope:", "trace:")


@dataclass(frozen=True, slots=True)
class Context:
    """Where a tree lies in its source, and where to report what is wrong with it."""

    mistakes: Mistakes
    offset: int = 0

    def span(self, node: Token | Node) -> tuple[int, int]:
        """Return the offsets of a node in the source."""
        if isinstance(node, Token):
            start = node.start_pos or 0
            return self.offset + start, self.offset + start + len(node)
        if node.meta.empty:
            return self.offset, self.offset
        return self.offset + node.meta.start_pos, self.offset + node.meta.end_pos

    def origin(self, node: Token | Node, last: Token | Node | None = None) -> Origin:
        """Return the origin of a node, or of everything from ``node`` to ``last``."""
        start, end = self.span(node)
        return self.mistakes.source.origin(start, end if last is None else self.span(last)[1])

    def report(self, code: str, message: str, node: Token | Node, hint: str | None = None) -> None:
        """Note a mistake in the text of a node."""
        start, end = self.span(node)
        self.mistakes.report(code, message, start, end, hint)

    def literal_error(self, error: LiteralError, node: Token | Node, inside: int = 0) -> None:
        """Note that a constant cannot be read; ``inside`` is where its text begins in the node's."""
        start = self.span(node)[0] + inside
        self.mistakes.report(error.code, error.message, start + error.start, start + error.end, error.hint)


def is_tree(child: Child) -> TypeGuard[Node]:
    """Return whether a child is a tree."""
    return isinstance(child, Tree)


def tree(child: Child) -> Node:
    """Return a child that the grammar says is a tree."""
    if not isinstance(child, Tree):
        message = f"expected a tree, found {child!r}"
        raise TypeError(message)
    return child


def token(child: Child) -> Token:
    """Return a child that the grammar says is a word."""
    if not isinstance(child, Token):
        message = f"expected a word, found {child!r}"
        raise TypeError(message)
    return child


def children(node: Node) -> list[Child]:
    """Return the children of a tree, None for each optional one that was left out."""
    return list(node.children)


def trees(node: Node, *names: str) -> Iterator[Node]:
    """Yield the children of ``node`` that are trees, of these rules where names are given."""
    for child in node.children:
        if isinstance(child, Tree) and (not names or child.data in names):
            yield child


def first_tree(node: Node, *names: str) -> Node | None:
    """Return the first child that is a tree of one of these rules."""
    return next(trees(node, *names), None)


# --- words and constants ------------------------------------------------------------------------------------------


def text_of(context: Context, word: Token) -> str:
    """Return the text of a quoted string, or a word as it is."""
    if not word.startswith('"'):
        return str(word)
    try:
        return decode_string(word).text
    except LiteralError as error:
        context.literal_error(error, word)
        return word[1:-1]


def number(context: Context, word: Token) -> int | float:
    """Return a number, 0 where it cannot be read."""
    try:
        return decode_number(word)
    except LiteralError as error:
        context.literal_error(error, word)
        return 0


def duration(context: Context, word: Token) -> Duration:
    """Return a duration, zero where it cannot be read."""
    try:
        nanoseconds = decode_duration(word)
    except LiteralError as error:
        context.literal_error(error, word)
        nanoseconds = 0
    return Duration(nanoseconds, origin=context.origin(word))


def within(context: Context, node: Child) -> Duration | None:
    """Return the duration of an optional ``within``."""
    if not is_tree(node):
        return None
    return duration(context, token(node.children[1]))


def literal(context: Context, node: Node) -> Literal | Duration:
    """Return the constant of a ``string``, ``word``, ``number``, ``boolean`` or ``duration`` node."""
    word = token(node.children[0])
    origin = context.origin(word)
    match node.data:
        case "string":
            return Literal(text_of(context, word), origin=origin)
        case "word":
            return Literal(str(word), bare=True, origin=origin)
        case "number":
            return Literal(number(context, word), origin=origin)
        case "boolean":
            return Literal(word == "true", origin=origin)
        case _:
            return duration(context, word)


def list_literal(context: Context, node: Node) -> ListLiteral:
    """Return a list of constants."""
    items = tuple(literal(context, item) for item in trees(node))
    return ListLiteral(items, origin=context.origin(node))


def as_instant(context: Context, value: Literal) -> Instant | Literal:
    """Return the point in time that a string beside a time stands for."""
    if not isinstance(value.value, str):
        return value
    try:
        return Instant(decode_instant(value.value), origin=value.origin)
    except LiteralError as error:
        context.mistakes.report_at(error.code, error.message, value.origin, error.hint)
        return Instant(0, origin=value.origin)


# --- paths --------------------------------------------------------------------------------------------------------


def path_of(context: Context, word: Token, *, skip: int = 0) -> Path:
    """Return the path that a word spells, leaving out its first ``skip`` characters (a dot)."""
    start, end = context.span(word)
    origin = context.mistakes.source.origin(start + skip, end)
    text = word[skip:]
    if text.startswith('"'):
        return Path(PathKind.ATTRIBUTE, quoted_text(context, word, skip), quoted=True, origin=origin)
    if text.startswith("resource:"):
        key = text.removeprefix("resource:")
        if key.startswith('"'):
            key = quoted_text(context, word, skip + len("resource:"))
        return Path(PathKind.RESOURCE, key, origin=origin)
    if text.startswith(INTRINSIC_PREFIXES):
        return Path(PathKind.INTRINSIC, text, origin=origin)
    return Path(PathKind.ATTRIBUTE, text, origin=origin)


def quoted_text(context: Context, word: Token, skip: int) -> str:
    """Return the string that begins ``skip`` characters into a word."""
    try:
        return decode_string(word[skip:]).text
    except LiteralError as error:
        context.literal_error(error, word, skip)
        return word[skip + 1 : -1]


def selector(context: Context, node: Node) -> Path:
    """Return the path of ``.attr``, ``.span:duration`` or ``["any key"]``."""
    word = token(node.children[0])
    return path_of(context, word, skip=0 if word.type == "STRING" else 1)


def path(context: Context, node: Node) -> Path:
    """Return the path of a ``path`` node."""
    return path_of(context, token(node.children[0]))


def own_value(context: Context, node: Node) -> OwnValue:
    """Return another value of the same span."""
    word = token(node.children[0])
    return OwnValue(path_of(context, word, skip=1 if word.startswith(".") else 0), origin=context.origin(word))


def variable_name(word: Token) -> str:
    """Return the name of a variable without its ``$``."""
    return word[1:]


def variable_value(context: Context, node: Node) -> VariableValue:
    """Return the value of ``$x.attr``."""
    variable, chosen = token(node.children[0]), tree(node.children[1])
    return VariableValue(variable_name(variable), selector(context, chosen), origin=context.origin(node))
