"""Repairs of small traces, of the incidents, and what is said where there is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from fluo_logic import pipeline
from fluo_logic.cli import main
from fluo_logic.commands.incidents import Catalogue, trace_file
from fluo_logic.consistency import repair_changes as c
from fluo_logic.consistency.repair import MOST_SPANS, Repairs, repair
from fluo_logic.consistency.repair_text import repairs_json
from fluo_logic.explain.as_json import explanation_json
from fluo_logic.facts.dataset import assemble
from fluo_logic.facts.model import Span
from fluo_logic.facts.readers import read_traces
from fluo_logic.lang.parse import parse_rule
from tests.cases.trace_text import read_trace_text

SCHEMAS = Path(__file__).parents[2] / "schemas"
OUT_OF_REACH = {"rate-limit-per-minute"}


def repaired(rule: str, trace: str) -> Repairs:
    parsed = parse_rule(rule, "case", "rule.fluo")
    dataset = assemble(read_trace_text(trace).spans)
    return repair(parsed, dataset, pipeline.explain(parsed, dataset))


CASES = {
    "existence": (
        "when { admin.action as $a } always { audit.log.where(admin.id == $a.admin.id) after $a }",
        "trace t\n  root 0s..10s\n    admin.action 1s..2s admin.id=a7",
        ['add an audit.log with admin.id = "a7", in the same trace, beginning when span a2 (admin.action) has ended'],
    ),
    "order": (
        "when { admin.action as $a } always { audit.log after $a }",
        "trace t\n  root 0s..10s\n    admin.action 1s..2s\n    audit.log 1.996s..2.1s",
        ["move span a3 (audit.log) 4 ms later", "move span a2 (admin.action) 4 ms earlier"],
    ),
    "within": (
        "when { a as $a } always { $a before b within 3s }",
        "trace t\n  a 0s..10s\n  b 15s..16s",
        ["move span a2 (b) 2 s earlier", "move span a1 (a) 2 s later"],
    ),
    "service": (
        "when { a as $a } always { b.where(resource:service.name == pay and resource:zone == eu) child of $a }",
        "trace t\n  a 0s..10s",
        ['add a b of pay with resource:zone = "eu", under span a1 (a)'],
    ),
    "too few": ("always { count(charge) >= 2 }", "trace t\n  charge 0s..1s", ["add a charge, in the same trace"]),
    "too many": (
        "always { count(charge) <= 1 }",
        "trace t\n  charge 0s..1s\n  charge 2s..3s",
        ["remove span a2 (charge)", "remove span a1 (charge)"],
    ),
    "distinct values": (
        "always { count(distinct charge.intent) == 1 }",
        "trace t\n  charge 0s..1s intent=x\n  charge 2s..3s intent=y",
        ['set intent of span a2 (charge) to "x" (it is "y")', 'set intent of span a1 (charge) to "y" (it is "x")'],
    ),
    "isolation": (
        "when { query as $q } always { load.where(tenant == $q.tenant) before $q }",
        "trace t\n  load 0s..1s tenant=a\n  query 2s..3s tenant=b",
        ['set tenant of span a2 (query) to "a" (it is "b")', 'set tenant of span a1 (load) to "b" (it is "a")'],
    ),
    "never": (
        "never { charge.where(amount > 100) }",
        "trace t\n  charge 0s..1s amount=120",
        ["set amount of span a1 (charge) to 100 (it is 120)"],
    ),
    "never, without a value to change": (
        "never { debug.dump }",
        "trace t\n  a 0s..9s\n    debug.dump 1s..2s",
        ["remove span a2 (debug.dump)"],
    ),
    "cross-trace": (
        "across traces by cart when { retry as $r } always { charge.where(id == $r.id) before $r }",
        "trace t\n  charge 0s..1s cart=c id=1\ntrace u\n  retry 2s..3s cart=c id=2",
        ["set id of span a2 (retry) to 1 (it is 2)", "set id of span a1 (charge) to 2 (it is 1)"],
    ),
    "tree": (
        "when { a as $a } always { b child of $a }",
        "trace t\n  r 0s..20s\n    a 0s..10s\n    b 1s..2s",
        ["make span a3 (b) a child of span a2 (a)", "add a b, under span a2 (a)"],
    ),
    "duration": (
        "always { max(a.span:duration) <= 5s }",
        "trace t\n  a 0s..10s\n  a 0s..7s",
        ["let span a1 (a) end 5 s earlier; let span a2 (a) end 2 s earlier"],
    ),
    "status": (
        "never { a.where(span:status == error) }",
        "trace t\n  a 0s..1s span:status=error",
        None,
    ),
    "event": (
        "always { a.where(event(done)) }",
        "trace t\n  a 0s..1s",
        None,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_small_cases(name: str) -> None:
    """Each kind of failure has the repair that a person would think of, and all that are as small."""
    rule, trace, due = CASES[name]
    result = repaired(rule, trace)
    assert result.status == "found"
    told = ["; ".join(one.sentences) for one in result.repairs]
    if due is not None:
        assert sorted(told) == sorted(due)
    assert not any(one.vacuous for one in result.repairs)


def test_what_is_met_needs_no_repair() -> None:
    """A satisfied or vacuous rule is not repaired."""
    assert repaired("always { a }", "trace t\n  a 0s..1s").status == "not-needed"
    assert repaired("when { b } always { a }", "trace t\n  a 0s..1s").status == "not-needed"


def test_repairs_that_only_end_the_match_say_so() -> None:
    """Where nothing satisfies the obligation, what makes the rule no longer apply is offered, and named as that."""
    result = repaired('when { a as $a } never { $a.span:name == "a" }', "trace t\n  r 0s..9s\n    a 0s..1s")
    assert [one.vacuous for one in result.repairs] == [True]
    assert result.repairs[0].sentences == ("remove span a2 (a)",)
    assert "no longer applies" in result.sentence


def test_what_is_out_of_reach_is_said() -> None:
    """Too many changes and too large traces are refused in a sentence."""
    result = repaired("always { count(a) >= 40 }", "trace t\n  a 0s..1s")
    assert (result.status, result.repairs) == ("out-of-reach", ())
    assert result.sentence == "no repair was found: it would take more than 12 changes"
    large = "trace t\n" + "\n".join("  a 0s..1s" for _ in range(MOST_SPANS + 1))
    assert repaired("never { a }", large).sentence.startswith("the traces of this scope have 401 spans")


def test_a_removed_span_leaves_its_children_to_its_parent() -> None:
    """Removing a span makes no orphans."""
    spans = [Span("t", "1", "a"), Span("t", "2", "b", parent_id="1"), Span("t", "3", "c", parent_id="2")]
    after = c.apply(spans, [c.RemoveSpan(spans[1].key)])
    assert [(span.span_id, span.parent_id) for span in after] == [("1", None), ("3", "1")]


def test_text_of_traces_is_inert() -> None:
    """Names and values with escapes are shown as such, and long ones shortened."""
    result = repaired(
        "always { count(distinct charge.v) == 1 }", 'trace t\n  charge v="\\u001b[31mred"\n  charge v="\\u202eltr"'
    )
    text = "".join(text for one in result.repairs for text in one.sentences)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\\x1b[31mred" in text


@pytest.fixture(scope="module")
def incidents(tmp_path_factory: pytest.TempPathFactory) -> tuple[Catalogue, Path]:
    folder = tmp_path_factory.mktemp("incidents")
    catalogue = Catalogue()
    for incident in catalogue.incidents:
        catalogue.module.write(incident, "broken", trace_file(folder, incident, "broken"))
    return catalogue, folder


@pytest.mark.parametrize("number", range(1, 8))
def test_the_incidents_are_repaired(number: int, incidents: tuple[Catalogue, Path]) -> None:
    """Every rule that an incident breaks has a repair, or it is said that none is in reach."""
    catalogue, folder = incidents
    incident = catalogue.named(str(number))
    dataset = read_traces(trace_file(folder, incident, "broken"))
    reached = 0
    for name in (incident.seed_rule_id, *incident.rule_ids):
        rule = catalogue.rules[name]
        explanation = pipeline.explain(rule, dataset)
        result = repair(rule, dataset, explanation)
        if explanation.verdict == "satisfied":
            continue
        reached += 1
        assert result.status == ("out-of-reach" if name in OUT_OF_REACH else "found"), (name, result.sentence)
        for one in result.repairs:
            after = assemble(c.apply(dataset.spans, one.changes))
            key = next(iter(explanation.scope.values()))
            assert pipeline.explain(rule, after, key).verdict == ("vacuous" if one.vacuous else "satisfied")
    assert reached


@pytest.mark.parametrize("name", CASES)
def test_the_document_fits_its_schema(name: str) -> None:
    """The explanation document with repairs is valid, whatever they change."""
    rule = parse_rule(CASES[name][0], "case", "rule.fluo")
    dataset = assemble(read_trace_text(CASES[name][1]).spans)
    explanation = pipeline.explain(rule, dataset)
    document = {**explanation_json(explanation), "repair": repairs_json(repair(rule, dataset, explanation))}
    registry: Registry[Any] = Registry().with_resources(
        [(path.name, Resource.from_contents(json.loads(path.read_text()))) for path in SCHEMAS.glob("*.json")]
    )
    schema = json.loads((SCHEMAS / "fluo-explanation-1.json").read_text())
    Draft202012Validator(schema, registry=registry).validate(document)


def test_the_command_tells_repairs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`fluo explain --repair` adds the repairs to the text and to the document."""
    rule, trace = tmp_path / "r.fluo", tmp_path / "t.json"
    rule.write_text("rule r { never { a } }")
    span = {"traceId": "0" * 31 + "1", "spanId": "0" * 15 + "2", "name": "a", "startTimeUnixNano": "1"}
    trace.write_text(json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}))
    assert main(["explain", str(rule), "--traces", str(trace), "--repair"]) == 0
    assert "    1. remove span 00000000 (a)" in capsys.readouterr().out
    assert main(["explain", str(rule), "--traces", str(trace), "--repair", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["repair"]["repairs"][0]["changes"][0]["kind"] == "remove-span"
