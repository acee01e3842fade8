"""A report as a data frame of pandas or Polars, or as an Arrow table: whichever is there, or is asked for.

Each frame is tidy: one row for each thing, one value in each cell, the same columns and types whatever was found.  A
program that is to work with any library takes it from there with ``narwhals.from_native``.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias, get_args

from fluo_logic.errors import ConfigError
from fluo_logic.explain.proof import SpanRef
from fluo_logic.lang.suggest import did_you_mean
from fluo_logic.report.spans import violation_spans
from fluo_logic.report.tally import tallies
from fluo_logic.report.violation import VERDICTS, Report

Backend: TypeAlias = Literal["pandas", "polars", "pyarrow"]
BACKENDS: Final[tuple[Backend, ...]] = get_args(Backend)
"""The libraries, in the order in which they are tried."""
Content: TypeAlias = Literal["violations", "spans", "rules"]
CONTENTS: Final[tuple[Content, ...]] = get_args(Content)
Kind: TypeAlias = Literal["text", "integer", "flag", "time"]
"""``time`` is an instant in UTC to the nanosecond."""
Row: TypeAlias = tuple[str | int | bool | None, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """The columns of a frame with their kinds, and what makes its rows."""

    columns: Mapping[str, Kind]
    rows: Callable[[Report], Iterator[Row]]


def report_frame(report: Report, content: Content = "violations", *, backend: Backend | None = None) -> Any:  # noqa: ANN401
    """Return a report as a frame.

    Args:
        report: what a check found.
        content: ``violations``, a row for each entry; ``spans``, a row for each span that an entry rests on, earliest
            first, with the entry's fingerprint; or ``rules``, a row for each rule.
        backend: ``pandas``, ``polars`` or ``pyarrow``; by default the first of these that is installed.

    Raises:
        ConfigError: there is no such content or library, or none is installed.
    """
    if content not in CONTENTS:
        hint = did_you_mean(content, CONTENTS) or f"there are {', '.join(CONTENTS)}"
        raise ConfigError(code="C102", message=f"a report has no frame of `{content}`", hint=hint)
    table = TABLES[content]
    name, library = _library(backend)
    rows = list(table.rows(report))
    columns = {column: [row[index] for row in rows] for index, column in enumerate(table.columns)}
    return MAKERS[name](library, columns, table.columns)


def _library(backend: str | None) -> tuple[Backend, Any]:
    if backend is not None and backend not in BACKENDS:
        hint = did_you_mean(backend, BACKENDS) or f"there are {', '.join(BACKENDS)}"
        raise ConfigError(code="C102", message=f"`{backend}` makes no frames for fluo", hint=hint)
    for name in BACKENDS:
        if backend in {None, name}:
            try:
                return name, importlib.import_module(name)
            except ModuleNotFoundError as error:
                if error.name != name:
                    raise
    needed = backend or "pandas, polars or pyarrow"
    message = f"a frame needs {needed}, which is not installed"
    raise ConfigError(code="C140", message=message, hint=f"pip install {backend or 'pandas'}")


def _violations(report: Report) -> Iterator[Row]:
    titles = {rule.id: rule.title for rule in report.rules}
    for violation in report.violations:
        spans = violation_spans(violation)
        first = next((span for label, span in spans if label.startswith("$")), spans[0][1] if spans else None)
        scope = next(iter(violation.scope.items()), (None, None))
        waiver = violation.waiver
        yield (
            violation.rule,
            titles.get(violation.rule, violation.title),
            violation.severity,
            violation.verdict,
            *scope,
            violation.sentence,
            violation.obligation,
            violation.fingerprint,
            violation.signature,
            *_span(first),
            len(spans),
            waiver is not None,
            None if waiver is None else waiver.owner,
            None if waiver is None else waiver.expires.isoformat(),
            bool(violation.known),
        )


def _spans(report: Report) -> Iterator[Row]:
    for violation in report.violations:
        for label, span in violation_spans(violation):
            yield (violation.rule, violation.fingerprint, label.removeprefix("$") or None, *_span(span))


def _span(span: SpanRef | None) -> Row:
    return (None,) * 6 if span is None else (span.trace_id, span.span_id, span.name, span.service, span.start, span.end)


def _rules(report: Report) -> Iterator[Row]:
    for tally in tallies(report):
        rule = tally.rule
        yield (
            rule.id,
            rule.title,
            rule.severity,
            None if rule.metadata.category is None else rule.metadata.category.value,
            None if rule.where is None else rule.where.file,
            None if rule.where is None else rule.where.line,
            tally.outcome,
            *(rule.verdicts[verdict] for verdict in VERDICTS),
            rule.obligations,
            len(tally.violated),
            len(tally.waived),
            len(tally.known),
        )


SPAN: Final[Mapping[str, Kind]] = MappingProxyType({
    "trace_id": "text", "span_id": "text", "name": "text", "service": "text", "start": "time", "end": "time",
})  # fmt: skip
SCOPES: Final[Mapping[str, Kind]] = MappingProxyType(dict.fromkeys(VERDICTS, "integer"))
"""How many scopes of a rule got each verdict."""
TABLES: Final[Mapping[Content, Table]] = MappingProxyType({
    "violations": Table(
        {
            "rule": "text", "title": "text", "severity": "text", "verdict": "text", "scope_key": "text",
            "scope": "text", "sentence": "text", "obligation": "text", "fingerprint": "text", "signature": "text",
            **SPAN, "spans": "integer", "waived": "flag", "owner": "text", "expires": "text", "known": "flag",
        },
        _violations,
    ),
    "spans": Table({"rule": "text", "fingerprint": "text", "variable": "text", **SPAN}, _spans),
    "rules": Table(
        {
            "rule": "text", "title": "text", "severity": "text", "category": "text", "file": "text",
            "line": "integer", "outcome": "text",
            **SCOPES,
            "obligations": "integer", "violations": "integer", "waived_violations": "integer",
            "known_violations": "integer",
        },
        _rules,
    ),
})  # fmt: skip


def _pandas(pandas: Any, columns: Mapping[str, list[Any]], kinds: Mapping[str, Kind]) -> Any:  # noqa: ANN401
    types = {"text": "string", "integer": "Int64", "flag": "bool"}
    return pandas.DataFrame({
        name: pandas.to_datetime(pandas.Series(values, dtype="Int64"), unit="ns", utc=True)
        if kinds[name] == "time"
        else pandas.Series(values, dtype=types[kinds[name]])
        for name, values in columns.items()
    })  # fmt: skip


def _polars(polars: Any, columns: Mapping[str, list[Any]], kinds: Mapping[str, Kind]) -> Any:  # noqa: ANN401
    types = {
        "text": polars.String,
        "integer": polars.Int64,
        "flag": polars.Boolean,
        "time": polars.Int64,
    }
    frame = polars.DataFrame(dict(columns), schema={name: types[kind] for name, kind in kinds.items()})
    times = [name for name, kind in kinds.items() if kind == "time"]
    return frame.with_columns(polars.col(times).cast(polars.Datetime("ns", "UTC"))) if times else frame


def _pyarrow(pyarrow: Any, columns: Mapping[str, list[Any]], kinds: Mapping[str, Kind]) -> Any:  # noqa: ANN401
    types = {
        "text": pyarrow.string(),
        "integer": pyarrow.int64(),
        "flag": pyarrow.bool_(),
        "time": pyarrow.timestamp("ns", "UTC"),
    }
    return pyarrow.table({name: pyarrow.array(values, types[kinds[name]]) for name, values in columns.items()})


MAKERS: Final[Mapping[Backend, Callable[[Any, Mapping[str, list[Any]], Mapping[str, Kind]], Any]]] = MappingProxyType(
    {"pandas": _pandas, "polars": _polars, "pyarrow": _pyarrow}
)
