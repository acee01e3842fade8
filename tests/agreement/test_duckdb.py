"""DuckDB gives the answers of clingo and the verdicts of the oracle.

More random pairs than a test run should take: ``python -m tests.agreement.test_duckdb 5000 [SEED]``.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from fluo_logic.api import load_rules
from fluo_logic.errors import ConfigError, UnsupportedError
from fluo_logic.facts.dataset import assemble
from fluo_logic.facts.model import Event, Span
from fluo_logic.facts.store import FactStore
from fluo_logic.lang.parse import parse_rule
from fluo_logic.lang.syntax import Rule, Ruleset
from fluo_logic.logic import Atom, Clause, Origin, Program, Sort, Var
from fluo_logic.pipeline import Options
from fluo_logic.solve.registry import engine_named
from fluo_logic.translate.lower import lower
from fluo_logic.translate.passes import run_passes
from fluo_logic.translate.relational import to_plan, to_sql
from fluo_logic.values import Value
from tests.agreement.compare import oracle, product
from tests.oracle.build import span
from tests.oracle.strategies import spans_and_rules

duckdb = pytest.importorskip("duckdb")
EXAMPLES = 300


def disagreement(rules: Ruleset, spans: Sequence[Span]) -> str:
    """The first predicate on whose tuples DuckDB and clingo differ, with the tuples; empty where they agree."""
    program = run_passes(lower(rules))
    store = FactStore(assemble(spans))
    expected = engine_named("clingo").solve(program, store)
    found = engine_named("duckdb").solve(program, store)
    for predicate in program.definitions():
        missing = expected.rows(predicate) - found.rows(predicate)
        extra = found.rows(predicate) - expected.rows(predicate)
        if missing or extra:
            return f"{predicate}: duckdb lacks {sorted(missing)} and adds {sorted(extra)}"
    return ""


def check_pair(pair: tuple[list[Span], Rule]) -> None:
    """DuckDB has the tuples of clingo in every predicate, and the verdicts of the oracle."""
    spans, rule = pair
    assert not disagreement(Ruleset((rule,)), spans)
    options = Options(engine="duckdb")
    assert product(rule, spans, options) == oracle(rule, spans, options)


@seed(20261124)
@settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(spans_and_rules())
def test_random_pairs(pair: tuple[list[Span], Rule]) -> None:
    """On random traces and rules DuckDB answers what clingo and the oracle do."""
    check_pair(pair)


HUGE = 2**63 - 1
NS = 1_000_000_000


def spans_of(*values: Mapping[str, Value]) -> list[Span]:
    """Spans `a`, `b`, `a`, … of one trace, each a child of the first, a second apart, with these attributes."""
    names = "ab" * len(values)
    return [
        span(names[index], f"{index + 1:016x}", trace="0" * 31 + "1", at=index, to=index + 1, has=has)
        for index, has in enumerate(values)
    ]


def chain(*parents: int) -> list[Span]:
    """Spans 1, 2, … named `a`, each with the number of its parent; 0 is a span that is not there."""
    return [
        span("a", f"{index:016x}", trace="0" * 31 + "1", up=f"{parent:016x}")
        for index, parent in enumerate(parents, start=1)
    ]


def at_times(*times: tuple[int, int]) -> list[Span]:
    """Spans named `a` with these starts and ends in nanoseconds."""
    return [
        replace(item, start=start, end=end)
        for item, (start, end) in zip(spans_of(*({"n": number} for number in range(len(times)))), times, strict=True)
    ]


CASES: Mapping[str, tuple[str, list[Span]]] = {
    "a count against a number that is larger than any": ("never { count(a) > 1e300 }", spans_of({})),
    "a count against a fraction": ("always { count(*) <= 1.5 } always { count(*) > 1.5 }", spans_of({}, {})),
    "an integer next to a double of 53 bits": (
        "when { a as $x and b as $y } always { $x.n == $y.n } always { $x.n > $y.n }",
        spans_of({"n": 2**53 + 1}, {"n": float(2**53)}, {"n": 2**53}, {"n": str(2**53 + 1)}),
    ),
    "the largest integer against the double beyond it": (
        f"never {{ a.n >= 9223372036854775808.0 }} never {{ a.n > {HUGE - 1} }}",
        spans_of({"n": HUGE}, {}, {"n": 2.0**63}, {}, {"n": str(2**64 - 1)}),
    ),
    "doubles that only round to their sum": (
        "always { sum(*.n) == 0.3 } always { sum(*.n) == 0.30000000000000004 }",
        spans_of({"n": 0.1}, {"n": 0.2}),
    ),
    "a sum of many doubles, rounded once": ("always { sum(*.n) == 1 }", spans_of(*({"n": 0.1} for _ in range(10)))),
    "integers beyond doubles in a sum with one": (
        "always { sum(*.n) == 9223372036854775807 } always { avg(*.n) > 1.5 }",
        spans_of({"n": HUGE}, {"n": 1}, {"n": -1.0}, {"n": "x"}),
    ),
    "a sum beyond 64 bits": (
        "always { sum(*.n) > 9223372036854775807 } always { sum(*.n) - 9223372036854775807 == 9223372036854775807 }",
        spans_of({"n": HUGE}, {"n": HUGE}),
    ),
    "infinities of both signs": (
        "always { sum(*.n) == 0 } always { max(*.n) > 1e300 } always { min(a.n) > 1 }",
        spans_of({"n": float("inf")}, {"n": float("-inf")}),
    ),
    "a mean of integers that is none": (
        "always { avg(*.n) > 1.3 } always { avg(*.n) < 1.4 }",
        spans_of({"n": 1}, {"n": 1}, {"n": 2}),
    ),
    "a mean of nothing": ("always { avg(c.n) == 0 } always { sum(c.n) == 0 }", spans_of({})),
    "arithmetic of aggregates": (
        "always { sum(a.n) + sum(b.n) == 3.5 } always { count(a) * 3 - max(b.n) == 4 }",
        spans_of({"n": 1}, {"n": 2.5}, {"n": 0}),
    ),
    "arithmetic of values": (
        "when { a as $x and b as $y } always { $x.n + 1 == $y.n } always { $x.n * $x.n > $y.n }",
        spans_of({"n": HUGE}, {"n": 2**64}, {"n": "1"}, {"n": 2.0}),
    ),
    "a number in a list of the same span": ("always { a.where(n in .l) }", spans_of({"n": 4, "l": ("4", 5)})),
    "a list that contains a number": (
        "never { *.where(l contains 4) } never { *.where(l contains x) }",
        spans_of({"l": (4.0,)}, {"l": ("4",)}, {"l": 44}, {"l": ("x", "xy")}, {"l": "axe"}),
    ),
    "text that SQL could trip over": (
        r"""never { a.where(k == "it's \\ \u0000 \n -- ; end") } never { a.where(k contains "\u0000") }""",
        spans_of({"k": "it's \\ \x00 \n -- ; end"}),
    ),
    "events compared with another span": (
        (
            "when { a as $x } always { b.where(event(e).where(n > 1 and k == $x.k)) } "
            "never { b.where(event(e).where(n > 1)) }"
        ),
        [replace(item, events=(Event("e", None, {"n": 2, "k": "x"}),)) for item in spans_of({"k": "x"}, {})],
    ),
    "a part of a disjunction that always holds": (
        "when { a } always { a.where(flag) as $x and a or * }",
        spans_of({"flag": True}, {}),
    ),
    "a list of more numbers than SQL nests": (
        f"never {{ *.where(n in {list(range(1200))}) }}",
        spans_of({"n": 1199}, {"n": 1200}, {"n": "7"}),
    ),
    "names that differ in case only": ("never { a.where(K == 1 and k == 2) }", spans_of({"K": 1, "k": 2})),
    "a name that SQL reserves": ('when { "select" } always { "_spans" }', spans_of({})),
    "ancestors on a circle of parents": (
        "when { a as $x descendant of a as $y } never { $x ancestor of $y }",
        chain(3, 1, 2, 2, 4, 6),
    ),
    "ancestors in several trees": (
        "when { a as $x descendant of a as $y } never { $x ancestor of $y }",
        chain(0, 1, 2, 2, 1, 0, 6),
    ),
    "times near the end of 64 bits": (
        "when { a as $x } always { $x before * within 10s }",
        at_times((HUGE - 9 * NS, HUGE - NS), (HUGE - NS, HUGE)),
    ),
    "windows near the end of 64 bits": (
        (
            "always { count(*) within 1m <= 1 } always { sum(*.n) within 1m <= 1 } "
            "always { count(distinct *.n) within 2s <= 1 }"
        ),
        at_times((HUGE - 9 * NS, HUGE), (HUGE - NS, HUGE), (HUGE, HUGE)),
    ),
    "windows are half open": (
        "always { count(*) within 1s <= 1 } always { count(*) within 2s <= 1 }",
        at_times((NS, NS), (2 * NS, 2 * NS), (4 * NS - 1, 4 * NS)),
    ),
    "a window of negative numbers": ("always { sum(*.n) within 1s < 0 }", spans_of({"n": -3}, {"n": -2})),
    "no span at all": ("across traces always { count(*) > 0 } always { a }", []),
    "no span at all, by key": ("across traces by k always { a }", []),
}


@pytest.mark.parametrize("name", CASES)
def test_cases(name: str) -> None:
    """On what random pairs seldom meet DuckDB answers what clingo and the oracle do, too."""
    text, spans = CASES[name]
    check_pair((spans, parse_rule(text, "case")))


def test_bytes_equal_a_number() -> None:
    """Bytes whose base64 is the text of a number equal that number, as the oracle says."""
    pair = spans_of({"k": b"\xd7\x6d\xf8"}, {"k": 1234})
    rule = parse_rule("when { a as $x and b as $y } never { $x.k == $y.k }", "bytes")
    options = Options(engine="duckdb")
    assert product(rule, pair, options) == oracle(rule, pair, options)


def test_every_predicate_of_the_shipped_rules() -> None:
    """DuckDB has the tuples of clingo for the shipped rules together, on spans that they speak of."""
    rules = load_rules(str(Path(__file__).parents[2] / "rules" / "case-studies"))
    names = ["payment.charge", "payment.charge", "database.query", "admin.action", "audit.log", "api.request"]
    has: Mapping[str, Value] = {"cart.id": "c", "attempt": 2, "payment_intent_id": "p", "user.id": "u", "tier": "free"}
    spans = [replace(item, name=name) for name, item in zip(names, spans_of(*[has] * len(names)), strict=True)]
    assert not disagreement(rules, spans)


def test_printed_plan_runs() -> None:
    """The printed statements, run one after another on the input tables, end in the failures of each obligation."""
    rules = Ruleset((parse_rule("when { a } always { b before a } never { count(a) > 1 }", "printed"),))
    program = run_passes(lower(rules))
    store = FactStore(assemble(spans_of({}, {}, {})))
    plan = to_plan(program)
    duck_columns = pytest.importorskip("fluo_logic.solve.duck_columns")
    connection = duckdb.connect()
    connection.register("_spans", duck_columns.span_table(store, plan.spans, plan.structural))
    found = [
        connection.execute(statement).fetchall() for statement in to_sql(program).split(";\n") if statement.strip()
    ]
    assert found[-2:] == [[], [(0,)]]


def test_recursion_is_refused() -> None:
    """A recursive predicate other than the descendants is refused with the text and place of its clause."""
    origin = Origin("r", "r.fluo", 3, 7, "a reaches b")
    one, two = Var("S", Sort.SPAN), Var("A", Sort.SPAN)
    head = Atom("reaches", (one, two), origin)
    step = Atom("reaches", (two, one), origin)
    with pytest.raises(UnsupportedError, match="a reaches b") as caught:
        to_plan(Program((Clause(head, (step,), origin),), ()))
    assert (caught.value.code, caught.value.where and caught.value.where.line) == ("U201", 3)


@pytest.mark.parametrize("package", ["duckdb", "numpy", "pyarrow", "sqlglot"])
def test_missing_package(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one of its packages the engine says how to install them."""
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, "fluo_logic.solve.duckdb", raising=False)
    with pytest.raises(ConfigError, match=r"fluo_logic\[duckdb\]"):
        engine_named("duckdb")


def main(count: int, start: int) -> None:
    """Check ``count`` random pairs; the first that differs is shrunk and raised."""
    phases = (Phase.generate, Phase.shrink)
    run = settings(
        max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck), phases=phases
    )
    seed(start)(run(given(spans_and_rules())(check_pair)))()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
