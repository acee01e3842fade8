"""Variants of a rule that leave out one branch of an ``and`` or ``or`` each: what examples ought to notice.

Source of the idea: DeMillo, Lipton, Sayward, "Hints on test data selection" (1978), known as mutation testing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Final, TypeVar

from fluo_logic.lang.check_variables import bound_by
from fluo_logic.lang.format import format_rule
from fluo_logic.lang.parse import parse_rules
from fluo_logic.lang.syntax import (
    And,
    Condition,
    Exists,
    Or,
    Origin,
    Pattern,
    PredicateAnd,
    PredicateOr,
    Reading,
    Rule,
    TextPart,
    Variable,
    VariableValue,
)
from fluo_logic.lang.walk import nodes

Part = TypeVar("Part")
MOST: Final = 200
"""How many branches of one rule are looked at."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch of an ``and`` or ``or``, and the rule without it, whose id is ``rule.id`` and a number."""

    word: str
    origin: Origin
    without: Rule

    @property
    def text(self) -> str:
        """The text of the branch on one line."""
        return " ".join(self.origin.text.split())


def branches(rule: Rule) -> list[Branch]:
    """Return the branches of a rule that can be left out, in source order, at most `MOST`.

    Where other parts use a variable that a branch binds, the variable stays and stands for any span.
    """
    found: list[Branch] = []
    for word, origin, mutant in _mutants(rule):
        if len(found) == MOST:
            break
        named = replace(mutant, id=f"{rule.id}.{len(found) + 1}", examples=(), reading=Reading.BLOCKS)
        # Read again, so that what a rule must not be (a variable that nothing binds) is never solved.
        read, errors = parse_rules(format_rule(named), rule.origin.file)
        if not errors and len(read) == 1:
            found.append(Branch(word, origin, read[0]))
    return found


def _mutants(rule: Rule) -> Iterator[tuple[str, Origin, Rule]]:
    conditions = [obligation.condition for obligation in rule.obligations]
    # The `when` of a bare condition that is forbidden repeats a part of it.
    if rule.when is not None and rule.reading is not Reading.VIOLATION:
        conditions.insert(0, rule.when)
    for condition in conditions:
        for node in nodes(condition):
            for word, origin, new in _without(node, rule):
                yield word, origin, _exchanged(rule, node, new)


def _without(node: object, rule: Rule) -> Iterator[tuple[str, Origin, object]]:
    match node:
        case And(parts=parts):
            for index, part in enumerate(parts):
                kept = [*parts[:index], *_bindings(part, rule), *parts[index + 1 :]]
                if part not in kept or kept.count(part) < parts.count(part):
                    yield "and", part.origin, kept[0] if len(kept) == 1 else replace(node, parts=tuple(kept))
        case Or(parts=parts):
            for part, left in _each_left_out(parts):
                yield "or", part.origin, left[0] if len(left) == 1 else replace(node, parts=left)
        case PredicateOr(parts=tests) | PredicateAnd(parts=tests):
            for test, others in _each_left_out(tests):
                word = "or" if isinstance(node, PredicateOr) else "and"
                yield word, test.origin, others[0] if len(others) == 1 else replace(node, parts=others)
        case Pattern(predicates=tests) if len(tests) > 1:
            for test, others in _each_left_out(tests):
                yield "and", test.origin, replace(node, predicates=others)
        case _:
            return


def _each_left_out(parts: tuple[Part, ...]) -> Iterator[tuple[Part, tuple[Part, ...]]]:
    for index, part in enumerate(parts):
        yield part, parts[:index] + parts[index + 1 :]


def _bindings(part: Condition, rule: Rule) -> list[Condition]:
    """Return patterns of any span for the variables of a part that the rest of the rule uses."""
    inside = {id(node) for node in nodes(part)}
    shown = () if rule.metadata.display is None else rule.metadata.display.parts
    roots = (rule.when, *(obligation.condition for obligation in rule.obligations))
    used = {piece.variable for piece in shown if not isinstance(piece, TextPart)}
    for node in (node for root in roots if root is not None for node in nodes(root)):
        if id(node) in inside:
            continue
        if isinstance(node, VariableValue):
            used.add(node.variable)
        elif isinstance(node, Variable):
            used.add(node.name)
    return [
        Exists(Pattern(None, variable=name, origin=origin), origin=origin)
        for name, origin in bound_by(part).items()
        if name in used
    ]


def _exchanged(rule: Rule, old: object, new: object) -> Rule:
    exchanged = _rebuilt((rule.when, rule.obligations), old, new)
    return replace(rule, when=exchanged[0], obligations=exchanged[1])


def _rebuilt(root: Any, old: object, new: object) -> Any:  # noqa: ANN401 - any node of a syntax tree, or a tuple of them
    if root is old:
        return new
    if isinstance(root, tuple):
        parts = tuple(_rebuilt(part, old, new) for part in root)
        return root if all(one is two for one, two in zip(parts, root, strict=True)) else parts
    if not is_dataclass(root) or isinstance(root, type | Origin):
        return root
    changes = {}
    for item in fields(root):
        before = getattr(root, item.name)
        after = _rebuilt(before, old, new)
        if after is not before:
            changes[item.name] = after
    return replace(root, **changes) if changes else root
