"""More spans than are held at once are scanned in groups of whole traces, and reported as one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluo_logic.facts.columnar import groups, tasks
from fluo_logic.facts.columnar.read import Reading
from fluo_logic.facts.model import Span
from fluo_logic.facts.problems import Code
from fluo_logic.facts.readers import read_traces
from fluo_logic.pipeline import check
from fluo_logic.solve import registry
from tests.columnar.test_same_report import MANY, hexadecimal, random_examples, rules_of, scanned, span, written
from tests.oracle.strategies import traces as random_traces
from tests.readers.writing import FILES

pytest.importorskip("duckdb")
pytest.importorskip("ptars")

WITHIN = "\n".join(line for line in MANY.splitlines() if "across" not in line and "linked" not in line)
"""Rules that say of a trace what depends on this trace alone."""


@pytest.fixture(autouse=True)
def _in_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "SCAN_FROM_BYTES", 0)
    monkeypatch.setattr(tasks, "CHUNK_BYTES", 100)
    monkeypatch.setattr(groups, "GROUP", 4)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return how many spans are scanned at once, each time."""
    from fluo_logic.solve import duck_scan  # noqa: PLC0415 - needs an optional package

    run = duck_scan.Scan.run
    found: list[int] = []

    def noted(self: Any, table: Any) -> Any:  # noqa: ANN401
        found.append(len(table))
        return run(self, table)

    monkeypatch.setattr(duck_scan.Scan, "run", noted)
    return found


def files(folder: Path, *parts: Sequence[Span]) -> list[Path]:
    found = [folder / f"{number:03}.binpb" for number in range(len(parts))]
    for file, spans in zip(found, parts, strict=True):
        file.write_bytes(written(spans))
    return found


def of_trace(trace: int, *numbers: int, **more: Any) -> list[Span]:  # noqa: ANN401
    return [
        Span(f"{trace:032x}", f"{number:016x}", "step", start=1000 * number, end=1000 * number + 500, **more)
        for number in numbers
    ]


def test_groups_are_reported_as_one(tmp_path: Path, runs: list[int]) -> None:
    """Many traces, of which some have more spans than a rule allows: counts, violations and proofs are the same."""
    parts = [of_trace(number, *range(1, 3 + number % 3)) for number in range(1, 20)]
    inputs = files(tmp_path, *parts)
    rules = rules_of(WITHIN)
    assert scanned(inputs, rules)[1] == check(read_traces(inputs), rules)
    assert len(runs) > 5


def test_a_trace_that_goes_on_in_the_next_group_is_moved_there(tmp_path: Path, runs: list[int]) -> None:
    """The spans of one trace are scanned together, in whichever files they are; nothing is read twice for that."""
    parts = [[*of_trace(number, 1, 2), *of_trace(number + 1, 3, 4)] for number in range(1, 20)]
    inputs = files(tmp_path, *parts)
    rules = rules_of(WITHIN)
    assert scanned(inputs, rules)[1] == check(read_traces(inputs), rules)
    assert sum(runs) == 76


def test_traces_that_are_scattered_are_gathered(tmp_path: Path, runs: list[int]) -> None:
    """Where traces have spans in the first file and in the last, all is read again for each group."""
    parts = [of_trace(number, 1, 2) for number in range(1, 20)]
    inputs = files(tmp_path, of_trace(100, 1, 2), of_trace(101, 1), *parts, of_trace(100, 3, 4))
    rules = rules_of(WITHIN)
    assert scanned(inputs, rules)[1] == check(read_traces(inputs), rules)
    assert sum(runs) > 43


def test_rules_across_traces_see_everything_at_once(tmp_path: Path, runs: list[int]) -> None:
    """A rule that compares traces is never scanned in groups, nor are the rules beside it."""
    inputs = files(tmp_path, *(of_trace(number, 1, attributes={"text": "x"}) for number in range(1, 20)))
    rules = rules_of(WITHIN + '\nrule twice "twice" { across traces by text always { count(*) > 1 } }')
    assert scanned(inputs, rules)[1] == check(read_traces(inputs), rules)
    assert runs == [19]


@random_examples(25)
@given(spans=random_traces(), size=st.integers(1, 3), spelling=st.sampled_from(sorted(FILES)))
def test_random_spans_in_random_files(
    tmp_path_factory: pytest.TempPathFactory, spans: list[Span], size: int, spelling: str
) -> None:
    """Random traces in pieces of any format, some in order and some not."""
    folder = tmp_path_factory.mktemp("files")
    known = hexadecimal(spans)
    for number, first in enumerate(range(0, len(known), size)):
        ending = "binpb" if spelling.startswith("protobuf") else "json"
        (folder / f"{number:03}.{ending}").write_bytes(FILES[spelling](known[first : first + size]))
    (folder / "zzz.binpb").write_bytes(written([span(99)]))
    rules = rules_of(WITHIN)
    assert scanned(folder, rules)[1] == check(read_traces(folder), rules)


def test_an_input_that_turns_out_odd_is_read_exactly(tmp_path: Path) -> None:
    """Where a part of a large file cannot be a column, that file alone is read again, span by span."""
    sound = files(tmp_path, *(of_trace(number, 1) for number in range(1, 5)))
    odd = tmp_path / "odd.jsonl"
    lines = [FILES["json-lines"](of_trace(number, 1)) for number in range(10, 20)]
    odd.write_bytes(b"".join(lines).replace(b'"1000"', b'"1000 "', 1))
    inputs = [*sound, odd]
    rules = rules_of(WITHIN)
    assert scanned(inputs, rules)[1] == check(read_traces(inputs), rules)


def test_a_file_that_grows_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is appended while a file is read is not read, and is told; nothing else of it changes."""
    (file,) = files(tmp_path, of_trace(1, 1, 2))
    pieces = Reading.pieces

    def growing(self: Reading) -> Any:  # noqa: ANN401
        yield from pieces(self)
        with file.open("ab") as more:
            more.write(written(of_trace(2, 1)))

    monkeypatch.setattr(Reading, "pieces", growing)
    _, report = scanned([file], rules_of('rule none "none" { never { forbidden } }'))
    assert report.data.spans == 2
    assert [problem.code for problem in report.data.problems] == [Code.FILE_GREW.value]
