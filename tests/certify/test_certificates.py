"""Every answer has a certificate, and the independent checker accepts it."""

from __future__ import annotations

import ast
import gzip
import json
import re
import struct
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from fluo_logic.certification import as_otlp, certify_session, program_of, recheck
from fluo_logic.explain import certify
from fluo_logic.facts.dataset import assemble
from fluo_logic.facts.model import Span
from fluo_logic.facts.readers import read_traces
from fluo_logic.lang.parse import load_rules, parse_rule
from fluo_logic.lang.syntax import Rule, Ruleset
from fluo_logic.pipeline import Options, Session, solve
from fluo_logic.solve.registry import ENGINES
from fluo_logic.translate.ir_json import ir_document
from tests.certify.harness import certificate_of, claimed, due, findings, in_hexadecimal, refusals
from tests.oracle.strategies import rules, traces
from tests.test_cases import CASES, ROOT, load

CHECKER: Final = Path(certify.__file__)
SCHEMA: Final = Path(__file__).parents[2] / "schemas" / "fluo-certificate-1.json"
MOST_LINES: Final = 400
WIDEST: Final = 120
PAIRS_AT_ONCE: Final = 4
every_case = pytest.mark.parametrize("folder", CASES, ids=lambda case: case.relative_to(ROOT).as_posix())


def session_of(folder: Path, engine: str = "clingo") -> Session:
    case = load(folder)
    spans = assemble(in_hexadecimal(case.spans))
    return solve(spans, Ruleset((case.rule,)), replace(case.options, engine=engine))


@every_case
def test_every_answer_of_the_corpus_certifies(folder: Path) -> None:
    """The certificate of a case is accepted, claims all obligations, and claims what the oracle says of each."""
    case, session = load(folder), session_of(folder)
    held = certificate_of(session)
    jsonschema.validate(held, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert refusals(session, held) == []
    assert claimed(session, held) == due(case.rule, in_hexadecimal(case.spans), case.options)


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_whoever_solved_the_certificate_is_the_same(engine: str) -> None:
    """A certificate depends on the answer, not on the engine."""
    for folder in CASES[::10]:
        assert certificate_of(session_of(folder, engine)) == certificate_of(session_of(folder))


def test_answers_of_random_cases_certify() -> None:
    """Random rules on random traces certify, 2,000 at least, all outcomes among them, with the oracle's claims."""
    outcomes: Counter[str] = Counter()

    @settings(max_examples=2_000 // PAIRS_AT_ONCE, database=None)
    @given(traces(), st.lists(rules(), min_size=PAIRS_AT_ONCE, max_size=PAIRS_AT_ONCE))
    def certifies(spans: list[Span], drawn: list[Rule]) -> None:
        named = in_hexadecimal(spans)
        for rule in drawn:
            session = solve(assemble(named), Ruleset((rule,)), Options(engine="clingo"))
            held = certificate_of(session)
            unread = [said for said in refusals(session, held) if "without RE2" in said]
            if unread:
                outcomes["needs RE2"] += 1
                continue
            assert refusals(session, held) == []
            assert claimed(session, held) == due(rule, named, Options())
            outcomes.update({claim["claim"] for claim in held["claims"]} or {"no scope"})
            outcomes["cases"] += 1

    certifies()
    assert outcomes["cases"] >= 2_000 - outcomes["needs RE2"]
    assert min(outcomes["fails"], outcomes["satisfied"], outcomes["vacuous"]) > 200
    assert outcomes["needs RE2"] == 0


def test_failures_alone_certify_without_what_is_complete() -> None:
    """A certificate of the failures is smaller, accepted as it is, and refused where completeness is asked for."""
    session = session_of(ROOT / "case-studies" / "1-payment-retry")
    held, whole = certificate_of(session, complete=False), certificate_of(session)
    assert {claim["claim"] for claim in held["claims"]} == {"fails"}
    assert len(held["nodes"]) < len(whole["nodes"])
    assert refusals(session, held, complete=False) == []
    assert all(said.startswith("complete: ") for said in refusals(session, held))
    assert refusals(session, held)


def test_every_incident_certifies(tmp_path: Path) -> None:
    """The seven incidents, healthy and broken: all obligations of all their rules certify on the files as written."""
    pytest.importorskip("opentelemetry.exporter.otlp.proto.common", reason="needs the demo extra")
    from tests.incidents.test_incidents import CATALOGUE, RULES  # noqa: PLC0415 - its module needs the extra too

    assert CATALOGUE.main([str(tmp_path)]) == 0
    every = load_rules([RULES])
    for incident in CATALOGUE.INCIDENTS:
        loaded = Ruleset(tuple(every[name] for name in (incident.seed_rule_id, *incident.rule_ids)))
        for variant in ("healthy", "broken"):
            file = tmp_path / f"{incident.slug}-{variant}.otlp.jsonl"
            session = solve([str(file)], loaded, Options(engine="clingo"))
            held = certificate_of(session)
            found = recheck(held, session.program, [file.read_bytes()], complete=True)
            assert [item for item in found if not item.accepted] == []
            kept = [claim["claim"] for claim in held["claims"] if claim["rule"] in incident.rule_ids]
            assert ("fails" in kept) == (variant == "broken"), file


# --- formats --------------------------------------------------------------------------------------------------------


def protobuf(data: bytes) -> Iterator[bytes]:
    """Yield OTLP JSON by lines as protobuf messages."""
    for line in data.splitlines():
        document = json.loads(line)
        for batch in document["resourceSpans"]:
            for group in batch["scopeSpans"]:
                for span in group["spans"]:
                    _ids_in_base64(span)
        yield json_format.ParseDict(document, TracesData()).SerializeToString()


def _ids_in_base64(span: dict[str, Any]) -> None:
    import base64  # noqa: PLC0415 - of no other use here

    for part in (span, *span.get("links", ())):
        for key in ("traceId", "spanId", "parentSpanId"):
            if part.get(key):
                part[key] = base64.b64encode(bytes.fromhex(part[key])).decode()


def varint(number: int) -> bytes:
    return bytes([number]) if number < 128 else bytes([number & 127 | 128]) + varint(number >> 7)


FRAMES: Final[dict[str, Callable[[bytes], bytes]]] = {
    "json": lambda data: data,
    "json, gzipped": gzip.compress,
    "json, one document": lambda data: b"".join(data.splitlines()[:1]),
    "protobuf": lambda data: b"".join(protobuf(data)),
    "protobuf, gzipped": lambda data: gzip.compress(b"".join(protobuf(data))),
    "protobuf behind varints": lambda data: b"".join(varint(len(one)) + one for one in protobuf(data)),
    "protobuf behind four bytes": lambda data: b"".join(struct.pack(">I", len(one)) + one for one in protobuf(data)),
}


@pytest.mark.parametrize("form", FRAMES)
def test_the_checker_reads_every_form_of_otlp(form: str) -> None:
    """JSON and protobuf, whole, by lines, framed or gzipped: the checker finds the facts that fluo found."""
    for folder in CASES:
        session = session_of(folder)
        found = recheck(
            certificate_of(session), session.program, [FRAMES[form](as_otlp(session.store.dataset))], complete=True
        )
        assert [item for item in found if not item.accepted] == [], folder


def test_the_checker_reads_recordings_of_others() -> None:
    """On recordings of real systems the checker finds the facts that fluo found."""
    folder = Path(__file__).parents[3] / "shared" / "traces"
    files = ["proto-example.otlp.json", "robotframework.otlp.jsonl.gz"]
    if not all((folder / file).exists() for file in files):
        pytest.skip("the recordings are not there")
    rule = parse_rule("always { * }", "anything")
    for file in files:
        session = solve([str(folder / file)], Ruleset((rule,)), Options(engine="clingo"))
        found = recheck(certificate_of(session), session.program, [(folder / file).read_bytes()], complete=True)
        assert [item for item in found if not item.accepted] == []


# --- what the checker is --------------------------------------------------------------------------------------------


def test_the_checker_is_one_file_of_the_standard_library(tmp_path: Path) -> None:
    """Copied elsewhere and run in isolation, the checker does the same: it needs nothing but Python."""
    tree = ast.parse(CHECKER.read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names

    session = session_of(ROOT / "case-studies" / "4-rate-limit")
    held = certificate_of(session)
    copied = tmp_path / "certify.py"
    copied.write_bytes(CHECKER.read_bytes())
    (tmp_path / "ir.json").write_text(json.dumps(ir_document(session.program)), encoding="utf-8")
    (tmp_path / "held.json").write_text(json.dumps(held), encoding="utf-8")
    (tmp_path / "traces.jsonl").write_bytes(as_otlp(session.store.dataset))
    command = [sys.executable, "-I", "certify.py", "--complete", "ir.json", "held.json", "traces.jsonl"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603
    assert run.returncode == 0, run
    assert run.stderr == ""
    steps = 1 + len(held["nodes"]) + len(held["claims"])
    assert run.stdout.endswith(f"{steps} of {steps} steps accepted\n")
    held["claims"][0]["claim"] = "satisfied" if held["claims"][0]["claim"] != "satisfied" else "fails"
    (tmp_path / "held.json").write_text(json.dumps(held), encoding="utf-8")
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603
    assert run.returncode == 1
    assert "refused" in run.stdout


def test_the_checker_is_short() -> None:
    """The checker has at most 400 lines, blank ones and comments among them: a sceptic can read it."""
    lines = CHECKER.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= MOST_LINES
    assert max(map(len, lines)) <= WIDEST


# --- what cannot be checked -----------------------------------------------------------------------------------------

SPANS: Final = (Span("1" * 32, "2" * 16, "query", start=1, end=2, attributes={"sql": "SELECT a\x0bFROM b", "s": "aa"}),)
SHARED: Final = ["SELECT", "^SELECT", "b$", r"b\z", r"\w+\s\w", "(?i)select", "[a-z]{2}", "(?:a|b)+", "[^a]", "a{1,2}"]
UNSHARED: Final = ["(?P<x>a)", r"\pN", "[[:alpha:]]", "(?s).", "a*+", "a{,2}", r"\Q.\E", "(?m)^a", "(?i)é"]


@pytest.mark.parametrize("pattern", SHARED)
def test_patterns_that_both_read_alike_are_checked(pattern: str) -> None:
    """A regular expression of the syntax that RE2 shares with Python's is checked, with RE2's meaning."""
    text = f'never {{ query.where(sql matches "{pattern.replace(chr(92), chr(92) * 2)}") }}'
    session = solve(assemble(SPANS), Ruleset((parse_rule(text, "sql"),)), Options(engine="clingo"))
    assert refusals(session, certificate_of(session)) == []


@pytest.mark.parametrize("pattern", UNSHARED)
def test_other_patterns_are_refused_by_name(pattern: str) -> None:
    """What Python would read differently, the checker does not guess at."""
    assert_refuses = pytest.raises(certify.Refused, match="without RE2")
    with assert_refuses:
        certify.matches("anything", pattern)


def test_certificates_of_failures_in_several_rules_stand_together() -> None:
    """One certificate speaks of all rules of a check, and its nodes are shared between them."""
    one = parse_rule("when { query as $q } always { $q before other }", "one")
    two = parse_rule("when { query as $q } never { query.where(s == aa) }", "two")
    session = solve(assemble(SPANS), Ruleset((one, two)), Options(engine="clingo"))
    held = json.loads(json.dumps(certify_session(session)))
    assert [claim["rule"] for claim in held["claims"]] == ["one", "two"]
    assert [item for item in findings(session, held, complete=False) if not item.accepted] == []
    atoms = [json.dumps(node["atom"]) for node in held["nodes"]]
    assert len(set(atoms)) == len(atoms)
    assert program_of(Ruleset((one, two))) == session.program


def test_a_file_read_by_fluo_alone_is_written_as_otlp(tmp_path: Path) -> None:
    """Copies of a span that differ are settled by fluo; the checker refuses the file, and takes what fluo wrote."""
    span = {"traceId": "1" * 32, "spanId": "2" * 16, "name": "query", "startTimeUnixNano": "1", "endTimeUnixNano": "2"}
    other = {**span, "endTimeUnixNano": "3"}
    file = tmp_path / "copies.json"
    file.write_text(json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span, other]}]}]}), encoding="utf-8")
    session = solve([str(file)], Ruleset((parse_rule("always { query }", "there"),)), Options(engine="clingo"))
    held = certificate_of(session)
    (found,) = recheck(held, session.program, [file.read_bytes()], complete=True)
    assert not found.accepted
    assert re.search("copies of span 2+ differ", found.said)
    written = as_otlp(read_traces([str(file)]))
    assert all(item.accepted for item in recheck(held, session.program, [written], complete=True))
