"""Lowering of relations between two spans: comparisons of times, and atoms of the span tree."""

from __future__ import annotations

from typing import assert_never

from fluo_logic.lang.syntax import RelationKind
from fluo_logic.logic import Arith, Atom, Compare, Const, Field, Literal, Not, Origin, Sort, Unit, Var
from fluo_logic.translate.context import Context
from fluo_logic.values import Mode

DESCENDANT = "descendant"


def relation_literals(
    kind: RelationKind, left: Var, right: Var, within: int | None, origin: Origin, context: Context
) -> list[Literal]:
    """Return the literals for ``left kind right``; no span relates in time or tree to itself."""
    distinct: Literal = Not(Compare(left, "==", right, Mode.AUTO, origin), origin)
    match kind:
        case RelationKind.BEFORE:
            return [distinct, *_before(left, right, within, origin)]
        case RelationKind.AFTER:
            return [distinct, *_before(right, left, within, origin)]
        case RelationKind.DURING:
            return [distinct, *_during(left, right, origin)]
        case RelationKind.COVERS:
            return [distinct, *_during(right, left, origin)]
        case RelationKind.OVERLAPS:
            return [
                distinct,
                _at_most(_start(left), "<", _end(right), origin),
                _at_most(_start(right), "<", _end(left), origin),
            ]
        case RelationKind.CHILD_OF:
            return [distinct, Atom("parent", (left, right), origin)]
        case RelationKind.PARENT_OF:
            return [distinct, Atom("parent", (right, left), origin)]
        case RelationKind.DESCENDANT_OF:
            return [distinct, _descendant(left, right, origin, context)]
        case RelationKind.ANCESTOR_OF:
            return [distinct, _descendant(right, left, origin, context)]
        case RelationKind.SIBLING_OF:
            parent = context.variable(Sort.TEXT, "P")
            return [Atom("parent_ref", (left, parent), origin), Atom("parent_ref", (right, parent), origin), distinct]
        case RelationKind.LINKED_TO:
            return [Atom("link", (left, right), origin)]
        case RelationKind.LINKED_FROM:
            return [Atom("link", (right, left), origin)]
        case _:
            assert_never(kind)


def _start(span: Var) -> Field:
    return Field(span, "intrinsic", "span:start")


def _end(span: Var) -> Field:
    return Field(span, "intrinsic", "span:end")


def _at_most(left: Field, op: str, right: Field | Arith, origin: Origin) -> Compare:
    return Compare(left, op, right, Mode.NUMBER, origin)


def _before(first: Var, second: Var, within: int | None, origin: Origin) -> list[Literal]:
    literals: list[Literal] = [_at_most(_end(first), "<=", _start(second), origin)]
    if within is not None:
        latest = Arith("+", _end(first), Const(within, Unit.DURATION))
        literals.append(_at_most(_start(second), "<=", latest, origin))
    return literals


def _during(inner: Var, outer: Var, origin: Origin) -> list[Literal]:
    return [
        _at_most(_start(outer), "<=", _start(inner), origin),
        _at_most(_end(inner), "<=", _end(outer), origin),
    ]


def _descendant(below: Var, above: Var, origin: Origin, context: Context) -> Atom:
    if DESCENDANT not in context.shared:
        context.shared[DESCENDANT] = context.predicate(DESCENDANT)
        span, parent, ancestor = (Var(name, Sort.SPAN) for name in ("S", "P", "A"))
        head = Atom(context.shared[DESCENDANT], (span, ancestor), origin)
        context.add(head, [Atom("parent", (span, ancestor), origin)], origin)
        step = Atom(head.predicate, (parent, ancestor), origin)
        context.add(head, [Atom("parent", (span, parent), origin), step], origin)
    return Atom(context.shared[DESCENDANT], (below, above), origin)
