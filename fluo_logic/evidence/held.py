"""What a document with evidence says beside its certificate, compared with that certificate, the rules and the traces.

The certificate is accepted before; here is found what somebody could have changed around it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from fluo_logic.evidence.as_json import control_json, period_json, rule_json
from fluo_logic.evidence.gather import digest_of, file_digest, period_of
from fluo_logic.evidence.tally import Counts
from fluo_logic.explain.certificate import FAILS, SATISFIED, VACUOUS
from fluo_logic.explain.words import plural
from fluo_logic.facts.readers import read_traces
from fluo_logic.lang.syntax import Ruleset

Held: TypeAlias = Mapping[str, object]


def controls_told(document: Held) -> list[str]:
    """Return the controls that a document with evidence is about."""
    return [str(entry.get("control")) for entry in _entries(document, "controls")]


def disagreements(document: Held, rules: Ruleset, contents: Sequence[object]) -> Iterator[str]:
    """Yield each statement that does not follow from the certificate, the rules or the traces, as a sentence.

    Args:
        document: what claims to be ``fluo-evidence/1``, with a certificate that the checker has accepted.
        rules: the rules of its controls.
        contents: the bytes of the trace files.
    """
    held = document.get("certificate")
    certificate = held if isinstance(held, dict) else {}
    counted = {rule.id: _counts(rule.id, certificate, document) for rule in rules.rules}
    told = {str(entry.get("id")): entry for entry in _entries(document, "rules")}
    for rule in rules.rules:
        entry = told.pop(rule.id, {})
        if not _equal(
            {key: value for key, value in entry.items() if key != "place"}, rule_json(rule, counted[rule.id])
        ):
            yield f"what it says of rule {rule.id} is not what its certificate and the rule say"
    for name in told:
        yield f"it tells of rule {name}, which names none of its controls"
    for entry in _entries(document, "controls"):
        control = str(entry.get("control"))
        if not _equal(entry, control_json(control, rules.rules, counted)):
            yield f"what it says of control {control} is not what its rules come to"
    yield from _rests_on(document, certificate, rules, contents)


def _rests_on(document: Held, certificate: Held, rules: Ruleset, contents: Sequence[object]) -> Iterator[str]:
    if not _equal(document.get("options"), certificate.get("options")):
        yield "its options are not those of its certificate"
    digests = document.get("digests")
    given = digests if isinstance(digests, dict) else {}
    yield from (
        f"its digest `{key}` is not that of its certificate"
        for key in ("facts", "ir")
        if given.get(key) != certificate.get(key)
    )
    yield from _other_files(given, "traces", [digest_of(content) for content in contents])
    files = dict.fromkeys(rule.origin.file for rule in rules.rules)
    yield from _other_files(given, "rules", [file_digest(name).sha256 for name in files])
    dataset = read_traces([content for content in contents if isinstance(content, bytes)])
    if not _equal(document.get("period"), period_json(period_of(dataset))):
        yield "its period is not that of the traces"
    data = document.get("data")
    told = (data.get("spans"), data.get("traces")) if isinstance(data, dict) else None
    if told != (len(dataset.spans), len(dataset.traces)):
        yield "its numbers of spans and traces are not those of the traces"
    lost = sum(one.count for one in dataset.problems if one.rejected) + sum(one is None for one in contents)
    rejected = [entry.get("count") for entry in _entries(data, "rejected")] if isinstance(data, dict) else []
    if sum(count for count in rejected if isinstance(count, int)) != lost:
        yield f"it does not tell of all that could not be read: {plural(lost, 'part')} of the traces"


def _other_files(digests: Held, kind: str, there: Sequence[str | None]) -> Iterator[str]:
    named = {str(entry.get("file")): entry.get("sha256") for entry in _entries(digests, kind)}
    for name, digest in named.items():
        if digest is not None and digest not in there:
            yield f"`{name}` is not among the {kind} given: none of their files has its SHA-256"
    if any(digest not in named.values() for digest in there):
        yield f"the {kind} given have a file that it does not name"


def _counts(rule: str, certificate: Held, document: Held) -> Counts:
    """Return what a certificate claims of a rule; which failures are final is taken from the document."""
    claims = [entry for entry in _entries(certificate, "claims") if entry.get("rule") == rule]
    kinds = Counter(str(claim.get("claim")) for claim in claims)
    verdicts = Counter(str(one.get("verdict")) for one in _entries(document, "violations") if one.get("rule") == rule)
    matches = [claim.get("match") for claim in claims]
    scopes = {str(match[0]) for match in matches if isinstance(match, list) and match}
    return Counts(
        obligations=kinds[FAILS] + kinds[SATISFIED],
        satisfied=kinds[SATISFIED],
        violated=verdicts["violated"],
        inconclusive=verdicts["inconclusive"],
        pending=verdicts["pending"],
        scopes=len(scopes),
        vacuous=kinds[VACUOUS],
    )


def _entries(document: Held, key: str) -> Iterator[Mapping[str, object]]:
    entries = document.get(key)
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict):
            yield entry


def _equal(told: object, true: object) -> bool:
    """Return whether two values are written alike; as Python compares them, 1 and true were equal."""
    return json.dumps(told, sort_keys=True) == json.dumps(true, sort_keys=True)
