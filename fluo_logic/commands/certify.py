"""``fluo certify``."""

from __future__ import annotations

import json
import re
import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from fluo_logic.certification import (
    ABOUT_ALL,
    Finding,
    failures_claimed,
    program_of,
    recheck_inputs,
)
from fluo_logic.commands.check import rules_of, traces_of, warn_of_variables
from fluo_logic.commands.output import tell_problems, write_text
from fluo_logic.commands.settings import read_settings
from fluo_logic.errors import EXIT_OK, EXIT_VIOLATIONS, ConfigError
from fluo_logic.evidence.as_json import EVIDENCE_SCHEMA
from fluo_logic.evidence.controls import rules_for
from fluo_logic.evidence.held import controls_told, disagreements
from fluo_logic.explain.words import inert, instant_text, plural
from fluo_logic.facts.dataset import Dataset
from fluo_logic.facts.readers import read_traces
from fluo_logic.facts.readers.sources import open_all
from fluo_logic.lang.syntax import Ruleset
from fluo_logic.logic import Program, RulePlan

INSTANT: Final = re.compile(r"\b[1-9][0-9]{18}\b")
"""Nanoseconds since the Unix epoch, from 2001 on."""
LISTED: Final = 20
"""How many refusals are listed before the rest is counted."""


def run(arguments: Namespace) -> int:
    """Re-check the certificate of a report; return the exit status."""
    settings = read_settings(arguments)
    warn_of_variables()
    document = _document(arguments.report)
    held = _certificate(document, arguments.report)
    rules = rules_of(settings)
    is_evidence = document.get("schema") == EVIDENCE_SCHEMA
    if is_evidence:
        rules = rules_for(rules, controls_told(document))
    traces = traces_of(settings)
    refusals = _foreign_rules(held, rules, complete=arguments.complete)
    findings: list[Finding] = []
    program = Program((), ())
    if not refusals:
        program = program_of(_of_certificate(held, rules))
        contents = [source.content for source in open_all(traces, sys.stdin.buffer)]
        findings, written = _checked(held, program, contents, arguments)
        refusals = [*(finding for finding in findings if not finding.accepted), *_unclaimed(document, held)]
        if not refusals and is_evidence:
            refusals = [Finding("evidence", said, accepted=False) for said in disagreements(document, rules, contents)]
        if written and not refusals:
            sys.stderr.write("note: read through the OTLP that fluo writes of these traces\n")
    lines = list(_text(held, program, findings, refusals))
    told = [INSTANT.sub(lambda found: instant_text(int(found[0])), line) for line in lines]
    write_text("".join(f"{line}\n" for line in (told if not arguments.quiet or refusals else ())))
    return EXIT_VIOLATIONS if refusals else EXIT_OK


def _document(name: str) -> Mapping[str, object]:
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        message = f"`{name}` cannot be read: {getattr(error, 'strerror', None) or error}"
        raise ConfigError(code="C153", message=message) from error
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        message = f"`{name}` is no JSON document: {error}"
        hint = "`fluo check --certificate --format json=PATH` writes one"
        raise ConfigError(code="C153", message=message, hint=hint) from error
    return document if isinstance(document, dict) else {}


def _certificate(document: Mapping[str, object], name: str) -> Mapping[str, object]:
    held = document if "nodes" in document else document.get("certificate")
    if isinstance(held, dict):
        return held
    hint = "make the report anew with --certificate"
    raise ConfigError(code="C154", message=f"`{name}` has no certificate", hint=hint)


def _rules_named(held: Mapping[str, object]) -> list[str]:
    named = held.get("rules")
    return [str(name) for name in named] if isinstance(named, list) else []


def _foreign_rules(held: Mapping[str, object], rules: Ruleset, *, complete: bool) -> list[Finding]:
    """Return what is to be refused because the certificate and the files speak of different rules."""
    named, given = _rules_named(held), [rule.id for rule in rules.rules]
    lacking = [f"it is about rule {name}, which the files do not have" for name in named if name not in given]
    unspoken = [f"it says nothing of rule {name}" for name in given if complete and name not in named]
    return [Finding(ABOUT_ALL, said, accepted=False) for said in (*lacking, *unspoken)]


def _of_certificate(held: Mapping[str, object], rules: Ruleset) -> Ruleset:
    """Return the rules that a certificate is about, in its order."""
    return Ruleset(tuple(rules[name] for name in dict.fromkeys(_rules_named(held))))


def _checked(
    held: Mapping[str, object], program: Program, contents: Sequence[object], arguments: Namespace
) -> tuple[list[Finding], bool]:
    """Check against the files as they are; where the checker cannot read those, against the OTLP that fluo writes."""

    def read() -> Dataset:
        dataset = read_traces([content for content in contents if isinstance(content, bytes)])
        tell_problems(dataset.problems, quiet=arguments.quiet, verbose=arguments.verbose)
        return dataset

    return recheck_inputs(held, program, contents, read, complete=arguments.complete)


def _unclaimed(document: Mapping[str, object], held: Mapping[str, object]) -> list[Finding]:
    """Return what a report lists as not met and its certificate does not claim."""
    listed: dict[str, int] = {}
    violations = document.get("violations")
    for violation in violations if isinstance(violations, list) else ():
        name = str(violation.get("rule")) if isinstance(violation, dict) else ""
        listed[name] = listed.get(name, 0) + 1
    claimed = failures_claimed(held) if "violations" in document else {}
    return [
        Finding(
            ABOUT_ALL, f"the report lists {listed.get(name, 0)} failures of {name}, it claims {count}", accepted=False
        )
        for name, count in {**dict.fromkeys(listed, 0), **claimed}.items()
        if listed.get(name, 0) != count
    ]


def _text(
    held: Mapping[str, object], program: Program, findings: Sequence[Finding], refusals: Sequence[Finding]
) -> Iterator[str]:
    """Yield the lines of the answer: rule by rule what was accepted, then what was refused, then the outcome."""
    claims = held.get("claims")
    accepted = [
        (claims[int(finding.about.split()[1])], finding)
        for finding in findings
        if finding.accepted and finding.about.startswith("claim ") and isinstance(claims, list)
    ]
    yield from (f"checked on {finding.said}" for finding in findings if finding.about == ABOUT_ALL and finding.accepted)
    for plan in program.rules if accepted else ():
        own = [(claim, finding) for claim, finding in accepted if claim["rule"] == plan.rule]
        counts = Counter(str(claim["claim"]) for claim, _ in own)
        said = ", ".join(f"{counts[kind]} {kind}" for kind in ("fails", "satisfied", "vacuous") if counts[kind])
        yield f"{plan.rule}: {said or 'no claim is accepted'}"
        failing = [(claim, finding) for claim, finding in own if claim["claim"] == "fails"]
        for claim, finding in failing[:LISTED]:
            yield f"  {_match(plan, claim['match'])} · {inert(finding.said.rpartition('):')[2].strip())}"
        if len(failing) > LISTED:
            yield f"  … and {len(failing) - LISTED} more"
    yield from (f"refused: {finding.about}: {inert(finding.said)}" for finding in refusals[:LISTED])
    if len(refusals) > LISTED:
        yield f"refused: {len(refusals) - LISTED} more"
    nodes = sum(finding.about.startswith("node ") and finding.accepted for finding in findings)
    told = f"{plural(len(accepted), 'claim')} and {plural(nodes, 'node')} follow from the rules and these traces"
    yield f"{'not certified' if refusals else 'certified'}: {told}"


def _match(plan: RulePlan, match: Sequence[str]) -> str:
    """Return where a claim is about, as reports name it."""
    scope = {"per trace": f"trace {match[0][:8]}", "across traces": "all traces"}.get(plan.scope_kind, match[0])
    spans = zip(plan.variables, match[1:], strict=False)
    return " · ".join([inert(scope), *(f"{var.label} {span.rpartition(':')[2][:8]}" for var, span in spans)])
