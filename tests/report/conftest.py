"""Reports on the incidents, and on traces with everything that reports can hold."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from fluo_logic.explain import proof as p

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
