"""The leaves of proofs: comparisons with the values that were compared, counts with their elements, facts in words."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Final, assert_never

from fluo_logic.errors import InternalError
from fluo_logic.explain import proof as p
from fluo_logic.explain.matching import Binding, Elements, Matcher
from fluo_logic.explain.words import shortened, value_text
from fluo_logic.facts.store import FactStore, Ground
from fluo_logic.facts.terms import evaluate
from fluo_logic.facts.terms import holds as literal_holds
from fluo_logic.logic import (
    Aggregate,
    Arith,
    Atom,
    Clause,
    Compare,
    Const,
    Field,
    Origin,
    Present,
    Sort,
    Term,
    Unit,
    Var,
)
from fluo_logic.values import Mode, Number, as_number, canonical_text

TIME_UNITS: Final = {"span:start": Unit.TIME, "span:end": Unit.TIME, "span:duration": Unit.DURATION}
ODD: Final = re.compile(r"[\s:]")
"""What a key holds that would be something else without quotes."""
NOTHING: Final = p.Side("", None)


class Evidence:
    """Makes the leaves of proofs that speak of one scope, whose closure ``closure`` finds."""

    def __init__(self, matcher: Matcher, closure: Callable[[], p.Closure]) -> None:
        """Keep the facts at hand."""
        self.matcher = matcher
        self.store: FactStore = matcher.store
        self._closure = closure
        self.spans: dict[int, p.SpanRef] = {}
        self.counts: dict[tuple[object, ...], Elements] = {}

    @property
    def closure(self) -> p.Closure:
        """What was looked at."""
        return self._closure()

    def span(self, index: int) -> p.SpanRef:
        """Return the reference to a span of the store."""
        found = self.spans.get(index)
        if found is None:
            found = self.spans[index] = span_ref(self.store, index)
        return found

    # --- what leaves cite -------------------------------------------------------------------------------------------

    def compared_spans(self, literal: Compare | Present, clause: Clause, binding: Binding) -> frozenset[int]:
        """Return the spans that the node of a comparison or presence test cites."""
        if isinstance(literal, Present):
            return frozenset(self._side_spans(literal.term, clause, binding))
        return frozenset(
            span for term in (literal.left, literal.right) for span in self._side_spans(term, clause, binding)
        )

    def _side_spans(self, term: Term, clause: Clause, binding: Binding) -> Iterator[int]:
        for part in _leaves(term):
            if isinstance(part, Var) and part.sort is Sort.NUMBER:
                yield from self.counted(_defining(part, clause), binding)
        for part in _leaves(term):
            if not isinstance(part, Const) and (isinstance(part, Field) or part.sort is not Sort.NUMBER):
                entity = binding[part.of if isinstance(part, Field) else part]
                span = entity[0] if isinstance(entity, tuple) else entity
                if isinstance(span, int):
                    # A side has one span; that of the first value stands for it.
                    yield span
                    return

    def counted(self, literal: Aggregate, binding: Binding) -> frozenset[int]:
        """Return the elements that an aggregate took in."""
        return frozenset(span for span, _ in self._elements(literal, binding).members)

    def _elements(self, literal: Aggregate, binding: Binding) -> Elements:
        known = (binding.get(arg) for arg in literal.over.args if isinstance(arg, Var) and arg != literal.element)
        key = (id(literal), *known)
        found = self.counts.get(key)
        if found is None:
            found = self.counts[key] = self.matcher.elements(literal, binding)
        return found

    def fact_spans(self, atom: Atom, binding: Binding) -> frozenset[int]:
        """Return the spans that the node of a fact cites."""
        return frozenset(self._fact_spans(atom, binding))

    def _fact_spans(self, atom: Atom, binding: Binding) -> Iterator[int]:
        for arg, value in zip(atom.args, self.matcher.pattern(atom, binding), strict=True):
            if isinstance(arg, Var) and arg.sort is Sort.SPAN and isinstance(value, int):
                yield value

    def ancestry_spans(self, atom: Atom, binding: Binding) -> tuple[int, ...]:
        """Return the spans that the node of an ancestry cites: the span, those above it, and the one sought."""
        below, above = self.matcher.pattern(atom, binding)
        if not isinstance(below, int):
            message = "the descendant in a proof is a span"
            raise InternalError(code="X206", message=message)
        chain = self._chain(below, above)
        return (*chain, above) if isinstance(above, int) and above not in chain else tuple(chain)

    # --- leaves -----------------------------------------------------------------------------------------------------

    def compared(self, literal: Compare | Present, clause: Clause, binding: Binding, *, holds: bool) -> p.Comparison:
        """Return the node of a comparison or presence test that holds, or that does not; raises where it is not so."""
        if literal_holds(literal, binding, self.store) is not holds:
            message = f"the comparison {literal!r} is not {holds}"
            raise InternalError(code="X204", message=message)
        goal = goal_of(literal.origin)
        if isinstance(literal, Present):
            left = self.side(literal.term, clause, binding)
            return p.Comparison(goal, holds=holds, left=left, op="exists", right=NOTHING)
        left, right = (self.side(side, clause, binding) for side in (literal.left, literal.right))
        gap = None if isinstance(literal.left, Var) and literal.left.sort is Sort.SPAN else self.gap(literal, binding)
        return p.Comparison(goal, holds=holds, left=left, op=literal.op, right=right, gap=gap)

    def gap(self, literal: Compare, binding: Binding) -> Number | None:
        """Return by how much an order comparison of numbers holds (not negative) or fails (negative).

        None where texts are compared, or where a side is no number.
        """
        if literal.mode is Mode.TEXT:
            return None
        values = [evaluate(side, binding, self.store) for side in (literal.left, literal.right)]
        left, right = [None if value is None else as_number(value) for value in values]
        if left is None or right is None:
            return None
        match literal.op:
            case "<" | "<=":
                return _difference(right, left)
            case ">" | ">=":
                return _difference(left, right)
            case "==":
                apart = _difference(left, right)
                return None if apart is None else -abs(apart)
            case _:
                return None

    def side(self, term: Term, clause: Clause, binding: Binding) -> p.Side:
        """Return a term as a side of a comparison: its label, its value, and what the value rests on."""
        match term:
            case Const(value=value, unit=unit):
                return p.Side("", value, unit)
            case Field(of=of, space=space, key=key):
                label = key_text(space, key)
                if of.label:
                    label = f"{of.label}[{label}]" if label.startswith('"') else f"{of.label}.{label}"
                entity = binding[of]
                span = entity[0] if isinstance(entity, tuple) else entity
                cited = self.span(span) if isinstance(span, int) else None
                unit = TIME_UNITS.get(key, Unit.NONE) if space == "intrinsic" else Unit.NONE
                return p.Side(label, evaluate(term, binding, self.store), unit, cited)
            case Var(sort=Sort.NUMBER):
                literal = _defining(term, clause)
                count = self.count(literal, binding)
                return p.Side(count.text, count.value, _aggregate_unit(literal), counts=(count,))
            case Var(label=label):
                found = binding[term]
                ref = self.span(found) if isinstance(found, int) else None
                return p.Side(label or "the span", ref.span_id if ref else str(found), span=ref)
            case Arith(op=op, left=left, right=right):
                one, two = self.side(left, clause, binding), self.side(right, clause, binding)
                text = f"{_operand(one)} {op} {_operand(two)}"
                unit = arithmetic_unit(op, one.unit, two.unit)
                counts = (*one.counts, *two.counts)
                return p.Side(text, evaluate(term, binding, self.store), unit, one.span or two.span, counts)
            case _:
                assert_never(term)

    def count(self, literal: Aggregate, binding: Binding) -> p.Count:
        """Return the value of an aggregate with the elements it took in."""
        elements = self._elements(literal, binding)
        members = tuple(p.Member(self.span(span), value) for span, value in elements.members)
        window = None
        if literal.window is not None and elements.window_start is not None:
            window = p.Window(elements.window_start, literal.window)
        text = literal.origin.text if literal.origin is not None else literal.function
        return p.Count(literal.function, text, elements.value, members, self.closure, window)

    def given(self, atom: Atom, binding: Binding, *, holds: bool) -> p.Given:
        """Return the node of a fact of the catalogue, or of its absence."""
        pattern = self.matcher.pattern(atom, binding)
        spans = [self.span(span) for span in self._fact_spans(atom, binding)]
        sentence = _fact_sentence(atom, pattern, spans, holds=holds)
        return p.Given(goal_of(atom.origin), holds, atom.predicate, sentence, tuple(spans))

    def ancestry(self, atom: Atom, binding: Binding, *, holds: bool) -> p.Given:
        """Return the node that says whether a span is below another, with the parents between or above them."""
        spans = self.ancestry_spans(atom, binding)
        below, above = spans[0], self.matcher.pattern(atom, binding)[1]
        chain = self._chain(below, above)
        names = [_short(self.span(span)) for span in chain]
        if holds:
            path = f", by way of {', '.join(names[1:-1])}" if len(names) > len(("below", "above")) else ""
            sentence = f"{names[0]} is below {names[-1]}{path}"
        else:
            over = ", ".join(names[1:]) or "nothing"
            target = _short(self.span(above)) if isinstance(above, int) else "such a span"
            sentence = f"{names[0]} is not below {target}: above it is {over}"
            if self.store.spans[chain[-1]].parent_id is not None and chain[-1] not in self.store.parent:
                sentence += f", and the parent of {names[-1]} is not in the data"
        return p.Given(goal_of(atom.origin), holds, "descendant", sentence, tuple(self.span(span) for span in spans))

    def _chain(self, below: int, above: Ground | None) -> list[int]:
        """Return the span and its ancestors, up to ``above`` where it is one of them."""
        chain = [below]
        while chain[-1] != above or len(chain) == 1:
            parent = self.store.parent.get(chain[-1])
            if parent is None or parent in chain[1:] or (parent == below and parent != above):
                break
            chain.append(parent)
        return chain


def _leaves(term: Term) -> Iterator[Var | Const | Field]:
    """Yield the operands of a term, left to right."""
    if isinstance(term, Arith):
        yield from _leaves(term.left)
        yield from _leaves(term.right)
    else:
        yield term


def _difference(left: Number, right: Number) -> Number | None:
    """Return ``left - right``, whose sign is exact; None where the infinite or the immense has no difference."""
    try:
        if isinstance(left, float) is isinstance(right, float) or math.isinf(left) or math.isinf(right):
            apart = left - right
        else:
            exact = Fraction(left) - Fraction(right)
            apart = exact.numerator if exact.denominator == 1 else float(exact)
    except OverflowError:
        return None
    return None if isinstance(apart, float) and math.isnan(apart) else apart


def key_text(space: str, key: str) -> str:
    """Return what a field is called: an attribute with an odd name stands in quotes, as in a rule."""
    if space == "resource":
        return f"resource:{key}"
    return f'"{key}"' if space != "intrinsic" and ODD.search(key) else key


def _short(span: p.SpanRef) -> str:
    return f"{shortened(span.name, 60)} {span.span_id[:8]}"


def span_ref(store: FactStore, index: int) -> p.SpanRef:
    """Return the reference to a span of a store."""
    span = store.spans[index]
    return p.SpanRef(span.trace_id, span.span_id, span.name, span.resource.service, span.start, span.end)


def goal_of(origin: Origin | None) -> p.Goal:
    """Return the goal for a place in a rule."""
    return p.Goal("") if origin is None else p.Goal(origin.text, origin.file, origin.line, origin.column)


def _defining(var: Var, clause: Clause) -> Aggregate:
    for literal in clause.body:
        if isinstance(literal, Aggregate) and literal.result == var:
            return literal
    message = f"no aggregate defines {var.name}"
    raise InternalError(code="X205", message=message)


def _aggregate_unit(literal: Aggregate) -> Unit:
    if literal.target is None or literal.function.startswith("count") or literal.target.space != "intrinsic":
        return Unit.NONE
    return TIME_UNITS.get(literal.target.key, Unit.NONE)


def arithmetic_unit(op: str, left: Unit, right: Unit) -> Unit:
    """Return the unit of a sum, difference or product: time minus time is a duration, time plus duration a time."""
    if op == "*":
        return left if right is Unit.NONE else right
    if op == "-" and left is right is Unit.TIME:
        return Unit.DURATION
    return Unit.TIME if Unit.TIME in {left, right} else left


def _operand(side: p.Side) -> str:
    return side.label or value_text(side.value, side.unit)


def _fact_sentence(atom: Atom, pattern: Sequence[Ground | None], spans: Sequence[p.SpanRef], *, holds: bool) -> str:
    """Return the sentence of a catalogue fact, in the polarity asked for."""
    names = [_short(span) for span in spans]
    match atom.predicate, len(names):
        case "span", 1:
            wanted = next((canonical_text(arg.value) for arg in atom.args if isinstance(arg, Const)), "")
            name = shortened(spans[0].name, 60)
            return f"it is named {name}" if holds else f"it is named {name}, not {wanted}"
        case "parent", 2:
            return f"{names[0]} is {'' if holds else 'not '}a child of {names[1]}"
        case "parent", 1:
            return f"the parent of {names[0]} is {'' if holds else 'not '}in the data"
        case "parent_ref", 1:
            parent = next((str(value).rpartition(":")[2][:8] for value in pattern[1:] if value is not None), None)
            if parent is None:
                return f"{names[0]} has {'a' if holds else 'no'} parent"
            return f"the parent of {names[0]} is {'' if holds else 'not '}{parent}"
        case "link", 2:
            return f"{names[0]} {'links' if holds else 'does not link'} to {names[1]}"
        case "event", _:
            wanted = next((canonical_text(arg.value) for arg in atom.args if isinstance(arg, Const)), "")
            return f"it has {'an' if holds else 'no'} event named {wanted}"
        case predicate, _:
            known = ", ".join(str(value) for value in pattern if value is not None)
            return f"{'' if holds else 'not '}{predicate}({known})"
