"""Proofs from a program, its answer and the facts: why a ground atom holds, or why it does not.

A positive proof follows one clause and one binding of its variables.  A negative proof refutes every clause: where a
clause seeks a span of its own, the refutation is an absence that names what was looked at and which candidates came
closest; where it does not, it names the first conjunct that fails.
"""

from __future__ import annotations

import difflib
import hashlib
import math
from dataclasses import dataclass
from typing import Final, assert_never

from fluo_logic.errors import InternalError
from fluo_logic.explain import proof as p
from fluo_logic.explain.evidence import NOTHING, Evidence, goal_of, span_ref
from fluo_logic.explain.matching import Binding, Matcher
from fluo_logic.facts.schema import EXTENSIONAL
from fluo_logic.facts.store import Ground
from fluo_logic.logic import (
    Aggregate,
    Atom,
    Clause,
    Compare,
    Const,
    Literal,
    Not,
    Present,
    RulePlan,
    Sort,
    Unit,
    Var,
    is_recursive,
    literal_variables,
)

NEAREST: Final = 3
"""How many near misses an absence keeps."""
MOST_NAMES: Final = 200
"""How many span names of a scope are compared with one that it lacks."""
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


class RuleProver:
    """The scopes of one rule, and a prover for each."""

    def __init__(self, plan: RulePlan, matcher: Matcher) -> None:
        """Prepare proofs for ``plan``; the matcher is shared by the rules of a program."""
        self.plan = plan
        self.matcher = matcher
        self.store = matcher.store

    def span(self, index: int) -> p.SpanRef:
        """Return the reference to a span of the store."""
        return span_ref(self.store, index)

    def members(self, scope: Ground) -> tuple[int, ...]:
        """Return the spans of a scope, in order."""
        rows = self.matcher.answer.matching(self.plan.member.predicate, (scope, None))
        return tuple(row[1] for row in rows if isinstance(row[1], int))

    def closure(self, scope: Ground) -> p.Closure:
        """Return the closure of a scope: how many spans and traces it has, and a digest of them."""
        spans = [self.store.spans[index] for index in self.members(scope)]
        lines = "\n".join(sorted(f"{span.trace_id}:{span.span_id}" for span in spans))
        digest = hashlib.sha256(lines.encode()).hexdigest()
        return p.Closure(len(spans), len({span.trace_id for span in spans}), digest)

    def scoped(self, scope: Ground) -> ScopeProver:
        """Return the prover for one scope."""
        names = frozenset(self.store.spans[span].name for span in self.members(scope))
        return ScopeProver(self.plan, self.matcher, self.closure(scope), names)


class ScopeProver:
    """Builds proofs for one rule in one scope."""

    def __init__(self, plan: RulePlan, matcher: Matcher, closure: p.Closure, names: frozenset[str]) -> None:
        """Prepare proofs that rest on ``closure``; ``names`` are those of its spans."""
        self.names = names
        self.matcher = matcher
        self.evidence = Evidence(matcher, closure)
        self.guard = plan.when.predicate
        # Said once for a whole proof: that the scope is one, and that `when` matches.
        self.hidden = {plan.scope.predicate, plan.member.predicate, plan.when.predicate}

    # --- entry points ---------------------------------------------------------------------------------------------

    def prove(self, atom: Atom, binding: Binding) -> p.Proof:
        """Return a proof that ``atom`` holds; raises InternalError where it does not."""
        if atom.predicate in EXTENSIONAL:
            return self.evidence.given(atom, binding, holds=True)
        clauses = self.matcher.definitions[atom.predicate]
        if is_recursive(clauses):
            return self.evidence.ancestry(atom, binding, holds=True)
        for number, clause in enumerate(clauses):
            start = self._enter(clause, atom, binding)
            if start is None:
                continue
            found = next(self.matcher.solutions(clause.body, start), None)
            if found is not None:
                proof = self._all(clause, found, start)
                if len(clauses) == 1:
                    return proof
                return p.Any(goal_of(atom.origin or clause.origin), number, len(clauses), proof)
        message = f"{atom.predicate} is in the answer, but no clause derives it"
        raise InternalError(code="X201", message=message)

    def refute(self, atom: Atom, binding: Binding) -> p.Proof:
        """Return a proof that ``atom`` does not hold under ``binding``, whatever its other arguments are."""
        if atom.predicate in EXTENSIONAL:
            return self.evidence.given(atom, binding, holds=False)
        clauses = self.matcher.definitions[atom.predicate]
        if is_recursive(clauses):
            return self.evidence.ancestry(atom, binding, holds=False)
        refutations = []
        for clause in clauses:
            start = self._enter(clause, atom, binding)
            if start is not None:
                refutations.append(self._refute_clause(clause, start))
        if len(refutations) == 1:
            return refutations[0]
        return p.NoBranch(goal_of(atom.origin), tuple(refutations))

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
        return p.All(goal_of(clause.origin), self._bindings(clause, found, start), parts)

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
        own = {var for literal in clause.body if not self._is_guard(literal) for var in literal_variables(literal)}
        return tuple(
            p.Binding(var.label or "", self.evidence.span(value))
            for var, value in found.items()
            if var in own and var not in start and var.sort is Sort.SPAN and isinstance(value, int)
        )

    def _refute_clause(self, clause: Clause, start: Binding) -> p.Proof:
        attempts = self._attempts(clause, start)
        goal = goal_of(clause.origin)
        failures = [self._failure(clause, attempt, start) for attempt in attempts]
        if not self._seeks(clause, start):
            failed = failures[0]
            return failed.failed if not failed.passed and not failed.bindings else failed
        sought = None if attempts else self._unseen_name(clause)
        names = () if sought is None else self._names_like(sought)
        return p.Absent(goal, self.evidence.closure, tuple(failures), sought, names)

    def _unseen_name(self, clause: Clause) -> str | None:
        """Return the first span name that a body asks for and no span of the scope has."""
        for literal in clause.body:
            match literal:
                case Atom(predicate="span", args=(_, _, Const(value=str() as name))):
                    if name not in self.names:
                        return name
                case Atom(predicate=predicate) if predicate not in EXTENSIONAL and predicate not in self.hidden:
                    inner = self.matcher.definitions[predicate]
                    found = self._unseen_name(inner[0]) if len(inner) == 1 and len(literal.args) == 1 else None
                    if found is not None:
                        return found
                case _:
                    continue
        return None

    def _names_like(self, name: str) -> tuple[str, ...]:
        """Return up to three span names of the scope, those most like ``name`` first."""
        known = sorted(self.names)[:MOST_NAMES]
        ranked = sorted(known, key=lambda other: (-difflib.SequenceMatcher(None, name, other).ratio(), other))
        return tuple(ranked[:NEAREST])

    def _seeks(self, clause: Clause, start: Binding) -> bool:
        return any(
            var.sort is Sort.SPAN and var not in start
            for literal in clause.body
            if not isinstance(literal, Aggregate) and not self._is_guard(literal)
            for var in literal_variables(literal)
        )

    def _is_guard(self, literal: Literal) -> bool:
        return isinstance(literal, Atom) and literal.predicate == self.guard

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
            attempt = self._attempt(clause.body[position], position, binding)
            if not seeks or self._near(clause, attempt, start):
                best = sorted([*best, attempt], key=_closeness)[:NEAREST]
        return best

    def _attempt(self, literal: Literal, position: int, binding: Binding) -> _Attempt:
        inner = 0
        distance = math.inf
        if isinstance(literal, Atom) and literal.predicate not in EXTENSIONAL:
            inner, distance = self._inside(literal, binding)
        elif isinstance(literal, Compare):
            distance = self._distance(literal, binding)
        return _Attempt((position, inner), distance, position, binding)

    def _inside(self, atom: Atom, binding: Binding) -> tuple[int, float]:
        """Return how many conjuncts of the definition of a one-span predicate hold, and how far off the next one is."""
        if any(value is None for value in self.matcher.pattern(atom, binding)):
            return 0, math.inf
        best = (0, math.inf)
        if is_recursive(self.matcher.definitions[atom.predicate]):
            return best
        for clause in self.matcher.definitions[atom.predicate]:
            start = self._enter(clause, atom, binding)
            if start is None:
                continue
            here = start
            for position, literal in enumerate(clause.body):
                extended = next(self.matcher.extend(literal, here), None)
                if extended is None:
                    distance = self._distance(literal, here) if isinstance(literal, Compare) else math.inf
                    best = max(best, (position, distance), key=lambda pair: (pair[0], -pair[1]))
                    break
                here = extended
        return best

    def _distance(self, literal: Compare, binding: Binding) -> float:
        if isinstance(literal.left, Var) and literal.left.sort is not Sort.NUMBER:
            return math.inf
        gap = self.evidence.gap(literal, binding)
        return math.inf if gap is None else abs(float(gap))

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
        return p.Failed(goal_of(clause.origin), self._bindings(clause, binding, start), tuple(passed), failed)

    # --- literals -------------------------------------------------------------------------------------------------

    def _holding(self, literal: Literal, clause: Clause, binding: Binding) -> p.Proof:
        match literal:
            case Atom():
                return self.prove(literal, binding)
            case Compare() | Present():
                return self.evidence.compared(literal, clause, binding, holds=True)
            case Not(literal=Atom() as inner):
                return p.Negation(goal_of(literal.origin), holds=True, part=self.refute(inner, binding))
            case Not(literal=Compare() | Present() as inner):
                part = self.evidence.compared(inner, clause, binding, holds=False)
                return p.Negation(goal_of(literal.origin), holds=True, part=part)
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
                return self.evidence.compared(literal, clause, binding, holds=False)
            case Not(literal=Atom() as inner):
                found = next(self.matcher.extend(inner, binding), binding)
                return p.Negation(goal_of(literal.origin), holds=False, part=self.prove(inner, found))
            case Not(literal=Compare() | Present() as inner):
                part = self.evidence.compared(inner, clause, binding, holds=True)
                return p.Negation(goal_of(literal.origin), holds=False, part=part)
            case Aggregate():
                count = self.evidence.count(literal, binding)
                side = p.Side(count.text, None, counts=(count,))
                return p.Comparison(goal_of(literal.origin), holds=False, left=side, op="exists", right=NOTHING)
            case Not():
                message = f"nothing to refute about {literal!r}"
                raise InternalError(code="X203", message=message)
            case _:
                assert_never(literal)


def _closeness(attempt: _Attempt) -> tuple[int, int, float]:
    return (-attempt.progress[0], -attempt.progress[1], attempt.distance)
