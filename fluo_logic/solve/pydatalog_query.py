"""What a user writes to pyDatalog, put so that pyDatalog answers it as it reads.

pyDatalog resolves a conjunction from left to right, takes the texts ``'True'`` and ``'??'`` for something else, and
finds no answer from Python for an atom that repeats a variable.  So the atoms of a query are put before its comparisons
and its negations, texts are encoded, and a repeated variable becomes an equation.  Each ``_`` is a variable of its own.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from fluo_logic.errors import ConfigError
from fluo_logic.lang.suggest import did_you_mean
from fluo_logic.translate.datalog_text import RESERVED, encode, printable
from fluo_logic.values import canonical_text

ANONYMOUS: Final = "_"
HIDDEN: Final = "Hidden_"
FORM: Final = "write atoms, `~` atoms and comparisons in parentheses, joined by `&`: span(T, Id, N) & (N != 'x')"

Arities: TypeAlias = Mapping[str, frozenset[int]]
"""Predicates with the numbers of arguments that they can have."""


@dataclass(frozen=True, slots=True)
class Query:
    """The text for pyDatalog, and the variables of its answers in order."""

    text: str
    variables: tuple[str, ...]


def read_query(text: str, arities: Arities) -> Query:
    """Return a query about predicates that have these numbers of arguments.

    Raises:
        ConfigError: it is no query (code C402), or asks for a predicate that there is not (code C403).
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise _malformed(text, str(error)) from error
    body = _Body(text, arities)
    literals = body.literals(tree)
    names = [name for literal in literals if not _is_negated(literal) for name in _variables(literal)]
    shown = tuple(dict.fromkeys(names))
    return Query(" & ".join(map(_unparse, literals)), shown)


def read_clauses(text: str, fixed: Arities, loaded: Arities) -> tuple[str, Arities]:
    """Return clauses ``head <= body`` and facts ``+ head`` for pyDatalog, and the predicates that clauses define now.

    Args:
        text: one clause after another, as Python reads them.
        fixed: the predicates that no clause can define.
        loaded: those that clauses defined before.

    Raises:
        ConfigError: as for `read_query`; or a clause would redefine a predicate that is already answered (code C403).
    """
    try:
        statements = ast.parse("\n".join(line.strip() for line in text.strip().splitlines())).body
    except (SyntaxError, ValueError) as error:
        raise _malformed(text, str(error)) from error
    parts = [_statement(statement, text) for statement in statements]
    defined = dict(loaded)
    for head, _ in parts:
        name = ast.unparse(head.func)
        if name in fixed or name in RESERVED or not name.isidentifier() or name[0].isupper():
            message = f"`{name}` is a name that a clause cannot define"
            raise ConfigError(code="C403", message=message, hint="give the clause another name")
        defined[name] = defined.get(name, frozenset()) | {len(head.args)}
    body = _Body(text, {**fixed, **defined})
    lines = []
    for head, tail in parts:
        written = _unparse(body.atom(head))
        if tail is None:
            lines.append(f"+ {written}")
        else:
            name = ast.unparse(head.func)
            literals = body.literals(tail)
            calls = [literal for literal in literals if _calls(literal, name)]
            literals = [*calls, *(literal for literal in literals if literal not in calls)]
            lines.append(f"{written} <= {' & '.join(map(_unparse, literals))}")
    return "\n".join(lines), defined


def _statement(statement: ast.stmt, text: str) -> tuple[ast.Call, ast.expr | None]:
    match statement:
        case ast.Expr(value=ast.Compare(left=ast.Call() as head, ops=[ast.LtE()], comparators=[tail])):
            return head, tail
        case ast.Expr(value=ast.UnaryOp(op=ast.UAdd(), operand=ast.Call() as head)):
            return head, None
        case _:
            raise _malformed(text, "a clause is `head(X) <= body`, a fact `+ head('x')`")


class _Body:
    """Reads conjunctions."""

    def __init__(self, text: str, arities: Arities) -> None:
        self.text = text
        self.arities = arities
        self.numbers = itertools.count(1)

    def literals(self, tree: ast.expr) -> list[ast.expr]:
        """Return the literals of a conjunction: atoms, then comparisons, then negations."""
        return sorted(self.conjuncts(tree), key=_rank)

    def conjuncts(self, tree: ast.expr) -> Iterator[ast.expr]:
        match tree:
            case ast.BinOp(left=left, op=ast.BitAnd(), right=right):
                yield from self.conjuncts(left)
                yield from self.conjuncts(right)
            case ast.BoolOp(op=ast.And(), values=values):
                for value in values:
                    yield from self.conjuncts(value)
            case ast.Call():
                yield from self.distinct(self.atom(tree))
            case ast.UnaryOp(op=ast.Invert() | ast.Not(), operand=ast.Call() as atom):
                yield ast.UnaryOp(ast.Invert(), self.atom(atom))
            case ast.Compare(ops=[_]) if not any(isinstance(node, ast.Call) for node in ast.walk(tree)):
                yield self.encoded(tree)
            case _:
                raise _malformed(self.text, f"`{ast.unparse(tree)}` is no literal")

    def atom(self, call: ast.Call) -> ast.Call:
        if not isinstance(call.func, ast.Name) or call.keywords:
            raise _malformed(self.text, f"`{ast.unparse(call)}` is no atom")
        name = call.func.id
        if name not in self.arities:
            hint = did_you_mean(name, self.arities) or "`predicates` of the session names what there is"
            raise ConfigError(code="C403", message=f"there is no predicate `{name}`", hint=hint)
        if len(call.args) not in self.arities[name]:
            wanted = " or ".join(map(str, sorted(self.arities[name])))
            message = f"`{name}` has {wanted} arguments, not {len(call.args)}"
            raise ConfigError(code="C403", message=message, hint="write `_` for one that may be anything")
        return ast.Call(call.func, [self.encoded(arg) for arg in call.args], [])

    def distinct(self, call: ast.Call) -> Iterator[ast.expr]:
        """Yield an atom without repeated variables, and what equates them."""
        args: list[ast.expr] = []
        seen: set[str] = set()
        for arg in call.args:
            if isinstance(arg, ast.Name) and arg.id in seen:
                copy = ast.Name(f"{HIDDEN}{next(self.numbers)}")
                yield ast.Compare(arg, [ast.Eq()], [copy])
                args.append(copy)
            else:
                seen.update([arg.id] if isinstance(arg, ast.Name) and arg.id[0].isupper() else [])
                args.append(arg)
        yield ast.Call(call.func, args, [])

    def encoded(self, tree: ast.expr) -> ast.expr:
        encoded: ast.expr = _Encoder(self.numbers).visit(tree)
        return encoded


class _Encoder(ast.NodeTransformer):
    """Encodes texts, writes Booleans as the texts they compare as, and tells one ``_`` from another."""

    def __init__(self, numbers: Iterator[int]) -> None:
        self.numbers = numbers

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:  # noqa: N802 - the name `ast` looks for
        if isinstance(node.value, str):
            return ast.Constant(encode(node.value))
        return ast.Constant(canonical_text(node.value)) if isinstance(node.value, bool) else node

    def visit_Name(self, node: ast.Name) -> ast.Name:  # noqa: N802 - the name `ast` looks for
        return ast.Name(f"{HIDDEN}{next(self.numbers)}") if node.id == ANONYMOUS else node


def _rank(literal: ast.expr) -> int:
    match literal:
        case ast.Call():
            return 0
        case ast.Compare():
            return 1
        case _:
            return 2


def _is_negated(literal: ast.expr) -> bool:
    return isinstance(literal, ast.UnaryOp)


def _calls(literal: ast.expr, name: str) -> bool:
    return isinstance(literal, ast.Call) and ast.unparse(literal.func) == name


def _variables(tree: ast.AST) -> Iterator[str]:
    """Yield the variables of a literal from left to right: names in upper case, as pyDatalog has it."""
    for node in tree.args if isinstance(tree, ast.Call) else ast.iter_child_nodes(tree):
        if isinstance(node, ast.Name):
            yield from [node.id] if node.id[0].isupper() else []
        else:
            yield from _variables(node)


def _unparse(literal: ast.expr) -> str:
    text = ast.unparse(ast.fix_missing_locations(literal))
    return f"({text})" if isinstance(literal, ast.Compare) else text


def _malformed(text: str, reason: str) -> ConfigError:
    return ConfigError(code="C402", message=f"this is no query: {printable(text.strip())} ({reason})", hint=FORM)
