"""Parquet files, and Arrow files, streams and tables, whose rows are spans.

`fluo_logic.facts.readers.columns` tells what the columns mean.  Times of any unit become nanoseconds before they become
Python objects, which hold only microseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from fluo_logic.facts.model import Span
from fluo_logic.facts.problems import Code, ProblemLog
from fluo_logic.facts.readers import columns, typed_maps
from fluo_logic.facts.readers.cells import Nanoseconds
from fluo_logic.facts.readers.columns import Plan, RowReader
from fluo_logic.facts.readers.own_table import NAME, OwnReader

if TYPE_CHECKING:
    import pyarrow as pa

PARQUET: Final = b"PAR1"
ARROW_FILE: Final = b"ARROW1\0\0"
ARROW_STREAM: Final = b"\xff\xff\xff\xff"
SMALLEST: Final = 12
ROWS: Final = 4096
"""How many rows become Python objects at a time."""
EXTRA: Final = 'Install it with `pip install "fluo_logic[parquet]"`.'


def is_parquet(data: bytes) -> bool:
    """Return whether ``data`` is a Parquet file."""
    return data.startswith(PARQUET)


def is_arrow(data: bytes) -> bool:
    """Return whether ``data`` is an Arrow file, or a stream that begins with a schema."""
    if data.startswith(ARROW_FILE):
        return True
    # A stream begins with the length of its first message, which is padded to eight bytes.
    size = int.from_bytes(data[4:8], "little")
    return data.startswith(ARROW_STREAM) and len(data) > SMALLEST and 0 < size < 2**31 and size % 8 == 0


def read_parquet(data: bytes, log: ProblemLog) -> Iterator[Span]:
    """Yield the spans of a Parquet file; a row group that is damaged costs only itself."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        report_missing("Parquet", log)
        return
    failures = (pa.ArrowException, OSError)
    try:
        file = parquet.ParquetFile(pa.BufferReader(data))
        schema, groups = file.schema_arrow, file.num_row_groups
    except failures as error:
        if data.endswith(PARQUET) and len(data) >= SMALLEST:
            log.report(Code.TABLE_MALFORMED, "", f"the Parquet file cannot be read: {_reason(error)}.")
        else:
            log.report(
                Code.TABLE_TRUNCATED,
                f"byte {len(data)}",
                "the Parquet file breaks off, and what it holds is told at its end: nothing of it can be read.",
            )
        return
    plan = plan_of(schema.names, log, "Parquet")
    if plan is None:
        return
    reader = RowReader(plan, log)
    for group in range(groups):
        first = reader.row
        try:
            for batch in file.iter_batches(ROWS, row_groups=[group]):
                yield from spans_of(batch, plan, reader, log)
        except failures as error:
            log.report(Code.TABLE_MALFORMED, f"row group {group + 1}", f"it cannot be read: {_reason(error)}.")
        reader.row = first + file.metadata.row_group(group).num_rows


def read_arrow(data: bytes, log: ProblemLog) -> Iterator[Span]:
    """Yield the spans of an Arrow file or stream; of one that breaks off, those before the break."""
    try:
        import pyarrow as pa
        from pyarrow import ipc
    except ImportError:
        report_missing("Arrow", log)
        return
    failures = (pa.ArrowException, OSError)
    is_file = data.startswith(ARROW_FILE)
    # A file is a stream between two marks, so it can be read without what its end tells.
    source = pa.BufferReader(pa.py_buffer(data).slice(len(ARROW_FILE) if is_file else 0))
    reader = None
    try:
        with ipc.open_stream(source) as stream:
            plan = plan_of(stream.schema.names, log, "Arrow data")
            if plan is None:
                return
            reader = RowReader(plan, log)
            for batch in stream:
                yield from spans_of(batch, plan, reader, log)
    except failures as error:
        where = f"row {reader.row + 1}" if reader is not None else ""
        broken = source.tell() >= source.size()
        code = Code.TABLE_TRUNCATED if broken else Code.TABLE_MALFORMED
        log.report(code, where, f"the Arrow data cannot be read from here on: {_reason(error)}.")
        return
    if is_file and not data.endswith(ARROW_FILE.rstrip(b"\0")):
        log.report(Code.TABLE_TRUNCATED, f"row {reader.row + 1}", "the Arrow file breaks off.")


def read_batches(
    batches: Iterable[pa.RecordBatch], names: list[str], log: ProblemLog, given: Mapping[str, str] | None = None
) -> Iterator[Span]:
    """Yield the spans of record batches with columns of these names; see `columns.plan` for ``given``."""
    plan = plan_of(names, log, "a table", given)
    if plan is None:
        return
    reader = RowReader(plan, log)
    for batch in batches:
        for start in range(0, batch.num_rows, ROWS):
            yield from spans_of(batch.slice(start, ROWS), plan, reader, log)


def plan_of(names: list[str], log: ProblemLog, what: str, given: Mapping[str, str] | None = None) -> Plan | None:
    """Return what the columns mean, None where they are not those of spans; that is told, and what is passed over."""
    plan = columns.plan(names, given)
    if plan is None:
        has = f"with the columns {columns.listed(names)}" if names else "without columns"
        log.report(
            Code.NOT_TRACES,
            "",
            f"this is {what} {has}, not traces.",
            hint="A table of spans has at least the columns `trace_id` and `span_id`.",
        )
        return None
    columns.report_unused(plan, log)
    return plan


def report_missing(what: str, log: ProblemLog) -> None:
    """Tell that pyarrow is not installed."""
    log.report(
        Code.PACKAGE_MISSING, "", f"this is {what}, and the package pyarrow, which reads it, is missing.", hint=EXTRA
    )


def spans_of(batch: pa.RecordBatch, plan: Plan, reader: RowReader, log: ProblemLog) -> Iterator[Span]:
    """Yield the spans of a batch."""
    own = (batch.schema.metadata or {}).get(b"schema") == NAME.encode() and not plan.unused
    rows = rows_of(batch, plan)
    yield from OwnReader(reader, log.name).read(rows) if own else reader.read(rows)


def rows_of(batch: pa.RecordBatch, plan: Plan) -> Iterator[dict[str, object]]:
    """Yield the rows of a batch as dictionaries of what is read of them."""
    names = batch.schema.names
    wanted = [name for name in plan.columns if name in names]
    lists = [_cells(batch.column(names.index(name))) for name in wanted]
    if not lists:
        return
    for cells in zip(*lists, strict=True):
        yield dict(zip(wanted, cells, strict=True))


def _cells(array: pa.Array) -> list[object]:
    from pyarrow import types

    found = typed_maps.objects(_whole_numbers(array))
    if types.is_duration(array.type):
        return [Nanoseconds(cell) if isinstance(cell, int) else cell for cell in found]
    return found


def _whole_numbers(array: pa.Array) -> pa.Array:
    """Return an array with times and durations, also nested ones, as nanoseconds."""
    import pyarrow as pa

    nanoseconds = _retyped(array.type, pa.timestamp("ns"), pa.duration("ns"))
    if nanoseconds is None:
        return array
    try:
        # A zone changes how a time is shown, not its number.
        return array.cast(nanoseconds).cast(_retyped(array.type, pa.int64(), pa.int64()))
    except pa.ArrowException:
        return array  # beyond the year 2262: microseconds, as Python has them


def _retyped(kind: pa.DataType, time: pa.DataType, duration: pa.DataType) -> pa.DataType | None:
    """Return a type with its times and durations replaced; None where it has none."""
    import pyarrow as pa
    from pyarrow import types

    if types.is_timestamp(kind):
        return time if not types.is_timestamp(time) else pa.timestamp(time.unit, kind.tz)
    if types.is_duration(kind):
        return duration
    if types.is_list(kind) or types.is_large_list(kind):
        inner = _retyped(kind.value_type, time, duration)
        make = pa.large_list if types.is_large_list(kind) else pa.list_
        return None if inner is None else make(kind.value_field.with_type(inner))
    if types.is_struct(kind):
        fields = [kind.field(index) for index in range(kind.num_fields)]
        inners = [_retyped(field.type, time, duration) for field in fields]
        if all(inner is None for inner in inners):
            return None
        return pa.struct(
            [field if inner is None else field.with_type(inner) for field, inner in zip(fields, inners, strict=True)]
        )
    return None


def _reason(error: Exception) -> str:
    text = str(error).strip().splitlines() or [type(error).__name__]
    return text[0].rstrip(".")
