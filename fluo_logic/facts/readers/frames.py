"""Tables in memory: of pandas, Polars, PyArrow, DuckDB, Spark, and whatever else narwhals knows.

`fluo_logic.facts.readers.columns` tells what the columns mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from fluo_logic.errors import ConfigError, InputError
from fluo_logic.facts.dataset import Dataset, InputSummary, assemble
from fluo_logic.facts.model import Span
from fluo_logic.facts.problems import Code, ProblemLog
from fluo_logic.facts.readers import arrow, columns
from fluo_logic.facts.readers.columns import RowReader

if TYPE_CHECKING:
    import narwhals as nw
    import pyarrow as pa

LIBRARIES: Final = frozenset(
    {"pandas", "polars", "pyarrow", "modin", "cudf", "dask", "duckdb", "pyspark", "ibis", "sqlframe"}
)
PROTOCOLS: Final = ("__arrow_c_stream__", "__narwhals_dataframe__", "__narwhals_lazyframe__")
NAME: Final = "<frame>"
FORMAT: Final = "DataFrame"
ROWS: Final = 4096
"""How many rows become Python objects at a time."""
EXTRA: Final = 'Install it with `pip install "fluo_logic[frames]"`.'
MISUSED: Final = "I100"


@dataclass(frozen=True, slots=True)
class Frame:
    """A table of any library, and which columns are what where their names do not tell."""

    native: Any
    columns: Mapping[str, str] = field(default_factory=dict)


def is_frame(item: object) -> bool:
    """Return whether ``item`` is a table of a library for tables, without importing any."""
    if isinstance(item, type) or type(item).__module__.partition(".")[0] == "builtins":
        return False
    if any(hasattr(item, protocol) for protocol in PROTOCOLS):
        return True
    return type(item).__module__.partition(".")[0] in LIBRARIES and hasattr(type(item), "columns")


def read_frame(frame: object, columns: Mapping[str, str] | None = None) -> Dataset:
    """Read a table with a row for each span.

    Args:
        frame: a table of pandas, Polars, PyArrow, DuckDB or another library that narwhals knows.
        columns: which column is what, where the names of the columns do not tell: the name of a column by
            ``trace_id``, ``span_id``, ``name``, ``start``, …, ``attributes.KEY`` or ``resource.KEY``.

    Returns:
        The data set; ``problems`` says what could not be read.

    Raises:
        ConfigError: ``columns`` names a field or a column that there is not.
        InputError: ``frame`` is no table.
    """
    log = ProblemLog(NAME)
    spans = list(read(Frame(frame, dict(columns or {})), log))
    return assemble(spans, log.problems(), [InputSummary(NAME, FORMAT, len(spans))])


def read(frame: Frame, log: ProblemLog) -> Iterator[Span]:
    """Yield the spans of a table; what cannot be read is reported with the number of its row."""
    native = frame.native
    if type(native).__module__.partition(".")[0] == "pyarrow":
        yield from _read_arrow(native, frame.columns, log)
        return
    try:
        import narwhals
    except ImportError:
        log.report(
            Code.PACKAGE_MISSING,
            "",
            "this is a table, and the package narwhals, which reads it, is missing.",
            hint=EXTRA,
        )
        return
    try:
        table = narwhals.from_native(native)
    except TypeError as error:
        raise _misused(native) from error
    eager = table.collect() if isinstance(table, narwhals.LazyFrame) else table
    if eager.implementation.is_pandas_like():
        yield from _read_rows(eager, frame.columns, log)
        return
    try:
        made = eager.to_arrow()
    except ImportError:
        arrow.report_missing("a table", log)
        return
    yield from _read_arrow(made, frame.columns, log)


def _read_arrow(native: pa.Table, given: Mapping[str, str], log: ProblemLog) -> Iterator[Span]:
    import pyarrow as pa

    if isinstance(native, pa.Table):
        batches = native.to_batches()
    elif isinstance(native, pa.RecordBatch):
        batches = [native]
    elif isinstance(native, pa.RecordBatchReader):
        batches = native
    else:
        raise _misused(native)
    names = list(native.schema.names)
    _check(given, names)
    yield from arrow.read_batches(batches, names, log, given)


def _read_rows(table: nw.DataFrame[Any], given: Mapping[str, str], log: ProblemLog) -> Iterator[Span]:
    """Read a table of pandas or its kin, whose cells are Python objects of any type."""
    import narwhals as nw

    names = list(table.columns)
    _check(given, names)
    plan = arrow.plan_of(names, log, "a table", given)
    if plan is None:
        return
    exact = [nw.col(name).dt.timestamp("ns") for name, kind in table.schema.items() if isinstance(kind, nw.Datetime)]
    rows = table.with_columns(*exact).iter_rows(named=True, buffer_size=ROWS)
    yield from RowReader(plan, log).read(rows)


def _check(given: Mapping[str, str], names: list[str]) -> None:
    for place, column in given.items():
        if place not in columns.FIELDS and not place.startswith(("attributes.", "resource.")):
            fields = ", ".join(columns.FIELDS)
            raise ConfigError(
                code="C102",
                message=f"`columns`: there is no field `{place}`",
                hint=f"the fields are {fields}; attributes are `attributes.KEY` and `resource.KEY`",
            )
        if column not in names:
            hint = f"its columns are {columns.listed(names)}" if names else None
            raise ConfigError(code="C102", message=f"`columns`: the table has no column `{column}`", hint=hint)


def _misused(native: object) -> InputError:
    kind = f"{type(native).__module__.partition('.')[0]}.{type(native).__name__}"
    return InputError(
        MISUSED,
        f"traces cannot be read from an object of type `{kind}`.",
        hint="Pass a table with a row for each span.",
    )
