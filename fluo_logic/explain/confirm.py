"""Scan fast, prove exactly: what one engine found in all the data, clingo derives again from the scopes it found it in.

The scopes that are to be proved become a data set of their own: every trace that has a span of theirs, whole, so that
membership by key means the same there.  clingo solves the rule on it.  Its failures in those scopes must be the
scan's, match for match; where they are not, one of the two is wrong, and no proof is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from fluo_logic.errors import InternalError
from fluo_logic.explain.build import RuleProver
from fluo_logic.explain.matching import Matcher
from fluo_logic.facts.dataset import Dataset
from fluo_logic.facts.store import FactStore, Ground, Row
from fluo_logic.logic import Const, Program, RulePlan, Sort, Var
from fluo_logic.solve.base import Answer, Engine
from fluo_logic.translate.passes import drop_unused


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The prover on the second answer, and how to name there what the scan names."""

    prover: RuleProver
    scanned: FactStore

    def row(self, plan: RulePlan, row: Row) -> Row:
        """Return a match of ``when`` of the scan in the terms of the second answer."""
        return translate(plan, row, self.scanned, self.prover.store)


def confirm(
    engine: Engine, program: Program, plan: RulePlan, store: FactStore, answer: Answer, rows: Iterable[Row]
) -> Confirmed:
    """Derive the failures of a rule in the scopes of ``rows`` again with ``engine``.

    Raises:
        InternalError: the two answers differ in one of these scopes.
    """
    scopes = {row[0] for row in rows}
    scanned = RuleProver(plan, Matcher(program, store, answer))
    traces = {store.spans[span].trace_id for scope in scopes for span in scanned.members(scope)}
    part = FactStore(restrict(store.dataset, traces))
    alone = drop_unused(replace(program, rules=(plan,)))
    second = engine.solve(alone, part)
    for obligation in plan.obligations:
        failure = obligation.failure.predicate
        first = {row for row in answer.rows(failure) if row[0] in scopes}
        wanted = {translate(plan, row, store, part) for row in first}
        inside = {translate(plan, (scope,), store, part)[0] for scope in scopes}
        found = {row for row in second.rows(failure) if row[0] in inside}
        if wanted != found:
            raise _disagreement(plan, obligation.origin.text, sorted(wanted ^ found), wanted, part)
    return Confirmed(RuleProver(plan, Matcher(alone, part, second)), store)


def restrict(dataset: Dataset, traces: Iterable[str]) -> Dataset:
    """Return the part of a data set that some of its traces are; the end of the data stays that of all of it."""
    wanted = set(traces)
    return replace(
        dataset,
        spans=tuple(span for span in dataset.spans if span.trace_id in wanted),
        traces={trace_id: trace for trace_id, trace in dataset.traces.items() if trace_id in wanted},
    )


def translate(plan: RulePlan, row: Row, source: FactStore, target: FactStore) -> Row:
    """Return a match of ``when`` with the traces and spans of ``source`` named as in ``target``."""
    return tuple(_translated(arg, value, source, target) for arg, value in zip(plan.when.args, row, strict=False))


def _translated(arg: Var | Const, value: Ground, source: FactStore, target: FactStore) -> Ground:
    if isinstance(arg, Var) and isinstance(value, int):
        if arg.sort is Sort.TRACE:
            return target.trace_index[source.trace_ids[value]]
        if arg.sort is Sort.SPAN:
            return target.index[source.spans[value].key]
    return value


def _disagreement(
    plan: RulePlan, text: str, differing: Sequence[Row], wanted: set[Row], store: FactStore
) -> InternalError:
    row = differing[0]
    said = (
        "the scan found a failure that clingo does not derive"
        if row in wanted
        else "clingo derives a failure that the scan missed"
    )
    spans = [store.spans[value].key for value in row[1:] if isinstance(value, int)]
    traces = sorted({span.trace_id for span in spans} or set(store.trace_ids))
    message = f"{said}: rule {plan.rule}, `{text}`, scope {row[0]}, spans {[':'.join(span) for span in spans]}"
    hint = f"run the rule alone with --engine clingo and with --engine duckdb on the traces {', '.join(traces[:5])}"
    return InternalError(code="X301", message=message, hint=hint)
