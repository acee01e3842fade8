"""How the Datalog texts are written: constants, names of the predicates that Python answers, and what those mean."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable, Sequence
from typing import Final, assert_never

from fluo_logic.facts.schema import FACTS
from fluo_logic.logic import Aggregate, Arith, Compare, Const, Field, Present, Term, Var

ESCAPE: Final = "\x1b"
MISREAD: Final = frozenset({"True", "False", "??"})
"""Texts that pyDatalog turns into something else: two Booleans and a fresh variable."""
SPECIAL: Final = frozenset(
    {"ask", "concat", "concat_", "format_", "len_", "linear_regression_", "max_", "mean_", "min_", "range_", "rank"}
    | {"rank_", "running_sum", "running_sum_", "sum_", "tuple_"}
)
"""Predicate names that pyDatalog takes for its functions."""
RESERVED: Final = SPECIAL | frozenset(keyword.kwlist) | frozenset(dir(builtins)) | frozenset(FACTS) | {"number"}
"""Names that no predicate of a rule can have in a text that pyDatalog loads."""
WORDS: Final = {"==": "eq", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
LONGEST_LINE: Final = 110
LONGEST_NAME: Final = 48


class NameSpace:
    """Names that are used once."""

    def __init__(self, reserved: Iterable[str]) -> None:
        """Begin with ``reserved`` taken."""
        self.taken = set(reserved)

    def unique(self, text: str) -> str:
        """Return an unused lower-case name that resembles ``text``."""
        base = "_".join(re.findall(r"[a-z0-9]+", text.lower()))[:LONGEST_NAME].rstrip("_") or "p"
        base = base if base[0].isalpha() else f"p_{base}"
        name, number = base, 1
        while name in self.taken:
            number += 1
            name = f"{base}_{number}"
        self.taken.add(name)
        return name


def printable(text: str) -> str:
    """Return the text for a comment: on one line, nothing in it that a terminal or a parser would act on."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def encode(text: str) -> str:
    """Return the text that stands for ``text`` in pyDatalog; `decode` returns it."""
    return ESCAPE + text if text in MISREAD or text.startswith(ESCAPE) else text


def decode(text: str) -> str:
    """Return the text that `encode` was given."""
    return text.removeprefix(ESCAPE)


def argument(arg: Term) -> str:
    """Return an argument of an atom as pyDatalog reads it; raises TypeError for one it cannot hold."""
    match arg:
        case Var(name=name):
            return name if name[0].isupper() else f"V_{name}"
        case Const(value=str() as text):
            return repr(encode(text))
        case Const(value=int() as number) if not isinstance(number, bool):
            return repr(number)
        case _:
            message = f"not an argument of an atom: {arg!r}"
            raise TypeError(message)


def call(name: str, args: Iterable[Var | Const]) -> str:
    """Return an atom."""
    return f"{name}({','.join(map(argument, args))})"


def layout(head: str, body: Sequence[str]) -> str:
    """Return a clause as pyDatalog reads it: on one line where it fits, else a literal a line."""
    if not body:
        return f"+ {head}"
    line = f"{head} <= {' & '.join(body)}"
    if len(line) <= LONGEST_LINE:
        return line
    rest = "".join(f"\n    & {part}" for part in body[1:])
    return f"{head} <= (\n    {body[0]}{rest}\n)"


def letter(number: int) -> str:
    """Return the name of the variable in place ``number``."""
    return f"{chr(ord('A') + number % 26)}{number // 26 or ''}"


def comparison_stem(literal: Compare | Present) -> str:
    """Return what to name a comparison after."""
    match literal:
        case Present(term=term):
            return f"has_{_stem(term)}"
        case Compare(left=left, op=op, right=right):
            return f"{_stem(left)}_{WORDS.get(op, op)}_{_stem(right)}"
        case _:
            assert_never(literal)


def _stem(term: Term) -> str:
    match term:
        case Field(space="resource", key=key):
            return f"resource_{key}"
        case Field(key=key):
            return key.removeprefix("span:")
        case Const(value=tuple() as items):
            return "_".join(str(item) for item in items[:3])
        case Const(value=value):
            return ("minus_" if isinstance(value, int | float) and value < 0 else "") + str(value)[:20]
        case Var():
            return "measure"
        case Arith(left=left, right=right):
            return f"{_stem(left)}_and_{_stem(right)}"
        case _:
            assert_never(term)


def describe(literal: Compare | Present | Aggregate) -> str:
    """Return what a comparison or an aggregate means, on one line."""
    match literal:
        case Present(term=term):
            return f"{_term_text(term)} is there"
        case Compare(left=left, op=op, right=right):
            return f"{_term_text(left)} {op} {_term_text(right)}"
        case Aggregate(function=function, target=target, over=over, window=window, result=result):
            of = "" if target is None else f" of {_term_text(target)}"
            within = "" if window is None else f", the largest within {window} ns"
            return f"{result.name} is the {function}{of} over {call(over.predicate, over.args)}{within}"
        case _:
            assert_never(literal)


def _term_text(term: Term) -> str:
    match term:
        case Var(name=name):
            return name
        case Const(value=value):
            return repr(value)
        case Field(of=of, space=space, key=key):
            return field_text(of.name, space, key)
        case Arith(op=op, left=left, right=right):
            return f"({_term_text(left)} {op} {_term_text(right)})"
        case _:
            assert_never(term)


def field_text(owner: str, space: str, key: str) -> str:
    """Return how descriptions name a value of a span."""
    named = f"resource:{key}" if space == "resource" else key
    return f"{owner}[{named!r}]"
