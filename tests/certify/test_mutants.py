"""The checker refuses every changed certificate, and every change of the facts, that would change what is claimed.

Every case of the corpus is changed at random, 61 times.  A mutant that is accepted has to be equivalent: all that it
claims has to be what the oracle, which shares no code with the checker, says of the same traces.  The golden tables
list how many mutants of each kind there were, how many were refused, and how many accepted ones claim the same.
"""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from fluo_logic.certification import as_otlp, recheck
from fluo_logic.explain.certificate import facts_digest
from fluo_logic.facts.dataset import assemble
from fluo_logic.facts.store import FactStore
from tests.certify.harness import Claims, certificate_of, claimed, due, in_hexadecimal
from tests.certify.mutate import CERTIFICATE_CHANGES, SPAN_CHANGES
from tests.certify.test_certificates import session_of
from tests.test_cases import CASES, GROUPS, load

HERE: Final = Path(__file__).parent / "mutants"
CERTIFICATES_A_CASE: Final = 45
FACTS_A_CASE: Final = 16
REFUSED, SAME, FEWER = "refused", "accepted, the same claims", "accepted, fewer claims"


def test_there_are_ten_thousand_mutants() -> None:
    """The tables are about at least 10,000 mutants, and the refused are by far the most."""
    assert len(CASES) * (CERTIFICATES_A_CASE + FACTS_A_CASE) >= 10_000


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_mutants_are_refused_or_equivalent(group: Path, golden: Callable[[Path, str], None]) -> None:
    """No mutant of a certificate of the group, or of its facts, makes the checker accept what is not so."""
    table: dict[str, Counter[str]] = {}
    for folder in CASES:
        if folder.parent != group:
            continue
        random = Random(folder.name)  # noqa: S311 - the same mutants in every run
        for _ in range(CERTIFICATES_A_CASE):
            kind = random.choice(list(CERTIFICATE_CHANGES))
            table.setdefault(f"certificate: {kind}", Counter())[_certificate_mutant(folder, kind, random)] += 1
        for _ in range(FACTS_A_CASE):
            kind = random.choice(list(SPAN_CHANGES))
            table.setdefault(f"facts: {kind}", Counter())[_facts_mutant(folder, kind, random)] += 1
    golden(HERE / f"{group.name}.txt", _text(table))


def _text(table: dict[str, Counter[str]]) -> str:
    rows = [f"{'':48}{REFUSED:>10}{SAME:>29}{FEWER:>26}"]
    for kind in sorted(table):
        counts = table[kind]
        rows.append(f"{kind:48}{counts[REFUSED]:>10}{counts[SAME]:>29}{counts[FEWER]:>26}")
    return "\n".join(rows) + "\n"


def _certificate_mutant(folder: Path, kind: str, random: Random) -> str:
    """Change a certificate; return what became of it."""
    case, session = load(folder), session_of(folder)
    original = certificate_of(session)
    spans = in_hexadecimal(case.spans)
    while True:
        held = copy.deepcopy(original)
        CERTIFICATE_CHANGES[kind](held, random)
        if held != original:
            break
        kind = random.choice(list(CERTIFICATE_CHANGES))
    complete = random.random() < 0.5  # noqa: PLR2004 - as often as not
    found = recheck(held, session.program, [as_otlp(session.store.dataset)], complete=complete)
    if any(not item.accepted for item in found):
        return REFUSED
    told, truth = claimed(session, held), due(case.rule, spans, case.options)
    assert _is_part(told, truth), (folder, kind, held)
    assert told == truth or not complete, (folder, kind, held)
    return SAME if told == truth else FEWER


def _is_part(told: Claims, truth: Claims) -> bool:
    """Return whether all that is told is so; that `when` does not match in a scope is told by an empty set."""
    return all(
        scope in truth and own <= truth[scope] and bool(own) == bool(truth[scope]) for scope, own in told.items()
    )


def _facts_mutant(folder: Path, kind: str, random: Random) -> str:
    """Change the traces under a certificate, and its digest of them; return what became of it."""
    case, session = load(folder), session_of(folder)
    held: dict[str, Any] = json.loads(json.dumps(certificate_of(session)))
    spans = list(in_hexadecimal(case.spans))
    SPAN_CHANGES[kind](spans, random)
    dataset = assemble(spans)
    held["facts"] = facts_digest(FactStore(dataset))
    found = recheck(held, session.program, [as_otlp(dataset)], complete=True)
    if any(not item.accepted for item in found):
        return REFUSED
    assert claimed(session, held) == due(case.rule, spans, case.options), (folder, kind, spans)
    return SAME
