"""Parquet and Arrow: what fluo writes is read as exactly what was written, and what ClickHouse exports is read."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from fluo_logic.errors import InputError
from fluo_logic.facts.dataset import assemble
from fluo_logic.facts.model import Event, Kind, Link, Resource, Scope, Span, Status
from fluo_logic.facts.problems import Code
from fluo_logic.facts.readers import read_traces
from fluo_logic.facts.writers import arrow as writer
from fluo_logic.values import Value
from tests.readers.strategies import span_lists
from tests.readers.test_otlp_writer import TRACE, TRACES, content, nested, span

pa = pytest.importorskip("pyarrow", reason="needs the extra parquet")
pq = pytest.importorskip("pyarrow.parquet", reason="needs the extra parquet")


def parquet(*spans: Span) -> bytes:
    out = io.BytesIO()
    writer.write_parquet(out, spans)
    return out.getvalue()


def arrow(*spans: Span) -> bytes:
    out = io.BytesIO()
    writer.write_arrow(out, spans)
    return out.getvalue()


def stream(*spans: Span) -> bytes:
    out = io.BytesIO()
    with pa.ipc.new_stream(out, writer.schema()) as made:
        for batch in writer.batches(spans):
            made.write_batch(batch)
    return out.getvalue()


FORMATS = {"Parquet": parquet, "Arrow file": arrow, "Arrow stream": stream}
every_format = pytest.mark.parametrize("written", FORMATS.values(), ids=FORMATS)
Written = Callable[..., bytes]
SMALL = [span(span_id=f"{number:016x}", start=number, attributes={"n": number}) for number in range(1, 8)]


@every_format
@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(spans=span_lists)
def test_what_is_written_is_what_is_read(written: Written, spans: list[Span]) -> None:
    """A data set is read back equal, to the types of its values and the order of keys."""
    dataset = assemble(spans)
    again = read_traces(written(*dataset.spans))
    assert content(again) == content(dataset)
    assert (again.traces, again.latest) == (dataset.traces, dataset.latest)


@pytest.mark.parametrize(
    "value", [float("nan"), -0.0, 1, 1.0, True, "1", 2**63 - 1, -(2**63), b"", "", (), {}, nested(64), {"a": (1.0, 1)}]
)
def test_values_keep_their_types(value: Value) -> None:
    """A value of any type is read back as itself, on the span, its resource, an event and a link."""
    whole = {"key": value}
    made = span(
        attributes=whole,
        resource=Resource(whole),
        events=(Event("", None, whole), Event("e", 2**64 - 1)),
        links=(Link("f" * 32, "f" * 16, whole), Link("00c0ffee00c0ffee", "f" * 16)),
    )
    assert content(read_traces(parquet(made))) == content(assemble([made]))


@every_format
def test_nothing_is_a_table_without_rows(written: Written) -> None:
    """Without spans there is a table without rows, which is no problem."""
    found = read_traces(written())
    assert (found.spans, found.problems) == ((), ())


@pytest.mark.parametrize("fields", [{"attributes": {"big": 2**63}}, {"start": 0}, {"name": "\ud800"}, {"end": 2**64}])
def test_what_columns_cannot_hold_is_refused(fields: dict[str, object]) -> None:
    """Nothing is rounded: the span is named in an error."""
    with pytest.raises(InputError, match="cannot be written exactly") as caught:
        parquet(span(**fields))
    assert caught.value.code == "I501"


@pytest.mark.skipif(not TRACES.is_dir(), reason="the real traces are not at hand")
@pytest.mark.parametrize("path", sorted(TRACES.glob("*.json*")), ids=lambda path: path.name)
def test_real_files_are_kept(path: Path) -> None:
    """Jaeger, Zipkin, Tempo and OTLP files, written as Parquet, give the same data set."""
    dataset = read_traces(path)
    again = read_traces(parquet(*dataset.spans))
    assert content(again) == content(dataset)
    assert (again.traces, again.problems, again.inputs[0].format) == (dataset.traces, (), "Parquet")


# --- ClickHouse ---------------------------------------------------------------------------------------------------

TEXTS = pa.map_(pa.string(), pa.string())
SECOND = 1_700_000_000 * 10**9


def click_house(*, binary: bool = False) -> bytes:
    """Return what `SELECT * FROM otel_traces FORMAT Parquet` gives; ``binary``: as versions without UTF-8 texts do."""
    text = pa.binary() if binary else pa.string()
    texts = pa.map_(text, text)
    columns = {
        "Timestamp": (pa.timestamp("ns", tz="UTC"), [SECOND + 123_456_789, SECOND + 5]),
        "TraceId": (text, [TRACE, TRACE]),
        "SpanId": (text, [f"{1:016x}", f"{2:016x}"]),
        "ParentSpanId": (text, ["", f"{1:016x}"]),
        "TraceState": (text, ["a=b", ""]),
        "SpanName": (text, ["charge", "audit"]),
        "SpanKind": (pa.dictionary(pa.int8(), text), ["Server", "Internal"]),
        "ServiceName": (text, ["shop", "shop"]),
        "ResourceAttributes": (texts, [[("service.name", "shop"), ("host", "h")], []]),
        "ScopeName": (text, ["lib", ""]),
        "ScopeVersion": (text, ["1", ""]),
        "SpanAttributes": (texts, [[("attempt", "2"), ("ok", "true"), ("ü", "ß")], []]),
        "Duration": (pa.uint64(), [10, 2**64 - SECOND - 5]),
        "StatusCode": (text, ["Error", "Unset"]),
        "StatusMessage": (text, ["declined", ""]),
        "Events.Timestamp": (pa.list_(pa.timestamp("ns")), [[SECOND + 7], []]),
        "Events.Name": (pa.list_(text), [["exception"], []]),
        "Events.Attributes": (pa.list_(texts), [[[("exception.type", "E")]], []]),
        "Links.TraceId": (pa.list_(text), [["f" * 32], []]),
        "Links.SpanId": (pa.list_(text), [["e" * 16], []]),
        "Links.TraceState": (pa.list_(text), [[""], []]),
        "Links.Attributes": (pa.list_(texts), [[[("why", "retry")]], []]),
    }
    made = {
        name: pa.array(_encoded(cells) if binary else cells).cast(kind)
        if pa.types.is_dictionary(kind)
        else pa.array(_encoded(cells) if binary else cells, kind)
        for name, (kind, cells) in columns.items()
    }
    out = io.BytesIO()
    pq.write_table(pa.table(made), out)
    return out.getvalue()


def _encoded(cells: object) -> object:
    match cells:
        case str():
            return cells.encode()
        case list():
            return [_encoded(cell) for cell in cells]
        case tuple():
            return tuple(_encoded(cell) for cell in cells)
        case _:
            return cells


@pytest.mark.parametrize("binary", [False, True])
def test_tables_of_click_house_are_read(binary: bool) -> None:  # noqa: FBT001
    """The columns of the collector's exporter become spans, to the nanosecond; a span without an end has none."""
    found = read_traces(click_house(binary=binary))
    resource = Resource({"service.name": "shop", "host": "h"})
    assert found.problems == ()
    assert list(found.spans) == [
        Span(
            TRACE,
            f"{2:016x}",
            "audit",
            parent_id=f"{1:016x}",
            kind=Kind.INTERNAL,
            start=SECOND + 5,
            resource=Resource({"service.name": "shop"}),
        ),
        Span(
            TRACE,
            f"{1:016x}",
            "charge",
            kind=Kind.SERVER,
            status=Status.ERROR,
            status_message="declined",
            start=SECOND + 123_456_789,
            end=SECOND + 123_456_799,
            attributes={"attempt": "2", "ok": "true", "ü": "ß"},
            resource=resource,
            scope=Scope("lib", "1"),
            events=(Event("exception", SECOND + 7, {"exception.type": "E"}),),
            links=(Link("f" * 32, "e" * 16, {"why": "retry"}),),
        ),
    ]


# --- what is no table of spans, and what is damaged ---------------------------------------------------------------


def test_other_tables_are_refused() -> None:
    """The error names the columns that are there, and those that are needed."""
    out = io.BytesIO()
    pq.write_table(pa.table({"city": ["x"], "people": [1]}), out)
    (problem,) = read_traces(out.getvalue()).problems
    assert problem.code == Code.NOT_TRACES
    assert problem.message == "this is Parquet with the columns `city`, `people`, not traces."
    assert problem.hint == "A table of spans has at least the columns `trace_id` and `span_id`."


def test_columns_without_a_meaning_are_told() -> None:
    """A column that is no field and no attribute is passed over, and that is said once."""
    out = io.BytesIO()
    pq.write_table(pa.table({"trace_id": [TRACE], "span_id": ["f" * 16], "city": ["x"], "attributes.n": [1]}), out)
    found = read_traces(out.getvalue())
    assert dict(found.spans[0].attributes) == {"n": 1}
    (problem,) = found.problems
    assert (problem.code, problem.rejected) == (Code.COLUMN_UNUSED, False)
    assert problem.message == "the column has no meaning for spans: `city`."


def test_rows_that_cannot_be_read_cost_only_themselves() -> None:
    """A bad id costs the span, a bad field the field; each is reported with its row."""
    out = io.BytesIO()
    table = {"trace_id": [TRACE, "x", TRACE], "span_id": ["f" * 16, "f" * 16, "e" * 16], "start": [5, 5, -1]}
    pq.write_table(pa.table(table), out)
    found = read_traces(out.getvalue())
    assert [(one.span_id, one.start) for one in found.spans] == [("f" * 16, 5), ("e" * 16, None)]
    assert [(one.code, one.where) for one in found.problems] == [
        (Code.ID_INVALID, "row 2"),
        (Code.NUMBER_INVALID, "row 3"),
    ]


@every_format
def test_tables_that_break_off_say_so(written: Written) -> None:
    """A file that was copied too early is told to be incomplete; of Arrow, the batches before the break are read."""
    whole = written(*SMALL)
    for length in range(5, len(whole) - 1, 97):
        found = read_traces(whole[:length])
        assert found.problems, length
        assert all(one in SMALL for one in found.spans)


def test_damage_to_a_row_group_costs_only_that() -> None:
    """Parquet is read group by group."""
    out = io.BytesIO()
    table = pa.Table.from_batches(writer.batches(SMALL))
    pq.write_table(table, out, row_group_size=2, write_page_checksum=True, compression="zstd")
    data = bytearray(out.getvalue())
    place = pq.ParquetFile(pa.BufferReader(bytes(data))).metadata.row_group(1).column(1)
    begin = place.dictionary_page_offset or place.data_page_offset
    data[begin : begin + place.total_compressed_size] = b"\xff" * place.total_compressed_size
    found = read_traces(bytes(data))
    assert [one.span_id for one in found.spans] == [SMALL[number].span_id for number in (0, 1, 4, 5, 6)]
    assert [(one.code, one.where) for one in found.problems] == [(Code.TABLE_MALFORMED, "row group 2")]
    assert found.spans[2].origin.endswith("row 5")


@every_format
def test_missing_package_is_told(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pyarrow, the error says which extra to install."""
    data = written(*SMALL)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (problem,) = read_traces(data).problems
    assert problem.code == Code.PACKAGE_MISSING
    assert problem.hint == 'Install it with `pip install "fluo_logic[parquet]"`.'


def edited(column: str, cells: Sequence[object], kind: object) -> bytes:
    table = pa.Table.from_batches(writer.batches(SMALL))
    out = io.BytesIO()
    pq.write_table(table.set_column(table.schema.names.index(column), column, pa.array(cells, kind)), out)
    return out.getvalue()


def test_tables_that_were_edited_are_read_as_any_other() -> None:
    """A table of fluo's that a notebook changed is read, and what is wrong in it is reported with its row."""
    found = read_traces(edited("kind", ["SPAN_KIND_CLIENT", None, "odd", *["server"] * 4], pa.string()))
    assert [one.kind for one in found.spans] == [Kind.CLIENT, *[Kind.UNSPECIFIED] * 2, *[Kind.SERVER] * 4]
    assert [(one.code, one.where) for one in found.problems] == [(Code.ENUM_UNKNOWN, "row 3")]
    found = read_traces(edited("start_unix_nano", [1.0, 2.0, 1.7e18, *[float("nan")] * 4], pa.float64()))
    assert [one.start for one in found.spans[:3]] == [1, 2, None]
    assert [(one.code, one.where) for one in found.problems] == [(Code.NUMBER_INVALID, "row 3")]
    pairs = [[("n", {"int": 1}), ("n", {"int": 2})], [("n", {"any_value": "{"})], *[None] * 5]
    found = read_traces(edited("attributes", pairs, writer.schema().field("attributes").type))
    assert [dict(one.attributes) for one in found.spans] == [{"n": 2}, *[{}] * 6]
    assert [(one.code, one.where) for one in found.problems] == [
        (Code.KEY_REPEATED, "row 1, attributes"),
        (Code.WRONG_TYPE, "row 2, attributes"),
    ]


def test_large_tables_are_written_in_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spans are taken as they are written, so many at a time."""
    monkeypatch.setattr(writer, "ROWS", 2)
    monkeypatch.setattr(writer, "GROUP", 2)
    data = parquet(*SMALL)
    assert pq.ParquetFile(pa.BufferReader(data)).num_row_groups == 2
    assert read_traces(data).spans == tuple(SMALL)
