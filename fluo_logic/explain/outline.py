"""A proof in words: an outline of marked sentences, the same for terminal, document and notebook."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from fluo_logic.explain import proof as p
from fluo_logic.explain.words import (
    OPERATORS,
    TIME_OPERATORS,
    duration_text,
    exact_duration_text,
    inert,
    instant_text,
    plural,
    shortened,
    span_text,
    value_text,
)
from fluo_logic.logic import Unit
from fluo_logic.values import Value, as_number, canonical_text

MEMBERS: Final = 4
"""How many elements of a count are listed before the rest is summed up."""
_HOLDS: Final = True
_FAILS: Final = False
POSITIONS: Final = {"span:start": "started", "span:end": "ended"}


@dataclass(frozen=True, slots=True)
class Item:
    """One line of an outline: whether it holds (None: neither), its sentence, the spans it cites, what it rests on."""

    holds: bool | None
    text: str
    spans: tuple[p.SpanRef, ...] = ()
    children: tuple[Item, ...] = ()


def obligation_outline(proof: p.ObligationProof) -> tuple[Item, ...]:
    """Return the outline of an obligation: why ``when`` matches, why the condition holds or fails, what is assumed."""
    return _Outliner(proof_day(proof)).obligation(proof)


def proof_day(proof: p.ObligationProof) -> str | None:
    """Return the date, as ``2025-11-28`` (UTC), on which all that a proof cites began and ended; None for several."""
    spans = [binding.span for binding in proof.bindings]
    for part in (proof.when, proof.condition):
        if part is not None:
            spans.extend(span for node in p.walk(part) for span in p.cited(node))
    days = {instant_text(time)[:10] for span in spans for time in (span.start, span.end) if time is not None}
    return days.pop() if len(days) == 1 else None


class _Outliner:
    """Makes the items of one proof; times leave out the date where all of the proof is of one day."""

    def __init__(self, day: str | None) -> None:
        self.day = day

    def _instant(self, nanoseconds: int) -> str:
        text = instant_text(nanoseconds)
        return text.removeprefix(f"{self.day} ") if self.day else text

    def _value(self, value: Value | None, unit: Unit = Unit.NONE) -> str:
        if unit is Unit.TIME and isinstance(value, int):
            return self._instant(value)
        return value_text(value, unit)

    def _when_text_of(self, span: p.SpanRef) -> str:
        """Return a span's start and duration."""
        if span.start is None:
            return "no start" if span.end is None else f"no start, ended {self._instant(span.end)}"
        start = self._instant(span.start)
        if span.end is None:
            return f"{start}, never ended"
        if span.end < span.start:
            return f"{start}, ended {duration_text(span.start - span.end)} before its start"
        return f"{start} + {duration_text(span.end - span.start)}"

    def obligation(self, proof: p.ObligationProof) -> tuple[Item, ...]:
        """Return the items of an obligation."""
        if proof.polarity == "when":
            return (self._titled("when", proof.condition, proof.obligation.text),)
        items = []
        if proof.when is not None:
            items.append(
                Item(
                    None,
                    f"when  {self._when_text(proof.when, proof.bindings)}",
                    (),
                    self._when(proof.when, proof.bindings),
                )
            )
        items.append(self._titled(proof.polarity, proof.condition, proof.obligation.text))
        items.extend(
            Item(None, f"{proof.verdict}: {shortened(assumption.sentence, 300)}") for assumption in proof.assumptions
        )
        return tuple(items)

    def _when_text(self, proof: p.Proof, bindings: Sequence[p.Binding]) -> str:
        if len(bindings) == 1:
            return self._bound(bindings[0])
        return proof.goal.text

    def _when(self, proof: p.Proof, bindings: Sequence[p.Binding]) -> tuple[Item, ...]:
        """Return what ``when`` rests on: its bindings, where there are several, then their conjuncts."""
        children = () if len(bindings) == 1 else tuple(Item(None, self._bound(b), (b.span,)) for b in bindings)
        return (*children, *self._inner(proof))

    def _bound(self, binding: p.Binding) -> str:
        name = f"{binding.label} is " if binding.label else ""
        return f"{name}{span_text(binding.span)}, {self._when_text_of(binding.span)}"

    def _titled(self, word: str, proof: p.Proof, text: str) -> Item:
        """Return the item of a block: its text as written, and the proof below it."""
        inner = self._inner(proof)
        return Item(proof.holds if word != "never" else not proof.holds, f"{word}  {text}", (), inner)

    def _inner(self, proof: p.Proof) -> tuple[Item, ...]:
        """Return the items of a proof whose goal has been said already."""
        match proof:
            case p.All(bindings=(), parts=parts):
                return self._several(parts)
            case p.All(bindings=bindings, parts=parts):
                return (self._found(bindings, self._several(parts)),)
            case p.Absent():
                return (self._absence(proof), *self._nearest(proof.nearest))
            case p.NoBranch(parts=parts):
                return tuple(item for part in parts for item in self._branch(part))
            case p.Any(part=part):
                return self._branch(part)
            case p.Failed():
                return self._attempt(proof)
            case p.Negation(part=part):
                return self._inner(part)
            case p.Comparison() | p.Given():
                return self._several((proof,))
            case _:
                assert_never(proof)

    def _branch(self, part: p.Proof) -> tuple[Item, ...]:
        """Return the items of a branch of an ``or``: its text, unless the one comparison in it says as much."""
        inner = self._inner(part)
        if len(inner) == 1 and inner[0].holds is part.holds and not inner[0].children and not _binds(part):
            return inner
        return (Item(part.holds, part.goal.text, (), inner),)

    def _several(self, parts: Iterable[p.Proof]) -> tuple[Item, ...]:
        return tuple(item for part in parts for item in self._item(part))

    def _item(self, proof: p.Proof) -> tuple[Item, ...]:
        """Return the items of a proof where nothing has been said of it yet."""
        match proof:
            case p.Given(predicate="span", holds=True):
                # The name of a span stands wherever the span does.
                return ()
            case p.Given(holds=holds, sentence=sentence, spans=spans):
                return (Item(holds, shortened(sentence, 200), spans),)
            case p.Comparison():
                return (self._comparison(proof),)
            case p.All(bindings=(), parts=parts):
                return self._several(parts)
            case p.All(goal=goal, bindings=bindings, parts=parts):
                return (Item(_HOLDS, goal.text, (), (self._found(bindings, self._several(parts)),)),)
            case p.Negation(holds=holds, goal=goal, part=p.Comparison() as part):
                compared = self._comparison(part)
                return (Item(holds, compared.text, compared.spans, compared.children),)
            case p.Negation(holds=holds, goal=goal, part=part):
                return (Item(holds, goal.text, (), self._inner(part)),)
            case p.Any(goal=goal) | p.Absent(goal=goal) | p.NoBranch(goal=goal):
                return (Item(proof.holds, goal.text, (), self._inner(proof)),)
            case p.Failed():
                return self._attempt(proof)
            case _:
                assert_never(proof)

    def _found(self, bindings: Sequence[p.Binding], inner: tuple[Item, ...]) -> Item:
        if len(bindings) == 1:
            return Item(_HOLDS, self._bound(bindings[0]), (bindings[0].span,), inner)
        heads = tuple(Item(None, self._bound(binding), (binding.span,)) for binding in bindings)
        return Item(_HOLDS, "there are", tuple(binding.span for binding in bindings), (*heads, *inner))

    def _absence(self, proof: p.Absent) -> Item:
        looked = f"none among {self._all_of(proof.closure)}"
        if proof.nearest:
            return Item(None, looked)
        if proof.sought is None:
            return Item(None, f"{looked}, and none comes near")
        names = ", ".join(shortened(name, 40) for name in proof.names)
        closest = f"the closest name{' is' if len(proof.names) == 1 else 's are'} {names}"
        seen = f"; {closest}" if proof.names else ""
        return Item(None, f"{looked}: no span is named {shortened(proof.sought)}{seen}")

    def _all_of(self, closure: p.Closure) -> str:
        spans = plural(closure.spans, "span")
        return spans if closure.traces <= 1 else f"{spans} in {plural(closure.traces, 'trace')}"

    def _nearest(self, nearest: Sequence[p.Failed]) -> tuple[Item, ...]:
        items = []
        # That a span of another name is not the one sought is worth a line only where there is nothing nearer.
        telling = [attempt for attempt in nearest if not _misnamed(attempt.failed)] or nearest[:1]
        for number, attempt in enumerate(telling):
            title = "nearest" if number == 0 else "next"
            spans = tuple(binding.span for binding in attempt.bindings)
            named = " with ".join(self._bound(binding) for binding in attempt.bindings)
            children = (*self._several(attempt.passed), *self._failing(attempt.failed))
            items.append(Item(None, f"{title}: {named}" if named else title, spans, children))
        return tuple(items)

    def _attempt(self, proof: p.Failed) -> tuple[Item, ...]:
        return (*self._several(proof.passed), *self._failing(proof.failed))

    def _failing(self, failed: p.Proof) -> tuple[Item, ...]:
        """Return the items of a conjunct that fails; the definition of a pattern speaks for itself."""
        return self._attempt(failed) if isinstance(failed, p.Failed) and not failed.bindings else self._item(failed)

    def _comparison(self, proof: p.Comparison) -> Item:
        spans = tuple(dict.fromkeys(side.span for side in (proof.left, proof.right) if side.span is not None))
        counts = [(count, side) for side in (proof.left, proof.right) for count in side.counts]
        children = tuple(
            item
            for count, side in counts
            for item in self._members(
                count, side.unit if side.label == count.text else Unit.NONE, named=len(counts) > 1
            )
        )
        return Item(proof.holds, self._comparison_text(proof), spans, children)

    def _comparison_text(self, proof: p.Comparison) -> str:
        """Return the sentence of a comparison in its polarity, with the values compared."""
        left, right = proof.left, proof.right
        if proof.op == "exists":
            if left.counts:
                return f"{left.label} has no value"
            if proof.holds:
                return f"{self._called(left)} is there: {self._value(left.value, left.unit)}"
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
        return f"{self._called(side)} is missing"

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
            return f"{called} is {one}, {_relation(proof).removeprefix('is ')} {other}"
        return f"{called} {one} {_relation(proof)} {other}"

    def _both(self, left: p.Side, right: p.Side) -> tuple[str, str]:
        """Return the values of two sides: to the nanosecond where they would read the same and are not."""
        one, two = self._value(left.value, left.unit), self._value(right.value, right.unit)
        if isinstance(right.value, tuple) and left.unit is not Unit.NONE:
            two = f"[{', '.join(self._value(item, left.unit) for item in right.value)}]"
        if one == two and left.value != right.value and left.unit is right.unit is Unit.DURATION:
            return exact_duration_text(_whole(left.value)), exact_duration_text(_whole(right.value))
        return one, two

    def _called(self, side: p.Side) -> str:
        return side.label or self._value(side.value, side.unit)

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
            return self._value(side.value, side.unit)
        key = next((key for key in POSITIONS if key in side.label), "span:start")
        name = _short(span)
        _, plus, offset = side.label.partition(" + ")
        if plus:
            return f"{offset} had passed since {name} {POSITIONS[key]}"
        return f"{name} {POSITIONS[key]}"

    def _members(self, count: p.Count, unit: Unit, *, named: bool) -> tuple[Item, ...]:
        """Return what a count took in, the first few elements, and what was looked at."""
        total = len(count.members)
        label = f"{count.text}: " if named else ""
        if not total:
            return (Item(None, f"{label}none of {self._all_of(count.closure)}"),)
        head = f"{total:,} of {self._all_of(count.closure)}"
        shown = list(count.members)
        if count.function != "count":
            shown = [member for member in count.members if member.value is not None]
            if len(shown) < total:
                head += f", {total - len(shown):,} without a value" if shown else ", none with a value"
        if count.function == "count distinct" and shown:
            shown = _distinct(shown)
            head = f"{plural(len(shown), 'value')} on {head}"
        if count.window is not None:
            begin = self._instant(count.window.start)
            head += f", in the {duration_text(count.window.length)} from {begin}"
        lines = [self._member(member, count, unit) for member in shown[:MEMBERS]]
        if len(shown) > MEMBERS + 1:
            lines.append(Item(None, f"… and {len(shown) - MEMBERS:,} more"))
        elif len(shown) > MEMBERS:
            lines.append(self._member(shown[MEMBERS], count, unit))
        return (Item(None, f"{label}{head}", (), tuple(lines)),)

    def _member(self, member: p.Member, count: p.Count, unit: Unit) -> Item:
        value = "" if member.value is None else f"{self._value(member.value, unit)}  "
        if value and not count.function.startswith("count") and as_number(member.value or 0) is None:
            value = f"{value.strip()}, which is no number:  "
        return Item(None, f"{value}{span_text(member.span)}, {self._when_text_of(member.span)}", (member.span,))


def _short(span: p.SpanRef) -> str:
    return f"{shortened(span.name, 60)} {inert(span.span_id[:8])}"


def _whole(value: Value | None) -> int:
    number = as_number(value) if value is not None else None
    return 0 if number is None else int(number)


def _misnamed(proof: p.Proof) -> bool:
    """Return whether all that is wrong with a span is its name."""
    if isinstance(proof, p.Failed) and not proof.passed and not proof.bindings:
        return _misnamed(proof.failed)
    return isinstance(proof, p.Given) and proof.predicate == "span"


def _binds(proof: p.Proof) -> bool:
    return isinstance(proof, p.All | p.Failed) and bool(proof.bindings)


def _relation(proof: p.Comparison) -> str:
    words = TIME_OPERATORS if proof.left.unit is proof.right.unit is Unit.TIME else OPERATORS
    return words.get(proof.op, OPERATORS[proof.op])[0 if proof.holds else 1]


def _distinct(members: Sequence[p.Member]) -> list[p.Member]:
    """Return the first element of each distinct value."""
    first: dict[str, p.Member] = {}
    for member in members:
        if member.value is not None:
            first.setdefault(canonical_text(member.value), member)
    return list(first.values())
