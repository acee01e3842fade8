"""A proof in words: an outline of marked sentences, the same for terminal, document and notebook."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from fluo_logic.explain import proof as p
from fluo_logic.explain.words import (
    OPERATORS,
    duration_text,
    instant_text,
    plural,
    shortened,
    span_text,
    value_text,
)
from fluo_logic.logic import Unit
from fluo_logic.values import Value, canonical_text

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
        return f"{start}, never ended" if span.end is None else f"{start} + {duration_text(span.end - span.start)}"

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
        items.extend(Item(None, f"{proof.verdict}: {assumption.sentence}") for assumption in proof.assumptions)
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
                return tuple(Item(_FAILS, f"not {part.goal.text}", (), self._inner(part)) for part in parts)
            case p.Any(part=part):
                return (Item(_HOLDS, part.goal.text, (), self._inner(part)),)
            case p.Failed():
                return self._attempt(proof)
            case p.Negation(part=part):
                return self._inner(part)
            case p.Comparison() | p.Given():
                return self._several((proof,))
            case _:
                assert_never(proof)

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
            return Item(_FAILS, looked)
        if proof.sought is None:
            return Item(_FAILS, f"{looked}, and none comes near")
        seen = f"; there are {', '.join(shortened(name, 40) for name in proof.names)}" if proof.names else ""
        return Item(_FAILS, f"{looked}: no span is named {shortened(proof.sought)}{seen}")

    def _all_of(self, closure: p.Closure) -> str:
        return f"{plural(closure.spans, 'span')} in {plural(closure.traces, 'trace')}"

    def _nearest(self, nearest: Sequence[p.Failed]) -> tuple[Item, ...]:
        items = []
        for number, attempt in enumerate(nearest):
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
        counts = (*proof.left.counts, *proof.right.counts)
        children = tuple(item for count in counts for item in self._members(count, named=len(counts) > 1))
        return Item(proof.holds, self._comparison_text(proof), spans, children)

    def _comparison_text(self, proof: p.Comparison) -> str:
        """Return the sentence of a comparison in its polarity, with the values compared."""
        left, right = proof.left, proof.right
        if proof.op == "exists":
            if left.counts:
                return f"{left.label} has no value"
            return f"{self._called(left)} {'is there' if proof.holds else 'is missing'}"
        if left.value is None:
            return f"{self._called(left)} is missing"
        if right.value is None:
            return f"{self._called(right)} is missing"
        if left.label.startswith("$") and "." not in left.label and right.span is not None and left.span is not None:
            return f"{left.label} and {right.label} are {'the same span' if proof.holds else 'different spans'}"
        if left.unit is right.unit is Unit.TIME and left.span is not None and right.span is not None:
            return self._order(proof)
        return self._values(proof)

    def _values(self, proof: p.Comparison) -> str:
        left, right = proof.left, proof.right
        if not left.label and right.label:
            # A literal on the left: `3 < $x.a` reads better from the other side.
            return f"{self._value(left.value, left.unit)} {_relation(proof)} {self._valued(right)}"
        if proof.op == "==":
            if not proof.holds:
                return f"{self._called(left)} is {self._value(left.value, left.unit)}, not {self._valued(right)}"
            same = f", as is {self._called(right)}" if right.label else ""
            return f"{self._called(left)} is {self._value(left.value, left.unit)}{same}"
        if proof.op in {"<", "<=", ">", ">="}:
            how = _relation(proof).removeprefix("is ")
            return f"{self._called(left)} is {self._value(left.value, left.unit)}, {how} {self._valued(right)}"
        return f"{self._called(left)} {self._value(left.value, left.unit)} {_relation(proof)} {self._valued(right)}"

    def _called(self, side: p.Side) -> str:
        return side.label or self._value(side.value, side.unit)

    def _valued(self, side: p.Side) -> str:
        """Return a right-hand side: its value, and what it is where the rule names that."""
        value = self._value(side.value, side.unit)
        return f"{value} ({side.label})" if side.label else value

    def _order(self, proof: p.Comparison) -> str:
        """Return the sentence for an order of two times of spans: which came first, and by how much."""
        left, right = proof.left, proof.right
        first, second = self._moment(left), self._moment(right)
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
        name = f"{shortened(span.name, 60)} {span.span_id[:8]}"
        _, plus, offset = side.label.partition(" + ")
        if plus:
            return f"{offset} had passed since {name} {POSITIONS[key]}"
        return f"{name} {POSITIONS[key]}"

    def _members(self, count: p.Count, *, named: bool) -> tuple[Item, ...]:
        """Return what a count took in, the first few elements, and what was looked at."""
        total = len(count.members)
        among = f"among {self._all_of(count.closure)}"
        label = f"{count.text}: " if named else ""
        if not total:
            return (Item(None, f"{label}none {among}"),)
        head = f"{plural(total, 'span')} {among}"
        if count.window is not None:
            begin = self._instant(count.window.start)
            head = f"{plural(total, 'span')} in the {duration_text(count.window.length)} from {begin}, {among}"
        shown = _distinct(count) if count.function == "count distinct" else list(count.members)
        lines = [self._member(member) for member in shown[:MEMBERS]]
        if len(shown) > MEMBERS + 1:
            lines.append(Item(None, f"… and {len(shown) - MEMBERS:,} more"))
        elif len(shown) > MEMBERS:
            lines.append(self._member(shown[MEMBERS]))
        return (Item(None, f"{label}{head}", (), tuple(lines)),)

    def _member(self, member: p.Member) -> Item:
        value = "" if member.value is None else f"{self._value(member.value)}  "
        return Item(None, f"{value}{span_text(member.span)}, {self._when_text_of(member.span)}", (member.span,))


def _relation(proof: p.Comparison) -> str:
    return OPERATORS[proof.op][0 if proof.holds else 1]


def _distinct(count: p.Count) -> list[p.Member]:
    """Return the first element of each distinct value."""
    first: dict[str | None, p.Member] = {}
    for member in count.members:
        first.setdefault(None if member.value is None else canonical_text(member.value), member)
    return [member for value, member in first.items() if value is not None]
