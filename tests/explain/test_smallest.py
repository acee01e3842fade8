"""Which of several proofs is built: one that stands whatever may be missing, and of those the smallest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings

from fluo_logic.explain import proof as p
from fluo_logic.explain.build import Prover
from fluo_logic.explain.choices import Choice, combined, unbeaten
from fluo_logic.explain.matching import Binding
from fluo_logic.facts.dataset import assemble
from fluo_logic.facts.model import Span
from fluo_logic.facts.schema import EXTENSIONAL
from fluo_logic.lang.parse import parse_rule
from fluo_logic.lang.syntax import Rule, Ruleset
from fluo_logic.logic import Aggregate, Atom, Clause, Compare, Literal, Not, Present, is_recursive
from fluo_logic.pipeline import Explanation, Options, RuleCheck, explain_scope, solve
from tests.cases.trace_text import EPOCH, read_trace_text
from tests.oracle.strategies import spans_and_rules

SECOND: Final = 10**9
Sizes: TypeAlias = set[tuple[frozenset[int], int]]
"""Spans that proofs need, and their nodes."""


def explained(rule: str, trace: str, options: Options | None = None) -> Explanation:
    spans = read_trace_text(trace).spans
    session = solve(assemble(spans), Ruleset((parse_rule(rule, "r"),)), options or Options())
    return explain_scope(session, None)


def goals(proof: p.Proof) -> list[str]:
    """Return the texts of the leaves that a proof needs."""
    below = p.grounds(proof)
    return [text for part in below for text in goals(part)] if below else [proof.goal.text]


@dataclass(frozen=True, slots=True)
class Case:
    """A violation for several reasons, of which only one is final."""

    rule: str
    trace: str
    needs: str
    options: Options | None = None


FINAL: Final = {
    "a deadline ahead beside a wrong value": Case(
        "when { pay as $p } always { $p before receipt within 9s and $p.amount > 0 }",
        "trace t: violated\n  pay 0s..1s amount=0",
        "$p.amount > 0",
        Options(now=EPOCH + 2 * SECOND),
    ),
    "a span that a hole may have taken beside a wrong value": Case(
        "when { pay as $p } always { receipt and $p.amount > 0 }",
        "trace t: violated\n  pay 0s..1s amount=0\n  log 0s..1s ^gone",
        "$p.amount > 0",
    ),
    "a dropped value beside a wrong one": Case(
        "when { pay as $p } always { $p.currency == EUR and $p.amount > 0 }",
        "trace t: violated\n  pay 0s..1s amount=0 dropped:attributes=1",
        "$p.amount > 0",
    ),
    "an order within the skew of clocks beside a wrong value": Case(
        "when { pay as $p and log as $l } always { $p before $l and $p.amount > 0 }",
        "trace t: violated\n  pay 0s..1s @a amount=0\n  log 0.9s..2s @b",
        "$p.amount > 0",
        Options(clock_skew=SECOND),
    ),
    "an absence in a hole beside a forbidden span": Case(
        "never { not receipt or leak }",
        "trace t: violated\n  leak 0s..1s\n  log 0s..1s ^gone",
        "leak",
    ),
    "inside a branch": Case(
        "when { pay as $p } always { $p.free or (receipt and $p.amount > 0) }",
        "trace t: violated\n  pay 0s..1s amount=0\n  log 0s..1s ^gone",
        "$p.amount > 0",
    ),
}


@pytest.mark.parametrize("case", FINAL.values(), ids=FINAL.keys())
def test_a_violation_is_proved_by_what_is_final(case: Case) -> None:
    """Where one reason is only pending or inconclusive and another is not, the proof rests on the other."""
    explanation = explained(case.rule, case.trace, case.options)
    assert explanation.verdict == "violated"
    (proof,) = explanation.proofs
    assert case.needs in goals(proof.condition)
    doubtful = {"receipt", "$p before receipt within 9s", "$p.currency == EUR", "$p before $l", "not receipt"}
    assert not doubtful & set(goals(proof.condition))


def test_a_pending_obligation_shows_its_deadline() -> None:
    """Where nothing fails for good, the conjunct that fails is shown."""
    rule, trace = "when { pay as $p } always { $p before receipt within 9s }", "trace t: pending\n  pay 0s..1s"
    (proof,) = explained(rule, trace, Options(now=EPOCH + 2 * SECOND)).proofs
    assert proof.verdict == "pending"
    assert goals(proof.condition) == ["$p before receipt within 9s"]


SMALLEST: Final = {
    "the span that the match has already": (
        "when { pay as $p } always { pay.where(ok) }",
        "trace t: satisfied\n  pay #a 0s..1s ok=true\n  pay #b 0s..1s ok=true",
        {"a": {"a"}, "b": {"b"}},
    ),
    "one span for two conjuncts": (
        "when { go as $g } always { log.where(x) and log.where(y) }",
        "trace t: satisfied\n  go #g 0s..\n  log #a 0s..1s x=true\n  log #b 0s..1s y=true\n  log #c 0s.. x=true y=true",
        {"g": {"g", "c"}},
    ),
    "the branch with fewer spans": (
        "when { go as $g } always { a before b or c }",
        "trace t: satisfied\n  go #g 0s..1s\n  a #a 0s..1s\n  b #b 2s..3s\n  c #c 0s..1s",
        {"g": {"g", "c"}},
    ),
    "the match of `when` that the condition needs too": (
        "when { log.where(x) } always { log.where(y) }",
        "trace t: satisfied\n  log #a 0s..1s x=true\n  log #b 0s..1s y=true\n  log #c 0s.. x=true y=true",
        {"": {"c"}},
    ),
    "the count that takes in fewer": (
        "never { count(a) > 1 and count(b) > 1 or count(c) > 1 }",
        "trace t: violated\n  a 0s..1s\n  a 0s..1s\n  b 0s..1s\n  b 0s..1s\n  c #c 0s..1s\n  c #d 0s..1s",
        {"": {"c", "d"}},
    ),
    "the conjunct that fails on fewer": (
        "when { go as $g } always { count(a) > 9 and $g.ok }",
        "trace t: violated\n  go #g 0s..1s\n  a 0s..1s\n  a 0s..1s",
        {"g": {"g"}},
    ),
}


@pytest.mark.parametrize(("rule", "trace", "spans"), SMALLEST.values(), ids=SMALLEST.keys())
def test_the_smallest_proof_is_built(rule: str, trace: str, spans: dict[str, set[str]]) -> None:
    """A proof cites as few spans as there can be, `when` and condition together."""
    found = {}
    for proof in explained(rule, trace).proofs:
        nodes = [part for part in (proof.when, proof.condition) if part is not None]
        needed: set[str] = {binding.span.span_id for binding in proof.bindings}
        while nodes:
            node = nodes.pop()
            needed.update(span.span_id for span in p.cited(node))
            nodes.extend(p.grounds(node))
        found["".join(binding.span.span_id for binding in proof.bindings)] = needed
    assert found == spans


def test_equal_parts_are_one_object() -> None:
    """What is proved twice is proved once."""
    rule = "when { go as $g } always { log.where(x) as $a and log.where(x) as $b }"
    explanation = explained(rule, "trace t: satisfied\n  go 0s..1s\n  log 0s..1s x=true")
    parts = [node for node in p.walk(explanation.proofs[0].condition) if node.goal.text == "x"]
    assert len(parts) > 1
    assert len({id(part) for part in parts}) == 1


# --- compared with every proof there is ---------------------------------------------------------------------------


class Everything:
    """All proofs of a goal, by what they need: spans and nodes; nothing is left out."""

    def __init__(self, prover: Prover) -> None:
        self.prover = prover
        self.bodies, self.matcher, self.evidence = prover.bodies, prover.matcher, prover.evidence

    def atom(self, atom: Atom, binding: Binding, *, holds: bool) -> Sizes:
        if atom.predicate in EXTENSIONAL:
            return {(self.evidence.fact_spans(atom, binding), 1)}
        clauses = self.matcher.definitions[atom.predicate]
        if is_recursive(clauses):
            return {(frozenset(self.evidence.ancestry_spans(atom, binding)), 1)}
        entered = [(clause, start) for _, clause, start in self.bodies.entered(atom, binding)]
        if holds:
            extra = int(len(clauses) > 1)
            return {
                (spans, nodes + extra)
                for clause, start in entered
                for solution in self.matcher.solutions(clause.body, start)
                for spans, nodes in self.every(
                    [self.literal(literal, clause, solution, holds=True) for literal in self.shown(clause)],
                    frozenset(span for _, span in self.bodies.found(clause, solution, start)),
                )
            }
        refuted = [self.refuted(clause, start) for clause, start in entered]
        return refuted[0] if len(refuted) == 1 else self.every(refuted, frozenset())

    def shown(self, clause: Clause) -> list[Literal]:
        return [literal for literal in clause.body if not self.bodies.silent(literal)]

    def refuted(self, clause: Clause, start: Binding) -> Sizes:
        if self.bodies.seeks(clause, start):
            return {(frozenset(), 1)}
        found: Sizes = set()
        said, binding = 0, start
        for literal in clause.body:
            if not self.bodies.ready(clause, literal, binding) and not isinstance(literal, Atom | Aggregate):
                continue
            extended = next(self.matcher.extend(literal, binding), None)
            if extended is not None:
                binding, said = extended, said + int(not self.bodies.silent(literal))
                continue
            for spans, nodes in self.literal(literal, clause, binding, holds=False):
                found.add((spans, nodes + int(said > 0)))
        return found

    def literal(self, literal: Literal, clause: Clause, binding: Binding, *, holds: bool) -> Sizes:
        match literal:
            case Atom():
                return self.atom(literal, binding, holds=holds)
            case Not(literal=Atom() as inner):
                rows = [binding] if holds else self.matcher.extend(inner, binding)
                return {(spans, nodes + 1) for row in rows for spans, nodes in self.atom(inner, row, holds=not holds)}
            case Not(literal=(Compare() | Present()) as inner):
                return {(self.evidence.compared_spans(inner, clause, binding), 2)}
            case Aggregate():
                return {(self.evidence.counted(literal, binding), 1)}
            case Compare() | Present():
                return {(self.evidence.compared_spans(literal, clause, binding), 1)}
            case _:
                raise AssertionError(literal)

    def every(self, parts: Iterable[Sizes], spans: frozenset[int]) -> Sizes:
        wholes = {(spans, 1)}
        for part in parts:
            wholes = {(one | two, n + m) for one, n in wholes for two, m in part}
        return wholes


def provers(rule: Rule, spans: list[Span]) -> Iterator[tuple[Prover, list[tuple[Atom, Binding, bool]]]]:
    """Yield a prover and the goals of each obligation of each match."""
    session = solve(assemble(spans), Ruleset((rule,)), Options())
    ((_, plan),) = session.plans
    checked = RuleCheck(session, rule, plan)
    judgement = checked.judgement
    failed = {(row, number) for row, number, _ in checked.failures()}
    for row in sorted(session.answer.rows(plan.when.predicate)):
        binding = dict(judgement._binding(row))  # noqa: SLF001 - the binding of a match, as it is proved
        for number, obligation in enumerate(plan.obligations):
            holds = (obligation.polarity == "always") != ((row, number) in failed)
            goals: list[tuple[Atom, Binding, bool]] = [(obligation.condition, binding, holds)]
            if plan.when.predicate != plan.scope.predicate:
                goals.append((plan.when, binding, True))
            yield checked.prover.prover(checked.prover.scope(row[0]), row[1:]), goals


@given(spans_and_rules())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
def test_no_proof_is_smaller(pair: tuple[list[Span], Rule]) -> None:
    """Of all proofs of a random rule on random spans, the one that is built is a smallest, and as large as it says."""
    spans, rule = pair
    for prover, goals_ in provers(rule, spans):
        everything = Everything(prover)
        wholes = everything.every([everything.atom(a, b, holds=h) for a, b, h in goals_], frozenset())
        least = min((len(cited - prover.match), nodes - 1) for cited, nodes in wholes)
        built = prover.smallest(*goals_)
        assert p.size(built, [prover.evidence.span(span) for span in prover.match]) == least


def choice(spans: str, nodes: int) -> Choice:
    return Choice(frozenset(map(ord, spans)), nodes, lambda: p.NoBranch(p.Goal(spans), ()))


def test_a_choice_that_another_beats_is_left_out() -> None:
    """One beats another if it cites none but the other's spans and has no more nodes; the smallest comes first."""
    kept = unbeaten([choice("ab", 1), choice("a", 2), choice("abc", 1), choice("a", 3), choice("c", 9)])
    assert [kept_.size for kept_ in kept] == [(1, 2), (1, 9), (2, 1)]


def test_the_best_whole_need_not_have_the_best_parts() -> None:
    """Parts that share a span make a smaller whole than parts that are each the smallest."""
    one, two = [choice("a", 1), choice("c", 2)], [choice("b", 1), choice("c", 2)]
    assert combined([one, two])[0].size == (1, 5)
