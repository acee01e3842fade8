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


class Neighbours:
    """Which of some rules speak of spans of a common name."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        """Take the rules."""
        self.rules = rules
        self.names = [span_names(rule) for rule in rules]
        numbers = range(len(rules))
        self.beside = [[two for two in numbers if two != one and self._meet(one, two)] for one in numbers]

    def _meet(self, one: int, two: int) -> bool:
        return meet(self.names[one], self.names[two])

    def pairs(self) -> list[tuple[Rule, Rule]]:
        """Return the pairs of neighbours."""
        numbers = combinations(range(len(self.rules)), 2)
        return [(self.rules[one], self.rules[two]) for one, two in numbers if self._meet(one, two)]

    def slices(self) -> list[list[Rule]]:
        """Return the rules that common names lead from one to the other, slice by slice, in their order."""
        found: list[list[Rule]] = []
        done: set[int] = set()
        for number in range(len(self.rules)):
            if number not in done:
                members = self._reached(number)
                done.update(members)
                found.append([self.rules[one] for one in sorted(members)])
        return found

    def _reached(self, number: int) -> set[int]:
        found, new = {number}, [number]
        while new:
            new = [two for one in new for two in self.beside[one] if two not in found]
            found.update(new)
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
