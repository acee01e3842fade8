"""The forms of Spark SQL that stand in for those of DuckDB mean the same: what differs between the two is run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlglot import exp

from fluo_logic.errors import UnsupportedError
from fluo_logic.pipeline import Options, check
from fluo_logic.values import matches

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytest.importorskip("pyspark")
pytest.importorskip("duckdb")

from fluo_logic.translate import relational_sql as sql  # noqa: E402 - needs sqlglot
from fluo_logic.translate.relational import printed  # noqa: E402 - likewise
from fluo_logic.translate.relational_spark import DIALECT, _exact_double, java_pattern  # noqa: E402 - likewise

PATTERNS = (
    "abc",
    "^a",
    "b$",
    "^$",
    "^a.b$",
    "a.*b",
    r"a\sb",
    r"^\S$",
    "^a{2}",
    "(a|b){1,2}.+",
    "a|b",
    "(ab)+c?",
    "(?:x|y)z*",
    r"a\.b",
    r"\d+",
    r"\D",
    r"\w+-\w",
    r"\W",
    "[a-c]+[0-9]",
    "[^a-z]",
    r"\(x\)",
    r"C:\\",
    "it's",
)
OTHERS = (
    r"\bword\b",
    "(?i)abc",
    r"\pL",
    "[[:alpha:]]",
    r"\Qa.b\E",
    "a++",
    r"x\z",
    "é",
    "(*a)",
    "a$b",
    "a^b",
    "[^\\d]",
    "a{2}+",
)
TEXTS = (
    *("", "a", "ab", "aa", "b\n", "abab", "a.b", "axb", "a\nb", "a\rb", "a\u2028b", "\r\n", "12", "é", "ǆ9"),
    *("x-y", "(x)", "C:\\", "it's", "A", "٣", "a\x0bb", "a b", "\xa0", "b\r"),
)
DOUBLES = (0.0, -1.0, 3.0, 2.0**53, 2.0**62, 2.0**63, -(2.0**63), 2.0**64 + 2.0**20, 1e30, -(2.0**100), 2.0**125)


def test_patterns_that_java_matches_are_matched_as_by_re2(spark: SparkSession) -> None:
    """A pattern of the common part means on Spark what it means everywhere, at line breaks and beyond ASCII, too."""
    texts = spark.createDataFrame([(text,) for text in TEXTS], "text string")
    texts.createOrReplaceTempView("texts")
    tests = []
    for pattern in PATTERNS:
        same = java_pattern(pattern)
        assert same is not None, pattern
        tests.append(exp.RegexpLike(this=sql.column("texts", "text"), expression=exp.Literal.string(same)))
    query = exp.select(sql.column("texts", "text"), *tests).from_("texts")
    try:
        for text, *found in spark.sql(printed(query, DIALECT)).collect():
            wanted = [matches(pattern, text) for pattern in PATTERNS]
            assert dict(zip(PATTERNS, found, strict=True)) == dict(zip(PATTERNS, wanted, strict=True)), repr(text)
    finally:
        spark.catalog.dropTempView("texts")


@pytest.mark.parametrize("pattern", OTHERS)
def test_other_patterns_are_left_to_re2(pattern: str) -> None:
    """What the two may read differently, or only one can read, is not handed to Java."""
    assert java_pattern(pattern) is None


def test_doubles_become_exact_integers(spark: SparkSession) -> None:
    """A double that is whole is summed as the integer that it is, and not as its shortest decimal."""
    spark.createDataFrame([(number,) for number in DOUBLES], "number double").createOrReplaceTempView("numbers")
    value = sql.column("numbers", "number")
    assert isinstance(value, exp.Column)
    query = exp.select(value.copy(), _exact_double(value)).from_("numbers")
    try:
        for number, found in spark.sql(printed(query, DIALECT)).collect():
            assert int(found) == int(number)
    finally:
        spark.catalog.dropTempView("numbers")


def test_what_spark_cannot_express_is_refused(spark: SparkSession) -> None:
    """A value of an event that only Python can compare is an error that names an engine which can."""
    from tests.columnar.test_same_report import rules_of, span, written  # noqa: PLC0415 - needs optional packages

    rules = rules_of('rule events "e" { never { *.where(event(e).where(x matches "(?i)y")) } }')
    with pytest.raises(UnsupportedError) as raised:
        check(written([span(1)]), rules, Options(engine="spark", spark=spark))
    assert raised.value.code == "U202"
    assert "duckdb" in str(raised.value.hint)
