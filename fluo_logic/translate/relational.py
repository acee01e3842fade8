"""Translation to a relational plan, as sqlglot expressions that are printed for a dialect.

The plan reads three tables, however they came to be: ``_spans``, ``_events`` and ``_links``, with the columns that
`RelationalPlan` names.  On them stand, in this order,

* ``_tested``: the spans with a Boolean column for each predicate of one span, and a column for each kind of scope;
  a view, of which ``_marked`` stores what joins read;
* ``_by_…``: for each kind of scope one GROUP BY, with a column for each predicate of one scope;
* a table for each predicate that relates spans, and for each aggregate over one.

Source of the shape of the plan: predicates of one span as bitmaps and one grouping for many rules is how column stores
evaluate conjunctive workloads; see Abadi, Boncz, Harizopoulos, "The Design and Implementation of Modern
Column-Oriented Database Systems" (2013).
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from fluo_logic.logic import (
    Program,
)
from fluo_logic.translate.relational_joins import (
    EVENTS,
    SPANS,
)
from fluo_logic.translate.relational_plan import RelationalPlan
from fluo_logic.translate.relational_planner import Planner
from fluo_logic.translate.relational_spark import for_spark


def to_plan(program: Program, wanted: Iterable[str] | None = None) -> RelationalPlan:
    """Return the relational plan of a program in stratum order, for some of its predicates or for all.

    Raises:
        UnsupportedError: a clause has no relational form.
    """
    return Planner(program, wanted).plan()


def to_sql(program: Program, dialect: str = "duckdb") -> str:
    """Return the plan of a program as readable SQL: a statement for each table, then a query for each obligation."""
    plan = to_plan(program)
    if dialect == "spark":
        plan = for_spark(plan).plan
    parts = [_header(plan)]
    failures = [obligation.failure.predicate for rule in program.rules for obligation in rule.obligations]
    parts.extend(
        f"{_comment(step.comment)}\n{printed(step.statement, dialect, pretty=True)};" for step in plan.needed(failures)
    )
    for rule in program.rules:
        for obligation in rule.obligations:
            query = plan.answers[obligation.failure.predicate]
            text = f"{rule.rule}: failures of {obligation.polarity} {{ {obligation.origin.text} }}"
            parts.append(f"{_comment(text)}\n{printed(query, dialect, pretty=True)};")
    return "\n\n".join(parts) + "\n"


def printed(expression: exp.Expr, dialect: str, *, pretty: bool = False) -> str:
    """Return the SQL text of an expression; every identifier is quoted."""
    return expression.sql(dialect, pretty=pretty, identify=True, comments=False)


def _header(plan: RelationalPlan) -> str:
    lines = ["-- Input tables, and the parts of values that their columns hold:"]
    for table, columns in ((SPANS, plan.spans), (EVENTS, plan.events)):
        lines.extend(f"--   {table}.{column.name}: {column.part.value} of {column.key}" for column in columns)
    return "\n".join(lines)


def _comment(text: str) -> str:
    return "-- " + " ".join(text.split())
