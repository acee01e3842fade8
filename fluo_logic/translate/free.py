"""Which variables a piece of syntax mentions, and which it binds for its surroundings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from fluo_logic.lang import syntax as s


def mentioned(node: s.Condition | s.Predicate | s.SpanTerm | s.Relation | s.Measure | s.Operand) -> Iterator[str]:
    """Yield every variable name that occurs in ``node``, bound there or not, in reading order."""
    match node:
        case s.Exists(pattern=pattern):
            yield from mentioned(pattern)
        case s.Related(relation=relation):
            yield from mentioned(relation)
        case s.Relation(left=left, right=right):
            yield from mentioned(left)
            yield from mentioned(right)
        case s.Pattern(predicates=predicates, variable=variable):
            for predicate in predicates:
                yield from mentioned(predicate)
            if variable is not None:
                yield variable
        case s.Variable(name=name):
            yield name
        case s.SameSpan(left=left, right=right):
            yield left.name
            yield right.name
        case s.MeasureComparison(left=left, right=right) | s.Arithmetic(left=left, right=right):
            yield from mentioned(left)
            yield from mentioned(right)
        case s.Comparison(right=right):
            yield from mentioned(right)
        case s.VariableIsTrue(value=value):
            yield value.variable
        case s.VariableValue(variable=variable):
            yield variable
        case s.Aggregate(over=over):
            yield from mentioned(over)
        case s.And(parts=parts) | s.Or(parts=parts):
            for part in parts:
                yield from mentioned(part)
        case s.PredicateAnd(parts=predicates) | s.PredicateOr(parts=predicates):
            for predicate in predicates:
                yield from mentioned(predicate)
        case s.Not(part=part):
            yield from mentioned(part)
        case s.PredicateNot(part=predicate):
            yield from mentioned(predicate)
        case s.HasEvent(predicate=inner):
            if inner is not None:
                yield from mentioned(inner)
        case s.IsTrue() | s.Present() | s.Literal() | s.Duration() | s.Instant() | s.ListLiteral() | s.OwnValue():
            return
        case _:
            assert_never(node)


def bound_by(condition: s.Condition) -> tuple[str, ...]:
    """Return the variables that ``condition`` binds wherever it holds: positively, in every branch of an ``or``."""
    match condition:
        case s.Exists(pattern=pattern):
            return () if pattern.variable is None else (pattern.variable,)
        case s.Related(relation=relation):
            sides = (relation.left, relation.right)
            return tuple(side.variable for side in sides if isinstance(side, s.Pattern) and side.variable is not None)
        case s.And(parts=parts):
            return tuple(dict.fromkeys(name for part in parts for name in bound_by(part)))
        case s.Or(parts=parts):
            first, *rest = (bound_by(part) for part in parts)
            return tuple(name for name in first if all(name in branch for branch in rest))
        case s.SameSpan() | s.MeasureComparison() | s.VariableIsTrue() | s.Not():
            return ()
        case _:
            assert_never(condition)


def conjuncts(condition: s.Condition) -> tuple[s.Condition, ...]:
    """Return the parts of nested conjunctions, flattened."""
    if isinstance(condition, s.And):
        return tuple(part for nested in condition.parts for part in conjuncts(nested))
    return (condition,)
