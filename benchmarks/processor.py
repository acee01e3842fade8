"""What the span processor costs a program for each span, and whether it counts all that it loses under load.

The cost is measured as the time of starting and ending a span with a processor, less that without any: rounds with no
processor, with the SDK's own `BatchSpanProcessor` in front of an exporter that throws everything away, and with
`InvariantSpanProcessor` take turns in one process, so that a noisy machine is noisy for all of them.  It is measured
with the checking thread idle (nothing is ready during a round) and at work.

The load is a fixed rate of spans from two threads, for a time; afterwards every span has to be in the statistics.  The
tracers of the SDK are too slow for it, so finished spans are handed over in the way in which they do that.

::

    python benchmarks/processor.py
    python benchmarks/processor.py --rounds 5 --seconds 3 --rate 10000
"""

from __future__ import annotations

import argparse
import gc
import statistics
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias, cast

from machine import describe_machine
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import SpanContext, Tracer

import fluo_logic as fl
from fluo_logic.integrations import InvariantSpanProcessor, Limits

RULE: Final = """
rule refund-approved {
  when   { refund.process.where(amount > 50) as $refund }
  always { human.approval.where(order.id == $refund.order.id and approved == true) before $refund }
}
"""
SPANS_PER_TRACE: Final = 10
RESOURCE: Final = Resource({"service.name": "benchmark"})
QUEUE: Final = 1_000_000
"""So long that no round fills it: what is measured is taking a span, not refusing one."""


class Nowhere(SpanExporter):
    """An exporter that throws everything away."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:  # noqa: ARG002 - the protocol's
        """Do nothing."""
        return SpanExportResult.SUCCESS


def tracer(*processors: SpanProcessor) -> Tracer:
    """Return a tracer of a provider of its own."""
    provider = TracerProvider(shutdown_on_exit=False)
    for processor in processors:
        provider.add_span_processor(processor)
    return provider.get_tracer("benchmark")


def one_trace(tracer: Tracer, number: int) -> None:
    """Make a trace of ten spans; one in a hundred is violated."""
    order = f"A-{number}"
    approved = order if number % 100 else "another"
    with tracer.start_as_current_span("ticket.handle"):
        with tracer.start_as_current_span("human.approval", attributes={"order.id": approved, "approved": True}):
            pass
        with tracer.start_as_current_span("refund.process", attributes={"order.id": order, "amount": 120}):
            pass
        for step in range(SPANS_PER_TRACE - 3):
            with tracer.start_as_current_span("db.query", attributes={"db.step": step}):
                pass


Times: TypeAlias = tuple[float, float]
"""Nanoseconds of a span: on the clock, and of the thread's own processor time."""


def timed(tracer: Tracer, traces: int) -> Times:
    """Return how long a span takes."""
    clock, own = time.perf_counter_ns(), time.thread_time_ns()
    for number in range(traces):
        one_trace(tracer, number)
    spans = traces * SPANS_PER_TRACE
    return (time.perf_counter_ns() - clock) / spans, (time.thread_time_ns() - own) / spans


def cost(rounds: int, traces: int, *, collecting: bool) -> None:
    """Print what each processor adds to a span, with Python collecting garbage meanwhile or not."""
    (gc.enable if collecting else gc.disable)()
    idle = Limits(max_queue_size=QUEUE, max_spans=QUEUE, quiet=3600, max_age=3600)
    busy = Limits(max_queue_size=QUEUE, max_spans=QUEUE, quiet=0)
    makers: dict[str, Callable[[], SpanProcessor]] = {
        "BatchSpanProcessor": lambda: BatchSpanProcessor(Nowhere(), max_queue_size=QUEUE),
        "InvariantSpanProcessor, nothing ready": lambda: InvariantSpanProcessor(fl.rule(RULE), ignore, limits=idle),
        "InvariantSpanProcessor, checking": lambda: InvariantSpanProcessor(fl.rule(RULE), ignore, limits=busy),
    }
    added: dict[str, list[Times]] = {name: [] for name in makers}
    bare: list[Times] = []
    for number in range(rounds + 1):
        base = timed(tracer(), traces)
        for name, make in makers.items():
            processor = make()
            time.sleep(0.2)
            spent = timed(tracer(processor), traces)
            processor.shutdown()
            gc.collect()
            if number:  # the first round warms up
                added[name].append((spent[0] - base[0], spent[1] - base[1]))
        if number:
            bare.append(base)
    clock, own = (statistics.median(times[kind] for times in bare) for kind in (0, 1))
    gc.enable()
    how = "with" if collecting else "without"
    print(f"\n{rounds} rounds of {traces * SPANS_PER_TRACE:,} spans, {how} collection of garbage; a span without a")
    print(f"processor takes {clock:,.0f} ns on the clock, {own:,.0f} ns of its thread; medians of what one adds:\n")
    print("| processor | ns of the thread | ratio | ns on the clock | ratio |")
    print("|---|---|---|---|---|")
    reference = added["BatchSpanProcessor"]
    for name, figures in added.items():
        cells = []
        for kind in (1, 0):
            median = statistics.median(times[kind] for times in figures)
            cells += [f"{median:,.0f}", f"{median / statistics.median(times[kind] for times in reference):.2f}"]
        print(f"| {name} | {' | '.join(cells)} |")


def load(rate: int, seconds: float) -> None:
    """Make spans at a rate from two threads, and print where they all are."""
    found: list[fl.Violation] = []
    processor = InvariantSpanProcessor(fl.rule(RULE), found.append)
    threads = [Load(processor, first, rate / 2, seconds) for first in (1, 1_000_000_000)]
    clock = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - clock
    processor.shutdown(timeout_millis=600_000)
    spans = sum(thread.traces for thread in threads) * SPANS_PER_TRACE
    counts = processor.statistics
    print(f"\n{spans:,} spans in {took:.1f} s, {spans / took:,.0f} a second of {rate:,} that were wanted\n")
    print("| spans | checked | dropped | late | shed | traces checked | of them incomplete | shed | violations |")
    print("|---|---|---|---|---|---|---|---|---|")
    figures = (
        *(spans, counts.checked, counts.dropped, counts.late, counts.shed),
        *(counts.traces, counts.incomplete, counts.shed_traces, counts.violations),
    )
    print(f"| {' | '.join(f'{figure:,}' for figure in figures)} |")
    lost = spans - counts.checked - counts.dropped - counts.late - counts.shed
    if lost or counts.held or len(found) != counts.violations or counts.failures:
        message = f"{lost:,} spans are not accounted for: {counts}"
        raise SystemExit(message)
    print("\nevery span is accounted for")


class Load(threading.Thread):
    """Hands spans to a processor at a rate, as tracers of the SDK do."""

    def __init__(self, processor: SpanProcessor, first: int, rate: float, seconds: float) -> None:
        """Take whom to give spans to, the number of the first trace, how many a second, and for how long."""
        super().__init__()
        self.processor = processor
        self.number = first
        self.pause = SPANS_PER_TRACE / rate
        self.seconds = seconds
        self.traces = 0

    def run(self) -> None:
        """Make traces; what is behind is made up for."""
        begin = time.perf_counter()
        while (now := time.perf_counter() - begin) < self.seconds:
            if self.traces * self.pause > now:
                time.sleep(self.traces * self.pause - now)
            self.trace(self.number + self.traces)
            self.traces += 1

    def trace(self, number: int) -> None:
        """Start and end the spans of one trace."""
        order = f"A-{number}"
        approved = order if number % 100 else "another"
        ids = number * SPANS_PER_TRACE
        root = SpanContext(number, ids, is_remote=False)
        at = time.time_ns()
        spans = [ReadableSpan("ticket.handle", root, resource=RESOURCE, start_time=at, end_time=at + 2_000)]
        details: list[tuple[str, Mapping[str, str | bool | int]]] = [
            ("human.approval", {"order.id": approved, "approved": True}),
            ("refund.process", {"order.id": order, "amount": 120}),
            *[("db.query", {"db.step": step}) for step in range(SPANS_PER_TRACE - 3)],
        ]
        for step, (name, attributes) in enumerate(details, start=1):
            context = SpanContext(number, ids + step, is_remote=False)
            start = at + step * 100
            spans.append(ReadableSpan(name, context, root, RESOURCE, attributes, start_time=start, end_time=start + 50))
        for span in spans:
            self.processor.on_start(cast("Span", span))
        for span in reversed(spans):
            self.processor.on_end(span)


def ignore(violation: fl.Violation) -> None:
    """Do nothing with a violation."""


def main() -> None:
    """Measure the cost, then the load."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--traces", type=int, default=2_000, help="traces of ten spans in a round")
    parser.add_argument("--rate", type=int, default=50_000, help="spans a second")
    parser.add_argument("--seconds", type=float, default=30)
    arguments = parser.parse_args()
    print(describe_machine("opentelemetry-sdk", "clingo"))
    for collecting in (True, False):
        cost(arguments.rounds, arguments.traces, collecting=collecting)
    load(arguments.rate, arguments.seconds)


if __name__ == "__main__":
    main()
