"""Builds the sentence of a violation from its template."""

from __future__ import annotations

import re
from typing import Final

from lark import Token

from fluo_logic.lang.build.base import INTRINSIC_PREFIXES, Context
from fluo_logic.lang.literals import LiteralError, decode_string
from fluo_logic.lang.syntax import Display, Origin, Path, PathKind, TextPart, VariableValue

PIECE: Final = re.compile(r"""\{\{|\}\}|\{(?P<inside>(?:[^{}"]|"(?:[^"\\]|\\.)*")*)\}|[{}]|[^{}]+""")
STRING: Final = r'"(?:[^"\\]|\\.)*"'
PLACEHOLDER: Final = re.compile(
    rf"""\s*\$(?P<variable>[A-Za-z_]\w*)
        (?: \.(?P<dotted>[A-Za-z0-9_][\w.:-]*)
          | \.resource:(?P<resource>{STRING})
          | \[(?P<quoted>{STRING})\]
        )\s*""",
    re.VERBOSE | re.ASCII,
)


def display(context: Context, word: Token) -> Display:
    """Return the template in a quoted string: ``{$p.attr}`` is a value, ``{{`` and ``}}`` are braces."""
    start, end = context.span(word)
    origin = context.mistakes.source.origin(start, end)
    try:
        decoded = decode_string(word)
    except LiteralError as error:
        context.literal_error(error, word)
        return Display((TextPart(word[1:-1]),), origin=origin)
    parts: list[TextPart | VariableValue] = []
    text = ""
    for piece in PIECE.finditer(decoded.text):
        place = (start + decoded.offsets[piece.start()], start + decoded.offsets[piece.end()])
        if piece["inside"] is not None:
            value = _value(context, piece["inside"], place)
            if value is not None:
                parts.extend([TextPart(text)] if text else [])
                parts.append(value)
                text = ""
        elif piece[0] in {"{", "}"}:
            hint = f"write `{piece[0] * 2}` for the character itself"
            context.mistakes.report("E125", f"a single `{piece[0]}` in a `display` sentence", *place, hint)
        else:
            text += piece[0][0] if piece[0] in {"{{", "}}"} else piece[0]
    parts.extend([TextPart(text)] if text else [])
    return Display(tuple(parts), origin=origin)


def _value(context: Context, inside: str, place: tuple[int, int]) -> VariableValue | None:
    origin = context.mistakes.source.origin(*place)
    found = PLACEHOLDER.fullmatch(inside)
    if found is None:
        hint = "a value is `{$x.attribute}` with a variable of `when`; braces themselves are `{{` and `}}`"
        context.mistakes.report("E125", f"`{{{inside}}}` is not a value of a variable", *place, hint)
        return None
    return VariableValue(found["variable"], _path(found, origin), origin=origin)


def _path(found: re.Match[str], origin: Origin) -> Path:
    quoted, resource, dotted = found["quoted"], found["resource"], found["dotted"]
    if quoted is not None:
        return Path(PathKind.ATTRIBUTE, _decoded(quoted), quoted=True, origin=origin)
    if resource is not None:
        return Path(PathKind.RESOURCE, _decoded(resource), origin=origin)
    if dotted.startswith("resource:"):
        return Path(PathKind.RESOURCE, dotted.removeprefix("resource:"), origin=origin)
    kind = PathKind.INTRINSIC if dotted.startswith(INTRINSIC_PREFIXES) else PathKind.ATTRIBUTE
    return Path(kind, dotted, origin=origin)


def _decoded(quoted: str) -> str:
    try:
        return decode_string(quoted).text
    except LiteralError:
        return quoted[1:-1]
