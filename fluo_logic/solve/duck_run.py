"""One relational plan on one set of input tables, run by DuckDB."""

from __future__ import annotations

import shutil
import tempfile
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

import duckdb
from duckdb.func import FunctionNullHandling
from sqlglot import exp

from fluo_logic.errors import InternalError
from fluo_logic.solve import duck_functions
from fluo_logic.translate.relational import printed
from fluo_logic.translate.relational_aggregates import AVG, SUM, WINDOW_SUM
from fluo_logic.translate.relational_joins import EVENTS, LINKS, SPANS
from fluo_logic.translate.relational_plan import RelationalPlan, Step

DIALECT: Final = "duckdb"


class Run:
    """A plan with its tables; those that it makes are made when something asks for them.

    Other input tables can be loaded in place of the first.
    """

    def __init__(self, plan: RelationalPlan) -> None:
        """Connect to a DuckDB of its own."""
        self.plan = plan
        folder = tempfile.mkdtemp(prefix="fluo-")
        # An interrupt ends the process without closing the connection, and what was spilled would stay.
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self.connection = duckdb.connect(":memory:", config=_settings(folder))
        # A notebook with ipywidgets would show a bar; without them, even turning it off is refused.
        if self.connection.execute("SELECT current_setting('enable_progress_bar')").fetchall() == [(True,)]:
            self.connection.execute("SET enable_progress_bar = false")
        self.made: dict[str, Step] = {}
        self.seconds: list[tuple[str, float]] = []
        self.texts: dict[str, str] = {}
        """The statements that make tables, and the queries of predicates: they are the same for all input."""
        _add_functions(self.connection, plan)

    def load(self, spans: Any, events: Any, links: Any) -> None:  # noqa: ANN401
        """Take input tables, as Arrow tables, and forget all that was made of others."""
        for step in reversed(self.made.values()):
            self.execute(f'DROP {step.kind} "{step.name}"')
        self.made.clear()
        self.seconds.clear()
        for name, table in ((SPANS, spans), (EVENTS, events), (LINKS, links)):
            self.connection.register(name, table)

    def make(self, predicates: Iterable[str], tables: Iterable[str] = ()) -> None:
        """Make the tables that the tuples of predicates need, and some others."""
        for step in self.plan.needed(predicates, tables):
            if step.name not in self.made:
                with self.timed(f"{step.kind.lower()} {step.name}: {step.comment}"):
                    self.execute(self._text(f"step {step.name}", partial(getattr, step, "statement")))
                self.made[step.name] = step

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        """Note how long something takes."""
        clock = time.perf_counter()
        yield
        self.seconds.append((what, time.perf_counter() - clock))

    def query(self, predicate: str) -> str:
        """Return the query of the tuples of a predicate, whose tables are made."""
        self.make((predicate,))
        return self._text(f"predicate {predicate}", lambda: self.plan.answers[predicate])

    def _text(self, key: str, expression: Callable[[], exp.Expr]) -> str:
        if key not in self.texts:
            self.texts[key] = printed(expression(), DIALECT)
        return self.texts[key]

    def batches(self, statement: str) -> Iterator[Any]:
        """Yield the record batches of a query."""
        try:
            yield from self.connection.sql(statement).to_arrow_reader()
        except duckdb.Error as error:
            raise _refused(statement, error) from error

    def execute(self, statement: str) -> duckdb.DuckDBPyConnection:
        """Run a statement; raises InternalError where DuckDB refuses it."""
        try:
            return self.connection.execute(statement)
        except duckdb.Error as error:
            raise _refused(statement, error) from error


def _refused(statement: str, error: duckdb.Error) -> InternalError:
    return InternalError(code="X106", message=f"DuckDB refused a query: {error}; the query was {statement}")


def _settings(folder: str) -> dict[str, str | bool | int | float | list[str]]:
    """Return settings with which DuckDB fetches nothing, reads no Python variable, and spills to a folder."""
    return {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "python_enable_replacements": "false",
        "temp_directory": folder,
    }


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
