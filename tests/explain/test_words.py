"""How values, times and durations are written, and that no text of a trace can act on a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluo_logic.explain.text import explanation_text
from fluo_logic.explain.words import (
    duration_text,
    exact_duration_text,
    inert,
    instant_text,
    plural,
    shortened,
    value_text,
)
from fluo_logic.facts.dataset import assemble
from fluo_logic.facts.model import Resource, Span
from fluo_logic.lang.parse import parse_rule
from fluo_logic.logic import Unit
from fluo_logic.pipeline import explain
from fluo_logic.values import Value

DURATIONS = (
    (0, "0 s"),
    (1, "1 ns"),
    (999, "999 ns"),
    (1_500, "1.5 µs"),
    (999_999, "999.999 µs"),
    (999_999_999, "1 s"),
    (3_200_000, "3.2 ms"),
    (1_500_000_001, "1.5 s"),
    (59_999_999_999, "1 min"),
    (60 * 10**9, "1 min"),
    (125 * 10**9, "2 min 5 s"),
    (3_600 * 10**9, "1 h"),
    (30 * 86_400 * 10**9, "30 d"),
    (31 * 86_400 * 10**9 + 3_600 * 10**9, "31 d 1 h"),
    (-4, "-4 ns"),
)
EXACT = ((0, "0 s"), (1, "0.000000001 s"), (1_500_000_001, "1.500000001 s"), (-2 * 10**9, "-2 s"))
INSTANTS = (
    (1_767_225_600 * 10**9, "2026-01-01 00:00:00.000"),
    (1_767_225_600 * 10**9 + 250_000_000, "2026-01-01 00:00:00.250"),
    (1_767_225_600 * 10**9 + 250_001_000, "2026-01-01 00:00:00.250001"),
    (1_767_225_600 * 10**9 + 1, "2026-01-01 00:00:00.000000001"),
    (10**30, f"{10**30} ns"),
)
VALUES: tuple[tuple[Value | None, Unit, str], ...] = (
    (None, Unit.NONE, "missing"),
    ("x", Unit.NONE, '"x"'),
    (True, Unit.NONE, "true"),
    (4.0, Unit.NONE, "4"),
    (2**63 - 1, Unit.NONE, "9223372036854775807"),
    (("x", 1), Unit.NONE, '["x",1]'),
    (b"\x00\xff", Unit.NONE, "AP8="),
    (1_500_000_000, Unit.DURATION, "1.5 s"),
)
HOSTILE = "\x1b[31mred\x1b[0m\r\n\u202egnp\x07\x9b2J"


@pytest.mark.parametrize(("nanoseconds", "text"), DURATIONS)
def test_durations(nanoseconds: int, text: str) -> None:
    """A duration is written in its two largest units, rounded."""
    assert duration_text(nanoseconds) == text


@pytest.mark.parametrize(("nanoseconds", "text"), EXACT)
def test_exact_durations(nanoseconds: int, text: str) -> None:
    """An exact duration loses nothing."""
    assert exact_duration_text(nanoseconds) == text


@given(st.integers(min_value=-(2**63), max_value=2**63))
def test_exact_durations_read_back(nanoseconds: int) -> None:
    """Different durations have different exact texts."""
    whole, _, fraction = exact_duration_text(nanoseconds).removesuffix(" s").lstrip("-").partition(".")
    assert int(whole.replace(",", "")) * 10**9 + int(fraction.ljust(9, "0") or 0) == abs(nanoseconds)


@pytest.mark.parametrize(("nanoseconds", "text"), INSTANTS)
def test_instants(nanoseconds: int, text: str) -> None:
    """A time is UTC with the digits it has, at least milliseconds; one beyond the calendar is a number."""
    assert instant_text(nanoseconds) == text


@pytest.mark.parametrize(("value", "unit", "text"), VALUES)
def test_values(value: Value | None, unit: Unit, text: str) -> None:
    """A value shows its type: texts in quotes, numbers bare, times in their units."""
    assert value_text(value, unit) == text


def test_long_values_lose_their_middle() -> None:
    """A long value keeps its beginning and its end, and says how long it is."""
    text = shortened("a" * 500 + "z", 30)
    assert text == f"{'a' * 20}…(501 characters)…{'a' * 7}z"


def test_plurals() -> None:
    """One is singular; thousands have separators."""
    assert [plural(count, "span") for count in (0, 1, 1066)] == ["0 spans", "1 span", "1,066 spans"]


@given(st.text())
def test_inert_text_is_printable(text: str) -> None:
    """Whatever a trace holds, nothing that is not printable is shown, and printable text is left as it is."""
    shown = inert(text)
    assert all(char.isprintable() for char in shown)
    if text.isprintable():
        assert shown == text


@pytest.mark.parametrize("polarity", ["always", "never"])
def test_text_of_traces_never_acts_on_a_terminal(polarity: str) -> None:
    """Names, services, values and ids with escapes or overrides in them are shown as visible escapes."""
    span = Span(
        trace_id=HOSTILE,
        span_id=HOSTILE,
        name=HOSTILE,
        parent_id=HOSTILE,
        start=1,
        end=2,
        attributes={"k": HOSTILE},
        resource=Resource({"service.name": HOSTILE}),
    )
    rule = parse_rule(f'display "it says {{$x.k}}" when {{ *.where(exists(k)) as $x }} {polarity} {{ $x.k == x }}')
    text = explanation_text(explain(rule, assemble([span])))
    assert [char for char in text if not char.isprintable() and char != "\n"] == []
    assert "\u202e" not in text
