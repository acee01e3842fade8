"""Spans of an OpenTelemetry SDK by the test in which they began: what the pytest plugin looks at."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from contextvars import ContextVar, Token
from typing import Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider

from fluo_logic.errors import ConfigError

REMEMBERED: Final = 100_000
"""How many spans are remembered with their test, so that what begins below them later is not taken for another's."""
_UNDER_WAY: Final[ContextVar[Recording | None]] = ContextVar("fluo_recording", default=None)
"""The recording of the test that this context runs in; threads begin without one."""


class Recording:
    """The spans that began in one test, in memory."""

    def __init__(self, changed: threading.Condition) -> None:
        """Begin with nothing; ``changed`` is notified by the recorder, whose lock it holds."""
        self.changed = changed
        self.ended: list[ReadableSpan] = []
        self.open: dict[int, Span] = {}
        self.closed = False
        self.token: Token[Recording | None] | None = None

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        """The spans that ended, in that order, and then those that did not."""
        with self.changed:
            return (*self.ended, *self.open.values())

    def wait(self, seconds: float) -> bool:
        """Wait until every span has ended, at most so long; return whether that is so."""
        deadline = time.monotonic() + seconds
        with self.changed:
            while self.open:
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self.changed.wait(left)
        return True

    def clear(self) -> None:
        """Forget every span so far; what is open and ends later is forgotten too."""
        with self.changed:
            self.ended.clear()
            self.open.clear()


class SpanRecorder(SpanProcessor):
    """Gives every span to the recording in which it began.

    A span belongs where its parent belongs, else to the test that its context runs in, else to the last test that
    began.  So what a thread of an earlier test still does is not taken for a part of the next one.
    """

    def __init__(self) -> None:
        """Begin without a test."""
        # A span may end while garbage is collected, in the midst of anything.
        self._changed = threading.Condition(threading.RLock())
        self._under_way: list[Recording] = []
        self._owners: OrderedDict[int, Recording] = OrderedDict()

    def begin(self) -> Recording:
        """Return a new recording, to which spans go from now on."""
        recording = Recording(self._changed)
        with self._changed:
            self._under_way.append(recording)
        recording.token = _UNDER_WAY.set(recording)
        return recording

    def end(self, recording: Recording) -> None:
        """Give no more spans to a recording."""
        with self._changed:
            recording.closed = True
            recording.open.clear()
            if recording in self._under_way:
                self._under_way.remove(recording)
        if recording.token is not None:
            try:
                _UNDER_WAY.reset(recording.token)
            except ValueError:  # ended in another context than it began in
                _UNDER_WAY.set(None)

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:  # noqa: ARG002 - the protocol's
        """Find out where the span belongs."""
        context = span.get_span_context()
        with self._changed:
            owner = self._owners.get(span.parent.span_id) if span.parent is not None else None
            owner = owner or self._current()
            if owner is None:
                return
            self._owners[context.span_id] = owner
            self._owners.move_to_end(context.span_id)
            if len(self._owners) > REMEMBERED:
                self._owners.popitem(last=False)
            if not owner.closed:
                owner.open[context.span_id] = span

    def on_end(self, span: ReadableSpan) -> None:
        """Keep the span where it belongs."""
        context = span.get_span_context()
        if context is None:
            return
        with self._changed:
            owner = self._owners.get(context.span_id)
            # What was forgotten by `clear` is no longer open.
            if owner is not None and owner.open.pop(context.span_id, None) is not None:
                owner.ended.append(span)
                self._changed.notify_all()

    def _current(self) -> Recording | None:
        own = _UNDER_WAY.get()
        if own is not None and not own.closed:
            return own
        return self._under_way[-1] if self._under_way else None


def attach(recorder: SpanRecorder, attached: list[object]) -> TracerProvider:
    """Let the recorder see the spans of the global tracer provider; return that provider.

    Where no provider was set, one of the SDK is.  ``attached`` lists the providers that the recorder sees already.

    Raises:
        ConfigError: the provider is none of the SDK, so that nothing can be added to it.
    """
    provider: object = trace.get_tracer_provider()
    if isinstance(provider, trace.ProxyTracerProvider):
        # Without an exit handler: at the end of the tests nobody waits for these spans.
        provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)
        trace.set_tracer_provider(provider)
    return attach_to(provider, recorder, attached)


def _resource() -> Resource:
    """Return the resource of the environment; a service without a name is called ``test``."""
    found = Resource.create()
    unnamed = str(found.attributes.get(SERVICE_NAME, "")).startswith("unknown_service")
    return found.merge(Resource({SERVICE_NAME: "test"})) if unnamed else found


def attach_to(provider: object, recorder: SpanRecorder, attached: list[object]) -> TracerProvider:
    """Let the recorder see the spans of a provider, once; see `attach`."""
    if not isinstance(provider, TracerProvider):
        message = f"the tracer provider is a {type(provider).__name__}, to which no span processor can be added"
        hint = "use `opentelemetry.sdk.trace.TracerProvider` in tests, and do not set OTEL_SDK_DISABLED"
        raise ConfigError(code="C160", message=message, hint=hint)
    if not any(known is provider for known in attached):
        provider.add_span_processor(recorder)
        attached.append(provider)
    return provider
