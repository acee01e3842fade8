"""Incident 7: people ask for the deletion of their data, and a nightly job deletes it.

The broken variant's job does a hundred users a night, the oldest requests first; once more ask than that, the queue
grows without end.  Every user is simulated, but only one in twenty is traced: all spans of a user are kept, or none.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanContext, SpanKind, TraceState
from opentelemetry.util.types import Attributes, AttributeValue

if TYPE_CHECKING:
    from common import Service, World

DAYS: Final = 100
QUIET_DAYS: Final = 10
REQUESTS_ON_A_QUIET_DAY: Final = 17
REQUESTS_ON_A_BUSY_DAY: Final = 167  # 5,000 a month
NIGHTLY_CAPACITY: Final = 100
COMPLIANCE: Final = {"compliance.framework": "GDPR", "compliance.article": "17"}


@dataclass(frozen=True, slots=True)
class DeletionRequest:
    """Who asked when, and the span that recorded it."""

    user_id: str
    requested_at: datetime
    span: SpanContext


class EveryNthUser(Sampler):
    """Keeps all spans of every n-th user and all spans without a user, so that what is kept is whole."""

    def __init__(self, n: int) -> None:
        """Keep one user in ``n``; user ids end in their number."""
        self._n = n

    def should_sample(  # noqa: PLR0913 - the signature is the SDK's
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """Decide by the user alone."""
        del parent_context, trace_id, name, kind, links
        user_id = (attributes or {}).get("user.id")
        kept = not isinstance(user_id, str) or int(user_id.rpartition("-")[2]) % self._n == 0
        decision = Decision.RECORD_AND_SAMPLE if kept else Decision.DROP
        return SamplingResult(decision, attributes, trace_state)

    def get_description(self) -> str:
        """Return what the SDK shows for this sampler."""
        return f"EveryNthUser{{{self._n}}}"


class AccountApi:
    """Takes the requests."""

    def __init__(self, service: Service, queue: deque[DeletionRequest]) -> None:
        """Requests are appended to ``queue``."""
        self._service = service
        self._queue = queue

    def request_deletion(self, user_id: str) -> None:
        """Handle one request."""
        attributes: dict[str, AttributeValue] = {"user.id": user_id, **COMPLIANCE}
        with self._service.span("deletion.request", attributes, kind=SpanKind.SERVER) as span:
            self._service.clock.spend(4)
            self._queue.append(DeletionRequest(user_id, self._service.clock.time, span.get_span_context()))


class DeletionJob:
    """Deletes the oldest requests first, every night."""

    def __init__(self, service: Service, queue: deque[DeletionRequest], capacity: int | None) -> None:
        """``capacity`` is how many users a night are deleted; None works until the queue is empty."""
        self._service = service
        self._queue = queue
        self._capacity = capacity

    def run(self) -> None:
        """Do one night's work in one trace."""
        todo = len(self._queue) if self._capacity is None else min(self._capacity, len(self._queue))
        with self._service.span("deletion.job", {"queue.length": len(self._queue), "job.users": todo}):
            for _ in range(todo):
                self._delete(self._queue.popleft())

    def _delete(self, request: DeletionRequest) -> None:
        days = (self._service.clock.time - request.requested_at).days
        attributes: dict[str, AttributeValue] = {"user.id": request.user_id, "days_since_request": days, **COMPLIANCE}
        links = [Link(request.span)]
        with self._service.span("deletion.process", attributes, kind=SpanKind.CONSUMER, links=links):
            self._service.clock.spend(40)
        with self._service.span("deletion.complete", attributes):
            self._service.clock.spend(1)


def run(world: World, *, broken: bool) -> None:
    """Ten quiet days, then ninety busy ones: the requests of a day come from nine o'clock on, the job runs at night."""
    sampler = EveryNthUser(20)
    queue = deque[DeletionRequest]()
    api = AccountApi(world.service("account-api", sampler=sampler), queue)
    job = DeletionJob(world.service("privacy-worker", sampler=sampler), queue, NIGHTLY_CAPACITY if broken else None)
    first_morning, user = world.clock.time, 0
    for day in range(DAYS):
        morning = first_morning + timedelta(days=day)
        for number in range(REQUESTS_ON_A_QUIET_DAY if day < QUIET_DAYS else REQUESTS_ON_A_BUSY_DAY):
            user += 1
            world.clock.travel(morning + timedelta(minutes=3 * number))
            api.request_deletion(f"user-{user:05}")
        world.clock.travel(morning + timedelta(hours=15))
        job.run()
