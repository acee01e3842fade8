"""Spark reports what DuckDB does: spans, verdicts, violations, proofs, problems."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import fluo_logic
from fluo_logic.cli import main
from fluo_logic.errors import EXIT_VIOLATIONS
from fluo_logic.facts.model import Span
from fluo_logic.lang.parse import load_rules
from fluo_logic.lang.syntax import Rule, Ruleset
from fluo_logic.pipeline import Options, check
from fluo_logic.report.violation import Report
from fluo_logic.tooling.example_spans import example_spans
from tests.test_cases import CASES, GROUPS, load

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytest.importorskip("pyspark")
pytest.importorskip("duckdb")

from tests.columnar.test_same_report import MANY as MANY_RULES  # noqa: E402 - likewise
from tests.columnar.test_same_report import ODD, hexadecimal, rules_of, span, written  # noqa: E402 - needs DuckDB

ROOT = Path(__file__).parents[2]
FILES = 3
TIMES = re.compile(r"\b[\d.]+ ?(?:ms|s)\b")


def both(inputs: Any, rules: Ruleset, spark: SparkSession, options: Options | None = None) -> tuple[Report, Report]:  # noqa: ANN401
    options = options or Options(max_proofs=3)
    here = check(inputs, rules, replace(options, engine="duckdb"))
    return check(inputs, rules, replace(options, engine="spark", spark=spark)), here


def scattered(spans: Sequence[Span], folder: Path) -> list[Path]:
    """Write spans to several files, so that most traces are in all of them."""
    files = [folder / f"{number}.binpb" for number in range(FILES)]
    for number, file in enumerate(files):
        file.write_bytes(written(spans[number::FILES]))
    return files


def corpus(group: Path) -> tuple[list[Span], Ruleset]:
    """Return the spans and the rules of all the cases of a group; each case has traces of its own."""
    spans: list[Span] = []
    rules: list[Rule] = []
    for folder in CASES:
        if folder.parent != group:
            continue
        case = load(folder)
        rules.append(replace(case.rule, id=f"case-{len(rules)}"))
        spans.extend(hexadecimal([_apart(found, folder.name) for found in case.spans]))
    return spans, Ruleset(tuple(rules))


def _apart(found: Span, case: str) -> Span:
    def trace_id(own: str) -> str:
        return hashlib.sha256(f"{case}/{own}".encode()).hexdigest()[:32]

    links = tuple(replace(link, trace_id=trace_id(link.trace_id)) for link in found.links)
    return replace(found, trace_id=trace_id(found.trace_id), links=links)


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_the_corpus_is_reported_alike(group: Path, spark: SparkSession, tmp_path: Path) -> None:
    """The rules of the corpus of cases on all its traces, whose spans lie scattered over files."""
    spans, rules = corpus(group)
    there, here = both(scattered(spans, tmp_path), rules, spark)
    assert there == here


def test_odd_spans_are_reported_alike(spark: SparkSession, tmp_path: Path) -> None:
    """Copies that differ, circles, numbers of every kind, events and links, among sound traces."""
    spans = [replace(span(1), trace_id=f"{number:032x}") for number in range(1, 12)]
    for number, odd in enumerate(ODD.values(), 100):
        spans.extend(replace(found, trace_id=f"{number:032x}") for found in odd)
    there, here = both(scattered(spans, tmp_path), rules_of(MANY_RULES), spark)
    assert there == here


def test_case_studies_are_reported_alike(spark: SparkSession, tmp_path: Path) -> None:
    """All rules of the case studies, on all their examples and on what the applications of the incidents export."""
    rules = load_rules([ROOT / "rules/case-studies"])
    spans: list[Span] = []
    for rule in rules.rules:
        for number, example in enumerate(rule.examples):
            spans.extend(hexadecimal([_apart(found, f"{rule.id} {number}") for found in example_spans(example)]))
    scattered(spans, tmp_path)
    if find_spec("opentelemetry.sdk") and find_spec("opentelemetry.exporter"):
        from tests.incidents.test_incidents import CATALOGUE  # noqa: PLC0415 - it is passed over without the SDK

        assert CATALOGUE.main([str(tmp_path / "incidents")]) == 0
    there, here = both(tmp_path, rules, spark)
    assert there == here
    assert len({violation.rule for violation in here.violations}) > len(rules.rules) / 2


def test_the_command_line_writes_the_same_report(
    spark: SparkSession, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--engine spark` takes the session that is active, and what is printed is what the engine `duckdb` prints."""
    assert spark is not None
    spans = [replace(span(1), trace_id=f"{number:032x}", name=f"step {number % 3}") for number in range(1, 12)]
    scattered(spans, tmp_path)
    rules = tmp_path / "rules.fluo"
    rules.write_text('rule none "none" { never { "step 1" } }\n', encoding="utf-8")
    printed = []
    for engine in ("duckdb", "spark"):
        status = main(["check", str(rules), "--traces", str(tmp_path / "*.binpb"), "--engine", engine])
        assert status == EXIT_VIOLATIONS
        printed.append(TIMES.sub("", capsys.readouterr().out))
    assert printed[0] == printed[1]


def test_the_session_is_left_as_it_was(spark: SparkSession) -> None:
    """A check leaves no view, no function and no setting behind, and the user's session is the active one."""
    before = spark.conf.getAll
    check(written([span(1)]), rules_of(MANY_RULES), Options(engine="spark", spark=spark))
    assert spark.catalog.listTables() == []
    assert not spark.catalog.functionExists("fluo_sum")
    assert spark.conf.getAll == before
    assert type(spark).getActiveSession() is spark


def test_traces_in_memory_are_checked(spark: SparkSession) -> None:
    """Bytes and several inputs of a kind are sent to an executor; `spark=` alone chooses the engine."""
    inputs = [written([span(1)]), written([span(2, parent_id=f"{1:016x}")])]
    rules = rules_of('rule tree "tree" { never { * descendant of * } }')
    found = fluo_logic.check(inputs, rules, spark=spark)
    assert found == fluo_logic.check(inputs, rules, engine="duckdb")
    assert len(found.violations) == 1
