"""Span sets of any size with planted violations, each of them counted; the same seed gives the same spans.

Every trace is one request: a root, some work, an ``admin.action``, its ``audit.log`` and a ``payment.charge`` with its
reservation.  A planted violation leaves the audit log out, writes one of another action, or writes it too early.

::

    python benchmarks/generate.py --traces 1000 --format json traces.jsonl
    python benchmarks/generate.py --traces 1000 --format protobuf traces.binpb
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final

from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from fluo_logic.facts.dataset import Dataset, assemble
from fluo_logic.facts.model import Kind, Resource, Span, Status
from fluo_logic.values import Value

if TYPE_CHECKING:
    from google.protobuf.internal.containers import RepeatedCompositeFieldContainer as RepeatedCompositeContainer
    from opentelemetry.proto.common.v1.common_pb2 import KeyValue

EPOCH: Final = 1_767_225_600 * 10**9
"""2026-01-01T00:00:00Z in nanoseconds."""
MILLISECOND: Final = 10**6
SPANS_PER_TRACE: Final = 10
ACTIONS: Final = ("bulk_deactivate", "delete_user", "export_data", "grant_role", "rotate_keys")
PLANTED: Final = ("no log", "log of another action", "log before the action")
ONE_IN: Final = 10
"""One trace in so many is violated, unless told otherwise."""
BATCH: Final = 100
"""Traces in one exported message."""
SERVICES: Final = {
    name: Resource({"service.name": name, "host.name": f"{name}-0"}) for name in ("web", "admin", "shop")
}
KINDS: Final = {
    Kind.UNSPECIFIED: 0,
    Kind.INTERNAL: 1,
    Kind.SERVER: 2,
    Kind.CLIENT: 3,
    Kind.PRODUCER: 4,
    Kind.CONSUMER: 5,
}
STATUSES: Final = {Status.UNSET: 0, Status.OK: 1, Status.ERROR: 2}


@dataclass(frozen=True, slots=True)
class Generated:
    """The spans, and how many traces were given each kind of violation."""

    spans: tuple[Span, ...]
    planted: Counter[str]

    @property
    def violations(self) -> int:
        """How many admin actions have no audit log of their action after them."""
        return self.planted.total()

    def dataset(self) -> Dataset:
        """Return the spans as a data set."""
        return assemble(self.spans)


def generate(traces: int, *, seed: int = 1, one_in: int = ONE_IN) -> Generated:
    """Return ``traces`` traces of `SPANS_PER_TRACE` spans, one in ``one_in`` of them (0: none) with a violation."""
    planted: Counter[str] = Counter()
    return Generated(tuple(stream(traces, planted, seed=seed, one_in=one_in)), planted)


def stream(traces: int, planted: Counter[str], *, seed: int = 1, one_in: int = ONE_IN) -> Iterator[Span]:
    """Yield the spans that `generate` returns, of which memory holds a trace; what was planted is counted."""
    random = Random(seed)  # noqa: S311 - reproducible on purpose
    chosen = set(random.sample(range(traces), traces // one_in)) if one_in else set()
    for number in range(traces):
        violation = random.choice(PLANTED) if number in chosen else None
        if violation is not None:
            planted[violation] += 1
        yield from _trace(number, random, violation)


def _trace(number: int, random: Random, violation: str | None) -> Iterator[Span]:
    trace_id = f"{_spread(number + 1):016x}{number + 1:016x}"
    start = EPOCH + number * 100 * MILLISECOND
    action = random.choice(ACTIONS)
    logged = random.choice([other for other in ACTIONS if other != action]) if violation == PLANTED[1] else action
    user, cart, item, amount = f"u{number % 97}", f"c{number}", f"i{number}", random.randrange(1, 200)
    action_at, log_at = (400, 300) if violation == PLANTED[2] else (300, 400)
    log: dict[str, Value] = {"action": logged, "admin.id": user}
    rows: list[tuple[str, str, int | None, int, int, dict[str, Value]]] = [
        ("http.request", "web", None, 0, 900, {"http.route": "/admin", "user.id": user}),
        ("auth.check", "web", 0, 10, 40, {"user.id": user}),
        ("tenant.context_loaded", "web", 0, 50, 60, {"tenant.id": f"t{number % 11}"}),
        ("database.query", "admin", 0, 70, 150, {"table": "accounts", "tenant.id": f"t{number % 11}"}),
        ("cache.get", "admin", 3, 80, 90, {"hit": random.random() < 1 / 2}),
        ("admin.action", "admin", 0, action_at, action_at + 50, {"action": action, "admin.id": user}),
        ("metrics.flush", "admin", 0, log_at, log_at + 10, log)
        if violation == PLANTED[0]
        else ("audit.log", "admin", 0, log_at, log_at + 10, log),
        (
            "inventory.reserve",
            "shop",
            0,
            500,
            600,
            {"item.id": item, "user.id": user, "reservation.id": cart, "confirmed": True},
        ),
        (
            "payment.charge",
            "shop",
            0,
            650,
            800,
            {"cart.id": cart, "reservation.id": cart, "attempt": 1, "amount": amount},
        ),
        ("mail.send", "web", 0, 820, 890, {"template": "receipt"}),
    ]
    for index, (name, service, parent, begin, end, attributes) in enumerate(rows):
        yield Span(
            trace_id=trace_id,
            span_id=_span_id(number, index),
            name=name,
            parent_id=None if parent is None else _span_id(number, parent),
            kind=Kind.SERVER if parent is None else Kind.INTERNAL,
            start=start + begin * MILLISECOND,
            end=start + end * MILLISECOND,
            attributes=attributes,
            resource=SERVICES[service],
        )


def _span_id(trace: int, index: int) -> str:
    return f"{_spread(trace * SPANS_PER_TRACE + index + 1):016x}"


def _spread(number: int) -> int:
    """Return a 64-bit number that no other number gives; ids differ in their first digits (Fibonacci hashing)."""
    return number * 0x9E3779B97F4A7C15 % 2**64


# --- files --------------------------------------------------------------------------------------------------------


def batches(spans: Iterable[Span]) -> Iterator[list[list[Span]]]:
    """Yield the spans of some traces at a time, those of a service together."""
    rest = iter(spans)
    while some := list(islice(rest, BATCH * SPANS_PER_TRACE)):
        by_service: dict[str | None, list[Span]] = {}
        for span in some:
            by_service.setdefault(span.resource.service, []).append(span)
        yield list(by_service.values())


def otlp_documents(spans: Iterable[Span]) -> Iterator[dict[str, object]]:
    """Yield export requests as OTLP/JSON objects, each of some traces."""
    for groups in batches(spans):
        yield {
            "resourceSpans": [
                {
                    "resource": {"attributes": _attributes(group[0].resource.attributes.items())},
                    "scopeSpans": [{"scope": {"name": "generated"}, "spans": [_span(span) for span in group]}],
                }
                for group in groups
            ]
        }


def _span(span: Span) -> dict[str, object]:
    return {
        "traceId": span.trace_id,
        "spanId": span.span_id,
        **({} if span.parent_id is None else {"parentSpanId": span.parent_id}),
        "name": span.name,
        "kind": KINDS[span.kind],
        "status": {"code": STATUSES[span.status]},
        "startTimeUnixNano": str(span.start or 0),
        "endTimeUnixNano": str(span.end or 0),
        "attributes": _attributes(span.attributes.items()),
    }


def _attributes(items: Iterable[tuple[str, Value]]) -> list[dict[str, object]]:
    return [{"key": key, "value": _value(value)} for key, value in items]


def _value(value: Value) -> dict[str, object]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case str():
            return {"stringValue": value}
        case _:
            message = f"the generator makes no such value: {value!r}"
            raise TypeError(message)


def write_json(spans: Iterable[Span], path: Path) -> None:
    """Write OTLP/JSON, one export request a line."""
    with path.open("w", encoding="utf-8") as file:
        for document in otlp_documents(spans):
            file.write(f"{json.dumps(document, separators=(',', ':'))}\n")


def write_protobuf(spans: Iterable[Span], path: Path) -> None:
    """Write OTLP protobuf as the collector does, each export request behind its length (4 bytes, big-endian)."""
    with path.open("wb") as file:
        for groups in batches(spans):
            message = TracesData()
            for group in groups:
                batch = message.resource_spans.add()
                _fill(batch.resource.attributes, group[0].resource.attributes.items())
                listed = batch.scope_spans.add()
                listed.scope.name = "generated"
                for span in group:
                    _message(listed.spans.add(), span)
            data = message.SerializeToString()
            file.write(len(data).to_bytes(4, "big") + data)


def _message(message: SpanMessage, span: Span) -> None:
    message.trace_id, message.span_id = bytes.fromhex(span.trace_id), bytes.fromhex(span.span_id)
    message.parent_span_id = bytes.fromhex(span.parent_id or "")
    message.name = span.name
    message.kind = KINDS[span.kind]  # type: ignore[assignment]
    message.status.code = STATUSES[span.status]  # type: ignore[assignment]
    message.start_time_unix_nano, message.end_time_unix_nano = span.start or 0, span.end or 0
    _fill(message.attributes, span.attributes.items())


def _fill(pairs: RepeatedCompositeContainer[KeyValue], items: Iterable[tuple[str, Value]]) -> None:
    for key, value in items:
        added = pairs.add(key=key).value
        match value:
            case bool():
                added.bool_value = value
            case int():
                added.int_value = value
            case _:
                added.string_value = str(value)


def main() -> None:
    """Write a file of generated traces and say what was planted."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("output", type=Path)
    parser.add_argument("--traces", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--one-in", type=int, default=ONE_IN, help="one trace in so many is violated; 0: none")
    parser.add_argument("--format", choices=("json", "protobuf"), default="json")
    arguments = parser.parse_args()
    planted: Counter[str] = Counter()
    spans = stream(arguments.traces, planted, seed=arguments.seed, one_in=arguments.one_in)
    (write_json if arguments.format == "json" else write_protobuf)(spans, arguments.output)
    count = arguments.traces * SPANS_PER_TRACE
    print(f"{count:,} spans in {arguments.traces:,} traces, {planted.total():,} violated: {dict(planted)}")


if __name__ == "__main__":
    main()
