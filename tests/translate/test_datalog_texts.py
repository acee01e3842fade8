"""The texts for pyDatalog and for Soufflé: goldens, what is refused, and that Soufflé's mean what clingo's mean."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import clingo
import pytest
from hypothesis import HealthCheck, given, seed, settings

from fluo_logic import load_rules
from fluo_logic.errors import UnsupportedError
from fluo_logic.facts.dataset import assemble
from fluo_logic.facts.model import Event, Span
from fluo_logic.facts.store import FactStore, Row
from fluo_logic.lang.parse import parse_rule
from fluo_logic.lang.syntax import Rule, Ruleset
from fluo_logic.logic import Atom, Clause, Compare, Const, Field, Literal, Not, Origin, Program, Sort, Var
from fluo_logic.solve.clingo import ClingoEngine
from fluo_logic.translate.asp import quote as asp_quote
from fluo_logic.translate.datalog import to_datalog
from fluo_logic.translate.lower import lower
from fluo_logic.translate.passes import run_passes
from fluo_logic.translate.souffle import to_souffle
from fluo_logic.translate.souffle_facts import souffle_facts, souffle_relations
from fluo_logic.translate.souffle_text import one_line
from fluo_logic.values import Mode
from tests.oracle.build import span
from tests.oracle.strategies import spans_and_rules

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
RULES = ("payment-retry-one-intent", "cross-tenant-read-tenant-in-force", "rate-limit-per-minute")
S, P, A, N = Var("S", Sort.SPAN), Var("P", Sort.SPAN), Var("A", Sort.SPAN), Var("N", Sort.TEXT)
ORIGIN = Origin("r", "r.fluo", 3, 7, "a before b")


def program_of(*rules: Rule) -> Program:
    return run_passes(lower(Ruleset(rules)))


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("form", "write"), [("pydatalog", to_datalog), ("souffle", to_souffle)])
def test_texts(rule: str, form: str, write: Callable[[Program], str], golden: Callable[[Path, str], None]) -> None:
    """A shipped rule becomes this text, which names the rule's own text for each predicate."""
    text = write(program_of(load_rules(ROOT / "rules/case-studies")[rule]))
    golden(HERE / "datalog" / f"{rule}.{form}.txt", text.replace(f"{ROOT}/", ""))


# --- what is refused --------------------------------------------------------------------------------------------------


def clause(head: str, args: tuple[Var | Const, ...], *body: Literal) -> Clause:
    return Clause(Atom(head, args), body, ORIGIN)


def parent(below: Var, above: Var) -> Atom:
    return Atom("parent", (below, above))


def span_of(var: Var) -> Atom:
    return Atom("span", (Var("T", Sort.TRACE), var, N))


OF_A = Compare(Field(A, "attribute", "k"), "==", Const("x"), Mode.TEXT)
REFUSED = {
    "recursion that is not linear": [
        clause("up", (S, A), parent(S, A)),
        clause("up", (S, A), Atom("up", (S, P)), Atom("up", (P, A))),
    ],
    "recursion through another predicate": [
        clause("up", (S, A), Atom("above", (S, A))),
        clause("above", (S, A), Atom("up", (S, A))),
    ],
    "recursion from a constant": [clause("up", (S,), parent(S, P), Atom("up", (Const("x"),)))],
    "a comparison that nothing binds": [clause("odd", (S,), span_of(S), OF_A)],
    "a head that nothing binds": [clause("odd", (S, A), span_of(S))],
    "a number in an atom": [clause("odd", (S,), Atom("span", (Const(1.5), S, N)))],
    "a repeated variable in a negation": [clause("odd", (S,), span_of(S), Not(parent(A, A)))],
}


@pytest.mark.parametrize("case", REFUSED)
def test_clauses_that_pydatalog_cannot_express(case: str) -> None:
    """A clause that pyDatalog might answer wrongly, or not at all, is an error that names clause, engine and place."""
    with pytest.raises(UnsupportedError, match=r"pyDatalog cannot express the clause of \w+") as caught:
        to_datalog(Program(tuple(REFUSED[case]), ()))
    assert caught.value.code == "U301"
    assert str(caught.value.where) == "r.fluo:3:7"


@pytest.mark.parametrize(
    "condition",
    [
        "sum(a.n) > 1",
        "avg(a.n) > 1",
        "sum(a.n) within 1s > 1",
        "max(a.n) > 1",
        "count(a) > 1.5",
        "count(a) * count(b) > 1",
        "count(a) == 4294967296",
    ],
)
def test_clauses_that_souffle_cannot_express(condition: str) -> None:
    """What may not fit Soufflé's numbers is an error."""
    with pytest.raises(UnsupportedError, match="Soufflé cannot express") as caught:
        to_souffle(program_of(parse_rule(f"always {{ {condition} }}", "r")))
    assert caught.value.code == "U301"


# --- Soufflé's meaning ------------------------------------------------------------------------------------------------


def as_asp(text: str) -> str:
    """Return the clauses of a Soufflé text in gringo's syntax, which says the same with other signs."""
    clauses = re.sub(r"^(//|\.).*$", "", text, flags=re.MULTILINE)
    counts = re.sub(r"count : \{ (\w+)\((.*?)\) \}", r"#count{ \2 : \1(\2) }", clauses)
    largest = re.sub(r"max Size : \{ (.*?) \}", r"#max{ Size : \1 }", counts)
    return re.sub(r"(?<![\"\w])!(?=[a-z])", "not ", largest)


def souffle_answer(program: Program, store: FactStore) -> dict[str, set[tuple[int | str, ...]]]:
    """Return the tuples of each predicate of a Soufflé text on the relations that are written for it."""
    text = to_souffle(program)
    facts = [
        f"{name}({','.join(asp_quote(cell) if isinstance(cell, str) else str(cell) for cell in row)})."
        for name, rows in souffle_relations(program, store).items()
        for row in rows
    ]
    control = clingo.Control(["--warn=none"])
    control.add("base", [], "\n".join([as_asp(text), *facts]))
    control.ground([("base", [])])
    outputs = re.findall(r"^\.output (\w+)\(", text, re.MULTILINE)
    return {
        predicate: {
            tuple(
                cell.string if cell.type == clingo.SymbolType.String else cell.number for cell in atom.symbol.arguments
            )
            for atom in control.symbolic_atoms
            if atom.symbol.name == output
        }
        for predicate, output in zip(program.definitions(), outputs, strict=True)
    }


def expected_answer(program: Program, store: FactStore) -> dict[str, set[tuple[int | str, ...]]]:
    events = list(chain.from_iterable([(i, n) for n in range(len(s.events))] for i, s in enumerate(store.spans)))
    answer = ClingoEngine().solve(program, store)

    def written(row: Row) -> tuple[int | str, ...]:
        return tuple(
            one_line(cell) if isinstance(cell, str) else events.index(cell) if isinstance(cell, tuple) else cell
            for cell in row
        )

    return {predicate: set(map(written, answer.rows(predicate))) for predicate in program.definitions()}


@seed(3)
@settings(max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(spans_and_rules())
def test_souffle_means_what_clingo_means(pair: tuple[list[Span], Rule]) -> None:
    """The clauses and relations for Soufflé, read as logic, have the answers of the engine; or the rule is refused."""
    spans, rule = pair
    program, store = program_of(rule), FactStore(assemble(spans))
    try:
        found = souffle_answer(program, store)
    except UnsupportedError:
        return
    assert found == expected_answer(program, store)


def test_souffle_files_hold_any_text() -> None:
    """Texts with quotes, commas and line breaks stay one line and one cell."""
    text = 'a,"b"\nc\\n'
    event = Event("e", None, {"k": 1})
    rule = parse_rule("across traces by k\nwhen { a.where(event(e).where(k == 1)) } always { count(b) > 0 }", "r")
    files = souffle_facts(program_of(rule), FactStore(assemble([span("a", has={"k": text}, events=[event])])))
    assert files["text_k.csv"] == '0,"a,""b""\\nc\\\\n"\n'
    assert files["k_eq_1.csv"] == "0\n"
    assert files["event.csv"] == "0,0,e\n"
