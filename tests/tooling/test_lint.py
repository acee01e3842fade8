"""`fluo lint`: each code has a rule that shows it, and rules that mean what they say have none."""

from __future__ import annotations

import json
from typing import Final

import pytest

from fluo_logic.facts.dataset import Dataset
from fluo_logic.lang.parse import parse_rules
from fluo_logic.lang.syntax import Ruleset
from fluo_logic.tooling.example_spans import example_dataset
from fluo_logic.tooling.lint import Finding, lint
from fluo_logic.tooling.lint_codes import LINT_CODES
from tests.command_line import Files, Fluo

METADATA: Final = {"L110", "L111", "L112"}
"""What a short rule of these tests lacks anyway."""
CLEAN: Final = """\
rule refunds "Refunds follow a charge" {
  severity high
  display "refund {$r.amount} without a charge"
  when { refund as $r }
  always { charge.where(order.id == $r.order.id) before $r within 1d }

  example satisfied "after" {
    trace { charge(order.id: "o") @ 0s .. 1s  refund(order.id: "o", amount: 3) @ 2s .. 3s }
  }
  example violated "alone" { trace { refund(order.id: "o", amount: 3) @ 2s .. 3s } }
}
"""
SPANS: Final = """\
rule data {
  never { x }
  example satisfied "spans" { trace { pay(amount: 3, tier: "free") @ 0s .. 1s } }
}
"""


def ruleset(text: str) -> Ruleset:
    rules, errors = parse_rules(text, "r.fluo")
    assert errors == []
    return Ruleset(tuple(rules))


def dataset() -> Dataset:
    return example_dataset(ruleset(SPANS).rules[0].examples[0])


def found(text: str) -> list[Finding]:
    return lint(ruleset(text), dataset() if "pay" in text or "pya" in text else None)


def codes(text: str) -> set[str]:
    return {one.code for one in found(text)} - METADATA


@pytest.mark.parametrize("code", LINT_CODES)
def test_examples_of_the_codes(code: str) -> None:
    """The example of each code has the finding, with the place of its words."""
    row = LINT_CODES[code]
    (one, *_) = [one for one in found(row.example) if one.code == code]
    line = row.example.splitlines()[one.where.line - 1]
    words = line[one.where.column - 1 :][: one.where.length]
    assert words.strip()
    assert one.where.source[one.where.column - 1 :] == words
    assert f"[{code}]: {one.message}\n" in one.text()


def test_a_clean_rule() -> None:
    """A rule that says all about itself has no finding, also on traces that have what it names."""
    rules = ruleset(CLEAN)
    assert lint(rules) == []
    assert lint(rules, example_dataset(rules.rules[0].examples[0])) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("never { a.where(x == 1 and x == 2) }", {"L105"}),
        ("never { a.where(x == 1).where(x == 2) }", {"L105"}),
        ('never { a.where(x == 1 and x == "one") }', {"L105"}),
        ('never { a.where(x == 1 and x == "1.0") }', set()),
        ("never { a.where(x == 1 and x == true) }", {"L105"}),
        ("never { a.where(x in [b, c] and x != b and x != c) }", {"L105"}),
        ("never { a.where(x in [b, c] and x != b) }", set()),
        ("never { a.where(x == abc and x starts_with b) }", {"L105"}),
        ("never { a.where(x > 5 and x < 3) }", {"L105"}),
        ("never { a.where(x > 5 and not (x > 3)) }", {"L105"}),
        ("never { a.where(x >= 5 and x <= 5) }", set()),
        ("never { a.where(not (x > 3) and not (x < 5)) }", set()),
        ("never { a.where(x > y and x <= y) }", {"L105"}),
        ("never { a.where(x > x) }", {"L105"}),
        ("never { a.where(x >= x) }", set()),
        ("never { a.where(x != 1 or x != 2) }", {"L106"}),
        ("never { a.where(x > 1 or x <= 1) }", set()),
        ("never { a.where(exists(x) or not exists(x)) }", {"L106"}),
        ("never { a.where(span:name == b) }", {"L105"}),
        ("never { a.where(event(e).where(x == 1 and x == 2)) }", {"L105"}),
        ("never { a and not a }", {"L105"}),
        ("always { a or not a }", {"L106"}),
        ("always { count(a) >= 0 }", {"L106"}),
        ("always { 0 <= count(a) }", {"L106"}),
        ("always { sum(a.x) >= 0 }", set()),
        ("never { count(a) < 0 }", {"L105"}),
        ("never { count(a) > 1 and count(a) < 2 }", {"L105"}),
        ("never { sum(a.x) > 1 and sum(a.x) < 2 }", set()),
        ("always { count(a) == 1.5 }", {"L105"}),
        ("when { a as $x } never { $x before $x }", {"L105"}),
        ("when { a as $x } always { $x is $x }", {"L106"}),
        ("always { (a as $x and b.where(k == $x.k)) or (a as $y and not b.where(k == $y.k)) }", set()),
    ],
)
def test_constant_conditions(text: str, expected: set[str]) -> None:
    """What no data, or any data, satisfies is found; what some value satisfies is not."""
    assert codes(text) & {"L105", "L106"} == expected


@pytest.mark.parametrize(
    ("text", "code", "hint"),
    [
        ("never { pya }", "L201", "did you mean `pay`?"),
        ("never { pay.where(amuont > 50) }", "L202", "did you mean `amount`?"),
        ("when { pay as $p } never { $p.teir == free }", "L202", "did you mean `tier`?"),
        ("never { sum(pay.amuont) > 3 }", "L202", "did you mean `amount`?"),
        ("never { pay.where(tier == fre) }", "L204", "did you mean `free`?"),
        ("across traces by amuont never { pay }", "L206", "did you mean `amount`?"),
    ],
)
def test_hints_come_from_the_traces(text: str, code: str, hint: str) -> None:
    """A name that the traces do not have is compared with those that they have."""
    assert [(one.code, one.hint) for one in found(text) if one.code not in METADATA] == [(code, hint)]


# --- the command --------------------------------------------------------------------------------------------------

TEXT: Final = """\
error[L105]: `x == 1 and x == 2` is never true
 --> a.fluo:1:17
  |
1 | never { a.where(x == 1 and x == 2) }
  |                 ^^^^^^^^^^^^^^^^^
"""


def test_the_command_as_text(files: Files, fluo: Fluo) -> None:
    """Findings look like errors of the language, and a warning or an error gives status 1."""
    files({"a.fluo": "never { a.where(x == 1 and x == 2) }\n", "clean.fluo": CLEAN, "wrong.fluo": "never {"})
    assert fluo("lint", "a.fluo", "--select", "L105") == (1, f"{TEXT}\n1 error\n", "")
    assert fluo("lint", "a.fluo", "-q")[:2] == (1, TEXT)
    assert fluo("lint", "a.fluo", "--ignore", "L105,L11") == (0, "nothing found\n", "")
    assert fluo("lint", "clean.fluo") == (0, "nothing found\n", "")
    assert fluo("lint", "a.fluo", "--select", "L112")[0] == 0
    assert fluo("lint", "wrong.fluo")[0] == 2
    status, _, err = fluo("lint", "a.fluo", "--select", "L999")
    assert (status, err.splitlines()[0]) == (3, "error[C102]: --select: no code begins with `L999`")


def test_the_command_as_json(files: Files, fluo: Fluo) -> None:
    """The same findings as a document; with traces also what these do not have."""
    span = {"traceId": "1" * 32, "spanId": "2" * 16, "name": "pay", "startTimeUnixNano": "1", "endTimeUnixNano": "2"}
    traces = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
    files({"a.fluo": "never { pya }\n", "t.json": json.dumps(traces)})
    status, out, _ = fluo("lint", "a.fluo", "--traces", "t.json", "--format", "json", "--select", "L2")
    assert status == 1
    assert json.loads(out) == {
        "schema": "fluo-lint/1",
        "rules": 1,
        "counts": {"error": 0, "warning": 1, "info": 0},
        "findings": [
            {
                "code": "L201",
                "level": "warning",
                "rule": "a",
                "message": "no span is called `pya`",
                "file": "a.fluo",
                "line": 1,
                "column": 9,
                "length": 3,
                "hint": "did you mean `pay`?",
            }
        ],
    }
