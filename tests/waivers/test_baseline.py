"""Baselines: what is known does not fail, what is new does, and what is fixed is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

import pytest

from tests.cli.conftest import TRACES
from tests.report.test_documents import validate

Fluo: TypeAlias = Callable[..., tuple[int, str, str]]
ALL: Final = ("check", "rules.fluo", "--traces", "violated.json", "late.json")


def test_what_is_written_is_known(fluo: Fluo, folder: Path) -> None:
    """Writing a baseline does not fail, and with it the same violations do not count."""
    status, out, err = fluo(*ALL, "--write-baseline", "b.json")
    assert (status, err) == (0, "note: 2 violations written to `b.json`\n")
    assert "nothing violated, 2 known to the baseline" in out
    document = json.loads((folder / "b.json").read_text(encoding="utf-8"))
    validate(document, "fluo-baseline-1.json")
    assert [entry["rule"] for entry in document["violations"]] == ["audited", "granted"]
    assert fluo(*ALL, "--baseline", "b.json", "-q") == (0, "", "")


def test_only_new_violations_fail(fluo: Fluo) -> None:
    """A violation that the baseline does not know counts, and is the only one with a proof in the text."""
    fluo("check", "rules.fluo", "--traces", "violated.json", "--write-baseline", "b.json")
    status, out, _ = fluo(*ALL, "--baseline", "b.json")
    assert status == 1
    assert out.count("fingerprint") == 1
    assert out.splitlines()[-1].startswith("1 violation of 1 rule, 1 known to the baseline — ")


def test_what_is_violated_no_more_is_told_as_fixed(fluo: Fluo, folder: Path) -> None:
    """Fixed entries are told, do not fail, and go when the baseline is written anew."""
    fluo(*ALL, "--write-baseline", "b.json")
    words = ("check", "rules.fluo", "--traces", "violated.json", "--baseline", "b.json")
    status, out, err = fluo(*words, "--format", "json")
    assert status == 0
    assert err == "note: 1 violation of the baseline fixed (granted); --write-baseline drops them\n"
    baseline = json.loads(out)["baseline"]
    assert (baseline["known"], [entry["rule"] for entry in baseline["fixed"]]) == (1, ["granted"])
    fluo(*words, "--write-baseline", "b.json")
    entries = json.loads((folder / "b.json").read_text(encoding="utf-8"))["violations"]
    assert [entry["rule"] for entry in entries] == ["audited"]


def test_rules_that_are_not_checked_keep_their_entries(fluo: Fluo, folder: Path) -> None:
    """With `--select` the entries of other rules are not fixed, and stay when the baseline is written anew."""
    fluo(*ALL, "--write-baseline", "b.json")
    before = (folder / "b.json").read_text(encoding="utf-8")
    status, _, err = fluo(*ALL, "--select", "audited", "--baseline", "b.json", "--write-baseline", "b.json")
    assert (status, "fixed" in err) == (0, False)
    assert (folder / "b.json").read_text(encoding="utf-8") == before


def test_entries_of_rules_that_are_gone_are_fixed(fluo: Fluo, folder: Path) -> None:
    """A rule that was removed leaves nothing behind."""
    fluo(*ALL, "--write-baseline", "b.json")
    rules = (folder / "rules.fluo").read_text(encoding="utf-8").replace("rule granted", "rule given")
    (folder / "rules.fluo").write_text(rules, encoding="utf-8")
    _, _, err = fluo(*ALL, "--baseline", "b.json")
    assert err == "note: 1 violation of the baseline fixed (granted); --write-baseline drops them\n"


@pytest.mark.parametrize(("by", "status"), [("fingerprint", 1), ("signature", 0)])
def test_traces_made_anew_are_known_by_their_signature(fluo: Fluo, folder: Path, by: str, status: int) -> None:
    """A test run has other trace ids each time: the signature of a violation is the same, its fingerprint is not."""
    fluo(*ALL, "--write-baseline", "b.json")
    anew = TRACES["violated"].replace("0000000000000001", "00000000000000aa")
    (folder / "violated.json").write_text(anew, encoding="utf-8")
    assert fluo(*ALL, "--baseline", "b.json", "--baseline-by", by)[0] == status


def test_waived_violations_are_not_in_the_baseline(fluo: Fluo, folder: Path) -> None:
    """A waiver ends one day; what it waives must count then, not be known."""
    (folder / "w.toml").write_text(
        '[[waiver]]\nrule = "audited"\nowner = "o"\nreason = "r"\nexpires = 2999-01-01\n', encoding="utf-8"
    )
    status, out, _ = fluo(*ALL, "--waivers", "w.toml", "--write-baseline", "b.json")
    assert status == 0
    assert "nothing violated, 1 waived, 1 known to the baseline" in out
    entries = json.loads((folder / "b.json").read_text(encoding="utf-8"))["violations"]
    assert [entry["rule"] for entry in entries] == ["granted"]


def test_lost_input_is_no_ground_for_a_baseline(fluo: Fluo, folder: Path) -> None:
    """What could not be read may be violated: nothing is written, and the status says so."""
    status, _, err = fluo("check", "rules.fluo", "--traces", "partly.json", "--write-baseline", "b.json")
    assert status == 3
    assert "`b.json` is not written, because a part of the input was lost" in err
    assert not (folder / "b.json").exists()


WRONG: Final = {
    "no JSON": ("{", "C185", "the baseline is not JSON"),
    "another document": ('{"schema": "fluo-report/1"}', "C185", "is not a document `fluo-baseline/1`"),
    "no list": ('{"schema": "fluo-baseline/1"}', "C185", "has no list of violations"),
    "no entry": ('{"schema": "fluo-baseline/1", "violations": [1]}', "C185", "entry 1 of"),
    "no digits": (
        '{"schema": "fluo-baseline/1", "violations": [{"rule": "a", "fingerprint": "x", "signature": "y"}]}',
        "C185",
        "entry 1 of",
    ),
}


@pytest.mark.parametrize(("text", "code", "said"), WRONG.values(), ids=WRONG)
def test_a_file_that_is_no_baseline_is_an_early_error(
    fluo: Fluo, folder: Path, text: str, code: str, said: str
) -> None:
    """A wrong baseline is refused before any trace is read."""
    (folder / "b.json").write_text(text, encoding="utf-8")
    status, out, err = fluo("check", "rules.fluo", "--traces", "nowhere.json", "--baseline", "b.json")
    assert (status, out) == (3, "")
    assert err.startswith(f"error[{code}]: ")
    assert said in err.splitlines()[0]


@pytest.mark.parametrize("words", ["--baseline nowhere.json", "--write-baseline nowhere/b.json", "--write-baseline ."])
def test_a_path_that_does_not_work_is_an_early_error(fluo: Fluo, words: str) -> None:
    """Where a baseline cannot be read or written, nothing is checked."""
    status, out, _ = fluo("check", "rules.fluo", "--traces", "violated.json", *words.split())
    assert (status, out) == (3, "")
