"""One relational plan on tables of Spark: its views, and the tuples of its predicates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession

from fluo_logic.spark.functions import add_functions
from fluo_logic.spark.rows import EVENTS, KEY, LINKS, Layout
from fluo_logic.spark.session import told
from fluo_logic.translate import relational_joins as names
from fluo_logic.translate.relational import printed
from fluo_logic.translate.relational_plan import tables_of
from fluo_logic.translate.relational_spark import DIALECT, SparkPlan


class Run:
    """A plan with its tables, which Spark computes when a query asks for them; kept until `close`."""

    def __init__(self, session: SparkSession, spark_plan: SparkPlan, layout: Layout, spans: DataFrame) -> None:
        """Take the table of spans, with the columns of the layout."""
        self.session = session
        self.plan = spark_plan.plan
        self.kept: list[DataFrame] = []
        self.made: set[str] = set()
        self.readers = Counter(table for step in self.plan.steps.values() for table in step.needs)
        """How many queries read each view; what one reads need not be kept."""
        self.readers.update(table for name in self.plan.wanted for table in tables_of(self.plan.answers[name]))
        with told():
            add_functions(session, spark_plan)
            spans.createOrReplaceTempView(names.SPANS)
            self._view(names.EVENTS, _events(layout))
            self._view(names.LINKS, LINK_PAIRS if layout.links else None)

    def _view(self, name: str, query: str | None) -> None:
        if query is not None:
            self.session.sql(query).createOrReplaceTempView(name)

    def make(self, predicates: Iterable[str]) -> None:
        """Make the views that the tuples of predicates need."""
        for step in self.plan.needed(predicates):
            if step.name in self.made:
                continue
            with told():
                table = self.session.sql(printed(step.query, DIALECT))
                if self.readers[step.name] > 1:
                    table = table.persist(StorageLevel.MEMORY_AND_DISK)
                    self.kept.append(table)
                table.createOrReplaceTempView(step.name)
            self.made.add(step.name)

    def query(self, predicate: str) -> str:
        """Return the query of the tuples of a predicate as a table whose columns are ``c0``, ``c1`` and so on."""
        self.make((predicate,))
        columns = ", ".join(f"c{number}" for number in range(len(self.plan.sorts[predicate])))
        return f"({printed(self.plan.answers[predicate], DIALECT)}) AS t({columns})"

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Run a query and return its rows."""
        with told():
            return [tuple(row) for row in self.session.sql(query).collect()]

    def close(self) -> None:
        """Let go of what was kept."""
        for table in self.kept:
            table.unpersist()


LINK_PAIRS: Final = f"""
SELECT DISTINCT s.`_span`, t.`_span` AS `_linked`
FROM (SELECT `_span`, EXPLODE(`{LINKS}`) AS ref FROM `{names.SPANS}`) AS s
JOIN `{names.SPANS}` AS t ON t.`{KEY}` = s.ref
"""  # noqa: S608 - of constants


def _events(layout: Layout) -> str | None:
    if layout.events is None:
        return None
    columns = "".join(f", e.`{name}`" for name in ("_event", "_name", *(column.name for column in layout.events)))
    return f"SELECT s.`_span`{columns} FROM `{names.SPANS}` AS s LATERAL VIEW EXPLODE(s.`{EVENTS}`) AS e"  # noqa: S608
