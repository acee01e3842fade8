"""The verbs that reason about rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import jsonschema
import pytest

from fluo_logic.cli import main

ROOT: Final = Path(__file__).parents[2]
CORPUS: Final = ROOT / "tests" / "analysis"


def run(*words: object) -> int:
    return main([str(word) for word in words])


def test_analyze_writes_its_schema(capsys: pytest.CaptureFixture[str]) -> None:
    """The JSON of an analysis is as the published schema says, and findings make the exit status 1."""
    rules = CORPUS / "defects" / "conflict" / "two-formats"
    assert run("analyze", rules, "--format", "json") == 1
    document = json.loads(capsys.readouterr().out)
    schema = json.loads((ROOT / "schemas" / "fluo-analysis-1.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, schema)
    assert [one["kind"] for one in document["findings"]] == ["conflict"]


def test_analyze_of_clean_rules(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing found is exit status 0, and the bound is told."""
    assert run("analyze", CORPUS / "clean" / "one-state") == 0
    assert capsys.readouterr().out == "nothing found — 1 rule, traces of up to 6 spans\n"


def test_rules_beyond_the_encoding_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A rule that cannot be analysed is named with the reason and is never called fine."""
    rules = tmp_path / "rules.fluo"
    rules.write_text("rule much { always { count(order) <= 500 } }\nrule total { always { sum(order.price) < 3 } }")
    run("analyze", rules)
    out = capsys.readouterr().out
    assert "not analysed much: it counts to 500" in out
    assert "not analysed total: it compares a sum" in out


def test_what_is_left_out_is_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """JSON names the rules, the kind of finding that was not looked for among them, and why."""
    rules = tmp_path / "rules.fluo"
    rules.write_text("rule much { always { count(order) <= 500 } }\nrule total { always { count(order) < 3 } }")
    run("analyze", rules, "--format", "json")
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, json.loads((ROOT / "schemas" / "fluo-analysis-1.json").read_text(encoding="utf-8")))
    (gap,) = document["not_analysed"]
    assert (gap["rules"], gap["question"], gap["rule"]) == (["much"], "", "much")
    assert gap["reason"].startswith("it counts to 500")


@pytest.mark.parametrize("verdict", ["violated", "satisfied"])
@pytest.mark.parametrize(
    "body",
    [
        "when { order as $o } always { ship after $o within 1h }",
        'when { "odd name".where(span:kind == server and k contains "x") as $o } always { * child of $o }',
        'across traces by cart.id when { pay } always { count(pay.where(resource:zone == "eu")) == 2 }',
        "when { a.where(flag) } never { a.where(span:status == error) }",
    ],
)
def test_witness_is_an_example(verdict: str, body: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`fluo test` accepts a witness, put into its rule as an example."""
    rules = tmp_path / "rules.fluo"
    rules.write_text(f"rule one {{ {body} }}")
    assert run("witness", rules, "--verdict", verdict, "--format", "example") == 0
    example = capsys.readouterr().out
    rules.write_text(f"rule one {{ {body} {example} }}")
    assert run("test", rules, "--no-coverage") == 0


def test_witness_replays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`fluo check` finds on a witness, as OTLP JSON, the verdict that it was made for."""
    rules, trace = tmp_path / "rules.fluo", tmp_path / "trace.json"
    rules.write_text("rule one { when { pay.where(amount > 50) as $p } always { approval before $p } }")
    assert run("witness", rules, "--format", f"json={trace}") == 0
    assert run("check", rules, "--traces", trace, "--format", "json") == 1
    (found,) = json.loads(capsys.readouterr().out)["violations"]
    assert found["verdict"] == "violated"


def test_no_witness(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A verdict that no trace has is told, with the bound."""
    rules = tmp_path / "rules.fluo"
    rules.write_text("rule one { always { count(a) >= 0 } }")
    assert run("witness", rules) == 1
    assert capsys.readouterr().out == "no trace of up to 6 spans makes one violated\n"


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("never { a.where(n > 5) }", "never { a.where(n > 3) }", "stricter"),
        ("never { a.where(n > 3) }", "never { a.where(n > 5) }", "looser"),
        ("never { a.where(n > 3) }", "when { a.where(n > 3) } always { count(a.where(n > 3)) == 0 }", "equivalent"),
        ("never { a.where(n > 3) }", "never { a.where(n < 3) }", "incomparable"),
        ("always { count(a) <= 500 }", "always { count(a) <= 500 }", "equivalent"),
        ("always { count(a) <= 500 }", "always { count(a) <= 400 }", "not analysed"),
    ],
)
def test_diff(old: str, new: str, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A change of a rule is equivalent, stricter, looser or incomparable, with the traces that separate the two."""
    for name, body in (("old", old), ("new", new)):
        (tmp_path / f"{name}.fluo").write_text(f"rule one {{ {body} }}")
    status = run("diff", tmp_path / "old.fluo", tmp_path / "new.fluo", "--format", "json")
    (change,) = json.loads(capsys.readouterr().out)["rules"]
    assert (change["change"], status) == (kind, int(kind != "equivalent"))
    assert (change["gained"] is not None) == (kind in {"stricter", "incomparable"})
    assert (change["lost"] is not None) == (kind in {"looser", "incomparable"})


def test_diff_tells_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The text has what changed, the trace on which the rules differ, and the proof of the violation there."""
    for name, limit in (("old", 5), ("new", 3)):
        (tmp_path / f"{name}.fluo").write_text(f"rule one {{ severity high never {{ a.where(n > {limit}) }} }}")
    assert run("diff", tmp_path / "old.fluo", tmp_path / "new.fluo") == 1
    assert capsys.readouterr().out.splitlines() == [
        "stricter one",
        "  - never { a.where(n > 5) }",
        "  + never { a.where(n > 3) }",
        "",
        "  only the new rule is violated by",
        "    trace 1",
        "      a(n: 5) @ 0s .. 0s",
        "    replayed: one.old satisfied, one violated",
        "  because `a.where(n > 3)` holds",
        "    └─ ✗ never a.where(n > 3)",
        "       └─ ✓ a 00000001, 00:00:00.000 + 0 s",
        "          └─ ✓ n is 5, more than 3",
        "",
        "1 stricter — traces of up to 6 spans",
    ]


def test_diff_on_recorded_traces(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With traces, the verdicts that change are counted."""
    for name, limit in (("old", 2), ("new", 1)):
        text = f"rule one {{ never {{ payment.charge.where(attempt > {limit}) }} }}"
        (tmp_path / f"{name}.fluo").write_text(text)
    run("diff", tmp_path / "old.fluo", tmp_path / "new.fluo", "--traces", CORPUS / "traces.json")
    assert "on the recorded traces: violated 0 → 1, satisfied 2 → 1" in capsys.readouterr().out
