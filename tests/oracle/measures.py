"""The values of measures: constants, values of variables, aggregates, arithmetic."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import assert_never

from fluo_logic.facts.model import Span
from fluo_logic.lang import syntax
from fluo_logic.lang.syntax import Function
from fluo_logic.values import Value
from tests.oracle import possible
from tests.oracle.matching import constant, hangs_on_clocks, in_list, matches
from tests.oracle.possible import Anything, Between, Exactly, Possible
from tests.oracle.relations import candidates, pairs, with_binding
from tests.oracle.truth import Truth
from tests.oracle.values import Number, Reading, number_of, text_of
from tests.oracle.world import AnySpan, Environment, Unseen, World, look_up


def compare(world: World, comparison: syntax.MeasureComparison, env: Environment) -> Truth:
    """The truth of ``measure operator measure``; a literal on one side decides how both are read."""
    left, operator, right = comparison.left, comparison.operator, comparison.right
    if isinstance(right, syntax.ListLiteral):
        return in_list(operator, measure(world, left, env), right)
    if (
        isinstance(left, syntax.VariableValue)
        and isinstance(right, syntax.VariableValue)
        and hangs_on_clocks(world, operator, (env[left.variable], left.path), (env[right.variable], right.path))
    ):
        return Truth.UNKNOWN
    reading = Reading.EITHER
    for side in (left, right):
        if isinstance(side, syntax.Literal | syntax.Duration | syntax.Instant):
            _, reading = constant(side)
    return possible.compare(operator, measure(world, left, env), measure(world, right, env), reading)


def measure(world: World, node: syntax.Measure, env: Environment) -> Possible:
    match node:
        case syntax.Literal() | syntax.Duration() | syntax.Instant():
            return constant(node)[0]
        case syntax.VariableValue():
            return look_up(world, env[node.variable], node.path)
        case syntax.Aggregate():
            return _aggregate(world, node, env)
        case syntax.Arithmetic():
            return possible.arithmetic(node.operator, measure(world, node.left, env), measure(world, node.right, env))
        case syntax.ListLiteral():
            message = "a list literal stands only on the right of in"
            raise AssertionError(message)
        case _:
            assert_never(node)


@dataclass(frozen=True)
class Member:
    """A span that an aggregate ranges over: surely or possibly, with a value that may be unknown."""

    span: Span
    is_certain: bool
    value: Possible


def _aggregate(world: World, node: syntax.Aggregate, env: Environment) -> Possible:
    members: list[Member] = []
    unseen = False
    for span, truth in _matches(world, node.over, env):
        if truth is Truth.FALSE:
            continue
        if isinstance(span, Unseen):
            unseen = True
            continue
        value = Exactly(None) if node.path is None else look_up(world, span, node.path)
        members.append(Member(span, truth is Truth.TRUE, value))
    within = None if node.within is None else node.within.nanoseconds
    if not unseen and all(member.is_certain and isinstance(member.value, Exactly) for member in members):
        return Exactly(_value(node.function, within, members))
    return _bounds(node.function, within, members, unseen=unseen)


def _matches(world: World, over: syntax.Pattern | syntax.Relation, env: Environment) -> list[tuple[AnySpan, Truth]]:
    if isinstance(over, syntax.Relation):
        return list(pairs(world, over, env))
    found = [(span, matches(world, over, span, with_binding(env, over, span))) for span in candidates(world, over, env)]
    # The future matters only to relations with a deadline.
    return [(span, truth) for span, truth in found if world.now is None or not isinstance(span, Unseen)]


def _value(function: Function, within: int | None, members: Sequence[Member]) -> Number | None:
    """The value over certain members: over all of them, or the largest over the windows that begin at a start."""
    if within is None:
        return _plain_value(function, [member.value for member in members])
    starts = [member.span.start for member in members if member.span.start is not None]
    windows = [
        [
            member.value
            for member in members
            if member.span.start is not None and start <= member.span.start < start + within
        ]
        for start in starts
    ]
    values = [_plain_value(function, window) for window in windows]
    return max((value for value in values if value is not None), default=0)


def _plain_value(function: Function, values: Sequence[Possible]) -> Number | None:
    if function is Function.COUNT:
        return len(values)
    present = _present(values)
    if function is Function.COUNT_DISTINCT:
        return len({text_of(value) for value in present})
    numbers = [number for value in present if (number := number_of(value)) is not None]
    match function:
        case Function.SUM:
            return _sum(numbers)
        case Function.MIN:
            return min(numbers, default=None)
        case Function.MAX:
            return max(numbers, default=None)
        case Function.AVG:
            return _average(numbers)
        case _:
            assert_never(function)


def _present(values: Sequence[Possible]) -> list[Value]:
    return [value.value for value in values if isinstance(value, Exactly) and value.value is not None]


def _sum(numbers: Sequence[Number]) -> Number | None:
    """The exact sum of integers; with a double among them, the exact sum rounded once to a double."""
    infinite = [number for number in numbers if isinstance(number, float) and math.isinf(number)]
    if infinite:
        return infinite[0] if len(set(infinite)) == 1 else None
    total = sum((Fraction(number) for number in numbers), Fraction(0))
    return int(total) if all(isinstance(number, int) for number in numbers) else _rounded(total)


def _average(numbers: Sequence[Number]) -> Number | None:
    if not numbers:
        return None
    if any(isinstance(number, float) and math.isinf(number) for number in numbers):
        return _sum(numbers)
    mean = sum((Fraction(number) for number in numbers), Fraction(0)) / len(numbers)
    return mean.numerator if mean.denominator == 1 else _rounded(mean)


def _rounded(number: Fraction) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.copysign(math.inf, number)


def _bounds(function: Function, within: int | None, members: Sequence[Member], *, unseen: bool) -> Possible:
    """What the aggregate may come to, where a member, a value, or an unseen span leaves it open.

    Only what more spans cannot undo is certain: a count only rises, a maximum only rises, a minimum only falls.
    """
    certain = [member for member in members if member.is_certain]
    match function:
        case Function.COUNT:
            return Between(
                _number(function, within, certain), math.inf if unseen else _number(function, within, members)
            )
        case Function.COUNT_DISTINCT:
            low = _number(function, within, certain)
            return Between(low, math.inf if unseen else _number(function, within, _told_apart(members)))
        case Function.MIN | Function.MAX:
            return _extreme(function, certain, members, unseen=unseen)
        case Function.SUM:
            return _sum_bounds(within, certain, members, unseen=unseen)
        case Function.AVG:
            return Anything()
        case _:
            assert_never(function)


def _number(function: Function, within: int | None, members: Sequence[Member]) -> Number:
    value = _value(function, within, members)
    return 0 if value is None else value


def _told_apart(members: Sequence[Member]) -> list[Member]:
    """Each unknown value counted as one that no other member has: the most distinct values there may be."""
    return [
        Member(member.span, member.is_certain, Exactly(f"\0unknown {index}"))
        if isinstance(member.value, Anything)
        else member
        for index, member in enumerate(members)
    ]


def _extreme(function: Function, certain: Sequence[Member], members: Sequence[Member], *, unseen: bool) -> Possible:
    known = _numbers(certain)
    open_ended = unseen or any(isinstance(member.value, Anything) for member in members)
    everything = [*_numbers(members), *((-math.inf, math.inf) if open_ended else ())]
    if not everything:
        return Exactly(None)
    if not known:
        return Between(min(everything), max(everything), maybe_missing=True)
    if function is Function.MIN:
        return Between(min(everything), min(known))
    return Between(max(known), max(everything))


def _sum_bounds(within: int | None, certain: Sequence[Member], members: Sequence[Member], *, unseen: bool) -> Possible:
    all_known = all(isinstance(member.value, Exactly) for member in members)
    numbers = _numbers(members)
    if unseen or not all_known or within is not None or any(math.isinf(number) for number in numbers):
        return Between(-math.inf, math.inf, maybe_missing=True)
    surely = _numbers(certain)
    perhaps = _numbers([member for member in members if not member.is_certain])
    low = _sum([*surely, *(number for number in perhaps if number < 0)])
    high = _sum([*surely, *(number for number in perhaps if number > 0)])
    return Between(-math.inf if low is None else low, math.inf if high is None else high)


def _numbers(members: Sequence[Member]) -> list[Number]:
    return [
        number for value in _present([member.value for member in members]) if (number := number_of(value)) is not None
    ]
