"""Proofs from a program, its answer and the facts: why a ground atom holds, or why it does not.

A positive proof follows one clause and one binding of its variables.  A negative proof refutes every clause: where a
clause seeks a span of its own, the refutation is an absence that names what was looked at and which candidates came
closest; where it does not, it names a conjunct that fails.

Of all proofs the smallest is built: the one that cites the fewest spans beyond those of the match that it is about,
then the one with the fewest nodes (`fluo_logic.explain.proof.size`).  That is exact as long as no goal has more than
`SOLUTIONS` bindings that satisfy a body, or more than `fluo_logic.explain.choices.KEPT` proofs of which none beats
another; beyond, it is the smallest among those.  Three things are not chosen but fixed: an aggregate cites all its
elements, an absence rests on all of its scope and cites none, and a condition on an event of a span that has several
fails where it gets furthest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from itertools import islice
from typing import Final, assert_never

from fluo_logic.errors import InternalError
from fluo_logic.explain import proof as p
from fluo_logic.explain.bodies import Bodies
from fluo_logic.explain.choices import NONE, Choice, Spans, combined, unbeaten
from fluo_logic.explain.evidence import NOTHING, Evidence, goal_of, span_ref
from fluo_logic.explain.final import NO_DOUBT, Finality
from fluo_logic.explain.matching import Binding, Matcher
from fluo_logic.explain.nearest import Attempt, NearMisses
from fluo_logic.facts.schema import EXTENSIONAL
from fluo_logic.facts.store import Ground
from fluo_logic.logic import (
    Aggregate,
    Atom,
    Clause,
    Compare,
    Literal,
    Not,
    Present,
    RulePlan,
    Sort,
    Var,
    is_recursive,
    literal_variables,
)

SOLUTIONS: Final = 256
"""How many bindings that satisfy a body are compared."""


class Scope:
    """What proofs about one scope share, found when it is first asked for."""

    def __init__(self, rule: RuleProver, scope: Ground) -> None:
        """Take the scope as ``rule`` has it."""
        self.rule = rule
        self.scope = scope

    @cached_property
    def closure(self) -> p.Closure:
        """What was looked at."""
        return self.rule.closure(self.scope)

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of the spans of the scope."""
        return frozenset(self.rule.store.spans[span].name for span in self.rule.members(self.scope))


class RuleProver:
    """The scopes of one rule, and a prover for each."""

    def __init__(self, plan: RulePlan, matcher: Matcher) -> None:
        """Prepare proofs for ``plan``; the matcher is shared by the rules of a program."""
        self.plan = plan
        self.matcher = matcher
        self.store = matcher.store
        self.bodies = Bodies(plan, matcher)

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

    def scope(self, scope: Ground) -> Scope:
        """Return what the proofs about a scope share."""
        return Scope(self, scope)

    def prover(self, scope: Scope, match: Iterable[Ground], finality: Finality = NO_DOUBT) -> Prover:
        """Return a prover for one scope and the spans of one match of ``when``, which are cited anyway."""
        return Prover(self.bodies, scope, frozenset(span for span in match if isinstance(span, int)), finality)


class Prover:
    """Builds proofs for one rule, one scope and one match; equal parts are the same object."""

    def __init__(self, bodies: Bodies, scope: Scope, match: Spans, finality: Finality) -> None:
        """Prepare proofs that rest on ``scope``; of several steps they take those that ``finality`` lets stand."""
        self.bodies = bodies
        self.matcher = bodies.matcher
        self.evidence = Evidence(bodies.matcher, lambda: scope.closure)
        self.nearest = NearMisses(bodies, self.evidence, lambda: scope.names)
        self.match = match
        self.finality = finality
        self.goals: dict[tuple[object, ...], Sequence[Choice]] = {}
        self.leaves: dict[tuple[object, ...], Choice] = {}

    # --- entry points ---------------------------------------------------------------------------------------------

    def smallest(self, *goals: tuple[Atom, Binding, bool]) -> tuple[p.Proof, ...]:
        """Return proofs that atoms hold (True) or do not hold (False), together the smallest.

        A free variable of an atom that does not hold stands for anything.

        Raises:
            InternalError: an atom is not as stated.
        """
        wholes = combined([self._choices(atom, binding, holds=holds) for atom, binding, holds in goals])
        return wholes[0].built()

    # --- atoms ----------------------------------------------------------------------------------------------------

    def _choices(self, atom: Atom, binding: Binding, *, holds: bool) -> Sequence[Choice]:
        """Return the proofs that an atom holds, or that it does not, of which none beats another."""
        pattern = self.matcher.pattern(atom, binding)
        key = (holds, atom.predicate, pattern, id(atom.origin))
        found = self.goals.get(key)
        if found is None:
            found = self.goals[key] = self._found(atom, binding, holds=holds)
        return found

    def _found(self, atom: Atom, binding: Binding, *, holds: bool) -> Sequence[Choice]:
        if atom.predicate in EXTENSIONAL:
            spans = self.evidence.fact_spans(atom, binding) - self.match
            return (Choice(spans, 1, partial(self.evidence.given, atom, binding, holds=holds)),)
        if is_recursive(self.matcher.definitions[atom.predicate]):
            spans = frozenset(self.evidence.ancestry_spans(atom, binding)) - self.match
            return (Choice(spans, 1, partial(self.evidence.ancestry, atom, binding, holds=holds)),)
        return self._proofs(atom, binding) if holds else self._refutations(atom, binding)

    def _proofs(self, atom: Atom, binding: Binding) -> Sequence[Choice]:
        clauses = len(self.matcher.definitions[atom.predicate])
        proofs: list[Choice] = []
        final: list[Choice] = []
        for number, clause, start in self.bodies.entered(atom, binding):
            solutions, stand = self._solutions(clause, start)
            choices = [choice for solution in solutions for choice in self._all(clause, solution, start)]
            if clauses > 1:
                goal = goal_of(atom.origin or clause.origin)
                choices = [
                    Choice(choice.spans, choice.nodes + 1, partial(_any, goal, number, clauses, choice))
                    for choice in choices
                ]
            (final if stand else proofs).extend(choices)
        if not (final or proofs):
            message = f"{atom.predicate} is in the answer, but no clause derives it"
            raise InternalError(code="X201", message=message)
        return unbeaten(final or proofs)

    def _refutations(self, atom: Atom, binding: Binding) -> Sequence[Choice]:
        refutations = [
            self._clause_refutations(clause, start) for _, clause, start in self.bodies.entered(atom, binding)
        ]
        if len(refutations) == 1:
            return refutations[0]
        goal = goal_of(atom.origin)
        return [
            Choice(whole.spans, whole.nodes, partial(lambda whole: p.NoBranch(goal, whole.built()), whole))
            for whole in combined(refutations)
        ]

    # --- a clause holds -------------------------------------------------------------------------------------------

    def _solutions(self, clause: Clause, start: Binding) -> tuple[list[Binding], bool]:
        """Return bindings that satisfy a body, and whether they do so for good; then only such."""
        some = list(islice(self.bodies.solutions(clause, start), SOLUTIONS))
        alone = len(some) <= 1 and len(self.matcher.definitions[clause.head.predicate]) == 1
        if alone or not self.finality:
            return some, True
        final = [solution for solution in some if self.finality.all_stand(clause, solution)]
        return (final, True) if final else (some, False)

    def _all(self, clause: Clause, solution: Binding, start: Binding) -> Iterator[Choice]:
        found = tuple(self.bodies.found(clause, solution, start))
        shown = [literal for literal in clause.body if not self.bodies.silent(literal)]
        parts = [self._literal(literal, clause, solution, holds=True) for literal in shown]
        goal = goal_of(clause.origin)
        for whole in combined(parts, frozenset(span for _, span in found) - self.match):
            build = partial(lambda whole: p.All(goal, self._bindings(found), whole.built()), whole)
            yield Choice(whole.spans, whole.nodes, build)

    def _bindings(self, found: Iterable[tuple[Var, int]]) -> tuple[p.Binding, ...]:
        return tuple(p.Binding(var.label or "", self.evidence.span(span)) for var, span in found)

    # --- a clause fails -------------------------------------------------------------------------------------------

    def _clause_refutations(self, clause: Clause, start: Binding) -> Sequence[Choice]:
        if self.bodies.seeks(clause, start):
            return (Choice(NONE, 1, partial(self._absent, clause, start)),)
        stops = self._stops(clause, start)
        if stops is None:
            stops = {attempt.position: attempt.binding for attempt in self.nearest.attempts(clause, start)[:1]}
        if not stops:
            message = f"{clause.head.predicate} is not in the answer, but a clause derives it"
            raise InternalError(code="X202", message=message)
        stops = self._final(clause, stops)
        return unbeaten(
            choice for position in stops for choice in self._failed(clause, position, stops[position], start)
        )

    def _stops(self, clause: Clause, start: Binding) -> dict[int, Binding] | None:
        """Return the literals of a body that fail, by position; None where the body chooses among events."""
        stops: dict[int, Binding] = {}
        lost: set[Var] = set()
        binding = start
        for position, literal in enumerate(clause.body):
            if not lost.isdisjoint(literal_variables(literal)):
                continue
            extensions = list(islice(self.bodies.extend(clause, literal, binding), 2))
            if len(extensions) > 1:
                return None
            if extensions:
                binding = extensions[0]
            else:
                stops[position] = binding
                lost.update(var for var in literal_variables(literal) if var not in binding)
        return stops

    def _final(self, clause: Clause, stops: Mapping[int, Binding]) -> dict[int, Binding]:
        """Return the literals that fail for good, if there are any."""
        if len(stops) > 1 and self.finality:
            final = {
                position: binding
                for position, binding in stops.items()
                if self.finality.stands(clause, clause.body[position], binding, holds=False)
            }
            if final:
                return final
        return dict(stops)

    def _failed(self, clause: Clause, position: int, binding: Binding, start: Binding) -> Iterator[Choice]:
        """Yield the refutations of a body by the literal at ``position``; what holds before it is shown, too."""
        goal = goal_of(clause.origin)
        before = self._before(clause, position, binding)
        found = tuple(self.bodies.found(clause, binding, start))
        for choice in self._literal(clause.body[position], clause, binding, holds=False):
            if not before and not found:
                yield choice
                continue

            def build(choice: Choice = choice) -> p.Failed:
                return p.Failed(goal, self._bindings(found), self._built(before, clause, binding), choice.build())

            yield Choice(choice.spans, choice.nodes + 1, build)

    def _before(self, clause: Clause, position: int, binding: Binding) -> list[Literal]:
        """Return what a body says before a position and holds."""
        return [
            literal
            for literal in clause.body[:position]
            if not self.bodies.silent(literal)
            and self.bodies.ready(clause, literal, binding)
            and any(True for _ in self.matcher.extend(literal, binding))
        ]

    def _built(self, literals: Iterable[Literal], clause: Clause, binding: Binding) -> tuple[p.Proof, ...]:
        return tuple(self._literal(literal, clause, binding, holds=True)[0].build() for literal in literals)

    def _absent(self, clause: Clause, start: Binding) -> p.Absent:
        attempts, survey = self.nearest.looked(clause, start)
        sought, names = (None, ()) if attempts else self.nearest.unseen(clause)
        failures = tuple(self._miss(clause, attempt, start) for attempt in attempts)
        return p.Absent(goal_of(clause.origin), self.evidence.closure, failures, sought, names, survey)

    def _miss(self, clause: Clause, attempt: Attempt, start: Binding) -> p.Failed:
        """Return a near miss: what holds, and what does not, for good if there is such."""
        position, binding = attempt.position, attempt.binding
        if self.finality:
            stops = self._final(clause, {position: binding, **(self._stops(clause, binding) or {})})
            position = min(stops, default=position)
            binding = stops.get(position, binding)
        passed = self._built(self._before(clause, position, binding), clause, binding)
        failed = self._literal(clause.body[position], clause, binding, holds=False)[0].build()
        found = self._bindings(self.bodies.found(clause, binding, start))
        return p.Failed(goal_of(clause.origin), found, passed, failed)

    # --- literals -------------------------------------------------------------------------------------------------

    def _literal(self, literal: Literal, clause: Clause, binding: Binding, *, holds: bool) -> Sequence[Choice]:
        """Return the proofs that a literal holds, or that it does not."""
        match literal:
            case Atom():
                return self._choices(literal, binding, holds=holds)
            case Compare() | Present():
                return (self._compared(literal, clause, binding, holds=holds),)
            case Not(literal=Compare() | Present() as inner):
                return self._negated(literal, [self._compared(inner, clause, binding, holds=not holds)], holds=holds)
            case Not(literal=Atom() as inner) if holds:
                return self._negated(literal, self._choices(inner, binding, holds=False), holds=holds)
            case Not(literal=Atom() as inner):
                rows = islice(self.matcher.extend(inner, binding), SOLUTIONS)
                choices = [choice for row in rows for choice in self._choices(inner, row, holds=True)]
                return self._negated(literal, unbeaten(choices), holds=holds)
            case Aggregate() if not holds:
                spans = self.evidence.counted(literal, binding) - self.match
                return (Choice(spans, 1, partial(self._valueless, literal, binding)),)
            case Not() | Aggregate():
                message = f"nothing to prove about {literal!r}"
                raise InternalError(code="X203", message=message)
            case _:
                assert_never(literal)

    def _negated(self, literal: Not, parts: Iterable[Choice], *, holds: bool) -> Sequence[Choice]:
        goal = goal_of(literal.origin)
        return [
            Choice(part.spans, part.nodes + 1, partial(lambda part: p.Negation(goal, holds, part.build()), part))
            for part in parts
        ]

    def _compared(self, literal: Compare | Present, clause: Clause, binding: Binding, *, holds: bool) -> Choice:
        variables = tuple(literal_variables(literal))
        if any(var.sort is Sort.NUMBER for var in variables):
            # What a count comes to depends on all that is bound.
            variables = tuple(binding)
        key = (id(literal), holds, *((var, binding[var]) for var in variables))
        leaf = self.leaves.get(key)
        if leaf is None:
            spans = self.evidence.compared_spans(literal, clause, binding) - self.match
            build = partial(self.evidence.compared, literal, clause, binding, holds=holds)
            leaf = self.leaves[key] = Choice(spans, 1, build)
        return leaf

    def _valueless(self, literal: Aggregate, binding: Binding) -> p.Comparison:
        count = self.evidence.count(literal, binding)
        side = p.Side(count.text, None, counts=(count,))
        return p.Comparison(goal_of(literal.origin), holds=False, left=side, op="exists", right=NOTHING)


def _any(goal: p.Goal, number: int, clauses: int, choice: Choice) -> p.Any:
    return p.Any(goal, number, clauses, choice.build())
