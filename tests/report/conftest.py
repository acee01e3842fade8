"""Reports on the incidents, and on traces with everything that reports can hold."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest

import fluo_logic as fl
from fluo_logic.errors import Where
from fluo_logic.explain import proof as p
from fluo_logic.lang.parse import parse_rules
from fluo_logic.report.excuse import BaselineUse, KnownViolation, Waiver, WaiverUse

ROOT: Final = Path(__file__).parents[2]
MISSES: Final = ROOT / "tests" / "incidents" / "misses"
PACK: Final = ROOT / "rules" / "case-studies"
START: Final = 1_700_000_000_123_456_789


def otlp_span(
    trace: int, span: int, name: str, at: int, parent: int = 0, **attributes: dict[str, object]
) -> dict[str, Any]:
    """Return an OTLP/JSON span of one second; an attribute is an OTLP value, such as ``{"intValue": "1"}``."""
    return {
        "traceId": f"{trace:032x}",
        "spanId": f"{span:016x}",
        "parentSpanId": f"{parent:016x}" if parent else "",
        "name": name,
        "startTimeUnixNano": str(START + at * 10**9),
        "endTimeUnixNano": str(START + (at + 1) * 10**9),
        "attributes": [{"key": key.replace("_", "."), "value": value} for key, value in attributes.items()],
    }


def otlp(*spans: dict[str, Any]) -> bytes:
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]}).encode()


OTHER_RULES: Final = """
rule values { when { v as $v } never { $v.number >= 1 or $v.text == "x" or $v.list == "y" } }
rule absent-or-twice {
  always { count(v) == 0 or (v.where(number > 5) as $a and v.where(number < 5) as $b and $a is not $b) }
}
rule windowed { across traces always { count(v) within 5s < 2 and max(v.span:duration) < 1s and avg(v.number) < 0 } }
rule tree { when { c as $c } always { $c child of v.where(not exists(number)) and not c linked to v } }
rule deadline { when { v as $v } always { $v before w within 1m } }
rule ordered {
  across traces by user.id
  when { v as $v }
  always { c after $v or (c descendant of $v and c.where(event(e))) }
}
rule nothing { when { nothing as $n } always { nothing after $n } }
"""
BIG: Final = 2**63 - 1
OTHER_TRACES: Final = otlp(
    otlp_span(1, 1, "v", 0, number={"intValue": str(BIG)}, user_id={"stringValue": "ü"}),
    otlp_span(1, 2, "v", 1, 1, number={"doubleValue": "NaN"}, text={"bytesValue": "AAE="}),
    otlp_span(1, 3, "c", 2, 1, list={"arrayValue": {"values": [{"doubleValue": 4.0}, {"boolValue": True}]}}),
    otlp_span(2, 4, "c", 2, 77, user_id={"kvlistValue": {"values": [{"key": "k", "value": {"intValue": "1"}}]}}),
    otlp_span(2, 5, "v", 2, 4, number={"doubleValue": "-Infinity"}),
    otlp_span(2, 6, "u", 0),
    {"name": "lost"},
)


def ref(number: int, start: int | None = 0, end: int | None = 1, name: str = "a") -> p.SpanRef:
    return p.SpanRef("t" * 32, f"{number:016x}", name, None, start, end)


@pytest.fixture(scope="session")
def incident_files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    """The traces of every incident, healthy and broken; without the demo extra only the hand-made ones."""
    files = sorted(MISSES.glob("*/trace.otlp.json"))
    pytest.importorskip("opentelemetry.sdk", reason="needs the demo extra")
    pytest.importorskip("opentelemetry.exporter.otlp.proto.common", reason="needs the demo extra")
    from fluo_logic.commands.incidents import Catalogue, trace_file  # noqa: PLC0415 - needs the extra

    folder = tmp_path_factory.mktemp("incidents")
    catalogue = Catalogue()
    write: Callable[..., None] = catalogue.module.write
    for incident in catalogue.incidents:
        for variant in ("healthy", "broken"):
            path = trace_file(folder, incident, variant)
            write(incident, variant, path)
            files.append(path)
    return tuple(files)


@pytest.fixture(scope="session")
def everything() -> tuple[fl.Report, list[fl.Explanation]]:
    """A report that holds every kind of node, value and verdict, and an explanation of each of its rules."""
    found, errors = parse_rules(OTHER_RULES, "other.fluo")
    assert errors == []
    rules = fl.Ruleset(tuple(found))
    report = fl.check(OTHER_TRACES, rules)
    return report, [fl.explain(rule, OTHER_TRACES) for rule in rules.rules]


MIXED_RULES: Final = """
rule audited "Each <b>action</b> has a log" {
  severity critical
  description "Who did what, and when."
  tags audit
  controls "SOC2:CC7.2"
  runbook "https://runbooks.example/audited"
  display "{$a.user.id} did something and left no log"
  when { admin.action as $a }
  always { audit.log.where(user.id == $a.user.id) after $a }
}
rule answered {
  severity low
  when { question as $q }
  always { $q before answer within 1m }
}
rule quiet "Nothing is noisy" { never { noise } }
rule idle { when { nothing } always { nowhere } }
"""
MIXED_TRACES: Final = otlp(
    *(
        otlp_span(number, 1, "admin.action", number, user_id={"stringValue": f"user {number}"})
        for number in range(1, 5)
    ),
    otlp_span(5, 1, "admin.action", 5, user_id={"stringValue": "x](y) <script>@octocat\n::error::z"}),
    otlp_span(6, 1, "question", 100),
    otlp_span(7, 1, "noisy|pipe", 6),
    {"name": "lost"},
)


@pytest.fixture(scope="session")
def mixed() -> fl.Report:
    """Violations that count, a waived one, a known one, a pending one; lost input; waivers of each sort."""
    found, errors = parse_rules(MIXED_RULES, "rules/mixed.fluo")
    assert errors == []
    report = fl.check(MIXED_TRACES, fl.Ruleset(tuple(found)), max_proofs=4)
    waiver = Waiver("audited", "ops@example", "until *all* is logged", date(2026, 12, 31), where=Where("w.toml", 1, 1))
    late = replace(waiver, expires=date(2026, 1, 1))
    violations = [replace(violation, known=False) for violation in report.violations]
    violations[1] = replace(violations[1], waiver=waiver)
    violations[2] = replace(violations[2], known=True)
    uses = tuple(
        WaiverUse(one, fits, expired)
        for one, fits, expired in (
            (waiver, 1, False),
            (late, 2, True),
            (replace(waiver, fingerprint="0" * 16), 0, False),
        )
    )
    known = KnownViolation("audited", "ab" * 8, "cd" * 8)
    return replace(report, violations=tuple(violations), waivers=uses, baseline=BaselineUse(1, (known,)))
