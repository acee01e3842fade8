"""The statistics of a live check as OpenTelemetry metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation

from fluo_logic.integrations.live_counts import Statistics

FATES: Final = ("checked", "dropped", "late", "shed")


def observe(provider: MeterProvider, statistics: Callable[[], Statistics]) -> None:
    """Let a meter provider read the statistics whenever it collects."""

    def spans(_: CallbackOptions) -> Iterable[Observation]:
        now = statistics()
        return [Observation(getattr(now, fate), {"fluo.fate": fate}) for fate in FATES]

    def traces(_: CallbackOptions) -> Iterable[Observation]:
        now = statistics()
        counts = {"complete": now.traces - now.incomplete, "incomplete": now.incomplete, "shed": now.shed_traces}
        return [Observation(count, {"fluo.fate": fate}) for fate, count in counts.items()]

    def violations(_: CallbackOptions) -> Iterable[Observation]:
        now = statistics()
        counts = {"violated": now.violations, "inconclusive": now.inconclusive, "pending": now.pending}
        return [Observation(count, {"fluo.verdict": verdict}) for verdict, count in counts.items()]

    def failures(_: CallbackOptions) -> Iterable[Observation]:
        return [Observation(count, {"fluo.rule": rule}) for rule, count in statistics().failures.items()]

    meter = provider.get_meter("fluo_logic")
    meter.create_observable_counter("fluo.spans", [spans], unit="{span}", description="Ended spans, by what became")
    meter.create_observable_counter("fluo.traces", [traces], unit="{trace}", description="Traces, by what became")
    meter.create_observable_counter("fluo.obligations", [violations], description="Obligations that are not met")
    meter.create_observable_counter("fluo.failures", [failures], description="Checks of a rule that failed")
    meter.create_observable_gauge("fluo.spans.held", [lambda _: [Observation(statistics().held)]], unit="{span}")
