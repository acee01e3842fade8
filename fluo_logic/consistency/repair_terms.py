"""How a comparison could be made true or false: by another value of a span, other times, other elements of a count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Final, assert_never

from fluo_logic.consistency import repair_changes as c
from fluo_logic.consistency.repair_goals import DONE, NEVER, Goal, all_of, at_least, one_of
from fluo_logic.consistency.repair_values import FLIPPED, candidates, numeric_targets, toward
from fluo_logic.explain.matching import Binding, Elements
from fluo_logic.facts.model import Kind, Status
from fluo_logic.facts.store import Ground
from fluo_logic.facts.terms import evaluate, holds
from fluo_logic.logic import Aggregate, Arith, Clause, Compare, Const, Field, Present, Term, Var
from fluo_logic.values import Mode, Value, as_number, canonical_text, compare

if TYPE_CHECKING:
    from fluo_logic.consistency.repair_ways import Ways

SAMPLES: Final = 2
FRESH: Final = "other"
"""The stem of a value that is like no other."""
MOST_NEW: Final = 12
"""How many elements an aggregate may come to have more."""
MOST_ELEMENTS: Final = 40
"""How many elements that an aggregate lacks are looked at."""


class Terms:
    """Ways to make comparisons of one world true or false."""

    def __init__(self, ways: Ways) -> None:
        """Stand beside ``ways``, which knows about atoms."""
        self.ways = ways
        self.world = ways.world
        self.store = ways.world.store

    def compared(self, literal: Compare | Present, clause: Clause, binding: Binding, *, want: bool) -> Goal:
        """Return the goal that a comparison or presence test holds, or does not."""
        if holds(literal, binding, self.store) is want:
            return DONE
        if isinstance(literal, Present):
            return self._present(literal.term, binding, want=want)
        left, right = (evaluate(side, binding, self.store) for side in (literal.left, literal.right))
        if want and left is None and right is None:
            return self._both(literal, binding)
        op, mode = literal.op, literal.mode
        return one_of(
            (
                self.adjusted(literal.left, op, right, mode, clause, binding, want=want, on_left=True),
                self.adjusted(literal.right, op, left, mode, clause, binding, want=want, on_left=False),
            )
        )

    def _both(self, literal: Compare, binding: Binding) -> Goal:
        """Return the goal that two values are there and equal, neither of which is."""
        sides = (literal.left, literal.right)
        if literal.op not in {"==", "<=", ">="} or not all(isinstance(side, Field) for side in sides):
            return NEVER
        fields = [side for side in sides if isinstance(side, Field) and side.space != "intrinsic"]
        samples = [value for field in fields for value in self._samples(field)]
        return all_of(self.set_field(field, binding, samples[:1] or ["1"]) for field in fields)

    def _present(self, term: Field, binding: Binding, *, want: bool) -> Goal:
        if not want:
            return self.set_field(term, binding, [None])
        if term.space == "intrinsic" and term.key == "span:parent_id":
            return self.adjusted_intrinsic(term, "==", None, binding, want=want)
        samples = self._samples(term)
        return self.set_field(term, binding, samples[:1] or ["1"])

    def _samples(self, term: Field) -> list[Value]:
        """Return the values that the data hold under a key, the most frequent first."""
        if term.of.sort == "event":
            return []
        counted: dict[str, tuple[int, Value]] = {}
        for span in range(len(self.store.spans)):
            value = self.store.field(span, term.space, term.key)
            if value is not None:
                text = canonical_text(value)
                counted[text] = (counted.get(text, (0, value))[0] - 1, value)
        ranked = sorted(counted.items(), key=lambda item: (item[1][0], item[0]))
        return [value for _, (_, value) in ranked]

    def adjusted(
        self,
        term: Term,
        op: str,
        other: Value | None,
        mode: Mode,
        clause: Clause,
        binding: Binding,
        *,
        want: bool,
        on_left: bool,
    ) -> Goal:
        """Return the goal that ``term op other`` holds (``other op term`` where not ``on_left``), or does not."""
        toward_term = op if on_left else FLIPPED.get(op, op)
        match term:
            case Const():
                return NEVER
            case Field(space="intrinsic"):
                return self.adjusted_intrinsic(term, toward_term, other, binding, want=want)
            case Field():
                current = evaluate(term, binding, self.store)
                samples = [] if want else self._samples(term)[: SAMPLES + 1]
                values = candidates(op, other, mode, current, samples, want=want, on_left=on_left)
                return self.set_field(term, binding, values)
            case Var():
                literal = self._aggregate(term, clause)
                if literal is None or (not on_left and op not in FLIPPED and op != "=="):
                    return NEVER
                return self.aggregated(literal, toward_term, other, binding, want=want)
            case Arith(op=sign, left=left, right=right):
                sides = (evaluate(left, binding, self.store), evaluate(right, binding, self.store))
                return one_of(
                    self.adjusted(part, moved, target, mode, clause, binding, want=want, on_left=True)
                    for part, moved, target in _inverted(sign, left, right, sides, toward_term, other)
                )
            case _:
                assert_never(term)

    def _aggregate(self, var: Var, clause: Clause) -> Aggregate | None:
        return next((item for item in clause.body if isinstance(item, Aggregate) and item.result == var), None)

    # --- values of spans ------------------------------------------------------------------------------------------

    def set_field(self, term: Field, binding: Binding, values: Iterable[Value | None]) -> Goal:
        """Return the goal that an attribute has one of ``values``; None takes it away, where that is possible."""
        entity = binding.get(term.of)
        match entity:
            case int():
                return one_of(self._set(entity, term.space, term.key, value) for value in values)
            case (int() as span, int() as number):
                key = self.store.spans[span].key
                return one_of(self.ways.leaf(c.SetEventValue(key, number, term.key, value)) for value in values)
            case _:
                return NEVER

    def _set(self, index: int, space: str, key: str, value: Value | None) -> Goal:
        span = self.store.spans[index]
        if space == "attribute" and value is None and key not in span.attributes:
            # What the resource or a map holds cannot be taken away from one span.
            return NEVER
        if space == "attribute" and value is None and key in span.resource.attributes:
            return NEVER
        if space == "resource" and value is None and key not in span.resource.attributes:
            return NEVER
        return self.ways.leaf(c.SetValue(span.key, space, key, value))

    def adjusted_intrinsic(self, term: Field, op: str, other: Value | None, binding: Binding, *, want: bool) -> Goal:
        """Return the goal for an intrinsic of a span: its times, kind, status or place in the tree."""
        index = binding.get(term.of)
        if not isinstance(index, int):
            index = index[0] if isinstance(index, tuple) and isinstance(index[0], int) else None
        if index is None:
            return NEVER
        span = self.store.spans[index]
        match term.key:
            case "span:start" | "span:end":
                targets = numeric_targets(op, other, want=want)
                return one_of(self._retimed(index, term.key, target) for target in targets)
            case "span:duration":
                if span.start is None:
                    return NEVER
                lengths = [length for length in numeric_targets(op, other, want=want) if length >= 0]
                return one_of(self.ways.leaf(c.SetEnd(span.key, span.start + length)) for length in lengths)
            case "span:kind" | "span:status":
                known = [item.value for item in (Kind if term.key == "span:kind" else Status)]
                fitting = [word for word in known if compare(op, word, other, Mode.EACH) is want]
                return one_of(self.ways.leaf(c.SetValue(span.key, "intrinsic", term.key, word)) for word in fitting)
            case "span:status_message":
                values = candidates(op, other, Mode.TEXT, span.status_message or None, [], want=want)
                return one_of(self.ways.leaf(c.SetValue(span.key, "intrinsic", term.key, value)) for value in values)
            case "span:root":
                root = compare(op, True, other, Mode.TEXT) is want  # noqa: FBT003 - it is a value
                return self.ways.reparented(index, None) if root else self.ways.below_the_top(index)
            case "span:parent_id":
                if want and op == "==" and isinstance(other, str):
                    return self.ways.reparented(index, other)
                return self.ways.below_the_top(index) if want else self.ways.reparented(index, None)
            case _:
                return NEVER

    def _retimed(self, index: int, key: str, target: int) -> Goal:
        """Return the goal that a span starts or ends at a time: moved as a whole, or made longer or shorter."""
        span = self.store.spans[index]
        current = span.start if key == "span:start" else span.end
        alone = c.SetStart(span.key, target) if key == "span:start" else c.SetEnd(span.key, target)
        if current is None:
            return self.ways.leaf(alone)
        goals = [self.ways.leaf(c.Move(span.key, c.first_time(span) + target - current))]
        start, end = (target, span.end) if key == "span:start" else (span.start, target)
        if start is not None and end is not None and start <= end:
            goals.append(self.ways.leaf(alone))
        return one_of(goals)

    # --- aggregates -----------------------------------------------------------------------------------------------

    def aggregated(self, literal: Aggregate, op: str, other: Value | None, binding: Binding, *, want: bool) -> Goal:
        """Return the goal that an aggregate is ``op other``, or is not."""
        elements = self.world.matcher.elements(literal, binding)
        targets = numeric_targets(op, other, want=want)
        match literal.function:
            case "count":
                goals = (self._counted(literal, elements, target, binding) for target in targets if target >= 0)
            case "count distinct":
                goals = (self._distinct(literal, elements, target, binding) for target in targets if target >= 0)
            case _:
                goals = (self._numeric(literal, elements, target, op, other, binding, want=want) for target in targets)
        return one_of(goals)

    def _counted(self, literal: Aggregate, elements: Elements, target: int, binding: Binding) -> Goal:
        count = int(elements.value or 0)
        if target >= count:
            return self.more(literal, elements, target - count, binding)
        return at_least(count - target, (self._fewer(literal, span, elements, binding) for span, _ in elements.members))

    def _fewer(self, literal: Aggregate, span: int, elements: Elements, binding: Binding) -> Goal:
        """Return the goal that a span is no element any more, or, of a window, lies beyond it."""
        goals = [self.ways.fail(literal.over, {**binding, literal.element: span})]
        if literal.window is not None and elements.window_start is not None:
            goals.append(self._retimed(span, "span:start", elements.window_start + literal.window))
        return one_of(goals)

    def more(self, literal: Aggregate, elements: Elements, count: int, binding: Binding) -> Goal:
        """Return the goal that an aggregate has more elements: spans that become some, or new ones."""
        if count > MOST_NEW:
            self.ways.drafts.too_many = True
            return NEVER
        taken = {span for span, _ in elements.members}
        others = (span for span in self.ways.members if span not in taken)
        becoming = (self.ways.hold(literal.over, {**binding, literal.element: span}) for span in others)
        found = [*islice((goal for goal in becoming if goal != NEVER), MOST_ELEMENTS)]
        found.extend(self.ways.new_match(literal.over, literal.element, binding, copy) for copy in range(count))
        return at_least(count, found)

    def _distinct(self, literal: Aggregate, elements: Elements, target: int, binding: Binding) -> Goal:
        groups: dict[str, list[tuple[int, Value]]] = {}
        for span, value in elements.members:
            if value is not None:
                groups.setdefault(canonical_text(value), []).append((span, value))
        if target >= len(groups):
            return self._more_distinct(literal, elements, groups, target - len(groups), binding)
        ranked = sorted(groups, key=lambda text: (-len(groups[text]), text))
        dissolved = (
            all_of(
                self._joining(literal, span, [text for text in ranked if text != own], groups, binding)
                for span, _ in members
            )
            for own, members in groups.items()
        )
        return at_least(len(groups) - target, dissolved)

    def _joining(
        self,
        literal: Aggregate,
        span: int,
        others: list[str],
        groups: dict[str, list[tuple[int, Value]]],
        binding: Binding,
    ) -> Goal:
        """Return the goal that an element has the value of another group, or is no element any more."""
        values = [groups[text][0][1] for text in others[:SAMPLES]]
        goals = [self._valued(literal, span, value) for value in values]
        return one_of([*goals, self.ways.fail(literal.over, {**binding, literal.element: span})])

    def _more_distinct(
        self,
        literal: Aggregate,
        elements: Elements,
        groups: dict[str, list[tuple[int, Value]]],
        count: int,
        binding: Binding,
    ) -> Goal:
        fresh = (name for name in (f"{FRESH}-{number}" for number in range(1, 10**6)) if name not in groups)
        repeated = [span for members in groups.values() for span, _ in members[1:]]
        lacking = [span for span, value in elements.members if value is None]
        goals = [self._valued(literal, span, value) for span, value in zip([*lacking, *repeated], fresh, strict=False)]
        return one_of((at_least(count, goals), self.more(literal, elements, count, binding)))

    def _valued(self, literal: Aggregate, span: int, value: Value) -> Goal:
        term = literal.target
        if term is None:
            return NEVER
        if term.space == "intrinsic":
            return self.adjusted_intrinsic(term, "==", value, {term.of: span}, want=True)
        return self.set_field(term, {term.of: span}, [value])

    def _numeric(
        self,
        literal: Aggregate,
        elements: Elements,
        target: int,
        op: str,
        other: Value | None,
        binding: Binding,
        *,
        want: bool,
    ) -> Goal:
        """Return the goal that a sum, a mean or an extreme is ``op other``, or is not."""
        spans = [span for span, _ in elements.members]
        if elements.value is None:
            return self.more(literal, elements, 1, binding) if want else NEVER

        def fits(without: int | None = None, values: dict[int, Value] | None = None) -> bool:
            kept = [span for span in spans if span != without]
            result = self.world.matcher.taken(literal, kept, values or {}).value
            return compare(op, result, other, Mode.NUMBER) is want

        goals: list[Goal] = []
        for span, value in elements.members:
            if fits(without=span):
                goals.append(self.ways.fail(literal.over, {**binding, literal.element: span}))
            own = None if value is None else as_number(value)
            number = as_number(elements.value)
            if own is None or number is None:
                continue
            steps = toward(literal.function, number, target, own, len(spans))
            goals.extend(self._valued(literal, span, step) for step in steps if fits(values={span: step}))
        if not goals and literal.function in {"min", "max"}:
            goals.append(all_of(self._offending(literal, elements, target, op, other, binding, want=want)))
        if literal.function in {"sum", "max", "min"}:
            goals.append(self.more(literal, elements, 1, binding))
        return one_of(goals)

    def _offending(
        self,
        literal: Aggregate,
        elements: Elements,
        target: int,
        op: str,
        other: Value | None,
        binding: Binding,
        *,
        want: bool,
    ) -> Iterator[Goal]:
        for span, value in elements.members:
            if (
                value is not None
                and as_number(value) is not None
                and compare(op, value, other, Mode.NUMBER) is not want
            ):
                gone = self.ways.fail(literal.over, {**binding, literal.element: span})
                yield one_of((self._valued(literal, span, target), gone))


def _inverted(
    sign: str,
    left: Term,
    right: Term,
    sides: tuple[Ground | Value | None, Ground | Value | None],
    op: str,
    other: Value | None,
) -> Iterator[tuple[Term, str, Value]]:
    """Yield each operand with the comparison that it would have to meet while the other operand stays."""
    one, two = (None if side is None else as_number(side) for side in sides)
    wanted = None if other is None else as_number(other)
    if wanted is None:
        return
    flipped = FLIPPED.get(op, op)
    match sign:
        case "+":
            if two is not None:
                yield left, op, wanted - two
            if one is not None:
                yield right, op, wanted - one
        case "-":
            if two is not None:
                yield left, op, wanted + two
            if one is not None:
                yield right, flipped, one - wanted
        case _:
            for term, factor in ((left, two), (right, one)):
                if factor:
                    share = wanted / factor if wanted % factor else wanted // factor
                    yield term, op if factor > 0 else flipped, share
