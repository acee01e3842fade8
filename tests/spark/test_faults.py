"""What goes wrong on Spark: tasks that fail, damaged files, packages and Java that are missing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fluo_logic.errors import EXIT_INPUT, ConfigError
from fluo_logic.pipeline import Options, check

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

RULE = 'rule none "none" { never { forbidden } }'
TRACES = Path(__file__).parents[2] / "docs/data/checkout.otlp.json"


@dataclass(frozen=True)
class FailingRead:
    """Reads as the executors do, but fails first: once for each marker that is not there yet, or always."""

    read: Any
    marker: str | None

    def __call__(self, batches: Iterable[Any]) -> Iterator[Any]:
        yield from self.read(batches)
        if self.marker is None or not Path(self.marker).exists():
            if self.marker is not None:
                Path(self.marker).touch()
            message = "the disk of this machine is gone"
            raise OSError(message)


def files(folder: Path) -> list[Path]:
    from tests.columnar.test_same_report import span, written  # noqa: PLC0415 - needs optional packages

    found = []
    for number in range(3):
        spans = [replace(span(number + 1), trace_id=f"{trace:032x}") for trace in range(1, 6)]
        spans[number] = replace(spans[number], name="forbidden")
        found.append(folder / f"{number}.binpb")
        found[-1].write_bytes(written(spans))
    return found


def rules() -> Any:  # noqa: ANN401
    from tests.columnar.test_same_report import rules_of  # noqa: PLC0415 - likewise

    return rules_of(RULE)


def test_a_task_that_fails_is_tried_again(spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task that breaks off after it has read is run again, and nothing is counted twice."""
    from fluo_logic.spark import executors  # noqa: PLC0415 - likewise

    inputs = files(tmp_path)
    here = check(inputs, rules(), Options(engine="duckdb"))
    marker = tmp_path / "failed"
    monkeypatch.setattr(executors, "read", FailingRead(executors.read, str(marker)))
    there = check(inputs, rules(), Options(engine="spark", spark=spark))
    assert marker.exists()
    assert there == here
    assert len(there.violations) == 3


def test_a_job_that_fails_tells_its_cause(spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where every attempt fails, the error is that of the task, in a line."""
    from fluo_logic.spark import executors  # noqa: PLC0415 - likewise

    monkeypatch.setattr(executors, "read", FailingRead(executors.read, None))
    with pytest.raises(ConfigError) as raised:
        check(files(tmp_path), rules(), Options(engine="spark", spark=spark))
    assert raised.value.code == "C503"
    assert raised.value.message == "the Spark job failed: OSError: the disk of this machine is gone"


def test_damaged_files_are_told_and_the_rest_counts(spark: SparkSession, tmp_path: Path) -> None:
    """Among good files: one that is cut, one that is no traces, one that is empty, and one that is not there."""
    inputs: list[Any] = files(tmp_path)
    cut = tmp_path / "cut.binpb"
    cut.write_bytes(inputs[0].read_bytes()[:-9])
    other = tmp_path / "other.json"
    other.write_text('{"rows": [1, 2]}', encoding="utf-8")
    empty = tmp_path / "empty.json"
    empty.touch()
    inputs = [tmp_path / "missing.json", cut, other, *inputs, empty, TRACES.read_bytes()]
    here = check(inputs, rules(), Options(engine="duckdb"))
    there = check(inputs, rules(), Options(engine="spark", spark=spark))
    assert len(here.data.problems) >= 4
    assert there == here


def test_times_beyond_63_bits_are_exact(spark: SparkSession, tmp_path: Path) -> None:
    """A span that starts at an unsigned 64-bit time is compared as it is."""
    from tests.columnar.test_same_report import rules_of, span, written  # noqa: PLC0415 - likewise

    late = 2**63
    file = tmp_path / "late.binpb"
    file.write_bytes(written([span(1), replace(span(2), start=late + 1, end=late + 7)]))
    text = 'rule short "short" { when { step as $s } always { $s.span:duration <= 5ns } }'
    text += 'rule early "early" { when { step as $s and step as $t and $s before $t } never { $s is not $t } }'
    here = check(file, rules_of(text), Options(engine="duckdb"))
    assert here.violations
    assert check(file, rules_of(text), Options(engine="spark", spark=spark)) == here


def fluo(*arguments: str, code: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    program = f"import sys\n{code}\nfrom fluo_logic.cli import main\nsys.exit(main())"
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(  # noqa: S603 - this interpreter
        command, capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )


def test_missing_java_is_an_error_that_helps(tmp_path: Path) -> None:
    """Without Java there is one message, no stack trace, and the exit status of a wrong environment."""
    pytest.importorskip("pyspark")
    pytest.importorskip("duckdb")
    file = tmp_path / "rules.fluo"
    file.write_text(RULE, encoding="utf-8")
    found = fluo("check", str(file), "--traces", str(TRACES), "--engine", "spark", JAVA_HOME=str(tmp_path / "nowhere"))
    assert found.returncode == EXIT_INPUT
    assert found.stderr.startswith("error[C501]: Spark cannot be started: ")
    assert "hint: it needs Java 17 or later" in found.stderr
    assert "Traceback" not in found.stderr
    assert len(found.stderr.splitlines()) == 2


@pytest.mark.parametrize("package", ["pyspark", "duckdb", "pandas"])
def test_a_missing_package_is_an_error_that_helps(package: str, tmp_path: Path) -> None:
    """Without PySpark, or what it stands on, the message tells what to install."""
    pytest.importorskip("pyspark")
    file = tmp_path / "rules.fluo"
    file.write_text(RULE, encoding="utf-8")
    arguments = ("check", str(file), "--traces", str(TRACES), "--engine", "spark")
    found = fluo(*arguments, code=f"sys.modules[{package!r}] = None")
    assert found.returncode == EXIT_INPUT
    assert found.stderr == (
        f"error[C140]: the engine spark needs the package {package}, which is not installed\n"
        "  = hint: pip install 'fluo_logic[spark]'\n"
    )
