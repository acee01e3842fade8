"""What the seven incident applications share: simulated time, seeded ids, tracers that feed one memory, OTLP lines.

Everything is a function of the seed and of what the application does, so that two runs give the same bytes: the SDK
gets explicit start and end times and never looks at the wall clock or a random number.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from google.protobuf.json_format import MessageToDict
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Sampler
from opentelemetry.trace import Link, Span, SpanKind, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

NANOSECONDS_PER_MICROSECOND: Final = 1_000
NANOSECONDS_PER_MILLISECOND: Final = 1_000_000
UNIX_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
HEX_KEYS: Final = frozenset({"traceId", "spanId", "parentSpanId"})
PROPAGATOR: Final = TraceContextTextMapPropagator()


class Clock:
    """Simulated time; it moves only when somebody moves it."""

    def __init__(self, start: datetime) -> None:
        """Start at ``start``, which must carry a time zone."""
        self.nanoseconds = _nanoseconds(start)
        """Since the Unix epoch."""

    @property
    def time(self) -> datetime:
        """The same moment as a date, to the microsecond."""
        return UNIX_EPOCH + timedelta(microseconds=self.nanoseconds // NANOSECONDS_PER_MICROSECOND)

    def spend(self, milliseconds: float) -> None:
        """Let ``milliseconds`` pass: somebody works or waits."""
        self.nanoseconds += round(milliseconds * NANOSECONDS_PER_MILLISECOND)

    def travel(self, moment: datetime) -> None:
        """Go forward to ``moment``; a moment that has passed already leaves the clock where it is."""
        self.nanoseconds = max(self.nanoseconds, _nanoseconds(moment))


def _nanoseconds(moment: datetime) -> int:
    return (moment - UNIX_EPOCH) // timedelta(microseconds=1) * NANOSECONDS_PER_MICROSECOND


class SeededIds(IdGenerator):
    """Trace and span ids from a hash of a seed and a counter: valid, unique for every practical purpose, repeatable."""

    def __init__(self, seed: str) -> None:
        """Begin the sequence that belongs to ``seed``."""
        self._seed = seed
        self._count = 0

    def generate_span_id(self) -> int:
        """Return the next span id, 64 bits."""
        return self._next(8)

    def generate_trace_id(self) -> int:
        """Return the next trace id, 128 bits."""
        return self._next(16)

    def _next(self, size: int) -> int:
        # An id of zero bits is invalid in OpenTelemetry, so a digest of zeros is passed over.
        while True:
            self._count += 1
            text = f"{self._seed}/{self._count}".encode()
            number = int.from_bytes(hashlib.blake2b(text, digest_size=size).digest())
            if number:
                return number


@dataclass(frozen=True, slots=True)
class Service:
    """One instrumented process: a tracer with a resource of its own, and the clock all of them share."""

    name: str
    tracer: Tracer
    clock: Clock

    @contextmanager
    def span(
        self,
        name: str,
        attributes: Mapping[str, AttributeValue] | None = None,
        *,
        kind: SpanKind = SpanKind.INTERNAL,
        links: Sequence[Link] = (),
    ) -> Iterator[Span]:
        """Record what the block does as a span of this service, in simulated time.

        A parent in another service is reached as over the wire, by W3C trace context.  An exception that leaves the
        block makes the span an error with an exception event, and goes on.
        """
        with self.tracer.start_as_current_span(
            name,
            context=self._remote_context(),
            kind=kind,
            attributes=attributes,
            links=links,
            start_time=self.clock.nanoseconds,
            record_exception=False,
            set_status_on_exception=False,
            end_on_exit=False,
        ) as span:
            try:
                yield span
            except Exception as error:
                # The SDK's own recording would take the wall clock and a stack trace full of local paths.
                details = {"exception.type": type(error).__name__, "exception.message": str(error)}
                span.add_event("exception", details, timestamp=self.clock.nanoseconds)
                span.set_status(StatusCode.ERROR, str(error))
                raise
            finally:
                span.end(self.clock.nanoseconds)

    def _remote_context(self) -> Context | None:
        caller = trace.get_current_span()
        if not isinstance(caller, ReadableSpan) or caller.resource.attributes.get("service.name") == self.name:
            return None
        headers: dict[str, str] = {}
        PROPAGATOR.inject(headers)
        return PROPAGATOR.extract(headers)


@dataclass(slots=True)
class World:
    """The stage of one run: one clock, one id sequence, one memory that all services export to."""

    clock: Clock
    ids: SeededIds
    processors: Sequence[SpanProcessor] = ()
    """Who else is to see the spans of all services as they start and end."""
    _memory: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)

    def service(self, name: str, *, instance: str | None = None, sampler: Sampler = ALWAYS_ON) -> Service:
        """Return a new process of the service ``name``; ``instance`` tells replicas of one service apart."""
        attributes: dict[str, AttributeValue] = {"service.name": name}
        if instance is not None:
            attributes["service.instance.id"] = instance
        provider = TracerProvider(
            sampler=sampler, resource=Resource(attributes), id_generator=self.ids, shutdown_on_exit=False
        )
        for processor in (SimpleSpanProcessor(self._memory), *self.processors):
            provider.add_span_processor(processor)
        return Service(name, provider.get_tracer("incidents", "1.0"), self.clock)

    @property
    def spans(self) -> list[ReadableSpan]:
        """The spans that have ended, in the order in which they ended."""
        return list(self._memory.get_finished_spans())


def otlp_lines(spans: Sequence[ReadableSpan]) -> Iterator[str]:
    """Yield OTLP/JSON export requests without line ends, one a trace, in the order of the traces' first spans.

    Encoded by OpenTelemetry's own protobuf encoder; then OTLP's deviations from protobuf JSON are applied: ids in
    hexadecimal, enums as integers.
    """
    traces: dict[int, list[ReadableSpan]] = {}
    for span in sorted(spans, key=lambda span: span.start_time or 0):
        traces.setdefault(span.context.trace_id, []).append(span)
    for members in traces.values():
        request = MessageToDict(encode_spans(members), use_integers_for_enums=True)
        yield json.dumps(_with_hex_ids(request), ensure_ascii=False, separators=(",", ":"))


def _with_hex_ids(node: object) -> object:
    match node:
        case dict():
            return {
                key: base64.b64decode(value).hex()
                if key in HEX_KEYS and isinstance(value, str)
                else _with_hex_ids(value)
                for key, value in node.items()
            }
        case list():
            return [_with_hex_ids(item) for item in node]
        case _:
            return node
