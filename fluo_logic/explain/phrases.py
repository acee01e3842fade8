"""The sentences of proofs: one way to say each comparison, value and time, in both polarities."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from fluo_logic.explain import proof as p
from fluo_logic.explain.words import (
    NEEDS,
    OPERATORS,
    TIME_OPERATORS,
    duration_text,
    exact_duration_text,
    inert,
    instant_text,
    number_text,
    one_line,
    plural,
    shortened,
    value_text,
)
from fluo_logic.logic import Unit
from fluo_logic.values import Value, as_number

POSITIONS: Final = {"span:start": "started", "span:end": "ended"}


@dataclass(frozen=True, slots=True)
class Phrases:
    """Says things of one proof; times leave out the date where all of the proof is of one day.

    ``margin`` tells what an order adds: by how much it is missed (``by``), how much is left (``to spare``) or nothing.
    ``needs`` says of what fails what it would take.
    """

    day: str | None = None
    margin: str = ""
    needs: bool = False

    @property
    def plain(self) -> Phrases:
        """The same, of what is not sought."""
        return replace(self, needs=False) if self.needs else self

    def instant(self, nanoseconds: int) -> str:
        """Return a time, without the date of the proof."""
        text = instant_text(nanoseconds)
        return text.removeprefix(f"{self.day} ") if self.day else text

    def value(self, value: Value | None, unit: Unit = Unit.NONE) -> str:
        """Return a value; see `fluo_logic.explain.words.value_text`."""
        if unit is Unit.TIME and isinstance(value, int):
            return self.instant(value)
        return value_text(value, unit)

    def time_of(self, span: p.SpanRef) -> str:
        """Return a span's start and duration."""
        if span.start is None:
            return "no start" if span.end is None else f"no start, ended {self.instant(span.end)}"
        start = self.instant(span.start)
        if span.end is None:
            return f"{start}, never ended"
        if span.end < span.start:
            return f"{start}, ended {duration_text(span.start - span.end)} before its start"
        return f"{start} + {duration_text(span.end - span.start)}"

    def comparison(self, proof: p.Comparison) -> str:
        """Return the sentence of a comparison in its polarity, with the values compared."""
        left, right = proof.left, proof.right
        if proof.op == "exists":
            if left.counts:
                return f"{left.label} has no value"
            if proof.holds:
                return f"{self.called(left)} is there: {self.value(left.value, left.unit)}"
            return self._lacking(left)
        if left.value is None:
            return self._lacking(left)
        if right.value is None:
            return self._lacking(right)
        if left.label.startswith("$") and "." not in left.label and right.span is not None and left.span is not None:
            return f"{left.label} and {right.label} are {'the same span' if proof.holds else 'different spans'}"
        if left.unit is right.unit is Unit.TIME and left.span is not None and right.span is not None:
            return self._order(proof)
        return self._values(proof)

    def _lacking(self, side: p.Side) -> str:
        """Return the sentence for a side without a value."""
        label, plus, _ = side.label.partition(" + ")
        if side.span is not None and label in POSITIONS:
            how = "never ended" if label == "span:end" else "has no start"
            return f"{_short(side.span)} {how}"
        if side.counts or plus or " - " in label or " * " in label:
            return f"{side.label} has no value"
        return f"{self.called(side)} is missing"

    def _values(self, proof: p.Comparison) -> str:
        left, right = proof.left, proof.right
        one, two = self._both(left, right)
        other = f"{two} ({right.label})" if right.label else two
        if not left.label and right.label:
            # A literal on the left: `3 < $x.a` reads better from the other side.
            return f"{one} {_relation(proof)} {other}"
        called = left.label or one
        if proof.op == "==":
            if not proof.holds:
                return f"{called} is {one}, not {other}"
            return f"{called} is {one}{f', as is {right.label}' if right.label else ''}"
        if proof.op in {"<", "<=", ">", ">="}:
            if not right.label and as_number(right.value or "") is not None and as_number(left.value or 0) is None:
                return f"{called} is {one}, which is no number"
            if self.needs and not proof.holds:
                return f"{called} is {one}, needs {NEEDS[proof.op]} {other}"
            return f"{called} is {one}, {_relation(proof).removeprefix('is ')} {other}{self._margin(proof)}"
        return f"{called} {one} {_relation(proof)} {other}"

    def _margin(self, proof: p.Comparison) -> str:
        """Return by how much an order is missed, or how much is left."""
        gap, unit = proof.gap, proof.left.unit
        if gap is None or unit is Unit.TIME:
            return ""
        if self.margin == "to spare":
            return f", with {number_text(abs(gap), unit) if gap else 'nothing'} to spare"
        # Of plain numbers everybody sees it.
        return f", by {number_text(abs(gap), unit)}" if self.margin == "by" and gap and unit is not Unit.NONE else ""

    def survey(self, survey: p.Survey) -> str:
        """Return what would be needed, and what all the candidates have instead."""
        known = survey.candidates - survey.missing
        called = "" if survey.name is None else f"{shortened(survey.name, 60)} "
        takes = f"it takes {one_line(survey.goal.text)}, and"
        if not known:
            return f"{takes} none of {plural(survey.candidates, f'{called}span')} has {survey.label}"
        of = plural(known, f"{called}span")
        values = [self.value(value, survey.unit) for value in survey.values]
        lacking = ""
        if survey.missing:
            lacking = f"; {survey.missing:,} more {'has' if survey.missing == 1 else 'have'} none"
        if survey.extreme:
            return f"{takes} the {survey.extreme} {survey.label} among {of} is {values[0]}{lacking}"
        more = survey.distinct - len(values)
        if more:
            values.append(f"one of {more:,} others")
        said = " or ".join([", ".join(values[:-1]), values[-1]] if values[1:] else values)
        return f"{takes} {survey.label} of {of} is {said}{lacking}"

    def _both(self, left: p.Side, right: p.Side) -> tuple[str, str]:
        """Return the values of two sides: to the nanosecond where they would read the same and are not."""
        one, two = self.value(left.value, left.unit), self.value(right.value, right.unit)
        if isinstance(right.value, tuple) and left.unit is not Unit.NONE:
            two = f"[{', '.join(self.value(item, left.unit) for item in right.value)}]"
        if one == two and left.value != right.value and left.unit is right.unit is Unit.DURATION:
            return exact_duration_text(_whole(left.value)), exact_duration_text(_whole(right.value))
        return one, two

    def called(self, side: p.Side) -> str:
        """Return what the rule calls a side, or its value."""
        return side.label or self.value(side.value, side.unit)

    def _order(self, proof: p.Comparison) -> str:
        """Return the sentence for an order of two times of spans: which came first, and by how much."""
        left, right = proof.left, proof.right
        first, second = self._moment(left), self._moment(right)
        if left.span == right.span and left.span is not None:
            second = second.replace(_short(left.span), "it", 1)
        gap = proof.gap if isinstance(proof.gap, int) else 0
        if gap == 0:
            return f"{first} exactly when {second}"
        earlier = (gap > 0) == (proof.op in {"<", "<="})
        return f"{first} {duration_text(abs(gap))} {'before' if earlier else 'after'} {second}"

    def _moment(self, side: p.Side) -> str:
        """Return ``audit.log 7f3a started (at 10:00:09.000)``; with an offset, ``5 s after … ended``."""
        span = side.span
        if span is None:
            return self.value(side.value, side.unit)
        key = next((key for key in POSITIONS if key in side.label), "span:start")
        name = _short(span)
        _, plus, offset = side.label.partition(" + ")
        if plus:
            return f"{offset} had passed since {name} {POSITIONS[key]}"
        return f"{name} {POSITIONS[key]}"


def _short(span: p.SpanRef) -> str:
    return f"{shortened(span.name, 60)} {inert(span.span_id[:8])}"


def _whole(value: Value | None) -> int:
    number = as_number(value) if value is not None else None
    return 0 if number is None else int(number)


def _relation(proof: p.Comparison) -> str:
    words = TIME_OPERATORS if proof.left.unit is proof.right.unit is Unit.TIME else OPERATORS
    return words.get(proof.op, OPERATORS[proof.op])[0 if proof.holds else 1]
