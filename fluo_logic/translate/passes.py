"""The passes between lowering and an engine: a visible tuple of functions from program to program."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from fluo_logic.errors import InternalError
from fluo_logic.facts.schema import EXTENSIONAL
from fluo_logic.logic import Aggregate, Atom, Clause, Not, Program, RulePlan, literal_atoms

Pass = Callable[[Program], Program]


def drop_unused(program: Program) -> Program:
    """Leave out the clauses of predicates that no plan needs."""
    definitions = program.definitions()
    wanted: set[str] = set()
    pending = [atom.predicate for plan in program.rules for atom in plan_atoms(plan)]
    while pending:
        predicate = pending.pop()
        if predicate in wanted:
            continue
        wanted.add(predicate)
        for clause in definitions.get(predicate, ()):
            pending.extend(atom.predicate for literal in clause.body for atom in literal_atoms(literal))
    return replace(program, clauses=tuple(clause for clause in program.clauses if clause.head.predicate in wanted))


def order_by_stratum(program: Program) -> Program:
    """Put the clauses in an order in which every predicate follows what it negates or aggregates."""
    rank = strata(program)
    ordered = sorted(program.clauses, key=lambda clause: rank[clause.head.predicate])
    return replace(program, clauses=tuple(ordered))


PASSES: Final[tuple[Pass, ...]] = (drop_unused, order_by_stratum)


def run_passes(program: Program, passes: Iterable[Pass] = PASSES) -> Program:
    """Return the program after every pass in turn."""
    for step in passes:
        program = step(program)
    return program


def plan_atoms(plan: RulePlan) -> Iterable[Atom]:
    """Yield the atoms of a rule's plan whose extensions an answer must hold."""
    yield plan.scope
    yield plan.member
    yield plan.when
    for obligation in plan.obligations:
        yield obligation.condition
        yield obligation.failure


def strata(program: Program) -> dict[str, int]:
    """Return the stratum of each defined predicate: above all that it negates or aggregates, not below the rest.

    The least solution of the inequalities, by iteration.
    Source: Apt, Blair, Walker, "Towards a theory of declarative knowledge" (1988).
    """
    edges = [
        (clause.head.predicate, predicate, strict)
        for clause in program.clauses
        for predicate, strict in _dependencies(clause)
    ]
    rank = dict.fromkeys((clause.head.predicate for clause in program.clauses), 0)
    changed = True
    while changed:
        changed = False
        for head, predicate, strict in edges:
            least = rank[predicate] + strict
            if rank[head] < least:
                if least > len(rank):
                    message = f"{head} depends on its own negation; the program is not stratified"
                    raise InternalError(code="X101", message=message)
                rank[head] = least
                changed = True
    return rank


def _dependencies(clause: Clause) -> Iterable[tuple[str, bool]]:
    for literal in clause.body:
        strict = isinstance(literal, Not | Aggregate)
        for atom in literal_atoms(literal):
            if atom.predicate not in EXTENSIONAL:
                yield atom.predicate, strict
