"""A proof in words: an outline of marked sentences, the same for terminal, document and notebook."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias, assert_never

from fluo_logic.explain import proof as p
from fluo_logic.explain.phrases import Phrases
from fluo_logic.explain.words import duration_text, instant_text, one_line, plural, shortened, span_text
from fluo_logic.logic import Unit
from fluo_logic.values import as_number, canonical_text

MEMBERS: Final = 4
"""How many elements of a count are listed before the rest is summed up."""
_HOLDS: Final = True
_FAILS: Final = False
FEW: Final = 3
"""How many lines of a kind a short outline has below another."""
Detail: TypeAlias = Literal["short", "normal", "long"]
"""How much is told: the witnesses and the step that decides; what a reader wants to see; everything."""


@dataclass(frozen=True, slots=True)
class Item:
    """One line of an outline: whether it holds (None: neither), its sentence, the spans it cites, what it rests on."""

    holds: bool | None
    text: str
    spans: tuple[p.SpanRef, ...] = ()
    children: tuple[Item, ...] = ()
    counts: bool = False
    """Whether it is about a count, and lists the elements below."""


def obligation_outline(proof: p.ObligationProof, detail: Detail = "normal") -> tuple[Item, ...]:
    """Return the outline of an obligation: why ``when`` matches, why the condition holds or fails, what is assumed."""
    items = _Outliner(Phrases(proof_day(proof)), detail).obligation(proof)
    return tuple(_brief(item, holds=proof.condition.holds) for item in items) if detail == "short" else items


def _brief(item: Item, *, holds: bool) -> Item:
    """Return an item with what decides it: what is as true as the condition, and what is neither true nor false."""
    if item.counts:
        return replace(item, children=())
    telling = [child for child in item.children if child.holds is not (not holds)] or list(item.children)
    if item.text.startswith("when ") and item.holds is None:
        # Why it matches is not what decides; for which spans it does stands in its line or in the ones below.
        telling = [child for child in item.children if child.holds is None] or [
            Item(child.holds, child.text, child.spans) for child in item.children[:1] if child.spans
        ]
    telling = [child for child in telling if not child.text.startswith("next")]
    shown = [_brief(child, holds=holds) for child in telling[:FEW]]
    if len(telling) > FEW:
        shown.append(Item(None, f"… and {len(telling) - FEW:,} more"))
    return replace(item, text=shortened(item.text, 160), children=tuple(shown))


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

    def __init__(self, say: Phrases, detail: Detail) -> None:
        self.say = say
        self.detail: Detail = detail

    def _saying(self, *, margin: str = "", needs: bool = False) -> _Outliner:
        return _Outliner(replace(self.say, margin=margin, needs=needs), self.detail)

    def obligation(self, proof: p.ObligationProof) -> tuple[Item, ...]:
        """Return the items of an obligation."""
        if proof.polarity == "when":
            return (self.titled("when", proof.condition, proof.obligation.text),)
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
        about = self._saying(margin="to spare" if proof.verdict == "satisfied" else "by")
        items.append(about.titled(proof.polarity, proof.condition, proof.obligation.text))
        items.extend(
            Item(None, f"{proof.verdict}: {shortened(assumption.sentence, 300)}") for assumption in proof.assumptions
        )
        return tuple(items)

    def _when_text(self, proof: p.Proof, bindings: Sequence[p.Binding]) -> str:
        if len(bindings) == 1:
            return self._bound(bindings[0])
        return one_line(proof.goal.text)

    def _when(self, proof: p.Proof, bindings: Sequence[p.Binding]) -> tuple[Item, ...]:
        """Return what ``when`` rests on: its bindings, where there are several, then their conjuncts."""
        children = () if len(bindings) == 1 else tuple(Item(None, self._bound(b), (b.span,)) for b in bindings)
        return (*children, *self.inner(proof))

    def _bound(self, binding: p.Binding) -> str:
        name = f"{binding.label} is " if binding.label else ""
        return f"{name}{span_text(binding.span)}, {self.say.time_of(binding.span)}"

    def titled(self, word: str, proof: p.Proof, text: str) -> Item:
        """Return the item of a block: its text as written, and the proof below it."""
        inner = self.inner(proof)
        return Item(proof.holds if word != "never" else not proof.holds, f"{word}  {one_line(text)}", (), inner)

    def inner(self, proof: p.Proof) -> tuple[Item, ...]:
        """Return the items of a proof whose goal has been said already."""
        match proof:
            case p.All(bindings=(), parts=parts):
                return self.several(parts)
            case p.All(bindings=bindings, parts=parts):
                return (self._found(bindings, self.several(parts)),)
            case p.Absent():
                return (self._absence(proof), *self._nearest(proof))
            case p.NoBranch(parts=parts):
                return tuple(item for part in parts for item in self._branch(part))
            case p.Any(part=part):
                return self._branch(part)
            case p.Failed():
                return self._attempt(proof)
            case p.Negation(part=part):
                return self.inner(part)
            case p.Comparison() | p.Given():
                return self.several((proof,))
            case _:
                assert_never(proof)

    def _branch(self, part: p.Proof) -> tuple[Item, ...]:
        """Return the items of a branch of an ``or``: its text, unless the one comparison in it says as much."""
        inner = self.inner(part)
        if len(inner) == 1 and inner[0].holds is part.holds and not inner[0].children and not _binds(part):
            return inner
        return (Item(part.holds, one_line(part.goal.text), (), inner),)

    def several(self, parts: Iterable[p.Proof]) -> tuple[Item, ...]:
        """Return the items of proofs, one after the other."""
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
                return (self.comparison(proof),)
            case p.All(bindings=(), parts=parts):
                return self.several(parts)
            case p.All(goal=goal, bindings=bindings, parts=parts):
                return (Item(_HOLDS, one_line(goal.text), (), (self._found(bindings, self.several(parts)),)),)
            case p.Negation(holds=holds, goal=goal, part=p.Comparison() as part):
                compared = self._saying(margin=self.say.margin).comparison(part)
                return (Item(holds, compared.text, compared.spans, compared.children),)
            case p.Negation(holds=holds, goal=goal, part=part):
                return (Item(holds, one_line(goal.text), (), self._saying(margin=self.say.margin).inner(part)),)
            case p.Any(goal=goal) | p.Absent(goal=goal) | p.NoBranch(goal=goal):
                return (Item(proof.holds, one_line(goal.text), (), self.inner(proof)),)
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
        if self.detail == "long":
            looked += f" (digest {proof.closure.digest})"
        if proof.survey is not None:
            return Item(None, f"{looked}: {self.say.survey(proof.survey)}")
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

    def _nearest(self, proof: p.Absent) -> tuple[Item, ...]:
        items = []
        telling: Sequence[p.Failed] = proof.nearest
        if self.detail != "long":
            # That a span of another name is not the one sought is worth a line only where there is nothing nearer.
            telling = [attempt for attempt in telling if not _misnamed(attempt.failed)] or telling[:1]
            # What the others lack has been summed up.
            telling = telling if proof.survey is None else telling[:1]
        # Of what holds as well as it should, it is told by how much; of what is missing, what it would take.
        spare = self.say.margin == "to spare"
        near = self._saying(margin="to spare" if spare else "", needs=not spare)
        for number, attempt in enumerate(telling):
            title = "nearest" if number == 0 else "next"
            spans = tuple(binding.span for binding in attempt.bindings)
            named = " with ".join(self._bound(binding) for binding in attempt.bindings)
            children = (*self._saying().several(attempt.passed), *near.failing(attempt.failed))
            items.append(Item(None, f"{title}: {named}" if named else title, spans, children))
        return tuple(items)

    def _attempt(self, proof: p.Failed) -> tuple[Item, ...]:
        return (*self._saying().several(proof.passed), *self.failing(proof.failed))

    def failing(self, failed: p.Proof) -> tuple[Item, ...]:
        """Return the items of a conjunct that fails; the definition of a pattern speaks for itself."""
        return self._attempt(failed) if isinstance(failed, p.Failed) and not failed.bindings else self._item(failed)

    def comparison(self, proof: p.Comparison) -> Item:
        """Return the item of a comparison, and below it what its counts took in."""
        spans = tuple(dict.fromkeys(side.span for side in (proof.left, proof.right) if side.span is not None))
        counts = [(count, side) for side in (proof.left, proof.right) for count in side.counts]
        children = tuple(
            item
            for count, side in counts
            for item in self._members(
                count, side.unit if side.label == count.text else Unit.NONE, named=len(counts) > 1
            )
        )
        return Item(proof.holds, self.say.comparison(proof), spans, children)

    def _members(self, count: p.Count, unit: Unit, *, named: bool) -> tuple[Item, ...]:
        """Return what a count took in, the first few elements, and what was looked at."""
        total = len(count.members)
        label = f"{one_line(count.text)}: " if named else ""
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
            begin = self.say.instant(count.window.start)
            head += f", in the {duration_text(count.window.length)} from {begin}"
        # Instead of a line that says `1 more`, there is that one.
        most = len(shown) if self.detail == "long" or len(shown) == MEMBERS + 1 else MEMBERS
        lines = [self._member(member, count, unit) for member in shown[:most]]
        if len(shown) > most:
            lines.append(Item(None, f"… and {len(shown) - most:,} more"))
        return (Item(None, f"{label}{head}", (), tuple(lines), counts=True),)

    def _member(self, member: p.Member, count: p.Count, unit: Unit) -> Item:
        value = "" if member.value is None else f"{self.say.value(member.value, unit)}  "
        if value and not count.function.startswith("count") and as_number(member.value or 0) is None:
            value = f"{value.strip()}, which is no number:  "
        return Item(None, f"{value}{span_text(member.span)}, {self.say.time_of(member.span)}", (member.span,))


def _misnamed(proof: p.Proof) -> bool:
    """Return whether all that is wrong with a span is its name."""
    if isinstance(proof, p.Failed) and not proof.passed and not proof.bindings:
        return _misnamed(proof.failed)
    return isinstance(proof, p.Given) and proof.predicate == "span"


def _binds(proof: p.Proof) -> bool:
    return isinstance(proof, p.All | p.Failed) and bool(proof.bindings)


def _distinct(members: Sequence[p.Member]) -> list[p.Member]:
    """Return the first element of each distinct value."""
    first: dict[str, p.Member] = {}
    for member in members:
        if member.value is not None:
            first.setdefault(canonical_text(member.value), member)
    return list(first.values())
