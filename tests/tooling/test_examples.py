"""`fluo test`: the examples inside rules, why one fails, and what they leave untested."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from fluo_logic.facts.model import Kind, Status
from fluo_logic.lang.parse import load_rules, parse_rule
from fluo_logic.lang.syntax import Ruleset
from fluo_logic.tooling.branches import branches
from fluo_logic.tooling.example_spans import EPOCH, example_spans
from fluo_logic.tooling.examples import run_examples
from tests.command_line import Files, Fluo

ROOT: Final = Path(__file__).parents[2]
GOLDEN: Final = Path(__file__).parent / "golden"
AUDIT: Final = """\
rule audited "An action has a log" {
  when { admin.action.where(kind == "bulk" and admin.id != "root") as $a }
  always { audit.log.where(admin.id == $a.admin.id) after $a or audit.log child of $a }

  example violated "no log" { admin.action(kind: bulk, admin.id: "ann") @ 0s .. 1s }
  example satisfied "a log afterwards" {
    admin.action(kind: bulk, admin.id: "ann") @ 0s .. 1s
    audit.log(admin.id: "ann") @ 2s .. 3s
  }
  example vacuous "another kind" { admin.action(kind: single, admin.id: "ann") @ 0s .. 1s }
}
"""
WRONG: Final = AUDIT.replace("satisfied", "violated")
BARE: Final = 'rule bare { never { a } }\nrule half { never { a } example violated "a" { a @ 0s .. 1s } }\n'


def test_the_examples_of_the_case_studies_pass() -> None:
    """Every example that ships has the verdict that it expects, and every rule shows both verdicts."""
    results = run_examples(load_rules([ROOT / "rules" / "case-studies"]), coverage=False)
    failed = [(result.rule.id, one.title, one.got) for result in results for one in result.examples if not one.passed]
    assert failed == []
    assert [result.rule.id for result in results if result.missing] == []


REDUNDANT: Final = {
    ("agent-refund-own-approval", "approved == true"),
    ("agent-refund-own-approval", "amount == $p.amount"),
}
"""Branches of a first obligation that the second, which counts, implies: no trace tells the rule from one without."""


def test_the_examples_of_the_case_studies_cover_their_rules() -> None:
    """Some example depends on every branch of a rule, but for two on which no verdict can depend."""
    results = run_examples(load_rules([ROOT / "rules" / "case-studies"]))
    assert {(result.rule.id, branch.text) for result in results for branch in result.undecided} == REDUNDANT


def test_an_example_is_spans_with_ids_that_never_change() -> None:
    """Times count from a fixed epoch, ids are numbers in the order of writing, `in` sets the service of its span."""
    rule = parse_rule("""
        never { x }
        example vacuous "e" {
          trace { a(n: 1, resource:zone: "z", span:kind: server, span:status: error) in "shop" @ 1s .. 2s {
            b @ 1s ..
          } }
          trace { c @ 0s .. 1s }
        }
    """)
    a, b, c = example_spans(rule.examples[0])
    assert [(span.trace_id[7], span.span_id[7], span.parent_id and span.parent_id[7]) for span in (a, b, c)] == [
        ("1", "1", None),
        ("1", "2", "1"),
        ("2", "3", None),
    ]
    assert (len(a.trace_id), len(a.span_id)) == (32, 16)
    assert (a.start, a.end, b.end) == (EPOCH + 10**9, EPOCH + 2 * 10**9, None)
    assert (a.kind, a.status, b.kind) == (Kind.SERVER, Status.ERROR, Kind.INTERNAL)
    assert (dict(a.attributes), dict(a.resource.attributes)) == ({"n": 1}, {"service.name": "shop", "zone": "z"})
    assert b.resource.service is None


def test_an_example_can_have_orphans() -> None:
    """A span at the top can name a parent that is not there; the only one of its trace then has a remote parent."""
    orphan = 'never { *.where(span:orphan) } example %s "e" { a(span:parent_id: "00000000000000ff") @ 0s .. 1s %s }'
    results = [run_examples(load_one(orphan % words)) for words in (("satisfied", ""), ("violated", "b @ 0s .. 1s"))]
    assert [one.passed for (result,) in results for one in result.examples] == [True, True]


VERDICTS: Final = {
    "violated": 'never { a } example violated "e" { a @ 0s .. 1s }',
    "satisfied": 'when { b } never { a } example satisfied "e" { b @ 0s .. 1s }',
    "vacuous": 'when { b } never { a } example vacuous "e" { a @ 0s .. 1s }',
    "vacuous without a span": 'never { a } example vacuous "e" { }',
    "vacuous without the key": 'across traces by user.id never { a } example vacuous "e" { a @ 0s .. 1s }',
    "pending": 'when { a as $a } always { $a before b within 1m } example pending "e" { a @ 0s .. 1s }',
    "the worst of several scopes": """
        never { a } example violated "e" { trace { b @ 0s .. 1s } trace { a @ 0s .. 1s } trace { b @ 3s .. 4s } }
    """,
    "pending goes before satisfied": """
        when { a as $a } always { $a before b within 1m }
        example pending "e" { trace { a @ 0s .. 1s b @ 2s .. 3s } trace { a @ 2s .. 3s } }
    """,
}


@pytest.mark.parametrize("name", VERDICTS)
def test_every_verdict_can_be_expected(name: str) -> None:
    """The verdict of an example is the worst over its scopes."""
    (result,) = run_examples(load_one(VERDICTS[name]))
    assert [(one.expected, one.got) for one in result.examples] == [(result.examples[0].expected,) * 2]


def load_one(text: str) -> Ruleset:
    return Ruleset((parse_rule(text),))


# --- coverage -----------------------------------------------------------------------------------------------------

COVERAGE: Final = {
    "a conjunct that decides": (
        (
            'never { a.where(x == 1 and y == 2) } example violated "1" { a(x: 1, y: 2) @ 0s .. 1s } '
            'example satisfied "2" { a(x: 1, y: 3) @ 0s .. 1s } example satisfied "3" { a(x: 2, y: 2) @ 0s .. 1s }'
        ),
        [],
    ),
    "a conjunct that never decides": (
        (
            'never { a.where(x == 1 and y == 2) } example violated "1" { a(x: 1, y: 2) @ 0s .. 1s } '
            'example satisfied "2" { a(x: 1, y: 3) @ 0s .. 1s }'
        ),
        ["and x == 1"],
    ),
    "wheres are and-ed": (
        (
            'never { a.where(x == 1).where(y == 2) } example violated "1" { a(x: 1, y: 2) @ 0s .. 1s } '
            'example satisfied "2" { a(x: 1, y: 3) @ 0s .. 1s }'
        ),
        ["and x == 1"],
    ),
    "a branch of or": (
        (
            'always { a or b or c } example satisfied "1" { a @ 0s .. 1s } example satisfied "2" { b @ 0s .. 1s } '
            'example violated "3" { d @ 0s .. 1s }'
        ),
        ["or c"],
    ),
    "a branch that binds a variable": (
        (
            "when { a.where(n == 1) as $a and b.where(n == $a.n) } always { c } "
            'example violated "1" { a(n: 1) @ 0s .. 1s b(n: 1) @ 0s .. 1s } example satisfied "2" '
            '{ a(n: 1) @ 0s .. 1s b(n: 1) @ 0s .. 1s c @ 0s .. 1s } example vacuous "3" { a(n: 1) @ 0s .. 1s }'
        ),
        ["and a.where(n == 1) as $a"],
    ),
    "a bare condition": (
        (
            'a and b and not c example violated "1" { a @ 0s .. 1s b @ 0s .. 1s } '
            'example satisfied "2" { a @ 0s .. 1s b @ 0s .. 1s c @ 0s .. 1s } example satisfied "3" { a @ 0s .. 1s }'
        ),
        ["and a"],
    ),
    "not looked for where an example fails": ('never { a.where(x == 1 and y == 2) } example violated "1" { }', []),
}


@pytest.mark.parametrize("name", COVERAGE)
def test_branches_on_which_no_example_depends_are_found(name: str) -> None:
    """A branch is not covered when every example keeps its verdict without it."""
    text, undecided = COVERAGE[name]
    (result,) = run_examples(load_one(text))
    assert [f"{branch.word} {branch.text}" for branch in result.undecided] == undecided


def test_a_branch_is_only_left_out_where_a_rule_is_left() -> None:
    """A variable that is used elsewhere stays; each variant is a rule that loads."""
    rule = parse_rule(
        "when { a as $a and b } always { c as $c after $a and d.where(n == $c.n) child of $a or not (e and f) }"
    )
    texts = [(branch.text, branch.without.id) for branch in branches(rule)]
    assert texts == [
        ("a as $a", "rule.1"),
        ("b", "rule.2"),
        ("c as $c after $a and d.where(n == $c.n) child of $a", "rule.3"),
        ("not (e and f)", "rule.4"),
        ("c as $c after $a", "rule.5"),
        ("d.where(n == $c.n) child of $a", "rule.6"),
        ("e", "rule.7"),
        ("f", "rule.8"),
    ]


# --- the command --------------------------------------------------------------------------------------------------

INVOCATIONS: Final = {
    "passing": (["test", "audit.fluo"], 0),
    "failing": (["test", "wrong.fluo", "bare.fluo"], 1),
    "quiet": (["test", "wrong.fluo", "bare.fluo", "-q"], 1),
    "quiet-passing": (["test", "audit.fluo", "-q"], 0),
    "no-coverage": (["test", "audit.fluo", "--no-coverage"], 0),
    "required": (["test", "bare.fluo", "--require-coverage"], 1),
    "selected": (["test", "bare.fluo", "--select", "half"], 0),
    "wrong-rule": (["test", "broken.fluo"], 2),
    "no-rules": (["test"], 3),
    "no-such-id": (["test", "audit.fluo", "--ignore", "audted"], 3),
    "no-such-format": (["test", "audit.fluo", "--format", "jnit"], 3),
    "two-to-one-place": (["test", "audit.fluo", "--format", "json", "--format", "junit"], 3),
    "junit": (["test", "wrong.fluo", "--format", "junit"], 1),
    "json": (["test", "wrong.fluo", "--format", "json"], 1),
}


@pytest.mark.parametrize("name", INVOCATIONS)
def test_invocations(name: str, files: Files, fluo: Fluo, golden: Callable[[Path, str], None]) -> None:
    """Each invocation has its status, output and errors."""
    files({"audit.fluo": AUDIT, "wrong.fluo": WRONG, "bare.fluo": BARE, "broken.fluo": "rule x { nver { a } }"})
    words, due = INVOCATIONS[name]
    status, out, err = fluo(*words)
    golden(GOLDEN / "test" / f"{name}.txt", f"{out}--- stderr\n{err}")
    assert status == due


def test_forms_go_to_files(files: Files, fluo: Fluo) -> None:
    """Each form can be sent to a file; the text is then not printed unless it is asked for."""
    folder = files({"wrong.fluo": WRONG})
    status, out, err = fluo("test", "wrong.fluo", "--format", "json=r.json", "--format", "junit=r.xml")
    assert (status, out, err) == (1, "", "")
    document = json.loads((folder / "r.json").read_text(encoding="utf-8"))
    assert document["schema"] == "fluo-test/1"
    assert document["summary"]["failed"] == 1
    suite = ET.parse(folder / "r.xml").getroot()  # noqa: S314 - written by this test
    assert (suite.attrib["tests"], suite.attrib["failures"]) == ("3", "1")


def test_junit_is_xml_whatever_the_text(files: Files, fluo: Fluo) -> None:
    """Control characters of titles become visible escapes, as XML has none."""
    files({"r.fluo": 'never { a } example satisfied "<\\u0001&>" { a(x: "\\u0000") @ 0s .. 1s }'})
    status, out, _ = fluo("test", "r.fluo", "--format", "junit")
    assert status == 1
    assert ET.fromstring(out).find(".//testcase").attrib["name"] == "satisfied: <\\x01&>"  # type: ignore[union-attr]  # noqa: S314
