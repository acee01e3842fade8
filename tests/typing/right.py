"""A program that uses the whole public API as it is meant; type checkers have nothing to say of it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider

import fluo_logic as fl
from fluo_logic.facts.readers.sources import TraceInput
from fluo_logic.integrations import InvariantSpanExporter, InvariantSpanProcessor, Limits, Statistics
from fluo_logic.integrations.invariants import Invariants


def rules() -> fl.Ruleset:
    """Rules from files, packs and texts."""
    pack: fl.Ruleset = fl.load_rules("pack:case-studies", Path("rules"), ["a.fluo", Path("b.fluo")])
    one: fl.Rule = fl.rule("never { a }", id="one")
    size: int = len(pack)
    found: fl.Rule = pack["admin-audit-own-log"]
    name: str = found.id
    sys.stdout.write(f"{size} {name} {one.title}")
    return fl.Ruleset((*pack.rules, one))


def checks(spans: list[ReadableSpan], message: ExportTraceServiceRequest) -> fl.Report:
    """Every kind of input, every setting."""
    data: fl.Dataset = fl.read_traces("traces")
    everything = rules()
    framed: fl.Dataset = fl.read_frame(object(), {"trace_id": "TraceId"})
    fl.check(framed, everything)
    fl.check(b"{}", everything)
    fl.check(Path("traces"), everything, engine="clingo", max_proofs=3)
    mixed: list[TraceInput] = ["a.json", Path("b"), b"", spans, message]
    fl.check(["a.json", "b.json"], everything, now="2026-01-01T00:00:00Z")
    fl.check(mixed, everything)
    fl.check(spans, everything, now=datetime.now(UTC), clock_skew=timedelta(milliseconds=5))
    fl.check(message, everything.rules[0], clock_skew="5ms", assume_complete=True)
    return fl.check(data, everything, fl.Options(engine="auto"), now=0, clock_skew=1)


def report(found: fl.Report) -> None:
    """What a report holds."""
    ok: bool = found.ok
    violation: fl.Violation = found.violations[0]
    proof: fl.ObligationProof | None = violation.proof
    scope: Mapping[str, str] = violation.scope
    witness: fl.SpanRef = violation.witness["a"]
    rule: fl.RuleReport = found.rules[0]
    verdicts: Mapping[str, int] = rule.verdicts
    text: str = found.to_text(colour=True, width=80)
    document: dict[str, object] = found.to_json()
    severe: tuple[fl.Violation, ...] = found.at_least("high")
    data: fl.Dataset | None = found.dataset
    if proof is not None:
        node: fl.Proof = proof.condition
        proof.show(colour=False, detail="long")
        sys.stdout.write(type(node).__name__)
    if data is not None:
        trace: fl.Trace = data.traces[scope["trace_id"]]
        sys.stdout.write(trace.spans[0].name)
    sys.stdout.write(f"{ok} {witness.span_id} {verdicts['violated']} {text} {document} {len(severe)} {fl.__version__}")
    found.to_frame("spans", backend="pandas")
    found.raise_if_violated()


def reasons(data: fl.Dataset) -> None:
    """Explanations, repairs, and rules about rules."""
    rule = fl.rule("never { a }")
    explanation: fl.Explanation = fl.explain(rule, data, "7f3a", engine="clingo", now=0)
    repairs: fl.Repairs = fl.repair(rule, data, explanation)
    repair: fl.Repair = repairs.repairs[0]
    analysis: fl.Analysis = fl.analyze(fl.Ruleset((rule,)))
    witness = fl.witness(rule, "violated")
    changes = fl.diff(fl.Ruleset((rule,)), fl.Ruleset((rule,)))
    sys.stdout.write(f"{repair.sentences} {analysis.ok} {changes.same} {None if witness is None else witness.spans}")


def errors() -> str:
    """Every error is one of these, with its parts."""
    try:
        fl.load_rules("no.fluo")
    except fl.RuleFilesError as error:
        mistakes: tuple[fl.RuleError, ...] = error.errors
        place: fl.Where | None = mistakes[0].where
        return "" if place is None else place.file
    except (fl.UnsupportedError, fl.InputError, fl.ConfigError, fl.InternalError) as error:
        return error.code + error.message + (error.hint or "")
    except fl.InvariantViolationError as error:
        return "" if error.report is None else error.report.to_text()
    except fl.FluoError as error:
        return error.code
    return ""


def excused(report: fl.Report, data: fl.Dataset) -> fl.Report:
    """Waivers and a baseline."""
    waivers: tuple[fl.Waiver, ...] = fl.read_waivers("waivers.toml", ["r"])
    waived = fl.apply_waivers(report, waivers, data, date(2026, 1, 1))
    return fl.apply_baseline(waived, fl.read_baseline("baseline.json"), ["r"], by="signature")


def told(violation: fl.Violation) -> None:
    """Take a violation."""
    sys.stdout.write(violation.sentence)


def running(provider: TracerProvider) -> Statistics:
    """The span processor and the exporter."""
    processor = InvariantSpanProcessor(["rules/", fl.rule("never { a }")], told, limits=Limits(quiet=0.5))
    provider.add_span_processor(processor)
    exporter = InvariantSpanExporter("pack:case-studies", on_violation=told, engine="clingo")
    exporter.shutdown()
    done: bool = processor.force_flush(1_000)
    sys.stdout.write(f"{done} {len(processor.rules)} {processor.statistics.failures['a']}")
    return exporter.statistics


def test_with_fixture(fluo: Invariants) -> None:
    """The fixture of the pytest plugin."""
    with fluo.tracer().start_as_current_span("a"):
        pass
    found: fl.Report = fluo.require("rules/", fl.rule("never { b }"), assume_complete=True)
    fluo.require_active("b")
    spans: tuple[ReadableSpan, ...] = fluo.spans
    sys.stdout.write(f"{found.ok} {len(spans)} {fluo.wait(1.0)}")
