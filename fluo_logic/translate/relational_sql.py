"""Small pieces of SQL that the relational plan is made of, as sqlglot expressions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from sqlglot import exp

from fluo_logic.values import Number

DOUBLE: Final = exp.DataType.build("DOUBLE")
BIGINT: Final = exp.DataType.build("BIGINT")
TEXT: Final = exp.DataType.build("TEXT")
BOOLEAN: Final = exp.DataType.build("BOOLEAN")
EXACT: Final = exp.DataType.build("DECIMAL(38, 0)")
"""The type of exact integers beyond 64 bits: up to 126 bits."""
EXACT_BITS: Final = 126
WIDEST: Final = 100
"""As many parts stand side by side in a conjunction or disjunction."""
SIMPLE: Final = 2**53
"""Below this, neighbouring integers are different doubles."""


# Nodes are made by their constructors: sqlglot's helpers parse and copy their arguments, which made large plans slow.


def identifier(name: str) -> exp.Identifier:
    """Return a quoted name."""
    return exp.Identifier(this=name, quoted=True)


def column(table: str, name: str) -> exp.Expr:
    """Return ``table.name``."""
    return exp.Column(this=identifier(name), table=identifier(table))


def aliased(expression: exp.Expr, name: str) -> exp.Expr:
    """Return ``expression AS name``."""
    return exp.Alias(this=expression, alias=identifier(name))


def table(name: str, alias: str | None = None) -> exp.Table:
    """Return ``name AS alias``, as it stands in FROM."""
    if alias is None:
        return exp.Table(this=identifier(name))
    return exp.Table(this=identifier(name), alias=exp.TableAlias(this=identifier(alias)))


def join(query: exp.Select, source: exp.Expr, on: exp.Expr | None = None) -> None:
    """Add a table to FROM: a left join with a condition, a cross join without one."""
    if query.args.get("from_") is None:
        query.set("from_", exp.From(this=source))
    elif on is None:
        query.append("joins", exp.Join(this=source, kind="CROSS"))
    else:
        query.append("joins", exp.Join(this=source, side="LEFT", on=on))


def cast(expression: exp.Expr, kind: exp.DataType) -> exp.Expr:
    """Return ``CAST(expression AS kind)``."""
    return exp.Cast(this=expression, to=kind.copy())


def text(value: str) -> exp.Expr:
    """Return a string literal; NUL, at which a statement may end, is put in by function."""
    first, *rest = value.split("\x00")
    result: exp.Expr = exp.Literal.string(first)
    for piece in rest:
        nul = exp.Chr(expressions=[exp.Literal.number(0)])
        result = exp.DPipe(this=exp.DPipe(this=result, expression=nul), expression=exp.Literal.string(piece))
    return exp.paren(result, copy=False) if rest else result


def integer(value: int) -> exp.Expr:
    """Return an integer literal, exact whatever its size."""
    literal = exp.Literal.number(abs(value))
    signed: exp.Expr = exp.Neg(this=literal) if value < 0 else literal
    return signed if -(2**63) < value < 2**63 else exact(exp.Literal.string(str(value)))


def double(value: float) -> exp.Expr:
    """Return a literal for exactly this double: whole numbers plainly, others with an exponent, which makes doubles."""
    if math.isinf(value):
        return cast(exp.Literal.string("inf" if value > 0 else "-inf"), DOUBLE)
    if value.is_integer() and abs(value) < SIMPLE:
        return integer(int(value))
    digits = repr(abs(value))
    literal = exp.Literal.number(digits if "e" in digits else f"{digits}e0")
    return exp.Neg(this=literal) if value < 0 else literal


def exact(expression: exp.Expr) -> exp.Expr:
    """Return the expression as an exact integer of up to 38 digits."""
    return cast(expression, EXACT)


def conjunction(parts: Iterable[exp.Expr]) -> exp.Expr:
    """Return ``a AND b AND …``, TRUE for nothing."""
    kept = [part for part in parts if part != exp.true()]
    return _connected(exp.and_, kept) if kept else exp.true()


def disjunction(parts: Sequence[exp.Expr]) -> exp.Expr:
    """Return ``a OR b OR …``, FALSE for nothing."""
    if any(part == exp.true() for part in parts):
        return exp.true()
    return _connected(exp.or_, parts) if parts else exp.false()


def _connected(connective: Callable[..., exp.Expr], parts: Sequence[exp.Expr]) -> exp.Expr:
    """Connect parts as a tree that is never deep, which printers and parsers of SQL walk by recursion."""
    while len(parts) > WIDEST:
        chunks = [parts[start : start + WIDEST] for start in range(0, len(parts), WIDEST)]
        parts = [connective(*chunk, copy=False) for chunk in chunks]
    return connective(*parts, copy=False)


def certain(expression: exp.Expr) -> exp.Expr:
    """Return the truth of an expression that may be NULL, which counts as false."""
    return expression if _is_certain(expression) else exp.Coalesce(this=expression, expressions=[exp.false()])


NEVER_NULL: Final = frozenset({"_span", "_trace", "_event", "_name"})


def _is_certain(expression: exp.Expr) -> bool:
    """Return whether an expression is plainly never NULL."""
    match expression:
        case exp.Boolean() | exp.Exists() | exp.Is():
            return True
        case exp.Coalesce(expressions=[exp.Boolean()]):
            return True
        case exp.And() | exp.Or():
            return _is_certain(expression.left) and _is_certain(expression.right)
        case exp.Paren() | exp.Not():
            return _is_certain(expression.this)
        case exp.EQ(this=exp.Column() as one, expression=exp.Column() as two):
            return {one.name, two.name} <= NEVER_NULL
        case exp.EQ(this=exp.Column() as one, expression=exp.Literal()):
            return one.name in NEVER_NULL
        case exp.Column():
            # A column that is a truth holds a predicate.
            return expression.is_type("BOOLEAN")
        case _:
            return False


def negated(expression: exp.Expr) -> exp.Expr:
    """Return the negation of the truth of an expression that may be NULL."""
    inner = certain(expression)
    match inner:
        case exp.Boolean():
            return exp.false() if inner.this else exp.true()
        case exp.Not(this=exp.Is() as is_null):
            return is_null
        case exp.EQ():
            return exp.NEQ(this=inner.this, expression=inner.expression)
        case _:
            return exp.not_(inner, copy=False)


def some(expression: exp.Expr) -> exp.Expr:
    """Return the aggregate: whether the expression is true in a row of the group."""
    if expression == exp.true():
        return exp.true()
    return certain(exp.LogicalOr(this=truth(expression)))


def truth(expression: exp.Expr) -> exp.Expr:
    """Return the expression marked as Boolean, so that no cast is printed around it."""
    expression.type = BOOLEAN
    return expression


def present(expression: exp.Expr) -> exp.Expr:
    """Return ``expression IS NOT NULL``."""
    return exp.not_(exp.Is(this=expression, expression=exp.null()), copy=False)


def when(condition: exp.Expr, value: exp.Expr, otherwise: exp.Expr | None = None) -> exp.Expr:
    """Return ``CASE WHEN condition THEN value ELSE otherwise END``."""
    case = exp.Case().when(condition, value, copy=False)
    return case if otherwise is None else case.else_(otherwise, copy=False)


def struct(**values: exp.Expr) -> exp.Expr:
    """Return a row of named values."""
    pairs = [exp.PropertyEQ(this=exp.Identifier(this=name), expression=value) for name, value in values.items()]
    return exp.Struct(expressions=pairs)


def member(row: exp.Expr, name: str) -> exp.Expr:
    """Return ``row.name`` of a `struct`."""
    inner = row if isinstance(row, exp.Column) else exp.paren(row, copy=False)
    return exp.Dot(this=inner, expression=identifier(name))


def call(function: str, *arguments: exp.Expr) -> exp.Expr:
    """Return a call of a function that the engine has been given."""
    return exp.Anonymous(this=function, expressions=list(arguments))


OPERATORS: Final[dict[str, type[exp.Binary]]] = {"==": exp.EQ, "<": exp.LT, "<=": exp.LTE, ">": exp.GT, ">=": exp.GTE}


def compared(left: exp.Expr, operator: str, right: exp.Expr) -> exp.Expr:
    """Return ``left operator right`` for an equality or an order."""
    return OPERATORS[operator](this=left, expression=right)


def holds(left: Number, operator: str, right: Number) -> bool:
    """Return whether two known numbers compare so."""
    match operator:
        case "==":
            return left == right
        case "<":
            return left < right
        case "<=":
            return left <= right
        case ">":
            return left > right
        case _:
            return left >= right
