"""The corpus: every folder of ``cases`` is a rule, traces, the verdicts that are due, and the proof of the worst.

A case holds ``rule.fluo``, ``trace.txt`` (see `tests.cases.trace_text`), perhaps ``options.json`` (``now`` as a
duration since the epoch of the traces, ``clock_skew``, ``assume_complete``, ``scope``: which one to prove), and two
golden files.  ``expected.txt`` lists each scope with its verdict and each obligation that fails; ``proof.txt`` is what
`fluo explain` prints.  The verdicts in ``trace.txt`` are written by hand, so that no run of ``--update-goldens`` can
move them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from fluo_logic.explain.text import explanation_text
from fluo_logic.facts.dataset import assemble
from fluo_logic.facts.model import Span
from fluo_logic.facts.store import Ground
from fluo_logic.lang.literals import decode_duration
from fluo_logic.lang.parse import parse_rule
from fluo_logic.lang.syntax import Rule, Ruleset
from fluo_logic.pipeline import Options, RuleCheck, Session, explain_scope, solve
from fluo_logic.report.violation import Violation
from fluo_logic.scopes import scope_json
from fluo_logic.solve.registry import ENGINES
from tests.agreement.compare import oracle, product
from tests.cases.trace_text import EPOCH, read_trace_text

ROOT: Final = Path(__file__).parent / "cases"
CASES: Final = sorted(path.parent for path in ROOT.glob("*/*/rule.fluo"))
FILES: Final = {"rule.fluo", "trace.txt", "expected.txt", "proof.txt"}
OPTIONAL: Final = {"options.json"}
GROUPS: Final = sorted(path for path in ROOT.iterdir() if path.is_dir() and path.name != "__pycache__")
every_case = pytest.mark.parametrize("folder", CASES, ids=lambda case: case.relative_to(ROOT).as_posix())


@dataclass(frozen=True, slots=True)
class Case:
    """What the files of a case say."""

    rule: Rule
    spans: tuple[Span, ...]
    due: dict[str, str]
    options: Options
    scope: str | None

    def solve(self, engine: str) -> Session:
        return solve(assemble(self.spans), Ruleset((self.rule,)), replace(self.options, engine=engine))


@cache
def load(folder: Path) -> Case:
    """Read the files of a case."""
    rule = parse_rule((folder / "rule.fluo").read_text(encoding="utf-8"), folder.name, "rule.fluo")
    traces = read_trace_text((folder / "trace.txt").read_text(encoding="utf-8"))
    file = folder / "options.json"
    settings = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    assert settings.keys() <= {"now", "clock_skew", "assume_complete", "scope"}
    options = Options(
        max_proofs=10**9,
        now=EPOCH + decode_duration(settings["now"]) if "now" in settings else None,
        clock_skew=decode_duration(settings.get("clock_skew", "0s")),
        assume_complete=settings.get("assume_complete", False),
    )
    return Case(rule, traces.spans, dict(traces.due), options, settings.get("scope"))


def verdicts(session: Session) -> dict[str, str]:
    """Return the verdict of every scope, by what `tests.cases.trace_text` calls it."""
    ((rule, plan),) = session.plans
    checked = RuleCheck(session, rule, plan)
    list(checked.violations())
    active = {row[0] for row in session.answer.rows(plan.when.predicate)}

    def name(scope: Ground) -> str:
        return next(iter(scope_json(plan, scope, session.store).values()), "*")

    return {
        name(scope): checked.worst.get(scope, "satisfied") if scope in active else "vacuous"
        for scope in sorted(row[0] for row in session.answer.rows(plan.scope.predicate))
    }


def summary(session: Session) -> str:
    """Return the text of ``expected.txt``: each scope, and under it each obligation that fails."""
    ((rule, plan),) = session.plans
    failed: dict[str, list[str]] = {}
    for violation in RuleCheck(session, rule, plan).violations():
        failed.setdefault(next(iter(violation.scope.values()), "*"), []).append(_failure(violation))
    lines = []
    for scope, verdict in verdicts(session).items():
        lines.append(f"{scope}: {verdict}")
        lines.extend(f"  {line}" for line in failed.get(scope, ()))
    return "\n".join(lines) + "\n"


def _failure(violation: Violation) -> str:
    assert violation.proof is not None
    witness = " ".join(f"${name}={span.trace_id}/{span.span_id}" for name, span in sorted(violation.witness.items()))
    block = f"{violation.proof.polarity} {{ {' '.join(violation.obligation.split())} }}"
    return f"{violation.verdict}: {block}{f' for {witness}' if witness else ''}"


@every_case
@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_verdicts_are_those_that_are_due(folder: Path, engine: str, golden: Callable[[Path, str], None]) -> None:
    """Every engine gives each scope the verdict written in the trace file, and fails the obligations of the golden."""
    case = load(folder)
    session = case.solve(engine)
    assert verdicts(session) == case.due
    golden(folder / "expected.txt", summary(session))


@every_case
@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_the_proof_reads_like_the_golden(folder: Path, engine: str, golden: Callable[[Path, str], None]) -> None:
    """The explanation of the worst scope (or the one the options name) is the golden text, whoever solved."""
    case = load(folder)
    golden(folder / "proof.txt", explanation_text(explain_scope(case.solve(engine), case.scope)))


@every_case
def test_the_oracle_agrees(folder: Path) -> None:
    """An independent interpreter of the language gives every obligation of the case the same verdict."""
    case = load(folder)
    assert product(case.rule, case.spans, case.options) == oracle(case.rule, case.spans, case.options)


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_cases_hold_their_files_and_no_others(group: Path) -> None:
    """Nothing lies about in the corpus: each folder of a group is a case with all its files."""
    for folder in group.iterdir():
        names = {file.name for file in folder.iterdir()}
        assert names - OPTIONAL == FILES, folder
