"""Proofs as JSON documents: ``fluo-proof/1`` and ``fluo-explanation/1``.

The schemas are published in ``schemas/``.  Values keep what they are: integers are exact whatever their size, doubles
stay doubles, what JSON has no number for is the text ``NaN``, ``Infinity`` or ``-Infinity``, bytes are base64.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, TypeAlias, assert_never

from fluo_logic.explain import proof as p
from fluo_logic.values import Value, canonical_text

if TYPE_CHECKING:
    from fluo_logic.pipeline import Explanation

Json: TypeAlias = "str | bool | int | float | list[Json] | dict[str, Json] | None"
Document: TypeAlias = dict[str, Json]

PROOF_SCHEMA: Final = "fluo-proof/1"
EXPLANATION_SCHEMA: Final = "fluo-explanation/1"


def value_json(value: Value | None) -> Json:
    """Return an attribute value as JSON; None is a missing one."""
    match value:
        case None | str() | bool() | int():
            return value
        case float():
            return value if math.isfinite(value) else canonical_text(value)
        case bytes():
            return canonical_text(value)
        case tuple():
            return [value_json(item) for item in value]
        case dict():
            return {key: value_json(item) for key, item in value.items()}
        case _:
            assert_never(value)


def span_json(span: p.SpanRef) -> Document:
    """Return a cited span; times are integers, nanoseconds since the Unix epoch, or null."""
    return dict(span._asdict())


def explanation_json(explanation: Explanation) -> Document:
    """Return the document ``fluo-explanation/1``."""
    return {
        "schema": EXPLANATION_SCHEMA,
        "rule": explanation.rule,
        "title": explanation.title,
        "severity": explanation.severity,
        "scope": dict(explanation.scope),
        "spans": explanation.spans,
        "traces": explanation.traces,
        "verdict": explanation.verdict,
        "sentence": explanation.sentence,
        "proofs": [proof_json(proof) for proof in explanation.proofs],
    }


def proof_json(proof: p.ObligationProof) -> Document:
    """Return the document ``fluo-proof/1``."""
    return {
        "schema": PROOF_SCHEMA,
        "rule": proof.rule,
        "verdict": proof.verdict,
        "polarity": proof.polarity,
        "obligation": _goal(proof.obligation),
        "bindings": [_binding(binding) for binding in proof.bindings],
        "assumptions": [{"kind": item.kind, "sentence": item.sentence} for item in proof.assumptions],
        "when": None if proof.when is None else node_json(proof.when),
        "condition": node_json(proof.condition),
    }


def node_json(node: p.Proof) -> Document:
    """Return a node with everything below it."""
    document = own_json(node)
    match node:
        case p.Given() | p.Comparison():
            pass
        case p.Negation(part=part) | p.Any(part=part):
            document["part"] = node_json(part)
        case p.All(parts=parts) | p.NoBranch(parts=parts):
            document["parts"] = [node_json(part) for part in parts]
        case p.Failed(passed=passed, failed=failed):
            document["passed"] = [node_json(part) for part in passed]
            document["failed"] = node_json(failed)
        case p.Absent(nearest=nearest):
            document["nearest"] = [node_json(part) for part in nearest]
        case _:
            assert_never(node)
    return document


def own_json(node: p.Proof) -> Document:
    """Return what a node says itself, without its premises."""
    document: Document = {"kind": kind_of(node), "holds": node.holds, "goal": _goal(node.goal)}
    match node:
        case p.Given(predicate=predicate, sentence=sentence, spans=spans):
            document |= {"predicate": predicate, "sentence": sentence, "spans": [span_json(span) for span in spans]}
        case p.Comparison(left=left, op=op, right=right, gap=gap):
            document |= {"left": _side(left), "op": op, "right": _side(right), "gap": value_json(gap)}
        case p.Any(branch=branch, branches=branches):
            document |= {"branch": branch, "branches": branches}
        case p.All(bindings=bindings) | p.Failed(bindings=bindings):
            document["bindings"] = [_binding(binding) for binding in bindings]
        case p.Absent(closure=closure, sought=sought, names=names, survey=survey):
            document |= {"closure": _closure(closure), "sought": sought, "names": list(names)}
            document["survey"] = None if survey is None else _survey(survey)
        case p.Negation() | p.NoBranch():
            pass
        case _:
            assert_never(node)
    return document


def kind_of(node: p.Proof) -> str:
    """Return the word that documents and graphs have for the class of a node."""
    match node:
        case p.Given():
            return "given"
        case p.Comparison():
            return "comparison"
        case p.Negation():
            return "negation"
        case p.All():
            return "all"
        case p.Any():
            return "any"
        case p.Failed():
            return "failed"
        case p.Absent():
            return "absent"
        case p.NoBranch():
            return "no-branch"
        case _:
            assert_never(node)


def _goal(goal: p.Goal) -> Document:
    return {"text": goal.text, "file": goal.file, "line": goal.line, "column": goal.column}


def _binding(binding: p.Binding) -> Document:
    return {"label": binding.label, "span": span_json(binding.span)}


def _closure(closure: p.Closure) -> Document:
    return {"spans": closure.spans, "traces": closure.traces, "digest": closure.digest}


def _survey(survey: p.Survey) -> Document:
    return {
        "comparison": _goal(survey.goal),
        "label": survey.label,
        "unit": survey.unit.value,
        "candidates": survey.candidates,
        "name": survey.name,
        "missing": survey.missing,
        "extreme": survey.extreme,
        "values": [value_json(value) for value in survey.values],
        "distinct": survey.distinct,
    }


def _side(side: p.Side) -> Document:
    return {
        "label": side.label,
        "missing": side.value is None,
        "value": value_json(side.value),
        "unit": side.unit.value,
        "span": None if side.span is None else span_json(side.span),
        "counts": [_count(count) for count in side.counts],
    }


def _count(count: p.Count) -> Document:
    window = count.window
    return {
        "function": count.function,
        "text": count.text,
        "value": value_json(count.value),
        "members": [{"span": span_json(member.span), "value": value_json(member.value)} for member in count.members],
        "closure": _closure(count.closure),
        "window": None if window is None else {"start": window.start, "length": window.length},
    }
