"""Spans that are not there, and where they were expected: what an absence in a proof asks for.

The goal of an absence is the text of a condition.  Read as one, it tells which pattern was sought and how it had to
lie to a span that is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from fluo_logic.explain import proof as p
from fluo_logic.lang import syntax as s
from fluo_logic.lang.build import conditions
from fluo_logic.lang.build.base import Context
from fluo_logic.lang.grammar import tree_or_none
from fluo_logic.lang.source import Mistakes, Source
from fluo_logic.values import as_number

MOST: Final = 6
"""How many spans that are not there are drawn for one proof."""
LONGEST: Final = 10_000
"""How long a goal may be to be read once more."""
Kind: Final = s.RelationKind
INVERSE: Final = {
    Kind.BEFORE: Kind.AFTER,
    Kind.AFTER: Kind.BEFORE,
    Kind.DURING: Kind.COVERS,
    Kind.COVERS: Kind.DURING,
    Kind.OVERLAPS: Kind.OVERLAPS,
    Kind.CHILD_OF: Kind.PARENT_OF,
    Kind.PARENT_OF: Kind.CHILD_OF,
    Kind.DESCENDANT_OF: Kind.ANCESTOR_OF,
    Kind.ANCESTOR_OF: Kind.DESCENDANT_OF,
    Kind.SIBLING_OF: Kind.SIBLING_OF,
    Kind.LINKED_TO: Kind.LINKED_FROM,
    Kind.LINKED_FROM: Kind.LINKED_TO,
}


@dataclass(frozen=True, slots=True)
class Ghost:
    """A span that is not there.

    ``name`` is its name (None for any), ``wanted`` the pattern as the rule writes it, ``places`` how it would have to
    lie to ``anchor`` (a span that is there, called ``label``), ``within`` the nanoseconds between the two at most.
    ``goals`` are the texts of the absences that speak of it.
    """

    name: str | None
    wanted: str
    places: tuple[s.RelationKind, ...] = ()
    anchor: p.SpanRef | None = None
    label: str = ""
    within: int | None = None
    goals: tuple[str, ...] = ()


Bound = Mapping[str, p.SpanRef]


def ghosts_of(proof: p.ObligationProof) -> tuple[Ghost, ...]:
    """Return the spans whose absence a proof rests on; those of one name at one place are one."""
    found: dict[tuple[str, str, p.SpanRef | None], Ghost] = {}
    bound = {binding.label: binding.span for binding in proof.bindings if binding.label}
    for ghost in _missing(proof.condition, bound):
        key = (ghost.name or "", ghost.wanted if ghost.name is None else "", ghost.anchor)
        if key not in found:
            found[key] = ghost
            continue
        known = found[key]
        found[key] = replace(
            known,
            places=tuple(dict.fromkeys((*known.places, *ghost.places))),
            within=known.within if ghost.within is None else ghost.within,
            goals=tuple(dict.fromkeys((*known.goals, *ghost.goals))),
        )
    anchored = {ghost.name for ghost in found.values() if ghost.anchor is not None}
    telling = [ghost for ghost in found.values() if ghost.anchor is not None or ghost.name not in anchored]
    return tuple(telling[:MOST])


def _missing(proof: p.Proof, bound: Bound) -> Iterator[Ghost]:
    """Yield what each absence asks for; why the nearest candidates will not do is no absence of its own."""
    match proof:
        case p.Absent(goal=goal, sought=sought):
            yield from _of_goal(goal.text, sought, bound)
        case p.Comparison():
            yield from _too_few(proof)
        case p.All(bindings=bindings) | p.Failed(bindings=bindings):
            known = {**bound, **{binding.label: binding.span for binding in bindings if binding.label}}
            for child in p.children(proof):
                yield from _missing(child, known)
        case _:
            for child in p.children(proof):
                yield from _missing(child, bound)


def _of_goal(text: str, sought: str | None, bound: Bound) -> Iterator[Ghost]:
    condition = _read(text)
    found = [] if condition is None else list(_of_condition(condition, sought, bound))
    if not found and sought is not None:
        found = [Ghost(sought, sought)]
    for ghost in found:
        yield replace(ghost, goals=(text,))


def _read(text: str) -> s.Condition | None:
    """Return the condition that a text is, None where it is none."""
    if len(text) > LONGEST:
        return None
    tree = tree_or_none(text, "condition")
    return None if tree is None else conditions.condition(Context(Mistakes(Source("", text))), tree)


def _of_condition(condition: s.Condition, sought: str | None, bound: Bound) -> Iterator[Ghost]:
    match condition:
        case s.And(parts=parts) | s.Or(parts=parts):
            for part in parts:
                yield from _of_condition(part, sought, bound)
        case s.Exists(pattern=pattern) if pattern.name is not None:
            yield Ghost(pattern.name, pattern.origin.text)
        case s.Related(relation=relation):
            yield from _of_relation(relation, sought, bound)
        case _:
            return


def _of_relation(relation: s.Relation, sought: str | None, bound: Bound) -> Iterator[Ghost]:
    within = None if relation.within is None else relation.within.nanoseconds
    left, right = _anchor(relation.left, bound), _anchor(relation.right, bound)
    match relation.left, relation.right:
        case s.Pattern() as pattern, other if right is not None:
            yield _placed(pattern, relation.kind, other, right, within)
        case other, s.Pattern() as pattern if left is not None:
            yield _placed(pattern, INVERSE[relation.kind], other, left, within)
        case s.Pattern(name=one), s.Pattern(name=two):
            pattern = relation.right if two == sought and one != sought else relation.left
            if isinstance(pattern, s.Pattern) and pattern.name is not None:
                yield Ghost(pattern.name, pattern.origin.text)
        case _:
            return


def _anchor(term: s.SpanTerm, bound: Bound) -> p.SpanRef | None:
    return bound.get(f"${term.name}") if isinstance(term, s.Variable) else None


def _placed(
    pattern: s.Pattern, kind: s.RelationKind, other: s.SpanTerm, anchor: p.SpanRef, within: int | None
) -> Ghost:
    label = f"${other.name}" if isinstance(other, s.Variable) else ""
    return Ghost(pattern.name, pattern.origin.text, (kind,), anchor, label, within)


def _too_few(proof: p.Comparison) -> Iterator[Ghost]:
    """Yield what a count asks for that is too low."""
    counts = proof.left.counts
    if proof.holds or proof.op not in {">=", ">", "=="} or len(counts) != 1 or counts[0].function != "count":
        return
    have, wanted = as_number(proof.left.value or 0), as_number(proof.right.value or 0)
    if have is None or wanted is None or have > wanted:
        return
    condition = _read(f"{counts[0].text} >= 1")
    if isinstance(condition, s.MeasureComparison) and isinstance(condition.left, s.Aggregate):
        over = condition.left.over
        pattern = over.left if isinstance(over, s.Relation) else over
        if isinstance(pattern, s.Pattern) and pattern.name is not None:
            yield Ghost(pattern.name, pattern.origin.text, goals=(proof.goal.text,))
