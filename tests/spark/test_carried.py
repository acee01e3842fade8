"""What executors hand to each other: spans, exactly, and how many parts traces go into."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings

from fluo_logic.facts.model import Event, Link, Span
from tests.readers.strategies import span_lists

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytest.importorskip("pyspark")
pytest.importorskip("duckdb")


@given(spans=span_lists)
@settings(max_examples=30)
def test_spans_arrive_as_they_were(spans: list[Span]) -> None:
    """Every value, type and place of any spans is the same after they were packed."""
    from fluo_logic.spark.carried import packed, unpacked  # noqa: PLC0415 - needs an optional package

    found = list(unpacked([packed(spans)]))
    assert repr(found) == repr(spans)
    assert [span.origin for span in found] == [span.origin for span in spans]


def test_spans_with_nothing_beside_their_names_arrive() -> None:
    """What readers leave at its default is packed, too."""
    from fluo_logic.spark.carried import packed, unpacked  # noqa: PLC0415 - likewise

    spans = [Span("t", "s", "name", events=(Event("e"),), links=(Link("t", "u"),))]
    assert list(unpacked([packed(spans)])) == spans


def test_little_data_goes_into_few_parts(spark: SparkSession, tmp_path: Path) -> None:
    """There is a part for each 16 MB, one for each core at least, and no more than Spark is set to."""
    from fluo_logic.spark.executors import Task  # noqa: PLC0415 - likewise
    from fluo_logic.spark.scan import PART, PARTS, parts_for  # noqa: PLC0415 - likewise

    session = spark.newSession()
    session.conf.set(PARTS, "5")
    file = tmp_path / "traces.binpb"

    def parts(size: int) -> int:
        with file.open("wb") as opened:
            opened.truncate(size)
        return parts_for(session, [Task(0, path=file)])

    assert [parts(size) for size in (0, PART * 3, PART * 100)] == [2, 4, 5]
    assert parts_for(session, [Task(0, url="s3://bucket/traces.binpb")]) == 5
