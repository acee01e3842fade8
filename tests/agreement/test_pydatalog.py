"""PyDatalog gives the answers of clingo and the verdicts of the oracle.

More random pairs than a test run should take: ``python -m tests.agreement.test_pydatalog 5000 [SEED]``.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib import import_module

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from fluo_logic.errors import ConfigError
from fluo_logic.facts.dataset import assemble
from fluo_logic.facts.model import Span
from fluo_logic.facts.store import FactStore, Row
from fluo_logic.lang.parse import parse_rule
from fluo_logic.lang.syntax import Rule, Ruleset
from fluo_logic.logic import Atom, Clause, Const, Literal, Program, Sort, Var
from fluo_logic.pipeline import Options
from fluo_logic.solve.registry import engine_named
from fluo_logic.translate.lower import lower
from fluo_logic.translate.passes import run_passes
from tests.agreement.compare import oracle, product
from tests.oracle.build import span
from tests.oracle.strategies import spans_and_rules

pytest.importorskip("pyDatalog")

EXAMPLES = 150


def disagreement(program: Program, spans: Sequence[Span]) -> str:
    """The first predicate on whose tuples pyDatalog and clingo differ, with the tuples; empty where they agree."""
    store = FactStore(assemble(spans))
    expected = engine_named("clingo").solve(program, store)
    found = engine_named("pydatalog").solve(program, store)
    for predicate in program.definitions():
        missing = expected.rows(predicate) - found.rows(predicate)
        extra = found.rows(predicate) - expected.rows(predicate)
        if missing or extra:
            return f"{predicate}: pydatalog lacks {sorted(missing)} and adds {sorted(extra)}"
    return ""


def program_of(*rules: Rule) -> Program:
    return run_passes(lower(Ruleset(rules)))


def check_pair(pair: tuple[list[Span], Rule]) -> None:
    """PyDatalog has the tuples of clingo in every predicate, and the verdicts of the oracle."""
    spans, rule = pair
    assert not disagreement(program_of(rule), spans)
    options = Options(engine="pydatalog")
    assert product(rule, spans, options) == oracle(rule, spans, options)


@seed(20261124)
@settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(spans_and_rules())
def test_random_pairs(pair: tuple[list[Span], Rule]) -> None:
    """On random traces and rules pyDatalog answers what clingo and the oracle do."""
    check_pair(pair)


# --- where pyDatalog by itself answers something else -----------------------------------------------------------------

LOOP = [
    span("a", "1", up="3"),
    span("b", "2", up="1"),
    span("c", "3", up="2"),
    span("d", "4", up="4"),
    span("e", "5", up="4"),
]


def test_recursion_ends_on_cycles() -> None:
    """Spans that are their own ancestors do not keep the search for ancestors going."""
    program = program_of(parse_rule("when { * as $x } never { $x descendant of b }", "r"))
    assert not disagreement(program, LOOP)
    answer = engine_named("pydatalog").solve(program, FactStore(assemble(LOOP)))
    assert {(2, 0), (2, 2), (4, 3)} <= answer.rows("descendant")
    assert len(answer.rows("descendant")) == 11


def test_repeated_variables_match() -> None:
    """An atom that repeats a variable finds the tuples that repeat a value."""
    one, two = Var("S", Sort.SPAN), Var("T", Sort.TRACE)
    body: tuple[Literal, ...] = (Atom("span", (two, one, Var("N", Sort.TEXT))), Atom("parent", (one, one)))
    itself = Clause(Atom("itself", (one,)), body)
    again = Clause(Atom("again", (one,)), (Atom("parent", (one, one)),))
    program = Program((itself, again), ())
    assert not disagreement(program, LOOP)
    assert engine_named("pydatalog").solve(program, FactStore(assemble(LOOP))).rows("again") == {(3,)}


TEXTS = (
    "True",
    "False",
    "??",
    "?",
    "true",
    "",
    "x",
    "X",
    "_",
    "1",
    "1.0",
    "a\nb",
    "\x1b",
    "\x1bTrue",
    "'\"\\",
    "\x85",
    "é",
)


@pytest.mark.parametrize("text", TEXTS)
def test_texts_stay_what_they_are(text: str) -> None:
    """Names and keys that pyDatalog takes for Booleans, variables or numbers are texts."""
    spans = [span(text, "1", has={"k": text}), span("a", "2", has={"k": text}), span("b", "3", has={"k": f"{text}."})]
    quoted = replace(parse_rule('across traces by k\nwhen { "name" } always { a and not b }', "r"))
    program = program_of(quoted)
    named = replace(program, clauses=tuple(_renamed(clause, text) for clause in program.clauses))
    assert not disagreement(named, spans)
    answer = engine_named("pydatalog").solve(named, FactStore(assemble(spans)))
    assert answer.rows("scope_k") == {(text,), (f"{text}.",)}
    assert answer.rows("r_when") == {(text,)}


def _renamed(clause: Clause, name: str) -> Clause:
    def renamed(literal: Literal) -> Literal:
        if isinstance(literal, Atom):
            return replace(literal, args=tuple(Const(name) if arg == Const("name") else arg for arg in literal.args))
        return literal

    return replace(clause, body=tuple(map(renamed, clause.body)))


@pytest.mark.parametrize("name", ["import", "open", "sum", "ask", "rank_", "len", "format_", "none", "print", "class"])
def test_spans_can_be_named_like_words_of_python(name: str) -> None:
    """A predicate that a span's name lends its name to is no keyword, no function of Python's or of pyDatalog's."""
    rule = parse_rule(f'when {{ "{name}".where(n > 1) }} never {{ "{name}".where(n > 2) }}', "r")
    spans = [span(name, "1", has={"n": 2}), span(name, "2", trace="u", has={"n": 3})]
    assert not disagreement(program_of(rule), spans)
    answer = engine_named("pydatalog").solve(program_of(rule), FactStore(assemble(spans)))
    assert answer.rows("r_fails_1") == {(1,)}


@pytest.mark.parametrize(
    ("condition", "values", "holds"),
    [
        ("sum(a.n) == 0.3", (0.1, 0.2), False),
        ("sum(a.n) == 0.30000000000000004", (0.1, 0.2), True),
        ("max(a.n) > 0.1", (0.1, 0.10000000000000002), True),
        ("sum(a.n) == 9223372036854775807", (2**62, 2**62 - 1), True),
        ("sum(a.n) == 9223372036854775807", (2**62, 2**62), False),
        ("sum(a.n) in [1, 2]", (0.5, 0.5), True),
        ("sum(a.n) - count(a) == 0.5", (1, 1.5), True),
        ("not count(a) < 2", (1, 1), True),
        ("min(a.n) <= max(b.n)", (1,), False),
        ("count(b) == 0", (1,), True),
        ("sum(b.n) within 1s == 0", (1,), True),
        ("sum(a.n) within 1s == 3", (1, 2), True),
    ],
)
def test_measures_are_exact(condition: str, values: tuple[float, ...], holds: bool) -> None:  # noqa: FBT001 - a column
    """Sums and extremes are compared as they are: pyDatalog would round doubles and take 1 for 1.0."""
    spans = [span("a", str(number), has={"n": value}) for number, value in enumerate(values)]
    # A second trace with the other sum that is equal as a number.
    spans += [replace(one, trace_id="u", attributes={"n": float(str(one.attributes["n"]))}) for one in spans]
    program = program_of(parse_rule(f"always {{ {condition} }}", "r"))
    assert not disagreement(program, spans)
    answer = engine_named("pydatalog").solve(program, FactStore(assemble(spans)))
    assert ((0,) not in answer.rows("r_fails_1")) is holds


# --- apart from other uses --------------------------------------------------------------------------------------------


def failures(number: int) -> frozenset[Row]:
    spans = [span("a", str(place), has={"n": place}) for place in range(6)]
    program = program_of(parse_rule(f"when {{ a.where(n > {number}) as $x }} never {{ $x.n >= 0 }}", "r"))
    return engine_named("pydatalog").solve(program, FactStore(assemble(spans))).rows("r_fails_1")


def test_threads_do_not_disturb_each_other() -> None:
    """Runs in several threads have each their own answer."""
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(failures, [number % 6 for number in range(24)]))
    assert [len(rows) for rows in found] == [5 - number % 6 for number in range(24)]


def test_a_program_of_the_users_own_is_left_alone() -> None:
    """Clauses, precision and Python predicates that a user gave pyDatalog are there after a run, and not in it."""
    user, engine = import_module("pyDatalog.pyDatalog"), import_module("pyDatalog.pyEngine")
    user.clear()
    user.assert_fact("span", "mine", 1, "x")
    engine.Python_resolvers["parent/2"] = lambda *_: iter([("own", "own")])
    try:
        assert len(failures(2)) == 3
        assert user.ask("span(X, Y, Z)").answers == [("mine", 1, "x")]
        assert user.ask("parent(X, Y)").answers == [("own", "own")]
        assert engine.Float_Precision == 8
    finally:
        engine.Python_resolvers.clear()
        user.clear()


def test_a_missing_package_is_an_error_that_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pyDatalog the engine says which command installs it."""
    monkeypatch.setitem(sys.modules, "pyDatalog", None)
    with pytest.raises(ConfigError, match="not installed") as caught:
        failures(1)
    assert caught.value.code == "C401"
    assert caught.value.hint == "pip install 'fluo_logic[datalog]'"


def main(count: int, start: int) -> None:
    run = seed(start)(
        settings(
            max_examples=count,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )(given(spans_and_rules())(check_pair))
    )
    run()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
