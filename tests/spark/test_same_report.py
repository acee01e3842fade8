"""Spark reports what DuckDB does: spans, verdicts, violations, proofs, problems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fluo_logic.facts.model import Span
from fluo_logic.lang.syntax import Rule, Ruleset
from fluo_logic.pipeline import Options, check
from fluo_logic.report.violation import Report
from tests.test_cases import CASES, GROUPS, load

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytest.importorskip("pyspark")
pytest.importorskip("duckdb")

from tests.columnar.test_same_report import MANY as MANY_RULES  # noqa: E402 - likewise
from tests.columnar.test_same_report import ODD, hexadecimal, rules_of, span, written  # noqa: E402 - needs DuckDB

ROOT = Path(__file__).parents[2]
FILES = 3


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
        of_case = [replace(found, trace_id=f"{folder.name}/{found.trace_id}") for found in case.spans]
        spans.extend(hexadecimal(of_case))
    return spans, Ruleset(tuple(rules))


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
