"""Baselines, ``fluo-baseline/1``: the violations that there are already, so that new ones stand out.

A file holds no data of traces but the hexadecimal digits that identify violations, and it is sorted, so that it can be
kept in a repository and its differences read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

from fluo_logic.errors import ConfigError, Where
from fluo_logic.explain.as_json import Document
from fluo_logic.report.as_json import known_json
from fluo_logic.report.excuse import BaselineUse, KnownViolation
from fluo_logic.report.violation import Report, Violation

BASELINE_SCHEMA: Final = "fluo-baseline/1"
Identity: TypeAlias = Literal["fingerprint", "signature"]
IDENTITIES: Final[tuple[Identity, ...]] = get_args(Identity)
"""What a violation is known by: the very spans, or their names and services, which stay when traces are made anew."""
DIGITS: Final = re.compile(r"[0-9a-f]{16}")
HINT: Final = "`fluo check --write-baseline` writes one"


def read_baseline(path: str) -> tuple[KnownViolation, ...]:
    """Return the entries of a file.

    Raises:
        ConfigError: the file cannot be read, or is not a baseline.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        message = f"the baseline `{path}` cannot be read: {(error.strerror or str(error)).lower()}"
        raise ConfigError(code="C184", message=message, hint=HINT) from error
    try:
        document: object = json.loads(data)
    except json.JSONDecodeError as error:
        line = data.decode("utf-8", "replace").splitlines()[error.lineno - 1 : error.lineno]
        where = Where(path, error.lineno, error.colno, 1, line[0] if line else "")
        message = f"the baseline is not JSON: {error.msg.lower()}"
        raise ConfigError(code="C185", message=message, where=where, hint=HINT) from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(code="C185", message=f"the baseline `{path}` is not JSON in UTF-8", hint=HINT) from error
    if not isinstance(document, dict) or document.get("schema") != BASELINE_SCHEMA:
        raise ConfigError(code="C185", message=f"`{path}` is not a document `{BASELINE_SCHEMA}`", hint=HINT)
    entries = document.get("violations")
    if not isinstance(entries, list):
        raise ConfigError(code="C185", message=f"`{path}` has no list of violations", hint=HINT)
    return tuple(_known(entry, number, path) for number, entry in enumerate(entries, 1))


def _known(entry: object, number: int, path: str) -> KnownViolation:
    if isinstance(entry, dict):
        rule, fingerprint, signature = (entry.get(key) for key in ("rule", "fingerprint", "signature"))
        if (
            isinstance(rule, str)
            and isinstance(fingerprint, str)
            and isinstance(signature, str)
            and DIGITS.fullmatch(fingerprint)
            and DIGITS.fullmatch(signature)
        ):
            return KnownViolation(rule, fingerprint, signature)
    message = f"entry {number} of `{path}` is not a rule with a fingerprint and a signature"
    raise ConfigError(code="C185", message=message, hint=HINT)


def baseline_of(report: Report) -> tuple[KnownViolation, ...]:
    """Return the entries for all that is violated and not waived, sorted."""
    found = {
        KnownViolation(violation.rule, violation.fingerprint, violation.signature)
        for violation in report.violations
        if violation.verdict == "violated" and violation.waiver is None
    }
    return tuple(sorted(found, key=lambda known: (known.rule, known.signature, known.fingerprint)))


def baseline_json(entries: Sequence[KnownViolation]) -> Document:
    """Return the document; its schema is published in ``schemas/``."""
    return {"schema": BASELINE_SCHEMA, "violations": [known_json(known) for known in entries]}


def apply_baseline(
    report: Report, entries: Sequence[KnownViolation], rules: Collection[str], by: Identity = "fingerprint"
) -> Report:
    """Return the report with what a baseline knows marked, and with what is fixed since.

    Args:
        report: what a check found, its waivers applied.
        entries: what `read_baseline` returned.
        rules: the ids of all the rules that there are, also of those that were not checked this time.  What is known
            of a rule that was not checked is neither known nor fixed now; what is known of one that is gone is fixed.
        by: what identifies a violation.
    """
    known = {(entry.rule, _identity(entry, by)) for entry in entries}
    violated = {
        (violation.rule, _identity(violation, by)) for violation in report.violations if violation.verdict == "violated"
    }
    skipped = set(rules) - {rule.id for rule in report.rules}
    violations = tuple(
        replace(
            violation,
            known=violation.verdict == "violated" and (violation.rule, _identity(violation, by)) in known,
        )
        for violation in report.violations
    )
    fixed = tuple(
        entry for entry in entries if entry.rule not in skipped and (entry.rule, _identity(entry, by)) not in violated
    )
    count = sum(bool(violation.known) and violation.waiver is None for violation in violations)
    return replace(report, violations=violations, baseline=BaselineUse(count, fixed))


def _identity(entry: KnownViolation | Violation, by: Identity) -> str:
    match by:
        case "fingerprint":
            return entry.fingerprint
        case "signature":
            return entry.signature
