"""Whether a span matches a pattern."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from fluo_logic.facts.model import Event
from fluo_logic.lang import syntax
from tests.oracle import possible
from tests.oracle.possible import Anything, Exactly, Possible
from tests.oracle.truth import Truth, all_of, any_of, maybe, negate, truth
from tests.oracle.values import Reading, is_true
from tests.oracle.world import AnySpan, Environment, Unseen, World, look_up, service_of

TIMES = ("span:start", "span:end")


def matches(world: World, pattern: syntax.Pattern, span: AnySpan, env: Environment) -> Truth:
    """Whether a span matches; nothing is known of an unseen span, so it matches at most perhaps."""
    named = Truth.UNKNOWN if isinstance(span, Unseen) else truth(pattern.name is None or span.name == pattern.name)
    return all_of([named, *(satisfies(world, predicate, span, env) for predicate in pattern.predicates)])


def satisfies(
    world: World, predicate: syntax.Predicate, span: AnySpan, env: Environment, event: Event | None = None
) -> Truth:
    """The truth of a predicate of one span, or of one event of it."""
    match predicate:
        case syntax.Comparison():
            return _compare(world, predicate, span, env, event)
        case syntax.IsTrue():
            return true_value(look_up(world, span, predicate.path, event))
        case syntax.Present():
            return any_of(
                Truth.UNKNOWN if isinstance(value, Anything) else truth(value != Exactly(None))
                for value in each_name(world, span, predicate.path, event)
            )
        case syntax.HasEvent():
            return _has_event(world, predicate, span, env)
        case syntax.PredicateAnd():
            return all_of(satisfies(world, part, span, env, event) for part in predicate.parts)
        case syntax.PredicateOr():
            return any_of(satisfies(world, part, span, env, event) for part in predicate.parts)
        case syntax.PredicateNot():
            return negate(satisfies(world, predicate.part, span, env, event))
        case _:
            assert_never(predicate)


def each_name(world: World, span: AnySpan, path: syntax.Path, event: Event | None) -> list[Possible]:
    return [look_up(world, span, replace(path, key=key, older=()), event) for key in (path.key, *path.older)]


def true_value(value: Possible) -> Truth:
    return truth(is_true(value.value)) if isinstance(value, Exactly) else Truth.UNKNOWN


def _has_event(world: World, wanted: syntax.HasEvent, span: AnySpan, env: Environment) -> Truth:
    if isinstance(span, Unseen):
        return Truth.UNKNOWN
    found = any_of(
        Truth.TRUE if wanted.predicate is None else satisfies(world, wanted.predicate, span, env, event)
        for event in span.events
        if event.name == wanted.name
    )
    return max(found, maybe(world.has_drops and span.dropped_events > 0))


def _compare(
    world: World, comparison: syntax.Comparison, span: AnySpan, env: Environment, event: Event | None
) -> Truth:
    left = look_up(world, span, comparison.path, event)
    right = comparison.right
    if isinstance(right, syntax.ListLiteral):
        return in_list(comparison.operator, left, right)
    if isinstance(right, syntax.VariableValue) and hangs_on_clocks(
        world, comparison.operator, (span, comparison.path), (env[right.variable], right.path)
    ):
        return Truth.UNKNOWN
    value, reading = _right_side(world, right, span, env, event)
    return possible.compare(comparison.operator, left, value, reading)


def _right_side(
    world: World,
    right: syntax.Literal | syntax.Duration | syntax.Instant | syntax.OwnValue | syntax.VariableValue,
    span: AnySpan,
    env: Environment,
    event: Event | None,
) -> tuple[Possible, Reading]:
    match right:
        case syntax.Literal() | syntax.Duration() | syntax.Instant():
            return constant(right)
        case syntax.OwnValue():
            return look_up(world, span, right.path, event), Reading.EITHER
        case syntax.VariableValue():
            return look_up(world, env[right.variable], right.path), Reading.EITHER
        case _:
            assert_never(right)


def constant(node: syntax.Literal | syntax.Duration | syntax.Instant) -> tuple[Exactly, Reading]:
    """A constant and how it makes the other side be read."""
    if not isinstance(node, syntax.Literal):
        return Exactly(node.nanoseconds), Reading.NUMERIC
    is_number = isinstance(node.value, int | float) and not isinstance(node.value, bool)
    return Exactly(node.value), Reading.NUMERIC if is_number else Reading.TEXTUAL


def in_list(operator: str, left: Possible, items: syntax.ListLiteral) -> Truth:
    """Membership in a list of literals, each of which decides how it is compared."""
    constants = [constant(item) for item in items.items]
    member = any_of(possible.compare("==", left, value, reading) for value, reading in constants)
    return negate(member) if operator == "not in" else member


def hangs_on_clocks(
    world: World, operator: str, left: tuple[AnySpan, syntax.Path], right: tuple[AnySpan, syntax.Path]
) -> bool:
    """Whether an order between two times of different services could be turned round by the clock skew."""
    (one, one_path), (other, other_path) = left, right
    if isinstance(one, Unseen) or isinstance(other, Unseen) or service_of(one) == service_of(other):
        return False
    if operator not in {"<", "<=", ">", ">="} or one_path.key not in TIMES or other_path.key not in TIMES:
        return False
    one_time = one.start if one_path.key == "span:start" else one.end
    other_time = other.start if other_path.key == "span:start" else other.end
    return one_time is not None and other_time is not None and abs(one_time - other_time) < world.skew
