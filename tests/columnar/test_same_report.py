"""A scan over columns reports what reading everything exactly does: spans, verdicts, violations, proofs, problems."""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from fluo_logic import pipeline
from fluo_logic.errors import InputError
from fluo_logic.facts.columnar import groups, tasks
from fluo_logic.facts.dataset import Dataset
from fluo_logic.facts.model import Event, Link, Resource, Span
from fluo_logic.facts.readers import read_traces
from fluo_logic.lang.parse import load_rules, parse_rules
from fluo_logic.lang.syntax import Ruleset
from fluo_logic.pipeline import DEFAULTS, Options, Session, check, report
from fluo_logic.report.violation import Report
from fluo_logic.solve import registry
from tests.agreement.campaign import OPTIONS
from tests.oracle.strategies import rules as random_rules
from tests.oracle.strategies import traces as random_traces
from tests.readers.strategies import span_lists
from tests.readers.writing import FILES, message
from tests.test_cases import CASES, load

pytest.importorskip("duckdb")
pytest.importorskip("ptars")

ROOT = Path(__file__).parents[2]
CORPUS = sorted((ROOT / "tests/readers/cases").glob("*/input*"))
PUBLISHED = ROOT / "../shared/traces"
CASE_STUDIES = ROOT / "rules/case-studies"
TRACE = "0af7651916cd43dd8448eb211c80319c"
MANY = """
rule count "there are few" { always { count(*) <= 3 } }
rule kinds "servers are roots" { when { *.where(span:kind == server) as $s } always { $s.span:root } }
rule order "one after another" { when { * as $a and * as $b and $a is not $b } never { $a during $b } }
rule tree "no depth" { never { * descendant of * } }
rule siblings "no siblings" { when { * as $a } never { * sibling of $a } }
rule keyed "by key" { across traces by text when { * as $a } always { exists_not.where(x == 1) or $a.number > 2 } }
rule all "all" { across traces never { *.where(span:status == error) } }
rule events "events" { never { *.where(event(e).where(x == "y")) } }
rule links "links" { never { * linked to * } }
rule values "values" { never { *.where(text contains "ü" or list contains "x" or map.a == "AA==" or number < 5) } }
rule orphans "no orphans" { never { *.where(span:orphan) } }
rule sums "sums" { always { sum(*.number) >= 0 and count(distinct *.text) <= 2 } }
"""


def random_examples(number: int) -> settings:
    return settings(
        max_examples=number,
        deadline=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )


@pytest.fixture(params=["at once", "in groups"])
def scanning(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is large enough to be scanned, and maybe too large to be in memory at once."""
    monkeypatch.setattr(registry, "SCAN_FROM_BYTES", 0)
    if request.param == "in groups":
        monkeypatch.setattr(tasks, "CHUNK_BYTES", 100)
        monkeypatch.setattr(groups, "GROUP", 3)


def scanned(inputs: Any, rules: Ruleset, options: Options = DEFAULTS) -> tuple[Session, Report]:  # noqa: ANN401
    session = pipeline.solve(inputs, rules, options, whole=False)
    return session, report(session)


def exactly(inputs: Any, rules: Ruleset, options: Options = DEFAULTS) -> Report:  # noqa: ANN401
    return check(read_traces(inputs), rules, options)


def written(spans: Sequence[Span]) -> bytes:
    return message(hexadecimal(spans)).SerializeToString()


def rules_of(text: str) -> Ruleset:
    found, errors = parse_rules(text, "rules.fluo")
    assert not errors
    return Ruleset(tuple(found))


def hexadecimal(spans: Sequence[Span]) -> list[Span]:
    """Return spans with ids that OTLP can carry."""

    def digits(text: str, length: int) -> str:
        return text if len(text) == length else hashlib.sha256(text.encode()).hexdigest()[:length]

    return [
        replace(
            span,
            trace_id=digits(span.trace_id, 32),
            span_id=digits(span.span_id, 16),
            parent_id=None if span.parent_id is None else digits(span.parent_id, 16),
            links=tuple(
                replace(link, trace_id=digits(link.trace_id, 32), span_id=digits(link.span_id, 16))
                for link in span.links
            ),
        )
        for span in spans
    ]


@pytest.mark.usefixtures("scanning")
@pytest.mark.parametrize("folder", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_every_case_is_reported_alike(folder: Path) -> None:
    """The rules and traces of the corpus of cases: the report of a scan is the report."""
    case = load(folder)
    data = written(case.spans)
    options = replace(case.options, max_proofs=3)
    rules = Ruleset((case.rule,))
    assert scanned(data, rules, options)[1] == exactly(data, rules, options)


@pytest.mark.usefixtures("scanning")
@random_examples(40)
@given(spans=random_traces(), drawn=st.lists(random_rules(), min_size=6, max_size=6), options=OPTIONS)
def test_random_rules_are_reported_alike(spans: list[Span], drawn: list[Any], options: Options) -> None:
    """Random rules on random traces, several at once, with random options."""
    named = tuple(replace(rule, id=f"random-{number}") for number, rule in enumerate(drawn))
    data = written(spans)
    options = replace(options, engine="auto", max_proofs=1)
    assert scanned(data, Ruleset(named), options)[1] == exactly(data, Ruleset(named), options)


@pytest.mark.usefixtures("scanning")
@pytest.mark.parametrize("spelling", FILES)
@random_examples(10)
@given(spans=span_lists)
def test_random_spans_are_reported_alike(spelling: str, spans: list[Span]) -> None:
    """Spans with any values, names and ids, several copies of one among them, in every spelling."""
    data = FILES[spelling](spans)
    rules = rules_of(MANY)
    assert scanned(data, rules)[1] == exactly(data, rules)


@pytest.mark.usefixtures("scanning")
@pytest.mark.parametrize("file", CORPUS, ids=lambda file: file.parent.name)
def test_every_input_is_reported_alike(file: Path) -> None:
    """Damaged, odd and foreign inputs give the same report, problems included."""
    rules = rules_of(MANY)
    assert scanned([file], rules)[1] == exactly([file], rules)


@pytest.mark.usefixtures("scanning")
@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the published traces are not at hand")
@pytest.mark.parametrize("name", ["robotframework.otlp.jsonl.gz", "bookinfo.tempo.json", "yelp.zipkin.json"])
def test_published_traces_are_reported_alike(name: str) -> None:
    """Traces of other projects, as they are and as OTLP protobuf."""
    rules = load_rules([CASE_STUDIES])
    file = PUBLISHED / name
    assert scanned([file], rules)[1] == exactly([file], rules)
    spans = [span for span in read_traces(file).spans if len(span.trace_id) == len(TRACE)]
    if spans:
        data = gzip.compress(written(spans))
        session, found = scanned(data, rules)
        assert session.scanned is not None
        assert found == exactly(data, rules)


def span(number: int, **more: Any) -> Span:  # noqa: ANN401
    return Span(TRACE, f"{number:016x}", "step", start=1000 * number, end=1000 * number + 500, **more)


ODD: dict[str, list[Span]] = {
    "an empty attribute key": [span(1, attributes={"": "x"})],
    "a map that a key reaches into": [span(1, attributes={"map": {"a": b"\x00"}})],
    "a map of the resource": [span(1, resource=Resource({"map": {"a": b"\x00"}}))],
    "a number as text": [span(1, attributes={"number": "0012"}), span(2, attributes={"number": "12"})],
    "large integers": [span(1, attributes={"number": 2**63 - 1}), span(2, attributes={"number": -(2**63)})],
    "doubles": [
        span(index, attributes={"number": number}) for index, number in enumerate((-0.0, 1e300, float("nan")), 1)
    ],
    "values of many types": [
        span(index, attributes={"text": value}) for index, value in enumerate((True, "true", 1, 1.0, b"\x01", (1,)), 1)
    ],
    "copies": [span(1), span(1), span(1, attributes={"text": "other"}), span(2)],
    "a copy without an end": [replace(span(1), end=None), span(1)],
    "a circle": [span(1, parent_id=f"{2:016x}"), span(2, parent_id=f"{1:016x}")],
    "its own parent": [span(1, parent_id=f"{1:016x}"), span(2)],
    "an end before the start": [replace(span(1), end=5)],
    "orphans": [span(1, parent_id="f" * 16), span(2, parent_id="e" * 16), span(3, parent_id=f"{2:016x}")],
    "events and links": [
        span(1, events=(Event("e", 7, {"x": "y"}),), links=(Link(TRACE, f"{2:016x}"), Link("f" * 32, f"{2:016x}"))),
        span(2),
    ],
    "more keys than a word has bits": [span(1, attributes={f"key {number}": number for number in range(200)})],
}


@pytest.mark.usefixtures("scanning")
@pytest.mark.parametrize("spelling", ["protobuf", "json-lines"])
@pytest.mark.parametrize("name", ODD)
def test_odd_spans_are_reported_alike(name: str, spelling: str) -> None:
    """What columns could get wrong, beside sound traces, so that only some of the data is odd."""
    sound = [replace(span(1), trace_id=f"{number:032x}") for number in range(1, 12)]
    data = FILES[spelling]([*sound, *ODD[name]])
    rules = rules_of(MANY)
    assert scanned(data, rules)[1] == exactly(data, rules)


@pytest.mark.usefixtures("scanning")
def test_copies_in_other_files_are_found(tmp_path: Path) -> None:
    """A span that another file has too is merged, and told where it differs; its trace may be in many files."""
    sound = [replace(span(1), trace_id=f"{number:032x}") for number in range(1, 12)]
    files = [tmp_path / f"{number}.binpb" for number in range(3)]
    for number, file in enumerate(files):
        file.write_bytes(written([*sound[number::3], span(1, attributes={"text": str(number)}), span(10 + number)]))
    rules = rules_of(MANY.replace("across traces never", "never"))
    session, found = scanned(files, rules)
    assert session.scanned is not None
    assert (found.data.merged, found.data.differing) == (2, 1)
    assert found == exactly(files, rules)


@pytest.mark.usefixtures("scanning")
def test_only_the_traces_that_fail_become_spans() -> None:
    """Of the traces that satisfy every rule, nothing is kept but counts."""
    spans = [replace(span(1), trace_id=f"{number:032x}") for number in range(1, 50)]
    spans.append(replace(span(2), trace_id=spans[6].trace_id, name="forbidden"))
    data = written(spans)
    rules = rules_of('rule none "none" { never { forbidden } }')
    session, found = scanned(data, rules)
    assert set(session.store.dataset.traces) == {spans[6].trace_id}
    assert (found.data.spans, found.data.traces) == (50, 49)
    assert found == exactly(data, rules)


@pytest.mark.usefixtures("scanning")
def test_without_ptars_the_report_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where ptars is not installed, opentelemetry-proto fills the columns."""
    data = written([span(1), span(2, attributes={"number": 3}), replace(span(1), trace_id="f" * 32)])
    rules = rules_of(MANY)
    with_ptars = scanned(data, rules)[1]
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ptars" else name)
    session, without = scanned(data, rules)
    assert without == with_ptars == exactly(data, rules)
    del session


@pytest.mark.usefixtures("scanning")
def test_a_file_that_changes_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is no longer what was scanned when its failures are read ends the check with an error."""
    from fluo_logic.solve import duck_scan  # noqa: PLC0415 - needs an optional package

    file = tmp_path / "traces.binpb"
    file.write_bytes(written([span(1), span(2)]))
    run = duck_scan.Scan.run

    def cut(self: Any, table: Any) -> Any:  # noqa: ANN401
        found = run(self, table)
        file.write_bytes(written([span(1)]))
        return found

    monkeypatch.setattr(duck_scan.Scan, "run", cut)
    with pytest.raises(InputError) as raised:
        scanned([file], rules_of('rule none "none" { never { step } }'))
    assert raised.value.code == "C123"


def test_a_data_set_is_never_scanned() -> None:
    """What is read already is solved as it is."""
    session = pipeline.solve(Dataset((), {}), rules_of(MANY), DEFAULTS, whole=False)
    assert session.scanned is None
