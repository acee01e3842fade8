"""What a command does not use it does not import: help and small checks start quickly."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.columnar.test_json_lines import SPAN, document

HEAVY = (
    "duckdb",
    "IPython",
    "narwhals",
    "networkx",
    "numpy",
    "pandas",
    "polars",
    "ptars",
    "pyarrow",
    "pyspark",
    "pyspark",
    "sqlglot",
)
SOLVERS = ("clingo", "lark", "opentelemetry", "google.protobuf", "yaml", "zstandard")
RULE = 'rule none "none" { never { forbidden } }'
PROBE = """
import sys
from fluo_logic.cli import main
code = main(sys.argv[1:])
print(*sorted(sys.modules), file=sys.stderr)
sys.exit(code)
"""


def imported(*arguments: str) -> set[str]:
    """Run the command line in a process of its own; return the modules that it imported."""
    command = [sys.executable, "-c", PROBE, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - ours
    return set(done.stderr.split())


def test_help_imports_next_to_nothing() -> None:
    """`fluo --help` imports no solver, no parser, no format of traces and nothing for large data."""
    assert imported("--help").isdisjoint({*HEAVY, *SOLVERS})


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_small_check_imports_no_engine_for_large_data(tmp_path: Path, form: str) -> None:
    """A check of a small file needs clingo and lark, not what scans and tables are made with."""
    (tmp_path / "rule.fluo").write_text(RULE, encoding="utf-8")
    (tmp_path / "traces.jsonl").write_text(document(SPAN), encoding="utf-8")
    files = (str(tmp_path / "rule.fluo"), "--traces", str(tmp_path / "traces.jsonl"))
    found = imported("check", *files, "--format", form)
    assert "clingo" in found
    assert found.isdisjoint(HEAVY)
