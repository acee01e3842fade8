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
    when_text,
)
from fluo_logic.logic import Unit
from fluo_logic.values import canonical_text

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
    if proof.polarity == "when":
        return (_titled("when", proof.condition, proof.obligation.text),)
    items = []
    if proof.when is not None:
        items.append(
            Item(None, f"when  {_when_text(proof.when, proof.bindings)}", (), _when(proof.when, proof.bindings))
        )
    items.append(_titled(proof.polarity, proof.condition, proof.obligation.text))
    items.extend(Item(None, f"{proof.verdict}: {assumption.sentence}") for assumption in proof.assumptions)
    return tuple(items)


def _when_text(proof: p.Proof, bindings: Sequence[p.Binding]) -> str:
    if len(bindings) == 1:
        return _bound(bindings[0])
    return proof.goal.text


def _when(proof: p.Proof, bindings: Sequence[p.Binding]) -> tuple[Item, ...]:
    """Return what ``when`` rests on: its bindings, where there are several, then their conjuncts."""
    children = () if len(bindings) == 1 else tuple(Item(None, _bound(b), (b.span,)) for b in bindings)
    return (*children, *_inner(proof))


def _bound(binding: p.Binding) -> str:
    name = f"{binding.label} is " if binding.label else ""
    return f"{name}{span_text(binding.span)}, {when_text(binding.span)}"


def _titled(word: str, proof: p.Proof, text: str) -> Item:
    """Return the item of a block: its text as written, and the proof below it."""
    inner = _inner(proof)
    return Item(proof.holds if word != "never" else not proof.holds, f"{word}  {text}", (), inner)


def _inner(proof: p.Proof) -> tuple[Item, ...]:
    """Return the items of a proof whose goal has been said already."""
    match proof:
        case p.All(bindings=(), parts=parts):
            return _several(parts)
        case p.All(bindings=bindings, parts=parts):
            return (_found(bindings, _several(parts)),)
        case p.Absent():
            return (_absence(proof), *_nearest(proof.nearest))
        case p.NoBranch(parts=parts):
            return tuple(Item(_FAILS, f"not  {part.goal.text}", (), _inner(part)) for part in parts)
        case p.Any(part=part):
            return (Item(_HOLDS, part.goal.text, (), _inner(part)),)
        case p.Failed():
            return _attempt(proof)
        case p.Negation(part=part):
            return _inner(part)
        case p.Comparison() | p.Given():
            return _several((proof,))
        case _:
            assert_never(proof)


def _several(parts: Iterable[p.Proof]) -> tuple[Item, ...]:
    return tuple(item for part in parts for item in _item(part))


def _item(proof: p.Proof) -> tuple[Item, ...]:
    """Return the items of a proof where nothing has been said of it yet."""
    match proof:
        case p.Given(predicate="span", holds=True):
            # The name of a span stands wherever the span does.
            return ()
        case p.Given(holds=holds, sentence=sentence, spans=spans):
            return (Item(holds, shortened(sentence, 200), spans),)
        case p.Comparison():
            return (_comparison(proof),)
        case p.All(bindings=(), parts=parts):
            return _several(parts)
        case p.All(goal=goal, bindings=bindings, parts=parts):
            return (Item(_HOLDS, goal.text, (), (_found(bindings, _several(parts)),)),)
        case p.Negation(holds=holds, goal=goal, part=p.Comparison() as part):
            compared = _comparison(part)
            return (Item(holds, compared.text, compared.spans, compared.children),)
        case p.Negation(holds=holds, goal=goal, part=part):
            return (Item(holds, goal.text, (), _inner(part)),)
        case p.Any(goal=goal) | p.Absent(goal=goal) | p.NoBranch(goal=goal):
            return (Item(proof.holds, goal.text, (), _inner(proof)),)
        case p.Failed():
            return _attempt(proof)
        case _:
            assert_never(proof)


def _found(bindings: Sequence[p.Binding], inner: tuple[Item, ...]) -> Item:
    if len(bindings) == 1:
        return Item(_HOLDS, _bound(bindings[0]), (bindings[0].span,), inner)
    heads = tuple(Item(None, _bound(binding), (binding.span,)) for binding in bindings)
    return Item(_HOLDS, "there are", tuple(binding.span for binding in bindings), (*heads, *inner))


def _absence(proof: p.Absent) -> Item:
    closure = proof.closure
    looked = f"none among {_all_of(closure)}"
    return Item(_FAILS, looked if proof.nearest else f"{looked}, and none comes near")


def _all_of(closure: p.Closure) -> str:
    return f"{plural(closure.spans, 'span')} in {plural(closure.traces, 'trace')}"


def _nearest(nearest: Sequence[p.Failed]) -> tuple[Item, ...]:
    items = []
    for number, attempt in enumerate(nearest):
        title = "nearest" if number == 0 else "next"
        spans = tuple(binding.span for binding in attempt.bindings)
        named = " with ".join(_bound(binding) for binding in attempt.bindings)
        children = (*_several(attempt.passed), *_failing(attempt.failed))
        items.append(Item(None, f"{title}: {named}" if named else title, spans, children))
    return tuple(items)


def _attempt(proof: p.Failed) -> tuple[Item, ...]:
    return (*_several(proof.passed), *_failing(proof.failed))


def _failing(failed: p.Proof) -> tuple[Item, ...]:
    """Return the items of a conjunct that fails; the definition of a pattern speaks for itself."""
    return _attempt(failed) if isinstance(failed, p.Failed) and not failed.bindings else _item(failed)


# --- comparisons --------------------------------------------------------------------------------------------------


def _comparison(proof: p.Comparison) -> Item:
    spans = tuple(dict.fromkeys(side.span for side in (proof.left, proof.right) if side.span is not None))
    counts = (*proof.left.counts, *proof.right.counts)
    children = tuple(item for count in counts for item in _members(count))
    return Item(proof.holds, comparison_text(proof), spans, children)


def comparison_text(proof: p.Comparison) -> str:
    """Return the sentence of a comparison in its polarity, with the values compared."""
    left, right = proof.left, proof.right
    if proof.op == "exists":
        if left.counts:
            return f"{left.label} has no value"
        return f"{_called(left)} {'is there' if proof.holds else 'is missing'}"
    if left.value is None:
        return f"{_called(left)} is missing"
    if right.value is None:
        return f"{_called(right)} is missing"
    if left.label.startswith("$") and "." not in left.label and right.span is not None and left.span is not None:
        return f"{left.label} and {right.label} are {'the same span' if proof.holds else 'different spans'}"
    if left.unit is right.unit is Unit.TIME and left.span is not None and right.span is not None:
        return _order(proof)
    return _values(proof)


def _values(proof: p.Comparison) -> str:
    left, right = proof.left, proof.right
    if not left.label and right.label:
        # A literal on the left: `3 < $x.a` reads better from the other side.
        return f"{value_text(left.value, left.unit)} {_relation(proof)} {_valued(right)}"
    if proof.op == "==":
        if not proof.holds:
            return f"{_called(left)} is {value_text(left.value, left.unit)}, not {_valued(right)}"
        same = f", as is {_called(right)}" if right.label else ""
        return f"{_called(left)} is {value_text(left.value, left.unit)}{same}"
    if proof.op in {"<", "<=", ">", ">="}:
        how = _relation(proof).removeprefix("is ")
        return f"{_called(left)} is {value_text(left.value, left.unit)}, {how} {_valued(right)}"
    return f"{_called(left)} {value_text(left.value, left.unit)} {_relation(proof)} {_valued(right)}"


def _relation(proof: p.Comparison) -> str:
    return OPERATORS[proof.op][0 if proof.holds else 1]


def _called(side: p.Side) -> str:
    return side.label or value_text(side.value, side.unit)


def _valued(side: p.Side) -> str:
    """Return a right-hand side: its value, and what it is where the rule names that."""
    value = value_text(side.value, side.unit)
    return f"{value} ({side.label})" if side.label else value


def _order(proof: p.Comparison) -> str:
    """Return the sentence for an order of two times of spans: which came first, and by how much."""
    left, right = proof.left, proof.right
    first, second = _moment(left), _moment(right)
    gap = proof.gap if isinstance(proof.gap, int) else 0
    if gap == 0:
        return f"{first} exactly when {second}"
    earlier = (gap > 0) == (proof.op in {"<", "<="})
    return f"{first} {duration_text(abs(gap))} {'before' if earlier else 'after'} {second}"


def _moment(side: p.Side) -> str:
    """Return ``audit.log 7f3a started (at 10:00:09.000)``; with an offset, ``5 s after … ended``."""
    span = side.span
    if span is None:
        return value_text(side.value, side.unit)
    key = next((key for key in POSITIONS if key in side.label), "span:start")
    name = f"{shortened(span.name, 60)} {span.span_id[:8]}"
    _, plus, offset = side.label.partition(" + ")
    if plus:
        return f"{offset} had passed since {name} {POSITIONS[key]}"
    return f"{name} {POSITIONS[key]}"


def _members(count: p.Count) -> tuple[Item, ...]:
    """Return what a count took in, the first few elements, and what was looked at."""
    total = len(count.members)
    among = f"among {_all_of(count.closure)}"
    if not total:
        return (Item(None, f"none {among}"),)
    head = f"{plural(total, 'span')} {among}"
    if count.window is not None:
        begin = instant_text(count.window.start)
        head = f"{plural(total, 'span')} in the {duration_text(count.window.length)} from {begin}, {among}"
    shown = _distinct(count) if count.function == "count distinct" else list(count.members)
    lines = [_member(member) for member in shown[:MEMBERS]]
    if len(shown) > MEMBERS + 1:
        lines.append(Item(None, f"… and {len(shown) - MEMBERS:,} more"))
    elif len(shown) > MEMBERS:
        lines.append(_member(shown[MEMBERS]))
    return (Item(None, head, (), tuple(lines)),)


def _distinct(count: p.Count) -> list[p.Member]:
    """Return the first element of each distinct value."""
    first: dict[str | None, p.Member] = {}
    for member in count.members:
        first.setdefault(None if member.value is None else canonical_text(member.value), member)
    return [member for value, member in first.items() if value is not None]


def _member(member: p.Member) -> Item:
    value = "" if member.value is None else f"{value_text(member.value)}  "
    return Item(None, f"{value}{span_text(member.span)}, {when_text(member.span)}", (member.span,))
