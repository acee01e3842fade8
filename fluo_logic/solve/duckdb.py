"""The DuckDB engine: the relational plan of a program, run embedded."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from fluo_logic.errors import ConfigError
from fluo_logic.facts.store import FactStore, Ground, Row
from fluo_logic.logic import Program, Sort
from fluo_logic.solve.base import Answer

try:
    import duckdb
    import numpy as np  # DuckDB calls Python functions through it
    import pyarrow as pa
    import sqlglot
except ImportError as missing:
    raise ConfigError(
        code="C140",
        message=f"the engine duckdb needs the package {missing.name}, which is not installed",
        hint="pip install 'fluo_logic[duckdb]'",
    ) from missing

from fluo_logic.solve import duck_columns
from fluo_logic.solve.duck_run import Run
from fluo_logic.translate.relational import to_plan
from fluo_logic.translate.relational_plan import RelationalPlan

NEEDED = (duckdb, np, pa, sqlglot)


class DuckDbEngine:
    """Solves with DuckDB, embedded."""

    name = "duckdb"

    def solve(self, program: Program, store: FactStore) -> Answer:
        """Return the answer of ``program`` on the facts of ``store``; raises UnsupportedError for a clause."""
        return _Solved(to_plan(program), store).answer()


class _Solved:
    """One plan on one data set."""

    def __init__(self, plan: RelationalPlan, store: FactStore) -> None:
        self.plan = plan
        self.events = duck_columns.events_of(store)
        self.run = Run(plan)
        self.run.load(
            duck_columns.span_table(store, plan.spans, plan.structural),
            duck_columns.event_table(store, plan.events, self.events),
            duck_columns.link_table(store),
        )

    def answer(self) -> Answer:
        self.run.make(self.plan.wanted)
        return Answer({predicate: partial(self._rows, predicate) for predicate in self.plan.answers})

    def _rows(self, predicate: str) -> Iterator[Row]:
        rows = self.run.execute(self.run.query(predicate)).fetchall()
        sorts = self.plan.sorts[predicate]
        if Sort.EVENT not in sorts:
            yield from rows
            return
        decoders = [self.events.__getitem__ if sort is Sort.EVENT else _same for sort in sorts]
        for row in rows:
            yield tuple(decode(value) for decode, value in zip(decoders, row, strict=True))


def _same(value: Ground) -> Ground:
    return value
