"""Random traces: small, over the shared vocabulary, with everything in them that goes wrong in real ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

from hypothesis import strategies as st

from fluo_logic.facts.model import Event, Kind, Link, Resource, Scope, Span, Status
from fluo_logic.lang import syntax
from fluo_logic.values import Value
from tests.oracle import vocabulary as words
from tests.oracle.build import SECOND
from tests.oracle.rule_strategies import FEATURES, below, predicates, rules

__all__ = ["FEATURES", "TRACE_IDS", "predicates", "rules", "spans_and_rules", "traces", "values"]

TRACE_IDS: Final = tuple(f"{number:032x}" for number in (1, 2, 3))
SPAN_IDS: Final = tuple(f"{number:016x}" for number in range(1, 9))
T = TypeVar("T")
ABSENT_IDS: Final = ("00000000000000f1", "00000000000000f2")


def values() -> st.SearchStrategy[Value]:
    """One attribute value of any type, mostly plain ones."""
    return _VALUES


_VALUES: Final[st.SearchStrategy[Value]] = st.sampled_from(
    (*words.TEXTS, *words.INTEGERS, *words.DOUBLES, True, False, *words.LISTS, *words.MAPS, *words.BYTES)
)
_COMMON: Final[tuple[Value, ...]] = ("x", "1", 1, 4.0)
_OF_KEY: Final[Mapping[str, tuple[Value, ...]]] = {
    "n": (*words.INTEGERS, *words.DOUBLES),
    "tags": (*words.LISTS, "x"),
    "flag": (True, "true", False, "x"),
    "user": words.MAPS,
    "user.address": words.MAPS,
    "tenant": ("1", 1, 1.0, "x"),
}
ATTRIBUTE_KEYS: Final = ("k", "n", "k", "n", "flag", "tags", "user.id", "tenant", "user", "user.address")


class _Tracer:
    """Writes one data set; the first choice of each is the simplest, for shrinking."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self._epoch = self._pick((words.EPOCHS[0], *words.EPOCHS))

    def _pick(self, options: Sequence[T]) -> T:
        return options[self._draw(below(len(options)))]

    def _rarely(self, one_in: int) -> bool:
        return self._draw(below(one_in)) == one_in - 1

    def _attributes(self, counts: tuple[int, ...]) -> Mapping[str, Value]:
        return {key: self._value(key) for key in [self._pick(ATTRIBUTE_KEYS) for _ in range(self._pick(counts))]}

    def _value(self, key: str) -> Value:
        if key not in {"user", "tenant", "flag"} and self._rarely(4):
            return self._draw(_VALUES)
        return self._pick(_OF_KEY.get(key, _COMMON))

    def resource(self) -> Resource:
        service = self._pick((*words.SERVICES, None))
        shared = dict(self._attributes((0, 0, 1)))
        return Resource(shared if service is None else {**shared, "service.name": service})

    def _times(self) -> tuple[int | None, int | None]:
        start = self._epoch + self._pick(words.STARTS) * SECOND + self._pick((0, 0, 0, *words.NUDGES))
        # Ends before the start, and no times at all, are rare but real.
        length = self._pick((*words.LENGTHS, *words.LENGTHS, None, None, -SECOND))
        end = None if length is None else min(start + length, words.LATEST)
        return (None if self._rarely(20) else start), end

    def _parent(self, index: int) -> str | None:
        """Mostly an earlier span of the trace, else none, an absent one, or (rarely) a later one or the span itself."""
        choice = self._pick((*(["earlier"] * 8), "none", "none", "absent", "absent", "any"))
        match choice:
            case "absent":
                return self._pick(ABSENT_IDS)
            case "any":
                return self._pick(SPAN_IDS[:4])
            case "earlier" if index:
                return self._pick(SPAN_IDS[:index])
        return None

    def _event(self) -> Event:
        time = self._pick((None, self._epoch, self._epoch + 5 * SECOND))
        return Event(self._pick(words.EVENTS), time, self._attributes((0, 1, 2)))

    def _link(self) -> Link:
        return Link(self._pick(TRACE_IDS), self._pick((*SPAN_IDS[:3], ABSENT_IDS[0])))

    def span(self, trace: int, index: int, resources: Sequence[Resource]) -> Span:
        start, end = self._times()
        name = self._pick(words.NAMES[:3] * 3 + words.NAMES[3:])
        parent_id = self._parent(index)
        attributes = self._attributes((0, 1, 1, 2, 3))
        # A few fields vary together: it keeps the number of choices, and so the time to make a span, small.
        variant = self._draw(below(12))
        is_odd = self._rarely(3)
        return Span(
            trace_id=TRACE_IDS[trace],
            span_id=SPAN_IDS[index],
            name=name,
            parent_id=parent_id,
            kind=tuple(Kind)[variant % 6],
            status=tuple(Status)[variant % 3],
            status_message=words.MESSAGES[variant % 2],
            start=start,
            end=end,
            attributes=attributes,
            resource=self._pick(resources),
            scope=Scope(words.SCOPES[variant // 6]),
            events=(self._event(),) if is_odd and self._rarely(2) else (),
            links=(self._link(),) if is_odd and self._rarely(2) else (),
            dropped_attributes=self._pick((0, 2)) if is_odd else 0,
            dropped_events=self._pick((0, 1)) if is_odd else 0,
            dropped_links=self._pick((0, 1)) if is_odd else 0,
        )


@st.composite
def traces(draw: st.DrawFn, *, most_spans: int = 8, most_traces: int = 3) -> list[Span]:
    """A data set of unique spans, mostly two to eight, in up to three traces that reuse each other's span ids."""
    tracer = _Tracer(draw)
    count = min(most_spans, (2, 3, 4, 5, 6, 7, 8, 4, 5, 1, 0)[draw(below(11))])
    # The first trace gets most of the spans, so that there is something to relate.
    owners = [min(max(0, draw(below(5)) - 2), most_traces - 1) for _ in range(count)]
    resources = [tracer.resource() for _ in range(2)] if owners else []
    used = [0] * most_traces
    spans = []
    for owner in owners:
        spans.append(tracer.span(owner, used[owner], resources))
        used[owner] += 1
    return spans


def spans_and_rules(features: frozenset[str] = FEATURES) -> st.SearchStrategy[tuple[list[Span], syntax.Rule]]:
    """A data set and a rule for it."""
    return st.tuples(traces(), rules(features=features))
