"""What the checker reads, compares and refuses, apart from whole certificates of the corpus."""

from __future__ import annotations

import struct
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fluo_logic.certification import as_otlp, recheck
from fluo_logic.explain import certify
from fluo_logic.facts.dataset import assemble
from fluo_logic.facts.model import Span
from fluo_logic.lang.parse import parse_rule
from fluo_logic.lang.syntax import Ruleset
from fluo_logic.pipeline import Options, Session, solve
from fluo_logic.values import POSITIVE_OPERATORS, Mode, Value, canonical_text, compare
from tests.certify.harness import certificate_of, findings, refusals
from tests.certify.test_certificates import protobuf, varint

SCALAR: Final = st.one_of(
    st.text(max_size=3),
    st.booleans(),
    st.integers(-3, 3),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(),
    st.sampled_from(["1", "1.0", "-0", "1e2", "01", "18446744073709551616", "Infinity", "NaN", "true"]),
    st.binary(max_size=3),
)
VALUE: Final = st.recursive(
    SCALAR,
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.dictionaries(st.text(max_size=1), inner, max_size=2),
    max_leaves=4,
)
LITERALS: Final = st.lists(st.text(max_size=2) | st.booleans() | st.integers(-3, 3) | st.floats(), max_size=3).map(
    tuple
)


@given(VALUE, VALUE, st.sampled_from(sorted(POSITIVE_OPERATORS - {"matches"})), st.sampled_from(list(Mode)))
@settings(database=None)
def test_values_compare_as_the_language_says(left: Value, right: Value, op: str, mode: Mode) -> None:
    """The checker's comparison, which shares no code with fluo's, has the same outcome in every mode."""
    if mode is Mode.EACH and op == "in":
        mode = Mode.AUTO
    assert certify._compare(op, left, right, mode.value) == compare(op, left, right, mode)
    assert certify._text(left) == canonical_text(left)


@given(SCALAR, LITERALS)
@settings(database=None)
def test_each_literal_of_a_list_compares_by_its_kind(left: Value, right: tuple[Value, ...]) -> None:
    """In a list of literals a number compares as a number and a text as a text."""
    assert certify._compare("in", left, right, "each") == compare("in", left, right, Mode.EACH)


def span(name: str, number: int, **more: Any) -> Span:  # noqa: ANN401 - whatever parts a span has
    return Span("1" * 32, f"{number:016x}", name, **{"start": number, "end": number + 1, **more})


def certified(rule: str, *spans: Span) -> list[str]:
    """Return what the checker says of the claims about a rule; all has to be accepted."""
    session = solve(assemble(spans), Ruleset((parse_rule(rule, "rule"),)), Options(engine="clingo"))
    found = findings(session, certificate_of(session))
    assert [item for item in found if not item.accepted] == []
    return [item.said for item in found if item.about.startswith("claim")]


def test_nothing_is_in_what_is_no_list() -> None:
    """`in` an attribute that is no list, or is missing, is false, and no reason to refuse."""
    spans = [span("a", 1, attributes={"y": 5}), span("b", 2, attributes={"x": 5}), span("a", 3)]
    said = certified("when { a as $a } always { b.where(x in $a.y) }", *spans)
    assert [item.partition(" block 1 ")[2] for item in said] == ["fails", "fails"]
    listed = span("a", 1, attributes={"y": (4, "5")})
    assert certified("when { a as $a } always { b.where(x in $a.y) }", listed, spans[1])[0].endswith("satisfied")


@pytest.mark.parametrize(
    ("rule", "until"),
    [
        ("when { a as $a } always { $a before b within 5s or $a before c within 7s }", 7_000_000_002),
        ("when { a as $a } always { b.where(n > 1) or $a before c within 3s }", 3_000_000_002),
        ("when { a as $a } always { b.where(span:duration > 5s) }", None),
        ("when { a as $a } always { count(b) within 5s >= 1 }", None),
    ],
)
def test_the_longest_deadline_of_a_condition_may_be_open(rule: str, until: int | None) -> None:
    """A failure is open until the last deadline that the conditions of its rule have, however deep; else it is not."""
    (said,) = certified(rule, span("a", 1))
    expected = "" if until is None else f"; open: a deadline may end at {until}, the data end at 2"
    assert said.endswith(f"block 1 fails{expected}")


def test_a_deadline_is_open_for_its_own_rule_alone() -> None:
    """Where one rule has a deadline, another of the same certificate has none."""
    one = parse_rule("when { a as $a } always { $a before b within 5s }", "one")
    two = parse_rule("when { a as $a } always { $a before b }", "two")
    session = solve(assemble((span("a", 1),)), Ruleset((one, two)), Options(engine="clingo"))
    said = [item.said for item in findings(session, certificate_of(session)) if item.about.startswith("claim")]
    assert ["open" in item for item in said] == [True, False]


def small() -> tuple[Session, dict[str, Any]]:
    rule = parse_rule("when { a as $a } always { $a before b }", "rule")
    session = solve(
        assemble((span("a", 1), Span("2" * 32, "3" * 16, "c", start=2, end=3))),
        Ruleset((rule,)),
        Options(engine="clingo"),
    )
    return session, certificate_of(session)


@pytest.mark.parametrize("said", [None, "", "active, or no scope or match", "vacuous", "satisfied", True, ["fails"]])
@pytest.mark.parametrize("obligation", [0, None, 7, -1])
def test_a_claim_says_one_of_three_things(said: object, obligation: int | None) -> None:
    """A claim that is not so is refused, whatever it says; of what is no match or no scope, nothing can be claimed."""
    session, held = small()
    (claim,) = [claim for claim in held["claims"] if claim["claim"] == "fails"]
    claim["obligation"], claim["claim"] = obligation, said
    assert [item for item in refusals(session, held, complete=False) if item.startswith("claim")]
    claim["match"] = ["3" * 32, claim["match"][1]]
    assert [item for item in refusals(session, held, complete=False) if item.startswith("claim")]


@pytest.mark.parametrize("key", ["schema", "ir", "facts", "options", "nodes", "claims"])
@pytest.mark.parametrize("instead", [None, 7, [7], "all is well", {}])
def test_a_certificate_without_a_part_is_refused(key: str, instead: object) -> None:
    """Where a part is missing or is something else, the checker says so and goes no further than it can."""
    session, held = small()
    for changed in ({**held, key: instead}, {name: part for name, part in held.items() if name != key}):
        assert refusals(session, changed)


@pytest.mark.parametrize("atom", [["span", None, None, None], ["parent", None, None], ["text", None, None, None, None]])
def test_facts_are_not_for_a_certificate_to_tell(atom: list[str | None]) -> None:
    """A node about a predicate of facts is refused, and what is known of them stays as it is."""
    session, held = small()
    held["nodes"].insert(0, {"kind": "extension", "atom": atom, "rows": []})
    (refused,) = refusals(session, held)
    assert refused.startswith("node 0: ")


def test_what_is_refused_is_no_ground_to_rest_on() -> None:
    """Where a node is refused, one that rests on itself among them, so is what needs it."""
    rule = parse_rule("when { b as $b } always { $b descendant of a }", "rule")
    spans = [span("a", 9), span("c", 2), span("b", 3, parent_id=f"{2:016x}")]
    session = solve(assemble(spans), Ruleset((rule,)), Options(engine="clingo"))
    held = certificate_of(session, complete=False)
    assert refusals(session, held, complete=False) == []
    told = {node["atom"][0]: place for place, node in enumerate(held["nodes"]) if node["kind"] == "extension"}
    assert {"descendant", "in_trace", "rule_always"} <= told.keys()
    for place in told.values():
        wrong = {**held["nodes"][place], "rows": 99}
        changed = {**held, "nodes": [*held["nodes"][:place], wrong, *held["nodes"][place + 1 :]]}
        first, *others = refusals(session, changed, complete=False)
        assert first.startswith(f"node {place}: ")
        assert others


def test_protobuf_that_breaks_off_is_refused() -> None:
    """A file of messages behind their lengths is read to its end or not at all, though all facts stand before that."""
    session, held = small()
    (message,) = protobuf(as_otlp(session.store.dataset).splitlines()[0])
    for length in (varint(len(message)), struct.pack(">I", len(message))):
        half = length + message
        for end in range(len(half) + 1):
            found = recheck(held, session.program, [half + half[:end]], complete=True)
            assert found[0].accepted == (end in {0, len(half)}), end
