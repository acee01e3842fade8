"""Properties of the oracle over random spans and rules: what it calls certain must survive what it calls possible."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from random import Random

from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from hypothesis import strategies as st

from fluo_logic.facts.model import Span
from fluo_logic.lang import syntax
from tests.oracle import build
from tests.oracle.interpreter import ObligationResult, evaluate
from tests.oracle.strategies import ABSENT_IDS, FEATURES, predicates, rules, spans_and_rules, traces
from tests.oracle.tree import Forest
from tests.oracle.vocabulary import LATEST

quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
PER_TRACE = FEATURES - {"cross-trace"}


def certain_violations(rule: syntax.Rule, spans: list[Span], *, skew: int = 0) -> set[tuple[str, ObligationResult]]:
    return {
        (key[1], obligation)
        for key, result in evaluate(rule, spans, now=LATEST, clock_skew=skew).items()
        for obligation in result.obligations
        if obligation.verdict == "violated"
    }


def assert_they_stand(certain: set[tuple[str, ObligationResult]], rule: syntax.Rule, spans: list[Span]) -> None:
    results = evaluate(rule, spans, now=LATEST)
    for trace_id, violated in certain:
        after = {
            (obligation.index, obligation.witness): obligation.verdict
            for obligation in results["trace", trace_id].obligations
        }
        assert after[violated.index, violated.witness] != "satisfied"


@given(spans_and_rules(), st.randoms(use_true_random=False))
@quick
def test_the_order_of_spans_is_nothing(pair: tuple[list[Span], syntax.Rule], random: Random) -> None:
    """Verdicts do not depend on the order in which spans arrive."""
    spans, rule = pair
    shuffled = list(spans)
    random.shuffle(shuffled)
    assert evaluate(rule, shuffled) == evaluate(rule, spans)


@given(traces(), traces(most_spans=3), rules(features=PER_TRACE))
@quick
def test_violations_stand_whatever_was_lost(spans: list[Span], found: list[Span], rule: syntax.Rule) -> None:
    """Spans that turn up later in traces with a hole satisfy no obligation that was called violated."""
    assume("span:orphan" not in repr(rule))  # the one thing of a span that changes when another turns up
    certain = certain_violations(rule, spans)
    holed = sorted(Forest(spans).holed)
    assume(certain and holed and found)
    names = ("found", *ABSENT_IDS)
    lost = [
        replace(span, trace_id=holed[index % len(holed)], span_id=names[index % 3]) for index, span in enumerate(found)
    ]
    assert_they_stand(certain, rule, [*spans, *lost])


POLARITIES = st.sampled_from((build.always, build.never))
OBLIGATION = Callable[[syntax.Condition], syntax.Obligation]


@given(traces(most_spans=2), predicates(), POLARITIES, st.sampled_from(("x", 1, 4, "true")))
@settings(quick, max_examples=250)
def test_violations_stand_whatever_was_dropped(
    spans: list[Span], predicate: syntax.Predicate, block: OBLIGATION, value: str | int
) -> None:
    """Attributes that spans dropped satisfy no obligation that was called violated."""
    spans = [replace(span, dropped_attributes=1) for span in spans]
    rule = build.rule(block(build.has(build.pat(None, predicate))))
    restored = [
        replace(
            span,
            attributes={**dict.fromkeys({"k", "n", "flag"} - {*span.resource.attributes}, value), **span.attributes},
        )
        for span in spans
    ]
    assert_they_stand(certain_violations(rule, spans), rule, restored)


NEAR = st.integers(0, 4)


@given(
    st.tuples(NEAR, NEAR, NEAR, NEAR),
    st.sampled_from(("before", "after", "during", "covers", "overlaps")),
    st.sampled_from((None, 0, 1, 2)),
    POLARITIES,
    st.integers(-3, 3),
)
@settings(quick, max_examples=250)
def test_violations_stand_whatever_the_clocks(
    times: tuple[int, int, int, int], kind: str, limit: int | None, block: OBLIGATION, shift: int
) -> None:
    """Moving the clock of one service by less than the skew satisfies no obligation that was called violated."""
    one = replace(build.span("a", "1", trace="t", service="api"), start=times[0], end=times[0] + times[1])
    other = replace(build.span("b", "2", trace="t", service="db"), start=times[2], end=times[2] + times[3])
    within = limit if kind in {"before", "after"} else None
    related = syntax.Relation(
        build.pat("a"),
        syntax.RelationKind(kind),
        build.pat("b"),
        None if within is None else syntax.Duration(within, origin=build.ORIGIN),
        origin=build.ORIGIN,
    )
    rule = build.rule(block(syntax.Related(related, origin=build.ORIGIN)))
    moved = replace(other, start=times[2] + shift, end=times[2] + times[3] + shift)
    assert_they_stand(certain_violations(rule, [one, other], skew=abs(shift) + 1), rule, [one, moved])


def test_random_pairs_reach_every_verdict() -> None:
    """The strategies meet each other: each verdict occurs, and features that are left out do not."""
    reached: Counter[str] = Counter()

    @seed(11)
    @settings(max_examples=300, deadline=None, phases=[Phase.generate], database=None)
    @given(spans_and_rules())
    def count(pair: tuple[list[Span], syntax.Rule]) -> None:
        reached.update(result.verdict for result in evaluate(pair[1], pair[0]).values())

    count()
    assert set(reached) == {"violated", "satisfied", "vacuous", "pending", "inconclusive"}


@given(rules(features=frozenset({"aggregates"})))
@quick
def test_features_restrict_rules(rule: syntax.Rule) -> None:
    """A rule drawn for few features holds nothing of the others."""
    text = repr(rule)
    for word in ("Related(", "Relation(", "Arithmetic(", "HasEvent(", "Or(parts=(Exists", "'matches'", "variable='"):
        assert word not in text
    assert rule.scope.kind is syntax.ScopeKind.TRACE
