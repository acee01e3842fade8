"""Conditions and predicates that are true of everything, or of nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final, TypeAlias

from fluo_logic.lang.syntax import (
    And,
    Comparison,
    Exists,
    HasEvent,
    Literal,
    MeasureComparison,
    Not,
    Or,
    Origin,
    OwnValue,
    Path,
    PathKind,
    Pattern,
    PredicateAnd,
    PredicateNot,
    PredicateOr,
    Related,
    Relation,
    Rule,
    SameSpan,
    Variable,
)
from fluo_logic.lang.walk import nodes
from fluo_logic.tooling.lint_finding import Found, conditions
from fluo_logic.tooling.lint_values import LITERALS, Test, key_of, without_value

MOST_BRANCHES: Final = 256
"""Beyond so many ways to satisfy a condition it is taken for one that can be true and false."""
FLIPPED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
POSITIVE: Final = {"!=": "==", "not in": "in"}
NOTHING: Final = "nothing"
"""The key of what is never true."""


@dataclass(frozen=True, slots=True)
class _Atom:
    """A condition without parts: what it is, and the test of a value that it makes, if it makes one."""

    key: str
    holds: bool
    test: Test | None = None
    subject: object = None


Branch: TypeAlias = tuple[_Atom, ...]


def constant(rule: Rule) -> Iterator[Found]:
    """Yield the smallest conditions and predicates that nothing satisfies, or everything does."""
    for condition in conditions(rule):
        found = list(_within(condition))
        yield from found or _verdict(condition, condition.origin)


def _within(node: object) -> Iterator[Found]:
    """Yield what is constant below a node; what follows from it for the node itself is not told again."""
    for part in _parts(node):
        found = list(_within(part))
        yield from found or _verdict(part, getattr(part, "origin"))  # noqa: B009 - every node has one
    if isinstance(node, Exists | Related | MeasureComparison):
        for pattern in (one for one in nodes(node) if isinstance(one, Pattern)):
            found = [one for predicate in pattern.predicates for one in _in_predicate(predicate)]
            yield from found or _pattern(pattern)


def _in_predicate(predicate: object) -> list[Found]:
    found = [one for part in _parts(predicate) for one in _in_predicate(part)]
    return found or list(_verdict(predicate, getattr(predicate, "origin")))  # noqa: B009 - likewise


def _pattern(pattern: Pattern) -> Iterator[Found]:
    """Yield that no span matches a pattern, where its name and its predicates exclude each other."""
    named = Path(PathKind.INTRINSIC, "span:name", origin=pattern.origin)
    own = (
        () if pattern.name is None else (_test(named, "==", Literal(pattern.name, origin=pattern.origin), holds=True),)
    )
    branches = _all([(own,), *(_branches(predicate, holds=True) for predicate in pattern.predicates)])
    if pattern.predicates and branches is not None and all(map(_contradictory, branches)):
        yield Found("L105", "no span can match this pattern", pattern.origin)


def _verdict(node: object, origin: Origin) -> Iterator[Found]:
    text = " ".join(origin.text.split())
    satisfied, failed = _branches(node, holds=True), _branches(node, holds=False)
    if satisfied is not None and all(map(_contradictory, satisfied)):
        yield Found("L105", f"`{text}` is never true", origin)
    elif failed is not None and all(map(_contradictory, failed)):
        yield Found("L106", f"`{text}` is always true", origin)


def _parts(node: object) -> tuple[object, ...]:
    match node:
        case And(parts=parts) | Or(parts=parts):
            return parts
        case PredicateAnd(parts=parts) | PredicateOr(parts=parts):
            return parts
        case Not(part=part):
            return (part,)
        case PredicateNot(part=part):
            return (part,)
        case HasEvent(predicate=predicate) if predicate is not None:
            return (predicate,)
        case _:
            return ()


# --- ways to be true or false -------------------------------------------------------------------------------------


def _branches(node: object, *, holds: bool) -> tuple[Branch, ...] | None:
    """Return the ways in which a node is true, or false, each a conjunction; None where there are too many."""
    match node:
        case Not(part=part):
            return _branches(part, holds=not holds)
        case PredicateNot(part=part):
            return _branches(part, holds=not holds)
        case And() | Or() if not holds and _binds(node):
            # What is not there for one span of a variable may be there for another.
            return ((_atom(node, holds=holds),),)
        case And() | PredicateAnd() | Or() | PredicateOr():
            each = [_branches(part, holds=holds) for part in node.parts]
            return _all(each) if isinstance(node, And | PredicateAnd) == holds else _any(each)
        case _:
            return ((_atom(node, holds=holds),),)


def _all(each: Sequence[tuple[Branch, ...] | None]) -> tuple[Branch, ...] | None:
    known = [one for one in each if one is not None]
    count = 1
    for one in known:
        count *= len(one)
    if len(known) < len(each) or count > MOST_BRANCHES:
        return None
    return tuple(tuple(atom for branch in chosen for atom in branch) for chosen in product(*known))


def _any(each: Sequence[tuple[Branch, ...] | None]) -> tuple[Branch, ...] | None:
    known = [one for one in each if one is not None]
    found = tuple(branch for one in known for branch in one)
    return found if len(known) == len(each) and len(found) <= MOST_BRANCHES else None


def _atom(node: object, *, holds: bool) -> _Atom:
    match node:
        case Comparison(path=path, operator=operator, right=right):
            return _test(path, operator, right, holds=holds)
        case MeasureComparison(left=left, operator=operator, right=right):
            if isinstance(left, LITERALS) and not isinstance(right, LITERALS) and operator in FLIPPED:
                left, operator, right = right, FLIPPED[operator], left
            return _test(left, operator, right, holds=holds)
        case SameSpan(left=left, right=right, negated=negated):
            same = left.name == right.name
            return _Atom(NOTHING if same else f"is {sorted((left.name, right.name))}", holds=holds != (negated != same))
        case Related(relation=Relation(left=Variable(name=one), right=Variable(name=other))) if one == other:
            return _Atom(NOTHING, holds=holds)
        case _:
            return _Atom(repr(node), holds=holds)


def _test(subject: object, operator: str, right: object, *, holds: bool) -> _Atom:
    if operator in POSITIVE:
        operator, holds = POSITIVE[operator], not holds
    other = right.path if isinstance(right, OwnValue) else right
    test = Test(operator, right if isinstance(right, LITERALS) else key_of(other), holds=holds)
    return _Atom(f"{key_of(subject)} {operator} {key_of(other)}", holds=holds, test=test, subject=subject)


def _binds(node: object) -> bool:
    return any(isinstance(one, Pattern) and one.variable is not None for one in nodes(node))


def _contradictory(branch: Branch) -> bool:
    """Return whether nothing satisfies all of a conjunction."""
    true = {atom.key for atom in branch if atom.holds}
    if NOTHING in true or any(atom.key in true for atom in branch if not atom.holds):
        return True
    subjects = {key_of(atom.subject): atom.subject for atom in branch if atom.test is not None}
    return any(
        without_value(subject, [atom.test for atom in branch if atom.test is not None and key_of(atom.subject) == key])
        for key, subject in subjects.items()
    )
