"""Waivers: which violations they fit, when they expire, and what is wrong with a file of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

import fluo_logic as fl
from fluo_logic import pipeline
from fluo_logic.facts.readers import read_traces
from fluo_logic.report.excuse import Waiver
from fluo_logic.report.violation import VERDICTS
from fluo_logic.waivers.apply import apply_waivers
from fluo_logic.waivers.read import WaiversError, parse_waivers, read_waivers
from tests.report.conftest import otlp, otlp_span

GOLDEN: Final = Path(__file__).parent / "golden"
Fluo: TypeAlias = Callable[..., tuple[int, str, str]]
TODAY: Final = date(2026, 11, 24)
WAIVER: Final = """
[[waiver]]
rule = "audited"
owner = "platform"
reason = "the audit service moves"
expires = 2027-01-31
"""
VIOLATED: Final = "00000000000000000000000000000001"


@pytest.fixture
def check(fluo: Fluo, folder: Path) -> Callable[..., tuple[int, dict[str, Any], str]]:
    """Check the violated traces with a file of waivers on the given day; return status, report and errors."""

    def run(waivers: str, *words: str, now: str = "2026-11-24T12:00:00Z") -> tuple[int, dict[str, Any], str]:
        (folder / "waivers.toml").write_text(waivers, encoding="utf-8")
        status, out, err = fluo(
            *("check", "rules.fluo", "--traces", "violated.json", "--waivers", "waivers.toml"),
            *("--format", "json", "--now", now, *words),
        )
        return status, json.loads(out) if out else {}, err

    return run


Check: TypeAlias = Callable[..., tuple[int, dict[str, Any], str]]
FITS: Final = {
    "all of the rule": ("", True),
    "the fingerprint": ('fingerprint = "086f3ebed9030358"', True),
    "another fingerprint": ('fingerprint = "086f3ebed9030359"', False),
    "the scope": (f'scope = "{VIOLATED}"', True),
    "another scope": ('scope = "00000000000000000000000000000002"', False),
    "an attribute that is not there": ('attributes = { "tenant.id" = "acme" }', False),
}


@pytest.mark.parametrize(("line", "waived"), FITS.values(), ids=FITS)
def test_a_waiver_fits_what_it_says(check: Check, line: str, waived: bool) -> None:  # noqa: FBT001
    """A waived violation does not fail the run; one that is meant otherwise does, and the waiver is told as unused."""
    status, report, err = check(WAIVER + line)
    (violation,) = [one for one in report["violations"] if one["verdict"] == "violated"]
    assert (status, violation["waived_by"] is not None) == ((0, True) if waived else (1, False))
    assert [use["fits"] for use in report["waivers"]] == [int(waived)]
    assert err.startswith("warning[V005]: the waiver for audited fits no violation") != waived
    if waived:
        assert violation["waived_by"]["owner"] == "platform"
        assert violation["waived_by"]["place"] == {"file": "waivers.toml", "line": 3, "column": 1}


@pytest.mark.parametrize(
    ("now", "status"), [("2027-01-31T23:59:59Z", 0), ("2027-02-01T00:00:00Z", 1), ("2026-01-01T00:00:00Z", 0)]
)
def test_a_waiver_holds_through_its_last_day(check: Check, now: str, status: int) -> None:
    """`--now` is the day that counts, in UTC; the day after the last one, the run fails and says why."""
    found, report, err = check(WAIVER, now=now)
    assert found == status
    assert report["waivers"][0]["expired"] == bool(status)
    if status:
        first, second = err.splitlines()[:2]
        assert first == "error[V004]: the waiver for audited expired on 2027-01-31, and 1 violation counts again"
        assert second == " --> waivers.toml:3:1"
        assert report["violations"][0]["waived_by"] is None


def test_a_day_is_that_of_the_clock_unless_it_is_given(fluo: Fluo, folder: Path) -> None:
    """Without `--now` the clock tells what has expired, whenever the traces are from."""
    for year, status in ((date.today().year + 2, 0), (2024, 1)):  # noqa: DTZ011 - years apart
        (folder / "w.toml").write_text(WAIVER.replace("2027", str(year)), encoding="utf-8")
        assert fluo("check", "rules.fluo", "--traces", "violated.json", "--waivers", "w.toml")[0] == status


def test_an_expired_waiver_fails_even_where_it_fits_nothing(fluo: Fluo, folder: Path) -> None:
    """What has expired has to be renewed or removed, also when nothing is violated, or not gravely enough."""
    (folder / "w.toml").write_text(WAIVER.replace("2027", "2020"), encoding="utf-8")
    for words in (("clean.json",), ("violated.json", "--fail-on", "critical"), ("clean.json", "-q")):
        status, _, err = fluo("check", "rules.fluo", "--waivers", "w.toml", "--traces", *words)
        assert (status, err.startswith("error[V004]: the waiver for audited expired on 2020-01-31")) == (1, True)


def test_a_later_waiver_takes_over_from_an_expired_one(check: Check) -> None:
    """The violation is waived by the one that still holds, and the expired one fails all the same."""
    status, report, _ = check(WAIVER.replace("2027", "2020") + WAIVER)
    assert status == 1
    assert report["violations"][0]["waived_by"]["expires"] == "2027-01-31"
    assert [(use["fits"], use["expired"]) for use in report["waivers"]] == [(1, True), (1, False)]


def test_waivers_of_rules_that_are_not_checked_are_left_alone(check: Check) -> None:
    """With `--ignore` a waiver is neither unused nor expired, and still has to be for a rule that exists."""
    status, report, err = check(WAIVER.replace("2027", "2020"), "--ignore", "audited")
    assert (status, report["waivers"], err) == (0, [], "")


def test_lost_input_goes_before_waivers(fluo: Fluo, folder: Path) -> None:
    """A waived violation does not make an incomplete input complete."""
    (folder / "w.toml").write_text(WAIVER, encoding="utf-8")
    assert fluo("check", "rules.fluo", "--traces", "partly.json", "--waivers", "w.toml")[0] == 3


def test_the_configuration_names_a_file_of_waivers(fluo: Fluo, folder: Path) -> None:
    """`waivers` and `baseline` are settings, so that everybody who checks has the same ones."""
    (folder / "w.toml").write_text(WAIVER, encoding="utf-8")
    (folder / "pyproject.toml").write_text('[tool.fluo]\nwaivers = "w.toml"\n', encoding="utf-8")
    status, out, _ = fluo("check", "rules.fluo", "--traces", "violated.json", "--now", "2026-11-24T00:00:00Z")
    assert status == 0
    assert "nothing violated, 1 waived" in out


def test_quiet_says_nothing_of_what_is_waived(check: Check, fluo: Fluo) -> None:
    """With `-q` a run that does not fail prints nothing."""
    check(WAIVER)
    words = ("check", "rules.fluo", "--traces", "violated.json", "--waivers", "waivers.toml", "-q")
    assert fluo(*words, "--now", "2026-11-24T00:00:00Z") == (0, "", "")


def test_pending_obligations_can_be_waived(fluo: Fluo, folder: Path) -> None:
    """What is waived does not fail `--strict` either."""
    text = WAIVER.replace("audited", "granted")
    (folder / "w.toml").write_text(text, encoding="utf-8")
    words = ("check", "rules.fluo", "--traces", "pending.json", "--strict")
    assert fluo(*words)[0] == 4
    assert fluo(*words, "--waivers", "w.toml")[0] == 0


MISTAKES: Final = {
    "rule": WAIVER.replace("audited", "auditd"),
    "several": (
        '[[waiver]]\nrule = "auditd"\nowner = ""\nreson = "typo"\nexpires = "tomorrow"\n\n[[waiver]]\nowner = 1\n'
    ),
    "expires": WAIVER.replace("2027-01-31", "2027-01-31T00:00:00Z"),
    "expires as a number": WAIVER.replace("2027-01-31", "2027"),
    "fingerprint": WAIVER + 'fingerprint = "086F"\n',
    "attributes": WAIVER + "attributes = 1\n",
    "attribute without quotes": WAIVER + 'attributes = { tenant.id = "acme" }\n',
    "attribute of a variable": WAIVER + 'attributes = { "$a" = "acme", list = [1] }\n',
    "table": WAIVER.replace("[[waiver]]", "[[waver]]"),
    "one table": WAIVER.replace("[[waiver]]", "[waiver]"),
    "inline": 'waiver = [{ rule = "audited" }]\n',
    "toml": WAIVER + "owner = \n",
    "twice": WAIVER + 'owner = "x"\n',
    "empty key": WAIVER + '"" = 1\n',
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_a_file_of_waivers_is_an_early_error(
    check: Check, golden: Callable[[Path, str], None], name: str
) -> None:
    """Every mistake is told with its place before any trace is read; the status is that of wrong configuration."""
    status, report, err = check(MISTAKES[name], "--traces", "nowhere.json")
    assert (status, report) == (3, {})
    golden(GOLDEN / f"{name}.txt", err)


@pytest.mark.parametrize(("data", "said"), [(b"# \xff\n", "is not UTF-8"), (b'x = "\x00"', "is not TOML")])
def test_a_file_that_is_no_text_is_an_error(data: bytes, said: str) -> None:
    """Bytes that are no text, and controls, are refused with their place."""
    with pytest.raises(WaiversError, match=said) as raised:
        parse_waivers(data, "w.toml", [])
    assert raised.value.where is not None


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """The message names the file."""
    with pytest.raises(WaiversError, match="cannot be read"):
        read_waivers(str(tmp_path), ["audited"])


RULE: Final = fl.rule("""rule paid {
  across traces by user.id
  when { payment as $p }
  never { payment as $q and $q is not $p }
}""")
TRACES: Final = otlp(
    otlp_span(1, 1, "payment", 0, user_id={"stringValue": "u"}, amount={"doubleValue": 5.0}),
    otlp_span(2, 2, "payment", 5, user_id={"stringValue": "u"}, amount={"intValue": "7"}, live={"boolValue": True}),
)


@pytest.mark.parametrize(
    ("waiver", "waived"),
    [
        ({}, 2),
        ({"scope": "u"}, 2),
        ({"scope": "v"}, 0),
        ({"attributes": {"amount": "5"}}, 1),
        ({"attributes": {"$p.amount": "7"}}, 1),
        ({"attributes": {"$p.amount": "7", "live": "true"}}, 1),
        ({"attributes": {"$p.amount": "5", "live": "true"}}, 0),
        ({"attributes": {"$q.amount": "5"}}, 0),
        ({"attributes": {"user.id": "u"}}, 2),
    ],
)
def test_attributes_are_those_of_the_witnesses(waiver: dict[str, Any], waived: int) -> None:
    """A value is compared as text, with any witness or with the one that a variable of `when` names."""
    dataset = read_traces([TRACES])
    report = fl.check(dataset, RULE)
    one = replace(Waiver("paid", "o", "r", TODAY), **waiver)
    excused = apply_waivers(report, [one], dataset, TODAY)
    assert (len(excused.waived), len(excused.violated)) == (waived, 2 - waived)
    assert excused.ok == (waived == 2)
    assert [sum(rule.verdicts[verdict] for rule in excused.rules) for verdict in VERDICTS] == [1, 0, 0, 0, 0]


def test_a_rule_without_witnesses_is_waived_by_what_its_trace_has() -> None:
    """Where a rule names no span, any span of the trace may have the attribute."""
    rule = fl.rule("rule quiet { never { payment } }")
    dataset = read_traces([TRACES])
    report = fl.check(dataset, rule)
    waiver = Waiver("quiet", "o", "r", TODAY, attributes={"live": "true"})
    assert [one.scope["trace_id"][-1] for one in apply_waivers(report, [waiver], dataset, TODAY).waived] == ["2"]


def test_attributes_are_looked_up_after_a_scan_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where large inputs are scanned as columns, a waiver still sees attributes that no rule names."""
    monkeypatch.setattr("fluo_logic.pipeline.scans_bytes", lambda _: True)
    message = TracesData()
    for number in (1, 2, 3):
        span = message.resource_spans.add().scope_spans.add().spans.add()
        span.trace_id, span.span_id, span.name = number.to_bytes(16, "big"), number.to_bytes(8, "big"), "admin.action"
        span.start_time_unix_nano, span.end_time_unix_nano = 10**18, 10**18 + 1
        tenant = span.attributes.add()
        tenant.key, tenant.value.string_value = "tenant.id", f"t{number}"
    (tmp_path / "traces.pb").write_bytes(message.SerializeToString())
    rules = fl.Ruleset((fl.rule("rule audited { when { admin.action as $a } always { audit.log after $a } }"),))
    session = pipeline.solve(tmp_path / "traces.pb", rules, whole=False)
    assert session.scanned is not None
    waiver = Waiver("audited", "o", "r", TODAY, attributes={"tenant.id": "t2"})
    report = apply_waivers(pipeline.report(session), [waiver], session.store.dataset, TODAY)
    assert [one.scope["trace_id"][-1] for one in report.waived] == ["2"]
    assert len(report.violated) == 2
