"""The spans that a violation rests on, in the order in which they began."""

from __future__ import annotations

from collections.abc import Iterator

from fluo_logic.explain.proof import Proof, SpanRef, cited, grounds
from fluo_logic.report.violation import Violation


def violation_spans(violation: Violation) -> list[tuple[str, SpanRef]]:
    """Return each span once, with the variable that names it (``$p``) or an empty text, earliest first.

    These are the witnesses, and the spans that the proof needs; a span without a start comes last.
    """
    named = {span: f"${name}" for name, span in reversed(list(violation.witness.items()))}
    if violation.proof is not None:
        for binding in violation.proof.bindings:
            named.setdefault(binding.span, binding.label)
        for root in (violation.proof.when, violation.proof.condition):
            for span in _needed(root) if root is not None else ():
                named.setdefault(span, "")
    return sorted(
        ((label, span) for span, label in named.items()),
        key=lambda item: (item[1].start is None, item[1].start or 0, item[1].trace_id, item[1].span_id),
    )


def _needed(node: Proof) -> Iterator[SpanRef]:
    yield from cited(node)
    for below in grounds(node):
        yield from _needed(below)
