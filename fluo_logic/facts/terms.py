"""The value of a term, and the truth of a comparison, under a binding of variables: the exact, plain definition."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import assert_never

from fluo_logic.facts.store import FactStore, Ground
from fluo_logic.logic import Arith, Compare, Const, Field, Present, Sort, Term, Var
from fluo_logic.values import Number, Value, as_number, compare


def evaluate(term: Term, binding: Mapping[Var, Ground | Value], store: FactStore) -> Value | None:
    """Return the value of ``term``, None where it is missing."""
    match term:
        case Const(value=value):
            return value
        case Field(of=of, space=space, key=key):
            entity = binding[of]
            if isinstance(entity, int) or (isinstance(entity, tuple) and of.sort is Sort.EVENT):
                return store.field(entity, space, key)  # type: ignore[arg-type]
            message = f"{of.name} is bound to {entity!r}, which has no fields"
            raise TypeError(message)
        case Var():
            return binding[term]
        case Arith(op=op, left=left, right=right):
            return arithmetic(op, evaluate(left, binding, store), evaluate(right, binding, store))
        case _:
            assert_never(term)


def arithmetic(op: str, left: Value | None, right: Value | None) -> Number | None:
    """Return ``left op right``: exact for integers, a double otherwise; None where a side is missing or no number."""
    if left is None or right is None:
        return None
    one, two = as_number(left), as_number(right)
    if one is None or two is None:
        return None
    try:
        match op:
            case "+":
                result = one + two
            case "-":
                result = one - two
            case _:
                result = one * two
    except OverflowError:
        # An integer beyond the range of doubles meets a double.
        return None
    return None if isinstance(result, float) and not math.isfinite(result) else result


def holds(literal: Compare | Present, binding: Mapping[Var, Ground | Value], store: FactStore) -> bool:
    """Return whether a comparison or presence test is true."""
    match literal:
        case Present(term=term):
            return evaluate(term, binding, store) is not None
        case Compare(left=Var() as left, op="==", right=Var() as right) if left.sort is not Sort.NUMBER:
            return binding[left] == binding[right]
        case Compare(left=left, op=op, right=right, mode=mode):
            return compare(op, evaluate(left, binding, store), evaluate(right, binding, store), mode)
        case _:
            assert_never(literal)
