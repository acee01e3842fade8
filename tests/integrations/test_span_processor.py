"""The span processor: traces of a running program, checked beside it, and everything counted."""

from __future__ import annotations

import gc
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

pytest.importorskip("opentelemetry.sdk", reason="needs the sdk extra")

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, Tracer

import fluo_logic as fl
from fluo_logic import pipeline
from fluo_logic.integrations import InvariantSpanExporter, InvariantSpanProcessor, Limits, Statistics

APPROVED: Final = fl.rule("when { refund as $r } always { approval before $r }", id="approved")
FORBIDDEN: Final = fl.rule("never { forbidden }", id="forbidden")
PATIENT: Final = Limits(quiet=3600)
"""Nothing is checked but by a flush or a shutdown."""


class App:
    """A tracer whose spans a processor sees, and the violations that it reported."""

    def __init__(self, *rules: fl.Rule, limits: Limits = PATIENT, **options: object) -> None:
        self.found: list[fl.Violation] = []
        options.setdefault("on_violation", self.found.append)
        self.processor = InvariantSpanProcessor(rules or (APPROVED,), limits=limits, **options)  # type: ignore[arg-type]
        self.provider = TracerProvider(shutdown_on_exit=False)
        self.provider.add_span_processor(self.processor)
        self.tracer: Tracer = self.provider.get_tracer("app")

    def refund(self, *, approved: bool) -> None:
        with self.tracer.start_as_current_span("ticket"):
            if approved:
                self.tracer.start_span("approval").end()
            self.tracer.start_span("refund").end()

    def refunds(self, count: int) -> None:
        for number in range(count):
            self.refund(approved=number % 5 > 0)

    def close(self) -> None:
        self.processor.shutdown()

    @property
    def statistics(self) -> Statistics:
        return self.processor.statistics

    @property
    def rules(self) -> list[str]:
        return [violation.rule for violation in self.found]


def app(*rules: fl.Rule, **options: object) -> closing[App]:
    return closing(App(*rules, **options))  # type: ignore[arg-type]


def until(true: Callable[[], bool]) -> None:
    """Wait for what another thread does; a minute is more than any machine needs."""
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def accounted(statistics: Statistics) -> bool:
    parts = (statistics.dropped, statistics.late, statistics.shed, statistics.checked, statistics.held)
    return statistics.spans == sum(parts) and min(parts) >= 0


def test_a_violation_is_reported_with_its_proof() -> None:
    """A flush checks what has finished: a violation comes with its proof, a trace that keeps the rule is silent."""
    with app() as shop:
        shop.refund(approved=True)
        shop.refund(approved=False)
        assert shop.processor.force_flush()
        (violation,) = shop.found
        assert violation.rule == "approved"
        assert violation.verdict == "violated"
        assert violation.proof is not None
        assert shop.statistics == Statistics(spans=5, checked=5, traces=2, violations=1)


def test_a_trace_is_checked_after_a_quiet_time() -> None:
    """Without a flush, a trace is checked when it has finished and been quiet."""
    with app(limits=Limits(quiet=0.0)) as shop:
        shop.refund(approved=False)
        until(lambda: shop.rules == ["approved"])


def test_a_trace_under_way_is_not_checked() -> None:
    """What has not happened yet is not missed: neither while the root is open, nor while another span is."""
    with app() as shop:
        root = shop.tracer.start_span("ticket")
        within = trace.set_span_in_context(root)
        shop.tracer.start_span("refund", within).end()
        assert shop.processor.force_flush()
        background = shop.tracer.start_span("mail", within)
        root.end()
        assert shop.processor.force_flush()
        assert shop.statistics.traces == 0
        assert shop.statistics.held == 2
        background.end()
        assert shop.processor.force_flush()
        assert shop.rules == ["approved"]
        assert accounted(shop.statistics)


def test_a_root_of_another_process_is_none_here() -> None:
    """The root in this process is the span whose parent is remote."""
    with app() as shop:
        caller = SpanContext(0x1, 0x2, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
        with shop.tracer.start_as_current_span("ticket", trace.set_span_in_context(NonRecordingSpan(caller))):
            shop.tracer.start_span("refund").end()
        assert shop.processor.force_flush()
        assert shop.statistics == Statistics(spans=2, checked=2, traces=1, violations=1)


def test_late_spans_are_counted_and_make_no_trace() -> None:
    """A span that comes after its trace was checked is counted, and rules do not see it."""
    with app(FORBIDDEN) as shop:
        with shop.tracer.start_as_current_span("ticket"):
            within = trace.set_span_in_context(trace.get_current_span())
        assert shop.processor.force_flush()
        shop.tracer.start_span("forbidden", within).end()
        assert shop.processor.force_flush()
        assert shop.found == []
        assert shop.statistics == Statistics(spans=2, checked=1, late=1, traces=1)


def test_an_old_trace_is_checked_as_incomplete() -> None:
    """A trace that does not finish is checked when it is old: what it has counts, what it lacks proves nothing."""
    with app(APPROVED, FORBIDDEN, limits=Limits(quiet=0.0, max_age=0.2)) as shop:
        root = shop.tracer.start_span("ticket")
        within = trace.set_span_in_context(root)
        shop.tracer.start_span("refund", within).end()
        shop.tracer.start_span("forbidden", within).end()
        until(lambda: shop.statistics.traces == 1)
        root.end()
        until(lambda: shop.statistics.late == 1)
        assert shop.rules == ["forbidden"]
        assert shop.statistics.incomplete == 1
        assert shop.statistics.inconclusive == 1
        assert accounted(shop.statistics)


def test_a_trace_that_began_before_the_processor_is_incomplete() -> None:
    """Spans whose parent was never seen, though it is of this process, leave their trace incomplete."""
    found: list[fl.Violation] = []
    provider = TracerProvider(shutdown_on_exit=False)
    tracer = provider.get_tracer("app")
    root = tracer.start_span("ticket")
    processor = InvariantSpanProcessor(APPROVED, found.append, limits=PATIENT)
    provider.add_span_processor(processor)
    tracer.start_span("refund", trace.set_span_in_context(root)).end()
    processor.shutdown()
    assert found == []
    assert processor.statistics == Statistics(spans=1, checked=1, traces=1, incomplete=1, inconclusive=1)


def test_a_full_queue_drops_and_counts_and_reports_no_absence(monkeypatch: pytest.MonkeyPatch) -> None:
    """What finds the queue full is counted, and a trace that lost a span is not blamed for lacking it."""
    monkeypatch.setattr("fluo_logic.integrations.live_checker.TICK", 3600)
    with app(APPROVED, FORBIDDEN, limits=Limits(max_queue_size=6, quiet=3600)) as shop:
        with shop.tracer.start_as_current_span("ticket"):
            shop.tracer.start_span("refund").end()
            shop.tracer.start_span("forbidden").end()
            shop.tracer.start_span("approval").end()  # its end finds the queue full, and so does that of the root
        for _ in range(10):
            shop.refund(approved=False)
        shop.processor.shutdown()
        statistics = shop.statistics
        assert statistics.spans == 24
        assert statistics.dropped == 22
        assert shop.rules == ["forbidden"]
        assert statistics.inconclusive == 1
        assert statistics.incomplete == statistics.traces == 1
        assert accounted(statistics)


def test_when_the_queue_fills_whole_traces_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the queue is full, traces that begin are refused, so that those under way stay whole."""
    monkeypatch.setattr("fluo_logic.integrations.live_checker.TICK", 3600)
    with app(limits=Limits(max_queue_size=8, quiet=3600)) as shop:
        shop.refund(approved=True)
        shop.refund(approved=False)
        shop.refund(approved=False)
        assert shop.processor.force_flush()
        assert shop.found == []
        assert shop.statistics == Statistics(spans=7, dropped=4, checked=3, traces=1, shed_traces=2)
        shop.refund(approved=False)
        assert shop.processor.force_flush()
        assert shop.rules == ["approved"]
        assert not shop.processor._checker._state.refused


def test_without_room_new_traces_are_turned_away() -> None:
    """Of more traces than there is room for, the first are checked and the others are counted as shed."""
    with app(limits=Limits(quiet=3600, max_spans=4)) as shop:
        for _ in range(5):
            shop.refund(approved=False)
            until(lambda: not shop.processor._checker._queue)
        assert shop.processor.force_flush()
        statistics = shop.statistics
        assert statistics.checked == 4
        assert statistics.shed == 6
        assert statistics.shed_traces == 3
        assert len(shop.found) == 2
        assert accounted(statistics)


def test_one_endless_trace_is_given_up() -> None:
    """A trace that alone is more than there is room for is shed, with what still comes of it."""
    with app(limits=Limits(quiet=3600, max_spans=4)) as shop:
        with shop.tracer.start_as_current_span("ticket"):
            for _ in range(20):
                shop.tracer.start_span("refund").end()
        assert shop.processor.force_flush()
        assert shop.found == []
        assert shop.statistics == Statistics(spans=21, shed=21, shed_traces=1)


def test_a_pending_deadline_is_judged_later() -> None:
    """While a deadline lies ahead its trace is kept: a span in time satisfies it, and without one it is violated."""
    rule = fl.rule("when { refund as $r } always { $r before mail within 100ms }", id="mailed")
    with app(rule, limits=Limits(quiet=0.0, max_age=0.5)) as shop:
        with shop.tracer.start_as_current_span("refund"):
            within = trace.set_span_in_context(trace.get_current_span())
        shop.tracer.start_span("mail", within).end()
        shop.tracer.start_span("refund").end()
        until(lambda: shop.rules == ["mailed"])
        assert shop.statistics.traces == 2
        assert accounted(shop.statistics)
    late = fl.rule("when { refund as $r } always { $r before mail within 1h }", id="mailed")
    with app(late, limits=Limits(quiet=0.0, max_age=0.2)) as shop:
        shop.tracer.start_span("refund").end()
        until(lambda: shop.statistics.pending == 1)
        assert shop.found == []


def test_shutdown_checks_what_is_there_and_can_be_repeated() -> None:
    """A shutdown checks traces, unfinished ones as incomplete; spans after it are dropped and counted."""
    shop = App()
    shop.refund(approved=False)
    span = shop.tracer.start_span("refund")
    shop.provider.shutdown()
    shop.processor.shutdown()
    span.end()
    shop.refund(approved=False)
    assert shop.rules == ["approved"]
    assert shop.statistics.incomplete == 1
    assert shop.statistics.dropped == 3
    assert accounted(shop.statistics)
    assert not shop.processor.force_flush()


def test_flush_and_shutdown_keep_their_time() -> None:
    """A callback that hangs holds up neither a flush nor a shutdown for longer than they are given."""
    go = threading.Event()
    shop = App(on_violation=lambda _: go.wait(60))
    shop.refund(approved=False)
    assert not shop.processor.force_flush(timeout_millis=50)
    shop.refund(approved=False)
    shop.processor.shutdown(timeout_millis=50)
    go.set()
    shop.processor._checker._thread.join()
    statistics = shop.statistics
    assert statistics.checked == 2
    assert statistics.shed == 2
    assert accounted(statistics)


def test_a_flush_from_the_callback_does_not_wait_for_itself() -> None:
    """A callback may flush the provider; that says no at once."""
    said: list[bool] = []

    def flush(_: fl.Violation) -> None:
        said.append(shop.processor.force_flush())

    with app(on_violation=flush) as shop:
        shop.refund(approved=False)
        assert shop.processor.force_flush()
        assert said == [False]


def test_a_broken_rule_is_told_once_and_counted(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A rule whose check fails inside stops neither the program nor the other rules, and is logged once."""

    def report(session: pipeline.Session) -> fl.Report:
        if any(rule.id == "forbidden" for rule in session.rules.rules):
            message = "a defect"
            raise ZeroDivisionError(message)
        return pipeline.report(session)

    monkeypatch.setattr("fluo_logic.integrations.live_rules.report", report)
    with app(APPROVED, FORBIDDEN) as shop:
        for _ in range(3):
            shop.refund(approved=False)
            assert shop.processor.force_flush()
        assert shop.rules == ["approved"] * 3
        assert shop.statistics.failures == {"forbidden": 3}
    told = [record for record in caplog.records if record.name == "fluo_logic"]
    assert [record.getMessage() for record in told] == [
        "the rule forbidden failed, which is counted from now on and not told again"
    ]


def test_a_broken_callback_is_told_once_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    """An exception of the callback is counted, and goes nowhere else."""

    def broken(_: fl.Violation) -> None:
        raise KeyError

    with app(on_violation=broken) as shop:
        for _ in range(2):
            shop.refund(approved=False)
            assert shop.processor.force_flush()
        assert shop.statistics.callback_failures == 2
    assert len(caplog.records) == 1


def test_a_trace_that_cannot_be_read_is_shed_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What cannot be read is counted as shed and told once; the traces beside it are checked."""

    def read_traces(spans: list[list[ReadableSpan]]) -> fl.Dataset:
        if any(span.name == "unreadable" for span in spans[0]):
            message = "a defect"
            raise RecursionError(message)
        return fl.read_traces(spans[0])

    monkeypatch.setattr("fluo_logic.integrations.live_rules.read_traces", read_traces)
    with app() as shop:
        shop.refund(approved=False)
        shop.tracer.start_span("unreadable").end()
        shop.refund(approved=False)
        assert shop.processor.force_flush()
        assert shop.rules == ["approved"] * 2
        assert shop.statistics == Statistics(spans=5, checked=4, shed=1, traces=2, shed_traces=1, violations=2)
    assert [record.getMessage().partition(",")[0] for record in caplog.records] == ["reading spans failed"]


def test_violations_are_logged_without_flooding(caplog: pytest.LogCaptureFixture) -> None:
    """By default a violation is logged with its proof, and more of its rule in the next seconds are only counted."""
    with app(on_violation=None) as shop:
        for _ in range(30):
            shop.refund(approved=False)
        assert shop.processor.force_flush()
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage().startswith("invariant approved [medium] is violated\n  ✗ ")
    assert "none among 2 spans" in record.getMessage()
    assert shop.statistics.violations == 30


def test_callbacks_make_no_spans_that_are_checked_in_turn() -> None:
    """Instrumented libraries that a callback uses see that instrumentation is suppressed."""
    from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, get_value  # noqa: PLC0415

    seen: list[object] = []
    with app(on_violation=lambda _: seen.append(get_value(_SUPPRESS_INSTRUMENTATION_KEY))) as shop:
        shop.refund(approved=False)
        shop.processor.force_flush()
    assert seen == [True]


def test_many_threads() -> None:
    """Spans of many threads at once are all accounted for, and each violation is found once."""
    with app(limits=Limits(quiet=0.0)) as shop:
        threads = [threading.Thread(target=lambda: shop.refunds(50)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert shop.processor.force_flush()
        statistics = shop.statistics
        assert statistics.spans == 8 * (50 * 3 - 10)
        assert statistics.checked == statistics.spans
        assert len(shop.found) == statistics.violations == 80


def test_spans_that_end_while_garbage_is_collected() -> None:
    """A span may end in a destructor, whatever the thread is at: no lock is waited for."""

    class Ends:
        def __init__(self, span: trace.Span) -> None:
            self.span = span
            self.itself = self

        def __del__(self) -> None:
            self.span.end()

    with app(limits=Limits(max_queue_size=50, quiet=0.0)) as shop:
        for number in range(300):
            Ends(shop.tracer.start_span("ticket"))
            if number % 50 == 0:
                gc.collect()
        gc.collect()
        shop.processor.force_flush()
    assert accounted(shop.statistics)
    assert shop.statistics.spans == 300


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_begins_anew() -> None:
    """A child checks its own traces; those of before are the parent's."""
    script = """
import os, sys
import fluo_logic as fl
from fluo_logic import pipeline
from fluo_logic.integrations import InvariantSpanProcessor, Limits
from opentelemetry.sdk.trace import TracerProvider
found = []
processor = InvariantSpanProcessor(fl.rule("never { bad }"), found.append, limits=Limits(quiet=3600))
provider = TracerProvider(shutdown_on_exit=False)
provider.add_span_processor(processor)
tracer = provider.get_tracer("app")
tracer.start_span("bad").end()
child = os.fork()
tracer.start_span("bad").end()
assert processor.force_flush()
print("child" if not child else "parent", len(found), processor.statistics.checked, flush=True)
if child:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    done = python(script)
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.splitlines()) == ["child 1 1", "parent 2 2"]


def test_rules_across_traces_are_left_out(caplog: pytest.LogCaptureFixture) -> None:
    """Rules that need all traces are told and left out; with no other rule there is nothing to do."""
    across = fl.rule("across traces when { refund } always { approval }", id="across")
    with app(APPROVED, across) as shop:
        assert [rule.id for rule in shop.processor.rules.rules] == ["approved"]
    assert "across" in caplog.text
    with pytest.raises(fl.ConfigError, match="no rule that can be checked trace by trace") as raised:
        InvariantSpanProcessor(across)
    assert raised.value.code == "C165"


def test_wrong_rules_and_limits_are_told_at_once() -> None:
    """A mistake in a rule, a pack, an engine or a limit is an error where the processor is made."""
    with pytest.raises(fl.RuleFilesError, match="E501"):
        InvariantSpanProcessor("no-such.fluo")
    with pytest.raises(fl.ConfigError, match="no engine"):
        InvariantSpanProcessor(APPROVED, engine="prolog")
    for wrong in ({"max_queue_size": 0}, {"max_load": 2.0}, {"quiet": -1.0}):
        with pytest.raises(ValueError, match="must"):
            Limits(**wrong)


def test_metrics() -> None:
    """The statistics can be read as metrics."""
    from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader  # noqa: PLC0415

    reader = InMemoryMetricReader()
    meters = MeterProvider([reader], shutdown_on_exit=False)
    with app(meter_provider=meters) as shop:
        shop.refund(approved=False)
        shop.processor.force_flush()
        data = reader.get_metrics_data()
        assert data is not None
        points = {
            (metric.name, *(point.attributes or {}).values()): point.value  # type: ignore[union-attr]
            for metric in data.resource_metrics[0].scope_metrics[0].metrics
            for point in metric.data.data_points
        }
    assert points["fluo.spans", "checked"] == 2
    assert points["fluo.traces", "complete"] == 1
    assert points["fluo.obligations", "violated"] == 1
    assert points["fluo.spans.held",] == 0
    meters.shutdown()


def test_the_exporter() -> None:
    """The exporter checks what a processor of the SDK hands it."""
    found: list[fl.Violation] = []
    exporter = InvariantSpanExporter(APPROVED, found.append, limits=PATIENT)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("app")
    with tracer.start_as_current_span("ticket"):
        tracer.start_span("refund").end()
        assert exporter.force_flush()
        assert exporter.statistics.held == 1
    assert exporter.force_flush()
    assert [violation.rule for violation in found] == ["approved"]
    provider.shutdown()
    exporter.shutdown()


AUTOMATIC: Final = """
from opentelemetry.sdk._configuration import _OTelSDKConfigurator
_OTelSDKConfigurator().configure(auto_instrumentation_version="0")
from opentelemetry import trace
import logging
logging.basicConfig(format="%(levelname)s %(message)s")
trace.get_tracer("app").start_span("bad").end()
trace.get_tracer_provider().shutdown()
print("went on")
"""


def python(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "FLUO_"))}
    command = [sys.executable, "-c", script]
    return subprocess.run(  # noqa: S603 - the scripts of these tests
        command, capture_output=True, text=True, check=False, env={**kept, **environment}
    )


def automatic(rules: str | None) -> tuple[str, str]:
    only = {"OTEL_TRACES_EXPORTER": "fluo", "OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}
    done = python(AUTOMATIC, **only, **({} if rules is None else {"FLUO_RULES": rules}))
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout, done.stderr


def test_the_sdk_finds_the_exporter_by_its_name(tmp_path: Path) -> None:
    """OTEL_TRACES_EXPORTER=fluo and FLUO_RULES are enough; what is wrong with them is told, and the program goes on."""
    rules = tmp_path / "rules.fluo"
    rules.write_text("rule never-bad { never { bad } }", encoding="utf-8")
    out, err = automatic(str(rules))
    assert "invariant never-bad [medium] is violated" in err
    assert out == "went on\n"
    out, err = automatic(None)
    assert "no invariants are checked:\nerror[C165]: the environment variable FLUO_RULES names no rules" in err
    assert out == "went on\n"
    assert "error[E501]: the rule file" in automatic("no-such.fluo")[1]


def test_without_the_sdk_an_extra_is_told() -> None:
    """Where the SDK is not installed, the import says what to install."""
    hidden = "import sys; sys.modules['opentelemetry.sdk'] = None"
    done = python(f"{hidden}\nfrom fluo_logic.integrations import InvariantSpanProcessor")
    assert "pip install 'fluo_logic[sdk]'" in done.stderr


def test_incidents_are_caught_as_they_run(tmp_path: Path) -> None:
    """What the processor finds in a running application is what a check of its file finds, rule for rule."""
    pytest.importorskip("opentelemetry.exporter.otlp.proto.common", reason="needs the demo extra")
    from fluo_logic.commands.incidents import Catalogue  # noqa: PLC0415

    catalogue = Catalogue()
    for name in ("cross-tenant-read", "agent-refund", "inventory-race"):
        incident = catalogue.named(name)
        for variant in ("healthy", "broken"):
            found, seen = catalogue.module.watch(incident, variant)
            path = tmp_path / f"{name}-{variant}.jsonl"
            catalogue.module.write(incident, variant, path)
            rules = [catalogue.rules[rule] for rule in (incident.seed_rule_id, *incident.rule_ids)]
            alone = fl.Ruleset(tuple(rule for rule in rules if rule.scope.kind == "per trace"))
            told = sorted(violation.fingerprint for violation in found)
            assert told == sorted(violation.fingerprint for violation in fl.check(path, alone).violated)
            assert bool(told) == (variant == "broken")
            assert seen.checked == seen.spans
            assert seen.incomplete == 0
