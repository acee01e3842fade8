"""What the pytest plugin does in a run: plans of tests, their recordings, and how failures are shown."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any, Final

import pytest
from _pytest._code.code import (
    ExceptionChainRepr,
    ExceptionInfo,
    ReprEntryNative,
    ReprFileLocation,
    ReprTraceback,
)
from _pytest._io import TerminalWriter
from _pytest.reports import CollectErrorRepr

from fluo_logic.errors import ConfigError, FluoError
from fluo_logic.explain.words import shortened
from fluo_logic.integrations.invariants import Invariants, Plan, RuleLibrary, RuleSource, plan_of
from fluo_logic.lang.syntax import Ruleset
from fluo_logic.report.violation import InvariantViolationError, Report

PLUGIN: Final = Path(__file__).parent
_PLAN: Final = pytest.StashKey[Plan]()
_INVARIANTS: Final = pytest.StashKey[Invariants]()
NO_SDK: Final = "the OpenTelemetry SDK is not installed, and invariants are of its spans"


class Run:
    """The state of the plugin in one run of pytest."""

    def __init__(self, config: pytest.Config, marker: str) -> None:
        """Read the options."""
        self.config = config
        self.marker = marker
        self.library = RuleLibrary(config.rootpath)
        self.attached: list[object] = []
        self.patience = _seconds(config.getini("fluo_wait"))
        self._recorder: Any = None

    # --- plans ----------------------------------------------------------------------------------------------------

    @property
    def for_all(self) -> list[RuleSource]:
        """What the options name: rules that every test has to keep.  An option goes before the setting of a file."""
        return list(self.config.getoption("fluo_rules")) or list(self.config.getini("fluo_rules"))

    def rules_of_all(self) -> Ruleset:
        """Return the rules that every test has to keep.

        Raises:
            UsageError: they are wrong.
        """
        try:
            return self.library.rules(self.for_all, self.config.invocation_params.dir)
        except FluoError as error:
            message = f"--fluo-rules: {error}"
            raise pytest.UsageError(message) from error

    def plan(self, item: pytest.Item) -> Plan:
        """Return what a test has to keep.

        Raises:
            FluoError: its markers, or the rules that they name, are wrong.
        """
        if _PLAN not in item.stash:
            markers = list(item.iter_markers(self.marker))
            sources: list[RuleSource] = [*self.for_all]
            options: dict[str, object] = {}
            for marker in reversed(markers):  # the closest one last, so that it decides
                sources.extend(marker.args)
                options.update(marker.kwargs)
            if markers and not sources:
                hint = f'name rules: `@pytest.mark.{self.marker}("rules/")`'
                raise ConfigError(code="C163", message=f"the marker `{self.marker}` names no rules", hint=hint)
            item.stash[_PLAN] = plan_of(sources, options, self.library, item.path.parent, empty=not markers)
        return item.stash[_PLAN]

    def plan_all(self, items: Sequence[pytest.Item], report: pytest.CollectReport) -> None:
        """Plan tests; where that fails, let the collection of their file fail with what fluo says."""
        told: dict[str, None] = {}
        for item in items:
            try:
                _need_sdk()
                self.plan(item)
            except FluoError as error:
                told.setdefault(str(error))
        if told:
            report.outcome = "failed"
            report.longrepr = CollectErrorRepr("\n\n".join(told))
            report.result = []

    # --- a test ---------------------------------------------------------------------------------------------------

    def begin(self, item: pytest.Item) -> Invariants:
        """Return what a test is checked with, recording from now on."""
        if _INVARIANTS in item.stash:
            return item.stash[_INVARIANTS]
        _need_sdk()
        from fluo_logic.integrations import recording  # noqa: PLC0415 - needs the SDK

        self._recorder = self._recorder or recording.SpanRecorder()
        provider = recording.attach(self._recorder, self.attached)
        plan = self.plan(item)
        item.stash[_INVARIANTS] = Invariants(
            plan,
            self.library,
            item.path.parent,
            self._recorder,
            self._recorder.begin(),
            provider,
            self.attached,
            self.patience,
        )
        return item.stash[_INVARIANTS]

    def end(self, item: pytest.Item) -> None:
        """Record no more for a test."""
        invariants = item.stash.get(_INVARIANTS, None)
        if invariants is not None:
            self._recorder.end(invariants.recording)
            del item.stash[_INVARIANTS]

    def call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Run a test, then check its spans."""
        wanted = bool(self.plan(item).rules.rules)
        own = _INVARIANTS not in item.stash
        if own and not wanted:
            return (yield)
        invariants = self.begin(item)
        try:
            try:
                result = yield
            except Exception:
                # The test's own failure goes first; what is violated beside it may be why.
                self._note(item, invariants)
                raise
            try:
                invariants.finish()
            finally:
                item.user_properties.extend(_properties(invariants))
            return result
        finally:
            if own:
                self.end(item)

    def _note(self, item: pytest.Item, invariants: Invariants) -> None:
        try:
            if invariants.plan.rules.rules and invariants.spans:
                report = invariants.check()
                if not report.ok:
                    item.add_report_section("call", "invariants", report.to_text())
        except FluoError as error:
            item.add_report_section("call", "invariants", str(error))

    # --- failures -------------------------------------------------------------------------------------------------

    def show(self, item: pytest.Item, excinfo: pytest.ExceptionInfo[BaseException], report: pytest.TestReport) -> None:
        """Give a failure that comes of fluo the text of fluo, and the line of the test that asked."""
        error = excinfo.value
        if not isinstance(error, FluoError) or not (isinstance(error, InvariantViolationError) or _ours(excinfo)):
            return
        found = error.report if isinstance(error, InvariantViolationError) else None
        place, asked = _asked(item, excinfo)
        text = f"{asked}{found.to_text() if found is not None else _text(error)}"
        coloured = f"{asked}{found.to_text(colour=True)}" if found is not None else text
        report.longrepr = _Proof(text, coloured, ReprFileLocation(str(place[0]), place[1], _headline(error, found)))


class _Proof(ExceptionChainRepr):
    """A text in the place of a traceback, in colour where the terminal has it; workers send it as plain text."""

    def __init__(self, text: str, coloured: str, crash: ReprFileLocation) -> None:
        entry = ReprEntryNative([f"{text.rstrip()}\n"])
        super().__init__([(ReprTraceback([entry], None, style="native"), crash, None)])
        self.coloured = coloured

    def toterminal(self, tw: TerminalWriter) -> None:
        if tw.hasmarkup:
            tw.line(self.coloured.rstrip())
        else:
            super().toterminal(tw)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if seconds < 0:
        message = f"fluo_wait: `{text}` is not a number of seconds"
        raise pytest.UsageError(message)
    return seconds


def _need_sdk() -> None:
    from importlib.util import find_spec  # noqa: PLC0415 - only marked tests need it

    if find_spec("opentelemetry") is None or find_spec("opentelemetry.sdk") is None:
        raise ConfigError(code="C164", message=NO_SDK, hint="pip install 'fluo_logic[pytest]'")
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        message = "OTEL_SDK_DISABLED is true, so that no span is ever made"
        raise ConfigError(code="C160", message=message, hint="unset it where tests run")


def _properties(invariants: Invariants) -> list[tuple[str, object]]:
    """Return what a test was checked for, as properties that reports of other plugins carry too."""
    rules = dict.fromkeys(rule.id for report in invariants.reports for rule in report.rules)
    if not rules:
        return [("fluo.spans", len(invariants.spans))]
    return [
        ("fluo.spans", len(invariants.spans)),
        ("fluo.rules", " ".join(rules)),
        ("fluo.active", " ".join(rule for rule in rules if rule in invariants.active)),
    ]


def _text(error: FluoError) -> str:
    # A violation is told as it is; other errors with their code and place.
    return error.message if isinstance(error, InvariantViolationError) else str(error)


def _headline(error: FluoError, report: Report | None) -> str:
    if report is None or not report.violations:
        return error.message.partition("\n")[0]
    first = (report.violated or report.violations)[0]
    more = len(report.violated or report.violations) - 1
    return f"{first.rule}: {shortened(first.sentence, 120)}" + (f" (and {more} more)" if more else "")


def _ours(excinfo: ExceptionInfo[BaseException]) -> bool:
    return any(Path(entry.path).parent == PLUGIN for entry in excinfo.traceback)


def _asked(item: pytest.Item, excinfo: ExceptionInfo[BaseException]) -> tuple[tuple[Path, int], str]:
    """Return where a test asked for a check, and that line; for one after its end only where it stands."""
    entries = [entry for entry in excinfo.traceback if Path(entry.path) == item.path]
    if not entries:
        path, line, _ = item.reportinfo()
        return (Path(path), (line or 0) + 1), ""
    last = entries[-1]
    return (item.path, last.lineno + 1), f"{str(last.statement).strip()}\n\n"
