"""Rules made ready to check one batch of traces after another, and what keeps a broken one from the others."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeAlias

from opentelemetry.sdk.trace import ReadableSpan

from fluo_logic.api import load_rules
from fluo_logic.errors import ConfigError
from fluo_logic.facts.dataset import Dataset
from fluo_logic.facts.readers import read_traces
from fluo_logic.facts.store import FactStore
from fluo_logic.integrations.invariants import RuleLibrary, RuleSource
from fluo_logic.lang.syntax import Rule, Ruleset, ScopeKind
from fluo_logic.logic import Program
from fluo_logic.pipeline import Options, Session, report
from fluo_logic.report.violation import Report
from fluo_logic.solve.registry import engine_named
from fluo_logic.translate.lower import lower
from fluo_logic.translate.passes import run_passes

ENGINE: Final = "clingo"
Failed: TypeAlias = Callable[[str, Exception], None]
"""Is told of a rule that could not be checked."""


class LiveRules:
    """The rules that can be checked trace by trace, each translated once.

    Attributes:
        ruleset: these rules.
        left_out: the ids of the others, which are across traces.
    """

    def __init__(self, rules: RuleSource | Sequence[RuleSource], options: Options) -> None:
        """Load and translate.

        Raises:
            RuleFilesError: rules are wrong.
            ConfigError: there is no rule that can be checked trace by trace, or no such engine.
        """
        found = _rules(rules)
        self.ruleset = Ruleset(tuple(rule for rule in found if rule.scope.kind is ScopeKind.TRACE))
        self.left_out = tuple(rule.id for rule in found if rule.scope.kind is not ScopeKind.TRACE)
        if not self.ruleset.rules:
            message = "there is no rule that can be checked trace by trace"
            hint = "rules `across traces` need all of them: check what was exported" if found else "name some rules"
            raise ConfigError(code="C165", message=message, hint=hint)
        self.options = options
        self._engine = engine_named(ENGINE if options.engine == "auto" else options.engine)
        self._sound = list(self.ruleset.rules)
        self._suspect: list[Rule] = []
        self._programs: dict[tuple[str, ...], Program] = {}
        self._program(self.ruleset.rules)

    def check(
        self,
        spans: Sequence[ReadableSpan],
        incomplete: Collection[str],
        elapsed: int | None,
        failed: Failed,
    ) -> list[Report]:
        """Check traces.

        Args:
            spans: their spans.
            incomplete: ids of traces that lack spans.
            elapsed: nanoseconds since the latest of the spans; None takes that for the end of the data.
            failed: is told of each rule that could not be checked.
        """
        dataset = read_traces([spans])
        if incomplete:
            dataset = _with_holes(dataset, incomplete)
        now = None if elapsed is None or dataset.latest is None else dataset.latest + elapsed
        options = self.options if now is None else replace(self.options, now=now)
        store = FactStore(dataset)
        found = self._each(self._suspect, store, options, failed)
        if self._sound:
            try:
                found[""] = self._report(self._sound, store, options)
            except Exception:  # noqa: BLE001 - one of them; which, is found out one by one
                alone = self._each(self._sound, store, options, failed)
                # A rule that failed once is checked alone from now on, so that the others need not be repeated.
                self._suspect += [rule for rule in self._sound if rule.id not in alone]
                self._sound = [rule for rule in self._sound if rule.id in alone]
                found |= alone
        return list(found.values())

    def _each(self, rules: Sequence[Rule], store: FactStore, options: Options, failed: Failed) -> dict[str, Report]:
        """Return the reports of rules that are checked one by one, but for those that fail."""
        found: dict[str, Report] = {}
        for rule in rules:
            try:
                found[rule.id] = self._report([rule], store, options)
            except Exception as error:  # noqa: BLE001 - whatever a rule runs into
                failed(rule.id, error)
        return found

    def _report(self, rules: Sequence[Rule], store: FactStore, options: Options) -> Report:
        program = self._program(rules)
        return report(Session(Ruleset(tuple(rules)), program, store, self._engine.solve(program, store), options))

    def _program(self, rules: Sequence[Rule]) -> Program:
        key = tuple(rule.id for rule in rules)
        if key not in self._programs:
            self._programs[key] = run_passes(lower(Ruleset(tuple(rules))))
        return self._programs[key]


def _rules(sources: RuleSource | Sequence[RuleSource]) -> tuple[Rule, ...]:
    """Return the rules of all sources, in order."""
    if isinstance(sources, Rule | Ruleset | str | os.PathLike):
        sources = (sources,)
    found: list[Rule] = []
    for source in sources:
        match source:
            case Rule():
                found.append(source)
            case Ruleset():
                found.extend(source.rules)
            case _:
                found.extend(load_rules(source).rules)
    return RuleLibrary(Path.cwd()).rules(found, Path.cwd()).rules


def _with_holes(dataset: Dataset, incomplete: Collection[str]) -> Dataset:
    """Return a data set whose traces are marked that lack spans, so that what is absent there is inconclusive."""
    traces = {
        trace_id: replace(trace, incomplete=True) if trace_id in incomplete else trace
        for trace_id, trace in dataset.traces.items()
    }
    return replace(dataset, traces=traces)
