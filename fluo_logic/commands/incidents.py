"""The seven incidents, run and checked: what `fluo demo` prints."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, cast

from fluo_logic import pipeline
from fluo_logic.errors import ConfigError
from fluo_logic.explain.graph import cited_spans
from fluo_logic.explain.proof import SpanRef
from fluo_logic.lang.parse import load_rules
from fluo_logic.lang.syntax import Ruleset
from fluo_logic.report.violation import Report, RuleReport, Violation
from fluo_logic.resources import incidents_folder, pack_folder

if TYPE_CHECKING:
    from types import ModuleType

PACK: Final = "case-studies"
EVERY_PROOF: Final = 1_000_000
VARIANTS: Final = ("healthy", "broken")
NEEDED: Final = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.common")


class Incident(Protocol):
    """An incident of the catalogue that comes with the applications."""

    number: int
    slug: str
    title: str
    industry: str
    impact: str
    invariant: str
    seed_rule_id: str
    rule_ids: tuple[str, ...]
    story: str


@dataclass(frozen=True)
class Replay:
    """An incident's healthy and broken run, checked with its rules."""

    incident: Incident
    rules: Ruleset
    healthy: Report
    broken: Report

    @property
    def as_told(self) -> RuleReport:
        """What the rule of the case study found in the broken run."""
        return self.broken.rules[0]

    @property
    def stronger(self) -> tuple[RuleReport, ...]:
        """What the rules that state the whole invariant found there."""
        return self.broken.rules[1:]

    @property
    def clean(self) -> bool:
        """Whether the healthy run meets every obligation, and has some of every rule."""
        return not self.healthy.violations and all(rule.obligations for rule in self.healthy.rules)

    @property
    def caught(self) -> bool:
        """Whether a rule that states the invariant is violated in the broken run."""
        return any(rule.verdicts["violated"] for rule in self.stronger)

    @cached_property
    def found(self) -> tuple[Case, ...]:
        """What the stronger rules found, in the order of the rules."""
        cases: dict[tuple[object, ...], list[Violation]] = {}
        for item in self.broken.violated:
            if item.rule != self.incident.seed_rule_id:
                cases.setdefault((item.rule, *item.scope.items()), []).append(item)
        return tuple(Case(tuple(items)) for items in cases.values())

    @cached_property
    def missed(self) -> tuple[Case, ...]:
        """Those of `found` in whose traces the rule as told sees nothing wrong."""
        seen = {item.scope["trace_id"] for item in self.broken.violated if item.rule == self.incident.seed_rule_id}
        return tuple(case for case in self.found if not case.traces & seen)

    def examples(self, count: int) -> list[Violation]:
        """Return violations worth showing: every rule takes its turn, and what the rule as told misses comes first."""
        missed = set(self.missed)
        turns: dict[str, int] = {}
        ranked = []
        for case in sorted(self.found, key=lambda case: (case not in missed, case.cited)):
            turns[case.rule] = turns.get(case.rule, 0) + 1
            ranked.append((turns[case.rule], case not in missed, self.incident.rule_ids.index(case.rule), case))
        return [case.violations[0] for *_, case in sorted(ranked, key=lambda turn: turn[:3])][:count]


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """What one rule found in one scope: at least one violation."""

    violations: tuple[Violation, ...]

    @property
    def rule(self) -> str:
        """The id of the rule."""
        return self.violations[0].rule

    @property
    def traces(self) -> set[str]:
        """The ids of the traces that the case is about: the scope itself, else those that the proofs cite."""
        scope = self.violations[0].scope
        return {scope["trace_id"]} if "trace_id" in scope else {span.trace_id for span in self._spans}

    @property
    def cited(self) -> int:
        """How many spans the first proof cites."""
        proof = self.violations[0].proof
        return 0 if proof is None else len(cited_spans(proof))

    @property
    def _spans(self) -> Iterator[SpanRef]:
        for violation in self.violations:
            if violation.proof is not None:
                yield from cited_spans(violation.proof)


class Catalogue:
    """The incidents and their applications, loaded from where they were installed."""

    def __init__(self) -> None:
        """Load the list; the applications and the OpenTelemetry SDK are loaded when one is run.

        Raises:
            ConfigError: the OpenTelemetry SDK is not installed.
        """
        for name in NEEDED:
            if not _is_installed(name):
                message = "the incidents are applications that are traced with the OpenTelemetry SDK, which is not here"
                raise ConfigError(code="C140", message=message, hint="pip install 'fluo_logic[demo]'")
        self.module = _load(incidents_folder() / "catalogue.py")
        self.incidents = cast("tuple[Incident, ...]", self.module.INCIDENTS)
        self.rules = load_rules([pack_folder(PACK)])

    def replay(self, incident: Incident, folder: Path) -> Replay:
        """Run an incident healthy and broken, write the traces to a folder, and check what was written."""
        rules = Ruleset(tuple(self.rules[name] for name in (incident.seed_rule_id, *incident.rule_ids)))
        reports = []
        for variant in VARIANTS:
            path = trace_file(folder, incident, variant)
            self.module.write(incident, variant, path)
            reports.append(pipeline.check(path, rules, pipeline.Options(max_proofs=EVERY_PROOF)))
        return Replay(incident, rules, *reports)

    def named(self, wanted: str) -> Incident:
        """Return the incident with a number, or with a part of its name.

        Raises:
            ConfigError: none has, or several have.
        """
        word = wanted.lower()
        found: Sequence[Incident] = [item for item in self.incidents if word in {str(item.number), item.slug}]
        found = found or [item for item in self.incidents if word in f"{item.slug} {item.title}".lower()]
        if len(found) == 1:
            return found[0]
        listed = ", ".join(f"{item.number} {item.slug}" for item in found or self.incidents)
        message = f"{len(found) or 'none'} of the incidents {'is' if not found else 'are'} named `{wanted}`"
        raise ConfigError(code="C141", message=message, hint=f"{'they' if found else 'the incidents'} are {listed}")


def trace_file(folder: Path, incident: Incident, variant: str) -> Path:
    """Return where the traces of a run are written."""
    return folder / f"{incident.number}-{incident.slug}-{variant}.otlp.jsonl"


def _is_installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # a package above it is missing
        return False


def _load(path: Path) -> ModuleType:
    name = "fluo_incidents_catalogue"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        message = f"the incident applications are not at {path.parent}"
        raise ConfigError(code="C142", message=message, hint="install fluo_logic again")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
