"""Certificates, ``fluo-certificate/1``: what `fluo_logic.explain.certify` needs to check an answer by itself.

A certificate is a list of nodes, each of which follows from facts and earlier nodes by the clauses of a program, and a
list of claims that rest on them.  It is built top down from the claims, and every node is written once, after those
it needs: the nodes are a directed acyclic graph in topological order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, assert_never

from fluo_logic.errors import InternalError
from fluo_logic.explain.matching import Binding, Matcher
from fluo_logic.facts.model import Span
from fluo_logic.facts.schema import EXTENSIONAL
from fluo_logic.facts.store import FactStore, Ground, Row
from fluo_logic.logic import (
    Aggregate,
    Atom,
    Clause,
    Compare,
    Const,
    Literal,
    Not,
    Present,
    Program,
    RulePlan,
    Sort,
    Var,
    is_recursive,
    literal_variables,
)
from fluo_logic.solve.base import Answer
from fluo_logic.translate.ir_json import ir_digest
from fluo_logic.values import Value

Json: TypeAlias = "str | bool | int | list[Json] | dict[str, Json] | None"
Pattern: TypeAlias = tuple["Ground | None", ...]

CERTIFICATE_SCHEMA: Final = "fluo-certificate/1"
FEW: Final = 8
"""Of more tuples than this, a node gives the number."""
FAILS: Final = "fails"
SATISFIED: Final = "satisfied"
VACUOUS: Final = "vacuous"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a certificate is to show of ``obligation`` (its number) for ``row``, a match of ``when``.

    Without an obligation the claim is that ``when`` does not match in the scope, of which ``row`` then consists.
    """

    plan: RulePlan
    obligation: int | None
    row: Row


@dataclass(frozen=True, slots=True)
class Conditions:
    """The options of a check that decide what was still open: nanoseconds, and whether holes count."""

    now: int
    clock_skew: int
    assume_complete: bool


def certificate(
    program: Program,
    store: FactStore,
    answer: Answer,
    claims: Sequence[Claim],
    conditions: Conditions,
    *,
    complete: bool = False,
) -> dict[str, Json]:
    """Return a certificate, ``fluo-certificate/1``.

    Args:
        program: what the rules were lowered to.
        store: the facts of the traces.
        answer: the answer of any engine.
        claims: what is to be shown.
        conditions: the options of the check.
        complete: also show which scopes and matches there are, so that a missing claim is noticed.
    """
    nodes = _Nodes(program, store, answer)
    told = [nodes.claim(claim) for claim in claims]
    if complete:
        for plan in program.rules:
            nodes.inventory(plan)
    return {
        "schema": CERTIFICATE_SCHEMA,
        "rules": [plan.rule for plan in program.rules],
        "ir": ir_digest(program),
        "facts": facts_digest(store),
        "options": {
            "now": str(conditions.now),
            "clock_skew": str(conditions.clock_skew),
            "assume_complete": conditions.assume_complete,
        },
        "nodes": nodes.nodes,
        "claims": told,
    }


def facts_digest(store: FactStore) -> str:
    """Return ``sha256:`` and a digest of what every reader of the traces has to find, whatever their format."""
    lines = sorted(ascii(_span(span)) for span in store.spans)
    text = "\n".join(lines)
    return f"sha256:{hashlib.sha256(text.encode('ascii')).hexdigest()}"


def _span(span: Span) -> dict[str, object]:
    """Return a span as the checker reads it: by the names that rules have for its parts."""
    return {
        "trace:id": span.trace_id,
        "span:id": span.span_id,
        "span:parent_id": span.parent_id,
        "span:name": span.name,
        "span:kind": span.kind.value,
        "span:status": span.status.value,
        "scope:name": span.scope.name or None,
        "span:status_message": span.status_message or None,
        "span:start": span.start,
        "span:end": span.end,
        "attributes": dict(span.attributes),
        "resource": dict(span.resource.attributes),
        "events": [(event.name, event.time, dict(event.attributes)) for event in span.events],
        "links": [f"{link.trace_id}:{link.span_id}" for link in span.links],
        "dropped": span.dropped_attributes + span.dropped_events + span.dropped_links,
    }


class _Nodes:
    """Writes nodes, each after those that it needs."""

    def __init__(self, program: Program, store: FactStore, answer: Answer) -> None:
        self.store = store
        self.answer = answer
        self.matcher = Matcher(program, store, answer)
        self.definitions = program.definitions()
        self.recursive = {name for name, clauses in self.definitions.items() if is_recursive(clauses)}
        self.span_texts = [f"{span.trace_id}:{span.span_id}" for span in store.spans]
        self.nodes: list[Json] = []
        self.held: set[tuple[str, Row]] = set()
        self.told: set[tuple[str, Pattern]] = set()

    # --- claims ---------------------------------------------------------------------------------------------------

    def claim(self, claim: Claim) -> Json:
        """Write the nodes of a claim and return it."""
        plan, row = claim.plan, claim.row
        if claim.obligation is None:
            said = VACUOUS
            self.holds(plan.scope.predicate, row)
            self.extension(plan.when, (*row, *[None] * (len(plan.when.args) - len(row))))
        else:
            failure = plan.obligations[claim.obligation].failure
            self.holds(plan.when.predicate, row)
            if self.answer.holds(failure.predicate, row):
                said = FAILS
                self.holds(failure.predicate, row)
                self.extension(plan.member, (row[0], None))
            else:
                said = SATISFIED
                self.extension(failure, row)
        match = [self._text(value, arg) for value, arg in zip(row, plan.when.args, strict=False)]
        return {"rule": plan.rule, "obligation": claim.obligation, "match": [*match], "claim": said}

    def inventory(self, plan: RulePlan) -> None:
        """Write the nodes that tell all scopes of a rule, and all matches of ``when`` in each."""
        self.extension(plan.scope, (None,))
        free = [None] * (len(plan.when.args) - 1)
        for scope in sorted(self.answer.rows(plan.scope.predicate)):
            self.extension(plan.when, (scope[0], *free))

    # --- nodes ----------------------------------------------------------------------------------------------------

    def holds(self, predicate: str, row: Row) -> None:
        """Write that a ground atom holds, by one clause and one binding of it."""
        steps: list[tuple[Row, int, Clause, Binding]] = []
        goal: Row | None = row
        # A predicate that rests on itself may do so as deep as a trace is, so that chain is followed in a loop.
        while goal is not None and predicate not in EXTENSIONAL and (predicate, goal) not in self.held:
            number, clause, final = self._derived(predicate, goal)
            steps.append((goal, number, clause, final))
            self.held.add((predicate, goal))
            again = [atom for atom in clause.body if isinstance(atom, Atom) and atom.predicate == predicate]
            goal = next((self._ground(atom, final) for atom in again), None)
        for goal, number, clause, final in reversed(steps):
            for literal in clause.body:
                if not (isinstance(literal, Atom) and literal.predicate == predicate):
                    self._rests_on(literal, final)
            head = {arg for arg in clause.head.args if isinstance(arg, Var)}
            binding: dict[str, Json] = {
                var.name: self._text(value, var)
                for var, value in final.items()
                if var not in head and var.sort is not Sort.NUMBER
            }
            atom = self._atom(clause.head, goal)
            self.nodes.append({"kind": "holds", "atom": atom, "clause": number, "binding": binding})

    def _derived(self, predicate: str, row: Row) -> tuple[int, Clause, Binding]:
        for number, clause in enumerate(self.definitions[predicate]):
            start = _entered(clause.head, row)
            final = None if start is None else next(self.matcher.solutions(clause.body, start), None)
            if final is not None:
                return number, clause, final
        message = f"{predicate} is in the answer, but no clause derives it"
        raise InternalError(code="X207", message=message)

    def _ground(self, atom: Atom, binding: Binding) -> Row:
        return tuple(value for value in self.matcher.pattern(atom, binding) if value is not None)

    def _rests_on(self, literal: Literal, binding: Binding) -> None:
        """Write what a literal that holds rests on."""
        match literal:
            case Atom():
                self.holds(literal.predicate, self._ground(literal, binding))
            case Not(literal=Atom() as inner):
                self.extension(inner, self.matcher.pattern(inner, binding))
            case Aggregate(over=over):
                self.extension(over, self._grouped(literal, binding))
            case Not() | Compare() | Present():
                return
            case _:
                assert_never(literal)

    def _grouped(self, literal: Aggregate, binding: Binding) -> Pattern:
        free = {var: value for var, value in binding.items() if var != literal.element}
        return self.matcher.pattern(literal.over, free)

    def extension(self, atom: Atom, pattern: Pattern) -> None:
        """Write all tuples of a pattern, in which None stands for anything."""
        predicate = atom.predicate
        if predicate in EXTENSIONAL:
            return
        whole: Pattern = (None,) * len(pattern)
        if self._is_whole(predicate, pattern):
            pattern = whole
        if (predicate, pattern) in self.told or (predicate, whole) in self.told:
            return
        self.told.add((predicate, pattern))
        for clause in self.definitions.get(predicate, ()):
            start = _entered(clause.head, pattern)
            if start is not None:
                self._walk(predicate, clause.body, start)
        found = list(self.answer.matching(predicate, pattern))
        told: Json = len(found)
        if len(found) <= FEW:
            told = [*sorted(self._atom(atom, row)[1:] for row in found)]
        self.nodes.append({"kind": "extension", "atom": self._atom(atom, pattern), "rows": told})

    def _is_whole(self, predicate: str, pattern: Pattern) -> bool:
        """Return whether to tell a predicate as a whole.

        So is told one of single spans, one that rests on itself, and one of which a pattern takes as long to go
        through: a body that begins with an atom in which nothing is bound.
        """
        clauses = self.definitions.get(predicate, ())
        if predicate in self.recursive:
            return True
        spans = [sum(_sort(arg) is Sort.SPAN for arg in clause.head.args) for clause in clauses]
        alone = all(len(clause.head.args) == 1 for clause in clauses)
        if max(spans, default=0) > 1:
            return False
        if alone and min(spans, default=0) == 1:
            return True
        return any(_begins_free(clause, pattern) for clause in clauses) and all(map(_stands_alone, clauses))

    def _walk(self, predicate: str, body: Sequence[Literal], binding: Binding) -> None:
        """Write what the checker asks for when it goes through a body, literal by literal."""
        if not body:
            return
        literal = body[0]
        match literal:
            case Atom() | Not(literal=Atom()):
                asked = literal if isinstance(literal, Atom) else literal.literal
                if isinstance(asked, Atom) and asked.predicate != predicate:
                    self._asked(asked, self.matcher.pattern(asked, binding))
            case Aggregate(over=over):
                self.extension(over, self._grouped(literal, binding))
            case Not() | Compare() | Present():
                pass
            case _:
                assert_never(literal)
        for found in self.matcher.extend(literal, binding):
            self._walk(predicate, body[1:], found)

    def _asked(self, atom: Atom, pattern: Pattern) -> None:
        if None in pattern or (atom.predicate, pattern) not in self.held:
            self.extension(atom, pattern)

    # --- ground values ----------------------------------------------------------------------------------------------

    def _atom(self, atom: Atom, row: Pattern) -> list[Json]:
        return [atom.predicate, *(self._text(value, arg) for value, arg in zip(row, atom.args, strict=True))]

    def _text(self, value: object, of: Var | Const) -> Json:
        """Return a ground value as certificates write it."""
        match value:
            case None:
                return None
            case str():
                return value
            case int() if _sort(of) is Sort.TRACE:
                return self.store.trace_ids[value]
            case int():
                return self.span_texts[value]
            case (int() as index, int() as number):
                span = self.store.spans[index]
                return f"{span.trace_id}:{span.span_id}#{number}"
            case _:
                message = f"not a ground value: {value!r}"
                raise TypeError(message)


def _sort(of: Var | Const) -> Sort:
    return of.sort if isinstance(of, Var) else Sort.TEXT


def _begins_free(clause: Clause, pattern: Pattern) -> bool:
    """Return whether a body begins with an atom of which a pattern of the head binds no variable."""
    bound = {arg for arg, known in zip(clause.head.args, pattern, strict=True) if known is not None}
    first = clause.body[0] if clause.body else None
    return isinstance(first, Atom) and bound.isdisjoint(arg for arg in first.args if isinstance(arg, Var))


def _stands_alone(clause: Clause) -> bool:
    """Return whether the atoms of a body bind its variables before they are used, whatever the head binds."""
    bound: set[Var] = set()
    for literal in clause.body:
        match literal:
            case Atom(args=args):
                bound.update(arg for arg in args if isinstance(arg, Var))
            case Compare() | Present() | Not(literal=Compare() | Present()):
                if not bound.issuperset(literal_variables(literal)):
                    return False
            case Aggregate(result=result):
                bound.add(result)
            case Not():
                continue
            case _:
                assert_never(literal)
    return bound.issuperset(arg for arg in clause.head.args if isinstance(arg, Var))


def _entered(head: Atom, row: Pattern) -> dict[Var, Ground | Value] | None:
    """Return the binding under which a head is a tuple, in which None stands for anything; None if it cannot be."""
    start: dict[Var, Ground | Value] = {}
    for arg, known in zip(head.args, row, strict=True):
        if known is not None and known != (arg.value if isinstance(arg, Const) else start.setdefault(arg, known)):
            return None
    return start
