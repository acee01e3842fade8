"""Which violations are waived: each by the first waiver that fits it and has not expired."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from fluo_logic.facts.dataset import Dataset
from fluo_logic.facts.model import Span
from fluo_logic.facts.store import lookup
from fluo_logic.report.excuse import Waiver, WaiverUse
from fluo_logic.report.violation import Report, Violation
from fluo_logic.values import canonical_text
from fluo_logic.waivers.read import VARIABLE


def apply_waivers(report: Report, waivers: Sequence[Waiver], dataset: Dataset, today: date) -> Report:
    """Return the report with its violations waived, and with what became of every waiver.

    Args:
        report: what a check found.
        waivers: what `fluo_logic.waivers.read.read_waivers` returned; those of rules that were not checked are left
            out.
        dataset: what was checked, where attributes are looked up.
        today: a waiver whose last day is before this day has expired.  Its violations count.
    """
    checked = {rule.id for rule in report.rules}
    known = [waiver for waiver in waivers if waiver.rule in checked]
    fits = dict.fromkeys(range(len(known)), 0)
    violations: list[Violation] = []
    for violation in report.violations:
        fitting = [index for index, waiver in enumerate(known) if _fits(waiver, violation, dataset)]
        for index in fitting:
            fits[index] += 1
        active = next((known[index] for index in fitting if known[index].expires >= today), None)
        violations.append(violation if active is None else replace(violation, waiver=active))
    uses = tuple(WaiverUse(waiver, fits[index], waiver.expires < today) for index, waiver in enumerate(known))
    return replace(report, violations=tuple(violations), waivers=uses)


def _fits(waiver: Waiver, violation: Violation, dataset: Dataset) -> bool:
    return (
        waiver.rule == violation.rule
        and waiver.fingerprint in {None, violation.fingerprint}
        and (waiver.scope is None or waiver.scope in violation.scope.values())
        and all(_has(key, text, violation, dataset) for key, text in waiver.attributes.items())
    )


def _has(key: str, text: str, violation: Violation, dataset: Dataset) -> bool:
    """Return whether a span that is meant has the value, as text."""
    named = VARIABLE.fullmatch(key)
    name = key if named is None else named["key"]
    values = (lookup(span, name) for span in _spans(violation, dataset, None if named is None else named["variable"]))
    return any(value is not None and canonical_text(value) == text for value in values)


def _spans(violation: Violation, dataset: Dataset, variable: str | None) -> Iterator[Span]:
    """Yield the span of a variable, or all witnesses; where a rule names no span, those of the trace."""
    for name, ref in violation.witness.items():
        trace = dataset.traces.get(ref.trace_id)
        if variable in {None, name} and trace is not None and ref.span_id in trace.by_id:
            yield trace.by_id[ref.span_id]
    if not violation.witness and variable is None:
        trace = dataset.traces.get(violation.scope.get("trace_id", ""))
        yield from trace.spans if trace is not None else ()
