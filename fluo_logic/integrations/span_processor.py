"""What an OpenTelemetry SDK is given to hold a running program to its invariants: a span processor, or an exporter."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

from opentelemetry.context import Context
from opentelemetry.metrics import MeterProvider
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from fluo_logic.errors import ConfigError, FluoError
from fluo_logic.integrations.invariants import RuleSource
from fluo_logic.integrations.live_checker import LOGGER, Limits, LiveChecker, OnViolation
from fluo_logic.integrations.live_counts import Statistics
from fluo_logic.integrations.live_log import ViolationLog
from fluo_logic.integrations.live_metrics import observe
from fluo_logic.integrations.live_rules import LiveRules
from fluo_logic.lang.syntax import Ruleset
from fluo_logic.pipeline import Options

RULES_VARIABLE: Final = "FLUO_RULES"
TIMEOUT_MILLIS: Final = 30_000
EXPORTER_LIMITS: Final = Limits(quiet=10.0)
"""A batch processor hands out the spans of a trace over several seconds."""
PROOFS: Final = 5


def _checker(
    rules: RuleSource | Sequence[RuleSource],
    on_violation: OnViolation | None,
    limits: Limits,
    meter_provider: MeterProvider | None,
    engine: str,
) -> LiveChecker:
    loaded = LiveRules(rules, Options(engine=engine, max_proofs=PROOFS))
    if loaded.left_out:
        LOGGER.warning("rules across traces are not checked as the program runs: %s", ", ".join(loaded.left_out))
    checker = LiveChecker(loaded, on_violation or ViolationLog(LOGGER), limits)
    if meter_provider is not None:
        observe(meter_provider, lambda: checker.statistics)
    return checker


class InvariantSpanProcessor(SpanProcessor):
    """Checks the traces of this process while it runs.

    A trace is checked when its root in this process has ended, with every span that began, and a quiet time has
    passed; or, as incomplete, when it is too old.  The program's threads only append to a bounded queue; checking is
    the work of one thread, which takes a limited share of a processor.  Nothing is raised into the program, and what
    cannot be checked is counted.  Rules across traces are left out, with a warning.
    """

    def __init__(
        self,
        rules: RuleSource | Sequence[RuleSource],
        on_violation: OnViolation | None = None,
        *,
        limits: Limits | None = None,
        meter_provider: MeterProvider | None = None,
        engine: str = "auto",
    ) -> None:
        """Load the rules and begin.

        Args:
            rules: files, folders or packs, or rules that were loaded already.
            on_violation: is called in the checking thread with each violation; by default they are logged by the
                logger ``fluo_logic``.  The first five of a rule in a batch of traces have a proof.
            limits: how much is kept, and how long.
            meter_provider: where the statistics are to be read as metrics.
            engine: the engine of every check.

        Raises:
            RuleFilesError: rules are wrong.
            ConfigError: no rule can be checked trace by trace, or there is no such engine.
        """
        self._checker = _checker(rules, on_violation, limits or Limits(), meter_provider, engine)
        # For each span a call less, since these two are all that the program itself spends.
        self.on_start = self._checker.started  # type: ignore[method-assign]
        self.on_end = self._checker.ended  # type: ignore[method-assign]

    @property
    def rules(self) -> Ruleset:
        """The rules that are checked."""
        return self._checker.rules.ruleset

    @property
    def statistics(self) -> Statistics:
        """What became of the spans so far."""
        return self._checker.statistics

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:  # noqa: ARG002 - the protocol's
        """Take notice of a span that begins."""
        self._checker.started(span)

    def on_end(self, span: ReadableSpan) -> None:
        """Take a span that ended."""
        self._checker.ended(span)

    def force_flush(self, timeout_millis: int | None = TIMEOUT_MILLIS) -> bool:
        """Check every trace that has finished, without waiting for quiet; return whether it was done in time."""
        return self._checker.flush((TIMEOUT_MILLIS if timeout_millis is None else timeout_millis) / 1e3)

    def shutdown(self, timeout_millis: int = TIMEOUT_MILLIS) -> None:
        """Check what is there, finished or not, and take no more spans; a second call does nothing."""
        self._checker.shutdown(timeout_millis / 1e3)


class InvariantSpanExporter(SpanExporter):
    """Checks what a span processor of the SDK exports; ``OTEL_TRACES_EXPORTER=fluo`` is this.

    An exporter sees spans only when they have ended, and seconds after: it waits for ten quiet seconds before it checks
    a trace.  `InvariantSpanProcessor` knows more and is to be preferred where code can be changed.
    """

    def __init__(
        self,
        rules: RuleSource | Sequence[RuleSource] | None = None,
        on_violation: OnViolation | None = None,
        *,
        limits: Limits | None = None,
        meter_provider: MeterProvider | None = None,
        engine: str = "auto",
    ) -> None:
        """Load the rules and begin; see `InvariantSpanProcessor`.

        Without ``rules``, the environment variable ``FLUO_RULES`` names them, separated by commas.  What is wrong with
        those is logged and nothing is checked, since the SDK makes the exporter while the program starts.

        Raises:
            RuleFilesError: rules are wrong.
            ConfigError: no rule can be checked trace by trace, or there is no such engine.
        """
        self._checker: LiveChecker | None = None
        try:
            self._checker = _checker(
                _named() if rules is None else rules, on_violation, limits or EXPORTER_LIMITS, meter_provider, engine
            )
        except FluoError as error:
            if rules is not None:
                raise
            LOGGER.error("no invariants are checked:\n%s", error)  # noqa: TRY400 - the user's mistake, no traceback

    @property
    def statistics(self) -> Statistics:
        """What became of the spans so far."""
        return Statistics() if self._checker is None else self._checker.statistics

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Take spans that ended."""
        if self._checker is None:
            return SpanExportResult.FAILURE
        for span in spans:
            self._checker.ended(span)
        return SpanExportResult.SUCCESS

    def force_flush(self, timeout_millis: int = TIMEOUT_MILLIS) -> bool:
        """Check every trace whose root has ended, without waiting for quiet; return whether it was done in time."""
        return self._checker is None or self._checker.flush(timeout_millis / 1e3)

    def shutdown(self, timeout_millis: float = TIMEOUT_MILLIS) -> None:
        """Check what is there, and take no more spans; a second call does nothing."""
        if self._checker is not None:
            self._checker.shutdown(timeout_millis / 1e3)


def _named() -> list[RuleSource]:
    named: list[RuleSource] = [name.strip() for name in os.environ.get(RULES_VARIABLE, "").split(",") if name.strip()]
    if not named:
        message = f"the environment variable {RULES_VARIABLE} names no rules"
        raise ConfigError(code="C165", message=message, hint=f"{RULES_VARIABLE}=rules/,pack:case-studies")
    return named
