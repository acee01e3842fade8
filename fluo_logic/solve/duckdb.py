"""The DuckDB engine: the relational plan of a program, run embedded.  The only importer of DuckDB."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from fluo_logic.errors import ConfigError, InternalError
from fluo_logic.facts.store import FactStore, Ground, Row
from fluo_logic.logic import Program, Sort
from fluo_logic.solve.base import Answer

try:
    import duckdb
    import numpy as np  # DuckDB calls Python functions through it
    import pyarrow as pa
    import sqlglot
    from duckdb.func import FunctionNullHandling
except ImportError as missing:
    raise ConfigError(
        code="C140",
        message=f"the engine duckdb needs the package {missing.name}, which is not installed",
        hint="pip install 'fluo_logic[duckdb]'",
    ) from missing

from fluo_logic.solve import duck_columns, duck_functions
from fluo_logic.translate.relational import printed, to_plan
from fluo_logic.translate.relational_aggregates import AVG, SUM, WINDOW_SUM
from fluo_logic.translate.relational_joins import EVENTS, LINKS, SPANS
from fluo_logic.translate.relational_plan import RelationalPlan

DIALECT = "duckdb"
NEEDED = (np, pa, sqlglot)


class DuckDbEngine:
    """Solves with DuckDB, embedded."""

    name = "duckdb"

    def solve(self, program: Program, store: FactStore) -> Answer:
        """Return the answer of ``program`` on the facts of ``store``; raises UnsupportedError for a clause."""
        return _Run(to_plan(program), store).answer()


class _Run:
    """One plan on one data set."""

    def __init__(self, plan: RelationalPlan, store: FactStore) -> None:
        self.plan = plan
        self.events = duck_columns.events_of(store)
        self.connection = duckdb.connect(":memory:", config=_settings())
        self.connection.execute("SET enable_progress_bar = false")  # a notebook would show it
        self.connection.register(SPANS, duck_columns.span_table(store, plan.spans, plan.structural))
        self.connection.register(EVENTS, duck_columns.event_table(store, plan.events, self.events))
        self.connection.register(LINKS, duck_columns.link_table(store))
        self.made: set[str] = set()
        _add_functions(self.connection, plan)

    def answer(self) -> Answer:
        self._make(self.plan.wanted)
        return Answer({predicate: partial(self._rows, predicate) for predicate in self.plan.answers})

    def _make(self, predicates: Iterable[str]) -> None:
        """Make the tables that the tuples of predicates need."""
        for step in self.plan.needed(predicates):
            if step.name not in self.made:
                self._run(printed(step.statement, DIALECT))
                self.made.add(step.name)

    def _run(self, statement: str) -> duckdb.DuckDBPyConnection:
        try:
            return self.connection.execute(statement)
        except duckdb.Error as error:
            message = f"DuckDB refused a query: {error}; the query was {statement}"
            raise InternalError(code="X106", message=message) from error

    def _rows(self, predicate: str) -> Iterator[Row]:
        self._make((predicate,))
        rows = self._run(printed(self.plan.answers[predicate], DIALECT)).fetchall()
        sorts = self.plan.sorts[predicate]
        if Sort.EVENT not in sorts:
            yield from rows
            return
        decoders = [self.events.__getitem__ if sort is Sort.EVENT else _same for sort in sorts]
        for row in rows:
            yield tuple(decode(value) for decode, value in zip(decoders, row, strict=True))


def _settings() -> dict[str, str | bool | int | float | list[str]]:
    """Return settings with which DuckDB fetches nothing, reads no Python variable, and spills to a temporary folder."""
    return {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "python_enable_replacements": "false",
        "temp_directory": str(Path(tempfile.gettempdir()) / f"fluo-duckdb-{os.getpid()}"),
    }


def _same(value: Ground) -> Ground:
    return value


def _add_functions(connection: duckdb.DuckDBPyConnection, plan: RelationalPlan) -> None:
    functions: list[tuple[str, Callable[..., Any], list[str], str]] = [
        (SUM, duck_functions.sum_of, [duck_functions.EXACT, "DOUBLE[]"], duck_functions.RESULT),
        (AVG, duck_functions.average_of, [duck_functions.EXACT, "BIGINT", "DOUBLE[]"], duck_functions.RESULT),
        (
            WINDOW_SUM,
            duck_functions.largest_sum,
            [f"{duck_functions.EXACT}[]", "DOUBLE[]", "BIGINT[]", "BOOLEAN[]", duck_functions.EXACT],
            duck_functions.RESULT,
        ),
    ]
    functions.extend(
        (item.name, duck_functions.comparison(item), duck_functions.parameter_types(item), "BOOLEAN")
        for item in plan.functions
    )
    for name, function, parameters, result in functions:
        types: list[Any] = [duckdb.sqltype(parameter) for parameter in parameters]
        connection.create_function(name, function, types, result, null_handling=FunctionNullHandling.SPECIAL)
