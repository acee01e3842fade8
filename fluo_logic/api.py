"""What a program calls: the pipeline behind arguments that are easy to write, each turned into its exact form."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeAlias, TypedDict, Unpack

from fluo_logic import pipeline
from fluo_logic.errors import ConfigError
from fluo_logic.facts.dataset import Dataset
from fluo_logic.facts.readers.sources import TraceInput
from fluo_logic.lang import parse
from fluo_logic.lang.literals import LiteralError, decode_duration, decode_instant
from fluo_logic.lang.syntax import Rule, Ruleset
from fluo_logic.pipeline import Explanation, Options
from fluo_logic.report.violation import Report
from fluo_logic.resources import rules_path
from fluo_logic.solve.registry import SPARK

if TYPE_CHECKING:
    from fluo_logic.spark.session import Session as SparkSession

StrPath: TypeAlias = str | os.PathLike[str]
Traces: TypeAlias = TraceInput | Sequence[TraceInput] | Dataset

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Settings(TypedDict, total=False):
    """`fluo_logic.pipeline.Options` as keywords, with times as people write them.

    ``now`` is an RFC 3339 text, a datetime with a time zone, or nanoseconds since the Unix epoch; ``clock_skew`` a
    duration as rules write it (``"5ms"``), a timedelta, or nanoseconds.  With ``spark``, a session, the engine is
    `spark` unless another is named.
    """

    engine: str
    max_proofs: int
    now: str | datetime | int | None
    clock_skew: str | timedelta | int
    assume_complete: bool
    spark: SparkSession | None


def load_rules(*paths: StrPath | Sequence[StrPath]) -> Ruleset:
    """Return the rules of files, of folders, and of shipped packs (``pack:case-studies``), in that order.

    Raises:
        RuleFilesError: with every mistake of every file.
        ConfigError: a pack does not exist.
    """
    named: list[StrPath] = []
    for path in paths:
        if isinstance(path, str | os.PathLike):
            named.append(path)
        else:
            named.extend(path)
    return parse.load_rules([rules_path(path) for path in named])


def rule(text: str, id: str = "rule") -> Rule:  # noqa: A002 - it is what the language calls it
    """Return the one rule that ``text`` holds: the content of a rule, or a whole ``rule ID { … }``.

    Raises:
        RuleFilesError: with every mistake of the text.
    """
    return parse.parse_rule(text, id)


def check(
    traces: Traces, rules: Ruleset | Rule, options: Options | None = None, **settings: Unpack[Settings]
) -> Report:
    """Check rules against traces.

    Args:
        traces: paths, folders, globs, bytes, OpenTelemetry messages or SDK spans, or a data set already read.
        rules: what `load_rules` or `rule` returned.
        options: how to check; see `fluo_logic.pipeline.Options`.
        settings: options one by one, which replace those of ``options``; see `Settings`.

    Returns:
        The report.  What could not be read is in ``report.data.problems``; the rest was checked all the same.

    Raises:
        ConfigError: a setting cannot be read.
        UnsupportedError: the engine cannot express a clause of a rule.
    """
    ruleset = Ruleset((rules,)) if isinstance(rules, Rule) else rules
    return pipeline.check(traces, ruleset, _options(options or pipeline.DEFAULTS, settings))


def explain(
    rule: Rule,
    traces: Traces,
    scope: str | None = None,
    options: Options | None = None,
    **settings: Unpack[Settings],
) -> Explanation:
    """Explain why one rule has its verdict on one scope: violated, satisfied, vacuous, pending or inconclusive.

    Args:
        rule: the rule, ``rules["admin-audit"]`` of a rule set.
        traces: as for `check`.
        scope: a trace id or the beginning of one, or the value of the rule's scope key.  Without it: the worst scope,
            the first of those.
        options: how to check; see `fluo_logic.pipeline.Options`.
        settings: options one by one; see `Settings`.

    Raises:
        ConfigError: no scope, or more than one, fits ``scope``; or a setting cannot be read.
    """
    return pipeline.explain(rule, traces, scope, _options(options or pipeline.DEFAULTS, settings))


def _options(options: Options, settings: Settings) -> Options:
    unknown = settings.keys() - Settings.__annotations__.keys()
    if unknown:
        message = f"there is no setting named {', '.join(sorted(unknown))}"
        raise TypeError(message)
    return replace(
        options,
        engine=settings.get("engine", SPARK if settings.get("spark") is not None else options.engine),
        max_proofs=settings.get("max_proofs", options.max_proofs),
        now=_instant(settings["now"]) if "now" in settings else options.now,
        clock_skew=_duration(settings["clock_skew"]) if "clock_skew" in settings else options.clock_skew,
        assume_complete=settings.get("assume_complete", options.assume_complete),
        spark=settings.get("spark", options.spark),
    )


def _instant(now: str | datetime | int | None) -> int | None:
    match now:
        case str():
            return instant(now, "now")
        case datetime():
            if now.utcoffset() is None:
                hint = "give it one, for example `datetime.now(UTC)`"
                raise ConfigError(code="C102", message=f"`now` is {now}, which has no time zone", hint=hint)
            return (now - EPOCH) // timedelta(microseconds=1) * 1_000
        case _:
            return now


def _duration(length: str | timedelta | int) -> int:
    match length:
        case str():
            return duration(length, "clock_skew")
        case timedelta():
            nanoseconds = length // timedelta(microseconds=1) * 1_000
        case _:
            nanoseconds = length
    return _not_negative(nanoseconds, str(length), "clock_skew")


def instant(text: str, name: str) -> int:
    """Return the nanoseconds since the Unix epoch of an RFC 3339 text; ``name`` is what an error calls it."""
    try:
        return decode_instant(text)
    except LiteralError as error:
        raise ConfigError(code="C102", message=f"`{name}`: {error.message}", hint=error.hint) from error


def duration(text: str, name: str) -> int:
    """Return the nanoseconds of a duration such as ``5ms``, which must not be negative."""
    try:
        nanoseconds = decode_duration(text)
    except LiteralError as error:
        raise ConfigError(code="C103", message=f"`{name}`: {error.message}", hint=error.hint) from error
    return _not_negative(nanoseconds, text, name)


def _not_negative(nanoseconds: int, text: str, name: str) -> int:
    if nanoseconds < 0:
        raise ConfigError(code="C103", message=f"`{name}` is {text}, which is negative")
    return nanoseconds
