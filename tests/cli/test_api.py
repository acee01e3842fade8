"""The public names: what a program or a notebook calls."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import fluo_logic as fl

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", fl.__all__)
def test_every_public_name_is_there(name: str) -> None:
    """What `__all__` promises can be imported, and `dir` shows it."""
    assert getattr(fl, name) is not None
    assert name in dir(fl)


def test_another_name_is_an_attribute_error() -> None:
    """A name that does not exist fails as for any module."""
    with pytest.raises(AttributeError, match="has no attribute 'chek'"):
        _ = fl.chek  # type: ignore[attr-defined]


def test_rules_come_from_files_folders_and_packs(folder: Path) -> None:
    """Paths and packs can be given one by one or as a list, and a rule is found by its id."""
    rules = fl.load_rules("pack:case-studies", [folder / "rules.fluo"])
    assert rules["audited"].title == "An action has a log"
    assert len(rules) == len(fl.load_rules("pack:case-studies")) + 2


def test_a_check_takes_a_rule_set_or_one_rule(folder: Path) -> None:
    """The report is the same whichever way the one rule is handed over."""
    text = "when { admin.action } always { audit.log }"
    rule = fl.rule(text, id="audited")
    report = fl.check(folder / "violated.json", rule)
    assert report == fl.check([folder / "violated.json"], fl.Ruleset((rule,)))
    assert not report.ok
    with pytest.raises(fl.InvariantViolationError, match="audited"):
        report.raise_if_violated()


@pytest.mark.parametrize(
    ("settings", "ok"),
    [
        ({}, True),
        ({"now": "2030-01-01T00:00:00Z"}, False),
        ({"now": datetime(2030, 1, 1, tzinfo=UTC)}, False),
        ({"now": 1_893_456_000 * 10**9}, False),
        ({"now": None}, True),
    ],
)
def test_times_are_written_as_suits_the_caller(folder: Path, settings: dict[str, object], ok: bool) -> None:  # noqa: FBT001
    """`now` is a text, a datetime or nanoseconds."""
    rules = fl.load_rules(folder / "rules.fluo")
    assert fl.check(folder / "pending.json", rules, **settings).ok is ok  # type: ignore[arg-type]


@pytest.mark.parametrize("skew", ["1.5s", timedelta(seconds=1.5), 1_500_000_000])
def test_durations_are_written_as_suits_the_caller(skew: str | timedelta | int) -> None:
    """`clock_skew` is a text with a unit, a timedelta or nanoseconds."""
    from fluo_logic.api import Settings, _options  # noqa: PLC0415

    assert _options(fl.Options(max_proofs=3), Settings(clock_skew=skew)) == fl.Options(
        max_proofs=3, clock_skew=1_500_000_000
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"now": "today"}, '`now`: "today" is not a point in time'),
        ({"now": datetime(2030, 1, 1)}, "which has no time zone"),  # noqa: DTZ001
        ({"clock_skew": "5"}, "`clock_skew`: `5` is not a duration"),
        ({"clock_skew": timedelta(seconds=-1)}, "which is negative"),
        ({"engine": "clngo"}, "there is no engine named clngo"),
    ],
)
def test_a_setting_that_cannot_be_read_is_an_error(folder: Path, settings: dict[str, object], message: str) -> None:
    """Wrong settings raise ConfigError, which says what is wrong."""
    with pytest.raises(fl.ConfigError, match=message):
        fl.check(folder / "clean.json", fl.load_rules(folder / "rules.fluo"), **settings)  # type: ignore[arg-type]


def test_a_setting_that_does_not_exist_is_a_type_error(folder: Path) -> None:
    """A mistyped keyword is refused."""
    with pytest.raises(TypeError, match="no setting named max_prof"):
        fl.check(folder / "clean.json", fl.load_rules(folder / "rules.fluo"), max_prof=1)  # type: ignore[call-arg]


@pytest.mark.parametrize("first", ["", "import fluo_logic.explain.proof; ", "fl.check; ", "fl.Report; "])
def test_explain_is_a_function_whatever_was_imported_before(folder: Path, first: str) -> None:
    """The function and the package of the same name do not get in each other's way."""
    code = (
        f"import fluo_logic as fl; {first}"
        f"rules = fl.load_rules({str(folder / 'rules.fluo')!r}); "
        f"print(fl.explain(rules['audited'], {str(folder / 'violated.json')!r}, scope='{2:032x}').verdict); "
        "import fluo_logic.explain.proof as proof; assert proof.Given"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)  # noqa: S603
    assert done.stdout == "satisfied\n"


def test_a_proof_can_be_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`show` prints the proof; nothing else of the library prints."""
    report = fl.check(folder / "violated.json", fl.load_rules(folder / "rules.fluo"))
    assert capsys.readouterr() == ("", "")
    proof = report.violations[0].proof
    assert proof is not None
    proof.show()
    assert "✗ always audit.log" in capsys.readouterr().out


def test_what_holds_much_is_one_line_at_the_prompt() -> None:
    """A data set, a report and a violation are told in a line, also by `print`, and not written out span by span."""
    data = fl.read_traces(ROOT / "docs/data/refund.otlp.json")
    report = fl.check(data, fl.rule("never { refund.process }", id="none"))
    assert repr(data) == "<Dataset: 3 spans in 1 trace>"
    assert repr(report) == "<Report: 1 violation of 1 rule — 1 rule on 3 spans in 1 trace>"
    assert repr(report.violations) == "(<Violation: none: `refund.process` holds>,)"
    idle = fl.check(data, fl.rule("when { refund } never { refund.process }", id="none"))
    assert str(idle) == "<Report: nothing violated, no rule applied — 1 rule on 3 spans in 1 trace>"
