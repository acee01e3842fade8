"""Builds what stands inside ``where``."""

from __future__ import annotations

import re

from fluo_logic.lang.build import base
from fluo_logic.lang.build.base import Context, Node, token, tree, trees
from fluo_logic.lang.kinds import Kind, kind_of_path
from fluo_logic.lang.syntax import (
    Comparison,
    HasEvent,
    IsTrue,
    Literal,
    Operand,
    Origin,
    OwnValue,
    Path,
    PathKind,
    Predicate,
    PredicateAnd,
    PredicateNot,
    PredicateOr,
    Present,
)

ORDER = ("<", "<=", ">", ">=")


def predicate(context: Context, node: Node) -> Predicate:
    """Return the predicate of a tree."""
    origin = context.origin(node)
    match node.data:
        case "any_of":
            return PredicateOr(tuple(predicate(context, part) for part in trees(node)), origin=origin)
        case "all_of":
            return PredicateAnd(tuple(predicate(context, part) for part in trees(node)), origin=origin)
        case "negated":
            return PredicateNot(predicate(context, tree(node.children[1])), origin=origin)
        case "is_true":
            return IsTrue(base.path(context, tree(node.children[0])), origin=origin)
        case "comparison":
            left = base.path(context, tree(node.children[0]))
            operator = operator_of(tree(node.children[1]))
            return comparison(context, left, operator, tree(node.children[2]), origin)
        case "present":
            return Present(base.path(context, tree(node.children[1])), origin=origin)
        case "event":
            return _event(context, node)
        case _:
            message = f"no predicate: {node.data}"
            raise TypeError(message)


def where(context: Context, node: Node) -> Predicate:
    """Return the predicate of ``.where(…)``."""
    return predicate(context, tree(node.children[1]))


def operator_of(node: Node) -> str:
    """Return the operator with single spaces."""
    return re.sub(r"\s+", " ", token(node.children[0]))


def comparison(context: Context, left: Path, operator: str, right: Node, origin: Origin) -> Comparison:
    """Return ``left operator right``; a word is an attribute after an order operator, and a string elsewhere."""
    return Comparison(left, operator, _resolve(context, left, operator, operand(context, right)), origin=origin)


def _resolve(context: Context, left: Path, operator: str, right: Operand) -> Operand:
    if not isinstance(right, Literal):
        return right
    if right.bare and operator in ORDER:
        key = str(right.value)
        return OwnValue(Path(PathKind.ATTRIBUTE, key, origin=right.origin), origin=right.origin)
    return base.as_instant(context, right) if kind_of_path(left) is Kind.TIME else right


def operand(context: Context, node: Node) -> Operand:
    """Return the right-hand side of a comparison."""
    match node.data:
        case "list":
            return base.list_literal(context, node)
        case "variable_value":
            return base.variable_value(context, node)
        case "own_value":
            return base.own_value(context, node)
        case _:
            return base.literal(context, node)


def _event(context: Context, node: Node) -> HasEvent:
    parts = tuple(where(context, part) for part in trees(node, "where"))
    origin = context.origin(node)
    inner: Predicate | None = None
    if parts:
        inner = parts[0] if len(parts) == 1 else PredicateAnd(parts, origin=origin)
    return HasEvent(base.text_of(context, token(node.children[1])), inner, origin=origin)
