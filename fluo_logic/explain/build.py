"""Proofs from a program, its answer and the facts: why a ground atom holds, or why it does not.

A positive proof follows one clause and one binding of its variables.  A negative proof refutes every clause: where a
clause seeks a span of its own, the refutation is an absence that names what was looked at and which candidates came
closest; where it does not, it names the first conjunct that fails.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from fluo_logic.errors import InternalError
from fluo_logic.explain import proof as p
from fluo_logic.explain.matching import Binding, Matcher
from fluo_logic.facts.schema import EXTENSIONAL
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
    Literal,
    Not,
    Origin,
    Present,
    Program,
    RulePlan,
    Sort,
    Term,
    Unit,
    Var,
    literal_variables,
)
from fluo_logic.solve.base import Answer
from fluo_logic.values import as_number

NEAREST: Final = 3
"""How many near misses an absence keeps."""
CANDIDATES: Final = 5000
"""How many bindings an absence looks at for near misses; the absence itself rests on all of them."""
TIME_UNITS: Final = {"span:start": Unit.TIME, "span:end": Unit.TIME, "span:duration": Unit.DURATION}


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A binding under which a body holds up to some literal: how far, how nearly, and where it stops."""

    progress: tuple[int, int]
    distance: float
    position: int
    binding: Binding


class Prover:
    """Builds proofs for one rule of a program."""

    def __init__(self, program: Program, plan: RulePlan, store: FactStore, answer: Answer) -> None:
        """Prepare proofs for ``plan``."""
        self.matcher = Matcher(program, store, answer)
        self.plan = plan
        self.store = store
        self.answer = answer
        self.closures: dict[Ground, p.Closure] = {}
        # Said once for a whole proof: that the scope is one, and that `when` matches.
        self.hidden = {plan.scope.predicate, plan.member.predicate, plan.when.predicate}

    # --- entry points ---------------------------------------------------------------------------------------------

    def prove(self, atom: Atom, binding: Binding) -> p.Proof:
        """Return a proof that ``atom`` holds; raises InternalError where it does not."""
        if atom.predicate in EXTENSIONAL:
            return self._given(atom, binding, holds=True)
        clauses = self.matcher.definitions[atom.predicate]
        for number, clause in enumerate(clauses):
            start = self._enter(clause, atom, binding)
            if start is None:
                continue
            found = next(self.matcher.solutions(clause.body, start), None)
            if found is not None:
                proof = self._all(clause, found, start)
                if len(clauses) == 1:
                    return proof
                return p.Any(_goal(atom.origin or clause.origin), number, len(clauses), proof)
        message = f"{atom.predicate} is in the answer, but no clause derives it"
        raise InternalError(code="X201", message=message)

    def refute(self, atom: Atom, binding: Binding) -> p.Proof:
        """Return a proof that ``atom`` does not hold under ``binding``, whatever its other arguments are."""
        if atom.predicate in EXTENSIONAL:
            return self._given(atom, binding, holds=False)
        refutations = []
        for clause in self.matcher.definitions[atom.predicate]:
            start = self._enter(clause, atom, binding)
            if start is not None:
                refutations.append(self._refute_clause(clause, start))
        if len(refutations) == 1:
            return refutations[0]
        return p.NoBranch(_goal(atom.origin), tuple(refutations))

    # --- clauses --------------------------------------------------------------------------------------------------

    def _enter(self, clause: Clause, atom: Atom, binding: Binding) -> Binding | None:
        """Return the binding of the clause's head variables to what the atom's arguments are, None if they clash."""
        start: dict[Var, object] = {}
        for head, known in zip(clause.head.args, self.matcher.pattern(atom, binding), strict=True):
            if isinstance(head, Const):
                if known is not None and known != head.value:
                    return None
            elif known is not None:
                if start.get(head, known) != known:
                    return None
                start[head] = known
        return start  # type: ignore[return-value]

    def _all(self, clause: Clause, found: Binding, start: Binding) -> p.All:
        parts = tuple(self._holding(literal, clause, found) for literal in self._shown(clause))
        return p.All(_goal(clause.origin), self._bindings(clause, found, start), parts)

    def _shown(self, clause: Clause) -> list[Literal]:
        """Return the literals that say something of their own: not the guard, not that a variable is no other."""
        return [literal for literal in clause.body if not self._silent(literal)]

    def _silent(self, literal: Literal) -> bool:
        match literal:
            case Atom(predicate=predicate):
                return predicate in self.hidden
            case Aggregate():
                return True
            case Not(literal=Compare(left=Var(), right=Var(), origin=origin)):
                # The distinctness that a relation implies; `$x is not $y` is written by the author and shown.
                return origin is None or " is not " not in origin.text
            case _:
                return False

    def _bindings(self, clause: Clause, found: Binding, start: Binding) -> tuple[p.Binding, ...]:
        """Return the spans that the clause found for itself."""
        return tuple(
            p.Binding(var.label or "", self.span(value))
            for var, value in found.items()
            if var not in start and var.sort is Sort.SPAN and isinstance(value, int)
        )

    def _refute_clause(self, clause: Clause, start: Binding) -> p.Proof:
        attempts = self._attempts(clause, start)
        goal = _goal(clause.origin)
        failures = [self._failure(clause, attempt, start) for attempt in attempts]
        if not self._seeks(clause, start):
            failed = failures[0]
            return failed.failed if not failed.passed and not failed.bindings else failed
        return p.Absent(goal, self.closure(self._scope_of(start)), tuple(failures))

    def _seeks(self, clause: Clause, start: Binding) -> bool:
        return any(
            var.sort is Sort.SPAN and var not in start
            for literal in clause.body
            if not isinstance(literal, Aggregate)
            for var in literal_variables(literal)
        )

    def _attempts(self, clause: Clause, start: Binding) -> list[_Attempt]:
        """Return the attempts that came closest to satisfying the body, best first."""
        seeks = self._seeks(clause, start)
        best: list[_Attempt] = []
        budget = CANDIDATES
        stack: list[tuple[int, Binding]] = [(0, start)]
        while stack and budget > 0:
            position, binding = stack.pop()
            literal = clause.body[position]
            extensions = list(self.matcher.extend(literal, binding))
            if extensions:
                if position + 1 == len(clause.body):
                    message = f"{clause.head.predicate} is not in the answer, but a clause derives it"
                    raise InternalError(code="X202", message=message)
                # Reversed, so that the first extension is looked at first.
                stack.extend((position + 1, extension) for extension in reversed(extensions))
                continue
            budget -= 1
            attempt = self._attempt(clause, position, binding)
            if not seeks or self._near(clause, attempt, start):
                best = sorted([*best, attempt], key=_closeness)[:NEAREST]
        return best

    def _attempt(self, clause: Clause, position: int, binding: Binding) -> _Attempt:
        literal = clause.body[position]
        inner = 0
        distance = math_inf
        if isinstance(literal, Atom) and literal.predicate not in EXTENSIONAL:
            inner, distance = self._inside(literal, binding)
        elif isinstance(literal, Compare):
            distance = self._distance(literal, binding)
        return _Attempt((position, inner), distance, position, binding)

    def _inside(self, atom: Atom, binding: Binding) -> tuple[int, float]:
        """Return how many conjuncts of the definition of a one-span predicate hold, and how far off the next one is."""
        if any(value is None for value in self.matcher.pattern(atom, binding)):
            return 0, math_inf
        best = (0, math_inf)
        for clause in self.matcher.definitions[atom.predicate]:
            start = self._enter(clause, atom, binding)
            if start is None:
                continue
            here = start
            for position, literal in enumerate(clause.body):
                extended = next(self.matcher.extend(literal, here), None)
                if extended is None:
                    distance = self._distance(literal, here) if isinstance(literal, Compare) else math_inf
                    best = max(best, (position, distance), key=lambda pair: (pair[0], -pair[1]))
                    break
                here = extended
        return best

    def _distance(self, literal: Compare, binding: Binding) -> float:
        if isinstance(literal.left, Var) and literal.left.sort is not Sort.NUMBER:
            return math_inf
        gap = self._gap(literal, binding)
        return math_inf if gap is None else abs(float(gap))

    def _near(self, clause: Clause, attempt: _Attempt, start: Binding) -> bool:
        """Return whether an attempt is worth showing: more than that a span is in the scope."""
        position, inner = attempt.progress
        sought = [literal for literal in clause.body[:position] if self._constrains(literal, start)]
        return bool(sought) or inner > 0

    def _constrains(self, literal: Literal, start: Binding) -> bool:
        if self._silent(literal):
            return False
        return any(var.sort is Sort.SPAN and var not in start for var in literal_variables(literal))

    def _failure(self, clause: Clause, attempt: _Attempt, start: Binding) -> p.Failed:
        binding = attempt.binding
        passed = [
            self._holding(literal, clause, binding)
            for literal in clause.body[: attempt.position]
            if not self._silent(literal)
        ]
        failed = self._failing(clause.body[attempt.position], clause, binding)
        return p.Failed(_goal(clause.origin), self._bindings(clause, binding, start), tuple(passed), failed)

    # --- literals -------------------------------------------------------------------------------------------------

    def _holding(self, literal: Literal, clause: Clause, binding: Binding) -> p.Proof:
        match literal:
            case Atom():
                return self.prove(literal, binding)
            case Compare() | Present():
                return self._compared(literal, clause, binding, holds=True)
            case Not(literal=Atom() as inner):
                return p.Negation(_goal(literal.origin), holds=True, part=self.refute(inner, binding))
            case Not(literal=Compare() | Present() as inner):
                part = self._compared(inner, clause, binding, holds=False)
                return p.Negation(_goal(literal.origin), holds=True, part=part)
            case Not() | Aggregate():
                message = f"nothing to prove about {literal!r}"
                raise InternalError(code="X203", message=message)
            case _:
                assert_never(literal)

    def _failing(self, literal: Literal, clause: Clause, binding: Binding) -> p.Proof:
        match literal:
            case Atom():
                return self.refute(literal, binding)
            case Compare() | Present():
                return self._compared(literal, clause, binding, holds=False)
            case Not(literal=Atom() as inner):
                found = next(self.matcher.extend(inner, binding), binding)
                return p.Negation(_goal(literal.origin), holds=False, part=self.prove(inner, found))
            case Not(literal=Compare() | Present() as inner):
                part = self._compared(inner, clause, binding, holds=True)
                return p.Negation(_goal(literal.origin), holds=False, part=part)
            case Aggregate():
                count = self._count(literal, binding)
                side = p.Side(count.text, None, counts=(count,))
                return p.Comparison(_goal(literal.origin), holds=False, left=side, op="exists", right=_NOTHING)
            case Not():
                message = f"nothing to refute about {literal!r}"
                raise InternalError(code="X203", message=message)
            case _:
                assert_never(literal)

    def _compared(self, literal: Compare | Present, clause: Clause, binding: Binding, *, holds: bool) -> p.Comparison:
        if literal_holds(literal, binding, self.store) is not holds:
            message = f"the comparison {literal!r} is not {holds}"
            raise InternalError(code="X204", message=message)
        goal = _goal(literal.origin)
        if isinstance(literal, Present):
            left = self._side(literal.term, clause, binding)
            return p.Comparison(goal, holds=holds, left=left, op="exists", right=_NOTHING)
        left, right = (self._side(side, clause, binding) for side in (literal.left, literal.right))
        gap = None if isinstance(literal.left, Var) and literal.left.sort is Sort.SPAN else self._gap(literal, binding)
        return p.Comparison(goal, holds=holds, left=left, op=literal.op, right=right, gap=gap)

    def _gap(self, literal: Compare, binding: Binding) -> int | float | None:
        """Return by how much an order comparison of numbers holds (not negative) or fails (negative)."""
        values = [evaluate(side, binding, self.store) for side in (literal.left, literal.right)]
        numbers = [None if value is None else as_number(value) for value in values]
        left, right = numbers
        if left is None or right is None:
            return None
        try:
            match literal.op:
                case "<" | "<=":
                    return right - left
                case ">" | ">=":
                    return left - right
                case "==":
                    return -abs(left - right)
                case _:
                    return None
        except OverflowError:
            return None

    def _side(self, term: Term, clause: Clause, binding: Binding) -> p.Side:
        match term:
            case Const(value=value, unit=unit):
                return p.Side("", value, unit)
            case Field(of=of, space=space, key=key):
                label = key if space != "resource" else f"resource:{key}"
                if of.label:
                    label = f"{of.label}.{label}"
                entity = binding[of]
                span = entity[0] if isinstance(entity, tuple) else entity
                cited = self.span(span) if isinstance(span, int) else None
                unit = TIME_UNITS.get(key, Unit.NONE) if space == "intrinsic" else Unit.NONE
                return p.Side(label, evaluate(term, binding, self.store), unit, cited)
            case Var(sort=Sort.NUMBER):
                literal = _defining(term, clause)
                count = self._count(literal, binding)
                return p.Side(count.text, count.value, _aggregate_unit(literal), counts=(count,))
            case Var(label=label):
                value = binding[term]
                span = self.span(value) if isinstance(value, int) else None
                return p.Side(label or "the span", span.span_id if span else str(value), span=span)
            case Arith(op=op, left=left, right=right):
                one, two = self._side(left, clause, binding), self._side(right, clause, binding)
                text = f"{_operand(one)} {op} {_operand(two)}"
                unit = arithmetic_unit(op, one.unit, two.unit)
                counts = (*one.counts, *two.counts)
                return p.Side(text, evaluate(term, binding, self.store), unit, one.span or two.span, counts)
            case _:
                assert_never(term)

    def _count(self, literal: Aggregate, binding: Binding) -> p.Count:
        elements = self.matcher.elements(literal, binding)
        members = tuple(p.Member(self.span(span), value) for span, value in elements.members)
        window = None
        if literal.window is not None and elements.window_start is not None:
            window = p.Window(elements.window_start, literal.window)
        text = literal.origin.text if literal.origin is not None else literal.function
        closure = self.closure(self._scope_of(binding))
        return p.Count(literal.function, text, elements.value, members, closure, window)

    def _given(self, atom: Atom, binding: Binding, *, holds: bool) -> p.Given:
        pattern = self.matcher.pattern(atom, binding)
        spans = [
            self.span(value)
            for arg, value in zip(atom.args, pattern, strict=True)
            if isinstance(arg, Var) and arg.sort is Sort.SPAN and isinstance(value, int)
        ]
        sentence = _fact_sentence(atom, pattern, spans, holds=holds)
        return p.Given(_goal(atom.origin), holds, atom.predicate, sentence, tuple(spans))

    # --- spans and scopes -----------------------------------------------------------------------------------------

    def span(self, index: int) -> p.SpanRef:
        """Return the reference to a span of the store."""
        span = self.store.spans[index]
        return p.SpanRef(span.trace_id, span.span_id, span.name, span.resource.service, span.start, span.end)

    def _scope_of(self, binding: Binding) -> Ground:
        """Return the scope that a proof speaks of: the value of the plan's scope variable, or the one scope."""
        return self.scope

    scope: Ground = ""

    def in_scope(self, scope: Ground) -> Prover:
        """Tell which scope the next proofs speak of."""
        self.scope = scope
        return self

    def members(self, scope: Ground) -> Iterable[int]:
        """Yield the spans of a scope."""
        for row in self.answer.matching(self.plan.member.predicate, (scope, None)):
            if isinstance(row[1], int):
                yield row[1]

    def closure(self, scope: Ground) -> p.Closure:
        """Return the closure of a scope: how many spans and traces it has, and a digest of them."""
        known = self.closures.get(scope)
        if known is None:
            spans = [self.store.spans[index] for index in self.members(scope)]
            lines = "\n".join(sorted(f"{span.trace_id}:{span.span_id}" for span in spans))
            digest = hashlib.sha256(lines.encode()).hexdigest()
            known = self.closures[scope] = p.Closure(len(spans), len({span.trace_id for span in spans}), digest)
        return known


math_inf: Final = float("inf")
_NOTHING: Final = p.Side("", None)


def _closeness(attempt: _Attempt) -> tuple[int, int, float]:
    return (-attempt.progress[0], -attempt.progress[1], attempt.distance)


def _goal(origin: Origin | None) -> p.Goal:
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
    from fluo_logic.explain.words import value_text  # noqa: PLC0415

    return side.label or value_text(side.value, side.unit)


def _fact_sentence(atom: Atom, pattern: Sequence[Ground | None], spans: Sequence[p.SpanRef], *, holds: bool) -> str:
    """Return the sentence of a catalogue fact, in the polarity asked for."""
    names = [f"{span.name} {span.span_id[:8]}" for span in spans]
    match atom.predicate, len(names):
        case "span", 1:
            wanted = next((arg.value for arg in atom.args if isinstance(arg, Const)), None)
            return f"it is named {spans[0].name}" if holds else f"it is named {spans[0].name}, not {wanted}"
        case "parent", 2:
            return f"{names[0]} is {'' if holds else 'not '}a child of {names[1]}"
        case "parent", 1:
            return f"the parent of {names[0]} is {'' if holds else 'not '}in the data"
        case "parent_ref", 1:
            return f"{names[0]} {'has' if holds else 'does not have'} the same parent"
        case "link", 2:
            return f"{names[0]} {'links' if holds else 'does not link'} to {names[1]}"
        case "event", _:
            wanted = next((arg.value for arg in atom.args if isinstance(arg, Const)), None)
            return f"it has {'an' if holds else 'no'} event named {wanted}"
        case predicate, _:
            known = ", ".join(str(value) for value in pattern if value is not None)
            return f"{'' if holds else 'not '}{predicate}({known})"
