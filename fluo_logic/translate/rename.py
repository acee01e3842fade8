"""Renaming of the variables of comparisons, so that equal ones are recognised whatever clause they stand in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import assert_never

from fluo_logic.logic import Arith, Compare, Const, Field, Present, Term, Var


def rename(literal: Compare | Present, names: Mapping[Var, Var]) -> Compare | Present:
    """Return the literal with its variables replaced."""
    match literal:
        case Present(term=term):
            return replace(literal, term=replace(term, of=names.get(term.of, term.of)))
        case Compare(left=left, right=right):
            return replace(literal, left=_rename(left, names), right=_rename(right, names))
        case _:
            assert_never(literal)


def _rename(term: Term, names: Mapping[Var, Var]) -> Term:
    match term:
        case Var():
            return names.get(term, term)
        case Field(of=of):
            return replace(term, of=names.get(of, of))
        case Arith(left=left, right=right):
            return replace(term, left=_rename(left, names), right=_rename(right, names))
        case Const():
            return term
        case _:
            assert_never(term)
