"""How two spans lie to each other, in time, in the tree and by links, also where one of them is unseen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from fluo_logic.facts.model import Span
from fluo_logic.lang import syntax
from fluo_logic.lang.syntax import RelationKind
from tests.oracle.matching import matches
from tests.oracle.truth import Truth, all_of, any_of, maybe, truth
from tests.oracle.world import UNSEEN, AnySpan, Environment, Unseen, World, service_of

MIRRORED = {
    RelationKind.AFTER: RelationKind.BEFORE,
    RelationKind.COVERS: RelationKind.DURING,
    RelationKind.PARENT_OF: RelationKind.CHILD_OF,
    RelationKind.ANCESTOR_OF: RelationKind.DESCENDANT_OF,
    RelationKind.LINKED_FROM: RelationKind.LINKED_TO,
}
"""``A after B`` is ``B before A``, and so on."""


def variable_of(term: syntax.SpanTerm) -> str | None:
    return term.name if isinstance(term, syntax.Variable) else term.variable


def related(world: World, kind: RelationKind, within: int | None, left: AnySpan, right: AnySpan) -> Truth:
    """The truth of ``left kind right within …``."""
    if kind in MIRRORED:
        return related(world, MIRRORED[kind], within, right, left)
    if isinstance(left, Unseen):
        return Truth.UNKNOWN if isinstance(right, Unseen) else _unseen_left(world, kind, within, right)
    if isinstance(right, Unseen):
        return _unseen_right(world, kind, within, left)
    return _both_seen(world, kind, within, left, right)


def _both_seen(world: World, kind: RelationKind, within: int | None, left: Span, right: Span) -> Truth:
    if kind is RelationKind.LINKED_TO:
        linked = any((link.trace_id, link.span_id) == (right.trace_id, right.span_id) for link in left.links)
        return Truth.TRUE if linked else maybe(world.has_drops and left.dropped_links > 0)
    if left is right:
        return Truth.FALSE
    match kind:
        case RelationKind.BEFORE | RelationKind.DURING | RelationKind.OVERLAPS:
            return _in_time(world, kind, within, left, right)
        case RelationKind.CHILD_OF:
            return truth(world.forest.parent(left) is right)
        case RelationKind.SIBLING_OF:
            return truth(left.trace_id == right.trace_id and left.parent_id == right.parent_id is not None)
        case RelationKind.DESCENDANT_OF:
            if any(ancestor is right for ancestor in world.forest.ancestors(left)):
                return Truth.TRUE
            could_be = world.now is None and left.trace_id == right.trace_id
            return maybe(could_be and _has_unknown_ancestor(world, left))
    raise AssertionError(kind)


def _in_time(world: World, kind: RelationKind, within: int | None, left: Span, right: Span) -> Truth:
    skew = world.skew if service_of(left) != service_of(right) else 0
    match kind:
        case RelationKind.BEFORE if within is None:
            return _at_most(left.end, right.start, skew)
        case RelationKind.BEFORE:
            deadline = None if left.end is None else left.end + (within or 0)
            return all_of([_at_most(left.end, right.start, skew), _at_most(right.start, deadline, skew)])
        case RelationKind.DURING:
            return all_of([_at_most(right.start, left.start, skew), _at_most(left.end, right.end, skew)])
        case RelationKind.OVERLAPS:
            return all_of([_less(left.start, right.end, skew), _less(right.start, left.end, skew)])
    raise AssertionError(kind)


def _at_most(one: int | None, other: int | None, skew: int) -> Truth:
    """``one <= other`` for two times, unknown where the margin lies below the clock skew."""
    if one is None or other is None:
        return Truth.FALSE
    return Truth.UNKNOWN if abs(one - other) < skew else truth(one <= other)


def _less(one: int | None, other: int | None, skew: int) -> Truth:
    if one is None or other is None:
        return Truth.FALSE
    return Truth.UNKNOWN if abs(one - other) < skew else truth(one < other)


def _has_unknown_ancestor(world: World, span: Span) -> bool:
    return span.trace_id in world.unseen_traces and not world.forest.is_known_to_root(span)


def _unseen_right(world: World, kind: RelationKind, within: int | None, span: Span) -> Truth:
    """Whether some unseen span could be to the right of ``span``: ``span kind unseen``."""
    match kind:
        case RelationKind.BEFORE if world.now is not None and within is not None:
            # The unseen span starts in (now, end + within].  A span that has not ended ends later than now.
            return maybe(span.end is None or span.end + within > world.now)
        case RelationKind.BEFORE:
            return maybe(span.end is not None)
        case RelationKind.DURING:
            in_time = world.now is None or (span.start is not None and span.start > world.now)
            return maybe(span.start is not None and span.end is not None and in_time)
        case RelationKind.OVERLAPS:
            return _unseen_overlap(world, span)
        case RelationKind.CHILD_OF:
            return maybe(span.trace_id in world.unseen_traces and world.forest.is_unresolved(span))
        case RelationKind.DESCENDANT_OF:
            return maybe(_has_unknown_ancestor(world, span))
        case RelationKind.SIBLING_OF:
            return maybe(span.trace_id in world.unseen_traces and span.parent_id is not None)
        case RelationKind.LINKED_TO:
            points_outside = any(
                link.trace_id in world.unseen_traces and not world.forest.has(link.trace_id, link.span_id)
                for link in span.links
            )
            return maybe(points_outside or (world.has_drops and span.dropped_links > 0))
    raise AssertionError(kind)


def _unseen_left(world: World, kind: RelationKind, within: int | None, span: Span) -> Truth:
    """Whether some unseen span could be to the left of ``span``: ``unseen kind span``."""
    match kind:
        case RelationKind.BEFORE:
            # It ends after it starts, so one that starts after now cannot end before a span that has started.
            return maybe(span.start is not None and (world.now is None or span.start > world.now))
        case RelationKind.DURING:
            in_time = world.now is None or (span.end is not None and span.end > world.now)
            return maybe(span.start is not None and span.end is not None and in_time)
        case RelationKind.OVERLAPS:
            return _unseen_overlap(world, span)
        case RelationKind.CHILD_OF | RelationKind.DESCENDANT_OF:
            return maybe(span.trace_id in world.unseen_traces)
        case RelationKind.SIBLING_OF:
            return _unseen_right(world, kind, within, span)
        case RelationKind.LINKED_TO:
            return Truth.UNKNOWN
    raise AssertionError(kind)


def _unseen_overlap(world: World, span: Span) -> Truth:
    if span.start is None or span.end is None:
        return Truth.FALSE
    return maybe(world.now is None or span.end > world.now + 1)


def candidates(world: World, term: syntax.SpanTerm, env: Environment) -> tuple[AnySpan, ...]:
    """The spans that a side of a relation may stand for: the one that its variable names, or any."""
    name = variable_of(term)
    return (env[name],) if name is not None and name in env else world.everyone


def with_binding(env: Environment, term: syntax.SpanTerm, span: AnySpan) -> Environment:
    name = variable_of(term)
    return env if name is None else {**env, name: span}


def pairs(world: World, relation: syntax.Relation, env: Environment) -> Iterator[tuple[AnySpan, Truth]]:
    """Every left span of the relation, with the truth of there being a right span for it.

    A span of the future counts only where it has a deadline: in a ``within``, beside a span that is there or that a
    variable names (`conditions` asks for that variable's deadline).
    """
    for left in candidates(world, relation.left, env):
        yield left, any_of(_pair(world, relation, left, right, env) for right in candidates(world, relation.right, env))


def _pair(world: World, relation: syntax.Relation, left: AnySpan, right: AnySpan, env: Environment) -> Truth:
    sides = ((relation.left, left), (relation.right, right))
    name = variable_of(relation.left)
    by_link = relation.kind in {RelationKind.LINKED_TO, RelationKind.LINKED_FROM}
    if name is not None and name == variable_of(relation.right) and not by_link:
        # Whatever span it is: none relates in time or tree to itself.
        return Truth.FALSE
    new = [side is UNSEEN and variable_of(term) not in env for term, side in sides]
    if world.now is not None and (all(new) or (any(new) and relation.within is None)):
        return Truth.FALSE
    inner = with_binding(with_binding(env, relation.left, left), relation.right, right)
    return all_of(
        [
            _stands_for(world, relation.left, left, inner),
            _stands_for(world, relation.right, right, inner),
            related(world, relation.kind, within_of(relation), left, right),
        ]
    )


def _stands_for(world: World, term: syntax.SpanTerm, span: AnySpan, env: Environment) -> Truth:
    match term:
        case syntax.Pattern():
            return matches(world, term, span, env)
        case syntax.Variable():
            return Truth.TRUE
        case _:
            assert_never(term)


def within_of(relation: syntax.Relation) -> int | None:
    return None if relation.within is None else relation.within.nanoseconds
