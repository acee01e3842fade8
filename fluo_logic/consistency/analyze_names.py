"""Which rules can have to do with each other: those that speak of spans of a common name."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TypeAlias

from fluo_logic.lang.syntax import And, Condition, Exists, Pattern, Related, Rule
from fluo_logic.lang.walk import nodes

Names: TypeAlias = frozenset[str] | None
"""Names of spans; None is any name."""


def names_in(roots: Sequence[object]) -> Names:
    """Return the names of the spans that conditions speak of."""
    patterns = [node for root in roots if root is not None for node in nodes(root) if isinstance(node, Pattern)]
    if any(pattern.name is None for pattern in patterns):
        return None
    return frozenset(pattern.name for pattern in patterns if pattern.name is not None)


def span_names(rule: Rule) -> Names:
    """Return the names of the spans that a rule speaks of."""
    return names_in((rule.when, *(obligation.condition for obligation in rule.obligations)))


def obligation_names(rule: Rule) -> Names:
    """Return the names of the spans that the obligations of a rule speak of."""
    return names_in([obligation.condition for obligation in rule.obligations])


def trigger_names(rule: Rule) -> Names:
    """Return the names of the spans that make a rule apply; None too for a rule that always does."""
    return None if rule.when is None else names_in([rule.when])


def needed_names(condition: Condition | None) -> frozenset[str]:
    """Return names of which there has to be a span for a condition to be true."""
    match condition:
        case Exists(pattern=Pattern(name=str() as name)):
            return frozenset({name})
        case Related(relation=relation):
            ends = (relation.left, relation.right)
            return frozenset(end.name for end in ends if isinstance(end, Pattern) and end.name is not None)
        case And(parts=parts):
            return frozenset[str]().union(*(needed_names(part) for part in parts))
        case _:
            return frozenset()


def meet(one: Names, two: Names) -> bool:
    """Return whether two sets of names have one in common."""
    return one is None or two is None or bool(one & two)


def sharing(rules: Sequence[Rule]) -> list[tuple[Rule, Rule]]:
    """Return the pairs of rules that speak of spans of a common name."""
    names = {rule.id: span_names(rule) for rule in rules}
    return [(one, two) for one, two in combinations(rules, 2) if meet(names[one.id], names[two.id])]


def slices(rules: Sequence[Rule]) -> list[list[Rule]]:
    """Return the rules that common names lead from one to the other, slice by slice, in their order."""
    number = {rule.id: at for at, rule in enumerate(rules)}
    slice_of = dict(number)
    for one, two in sharing(rules):
        low, high = sorted((slice_of[one.id], slice_of[two.id]))
        if low != high:
            slice_of = {rule: low if at == high else at for rule, at in slice_of.items()}
    return [[rule for rule in rules if slice_of[rule.id] == at] for at in sorted(set(slice_of.values()))]


def reached(rule: Rule, rules: Sequence[Rule]) -> list[Rule]:
    """Return the rules that common names lead to from one rule, the nearest first, that one included."""
    names = {one.id: span_names(one) for one in rules}
    found = [rule]
    for one in found:
        found += [other for other in rules if other not in found and meet(names[one.id], names[other.id])]
    return found


def triggered_together(rules: Sequence[Rule]) -> list[list[Rule]]:
    """Return the largest groups of rules that spans of one name make apply."""
    triggers = {rule.id: trigger_names(rule) or frozenset() for rule in rules}
    names = sorted({name for found in triggers.values() for name in found})
    groups = [[rule for rule in rules if name in triggers[rule.id]] for name in names]
    sets = [frozenset(rule.id for rule in group) for group in groups]
    kept = [
        group
        for at, group in enumerate(groups)
        if not any(sets[at] < other or (sets[at] == other and where < at) for where, other in enumerate(sets))
    ]
    return [group for group in kept if len(group) > 1]
