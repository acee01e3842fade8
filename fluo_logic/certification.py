"""Certificates of solved sessions, and their re-check by the checker that shares nothing with what made them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fluo_logic.explain import certify as checker
from fluo_logic.explain.certificate import Claim, Conditions, Json, certificate
from fluo_logic.facts.dataset import Dataset
from fluo_logic.facts.store import Ground
from fluo_logic.facts.writers import otlp_json
from fluo_logic.lang.syntax import Ruleset
from fluo_logic.logic import Program, RulePlan
from fluo_logic.pipeline import Session
from fluo_logic.scopes import scope_json
from fluo_logic.solve.base import Answer
from fluo_logic.translate.ir_json import ir_document
from fluo_logic.translate.lower import lower
from fluo_logic.translate.passes import run_passes

ABOUT_ALL: Final = "certificate"
"""What the checker calls a finding that is about the certificate as a whole."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What the checker says of a node, a claim, or the certificate: what it tells, or why it is refused."""

    about: str
    said: str
    accepted: bool


def certify_session(session: Session, *, complete: bool = False) -> dict[str, Json]:
    """Return the certificate of what failed, or with ``complete`` of every obligation of every scope."""
    claims = [claim for plan in session.program.rules for claim in _claims(session.answer, plan, complete=complete)]
    return _certificate(session, claims, complete=complete)


def certify_scope(session: Session, scope: Mapping[str, str]) -> dict[str, Json]:
    """Return the certificate of every obligation of the rules of a session in one scope, as reports name it."""
    claims = [
        claim
        for plan in session.program.rules
        for (ground,) in session.answer.rows(plan.scope.predicate)
        if scope_json(plan, ground, session.store) == dict(scope)
        for claim in _of_scope(plan, ground, session.answer)
    ]
    return _certificate(session, claims, complete=False)


def _certificate(session: Session, claims: Sequence[Claim], *, complete: bool) -> dict[str, Json]:
    options, latest = session.options, session.store.dataset.latest
    now = options.now if options.now is not None else latest
    conditions = Conditions(now or 0, options.clock_skew, options.assume_complete)
    return certificate(session.program, session.store, session.answer, claims, conditions, complete=complete)


def _claims(answer: Answer, plan: RulePlan, *, complete: bool) -> Iterator[Claim]:
    if complete:
        for (scope,) in sorted(answer.rows(plan.scope.predicate)):
            yield from _of_scope(plan, scope, answer)
        return
    for number, obligation in enumerate(plan.obligations):
        for row in sorted(answer.rows(obligation.failure.predicate)):
            yield Claim(plan, number, row)


def _of_scope(plan: RulePlan, scope: Ground, answer: Answer) -> Iterator[Claim]:
    matches = list(answer.matching(plan.when.predicate, (scope, *[None] * (len(plan.when.args) - 1))))
    for row in matches:
        for number in range(len(plan.obligations)):
            yield Claim(plan, number, row)
    if not matches:
        yield Claim(plan, None, (scope,))


@dataclass(frozen=True, slots=True)
class Held:
    """Content that the checker reads as it does a file."""

    content: bytes

    def read_bytes(self) -> bytes:
        """Return the content."""
        return self.content


def program_of(rules: Ruleset) -> Program:
    """Return what rules are lowered to."""
    return run_passes(lower(rules))


def recheck(held: Mapping[str, object], program: Program, traces: Sequence[bytes], *, complete: bool) -> list[Finding]:
    """Check a certificate against OTLP, by the independent checker.

    Args:
        held: the certificate, or a document that has one as ``certificate``.
        program: what its rules were lowered to, now.
        traces: the content of OTLP files.
        complete: also demand a claim for every obligation of every rule in every scope.
    """
    documents = [json.dumps(ir_document(program)).encode(), json.dumps(held).encode(), *traces]
    found = checker.certify(*map(Held, documents), complete=complete)
    return [Finding(about, said, accepted) for about, said, accepted in found]


def recheck_inputs(
    held: Mapping[str, object],
    program: Program,
    contents: Sequence[object],
    read: Callable[[], Dataset],
    *,
    complete: bool,
) -> tuple[list[Finding], bool]:
    """Check a certificate against files as they are; where the checker cannot read those, against OTLP of ``read()``.

    Args:
        held: as for `recheck`.
        program: likewise.
        contents: the bytes of each file, or what else was opened in its place.
        read: reads the same traces.
        complete: as for `recheck`.

    Returns:
        The findings, and whether the OTLP was needed.
    """
    files = [content for content in contents if isinstance(content, bytes)]
    findings = recheck(held, program, files, complete=complete)
    if len(files) == len(contents) and all(finding.accepted for finding in findings[:1]):
        return findings, False
    return recheck(held, program, [as_otlp(read())], complete=complete), True


def as_otlp(dataset: Dataset) -> bytes:
    """Return a data set as OTLP JSON, which the checker reads."""
    return "".join(otlp_json.lines(dataset.spans)).encode()


def failures_claimed(held: Mapping[str, object]) -> Mapping[str, int]:
    """Return how many failures of each rule a certificate claims."""
    counts: dict[str, int] = defaultdict(int)
    claims = held.get("claims")
    for claim in claims if isinstance(claims, list) else ():
        if isinstance(claim, Mapping) and claim.get("claim") == "fails":
            counts[str(claim.get("rule"))] += 1
    return counts
