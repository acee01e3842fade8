"""Laws that every proof obeys: over the corpus, the incidents, and random rules on random spans.

A proof is checked against itself and against the spans, without asking the engine or the code that built it: truths are
recomputed from the values that stand in it, parts agree with their wholes, and what it cites and counts is there.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, assert_never

import pytest
from hypothesis import HealthCheck, given, settings

from fluo_logic.explain import proof as p
from fluo_logic.facts.aggregates import aggregate, largest_window
from fluo_logic.facts.dataset import Dataset, assemble
from fluo_logic.facts.model import Span, SpanKey
from fluo_logic.facts.store import FactStore, Ground
from fluo_logic.lang.parse import load_rules
from fluo_logic.lang.syntax import Rule, Ruleset
from fluo_logic.logic import RulePlan
from fluo_logic.pipeline import Explanation, Options, RuleCheck, Session, solve
from fluo_logic.values import Mode, Value, canonical_text, compare, literal_mode
from tests.oracle.strategies import spans_and_rules
from tests.test_cases import CASES, ROOT, load

INCIDENTS: Final = sorted((Path(__file__).parent / "incidents" / "misses").glob("*/trace.otlp.json"))
RULES: Final = Path(__file__).parents[1] / "rules" / "case-studies"
FINAL: Final = {"violated", "satisfied", "vacuous"}
STANDS_FOR_A_SPAN: Final = re.compile(r"\$\w+|the span")


def explanations(session: Session) -> Iterator[tuple[Explanation, p.Closure]]:
    """Yield the explanation of every rule on every scope, with the closure that its absences must rest on."""
    for rule, plan in session.plans:
        checked = RuleCheck(session, rule, plan)
        for (scope,) in sorted(session.answer.rows(plan.scope.predicate)):
            yield checked.explanation(scope), closure_of(members(plan, scope, session.store))


def members(plan: RulePlan, scope: Ground, store: FactStore) -> list[Span]:
    """Return the spans of a scope, from the definition: own value, else the one value of the trace."""
    match plan.scope_kind:
        case "across traces":
            return list(store.spans)
        case "per trace":
            assert isinstance(scope, int)
            return [span for span in store.spans if span.trace_id == store.trace_ids[scope]]
    assert plan.scope_key is not None
    space, key = plan.scope_key.space, plan.scope_key.key
    own = [store.text(index, space, key) for index in range(len(store.spans))]
    of_trace: dict[str, set[str]] = {}
    for value, span in zip(own, store.spans, strict=True):
        if value is not None:
            of_trace.setdefault(span.trace_id, set()).add(value)

    def belongs(value: str | None, span: Span) -> bool:
        inherited = of_trace.get(span.trace_id, set())
        return value == scope if value is not None else inherited == {scope}

    return [span for value, span in zip(own, store.spans, strict=True) if belongs(value, span)]


def closure_of(spans: Sequence[Span]) -> p.Closure:
    lines = "\n".join(sorted(f"{span.trace_id}:{span.span_id}" for span in spans))
    return p.Closure(len(spans), len({span.trace_id for span in spans}), hashlib.sha256(lines.encode()).hexdigest())


class Laws:
    """Checks proofs about one data set in one scope."""

    def __init__(self, dataset: Dataset, closure: p.Closure) -> None:
        self.dataset = dataset
        self.closure = closure

    def obligation(self, proof: p.ObligationProof) -> None:
        """The condition fails exactly where the verdict says so, and only verdicts that are not final assume."""
        if proof.polarity == "when":
            assert proof.verdict == "vacuous"
            assert not proof.condition.holds
        else:
            assert proof.condition.holds == ((proof.polarity == "always") == (proof.verdict == "satisfied"))
            assert (proof.verdict in FINAL) == (not proof.assumptions)
        parts = [proof.condition]
        if proof.when is not None:
            assert proof.when.holds
            parts.append(proof.when)
        self.bindings(proof.bindings)
        for part in parts:
            for node in p.walk(part):
                self.node(node)

    def node(self, node: p.Proof) -> None:
        """The truth of a node follows from its parts."""
        for span in p.cited(node):
            self.span(span)
        match node:
            case p.Given():
                self.fact(node)
            case p.Comparison():
                self.comparison(node)
            case p.Negation(holds=holds, part=part):
                assert holds is not part.holds
            case p.All(parts=parts, holds=holds):
                assert holds
                assert all(part.holds for part in parts)
                self.bindings(node.bindings)
            case p.Failed(passed=passed, failed=failed, holds=holds):
                assert not holds
                assert all(part.holds for part in passed)
                assert not failed.holds
                self.bindings(node.bindings)
            case p.Absent(nearest=nearest, holds=holds, closure=closure):
                assert not holds
                assert not any(attempt.holds for attempt in nearest)
                assert closure == self.closure
                self.names(node)
            case p.Any(part=part, branch=branch, branches=branches, holds=holds):
                assert holds
                assert part.holds
                assert 0 <= branch < branches
            case p.NoBranch(parts=parts, holds=holds):
                assert not holds
                assert not any(part.holds for part in parts)
                assert len(parts) != 1
            case _:
                assert_never(node)

    # --- leaves ---------------------------------------------------------------------------------------------------

    def span(self, cited: p.SpanRef) -> Span:
        """A cited span is in the data, as it is cited."""
        span = self.dataset.span(SpanKey(cited.trace_id, cited.span_id))
        assert cited == p.SpanRef(*span.key, span.name, span.resource.service, span.start, span.end)
        return span

    def bindings(self, bindings: Sequence[p.Binding]) -> None:
        for binding in bindings:
            self.span(binding.span)

    def fact(self, node: p.Given) -> None:
        """Facts of the tree and links are those of the spans."""
        spans = [self.span(span) for span in node.spans]
        if node.predicate == "parent" and len(spans) == len(("child", "parent")):
            child, parent = spans
            is_parent = (child.trace_id, child.parent_id) == (parent.trace_id, parent.span_id)
            assert node.holds is is_parent
        if node.predicate == "link" and len(spans) == len(("from", "to")):
            linked = any((link.trace_id, link.span_id) == spans[1].key for link in spans[0].links)
            assert node.holds is linked
        if node.predicate == "event" and node.holds:
            assert spans[0].events

    def names(self, node: p.Absent) -> None:
        if node.sought is not None:
            assert node.nearest == ()
            assert node.sought not in node.names
            known = {span.name for span in self.dataset.spans}
            assert set(node.names) <= known

    def comparison(self, node: p.Comparison) -> None:
        """A comparison is as true as its values make it."""
        for side in (node.left, node.right):
            for count in side.counts:
                self.count(count)
            if len(side.counts) == 1 and side.label == side.counts[0].text:
                assert same(side.value, side.counts[0].value)
        left, right = node.left, node.right
        if node.op == "exists":
            assert node.holds is (left.value is not None)
        elif STANDS_FOR_A_SPAN.fullmatch(left.label) and STANDS_FOR_A_SPAN.fullmatch(right.label):
            assert node.holds is (left.span == right.span)
        else:
            mode = mode_of(left, right)
            assert node.holds is compare(node.op, left.value, right.value, mode)
            if node.gap is not None and mode is not Mode.TEXT:
                assert node.holds is (node.gap > 0 if node.op in {"<", ">"} else node.gap >= 0)

    def count(self, count: p.Count) -> None:
        """An aggregate has the value that its elements make; all of the scope was looked at."""
        assert count.closure == self.closure
        spans = [self.span(member.span) for member in count.members]
        assert len({span.key for span in spans}) == len(spans)
        values = [member.value for member in count.members]
        if count.window is None:
            assert same(count.value, aggregate(count.function, values))
            return
        begin, end = count.window.start, count.window.start + count.window.length
        assert all(span.start is not None and begin <= span.start < end for span in spans)
        elements = sorted(
            ((span.start, value) for span, value in zip(spans, values, strict=True)), key=lambda pair: pair[0] or 0
        )
        assert begin == elements[0][0]
        assert same(count.value, largest_window(count.function, elements, count.window.length)[0])


def mode_of(left: p.Side, right: p.Side) -> Mode:
    """Return how two sides compare: a literal on either side decides, two values of spans decide for themselves."""
    for side in (right, left):
        if not side.label and side.span is None and side.value is not None:
            return Mode.EACH if isinstance(side.value, tuple) else literal_mode(side.value)
    return Mode.AUTO


def same(one: Value | None, other: Value | None) -> bool:
    return one == other or (one is not None and other is not None and canonical_text(one) == canonical_text(other))


def check_all(session: Session) -> int:
    """Check every proof of a session; return how many there were."""
    checked = 0
    for explanation, closure in explanations(session):
        assert (explanation.spans, explanation.traces) == (closure.spans, closure.traces)
        laws = Laws(session.store.dataset, closure)
        assert explanation.proofs
        for proof in explanation.proofs:
            laws.obligation(proof)
            checked += 1
    return checked


@pytest.mark.parametrize("folder", CASES, ids=lambda case: case.relative_to(ROOT).as_posix())
def test_proofs_of_the_corpus(folder: Path) -> None:
    """Every proof of every scope of a case obeys the laws."""
    assert check_all(load(folder).solve("auto"))


@pytest.mark.parametrize("trace", INCIDENTS, ids=lambda trace: trace.parent.name)
def test_proofs_of_the_incidents(trace: Path) -> None:
    """Every proof of the shipped rules on the traces of the incidents obeys the laws."""
    assert check_all(solve([trace], load_rules([RULES])))


@given(spans_and_rules())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
def test_proofs_of_random_rules(pair: tuple[list[Span], Rule]) -> None:
    """Every proof of a random rule on random spans obeys the laws."""
    spans, rule = pair
    check_all(solve(assemble(spans), Ruleset((rule,)), Options(clock_skew=1)))


# --- the laws themselves can fail ---------------------------------------------------------------------------------


def _some_proof() -> tuple[Laws, p.ObligationProof]:
    session = load(ROOT / "case-studies" / "4-rate-limit").solve("auto")
    explanation, closure = next(
        (explanation, closure) for explanation, closure in explanations(session) if explanation.verdict == "violated"
    )
    return Laws(session.store.dataset, closure), explanation.proofs[0]


def test_a_wrong_truth_is_found() -> None:
    """A proof whose comparison says the contrary of its values breaks a law."""
    laws, proof = _some_proof()
    wrong = [
        p.Comparison(node.goal, not node.holds, node.left, node.op, node.right, node.gap)
        for node in p.walk(proof.condition)
        if isinstance(node, p.Comparison)
    ]
    assert wrong
    for node in wrong:
        with pytest.raises(AssertionError):
            laws.node(node)


def test_a_span_that_is_not_there_is_found() -> None:
    """A proof that cites a span the data do not have breaks a law."""
    laws, proof = _some_proof()
    node = next(node for node in p.walk(proof.condition) if isinstance(node, p.All) and node.bindings)
    forged = node.bindings[0].span._replace(span_id="nowhere")
    with pytest.raises(KeyError):
        laws.node(p.All(node.goal, (p.Binding("", forged),), node.parts))
