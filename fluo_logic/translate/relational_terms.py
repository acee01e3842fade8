"""Comparisons of the IR as SQL: exactly the truth that `fluo_logic.values.compare` gives, NULL standing for false.

What SQL cannot compare exactly becomes a call of a Boolean function that evaluates the literal in Python.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from sqlglot import exp

from fluo_logic.logic import Arith, Compare, Const, Field, Present, Sort, Term, Var
from fluo_logic.translate import relational_sql as sql
from fluo_logic.translate.relational_columns import TIMES, Columns, Part, number_text, split
from fluo_logic.values import Mode, Number, as_number, canonical_text, literal_mode

TIME_BITS = 65
COUNT_BITS = 48
"""More than enough for the number of spans of a data set; so a count is also a double, exactly."""


@dataclass(frozen=True, slots=True)
class Whole:
    """An integer in SQL, NULL where it is missing; ``bits`` bound its size."""

    sql: exp.Expr
    bits: int


@dataclass(frozen=True, slots=True)
class Pair:
    """A number as the double nearest to it and the rest, both NULL where it is missing or no number."""

    high: exp.Expr
    low: exp.Expr


@dataclass(frozen=True, slots=True)
class Result:
    """The result of an aggregate that is not a count: a row ``{high, low, whole}``, NULL where there is none."""

    sql: exp.Expr


Measured: TypeAlias = Whole | Result


class Sight(Protocol):
    """What the variables of a clause are in the query that it becomes."""

    def row(self, var: Var) -> str:
        """Return the alias of the table row of a span or event."""

    def value(self, var: Var) -> exp.Expr:
        """Return the number of a trace, span or event, or a text."""

    def measured(self, var: Var) -> Measured:
        """Return the result of an aggregate."""


@dataclass(frozen=True, slots=True)
class Function:
    """A Boolean function that a plan calls: ``literal`` of the values of ``leaves``, in this order."""

    name: str
    literal: Compare
    leaves: tuple[Field | Var, ...]
    results: tuple[bool, ...]
    """For each leaf that is a number: whether it is a row as of `Result`, and not an integer."""


@dataclass(slots=True)
class Comparisons:
    """Writes comparisons, and keeps what they need: columns and functions."""

    columns: Columns = field(default_factory=Columns)
    functions: dict[str, Function] = field(default_factory=dict)

    def truth(self, literal: Compare | Present, sight: Sight) -> exp.Expr:
        """Return a Boolean expression that is true where the literal holds, and else false or NULL."""
        match literal:
            case Present(term=term):
                return sql.present(self.part(term, Part.TEXT, sight))
            case Compare(left=Var() as left, op="==", right=Var() as right) if left.sort is not Sort.NUMBER:
                return sql.compared(sight.value(left), "==", sight.value(right))
            case Compare():
                native = self._native(literal, sight)
                return self._called(literal, sight) if native is None else native

    def part(self, term: Field, part: Part, sight: Sight) -> exp.Expr:
        """Return the column for a part of a field."""
        if (term.space, term.key, part) == ("intrinsic", "span:name", Part.TEXT):
            return sql.column(sight.row(term.of), "_name")
        return sql.column(sight.row(term.of), self.columns.name(term, part))

    # --- what SQL can compare -------------------------------------------------------------------------------------

    def _native(self, literal: Compare, sight: Sight) -> exp.Expr | None:
        left, op, right, mode = literal.left, literal.op, literal.right, literal.mode
        match op:
            case "in":
                return self._member(left, right, sight)
            case "contains":
                return self._contains(left, right, mode, sight)
            case "starts_with" | "ends_with" | "matches":
                return self._text_test(left, op, right, sight)
        if mode is Mode.TEXT or (mode is Mode.EACH and (_is_list(left) or _is_list(right))):
            # Beside a list no number is compared as one.
            return self._texts(left, op, right, sight)
        if mode is Mode.NUMBER:
            return self._numbers(left, op, right, sight)
        return self._by_kind(left, op, right, sight)

    def _texts(self, left: Term, op: str, right: Term, sight: Sight) -> exp.Expr | None:
        one, two = self._text(left, sight), self._text(right, sight)
        return None if one is None or two is None else sql.compared(one, op, two)

    def _text(self, term: Term, sight: Sight) -> exp.Expr | None:
        match term:
            case Const(value=value):
                return sql.text(canonical_text(value))
            case Field():
                return self.part(term, Part.TEXT, sight)
            case Var(sort=Sort.NUMBER):
                measured = sight.measured(term)
                return sql.cast(measured.sql, sql.TEXT) if isinstance(measured, Whole) else None
            case Var(sort=Sort.TEXT):
                return sight.value(term)
            case _:
                return None

    def _by_kind(self, left: Term, op: str, right: Term, sight: Sight) -> exp.Expr | None:
        """Compare numerically where both sides are numbers, and as texts elsewhere."""
        numbers = self._numbers(left, op, right, sight)
        if numbers is None:
            return None
        may_be_text = [term for term in (left, right) if isinstance(term, Field) and not _is_time(term)]
        if not may_be_text and not any(map(_is_text, (left, right))):
            return numbers
        texts = self._texts(left, op, right, sight)
        if texts is None:
            return None
        if any(_is_text(term) and as_number(term.value) is None for term in (left, right) if isinstance(term, Const)):
            return texts
        are_numbers = [sql.present(self.part(term, Part.HIGH, sight)) for term in may_be_text]
        times = [term for term in (left, right) if isinstance(term, Field) and _is_time(term)]
        are_numbers.extend(sql.present(self.part(term, Part.TIME, sight)) for term in times)
        by_kind = sql.when(sql.conjunction(are_numbers), numbers, texts)
        match left, op, right:
            case Field(of=of), "==", Field(of=other) if of != other:
                keys = (self.part(term, Part.KEY, sight) for term in (left, right) if isinstance(term, Field))
                return sql.conjunction([exp.EQ(this=next(keys), expression=next(keys)), by_kind])
            case _:
                return by_kind

    def _member(self, left: Term, right: Term, sight: Sight) -> exp.Expr | None:
        if not isinstance(right, Const):
            return None
        if not isinstance(right.value, tuple):
            return exp.false()
        texts = [item for item in right.value if literal_mode(item) is Mode.TEXT]
        numbers = [item for item in right.value if literal_mode(item) is Mode.NUMBER]
        parts: list[exp.Expr] = []
        if texts:
            tested = self._text(left, sight)
            if tested is None:
                return None
            items = [sql.text(text) for text in dict.fromkeys(map(canonical_text, texts))]
            parts.append(exp.In(this=tested, expressions=items))
        for number in numbers:
            equal = self._numbers(left, "==", Const(number), sight)
            if equal is None:
                return None
            parts.append(equal)
        return sql.disjunction(parts)

    def _contains(self, left: Term, right: Term, mode: Mode, sight: Sight) -> exp.Expr | None:
        text = self._text(right, sight)
        if text is None or not isinstance(left, Field) or (not isinstance(right, Const) and mode is not Mode.TEXT):
            return None
        inside = exp.Contains(this=self.part(left, Part.TEXT, sight), expression=text)
        if _is_time(left) or left.space == "intrinsic":
            return inside
        among = self._among_items(left, right, mode, sight)
        if among is None:
            return None
        is_list = sql.present(self.part(left, Part.ITEMS, sight))
        return sql.when(is_list, among, inside)

    def _among_items(self, left: Field, right: Term, mode: Mode, sight: Sight) -> exp.Expr | None:
        number = as_number(right.value) if isinstance(right, Const) else None
        if mode is Mode.TEXT or (number is None and mode is Mode.EACH):
            text = self._text(right, sight)
            items = self.part(left, Part.ITEMS, sight)
            return None if text is None else exp.ArrayContains(this=items, expression=text)
        if mode is Mode.NUMBER:
            if number is None:
                return exp.false()
            items = self.part(left, Part.NUMBERS, sight)
            return exp.ArrayContains(this=items, expression=sql.text(number_text(number)))
        return None

    def _text_test(self, left: Term, op: str, right: Term, sight: Sight) -> exp.Expr | None:
        one, two = self._text(left, sight), self._text(right, sight)
        if one is None or two is None:
            return None
        match op:
            case "starts_with":
                return exp.StartsWith(this=one, expression=two)
            case "ends_with":
                return exp.EndsWith(this=one, expression=two)
        # Only a constant pattern is known to compile.
        return exp.RegexpLike(this=one, expression=two) if isinstance(right, Const) else None

    # --- numbers --------------------------------------------------------------------------------------------------

    def _numbers(self, left: Term, op: str, right: Term, sight: Sight) -> exp.Expr | None:
        one, two = self.number(left, sight), self.number(right, sight)
        match one, two:
            case (None, _) | (_, None):
                return exp.false() if _no_number(left) or _no_number(right) else None
            case Whole(), Whole():
                return sql.compared(one.sql, op, two.sql)
            case Whole(), int() | float():
                return _whole_and_constant(one, op, two)
            case ((int() | float()), Whole()):
                return _whole_and_constant(two, _REVERSED[op], one)
            case Pair(), int() | float():
                return _pair_and_constant(one, op, two)
            case ((int() | float()), Pair()):
                return _pair_and_constant(two, _REVERSED[op], one)
            case ((int() | float()), (int() | float())):
                return exp.true() if sql.holds(one, op, two) else exp.false()
            case _:
                first, second = self._pair(left, one, sight), self._pair(right, two, sight)
                return None if first is None or second is None else _pairs(first, op, second)

    def number(self, term: Term, sight: Sight) -> Whole | Pair | Number | None:
        """Return a term as a number in SQL, or its value if it is known; None if SQL has no exact form for it."""
        match term:
            case Const(value=value):
                return as_number(value)
            case Field() if _is_time(term):
                return Whole(self.part(term, Part.TIME, sight), TIME_BITS)
            case Field():
                return Pair(self.part(term, Part.HIGH, sight), self.part(term, Part.LOW, sight))
            case Var(sort=Sort.NUMBER):
                measured = sight.measured(term)
                if isinstance(measured, Whole):
                    return measured
                return Pair(sql.member(measured.sql.copy(), "high"), sql.member(measured.sql.copy(), "low"))
            case Arith(op=op, left=left, right=right):
                return self._arithmetic(op, left, right, sight)
            case _:
                return None

    def _arithmetic(self, op: str, left: Term, right: Term, sight: Sight) -> Whole | None:
        one, two = (_as_whole(self.number(term, sight)) for term in (left, right))
        if one is None or two is None:
            return None
        bits = one.bits + two.bits if op == "*" else max(one.bits, two.bits) + 1
        if bits > sql.EXACT_BITS - 1:
            return None
        kind: type[exp.Binary] = {"+": exp.Add, "-": exp.Sub}.get(op, exp.Mul)
        return Whole(exp.paren(kind(this=sql.exact(one.sql), expression=sql.exact(two.sql)), copy=False), bits)

    def _pair(self, term: Term, number: Whole | Pair | Number | None, sight: Sight) -> Pair | None:
        match number:
            case Pair():
                return number
            case Whole() if isinstance(term, Field):
                return Pair(self.part(term, Part.HIGH, sight), self.part(term, Part.LOW, sight))
            case Whole(sql=expression, bits=bits) if bits < sql.SIMPLE.bit_length():
                return Pair(sql.cast(expression, sql.DOUBLE), sql.integer(0))
            case _:
                return None

    # --- what only Python can compare -----------------------------------------------------------------------------

    def _called(self, literal: Compare, sight: Sight) -> exp.Expr:
        leaves = tuple(dict.fromkeys((*_leaves(literal.left), *_leaves(literal.right))))
        measured: dict[Term, Measured] = {
            leaf: sight.measured(leaf) for leaf in leaves if isinstance(leaf, Var) and leaf.sort is Sort.NUMBER
        }
        results = tuple(isinstance(measured.get(leaf), Result) for leaf in leaves if isinstance(leaf, Var | Field))
        # Variables keep their names in the function, so the same comparison of other variables is another one.
        key = f"{literal!r} {results}"
        function = self.functions.get(key)
        if function is None:
            function = Function(f"fluo_holds_{len(self.functions) + 1}", literal, leaves, results)
            self.functions[key] = function
        arguments: list[exp.Expr] = []
        for leaf in leaves:
            if isinstance(leaf, Field):
                arguments.append(self.part(leaf, Part.VALUE, sight))
                continue
            match measured.get(leaf):
                case Result(sql=row):
                    arguments.extend(sql.member(row.copy(), name) for name in ("high", "low", "whole"))
                case Whole(sql=whole):
                    arguments.append(sql.exact(whole))
                case None:
                    arguments.append(sight.value(leaf))
        return sql.call(function.name, *arguments)


def _leaves(term: Term) -> Sequence[Field | Var]:
    match term:
        case Field() | Var():
            return (term,)
        case Arith(left=left, right=right):
            return (*_leaves(left), *_leaves(right))
        case Const():
            return ()


def term_fields(term: Term) -> Iterator[Field]:
    """Yield the fields in a term."""
    yield from (leaf for leaf in _leaves(term) if isinstance(leaf, Field))


def _as_whole(number: Whole | Pair | Number | None) -> Whole | None:
    match number:
        case Whole():
            return number
        case int():
            return Whole(sql.integer(number), max(1, number.bit_length()))
        case _:
            return None


def _is_list(term: Term) -> bool:
    return isinstance(term, Const) and isinstance(term.value, tuple)


def _is_text(term: Term) -> bool:
    return isinstance(term, Const | Var) and not _is_number(term)


def _is_number(term: Term) -> bool:
    match term:
        case Const(value=value):
            return isinstance(value, int | float) and not isinstance(value, bool)
        case Var(sort=sort):
            return sort is Sort.NUMBER
        case _:
            return False


def _no_number(term: Term) -> bool:
    return isinstance(term, Const) and as_number(term.value) is None


def _is_time(term: Term) -> bool:
    return isinstance(term, Field) and term.space == "intrinsic" and term.key in TIMES


_REVERSED = {"==": "==", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def _whole_and_constant(number: Whole, op: str, constant: Number) -> exp.Expr:
    """Compare an integer with a known number: one that is too large for it, or a fraction between two integers."""
    if abs(constant) >= 2**number.bits:
        return sql.present(number.sql) if sql.holds(0, op, constant) else exp.false()
    floor = math.floor(constant)
    if floor == constant:
        return sql.compared(number.sql, op, sql.integer(floor))
    match op:
        case "==":
            return exp.false()
        case "<" | "<=":
            return sql.compared(number.sql, "<=", sql.integer(floor))
        case _:
            return sql.compared(number.sql, ">", sql.integer(floor))


def _pair_and_constant(pair: Pair, op: str, constant: Number) -> exp.Expr | None:
    try:
        high, low = split(constant)
    except OverflowError:
        return None
    if abs(high) < sql.SIMPLE:
        # No other number has this one as its nearest double.
        return sql.compared(pair.high, op, sql.double(high))
    return _pairs(pair, op, Pair(sql.double(high), sql.integer(low)))


def _pairs(left: Pair, op: str, right: Pair) -> exp.Expr:
    same = exp.EQ(this=left.high.copy(), expression=right.high.copy())
    if op == "==":
        return sql.conjunction([same, exp.EQ(this=left.low.copy(), expression=right.low.copy())])
    strict = op.removesuffix("=")
    further = sql.compared(left.high.copy(), strict, right.high.copy())
    closer = sql.compared(left.low.copy(), op, right.low.copy())
    return sql.disjunction([further, sql.conjunction([same, closer])])
