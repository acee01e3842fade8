"""Checks that every variable a rule names is bound where it is used, exactly once.

In a conjunction a variable is visible everywhere, whatever the order.  A disjunction binds what all its branches
bind.  A negation and an aggregate bind nothing outside themselves.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias, assert_never

from fluo_logic.lang.source import Mistakes
from fluo_logic.lang.suggest import did_you_mean
from fluo_logic.lang.syntax import (
    Aggregate,
    And,
    Condition,
    Exists,
    MeasureComparison,
    Not,
    Or,
    Origin,
    Pattern,
    Related,
    Rule,
    SameSpan,
    TextPart,
    Variable,
    VariableIsTrue,
    VariableValue,
)
from fluo_logic.lang.walk import nodes

Bindings: TypeAlias = dict[str, Origin]
Seen: TypeAlias = Callable[[str], Origin | None]


def check_variables(rule: Rule, mistakes: Mistakes) -> None:
    """Report what is wrong with the variables of a rule."""
    _Checker(mistakes, _binding_sites(rule)).rule(rule)


def bound_by(condition: Condition | None) -> Bindings:
    """Return the variables that a condition binds for what stands beside it, and where."""
    match condition:
        case None | MeasureComparison() | VariableIsTrue() | SameSpan() | Not():
            return {}
        case Exists() | Related():
            return dict(_bound_in(condition))
        case And():
            return {name: origin for part in condition.parts for name, origin in bound_by(part).items()}
        case Or():
            first, *others = (bound_by(part) for part in condition.parts)
            return {name: origin for name, origin in first.items() if all(name in other for other in others)}
        case _:
            assert_never(condition)


def _bound_in(root: object) -> Iterator[tuple[str, Origin]]:
    for node in nodes(root):
        if isinstance(node, Pattern) and node.variable is not None:
            yield node.variable, node.origin


def _used_in(root: object) -> Iterator[tuple[str, Origin]]:
    for node in nodes(root):
        if isinstance(node, VariableValue):
            yield node.variable, node.origin
        elif isinstance(node, Variable):
            yield node.name, node.origin


@dataclass(frozen=True, slots=True)
class _Site:
    """Where a variable is bound, and why it may not be seen from elsewhere."""

    origin: Origin
    reason: str


def _binding_sites(rule: Rule) -> dict[str, _Site]:
    sites: dict[str, _Site] = {}
    blocks = [("when", rule.when), *((item.polarity.value, item.condition) for item in rule.obligations)]
    for name, condition in blocks:
        if condition is not None:
            _add_sites(sites, condition, f"in {'a' if name != 'always' else 'an'} `{name}` block")
    return sites


def _add_sites(sites: dict[str, _Site], condition: Condition, reason: str) -> None:
    match condition:
        case And():
            for part in condition.parts:
                _add_sites(sites, part, reason)
        case Or():
            every = bound_by(condition)
            for part in condition.parts:
                _add_sites(sites, part, "or" if not every.keys() >= bound_by(part).keys() else reason)
        case Not():
            _add_sites(sites, condition.part, "not")
        case MeasureComparison():
            for variable, origin in _bound_in(condition):
                sites.setdefault(variable, _Site(origin, "aggregate"))
        case Exists() | Related() | SameSpan() | VariableIsTrue():
            for variable, origin in _bound_in(condition):
                sites.setdefault(variable, _Site(origin, reason))
        case _:
            assert_never(condition)


def _seen_beside(places: dict[str, dict[int, Origin]], index: int, seen: Seen, name: str) -> Origin | None:
    """Return where another conjunct than the one at ``index`` binds ``name``, or else what ``seen`` knows.

    Of two conjuncts that bind the same name, only the later one is told of the other.
    """
    for first, origin in places.get(name, {}).items():
        return origin if first < index or index not in places[name] else seen(name)
    return seen(name)


@dataclass(slots=True)
class _Checker:
    mistakes: Mistakes
    sites: dict[str, _Site]
    partial: set[str] = field(default_factory=set)
    """The variables that were reported where they are bound, so that their uses need no report."""

    def rule(self, rule: Rule) -> None:
        outer = bound_by(rule.when)
        if rule.when is not None:
            self._once(rule.when, lambda _: None)
            self._partial(rule.when)
            self._condition(rule.when, frozenset(outer))
        for obligation in rule.obligations:
            self._once(obligation.condition, outer.get)
            self._condition(obligation.condition, frozenset(outer) | bound_by(obligation.condition).keys())
        if rule.metadata.display is not None:
            for part in rule.metadata.display.parts:
                if not isinstance(part, TextPart):
                    self._display(part, frozenset(outer))

    def _once(self, condition: Condition, seen: Seen) -> None:
        """Report a variable that is bound where it already has a meaning; ``seen`` tells where it got one."""
        match condition:
            case And():
                self._conjuncts_once(condition, seen)
            case Or():
                for part in condition.parts:
                    self._once(part, seen)
            case Not():
                self._once(condition.part, seen)
            case MeasureComparison():
                for node in nodes(condition):
                    if isinstance(node, Aggregate):
                        self._each_once(node, seen)
            case Exists() | Related() | SameSpan() | VariableIsTrue():
                self._each_once(condition, seen)
            case _:
                assert_never(condition)

    def _conjuncts_once(self, condition: And, seen: Seen) -> None:
        places: dict[str, dict[int, Origin]] = {}
        for index, part in enumerate(condition.parts):
            for name, origin in bound_by(part).items():
                places.setdefault(name, {})[index] = origin
        for index, part in enumerate(condition.parts):
            self._once(part, functools.partial(_seen_beside, places, index, seen))

    def _each_once(self, root: object, seen: Seen) -> None:
        here: Bindings = {}
        for name, origin in _bound_in(root):
            before = here.get(name) or seen(name)
            if before is not None:
                hint = f"it is bound at line {before.line} already; choose another name"
                self.mistakes.report_at("E202", f"`${name}` is bound twice", origin, hint)
            here[name] = origin

    def _partial(self, condition: Condition) -> None:
        """Report a variable of ``when`` that only some branches of an ``or`` bind."""
        if isinstance(condition, And):
            for part in condition.parts:
                self._partial(part)
        if not isinstance(condition, Or):
            return
        every = bound_by(condition)
        for part in condition.parts:
            self._partial(part)
            for name, origin in bound_by(part).items():
                if name not in every:
                    self.partial.add(name)
                    message = f"`${name}` is bound in one branch of an `or` only"
                    self.mistakes.report_at("E203", message, origin, "bind it in every branch, or write two rules")

    def _condition(self, condition: Condition, visible: frozenset[str]) -> None:
        match condition:
            case And():
                for part in condition.parts:
                    self._condition(part, visible)
            case Or():
                for part in condition.parts:
                    self._condition(part, visible | bound_by(part).keys())
            case Not():
                self._condition(condition.part, visible | bound_by(condition.part).keys())
            case MeasureComparison():
                self._measures(condition, visible)
            case Exists() | Related() | SameSpan() | VariableIsTrue():
                self._uses(condition, visible)
            case _:
                assert_never(condition)

    def _measures(self, condition: MeasureComparison, visible: frozenset[str]) -> None:
        inside: set[int] = set()
        for node in nodes(condition):
            if isinstance(node, Aggregate):
                local = visible | {name for name, _ in _bound_in(node)}
                self._uses(node, local)
                inside.update(id(used) for used in nodes(node))
        for node in nodes(condition):
            if isinstance(node, VariableValue) and id(node) not in inside:
                self._use(node.variable, node.origin, visible)

    def _uses(self, root: object, visible: frozenset[str]) -> None:
        for name, origin in _used_in(root):
            self._use(name, origin, visible)

    def _use(self, name: str, origin: Origin, visible: frozenset[str]) -> None:
        if name in visible or name in self.partial:
            return
        site = self.sites.get(name)
        if site is None:
            hint = did_you_mean(name, sorted(visible), "$") or f"bind it with `as ${name}`"
            self.mistakes.report_at("E201", f"no span is called `${name}` here", origin, hint)
            return
        line = site.origin.line
        match site.reason:
            case "not":
                message = f"`${name}` is bound under a `not` at line {line}, so it names no span here"
                self.mistakes.report_at("E204", message, origin, "move what uses it into that `not`")
            case "or":
                message = f"`${name}` is bound in one branch of an `or` at line {line}, so it may name no span here"
                self.mistakes.report_at(
                    "E203", message, origin, "bind it in every branch, or move its use into that one"
                )
            case "aggregate":
                message = f"`${name}` is bound inside a count or another aggregate at line {line}, and known only there"
                self.mistakes.report_at("E205", message, origin, "bind a variable of its own outside")
            case reason:
                message = f"`${name}` is bound {reason} at line {line}, and known only there"
                self.mistakes.report_at("E201", message, origin, "bind it in `when` to use it in every block")

    def _display(self, value: VariableValue, visible: frozenset[str]) -> None:
        if value.variable not in visible:
            message = f"`display` can show variables that `when` binds, and `${value.variable}` is none"
            hint = did_you_mean(value.variable, sorted(visible), "$")
            self.mistakes.report_at(
                "E207", message, value.origin, hint or f"bind it in `when` with `as ${value.variable}`"
            )
