"""Which rules keep their verdicts when further spans come into their scope, unrelated to those that are there.

Two traces are put one after the other, with no link and no parent between them.  A rule that is not violated on either
is not violated on both together if all that it asks for can only become true by what is added, and all that it forbids
hangs on spans of one of the parts.  Both are read off the conditions; where that is not possible, nothing is claimed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from fluo_logic.consistency.analyze_known import Judged, key_values
from fluo_logic.consistency.analyze_names import span_names
from fluo_logic.lang.syntax import (
    Aggregate,
    And,
    Condition,
    Exists,
    Function,
    MeasureComparison,
    Not,
    Or,
    Polarity,
    Related,
    Relation,
    RelationKind,
    Rule,
    ScopeKind,
    Variable,
    VariableValue,
)
from fluo_logic.lang.walk import nodes

TREE: Final = frozenset(
    {
        RelationKind.CHILD_OF,
        RelationKind.PARENT_OF,
        RelationKind.DESCENDANT_OF,
        RelationKind.ANCESTOR_OF,
        RelationKind.SIBLING_OF,
    }
)
COUNTS: Final = frozenset({Function.COUNT, Function.COUNT_DISTINCT})
NONE: Final = frozenset[str]()
FORBIDDING: Final = " everywhere"
"""What follows the id of a rule that forbids everywhere what the rule forbids where it applies."""


def is_additive(rule: Rule) -> bool:
    """Return whether a rule that is not violated on each of two parts is not violated on both together."""
    if rule.when is None:
        return all(
            _grows(one.condition, NONE) if one.polarity is Polarity.ALWAYS else _splits(one.condition)
            for one in rule.obligations
        )
    bound = _bound(rule.when)
    if bound is None or not _grows(rule.when, bound):
        return False
    return all(
        _grows(one.condition, bound) if one.polarity is Polarity.ALWAYS else _stays(one.condition, bound)
        for one in rule.obligations
    )


def forbidding(rule: Rule) -> Rule | None:
    """Return a rule that forbids wherever it looks what a rule forbids only where it applies; None where there is none.

    It is for rules whose ``when`` binds nothing.  On two parts together, such a rule is violated only by what is
    forbidden on one of them, though that may be the part where the rule does not apply.
    """
    if rule.when is None or _variables(rule.when) or not _grows(rule.when, NONE):
        return None
    forbidden = tuple(one for one in rule.obligations if one.polarity is Polarity.NEVER)
    asked = [one for one in rule.obligations if one.polarity is Polarity.ALWAYS]
    if not all(_grows(one.condition, NONE) for one in asked) or not all(_splits(one.condition) for one in forbidden):
        return None
    return replace(rule, id=f"{rule.id}{FORBIDDING}", when=None, obligations=forbidden, examples=())


def _grows(condition: Condition, bound: frozenset[str]) -> bool:
    """Return whether a condition that is true of a part is true of the whole; ``bound`` are spans of the part."""
    match condition:
        case And(parts=parts) | Or(parts=parts):
            return all(_grows(part, bound) for part in parts)
        case Not(part=part):
            return _stays(part, bound)
        case MeasureComparison(left=left, operator=operator, right=right):
            aggregates = [_is_constant(node, bound) for side in (left, right) for node in _aggregates(side)]
            if all(aggregates):
                return True
            counts = isinstance(left, Aggregate) and left.function in COUNTS and operator in {">", ">="}
            return counts and not _aggregates(right)
        case _:
            return True


def _stays(condition: Condition, bound: frozenset[str]) -> bool:
    """Return whether a condition that is true of the whole is true of the part that the spans ``bound`` are of."""
    match condition:
        case And(parts=parts) | Or(parts=parts):
            return all(_stays(part, bound) for part in parts)
        case Not(part=part):
            return _grows(part, bound)
        case Related(relation=relation):
            ends = [isinstance(end, Variable) and end.name in bound for end in (relation.left, relation.right)]
            return all(ends) or (any(ends) and relation.kind in TREE)
        case Exists():
            return False
        case _:
            return _variables(condition) <= bound and all(_is_constant(one, bound) for one in _aggregates(condition))


def _splits(condition: Condition) -> bool:
    """Return whether a condition that is true of the whole is true of one of the parts."""
    match condition:
        case Exists():
            return True
        case Related(relation=relation):
            return relation.kind in TREE
        case Or(parts=parts):
            return all(_splits(part) for part in parts)
        case _:
            return False


def _bound(condition: Condition) -> frozenset[str] | None:
    """Return the variables of a ``when`` whose every match is of one part and a match there; None for others."""
    match condition:
        case Exists(pattern=pattern):
            return frozenset({pattern.variable} - {None}) if pattern.variable is not None else NONE
        case Related(relation=relation) if relation.kind in TREE:
            return _variables(condition)
        case Or(parts=parts):
            found = [_bound(part) for part in parts]
            known = [one for one in found if one is not None]
            return frozenset[str]().union(*known) if len(known) == len(found) else None
        case And(parts=parts):
            bound = _bound(parts[0])
            for part in parts[1:]:
                if bound is None or not bound or not _stays(part, bound):
                    return None
                bound |= _variables(part)
            return bound
        case _:
            return None


def _aggregates(root: object) -> list[Aggregate]:
    return [node for node in nodes(root) if isinstance(node, Aggregate)]


def _variables(root: object) -> frozenset[str]:
    found: set[str] = set()
    for node in nodes(root):
        match node:
            case Variable(name=name) | VariableValue(variable=name):
                found.add(name)
            case _:
                bound = getattr(node, "variable", None)
                if isinstance(bound, str):
                    found.add(bound)
    return frozenset(found)


def _is_constant(one: Aggregate, bound: frozenset[str]) -> bool:
    """Return whether an aggregate is over spans in the tree about a bound one, to which nothing is added."""
    over = one.over
    if not isinstance(over, Relation) or over.kind not in TREE:
        return False
    return any(isinstance(end, Variable) and end.name in bound for end in (over.left, over.right))


# --- rules on traces ----------------------------------------------------------------------------------------------


class Shown:
    """What traces at hand show of pairs of rules.  Sets of traces are the bits of integers."""

    def __init__(self, rules: Sequence[Rule], known: Sequence[Judged]) -> None:
        """Take rules, and traces on which they and what `forbidding` made of them were judged."""
        self.violated = {rule.id: _bits(rule.id in one.violated for one in known) for rule in rules}
        self.met = {rule.id: _bits(rule.id in one.met for one in known) for rule in rules}
        self.one_trace = {rule.id: self._unmoved(rule, known, single=True) for rule in rules}
        self.two_traces = {rule.id: self._unmoved(rule, known, single=False) for rule in rules}

    def _unmoved(self, rule: Rule, known: Sequence[Judged], *, single: bool) -> int:
        """Return the traces whose spans leave a rule satisfied where it is active and satisfied already.

        They may come into the same trace, behind it (``single``), or as traces of their own.
        """
        unviolated = ~self.violated[rule.id]
        if rule.scope.kind is ScopeKind.TRACE and not single:
            return unviolated
        if is_additive(rule):
            return unviolated
        everywhere = forbidding(rule)
        found = 0
        if everywhere is not None:
            found |= unviolated & ~_bits(everywhere.id in one.violated for one in known)
        if rule.scope.kind is ScopeKind.KEY:
            return found | unviolated & _bits(not key_values(rule, one.spans) for one in known)
        names = span_names(rule)
        if names is not None:
            found |= _bits(names.isdisjoint(span.name for span in one.spans) for one in known)
        return found

    def only(self, one: Rule, two: Rule) -> bool:
        """Return whether a trace violates the first rule and not the second."""
        return bool(self.violated[one.id] & ~self.violated[two.id])

    def both_met(self, one: Rule, two: Rule) -> bool:
        """Return whether a trace, or two put together, make both rules active and satisfied."""
        if self.met[one.id] & self.met[two.id]:
            return True
        single = one.scope.kind is two.scope.kind is ScopeKind.TRACE
        unmoved = self.one_trace if single else self.two_traces
        return bool(self.met[one.id] & unmoved[two.id]) and bool(self.met[two.id] & unmoved[one.id])


def _bits(flags: Iterable[bool]) -> int:
    return sum(1 << at for at, flag in enumerate(flags) if flag)
