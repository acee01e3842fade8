"""Nothing is left out of an analysis without a word."""

from __future__ import annotations

from typing import Final

import pytest

from fluo_logic.consistency import analyze_told
from fluo_logic.consistency.analyze import analyze
from fluo_logic.consistency.encode_solve import Demand, Solver, UndecidedError
from fluo_logic.consistency.vocabulary import unsupported
from fluo_logic.explain.text import Style
from fluo_logic.lang.parse import parse_rule, parse_rules
from fluo_logic.lang.syntax import Rule, Ruleset
from fluo_logic.logic import Program

PAIR: Final = """
rule one { when { order as $o } always { ship after $o within 1h and paid } }
rule two { when { order } never { ship } }
"""
TOO_MANY: Final = "they are too many"


def ruleset(text: str) -> Ruleset:
    rules, errors = parse_rules(text, "rules.fluo")
    assert not errors
    return Ruleset(tuple(rules))


def make_impatient(patch: pytest.MonkeyPatch, fewest: int) -> None:
    """Make solvers of ``fewest`` rules or more never answer in time."""
    find, holds = Solver.find, Solver.holds

    def slow_find(self: Solver, demands: list[Demand]) -> object:
        if len(self.program.rules) >= fewest:
            raise UndecidedError
        return find(self, demands)

    def slow_holds(self: Solver, demands: list[Demand], extra: tuple[int, ...] = (), *, shown: bool = False) -> bool:
        if len(self.program.rules) >= fewest:
            raise UndecidedError
        return holds(self, demands, extra, shown=shown)

    patch.setattr(Solver, "find", slow_find)
    patch.setattr(Solver, "holds", slow_holds)


def test_what_takes_too_long_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each question about two rules that no trace at hand answers is a finding that says `undecided`."""
    make_impatient(monkeypatch, 2)
    analysis = analyze(ruleset(PAIR))
    assert "nothing found — 2 rules, traces of up to 6 spans, " in analysis.text(Style(colour=False, width=100))
    assert " undecided" in analysis.text(Style(colour=False, width=100)).splitlines()[-1]
    found = analysis.findings
    assert {(one.kind, one.rules) for one in found} == {
        ("conflict", ("one", "two")),
        ("timing-conflict", ("one", "two")),
        ("shadowed", ("one",)),
    }
    assert all(one.undecided and "not decided within" in one.sentence for one in found)


def test_a_rule_that_takes_too_long_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a rule alone comes to is undecided both ways, and that it was compared with no other is told."""
    make_impatient(monkeypatch, 1)
    found = analyze(ruleset(PAIR))
    assert {(one.kind, one.rules) for one in found.findings} == {
        (kind, (rule,)) for kind in ("contradiction", "tautology") for rule in ("one", "two")
    }
    assert all(one.undecided for one in found.findings)
    assert {(one.rules, one.question) for one in found.not_analysed} == {
        (("one",), "comparison"),
        (("two",), "comparison"),
    }


def test_what_two_rules_together_cannot_express_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules that are expressed alone and not together are listed with what is not known, and branches likewise."""
    real = analyze_told.program_for

    def only_one(rules: tuple[Rule, ...]) -> tuple[Program, int]:
        if len(rules) > 1:
            raise unsupported(TOO_MANY)
        return real(rules)

    monkeypatch.setattr(analyze_told, "program_for", only_one)
    gaps = {(one.rules, one.question): one.reason for one in analyze(ruleset(PAIR)).not_analysed}
    assert gaps.keys() == {
        (("one", "two"), "conflict"),
        (("one",), "shadowed"),
    }
    assert gaps[("one",), "shadowed"].endswith(TOO_MANY)


def test_durations_that_do_not_fit_together() -> None:
    """Two rules whose durations have no common step are analysed each, and whether they conflict is listed."""
    years = "rule years { when { a as $a } always { b after $a within 700d } }"
    nanos = "rule nanos { when { a as $a } always { c after $a within 101ns } }"
    found = analyze(ruleset(f"{years}\n{nanos}"))
    (gap,) = found.not_analysed
    assert (gap.rules, gap.question) == (("years", "nanos"), "conflict")
    assert "too far apart" in gap.reason


def test_examples_answer_what_they_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule whose examples show both verdicts, and decide its branches, is not given to the solver."""
    make_impatient(monkeypatch, 1)
    rule = parse_rule(
        'when { a } always { b } example violated "x" { trace { a @ 0s .. 1s } } '
        'example satisfied "y" { trace { a @ 0s .. 1s b @ 0s .. 1s } }',
        "one",
    )
    assert analyze(rule).ok


@pytest.mark.parametrize("pattern", ["^[0-9]{3}-x$", "(?i)(^|&)(password|token)=[^&]", "sk-[A-Za-z0-9]{20,}"])
def test_regular_expressions_are_matched_by_generated_texts(pattern: str) -> None:
    """A rule about a regular expression is no tautology for want of a text that matches."""
    assert analyze(parse_rule(f'never {{ a.where(k matches "{pattern}") }}', "one")).ok


def test_texts_that_cannot_be_made_up_are_listed() -> None:
    """Where no text is found that matches, the rule is not analysed."""
    (gap,) = analyze(parse_rule('never { a.where(k matches "^[\\\\p{Greek}]$") }', "one")).not_analysed
    assert gap.reason.startswith("no text is generated that matches")


def test_examples_tell_values_that_match() -> None:
    """What an example gives an attribute is a value of generated traces."""
    text = 'never { a.where(k matches "^[\\\\p{Greek}]$") } example violated "x" { trace { a(k: "λ") @ 0s .. 1s } }'
    looser = parse_rule('never { a.where(k == "λ" and l) }', "two")
    (found,) = analyze(Ruleset((parse_rule(text, "one"), looser))).findings
    assert (found.kind, found.rules) == ("subsumption", ("one", "two"))


def test_whether_spans_have_ended_is_not_analysed() -> None:
    """Generated spans have ended, so a rule that asks whether they have is not analysed."""
    (gap,) = analyze(parse_rule("never { a.where(not exists(span:end)) }", "one")).not_analysed
    assert "whether a span has ended" in gap.reason


def test_processes_change_nothing() -> None:
    """Several processes find the same as one, in the same order."""
    rules = ruleset("\n".join(f"rule r{n} {{ never {{ a{n // 2}.where(k > {n % 2}) }} }}" for n in range(13)))
    alone, together = analyze(rules), analyze(rules, jobs=2)
    assert alone == together
    assert [one.kind for one in alone.findings] == ["subsumption"] * 6
