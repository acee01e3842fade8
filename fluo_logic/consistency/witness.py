"""Witness traces: replayed by the engine that checks real ones, written as OTLP JSON and as examples of rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from fluo_logic.consistency.encode_solve import EPOCH
from fluo_logic.errors import InternalError
from fluo_logic.facts.dataset import Dataset, InputSummary, assemble
from fluo_logic.facts.model import Kind, Span, Status
from fluo_logic.facts.writers.otlp_json import request
from fluo_logic.lang import write
from fluo_logic.lang.syntax import Ruleset
from fluo_logic.pipeline import Options, report, solve
from fluo_logic.report.violation import VERDICTS

INPUT: Final = "witness"
LATER: Final = 30 * 86_400 * 10**9
"""How long after a witness its data are said to end where a deadline has to be over: 30 days, in nanoseconds."""


@dataclass(frozen=True, slots=True)
class Witness:
    """A trace and the verdicts that the rules have on it; ``now`` is the end of the data, where it is not its own."""

    spans: tuple[Span, ...]
    verdicts: Mapping[str, str]
    now: int | None = None

    def otlp(self) -> dict[str, object]:
        """Return the trace as OTLP JSON."""
        return request(self.spans)


def dataset_of(spans: Sequence[Span]) -> Dataset:
    """Return generated spans as data of their own."""
    return assemble(spans, inputs=[InputSummary(INPUT, INPUT, len(spans))])


def verdicts(spans: Sequence[Span], rules: Ruleset, now: int | None = None) -> dict[str, str]:
    """Return the worst verdict of each rule over its scopes, as `fluo check` finds it with clingo."""
    found = report(solve(dataset_of(spans), rules, Options(engine="clingo", max_proofs=1, now=now)))
    return {
        one.id: next((verdict for verdict in VERDICTS if one.verdicts.get(verdict)), "vacuous") for one in found.rules
    }


def replayed(spans: Sequence[Span], rules: Ruleset, expected: Mapping[str, bool]) -> Witness:
    """Check that rules are violated (True) or not violated (False) on a trace, and return it as a witness.

    Where deadlines of the trace are still open, it is judged as of `LATER`.

    Raises:
        InternalError: the engine disagrees with the solver that made the trace.
    """
    wanted = Ruleset(tuple(rule for rule in rules.rules if rule.id in expected))
    latest = max((span.end or 0 for span in spans), default=EPOCH)
    found: dict[str, str] = {}
    for now in (None, latest + LATER):
        found = verdicts(spans, wanted, now)
        if all((found[rule] == "violated") == violated for rule, violated in expected.items()) and not {
            "pending",
            "inconclusive",
        } & {*found.values()}:
            return Witness(tuple(spans), found, now)
    message = f"a generated trace has the verdicts {found}, and should be violated: {dict(expected)}"
    raise InternalError(code="X403", message=message, hint=f"the trace is {request(spans)}")


# --- examples -----------------------------------------------------------------------------------------------------


def example_text(witness: Witness, verdict: str, title: str) -> str:
    """Return a witness as an example block in the language of rules."""
    spans = list(witness.spans)
    if witness.now is not None:
        # An example ends with its last span: one more, so that every deadline of the others is over.
        spans.append(
            replace(
                spans[-1],
                name="later",
                span_id=f"{len(spans) + 1:08x}{0:08x}",
                parent_id=None,
                attributes={},
                start=witness.now,
                end=witness.now,
            )
        )
    lines = [f"example {verdict} {write.quoted(title)} {{"]
    for trace in dict.fromkeys(span.trace_id for span in spans):
        members = [span for span in spans if span.trace_id == trace]
        lines.append("  trace {")
        for span in members:
            if span.parent_id is None:
                lines += _example_span(span, members, "    ")
        lines.append("  }")
    return "\n".join([*lines, "}"]) + "\n"


def _example_span(span: Span, members: Sequence[Span], indent: str) -> list[str]:
    given = [f"{write.name(key)}: {write.value(value)}" for key, value in span.attributes.items()]
    resource = {key: value for key, value in span.resource.attributes.items() if key != "service.name"}
    given += [f"resource:{key}: {write.value(value)}" for key, value in resource.items()]
    if span.kind is not Kind.INTERNAL:
        given.append(f"span:kind: {span.kind.value}")
    if span.status is not Status.UNSET:
        given.append(f"span:status: {span.status.value}")
    if span.status_message:
        given.append(f"span:status_message: {write.quoted(span.status_message)}")
    if span.scope.name:
        given.append(f"scope:name: {write.quoted(span.scope.name)}")
    service = f" in {write.quoted(span.resource.service)}" if span.resource.service is not None else ""
    times = f"{_moment(span.start)} .. {_moment(span.end)}"
    head = f"{indent}{write.name(span.name)}({', '.join(given)}){service} @ {times}"
    children = [one for one in members if one.parent_id == span.span_id]
    if not children:
        return [head]
    below = [line for one in children for line in _example_span(one, members, f"{indent}  ")]
    return [f"{head} {{", *below, f"{indent}}}"]


def _moment(time: int | None) -> str:
    return write.duration((time or EPOCH) - EPOCH)


def can_be_example(witness: Witness) -> bool:
    """Return whether an example can spell a witness: examples have neither events nor links."""
    return not any(span.events or span.links for span in witness.spans)
