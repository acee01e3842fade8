"""What a check is measured against: bare decoding, and the ten rules in plain Python over protobuf objects.

::

    python benchmarks/rivals.py ptars traces.binpb
    python benchmarks/rivals.py loop traces.binpb
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

MESSAGES: Final = 50
LENGTH_BYTES: Final = 4
BLOCK: Final = 8 << 20
QUERIES: Final = 20
AMOUNT: Final = 500
SLOW: Final = 5 * 10**9
ERROR: Final = 2


def frames(data: bytes) -> Iterator[bytes]:
    """Yield the messages of a file, each behind its length."""
    position = 0
    while position < len(data):
        size = int.from_bytes(data[position : position + LENGTH_BYTES], "big")
        position += LENGTH_BYTES + size
        yield data[position - size : position]


def ptars(path: Path) -> dict[str, float]:
    """Decode a file with ptars, as much of OTLP as it has a form for, and nothing else."""
    from fluo_logic.facts.columnar.descriptor import handler  # noqa: PLC0415 - only this one needs ptars

    decoder = handler()
    clock, cpu = time.perf_counter(), time.process_time()
    messages = list(frames(path.read_bytes()))
    spans = 0
    for first in range(0, len(messages), MESSAGES):
        record = decoder.list_to_record_batch(messages[first : first + MESSAGES])
        spans += len(record.column(0).flatten().field("scope_spans").flatten().field("spans").flatten())
    return {"decode": time.perf_counter() - clock, "cpu": time.process_time() - cpu, "spans": spans}


def json_lines(path: Path) -> dict[str, float]:
    """Parse a file of OTLP JSON with pyarrow, with the schema that a check uses, and nothing else."""
    import pyarrow.json as pj  # noqa: PLC0415 - only this one needs it

    from fluo_logic.facts.columnar.otlp_lines import SCHEMA  # noqa: PLC0415

    clock, cpu = time.perf_counter(), time.process_time()
    parsed = pj.read_json(
        path,
        read_options=pj.ReadOptions(block_size=BLOCK),
        parse_options=pj.ParseOptions(explicit_schema=SCHEMA, unexpected_field_behavior="ignore"),
    )
    spans = 0
    for chunk in parsed.column(0).chunks:
        spans += len(chunk.flatten().field("scopeSpans").flatten().field("spans").flatten())
    return {"decode": time.perf_counter() - clock, "cpu": time.process_time() - cpu, "spans": spans}


def loop(path: Path) -> dict[str, float]:
    """Check the ten rules as one writes them by hand: spans by trace, then a function for each rule."""
    from opentelemetry.proto.trace.v1.trace_pb2 import TracesData  # noqa: PLC0415

    clock, cpu = time.perf_counter(), time.process_time()
    traces: dict[bytes, list[Any]] = {}
    spans = 0
    for raw in frames(path.read_bytes()):
        for batch in TracesData.FromString(raw).resource_spans:
            for group in batch.scope_spans:
                for span in group.spans:
                    spans += 1
                    traces.setdefault(span.trace_id, []).append((span.name, span, attributes(span)))
    violations = sum(rule(trace) for trace in traces.values() for rule in RULES)
    return {
        "decode": time.perf_counter() - clock,
        "cpu": time.process_time() - cpu,
        "spans": spans,
        "violations": violations,
    }


def attributes(span: Any) -> dict[str, object]:  # noqa: ANN401 - a protobuf message
    """Return the attributes of a span as Python's values."""
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in span.attributes}


Trace = list[tuple[str, Any, dict[str, object]]]


def named(trace: Trace, name: str) -> list[tuple[Any, dict[str, object]]]:
    """Return the spans of a name."""
    return [(span, found) for other, span, found in trace if other == name]


def audited(trace: Trace) -> int:
    """Return how many admin actions have no audit log of the same action after them."""
    logs = named(trace, "audit.log")
    return sum(
        not any(
            log["action"] == found["action"] and span.end_time_unix_nano <= other.start_time_unix_nano
            for other, log in logs
        )
        for span, found in named(trace, "admin.action")
    )


def reserved(trace: Trace) -> int:
    """Return how many charges have no reservation of their own before them."""
    reservations = named(trace, "inventory.reserve")
    return sum(
        not any(
            reservation["reservation.id"] == found["reservation.id"]
            and other.end_time_unix_nano <= span.start_time_unix_nano
            for other, reservation in reservations
        )
        for span, found in named(trace, "payment.charge")
    )


def slow(trace: Trace) -> int:
    """Return whether a query took longer than five seconds."""
    return any(span.end_time_unix_nano - span.start_time_unix_nano > SLOW for span, _ in named(trace, "database.query"))


RULES: Final[tuple[Callable[[Trace], int], ...]] = (
    lambda trace: sum(bool(span.parent_span_id) for span, _ in named(trace, "http.request")),
    lambda trace: bool(named(trace, "admin.action")) and not named(trace, "auth.check"),
    lambda trace: len(named(trace, "tenant.context_loaded")) != 1,
    lambda trace: any(span.status.code == ERROR for _, span, _ in trace),
    lambda trace: any(found["amount"] > AMOUNT for _, found in named(trace, "payment.charge")),  # type: ignore[operator]
    reserved,
    lambda trace: len(named(trace, "database.query")) > QUERIES,
    slow,
    audited,
    lambda trace: (
        bool(named(trace, "payment.charge"))
        and not any(found["confirmed"] for _, found in named(trace, "inventory.reserve"))
    ),
)


if __name__ == "__main__":
    print(json.dumps({"ptars": ptars, "json": json_lines, "loop": loop}[sys.argv[1]](Path(sys.argv[2]))))
