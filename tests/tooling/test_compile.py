"""`fluo compile` and `fluo facts`: what a solver gets, and that a solver alone finds the same failures."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Final

import clingo
import pytest

from fluo_logic.errors import UnsupportedError
from fluo_logic.facts.dataset import assemble
from fluo_logic.facts.readers import read_traces
from fluo_logic.facts.store import FactStore
from fluo_logic.lang.parse import load_rules, parse_rule
from fluo_logic.lang.syntax import Rule, Ruleset
from fluo_logic.logic import Program
from fluo_logic.pipeline import Options, check
from fluo_logic.report.violation import Report
from fluo_logic.tooling.fact_rows import CATALOGUE, asp_facts, fact_rows
from fluo_logic.translate.asp import to_asp
from fluo_logic.translate.asp_text import standalone_asp
from fluo_logic.translate.ir_json import ir_digest, ir_document
from fluo_logic.translate.lower import lower
from fluo_logic.translate.passes import run_passes
from tests.cases.trace_text import read_trace_text
from tests.command_line import Files, Fluo

ROOT: Final = Path(__file__).parents[2]
RULES: Final = ROOT / "rules" / "case-studies"
CASES: Final = sorted(path.parent for path in (ROOT / "tests" / "cases").glob("*/*/rule.fluo"))
GOLDEN: Final = Path(__file__).parent / "golden" / "compile"
Failures = set[tuple[str, str, tuple[str, ...]]]
SHOWN: Final = re.compile(r'failure\("(?P<rule>[^"]*)",(?P<number>\d+),"(?P<scope>[^"]*)",\((?P<spans>[^)]*)\)\)')


def found_by_check(report: Report) -> list[tuple[str, str, tuple[str, ...]]]:
    return sorted(
        (one.rule, next(iter(one.scope.values()), ""), tuple(span.span_id for span in one.witness.values()))
        for one in report.violations
    )


def found_by_clingo(output: str) -> list[tuple[str, str, tuple[str, ...]]]:
    return sorted(
        (one["rule"], one["scope"], tuple(re.findall(r'"([^"]*)"', one["spans"]))) for one in SHOWN.finditer(output)
    )


# --- a solver alone -----------------------------------------------------------------------------------------------


def incidents() -> ModuleType:
    name = "fluo_incidents_catalogue_of_tooling"
    spec = importlib.util.spec_from_file_location(name, ROOT / "examples" / "incidents" / "catalogue.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def otlp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The traces of the seven incidents."""
    pytest.importorskip("opentelemetry.sdk", reason="needs the demo extra")
    pytest.importorskip("opentelemetry.exporter.otlp.proto.common", reason="needs the demo extra")
    folder = tmp_path_factory.mktemp("incidents") / "new"
    assert incidents().main([str(folder)]) == 0
    return folder


@pytest.mark.parametrize("variant", ["healthy", "broken"])
def test_clingo_alone_finds_the_failures_that_check_finds(otlp: Path, variant: str, fluo: Fluo, folder: Path) -> None:
    """Three commands and no Python: every case-study rule on every incident."""
    assert fluo("compile", str(RULES), "--to", "asp", "-o", "r.lp") == (0, "", "")
    traces = sorted(otlp.glob(f"*-{variant}.otlp.jsonl"))
    assert len(traces) == 7
    everything = []
    for file in traces:
        assert fluo("facts", str(RULES), "--traces", str(file), "--to", "asp", "-o", "f.lp") == (0, "", "")
        words = [sys.executable, "-m", "clingo", "r.lp", "f.lp"]
        done = subprocess.run(words, capture_output=True, check=False, cwd=folder, encoding="utf-8")  # noqa: S603
        assert (done.stderr, "SATISFIABLE" in done.stdout) == ("", True)
        expected = found_by_check(check(file, load_rules([RULES]), Options(max_proofs=0)))
        assert found_by_clingo(done.stdout) == expected
        everything += expected
    assert everything != []


def test_one_rule_at_a_time_finds_the_same(otlp: Path) -> None:
    """A rule compiled alone and its own facts find what the rule finds among the others."""
    dataset = read_traces(sorted(otlp.glob("*-broken.otlp.jsonl")))
    for rule in load_rules([RULES]).rules:
        rules = Ruleset((rule,))
        program = run_passes(lower(rules))
        shown = solved(standalone_asp(program), asp_facts(FactStore(dataset), program))
        assert found_by_clingo(shown) == found_by_check(check(dataset, rules, Options(max_proofs=0)))


def solved(*texts: str) -> str:
    """Return what clingo shows, as the command would, without any function of Python's."""
    messages: list[str] = []
    control = clingo.Control(logger=lambda code, message: messages.append(f"{code} {message}"))
    for text in texts:
        control.add("base", [], text)
    control.ground([("base", [])])
    shown: list[str] = []
    control.solve(on_model=lambda model: shown.extend(str(symbol) for symbol in model.symbols(shown=True)))
    assert messages == []
    return " ".join(shown)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_the_corpus_alone_or_not_at_all(case: Path) -> None:
    """A program either runs alone and finds what check finds, or is refused because Python would have to help."""
    rule = parse_rule((case / "rule.fluo").read_text(encoding="utf-8"), case.name, "rule.fluo")
    spans = read_trace_text((case / "trace.txt").read_text(encoding="utf-8")).spans
    dataset, program = assemble(spans), program_of(rule)
    asp = to_asp(program)
    if asp.callbacks or asp.computed:
        with pytest.raises(UnsupportedError) as refused:
            standalone_asp(program)
        assert refused.value.code == "U101"
        assert case.name in refused.value.message
        return
    shown = solved(standalone_asp(program), asp_facts(FactStore(dataset), program))
    assert found_by_clingo(shown) == found_by_check(check(dataset, Ruleset((rule,)), Options(max_proofs=0)))


def program_of(rule: Rule) -> Program:
    return run_passes(lower(Ruleset((rule,))))


# --- the IR -------------------------------------------------------------------------------------------------------


def test_the_digest_is_of_what_a_rule_says() -> None:
    """Comments, places and bare words leave it alone; a value of another type does not."""
    one = program_of(parse_rule("never { a.where(x == 4) }", file="a.fluo"))
    moved = program_of(parse_rule("// a comment\nnever {\n  a.where(x == 4)\n}", file="b.fluo"))
    double = program_of(parse_rule("never { a.where(x == 4.0) }"))
    assert ir_digest(one) == ir_digest(moved)
    assert ir_digest(one) != ir_digest(double)


def test_the_digest_is_stable() -> None:
    """The form of the document is published: whoever changes it changes its version."""
    digest = ir_digest(program_of(parse_rule('when { a as $a } always { b.where(k in ["x", 2]) after $a within 3s }')))
    assert digest == "sha256:0edf0c323db0d986414ee429f04796e0326b6dfc2e934f1ab5b460522aaa5969"


def test_numbers_are_exact_in_the_document() -> None:
    """Numbers are texts: no reader rounds 64-bit integers or doubles."""
    text = json.dumps(ir_document(program_of(parse_rule("never { a.where(x == 9007199254740993 or x == 0.1) }"))))
    assert '{"type": "integer", "value": "9007199254740993"}' in text
    assert '{"type": "double", "value": "0.1"}' in text


@pytest.mark.parametrize("path", [RULES, *CASES], ids=lambda path: path.name)
def test_every_rule_has_a_document(path: Path) -> None:
    """The document is JSON for every rule of the corpus, and its digest does not depend on origins."""
    rules = load_rules([path / "rule.fluo" if (path / "rule.fluo").exists() else path])
    document = json.loads(json.dumps(ir_document(run_passes(lower(rules)))))
    assert document["schema"] == "fluo-ir/1"
    assert [plan["rule"] for plan in document["rules"]] == [rule.id for rule in rules.rules]


# --- facts --------------------------------------------------------------------------------------------------------

TRACE: Final = json.dumps(
    {
        "resourceSpans": [
            {
                "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]},
                "scopeSpans": [
                    {
                        "spans": [
                            {
                                "traceId": "0" * 31 + "1",
                                "spanId": "0" * 15 + "1",
                                "name": 'say "é"\n',
                                "kind": 2,
                                "startTimeUnixNano": "1700000000000000000",
                                "endTimeUnixNano": "1700000001000000000",
                                "attributes": [
                                    {"key": "big", "value": {"intValue": "9007199254740993"}},
                                    {"key": "user.id", "value": {"stringValue": "ann"}},
                                ],
                                "droppedAttributesCount": 3,
                                "status": {"code": 2},
                                "events": [{"name": "oops", "timeUnixNano": "1700000000500000000"}],
                            },
                            {
                                "traceId": "0" * 31 + "1",
                                "spanId": "0" * 15 + "2",
                                "parentSpanId": "0" * 15 + "1",
                                "name": "inner",
                                "startTimeUnixNano": "1700000000100000000",
                                "links": [{"traceId": "0" * 31 + "1", "spanId": "0" * 15 + "1"}],
                            },
                            {"traceId": "0" * 31 + "2", "spanId": "0" * 15 + "3", "name": "other"},
                        ]
                    }
                ],
            }
        ]
    }
)
RULE: Final = 'rule r { across traces by user.id when { inner as $i } never { "say" before $i } }'
SUMS: Final = "rule sums {\n  never { sum(a.x) > 3 }\n}\nrule fine { never { a } }\n"
INVOCATIONS: Final = {
    "compile-asp": (["compile", "r.fluo"], 0),
    "compile-datalog": (["compile", "r.fluo", "--to", "datalog"], 0),
    "compile-souffle": (["compile", "r.fluo", "--to", "souffle"], 0),
    "compile-ir": (["compile", "r.fluo", "--to", "ir"], 0),
    "compile-unsupported": (["compile", "sums.fluo"], 2),
    "compile-one-rule": (["compile", "sums.fluo", "--rule", "fine"], 0),
    "compile-no-such-rule": (["compile", "sums.fluo", "--rule", "fin"], 3),
    "compile-no-such-form": (["compile", "r.fluo", "--to", "aps"], 3),
    "compile-no-folder": (["compile", "r.fluo", "-o", "none/r.lp"], 3),
    "compile-no-rules": (["compile"], 3),
    "facts": (["facts", "--traces", "t.json"], 0),
    "facts-of-rules": (["facts", "r.fluo", "--traces", "t.json"], 0),
    "facts-names": (["facts", "--traces", "t.json", "--to", "names"], 0),
    "facts-csv": (["facts", "--traces", "t.json", "--to", "csv"], 0),
    "facts-datalog": (["facts", "--traces", "t.json", "--to", "datalog"], 0),
    "facts-scope": (["facts", "--traces", "t.json", "--scope", "0" * 31 + "2"], 0),
    "facts-scope-key": (["facts", "r.fluo", "--traces", "t.json", "--scope", "ann", "--to", "csv"], 0),
    "facts-no-such-scope": (["facts", "--traces", "t.json", "--scope", "ff"], 3),
    "facts-no-such-form": (["facts", "--traces", "t.json", "--to", "parket"], 3),
    "facts-no-traces": (["facts"], 3),
    "facts-partly": (["facts", "--traces", "partly.json", "--to", "csv"], 3),
    "facts-souffle-without-folder": (["facts", "r.fluo", "--traces", "t.json", "--to", "souffle"], 3),
}


@pytest.mark.parametrize("name", INVOCATIONS)
def test_invocations(name: str, files: Files, fluo: Fluo, golden: Callable[[Path, str], None]) -> None:
    """Each invocation has its status, output and errors."""
    partly = TRACE.replace('"spanId": "0000000000000003"', '"spanId": "x"')
    files({"r.fluo": RULE, "sums.fluo": SUMS, "t.json": TRACE, "partly.json": partly})
    words, due = INVOCATIONS[name]
    status, out, err = fluo(*words)
    golden(GOLDEN / f"{name}.txt", f"{out}--- stderr\n{err}")
    assert status == due


def test_sql_is_the_plan_of_the_relational_engine(files: Files, fluo: Fluo) -> None:
    """SQL needs the package that prints it, which is optional."""
    pytest.importorskip("sqlglot")
    files({"r.fluo": RULE})
    status, out, err = fluo("compile", "r.fluo", "--to", "sql")
    assert (status, err) == (0, "")
    assert "SELECT" in out


def test_without_the_package_sql_says_how_to_get_it(files: Files, fluo: Fluo, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing optional package is an error with a hint."""
    files({"r.fluo": RULE})
    for name in [name for name in sys.modules if name.startswith("fluo_logic.translate.relational")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sqlglot", None)
    status, out, err = fluo("compile", "r.fluo", "--to", "sql")
    assert (status, out) == (3, "")
    assert err.startswith("error[C150]: this form needs the package sqlglot\n")


def test_a_folder_gets_a_file_for_each_predicate(files: Files, fluo: Fluo) -> None:
    """The header of each CSV file names the arguments as the catalogue does."""
    folder = files({"r.fluo": RULE, "t.json": TRACE})
    assert fluo("facts", "--traces", "t.json", "--to", "csv", "-o", "out") == (0, "", "")
    assert {path.stem for path in (folder / "out").iterdir()} == {"trace_id", "span_id", *CATALOGUE}
    rows = list(csv.reader(io.StringIO((folder / "out" / "span.csv").read_text(encoding="utf-8"))))
    assert rows[0] == ["T", "Id", "Name"]
    assert ["0", "0", "other"] in rows or ["1", "2", "other"] in rows
    assert fluo("facts", "r.fluo", "--traces", "t.json", "--to", "souffle", "-o", "dl") == (0, "", "")
    assert (folder / "dl" / "span.csv").exists()


def test_catalogue_facts_are_read_by_clingo_as_they_are(files: Files) -> None:
    """Quotes, line ends and integers of 64 bits come back as they went in."""
    folder = files({"t.json": TRACE})
    store = FactStore(read_traces(folder / "t.json"))
    control = clingo.Control()
    control.add("base", [], asp_facts(store, None))
    control.ground([("base", [])])
    texts = {
        argument.string
        for atom in control.symbolic_atoms
        for argument in atom.symbol.arguments
        if argument.type is clingo.SymbolType.String
    }
    assert {'say "é"\n', "9007199254740993", "1700000000000000000", "oops", "shop"} <= texts
    assert len(list(control.symbolic_atoms)) == sum(len(list(rows)) for _, rows in fact_rows(store))


def test_catalogue_facts_are_read_by_pydatalog(files: Files) -> None:
    """The statements load, and a text that looks like a Python constant stays a text."""
    pydatalog = pytest.importorskip("pyDatalog.pyDatalog")
    from fluo_logic.tooling.fact_rows import datalog_facts  # noqa: PLC0415 - only where pyDatalog is

    folder = files({"t.json": TRACE.replace("inner", "True")})
    store = FactStore(read_traces(folder / "t.json"))
    pydatalog.clear()
    pydatalog.load(datalog_facts(store))
    assert len(pydatalog.ask("span(X, Y, Z)").answers) == 3
    assert pydatalog.ask("starts(X, '1700000000000000000')").answers != []
    pydatalog.clear()
