"""DataFrames: the same spans whatever the library, and clear words for what is no table of spans."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import fluo_logic as fl
from fluo_logic.facts.dataset import assemble
from fluo_logic.facts.model import Event, Kind, Link, Resource, Scope, Span, Status
from fluo_logic.facts.problems import Code
from fluo_logic.facts.readers import read_traces
from fluo_logic.facts.readers.frames import read_frame
from fluo_logic.facts.writers import arrow as writer
from tests.readers.test_otlp_writer import TRACE, content

nw = pytest.importorskip("narwhals", reason="needs the extra frames")
pa = pytest.importorskip("pyarrow", reason="needs the extra frames")
pd = pytest.importorskip("pandas", reason="needs pandas")
pl = pytest.importorskip("polars", reason="needs Polars")

SECOND = 1_700_000_000 * 10**9
Table = Any  # of PyArrow


def relation(table: Table) -> object:
    duckdb = pytest.importorskip("duckdb")
    return duckdb.connect().from_arrow(table)


LIBRARIES: dict[str, Callable[[Table], object]] = {
    "pandas": lambda table: table.to_pandas(),
    "pandas with Arrow": lambda table: table.to_pandas(types_mapper=pd.ArrowDtype),
    "Polars": pl.from_arrow,
    "Polars, lazy": lambda table: pl.DataFrame(pl.from_arrow(table)).lazy(),
    "PyArrow": lambda table: table,
    "PyArrow batch": lambda table: table.to_batches()[0],
    "PyArrow reader": lambda table: table.to_reader(),
    "DuckDB": relation,
    "narwhals": lambda table: nw.from_native(pl.from_arrow(table)),
}
every_library = pytest.mark.parametrize("make", LIBRARIES.values(), ids=LIBRARIES)
Make = Callable[[Table], object]

FLAT: dict[str, list[Any]] = {
    "TraceID": [TRACE, TRACE],
    "span_id": [f"{1:016x}", f"{2:016x}"],
    "parent_span_id": [None, f"{1:016x}"],
    "name": ["charge", "audit"],
    "span_kind": ["SPAN_KIND_CLIENT", None],
    "status_code": ["ERROR", "UNSET"],
    "start_time": [SECOND + 1, SECOND + 2],
    "duration_ms": [1.0, 2.0],
    "service.name": ["shop", None],
    "attributes.cart.id": ["c1", None],
    "attributes.attempt": [2, 3],
    "resource.host": ["h", "h"],
}
SPANS = (
    Span(
        TRACE,
        f"{1:016x}",
        "charge",
        kind=Kind.CLIENT,
        status=Status.ERROR,
        start=SECOND + 1,
        end=SECOND + 1_000_001,
        attributes={"cart.id": "c1", "attempt": 2},
        resource=Resource({"host": "h", "service.name": "shop"}),
    ),
    Span(
        TRACE,
        f"{2:016x}",
        "audit",
        parent_id=f"{1:016x}",
        start=SECOND + 2,
        end=SECOND + 2_000_002,
        attributes={"attempt": 3},
        resource=Resource({"host": "h"}),
    ),
)


@every_library
def test_columns_of_attributes_are_read(make: Make) -> None:
    """A column for each attribute is what notebooks have: missing cells are missing, whole numbers stay whole."""
    found = read_frame(make(pa.table(FLAT)))
    assert (found.spans, found.problems) == (SPANS, ())
    assert read_traces(make(pa.table(FLAT))).spans == SPANS  # type: ignore[arg-type]


@every_library
def test_own_columns_are_read(make: Make) -> None:
    """The columns that fluo writes are read from a table of any library, nested ones too."""
    spans = [
        Span(
            TRACE,
            f"{number:016x}",
            "s",
            start=SECOND + number,
            end=SECOND + 10 + number,
            attributes={"a": 1, "b": (1, "x"), "c": 2.5, "d": True, "e": "x"},
            scope=Scope("lib", "1"),
            events=(Event("e", SECOND + 7, {"n": 2**62 + 1}),),
            links=(Link("f" * 32, "e" * 16, {"w": "x"}),),
        )
        for number in (1, 2)
    ]
    table = pa.Table.from_batches(writer.batches(spans))
    found = read_frame(make(table))
    assert content(found) == content(assemble(spans))


@every_library
def test_times_keep_their_nanoseconds(make: Make) -> None:
    """Times and durations that a library has types for are read to the nanosecond, naive ones as UTC."""
    whole = pa.table(
        {
            "trace_id": [TRACE],
            "span_id": ["f" * 16],
            "start": pa.array([SECOND + 123_456_789], pa.timestamp("ns")),
            "duration_ms": pa.array([1_000_001], pa.duration("ns")),
        }
    )
    (span,) = read_frame(make(whole)).spans
    end = SECOND + 124_456_790 - (make is relation)  # intervals of DuckDB are of microseconds
    assert (span.start, span.end) == (SECOND + 123_456_789, end)


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2023-11-14T22:13:20.123456789Z", SECOND + 123_456_789),
        ("2023-11-14 22:13:20", SECOND),
        ("2023-11-14T23:13:20.5+01:00", SECOND + 500_000_000),
        (str(SECOND), SECOND),
        (dt.datetime(2023, 11, 14, 22, 13, 20, 7), SECOND + 7_000),  # noqa: DTZ001 - a naive time is UTC
        (dt.datetime(2023, 11, 14, 23, 13, 20, tzinfo=dt.timezone(dt.timedelta(hours=1))), SECOND),
    ],
)
def test_times_as_text_are_read(start: object, expected: int) -> None:
    """A start may be a text, as databases print it, or a datetime."""
    frame = pd.DataFrame({"trace_id": [TRACE], "span_id": ["f" * 16], "start": pd.Series([start], dtype=object)})
    assert read_frame(frame).spans[0].start == expected


@pytest.mark.parametrize("start", ["yesterday", 1.7e18, [1], True, -1])
def test_times_that_are_none_are_told(start: object) -> None:
    """What is no time is reported with its row, and the span is kept."""
    frame = pd.DataFrame({"trace_id": [TRACE], "span_id": ["f" * 16], "start": pd.Series([start], dtype=object)})
    found = read_frame(frame)
    assert [span.start for span in found.spans] == [None]
    assert [problem.where for problem in found.problems] == ["row 1"]


def test_attributes_of_any_shape_are_read() -> None:
    """Maps come as dictionaries, pairs, JSON or the JSON of OTLP; values keep their types."""
    shapes = [
        {"n": 1, "list": [1, "a", None], "map": {"x": 1.0}, "none": None},
        [("n", 1)],
        '{"n": 1}',
        '[{"key": "n", "value": {"intValue": "1"}}]',
        float("nan"),
        None,
    ]
    frame = pd.DataFrame(
        {"trace_id": TRACE, "span_id": [f"{number:016x}" for number in range(1, 7)], "attributes": shapes}
    )
    found = [dict(span.attributes) for span in read_frame(frame).spans]
    assert found == [{"n": 1, "list": (1, "a"), "map": {"x": 1.0}}, {"n": 1}, {"n": 1}, {"n": 1}, {}, {}]


def test_attributes_that_cannot_be_read_are_told() -> None:
    """A cell that is no map costs its attributes, a value of an unknown type only itself."""
    frame = pd.DataFrame(
        {"trace_id": TRACE, "span_id": ["1" * 16, "2" * 16], "attributes": ["no map", {"n": 2**70, "ok": object()}]}
    )
    found = read_frame(frame)
    assert [(dict(span.attributes), span.dropped_attributes) for span in found.spans] == [({}, 1), ({}, 2)]
    assert [problem.code for problem in found.problems] == [Code.WRONG_TYPE, Code.NUMBER_INVALID, Code.VALUE_UNKNOWN]


def test_columns_can_be_told() -> None:
    """Where names do not tell, `columns` does: fields, attributes and attributes of the resource."""
    frame = pl.DataFrame(
        {"t": [TRACE], "s": ["f" * 16], "what": ["charge"], "cart": ["c1"], "h": ["x"], "name": ["no"]}
    )
    columns = {"trace_id": "t", "span_id": "s", "name": "what", "attributes.cart.id": "cart", "resource.host": "h"}
    found = read_frame(frame, columns)
    (span,) = found.spans
    assert (span.name, span.attributes, span.resource.attributes) == ("charge", {"cart.id": "c1"}, {"host": "x"})
    assert [problem.message for problem in found.problems] == ["the column has no meaning for spans: `name`."]


@pytest.mark.parametrize(
    ("columns", "message"),
    [({"trase_id": "t"}, "there is no field `trase_id`"), ({"trace_id": "x"}, "the table has no column `x`")],
)
@pytest.mark.parametrize("library", ["pandas", "Polars"])
def test_columns_that_are_not_there_are_refused(columns: dict[str, str], message: str, library: str) -> None:
    """A mistake in `columns` is an error before anything is read."""
    with pytest.raises(fl.ConfigError, match=message):
        read_frame(LIBRARIES[library](pa.table({"t": [TRACE]})), columns)


@pytest.mark.parametrize("library", LIBRARIES)
def test_other_tables_are_refused(library: str) -> None:
    """The error names the columns that are there, and those that are needed."""
    (problem,) = read_frame(LIBRARIES[library](pa.table({"city": ["x"], "people": [1]}))).problems
    assert (problem.code, problem.message) == (
        Code.NOT_TRACES,
        "this is a table with the columns `city`, `people`, not traces.",
    )


@pytest.mark.parametrize("native", [pa.array([1]), 5])
def test_what_is_no_table_is_refused(native: object) -> None:
    """An array or a number is no table."""
    with pytest.raises(fl.InputError) as caught:
        read_frame(native)
    assert caught.value.code == "I100"


def test_missing_packages_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without narwhals, the error says which extra to install."""
    monkeypatch.setitem(sys.modules, "narwhals", None)
    (problem,) = read_frame(pd.DataFrame(FLAT)).problems
    assert (problem.code, problem.hint) == (Code.PACKAGE_MISSING, 'Install it with `pip install "fluo_logic[frames]"`.')
    assert read_frame(pa.table(FLAT)).spans == SPANS


def test_rules_are_checked_on_frames(tmp_path: Path) -> None:
    """`check` takes a frame, alone or among other inputs."""
    rule = fl.rule("when { charge } always { refund }", id="refunded")
    assert len(fl.check(pl.DataFrame(FLAT), rule).violated) == 1
    other = tmp_path / "spans.parquet"
    with other.open("wb") as out:
        writer.write_parquet(out, [Span(TRACE, "3" * 16, "refund", start=SECOND)])
    report = fl.check([pd.DataFrame(FLAT), other], rule)
    assert (len(report.violated), [one.format for one in report.data.inputs]) == (0, ["DataFrame", "Parquet"])
