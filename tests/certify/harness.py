"""Certificates of the corpus and of random cases, and what they claim in the shape of the oracle's answers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fluo_logic.certification import Finding, as_otlp, certify_session, recheck
from fluo_logic.facts.model import Span
from fluo_logic.lang.syntax import Rule, ScopeKind
from fluo_logic.pipeline import Options, Session
from tests.agreement.compare import oracle

Claims = dict[tuple[str, ...], frozenset[Any]]


def in_hexadecimal(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Give spans whose ids are words, as in the corpus, ids that OTLP can hold."""

    def renamed(word: str, digits: int) -> str:
        return hashlib.sha256(word.encode()).hexdigest()[:digits]

    return tuple(
        replace(
            span,
            trace_id=renamed(span.trace_id, 32),
            span_id=renamed(span.span_id, 16),
            parent_id=None if span.parent_id is None else renamed(span.parent_id, 16),
            links=tuple(
                replace(link, trace_id=renamed(link.trace_id, 32), span_id=renamed(link.span_id, 16))
                for link in span.links
            ),
        )
        for span in spans
    )


def certificate_of(session: Session, *, complete: bool = True) -> dict[str, Any]:
    """Return a certificate as a reader of JSON has it."""
    held: dict[str, Any] = json.loads(json.dumps(certify_session(session, complete=complete)))
    return held


def findings(session: Session, held: object, *, complete: bool = True) -> list[Finding]:
    """Check a certificate against the traces of a session."""
    document: Any = held
    return recheck(document, session.program, [as_otlp(session.store.dataset)], complete=complete)


def refusals(session: Session, held: object, *, complete: bool = True) -> list[str]:
    """Return what the checker refuses, with the reasons."""
    return [f"{item.about}: {item.said}" for item in findings(session, held, complete=complete) if not item.accepted]


def claimed(session: Session, held: dict[str, Any]) -> Claims:
    """Return what a certificate claims of its one rule: of each scope, its obligations with witness and outcome."""
    ((rule, plan),) = session.plans
    names = [str(var.label).removeprefix("$") for var in plan.variables]
    found: dict[tuple[str, ...], set[Any]] = {}
    for claim in held["claims"]:
        scope, *spans = claim["match"]
        own = found.setdefault(_key(rule, scope), set())
        if claim["obligation"] is not None:
            witness = tuple(sorted((name, *span.split(":")) for name, span in zip(names, spans, strict=True)))
            own.add((claim["obligation"], witness, claim["claim"]))
    return {key: frozenset(own) for key, own in found.items()}


def _key(rule: Rule, scope: str) -> tuple[str, ...]:
    match rule.scope.kind:
        case ScopeKind.TRACE:
            return ("trace", scope)
        case ScopeKind.KEY:
            return ("key", scope)
        case ScopeKind.ALL:
            return ("all",)


def due(rule: Rule, spans: Sequence[Span], options: Options) -> Claims:
    """Return what the oracle says is to be claimed."""
    return {
        key: frozenset(
            (number, tuple(tuple(part) for part in witness), "satisfied" if verdict == "satisfied" else "fails")
            for number, witness, verdict in obligations
        )
        for key, (_, obligations) in oracle(rule, spans, options).items()
    }
