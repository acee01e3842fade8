"""`fluo check`: exit statuses, what goes to standard output and what to standard error."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

GOLDEN = Path(__file__).parent / "golden" / "arguments"
Fluo: TypeAlias = Callable[..., tuple[int, str, str]]

STATUSES = {
    "nothing violated": ("rules.fluo --traces clean.json", 0),
    "a violation": ("rules.fluo --traces violated.json", 1),
    "a violation below the threshold": ("rules.fluo --traces violated.json --fail-on critical", 0),
    "a violation at the threshold": ("rules.fluo --traces violated.json --fail-on high", 1),
    "pending": ("rules.fluo --traces pending.json", 0),
    "pending, strictly": ("rules.fluo --traces pending.json --strict", 4),
    "pending below the threshold, strictly": ("rules.fluo --traces pending.json --strict --fail-on high", 0),
    "the deadline passed": ("rules.fluo --traces late.json", 1),
    "the deadline passed because of --now": ("rules.fluo --traces pending.json --now 2030-01-01T00:00:00Z", 1),
    "inconclusive, strictly": ("rules.fluo --traces hole.json --strict", 4),
    "holes do not count": ("rules.fluo --traces hole.json --strict --assume-complete", 1),
    "violated and pending, strictly": ("rules.fluo --traces violated.json pending.json --strict", 1),
    "lost input before a violation": ("rules.fluo --traces partly.json", 3),
    "lost input is never 0": ("rules.fluo --traces partly-clean.json", 3),
    "unsound input": ("rules.fluo --traces odd.json", 0),
    "empty input": ("rules.fluo --traces empty.json", 3),
    "missing input": ("rules.fluo --traces clean.json nowhere.json", 3),
    "wrong rules before lost input": ("wrong.fluo --traces nowhere.json", 2),
    "missing rules": ("nowhere.fluo --traces clean.json", 2),
    "selected": ("rules.fluo --traces violated.json --select granted", 0),
    "ignored": ("rules.fluo --traces violated.json --ignore tag:audit", 0),
    "selected by severity": ("rules.fluo --traces violated.json --select severity:high,granted", 1),
    "no rules": ("--traces clean.json", 3),
    "no traces": ("rules.fluo", 3),
}


@pytest.mark.parametrize(("words", "status"), STATUSES.values(), ids=STATUSES)
def test_the_exit_status_tells_what_happened(fluo: Fluo, words: str, status: int) -> None:
    """Wrong rules go before lost input, that before violations, those before what is undecided."""
    assert fluo("check", *words.split())[0] == status


MISTAKES = {
    "verb": "chek",
    "option": "check --tracs x",
    "option of another verb": "explain --strict",
    "option before the verb": "--versoin",
    "no value": "check --traces",
    "rules after traces": "check --traces clean.json rules.fluo",
    "id": "check rules.fluo --traces clean.json --select auditd",
    "tag": "check rules.fluo --traces clean.json --ignore tag:acess",
    "severity": "check rules.fluo --traces clean.json --select severity:hihg",
    "nothing left": "check rules.fluo --traces clean.json --ignore audited,granted",
    "threshold": "check rules.fluo --traces clean.json --fail-on hihg",
    "engine": "check rules.fluo --traces clean.json --engine clngo",
    "format": "check rules.fluo --traces clean.json --format jsn",
    "format without its path": "check rules.fluo --traces clean.json --format json=",
    "two formats on one output": "check rules.fluo --traces clean.json --format json --format text",
    "time": "check rules.fluo --traces clean.json --now today",
    "duration": "check rules.fluo --traces clean.json --clock-skew 5",
    "negative duration": "check rules.fluo --traces clean.json --clock-skew=-5ms",
    "count": "check rules.fluo --traces clean.json --max-proofs many",
    "pack": "check pack:case-studis --traces clean.json",
    "no folder to write to": "check rules.fluo --traces clean.json --format json=nowhere/x.json",
    "a folder to write to": "check rules.fluo --traces clean.json --format json=.",
    "several rules to explain": "explain rules.fluo --traces clean.json",
    "rule to explain": "explain rules.fluo --traces clean.json --rule auditd",
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_on_the_command_line_is_an_error_that_helps(
    fluo: Fluo, golden: Callable[[Path, str], None], name: str
) -> None:
    """The status is 3, nothing is printed to standard output, and the error says what was meant or what there is."""
    status, out, err = fluo(*MISTAKES[name].split())
    assert (status, out) == (3, "")
    golden(GOLDEN / f"{name}.txt", err)


def test_every_mistake_of_the_rules_is_shown(fluo: Fluo) -> None:
    """Rule errors come with place and caret, all of them, on standard error."""
    status, out, err = fluo("check", "wrong.fluo", "--traces", "clean.json")
    assert (status, out) == (2, "")
    assert err.count("error[E") >= 2
    assert "--> wrong.fluo:1:" in err
    assert "--> wrong.fluo:2:" in err


def test_problems_of_the_data_are_lines_on_standard_error(fluo: Fluo) -> None:
    """Each problem has its code, its place and its hint, and the rest of the data is checked and reported."""
    status, out, err = fluo("check", "rules.fluo", "--traces", "partly.json", "odd.json")
    assert status == 3
    lines = err.splitlines()
    assert lines[0].startswith("error[I302]: partly.json, line 1, resourceSpans[0].scopeSpans[0].spans[1]: ")
    assert lines[1] == "  = hint: a span needs a trace id (16 bytes) and a span id (8 bytes)"
    assert any(line.startswith("warning[I401]: odd.json") for line in lines)
    assert "audited" in out


def test_a_file_that_is_not_there_is_told_with_the_one_that_may_be_meant(fluo: Fluo) -> None:
    """A path that nearly names a file of its folder is told with that file, for traces and for rules."""
    status, out, err = fluo("check", "rules.fluo", "--traces", "claen.json")
    assert status == 3
    assert err == "error[I101]: there is no file or folder `claen.json`\n  = hint: did you mean `clean.json`?\n"
    assert "nothing checked — " in out
    assert "did you mean" not in fluo("check", "rules.fluo", "--traces", "nothing-like-it.json")[2]
    status, _, err = fluo("check", "rule.fluo", "--traces", "clean.json")
    assert (status, err.splitlines()[-1].strip()) == (2, "= hint: did you mean `rules.fluo`?")


def test_rules_that_nothing_concerns_are_told(fluo: Fluo, folder: Path) -> None:
    """Where no rule applies, the report says so; a name that is a letter off is warned of with its place."""
    (folder / "slip.fluo").write_text("rule r { when { admin.actoin } always { audit.log } }", encoding="utf-8")
    status, out, err = fluo("check", "slip.fluo", "--traces", "violated.json")
    assert status == 0
    assert "nothing violated, no rule applied — 1 rule on " in out
    assert "`fluo lint RULES --traces …`" in out
    assert "warning[L201]: no span is called `admin.actoin`\n --> slip.fluo:1:17\n" in err
    assert "did you mean `admin.action`?" in err


def test_names_that_are_merely_alike_are_not_warned_of(fluo: Fluo, folder: Path) -> None:
    """A span that is not there is what many rules are about; only slips of a letter or two are warned of."""
    (folder / "absent.fluo").write_text("rule r { when { admin.action } never { admin.auction } }", encoding="utf-8")
    (folder / "other.fluo").write_text("rule r { when { admin.action } never { admin.login } }", encoding="utf-8")
    assert "admin.auction" in fluo("check", "absent.fluo", "--traces", "violated.json")[2]
    assert fluo("check", "absent.fluo", "--traces", "violated.json", "-q")[2] == ""
    assert fluo("check", "other.fluo", "--traces", "violated.json")[2] == ""


def test_quiet_only_counts_the_problems(fluo: Fluo) -> None:
    """With -q standard error holds a count of what was lost, and the report is printed only if there is a finding."""
    lost = "error: 1 part of the input could not be read\n"
    assert fluo("check", "rules.fluo", "--traces", "partly-clean.json", "-q") == (3, "", lost)
    assert fluo("check", "rules.fluo", "--traces", "clean.json", "-q") == (0, "", "")
    status, out, _ = fluo("check", "rules.fluo", "--traces", "violated.json", "-q")
    assert status == 1
    assert "audited" in out


def test_many_problems_of_a_kind_are_summed_up(fluo: Fluo, folder: Path) -> None:
    """Ten problems of a kind are listed, the others counted; -v lists them."""
    spans = [{"name": f"no id {number}"} for number in range(30)]
    text = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]})
    (folder / "many.json").write_text(text, encoding="utf-8")
    _, _, err = fluo("check", "rules.fluo", "--traces", "many.json")
    assert err.count("error[I302]") == 10
    assert err.endswith("  … 20 more [I302] in many.json (-v lists them)\n")
    _, _, err = fluo("check", "rules.fluo", "--traces", "many.json", "-v")
    assert err.count("error[I302]") == 30


def test_verbose_tells_what_was_read_and_how_long_it_took(fluo: Fluo) -> None:
    """With -v standard error names each input with its format and spans, and the seconds of each stage."""
    _, _, err = fluo("check", "rules.fluo", "--traces", "clean.json", "-v")
    first, second = err.splitlines()
    assert first == "read clean.json: OTLP JSON, 2 spans"
    assert second.startswith("time read ")


def test_a_report_goes_to_every_place_it_is_wanted(fluo: Fluo) -> None:
    """Text to standard output and JSON and text to files, in one run; a file has no colour."""
    status, out, _ = fluo(
        "check", "rules.fluo", "--traces", "violated.json",
        "--format", "text", "--format", "json=report.json", "--format", "text=report.txt",
    )  # fmt: skip
    assert status == 1
    assert json.loads(Path("report.json").read_text(encoding="utf-8"))["schema"] == "fluo-report/1"
    assert Path("report.txt").read_text(encoding="utf-8") == out


def test_the_json_report_is_all_of_standard_output(fluo: Fluo) -> None:
    """With --format json standard output is one document, whatever is wrong with the data."""
    status, out, _ = fluo("check", "rules.fluo", "--traces", "partly.json", "--format", "json")
    document = json.loads(out)
    assert status == 3
    assert [problem["code"] for problem in document["data"]["rejected"]] == ["I302"]
    assert [violation["rule"] for violation in document["violations"]] == ["audited"]


def test_without_proofs_every_violation_is_still_listed(fluo: Fluo) -> None:
    """--max-proofs 0 leaves the violations, with null for their proofs."""
    _, out, _ = fluo("check", "rules.fluo", "--traces", "violated.json", "--max-proofs", "0", "--format", "json")
    assert [violation["proof"] for violation in json.loads(out)["violations"]] == [None]


@pytest.mark.parametrize(
    ("environment", "words", "coloured"),
    [
        ({}, [], False),
        ({"FORCE_COLOR": "1"}, [], True),
        ({"FORCE_COLOR": "1"}, ["--no-color"], False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, [], False),
        ({"FORCE_COLOR": "1", "NO_COLOR": ""}, [], True),
    ],
)
def test_colour_is_for_those_who_want_it(
    fluo: Fluo,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    words: list[str],
    coloured: bool,  # noqa: FBT001
) -> None:
    """What is no terminal gets no colour unless FORCE_COLOR says so; NO_COLOR and --no-color win."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    _, out, _ = fluo("check", "rules.fluo", "--traces", "violated.json", *words)
    assert ("\x1b[" in out) is coloured


def test_text_of_traces_cannot_control_the_terminal(fluo: Fluo) -> None:
    """A terminal escape in a span name is printed as a visible escape."""
    _, out, err = fluo("check", "rules.fluo", "--traces", "strange.json")
    assert "\x1b" not in out + err


def test_a_shipped_pack_is_checked_by_its_name(fluo: Fluo) -> None:
    """`pack:case-studies` stands for the rules that come with fluo."""
    status, out, _ = fluo("check", "pack:case-studies", "--traces", "clean.json", "--format", "json")
    assert status == 1
    assert "payment-retry-one-intent" in {rule["id"] for rule in json.loads(out)["rules"]}


@pytest.mark.parametrize("verb", ["check", "explain", "demo"])
def test_help_fits_a_terminal_and_tells_the_exit_statuses(fluo: Fluo, verb: str) -> None:
    """Every verb's help has a usage line and the table of exit statuses, in ASCII."""
    status, out, _ = fluo(verb, "--help")
    assert status == 0
    assert out.startswith(f"usage: fluo {verb} ")
    assert "exit status" in out
    assert out.isascii()


def test_without_words_the_help_is_shown(fluo: Fluo) -> None:
    """`fluo` alone is a usage error whose text is the help."""
    status, out, err = fluo()
    assert (status, out) == (3, "")
    assert err.startswith("usage: fluo ")


def test_the_version_is_that_of_the_package(fluo: Fluo) -> None:
    """`fluo --version` prints the name and the version."""
    import fluo_logic  # noqa: PLC0415

    assert fluo("--version") == (0, f"fluo {fluo_logic.__version__}\n", "")
