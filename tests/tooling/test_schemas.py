"""The JSON documents of `fluo test`, `fluo lint` and `fluo compile` are what their published schemas describe."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest

from fluo_logic.lang.parse import load_rules
from fluo_logic.tooling.lint_codes import LINT_CODES
from fluo_logic.translate.ir_json import ir_document
from fluo_logic.translate.lower import lower
from fluo_logic.translate.passes import run_passes
from tests.command_line import Files, Fluo
from tests.report.test_documents import validate

ROOT: Final = Path(__file__).parents[2]
PACK: Final = ROOT / "rules" / "case-studies"
ORDERS: Final = ROOT / "docs" / "data" / "orders.otlp.jsonl"
TEST, LINT, IR = "fluo-test-1.json", "fluo-lint-1.json", "fluo-ir-1.json"
CORPUS: Final = sorted((ROOT / "tests" / "cases").glob("*/*/rule.fluo"))
RULES: Final = """
rule bare { never { a } }
rule half { never { a and not b } example satisfied "wrong" { a @ 0s .. 1s } }
rule covered { never { a.where(x == 1 or y == 2) } example violated "x" { a(x: 1) @ 0s .. 1s } }
rule pending {
  when { a as $a } always { $a before b within 1m or c }
  example violated "nothing follows" { a @ 0s .. 1s }
}
rule inconclusive { always { a } example violated "a hole" { b @ 0s .. 1s } }
rule slips { when { order.paid as $p } always { order.shiped.where(order.id == p.order.id) } }
"""
CONSTANTS: Final = """
rule constants {
  across traces by resource:zone
  when { a.where(n in [1, 2.5, "x", true] and event(e).where(k matches "^x" and m > 1)) as $a }
  always { max(b.n child of $a) - $a.n * 2 > 1 or sum(b.span:duration) within 5s < 3s }
  always { b.where(not exists(n) and span:start >= $a.span:start) }
  never { count(distinct b.k) < 9007199254740993 or $a.flag or b linked to $a }
}
rule everything { across traces always { avg(*.n) == 1 and min(*.n) <= 1 } }
"""


def printed(fluo: Fluo, *words: str) -> Any:  # noqa: ANN401 - a JSON document
    _, out, err = fluo(*words)
    assert err == ""
    return json.loads(out)


@pytest.fixture
def documents(files: Files, fluo: Fluo) -> dict[str, Any]:
    """What the commands print about rules with failing examples, slips and constants of each kind."""
    files({"rules.fluo": RULES, "constants.fluo": CONSTANTS})
    return {
        TEST: printed(fluo, "test", "rules.fluo", "--format", "json"),
        LINT: printed(fluo, "lint", "rules.fluo", "--traces", str(ORDERS), "--format", "json"),
        IR: printed(fluo, "compile", "constants.fluo", "--to", "ir"),
    }


def test_what_is_printed_follows_the_schemas(documents: dict[str, Any]) -> None:
    """Failures with explanations, undecided branches, findings of each kind and constants of each kind are valid."""
    for schema, document in documents.items():
        validate(document, schema)
    rules = {rule["id"]: rule for rule in documents[TEST]["rules"]}
    assert rules["half"]["examples"][0]["explanation"]["verdict"] == "violated"
    assert rules["half"]["missing_verdicts"] == ["violated"]
    assert {branch["word"] for branch in rules["covered"]["undecided"]} == {"or"}
    assert {one["level"] for one in documents[LINT]["findings"]} >= {"warning", "info"}
    assert {"aggregate", "arithmetic", "boolean", "double", "integer", "list"} <= set(types(documents[IR]))


def types(document: object) -> Iterator[str]:
    if isinstance(document, dict):
        if isinstance(document.get("type"), str):
            yield document["type"]
        for value in document.values():
            yield from types(value)
    elif isinstance(document, list):
        for value in document:
            yield from types(value)


def test_the_shipped_rules_follow_the_schemas(fluo: Fluo) -> None:
    """So do the documents about the rules of the case studies."""
    validate(printed(fluo, "test", str(PACK), "--format", "json"), TEST)
    validate(printed(fluo, "lint", str(PACK), "--format", "json"), LINT)
    validate(printed(fluo, "compile", str(PACK), "--to", "ir"), IR)


def test_every_finding_of_lint_follows_the_schema(files: Files, fluo: Fluo) -> None:
    """The example of each code of lint makes a document that is valid."""
    for code, row in LINT_CODES.items():
        files({"rule.fluo": row.example})
        document = printed(fluo, "lint", "rule.fluo", "--format", "json", *(["--traces", str(ORDERS)] * (code > "L2")))
        validate(document, LINT)


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: f"{path.parent.parent.name}/{path.parent.name}")
def test_every_rule_of_the_corpus_follows_the_schema(path: Path) -> None:
    """The program that a rule becomes is a valid document."""
    validate(ir_document(run_passes(lower(load_rules([path])))), IR)


@pytest.mark.parametrize("schema", [TEST, LINT, IR])
def test_a_document_that_says_more_or_less_is_refused(schema: str, documents: dict[str, Any]) -> None:
    """The schemas are strict: an unknown key, a missing key or another version is an error, however deep."""
    document = documents[schema]
    inner = {TEST: ("rules", 0), LINT: ("findings", 0), IR: ("clauses", 0)}[schema]
    first, place = inner
    changed = [document[first][place] | {"extra": 1}, *document[first][1:]]
    wrong = [document | {"extra": 1}, document | {"schema": schema[:-7] + "/2"}, document | {first: changed}]
    wrong.append({key: value for key, value in document.items() if key != first})
    for one in wrong:
        with pytest.raises(jsonschema.ValidationError):
            validate(one, schema)
