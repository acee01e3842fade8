"""The truth of conditions, and the ways in which one can be met.

A condition is first written as a disjunction of conjunctions.  In one conjunction every variable names one span,
wherever in it the variable is bound or used; a variable that is not given from outside is existential.  A negated
part stays whole and is evaluated by itself, with what is bound outside of it given.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import TypeAlias, assert_never

from fluo_logic.facts.model import Span
from fluo_logic.lang import syntax
from tests.oracle import measures
from tests.oracle.matching import matches, true_value
from tests.oracle.relations import candidates, pairs, related, variable_of, with_binding, within_of
from tests.oracle.truth import Truth, all_of, any_of, negate, truth
from tests.oracle.world import UNSEEN, Environment, Unseen, World, look_up

Leaf: TypeAlias = (
    syntax.Exists | syntax.Related | syntax.SameSpan | syntax.MeasureComparison | syntax.VariableIsTrue | syntax.Not
)
Conjunction: TypeAlias = tuple[Leaf, ...]


def disjuncts(condition: syntax.Condition) -> list[Conjunction]:
    match condition:
        case syntax.Or():
            return [conjunction for part in condition.parts for conjunction in disjuncts(part)]
        case syntax.And():
            choices = itertools.product(*(disjuncts(part) for part in condition.parts))
            return [tuple(itertools.chain.from_iterable(choice)) for choice in choices]
        case _:
            return [(condition,)]


def bound_by(conjunction: Conjunction) -> frozenset[str]:
    """The variables that a conjunction binds: behind its patterns, not inside its counts or negations."""
    terms: list[syntax.SpanTerm] = []
    for leaf in conjunction:
        if isinstance(leaf, syntax.Exists):
            terms.append(leaf.pattern)
        if isinstance(leaf, syntax.Related):
            terms += [leaf.relation.left, leaf.relation.right]
    return frozenset(term.variable for term in terms if isinstance(term, syntax.Pattern) and term.variable is not None)


def exported_by(condition: syntax.Condition) -> frozenset[str]:
    """The variables that a condition binds in every branch."""
    return frozenset.intersection(*(bound_by(conjunction) for conjunction in disjuncts(condition)))


def mentioned_in(node: object) -> frozenset[str]:
    """Every variable that occurs anywhere in a node."""
    if isinstance(node, tuple):
        return frozenset().union(*(mentioned_in(item) for item in node))
    if not is_dataclass(node) or isinstance(node, syntax.Origin):
        return frozenset()
    inner = frozenset[str]().union(
        *(mentioned_in(getattr(node, field.name)) for field in fields(node) if field.name != "origin")
    )
    match node:
        case syntax.Variable(name=name) | syntax.VariableValue(variable=name):
            return inner | {name}
        case syntax.Pattern(variable=str(name)):
            return inner | {name}
    return inner


def holds(world: World, condition: syntax.Condition, env: Environment) -> Truth:
    """The truth of a condition, whatever it binds taken existentially."""
    return any_of(found for conjunction in disjuncts(condition) for _, found in _assignments(world, conjunction, env))


def ways_to_meet(world: World, condition: syntax.Condition) -> list[Environment]:
    """Each assignment of the variables bound in every branch under which the condition is true, once."""
    exported = sorted(exported_by(condition))
    ways: list[Environment] = []
    for conjunction in disjuncts(condition):
        for env, found in _assignments(world, conjunction, {}):
            way = {name: env[name] for name in exported}
            if found is Truth.TRUE and not any(_same_way(way, other) for other in ways):
                ways.append(way)
    return ways


def _same_way(one: Environment, other: Environment) -> bool:
    return all(one[name] is other[name] for name in one)


def _assignments(world: World, conjunction: Conjunction, env: Environment) -> Iterator[tuple[Environment, Truth]]:
    """Every assignment of the conjunction's variables that does not make it false, with its truth."""
    names = bound_by(conjunction)
    needs = [mentioned_in(leaf) & names for leaf in conjunction]
    given = frozenset(env)

    def assign(current: Environment, rest: list[str], checked: frozenset[int]) -> Iterator[tuple[Environment, Truth]]:
        # A leaf is looked at as soon as all of its variables are known: it only saves time.
        ready = [index for index in range(len(conjunction)) if index not in checked and needs[index] <= current.keys()]
        found = all_of(_leaf(world, conjunction[index], current) for index in ready)
        if found is Truth.FALSE:
            return
        if not rest:
            yield current, found
            return
        for span in world.everyone:
            for assigned, inner in assign({**current, rest[0]: span}, rest[1:], checked.union(ready)):
                yield assigned, min(found, inner)

    for assigned, found in assign(env, sorted(names - given), frozenset()):
        if world.now is None or _have_deadlines(world, conjunction, assigned, given):
            yield assigned, found


def _leaf(world: World, leaf: Leaf, env: Environment) -> Truth:
    match leaf:
        case syntax.Exists():
            return _exists(world, leaf.pattern, env)
        case syntax.Related():
            return any_of(found for _, found in pairs(world, leaf.relation, env))
        case syntax.SameSpan():
            same = _same_span(env, leaf.left.name, leaf.right.name)
            return negate(same) if leaf.negated else same
        case syntax.MeasureComparison():
            return measures.compare(world, leaf, env)
        case syntax.VariableIsTrue():
            return true_value(look_up(world, env[leaf.value.variable], leaf.value.path))
        case syntax.Not():
            return negate(holds(world, leaf.part, env))
        case _:
            assert_never(leaf)


def _exists(world: World, pattern: syntax.Pattern, env: Environment) -> Truth:
    """A span of the future that no variable names has no deadline and does not count."""
    is_named = pattern.variable is not None and pattern.variable in env
    return any_of(
        matches(world, pattern, span, with_binding(env, pattern, span))
        for span in candidates(world, pattern, env)
        if is_named or world.now is None or not isinstance(span, Unseen)
    )


def _same_span(env: Environment, left: str, right: str) -> Truth:
    if env[left] is UNSEEN and env[right] is UNSEEN:
        return truth(left == right) if left == right else Truth.UNKNOWN
    return truth(env[left] is env[right])


def _have_deadlines(world: World, conjunction: Conjunction, env: Environment, given: frozenset[str]) -> bool:
    """Whether each variable that names a span of the future has to meet a deadline.

    It has one when a ``before``/``after … within`` of the conjunction ties it to a span that is there, or to a
    variable of the future that has one (the settlement within 5 s of the payment, the shipping within 5 s of it).
    """
    relations = [
        leaf.relation for leaf in conjunction if isinstance(leaf, syntax.Related) and leaf.relation.within is not None
    ]
    future = {name for name in env if env[name] is UNSEEN}
    settled = future & given
    while True:
        more = {
            name
            for name in future - settled
            if any(_ties(world, name, relation, env, settled) for relation in relations)
        }
        if not more:
            return settled == future
        settled |= more


def _ties(world: World, name: str, relation: syntax.Relation, env: Environment, settled: set[str]) -> bool:
    sides = [relation.left, relation.right]
    for index, term in enumerate(sides):
        if variable_of(term) != name:
            continue
        other = sides[1 - index]
        other_name = variable_of(other)
        if other_name is not None and (env[other_name] is not UNSEEN or other_name in settled):
            return True
        if other_name is None and isinstance(other, syntax.Pattern):
            return any(_could_tie(world, relation, other, index, span, env) for span in world.spans)
    return False


def _could_tie(
    world: World, relation: syntax.Relation, other: syntax.Pattern, index: int, span: Span, env: Environment
) -> bool:
    left, right = (UNSEEN, span) if index == 0 else (span, UNSEEN)
    in_time = related(world, relation.kind, within_of(relation), left, right)
    return Truth.FALSE not in (in_time, matches(world, other, span, env))
