"""A relational plan as Spark SQL takes it: the forms that it lacks, in forms that it has.

=============================================  =======================================================================
``EXISTS (SELECT … FROM _events)`` as a value  ``EXISTS(s.__events, e -> …)``: the events of a span are a list beside it
a list of starts beside lists of values        one list of rows, since Spark leaves NULL out of lists
``COUNT(DISTINCT x) OVER …``                   ``SIZE(COLLECT_SET(x) OVER …)``
a double as an exact integer                   by powers of two: Spark's own cast goes through the shortest decimal
a regular expression                           ``RLIKE`` where Java and RE2 agree, else a function
=============================================  =======================================================================
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from sqlglot import exp

from fluo_logic.errors import UnsupportedError
from fluo_logic.translate import relational_sql as sql
from fluo_logic.translate.relational_aggregates import WINDOW_SUM
from fluo_logic.translate.relational_columns import Part
from fluo_logic.translate.relational_joins import EVENTS, LINKS
from fluo_logic.translate.relational_plan import RelationalPlan

DIALECT: Final = "spark"
EVENT_LIST: Final = "__events"
"""The column of spans that lists the events of each."""
TESTED: Final = "_tested"
MATCHES: Final = "fluo_matches"
LARGEST_LONG: Final = 2**62
WORD_BITS: Final = 32
TOKEN: Final = re.compile(
    r"""
      (?P<item>
          [A-Za-z0-9_ /:;,@%&=~<>"'!#-]
        | \\[.^$|?*+()\[\]{}/\\-]
        | \\[dDwW]
        | \[\^?(?:[a-z]-[a-z]|[A-Z]-[A-Z]|[0-9]-[0-9]|[A-Za-z0-9_ /:;,@%=.])+\]
        | \)
      )
    | (?P<other>\. | \\[sS])
    | (?P<again>[?*+] | \{[0-9]+(?:,[0-9]*)?\})
    | (?P<open>\((?:\?:)? | \| | ^\^)
    | (?P<end>\$$)
    """,
    re.VERBOSE,
)
"""The parts of patterns that Java and RE2 read alike, or for which Java has another spelling."""
JAVA: Final = {".": r"[^\n]", r"\s": r"[\t\n\f\r ]", r"\S": r"[^\t\n\f\r ]", "$": r"\z"}
"""What Java reads otherwise: its full stop knows more ends of lines, its dollar is also before the last of them."""


@dataclass(frozen=True, slots=True)
class SparkPlan:
    """A plan for Spark, whether it reads the events and the links of spans, and whether it calls `MATCHES`."""

    plan: RelationalPlan
    reads_events: bool
    reads_links: bool
    matches: bool


def for_spark(plan: RelationalPlan) -> SparkPlan:
    """Return a plan in the forms of Spark SQL, which `printed` prints with `DIALECT`.

    Raises:
        UnsupportedError: a comparison with a value of an event needs a function of Python.
    """
    doubles = frozenset(column.name for column in (*plan.spans, *plan.events) if column.part is Part.HIGH)
    steps = {name: replace(step, query=_rewritten(step.query, doubles)) for name, step in plan.steps.items()}
    answers = {name: _rewritten(query, doubles) for name, query in plan.answers.items()}
    queries = [*(step.query for step in steps.values()), *answers.values()]
    lists = any(column.name == EVENT_LIST for query in queries for column in query.find_all(exp.Column))
    tested = steps.get(TESTED)
    if lists and tested is not None and isinstance(tested.query, exp.Select):
        steps[TESTED] = replace(tested, query=tested.query.select(sql.column("s", EVENT_LIST)))
    tables = {table.name for query in queries for table in query.find_all(exp.Table)}
    matches = any(call.name == MATCHES for query in queries for call in query.find_all(exp.Anonymous))
    return SparkPlan(replace(plan, steps=steps, answers=answers), lists or EVENTS in tables, LINKS in tables, matches)


def _rewritten(query: exp.Query, doubles: frozenset[str]) -> exp.Query:
    copied = query.copy()
    # From the inside out: what is made of a node is made of what its parts have become.
    for node in reversed(list(copied.walk())):
        for rewrite in (_window_sum, _distinct_window, _pattern, _no_doubles):
            found = rewrite(node)
            if found is not None:
                node.replace(found)
                break
        if isinstance(node, exp.Cast) and isinstance(node.this, exp.Column) and node.this.name in doubles:
            node.replace(_exact_double(node.this))
        if isinstance(node, exp.Exists) and isinstance(node.this, exp.Select) and _is_value(node):
            node.replace(_any_event(node.this))
    return copied


# --- events -------------------------------------------------------------------------------------------------------


def _is_value(node: exp.Exists) -> bool:
    """Return whether an EXISTS stands where Spark takes no query: in a column, an aggregate, or HAVING."""
    select = node.parent_select
    inner: exp.Expr | None = node
    while inner is not None and inner is not select:
        if isinstance(inner, exp.Where):
            return False
        inner = inner.parent
    return True


def _any_event(select: exp.Select) -> exp.Expr:
    """Return a condition on events as one on the list of the events of their span."""
    names = [table.alias_or_name for table in _sources(select)]
    where: exp.Expr = select.args["where"].this
    owners = dict(_owner(where, name) for name in names)
    if any(isinstance(call, exp.Anonymous) for call in where.find_all(exp.Anonymous)):
        message = "Spark SQL cannot call Python for a value of an event"
        hint = "the engines clingo and duckdb can; compare the value with a constant otherwise than by such a pattern"
        raise UnsupportedError(code="U202", message=message, hint=hint)
    condition: exp.Expr = where.copy()
    for name in reversed(names):
        events = sql.column(owners[name], EVENT_LIST)
        function = exp.Lambda(this=condition, expressions=[exp.Identifier(this=name, quoted=True)])
        condition = exp.Anonymous(this="EXISTS", expressions=[events, function])
    return condition


def _sources(select: exp.Select) -> Iterator[exp.Table]:
    start = select.args["from_"].this
    yield start
    yield from (join.this for join in select.args.get("joins") or ())


def _owner(where: exp.Expr, event: str) -> tuple[str, str]:
    """Return the alias of the span of an event, and make what says so say nothing."""
    for equal in where.find_all(exp.EQ):
        left, right = equal.this, equal.expression
        if isinstance(left, exp.Column) and (left.table, left.name) == (event, "_span"):
            equal.set("this", right.copy())
            return event, right.table
    message = f"nothing says whose event {event} is"
    raise TypeError(message)


# --- aggregates ---------------------------------------------------------------------------------------------------


def _window_sum(node: exp.Expr) -> exp.Expr | None:
    """Return the sum over windows with one list of rows in the place of four lists."""
    if not isinstance(node, exp.Anonymous) or node.name != WINDOW_SUM:
        return None
    *lists, length = node.expressions
    parts = {name: part.this.copy() for name, part in zip(("start", "high", "low", "whole"), lists, strict=True)}
    return sql.call(WINDOW_SUM, exp.ArrayAgg(this=sql.struct(**parts)), length.copy())


def _distinct_window(node: exp.Expr) -> exp.Expr | None:
    if not isinstance(node, exp.Window) or not isinstance(node.this.this, exp.Distinct):
        return None
    window = node.copy()
    window.set("this", exp.Anonymous(this="COLLECT_SET", expressions=[node.this.this.expressions[0].copy()]))
    return exp.Anonymous(this="SIZE", expressions=[window])


def _no_doubles(node: exp.Expr) -> exp.Expr | None:
    """Return whether a list has no items: it is empty here, and NULL elsewhere."""
    if not isinstance(node, exp.Is) or not isinstance(node.this, exp.Filter):
        return None
    return exp.EQ(this=exp.Anonymous(this="SIZE", expressions=[node.this.copy()]), expression=sql.integer(0))


def _exact_double(value: exp.Column) -> exp.Expr:
    """Return the column of a double that is whole as an exact integer."""
    small = exp.LT(this=exp.Abs(this=value.copy()), expression=sql.integer(LARGEST_LONG))
    # Of a double, the part above a power of two and the rest are doubles, exactly.
    high = _floor(value.copy(), 2**64)
    rest = exp.paren(exp.Sub(this=value.copy(), expression=_times(high.copy(), 2**64)))
    middle = _floor(rest.copy(), 2**WORD_BITS)
    low = sql.cast(exp.paren(exp.Sub(this=rest, expression=_times(middle.copy(), 2**WORD_BITS))), sql.BIGINT)
    word = sql.exact(sql.integer(2**WORD_BITS))
    upper = exp.paren(exp.Add(this=exp.Mul(this=sql.exact(high), expression=word), expression=sql.exact(middle)))
    large = exp.Add(this=exp.Mul(this=upper, expression=word.copy()), expression=sql.exact(low))
    return exp.paren(sql.when(small, sql.exact(sql.cast(value.copy(), sql.BIGINT)), sql.exact(exp.paren(large))))


def _floor(value: exp.Expr, divisor: int) -> exp.Expr:
    power = sql.cast(exp.Literal.string(repr(float(divisor))), sql.DOUBLE)
    return exp.Anonymous(this="FLOOR", expressions=[exp.Div(this=value, expression=power)])


def _times(value: exp.Expr, factor: int) -> exp.Expr:
    power = sql.cast(exp.Literal.string(repr(float(factor))), sql.DOUBLE)
    return exp.Mul(this=sql.cast(value, sql.DOUBLE), expression=power)


# --- texts --------------------------------------------------------------------------------------------------------


def _pattern(node: exp.Expr) -> exp.Expr | None:
    if not isinstance(node, exp.RegexpLike):
        return None
    pattern = node.expression
    if isinstance(pattern, exp.Literal) and (same := java_pattern(pattern.name)) is not None:
        if same == pattern.name:
            return None
        return exp.RegexpLike(this=node.this.copy(), expression=exp.Literal.string(same))
    return sql.call(MATCHES, node.this.copy(), pattern.copy())


def java_pattern(pattern: str) -> str | None:
    """Return a pattern that Java reads as RE2 reads the given one; None where that is not known."""
    parts: list[str] = []
    done, before = 0, "open"
    for token in TOKEN.finditer(pattern):
        kind = str(token.lastgroup)
        if token.start() != done or (kind == "again" and before not in {"item", "other"}):
            return None
        parts.append(JAVA.get(token[0], token[0]))
        done, before = token.end(), kind
    return "".join(parts) if done == len(pattern) else None
