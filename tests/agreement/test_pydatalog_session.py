"""Sessions: facts under readable names, queries that mean what they say, clauses of a user's own."""

from __future__ import annotations

import doctest
from collections.abc import Iterator
from pathlib import Path

import pytest

from fluo_logic import load_rules
from fluo_logic.errors import ConfigError
from fluo_logic.facts.dataset import assemble
from fluo_logic.facts.model import Event, Kind, Status
from fluo_logic.facts.schema import FACTS
from fluo_logic.facts.store import FactStore
from fluo_logic.lang.parse import parse_rule
from fluo_logic.solve import pydatalog
from tests.oracle.build import EPOCH, span

pytest.importorskip("pyDatalog")

RULES = Path(__file__).parents[2] / "rules/case-studies"
SPANS = [
    span(
        "payment.charge", "1", has={"attempt": 1, "exact": 0.30000000000000004, "big": 2**62, "ok": True, "t": "True"}
    ),
    span("payment.charge", "2", up="1", has={"attempt": "2", "payment_intent_id": "b"}, at=2, to=3, service="pay"),
    span("audit.log", "3", up="3", kind=Kind.SERVER, status=Status.ERROR, events=[Event("e")], dropped=(2, 0, 0)),
    span("audit.log", "1", trace="u", links=[("t", "1")], to=None, has={"tags": ("a", "b"), "nan": float("nan")}),
]


@pytest.fixture(scope="module")
def q() -> Iterator[pydatalog.Session]:
    with pydatalog.session(assemble(SPANS), load_rules(RULES)) as session:
        yield session


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("span(T, Id, 'audit.log')", [("t", "t:3"), ("u", "u:1")]),
        ("span(T, Id, 'payment.charge') & attr(Id, 'attempt', A)", [("t", "t:1", 1), ("t", "t:2", "2")]),
        ("number(Id, 'attempt', A) & (A > 1)", [("t:2", 2)]),
        ("(A > 1) & number(Id, 'attempt', A)", [("t:2", 2)]),
        ("number(Id, 'big', 4611686018427387904)", [("t:1",)]),
        ("number(Id, 'big', 4611686018427387905)", []),
        ("attr(Id, K, 0.30000000000000004)", [("t:1", "exact")]),
        ("attr(Id, K, 0.3)", []),
        ("attr(Id, K, True)", [("t:1", "ok")]),
        ("attr(Id, K, 'True')", [("t:1", "t")]),
        ("attr(Id, 'tags', V)", [("u:1", '["a","b"]')]),
        ("attr(Id, 'nan', V)", [("u:1", "NaN")]),
        ("resource(Id, K, V)", [("t:2", "service.name", "pay")]),
        ("service(Id, S)", [("t:2", "pay")]),
        ("parent(Id, P)", [("t:2", "t:1"), ("t:3", "t:3")]),
        ("parent(Id, Id)", [("t:3",)]),
        ("span(_, Id, _) & ~parent(Id, _)", [("t:1",), ("u:1",)]),
        ("~parent(Id, _) & span(T, Id, 'audit.log')", [("u", "u:1")]),
        ("not parent(Id, _) and span(_, Id, N) and (N != 'audit.log')", [("t:1", "payment.charge")]),
        ("kind(Id, 'server') & status(Id, S)", [("t:3", "error")]),
        (
            f"starts(Id, {EPOCH}) & ends(Id, N) & (N == {EPOCH} + 1000000000) & ~event(Id, _, _)",
            [("t:1", EPOCH + 10**9)],
        ),
        ("event(Id, E, Name)", [("t:3", "t:3#0", "e")]),
        ("link(Id, Id2)", [("u:1", "t:1")]),
        ("dropped(Id, N)", [("t:3", 2)]),
        ("parent_ref(Id, R)", [("t:2", "t:1"), ("t:3", "t:3")]),
        (
            "starts(A, N) & starts(B, M) & (N < M) & (A != 't:1') & (A != 't:3')",
            [("u:1", EPOCH, "t:2", EPOCH + 2 * 10**9)],
        ),
        ("ends(A, N) & starts(B, M) & (M > N) & parent(B, A)", [("t:1", EPOCH + 10**9, "t:2", EPOCH + 2 * 10**9)]),
        ("span('t', _, _)", [()]),
        ("span('v', _, _)", []),
        ("admin_audit_as_told_when(T)", []),
        ("payment_retry_as_told_when(T) & payment_retry_as_told_fails_1(T)", []),
        ("payment_retry_one_intent_when(C, X)", []),
        ("payment_charge(Id)", [("t:2",)]),
        ("in_trace('u', S)", [("u:1",)]),
    ],
)
def test_queries(q: pydatalog.Session, query: str, rows: list[tuple[int | float | str, ...]]) -> None:
    """A query has these answers, whatever the order of its literals."""
    found = q.ask(query)
    assert sorted(tuple(row.values()) for row in found) == sorted(rows)
    assert found == q.ask(query)


def test_answers_name_their_variables(q: pydatalog.Session) -> None:
    """A row has the variables of the query in order, and none for `_` or for what only a negation has."""
    assert q.ask("span(T, Id, _) & attr(Id, 'attempt', A) & ~parent(Id, P)") == [{"T": "t", "Id": "t:1", "A": 1}]
    assert q.ask("span('t', _, _)") == [{}]


def test_the_catalogue_is_there(q: pydatalog.Session) -> None:
    """Every fact of the catalogue can be asked for under its argument names, but texts, which have no end."""
    for name, fact in FACTS.items():
        if name != "text":
            assert q.predicates[name] == tuple(argument for argument, _ in fact.arguments)
            q.ask(f"{name}({', '.join('_' for _ in fact.arguments)})")


def test_the_rules_can_be_read(q: pydatalog.Session) -> None:
    """The session has the text of the rules' clauses, and each predicate that they define."""
    assert "payment_charge(S) <= span(T,S,'payment.charge') & attempt_gt_1(S)" in q.program
    assert q.predicates["payment_retry_one_intent_when"] == ("Text1", "Span2")


def test_clauses_of_ones_own() -> None:
    """Clauses and facts that are loaded are used by later ones; recursion ends on cycles, bound or not."""
    rule = parse_rule("when { payment.charge } always { audit.log }", "r")
    with pydatalog.session(FactStore(assemble(SPANS)), rule) as q:
        q.load("""
            above(S, A) <= parent(S, A)
            above(S, A) <= parent(S, P) & above(P, A)
            + team('pay', 'True')
            owner(S, T) <= ~above(S, S) & service(S, N) & team(N, T)
        """)
        assert q.ask("above(S, A)") == [{"S": "t:2", "A": "t:1"}, {"S": "t:3", "A": "t:3"}]
        assert q.ask("above('t:2', A)") == [{"A": "t:1"}]
        assert q.ask("owner(S, T)") == [{"S": "t:2", "T": "True"}]
        q.load("owned(S) <= owner(S, _) & r_when(T) & span(T, S, _)")
        q.load("owned(S) <= team(S, _)")
        assert q.ask("owned(S)") == [{"S": "pay"}, {"S": "t:2"}]


@pytest.mark.parametrize(
    ("query", "code", "says"),
    [
        ("spn(T, Id, N)", "C403", "did you mean `span`?"),
        ("span(T, Id)", "C403", "`span` has 3 arguments, not 2"),
        ("attr(Id, 'attempt', A) & (A > 1)", "C404", "number(Id, K, N)"),
        ("span(T, Id, N) & (M > 1)", "C404", "every variable of a comparison"),
        ("number(Id, K, N) & N > 1", "C402", "in parentheses"),
        ("span(T, Id, N),", "C402", "joined by `&`"),
        ("span(T, Id", "C402", "never closed"),
        ("span(T, Id, N) | link(Id, T)", "C402", "is no literal"),
        ("__import__('os').getcwd()", "C402", "is no atom"),
        ("span(T, Id, N=1)", "C402", "is no atom"),
        ("", "C402", "this is no query"),
    ],
)
def test_queries_that_are_none(q: pydatalog.Session, query: str, code: str, says: str) -> None:
    """What cannot be answered is an error that says why, and the session goes on."""
    with pytest.raises(ConfigError) as caught:
        q.ask(query)
    assert caught.value.code == code
    assert says in str(caught.value)
    assert q.ask("link(Id, _)") == [{"Id": "u:1"}]


@pytest.mark.parametrize(
    ("clause", "says"),
    [
        ("span(T, S, N) <= parent(S, T)", "cannot define"),
        ("sum(S) <= parent(S, _)", "cannot define"),
        ("Up(S) <= parent(S, _)", "cannot define"),
        ("up(S) <= parnt(S, _)", "did you mean `parent`?"),
        ("up(S)", "a clause is"),
        ("up(S) := parent(S, _)", "this is no query"),
    ],
)
def test_clauses_that_are_none(q: pydatalog.Session, clause: str, says: str) -> None:
    """A clause that cannot be loaded is an error that says why."""
    with pytest.raises(ConfigError) as caught:
        q.load(clause)
    assert says in str(caught.value)


def test_the_example_in_the_documentation() -> None:
    """The example of `session` prints what it says."""
    (example,) = (
        test for test in doctest.DocTestFinder().find(pydatalog.session, globs=vars(pydatalog)) if test.examples
    )
    assert doctest.DocTestRunner().run(example).failed == 0
