"""Checks that what is compared, counted and added can be."""

from __future__ import annotations

from typing import Final

import re2

from fluo_logic.facts.model import Kind as SpanKind
from fluo_logic.facts.model import Status
from fluo_logic.lang.kinds import Kind, kind_of, kind_of_path
from fluo_logic.lang.source import Mistakes
from fluo_logic.lang.suggest import choices, did_you_mean
from fluo_logic.lang.syntax import (
    INTRINSICS,
    Aggregate,
    Arithmetic,
    Comparison,
    Duration,
    Function,
    HasEvent,
    IsTrue,
    ListLiteral,
    Literal,
    Measure,
    MeasureComparison,
    Operand,
    Origin,
    OwnValue,
    Path,
    PathKind,
    Relation,
    RelationKind,
    VariableIsTrue,
    VariableValue,
)
from fluo_logic.lang.walk import nodes
from fluo_logic.values import ORDER_OPERATORS, TEXT_OPERATORS, compile_pattern

WORDS: Final = {
    "span:kind": tuple(kind.value for kind in SpanKind),
    "span:status": tuple(status.value for status in Status),
}
"""The words that these intrinsics have as values."""
WINDOWED: Final = frozenset({Function.COUNT, Function.COUNT_DISTINCT, Function.SUM})
WITHIN_RELATIONS: Final = frozenset({RelationKind.BEFORE, RelationKind.AFTER})
EXACT: Final = frozenset({"==", "!=", "in", "not in"})
UNIT_HINT: Final = "write the unit: `30s`, `200ms`, `1.5h`"


def check_types(root: object, mistakes: Mistakes) -> None:
    """Report every comparison, aggregate, sum and relation below ``root`` that cannot mean anything."""
    checker = _Checker(mistakes)
    for node in nodes(root):
        match node:
            case Path():
                checker.path(node)
            case Comparison():
                checker.compared(kind_of_path(node.path), node.path, node.operator, node.right, node.origin)
            case MeasureComparison():
                checker.measures(node)
            case IsTrue():
                checker.is_true(node.path, node.origin)
            case VariableIsTrue():
                checker.is_true(node.value.path, node.origin)
            case Arithmetic():
                checker.arithmetic(node)
            case Aggregate():
                checker.aggregate(node)
            case Relation():
                checker.relation(node)
            case HasEvent():
                checker.event(node)


class _Checker:
    def __init__(self, mistakes: Mistakes) -> None:
        self.mistakes = mistakes

    def report(self, code: str, message: str, origin: Origin, hint: str | None = None) -> None:
        self.mistakes.report_at(code, message, origin, hint)

    def path(self, path: Path) -> None:
        if path.kind is PathKind.INTRINSIC and path.key not in INTRINSICS:
            hint = did_you_mean(path.key, INTRINSICS) or f"the fields are {choices(INTRINSICS)}"
            self.report("E210", f"a span has no field `{path.key}`", path.origin, hint)

    def is_true(self, path: Path, origin: Origin) -> None:
        kind = kind_of_path(path)
        if kind not in {Kind.UNKNOWN, Kind.BOOLEAN} and path.key in INTRINSICS:
            message = f"`{path.key}` is {kind.value}, so it is neither true nor false"
            self.report("E301", message, origin, f"compare it, or write `exists({path.key})`")

    # --- comparisons ----------------------------------------------------------------------------------------------

    def measures(self, node: MeasureComparison) -> None:
        left, right = node.left, node.right
        if node.operator not in EXACT | ORDER_OPERATORS:
            hint = "bind the span and write `.where(…)` at its pattern"
            self.report("E304", f"`{node.operator}` stands only inside `where`", node.origin, hint)
            return
        if isinstance(right, Literal) and right.bare and node.operator in ORDER_OPERATORS:
            hint = f'write `$x.{right.value}` for an attribute, or `"{right.value}"` for a text'
            self.report("E301", f"`{right.value}` alone does not say of which span", right.origin, hint)
            return
        path = left.path if isinstance(left, VariableValue) else None
        right_path = right.path if isinstance(right, VariableValue) else None
        if isinstance(left, Literal) and right_path is not None and node.operator not in {"in", "not in"}:
            self.compared(kind_of(right), right_path, node.operator, left, node.origin)
        else:
            self.compared(kind_of(left), path, node.operator, right, node.origin)

    def compared(self, left: Kind, path: Path | None, operator: str, right: Operand | Measure, origin: Origin) -> None:
        """Check ``left operator right``; ``path`` is what the left side reads, if it reads one value."""
        if path is not None and path.kind is PathKind.INTRINSIC and path.key not in INTRINSICS:
            return
        if operator in {"in", "not in"}:
            self._membership(left, path, operator, right)
        elif operator in TEXT_OPERATORS:
            self._text(left, operator, right, origin)
        elif isinstance(right, ListLiteral):
            hint = "write `in` or `not in`"
            self.report("E308", f"`{operator}` compares with one value, and this is a list", right.origin, hint)
        elif operator in ORDER_OPERATORS and Kind.BOOLEAN in {left, kind_of(right)}:
            self.report("E303", "true and false have no order", origin, "compare with `==`")
        else:
            self._pair(left, kind_of(right), right, origin)
            self._word(path, right)

    def _membership(self, left: Kind, path: Path | None, operator: str, right: Operand | Measure) -> None:
        match right:
            case ListLiteral(items=()):
                self.report("E309", "this list is empty, so nothing is in it", right.origin)
            case ListLiteral() if left is Kind.TIME:
                self.report("E301", "points in time do not stand in lists", right.origin, "compare with `==` and `or`")
            case ListLiteral():
                for item in right.items:
                    self._pair(left, kind_of(item), item, item.origin)
                    self._word(path, item)
            case OwnValue() | VariableValue():
                if kind_of(right) is not Kind.UNKNOWN:
                    message = f"`{operator}` needs a list, and `{right.path.key}` is {kind_of(right).value}"
                    self.report("E308", message, right.origin, "compare with `==`")
            case _:
                hint = f"write `[{right.origin.text}]`"
                self.report("E308", f"`{operator}` needs a list", right.origin, hint)

    def _text(self, left: Kind, operator: str, right: Operand | Measure, origin: Origin) -> None:
        if left in {Kind.NUMBER, Kind.BOOLEAN, Kind.DURATION, Kind.TIME}:
            self.report("E304", f"`{operator}` is for texts, and the left side is {left.value}", origin)
            return
        kind = kind_of(right)
        if operator == "matches":
            self._pattern(right)
        elif kind in {Kind.DURATION, Kind.TIME, Kind.LIST} or (
            operator != "contains" and kind in {Kind.NUMBER, Kind.BOOLEAN}
        ):
            hint = f'quote it: `"{right.origin.text}"`' if kind is not Kind.LIST else None
            self.report("E304", f"`{operator}` needs a text, and this is {kind.value}", right.origin, hint)

    def _pattern(self, right: Operand | Measure) -> None:
        if not isinstance(right, Literal) or not isinstance(right.value, str):
            hint = "the pattern is compiled when the rule loads, so it cannot come from a span"
            self.report("E306", "`matches` needs a pattern in quotes", right.origin, hint)
            return
        try:
            compile_pattern(right.value)
        except re2.error as error:
            reason = str(error.args[0] if error.args else error)
            if isinstance(error.args[0] if error.args else None, bytes):
                reason = error.args[0].decode("utf-8", "replace")
            message = f"RE2 cannot read this pattern: {reason}"
            hint = "RE2 has no look-around and no back-references"
            self.report("E306", message, right.origin, hint if "perl" in reason or "escape" in reason else None)

    def _pair(self, left: Kind, right_kind: Kind, right: Operand | Measure, origin: Origin) -> None:
        """Report two sorts of values that never compare."""
        kinds = {left, right_kind}
        if left is right_kind or (Kind.UNKNOWN in kinds and not kinds & {Kind.DURATION, Kind.TIME}):
            return
        if kinds == {Kind.DURATION, Kind.NUMBER} and isinstance(right, Duration):
            message = f"the left side is a plain number, and `{right.origin.text}` is a duration"
            self.report("E302", message, origin, "compare it with a number")
        elif kinds == {Kind.DURATION, Kind.NUMBER}:
            self.report("E302", "a duration beside a bare number", origin, UNIT_HINT)
        elif kinds == {Kind.TIME, Kind.NUMBER}:
            hint = 'write an RFC 3339 string such as "2026-03-01T12:00:00Z"; a difference of times is a duration'
            self.report("E302", "a point in time beside a bare number", origin, hint)
        elif kinds == {Kind.DURATION, Kind.UNKNOWN}:
            if isinstance(right, Duration):
                message = f"an attribute is a plain number, and `{right.origin.text}` is a duration"
                hint = "write the number in the attribute's own unit, or compare `span:duration`"
            else:
                message = "a duration beside an attribute, which is a plain number"
                hint = "multiply the attribute by its unit in a comparison of measures: `$x.timeout * 1ms`"
            self.report("E302", message, origin, hint)
        elif Kind.TEXT in kinds and Kind.NUMBER in kinds and self._may_read_as_number(left, right):
            return
        else:
            self.report("E301", f"{left.value} never compares with {right_kind.value}", origin, _way_out(kinds))

    @staticmethod
    def _may_read_as_number(left: Kind, right: Operand | Measure) -> bool:
        """A name or an id may be a text of digits; a text constant beside a number is a slip."""
        return left is Kind.TEXT or isinstance(right, VariableValue | OwnValue)

    def _word(self, path: Path | None, right: Operand | Measure) -> None:
        words = WORDS.get(path.key) if path is not None and path.kind is PathKind.INTRINSIC else None
        if words is None or path is None or not isinstance(right, Literal) or right.value in words:
            return
        word = str(right.value)
        plain = word.lower().removeprefix("span_kind_").removeprefix("status_code_")
        hint = did_you_mean(plain, words) or f"it is one of {choices(words)}"
        self.report("E206", f"`{path.key}` is never `{word}`", right.origin, hint)

    # --- aggregates, sums, relations, events ----------------------------------------------------------------------

    def arithmetic(self, node: Arithmetic) -> None:
        left, right = kind_of(node.left), kind_of(node.right)
        kinds = {left, right}
        for side, kind in ((node.left, left), (node.right, right)):
            if kind in {Kind.TEXT, Kind.BOOLEAN, Kind.LIST}:
                self.report("E307", f"`{node.operator}` is for numbers, and this is {kind.value}", side.origin)
                return
        if node.operator == "*":
            if Kind.TIME in kinds or left is right is Kind.DURATION:
                message = f"{left.value} cannot be multiplied by {right.value}"
                self.report("E307", message, node.origin, "multiply by a number")
        elif Kind.TIME in kinds:
            self._time_arithmetic(node, left, right)
        elif Kind.DURATION in kinds and left is not right:
            message = f"a duration and {_other(left, right).value} cannot be added or subtracted"
            self.report("E302", message, node.origin, UNIT_HINT)

    def _time_arithmetic(self, node: Arithmetic, left: Kind, right: Kind) -> None:
        sound = {(Kind.TIME, "-", Kind.TIME), (Kind.TIME, "-", Kind.DURATION)}
        if node.operator == "+":
            sound = {(Kind.TIME, "+", Kind.DURATION), (Kind.DURATION, "+", Kind.TIME)}
        if (left, node.operator, right) not in sound:
            code = "E302" if _other(left, right) in {Kind.NUMBER, Kind.UNKNOWN} else "E307"
            message = f"`{left.value} {node.operator} {right.value}` has no meaning"
            hint = "times are subtracted from each other, and durations are added to and subtracted from them"
            self.report(code, message, node.origin, hint)

    def aggregate(self, node: Aggregate) -> None:
        if node.within is not None:
            if node.function not in WINDOWED:
                message = f"`{node.function.value}` has no windows"
                self.report(
                    "E305", message, node.within.origin, "windows belong to `count`, `count(distinct …)` and `sum`"
                )
            elif node.within.nanoseconds <= 0:
                self.report("E305", "a window is longer than zero", node.within.origin)
        if node.path is None or node.function in {Function.COUNT, Function.COUNT_DISTINCT}:
            return
        kind = kind_of_path(node.path)
        summed = node.function in {Function.SUM, Function.AVG}
        if kind in {Kind.TEXT, Kind.BOOLEAN} or (kind is Kind.TIME and summed):
            message = f"`{node.function.value}` is for numbers, and `{node.path.key}` is {kind.value}"
            self.report("E307", message, node.path.origin, "`count(distinct …)` takes any attribute")

    def relation(self, node: Relation) -> None:
        if node.within is None:
            return
        if node.kind not in WITHIN_RELATIONS:
            message = f"`within` belongs to `before` and `after`, not to `{node.kind.value}`"
            self.report("E305", message, node.within.origin)
        elif node.within.nanoseconds < 0:
            self.report("E305", "a gap is never negative", node.within.origin)

    def event(self, node: HasEvent) -> None:
        for inner in nodes(node.predicate):
            if isinstance(inner, HasEvent):
                self.report("E211", "events have no events of their own", inner.origin, "join the two with `and`")


def _other(left: Kind, right: Kind) -> Kind:
    return right if left in {Kind.TIME, Kind.DURATION} else left


def _way_out(kinds: set[Kind]) -> str | None:
    if Kind.DURATION in kinds:
        return "durations compare with durations only"
    if Kind.TIME in kinds:
        return "`span:start` and `span:end` compare with times and with RFC 3339 strings"
    if Kind.BOOLEAN in kinds:
        return "write `true` or `false` without quotes"
    return None
