"""How texts and names are written for Soufflé."""

from __future__ import annotations

from typing import Final

KEYWORDS: Final = frozenset(
    {
        "acos",
        "as",
        "asin",
        "atan",
        "band",
        "bnot",
        "bor",
        "brie",
        "bshl",
        "bshr",
        "bshru",
        "btree",
        "btree_delete",
        "bxor",
        "cat",
        "choice",
    }
    | {
        "contains",
        "cos",
        "count",
        "ctor",
        "decl",
        "eqrel",
        "exp",
        "false",
        "float",
        "functor",
        "inline",
        "input",
        "land",
        "list",
        "lnot",
    }
    | {
        "log",
        "lor",
        "lxor",
        "magic",
        "match",
        "max",
        "mean",
        "min",
        "mod",
        "nil",
        "number",
        "ord",
        "output",
        "overridable",
        "override",
        "plan",
    }
    | {
        "pow",
        "printsize",
        "range",
        "sin",
        "sqrt",
        "stateful",
        "strlen",
        "substr",
        "sum",
        "symbol",
        "tan",
        "to_float",
        "to_number",
        "to_string",
    }
    | {"to_unsigned", "true", "type", "unsigned"}
)
"""Words of Soufflé that no relation can be named."""


def one_line(text: str) -> str:
    """Return a text without line breaks or control characters, different for different texts."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text.replace("\\", "\\\\"))


def quote(text: str) -> str:
    """Return the Soufflé literal for `one_line` of a text."""
    escaped = one_line(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
