"""Incident 4: two API gateways with a shared cache and a shared rate limiter.

Answers to tiers without a limit are cached so that a hit need not ask the limiter.  The broken variant's cache key
leaves out the tier, so free users are served those entries as well.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeAlias

from opentelemetry.trace import SpanKind

if TYPE_CHECKING:
    from common import Clock, Service, World
    from opentelemetry.util.types import AttributeValue

LIMITS: Final[dict[str, int | None]] = {"free": 100, "pro": 1_000, "enterprise": None}
MINUTE: Final = timedelta(minutes=1)
REFUSED: Final = 429


@dataclass(frozen=True, slots=True)
class Request:
    """A call of a customer."""

    user_id: str
    tier: str
    endpoint: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A cached answer; ``unmetered`` ones may be served without asking the limiter."""

    body: str
    unmetered: bool


CacheKey: TypeAlias = Callable[[Request], str]


def key_with_tier(request: Request) -> str:
    """Return a key that no other tier shares."""
    return f"{request.tier}:{request.endpoint}"


def key_without_tier(request: Request) -> str:
    """Return a key that all tiers share: the bug."""
    return request.endpoint


class SlidingMinute:
    """Counts a user's requests in the minute that ends now."""

    def __init__(self, clock: Clock) -> None:
        """Begin without requests."""
        self._clock = clock
        self._times: dict[str, deque[datetime]] = {}

    def count(self, user_id: str) -> int:
        """Return how many were added in the last minute."""
        times = self._times.setdefault(user_id, deque())
        while times and times[0] <= self._clock.time - MINUTE:
            times.popleft()
        return len(times)

    def add(self, user_id: str) -> int:
        """Add one now and return the count with it."""
        self.count(user_id)
        self._times[user_id].append(self._clock.time)
        return len(self._times[user_id])


class RateLimiter:
    """Admits what a tier may have in a minute; all gateways share it."""

    def __init__(self, clock: Clock) -> None:
        """Begin with a minute in which nothing was asked."""
        self._admitted = SlidingMinute(clock)

    def admits(self, request: Request) -> bool:
        """Return whether the request may be served, and count it if so."""
        limit = LIMITS[request.tier]
        if limit is not None and self._admitted.count(request.user_id) >= limit:
            return False
        self._admitted.add(request.user_id)
        return True


class Gateway:
    """One gateway process.  Its meter knows only the requests that came through itself."""

    def __init__(
        self, service: Service, backend: Service, limiter: RateLimiter, cache: dict[str, Entry], cache_key: CacheKey
    ) -> None:
        """All gateways share ``limiter`` and ``cache``; ``cache_key`` decides which requests share an entry."""
        self._service = service
        self._backend = backend
        self._limiter = limiter
        self._cache = cache
        self._cache_key = cache_key
        self._meter = SlidingMinute(service.clock)

    def handle(self, request: Request) -> str | None:
        """Return the answer, None where the limiter refused."""
        attributes: dict[str, AttributeValue] = {
            "user.id": request.user_id,
            "tier": request.tier,
            "endpoint": request.endpoint,
        }
        with self._service.span("api.request", attributes, kind=SpanKind.SERVER) as span:
            entry = self._cache.get(self._cache_key(request))
            span.set_attribute("cache_hit", entry is not None)
            if (entry is None or not entry.unmetered) and not self._admitted(request):
                span.set_attribute("request_count_1m", self._meter.count(request.user_id))
                span.set_attribute("http.response.status_code", REFUSED)
                return None
            span.set_attribute("request_count_1m", self._meter.add(request.user_id))
            span.set_attribute("http.response.status_code", 200)
            return entry.body if entry is not None else self._computed(request)

    def _admitted(self, request: Request) -> bool:
        attributes: dict[str, AttributeValue] = {"tier": request.tier, "user.id": request.user_id}
        with self._service.span("rate_limit.check", attributes) as span:
            admitted = self._limiter.admits(request)
            span.set_attribute("admitted", admitted)
            return admitted

    def _computed(self, request: Request) -> str:
        with self._backend.span("report.compute", {"endpoint": request.endpoint}, kind=SpanKind.SERVER):
            self._backend.clock.spend(45)
            body = f"report of {request.endpoint}"
        self._cache[self._cache_key(request)] = Entry(body, unmetered=LIMITS[request.tier] is None)
        return body


def traffic() -> Iterator[tuple[int, int, Request]]:
    """Yield (milliseconds after the start, gateway, request) of everybody, unordered."""
    for n in range(4):  # an enterprise customer fills the cache
        yield n * 500, n % 2, Request("acme", "enterprise", f"/reports/{n % 2}")
    for n in range(6):  # a free user who stays far below the limit
        yield 3_000 + n * 9_000, 0, Request("free-alice", "free", "/reports/0")
    for n in range(125):  # a free user who does not, through one gateway
        yield 4_000 + n * 400, 0, Request("free-mallory", "free", "/reports/0")
    for n in range(130):  # and one who spreads the requests over both
        yield 4_150 + n * 400, n % 2, Request("free-trent", "free", "/reports/1")
    for n in range(100):  # exactly the limit
        yield 4_050 + n * 550, 1, Request("free-olivia", "free", "/reports/2")


def run(world: World, *, broken: bool) -> None:
    """One minute of traffic of one enterprise customer and four free users."""
    limiter, cache = RateLimiter(world.clock), dict[str, Entry]()
    cache_key = key_without_tier if broken else key_with_tier
    backend = world.service("reports-api")
    gateways = [
        Gateway(world.service("api-gateway", instance=name), backend, limiter, cache, cache_key)
        for name in ("gateway-1", "gateway-2")
    ]
    start = world.clock.time
    for after, gateway, request in sorted(traffic(), key=lambda call: call[:2]):
        world.clock.travel(start + timedelta(milliseconds=after))
        gateways[gateway].handle(request)
        world.clock.spend(2)
