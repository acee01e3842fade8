"""Reports as data frames: the same columns and values in every library, whatever was found."""

from __future__ import annotations

import sys
from typing import Any

import narwhals as nw
import pandas as pd
import pytest

import fluo_logic as fl
from fluo_logic.errors import ConfigError
from fluo_logic.report.frame import BACKENDS, CONTENTS, TABLES
from tests.report.conftest import START
from tests.report.test_forms import SMALL

EMPTY = fl.check(b'{"resourceSpans": []}', fl.rule("never { a }", id="r"))
KINDS: dict[str, Any] = {
    "text": nw.String,
    "integer": nw.Int64,
    "flag": nw.Boolean,
    "time": nw.Datetime("ns", "UTC"),
}


def columns(content: str) -> list[tuple[str, str]]:
    return [*next(table for name, table in TABLES.items() if name == content).columns.items()]


def frame(report: fl.Report, content: str, backend: str) -> nw.DataFrame[Any]:
    words: dict[str, Any] = {"content": content, "backend": backend}
    return nw.from_native(report.to_frame(**words), eager_only=True)


def rows(report: fl.Report, content: str, backend: str) -> list[dict[str, Any]]:
    """Return the rows with what each library has for a missing value as None."""
    found = frame(report, content, backend)
    times = [name for name, kind in columns(content) if kind == "time"]
    found = found.with_columns(nw.col(*times).dt.timestamp("ns")) if times else found
    return [{name: None if pd.isna(value) else value for name, value in row.items()} for row in found.rows(named=True)]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("empty", [False, True])
def test_columns_and_types_do_not_depend_on_what_was_found(
    mixed: fl.Report,
    content: str,
    backend: str,
    empty: bool,  # noqa: FBT001
) -> None:
    """An empty report has the columns of a full one, and every library the same types."""
    found = frame(EMPTY if empty else mixed, content, backend)
    assert found.columns == [name for name, _ in columns(content)]
    for name, kind in columns(content):
        assert found.schema[name] == KINDS[kind], name


@pytest.mark.parametrize("content", CONTENTS)
def test_every_library_has_the_same_rows(
    mixed: fl.Report, everything: tuple[fl.Report, list[fl.Explanation]], content: str
) -> None:
    """Texts, counts, times to the nanosecond and what is missing are the same in all of them."""
    for report in (mixed, everything[0], SMALL):
        first, *others = (rows(report, content, backend) for backend in BACKENDS)
        assert first
        assert others == [first, first]


def test_a_span_without_a_start_has_none(mixed: fl.Report) -> None:
    """A time that is not known is missing, not the beginning of the epoch."""
    assert rows(mixed, "spans", "pandas")[0]["start"] == START + 10**9
    assert [rows(SMALL, "spans", backend)[0]["start"] for backend in BACKENDS] == [None, None, None]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_row_of_a_violation_says_all_there_is_in_flat_values(mixed: fl.Report, backend: str) -> None:
    """Rule, verdict, scope, first span and what excuses it stand in columns of their own."""
    table = rows(mixed, "violations", backend)
    assert len(table) == len(mixed.violations)
    row = table[1]
    assert (row["rule"], row["severity"], row["verdict"]) == ("audited", "critical", "violated")
    assert (row["scope_key"], row["scope"]) == ("trace_id", f"{2:032x}")
    assert (row["name"], row["span_id"], row["service"], row["spans"]) == ("admin.action", f"{1:016x}", None, 1)
    assert (row["waived"], row["owner"], row["expires"]) == (True, "ops@example", "2026-12-31")
    assert [one["known"] for one in table] == [False, False, True, False, False, False]
    assert row["start"] == START + 2 * 10**9


def test_times_are_exact_to_the_nanosecond(mixed: fl.Report) -> None:
    """No library rounds a time to a double or to microseconds."""
    expected = [START + offset * 10**9 for offset in (1, 2, 3, 4, 5, 100)]
    assert mixed.to_frame(backend="polars")["start"].to_physical().to_list() == expected
    assert mixed.to_frame(backend="pyarrow")["start"].cast("int64").to_pylist() == expected
    assert mixed.to_frame(backend="pandas")["start"].astype("int64").to_list() == expected


def test_rules_have_their_counts(mixed: fl.Report) -> None:
    """A row for every rule, with what became of it, also of those without any violation."""
    table = {row["rule"]: row for row in rows(mixed, "rules", "polars")}
    assert {rule: row["outcome"] for rule, row in table.items()} == {
        "audited": "violated",
        "answered": "pending",
        "quiet": "satisfied",
        "idle": "vacuous",
    }
    audited = table["audited"]
    assert (audited["violated"], audited["violations"], audited["waived_violations"]) == (5, 3, 1)
    assert (audited["file"], audited["line"], audited["obligations"]) == ("rules/mixed.fluo", 2, 5)


def test_a_library_is_taken_that_is_there(mixed: fl.Report, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a name the first library that is installed makes the frame; without, the error says what to install."""
    assert type(mixed.to_frame()).__module__.startswith("pandas")
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert type(mixed.to_frame()).__module__.startswith("polars")
    with pytest.raises(ConfigError, match="a frame needs pandas, which is not installed") as raised:
        mixed.to_frame(backend="pandas")
    assert raised.value.hint == "pip install pandas"
    for name in BACKENDS:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ConfigError, match="a frame needs pandas, polars or pyarrow"):
        mixed.to_frame()


@pytest.mark.parametrize(("words", "said"), [({"content": "spanz"}, "spans"), ({"backend": "panda"}, "pandas")])
def test_a_wrong_word_is_an_error_that_helps(words: dict[str, Any], said: str) -> None:
    """A content or library that there is not is told with the one that was meant."""
    with pytest.raises(ConfigError) as raised:
        EMPTY.to_frame(**words)
    assert said in str(raised.value.hint)
