"""Reports for dashboards, scripts and pull requests: JSON lines, JUnit, GitHub, Markdown, and the text beside them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import cmarkgfm
import jsonschema
import pytest
import xmlschema
from cmarkgfm.cmark import Options
from hypothesis import given
from hypothesis import strategies as st

import fluo_logic as fl
from fluo_logic.cli import main
from fluo_logic.commands.settings import FORMATS
from fluo_logic.explain.words import inert
from fluo_logic.report.as_json import report_json
from fluo_logic.report.github import command, report_github
from fluo_logic.report.jsonl import report_jsonl
from fluo_logic.report.junit import report_junit
from fluo_logic.report.markdown import LARGEST, report_markdown
from fluo_logic.report.markup import code, plain
from fluo_logic.report.sarif import report_sarif
from tests.report.conftest import PACK
from tests.report.test_documents import validate
from tests.report.test_sarif import valid

HERE: Final = Path(__file__).parent
XSD: Final = xmlschema.XMLSchema(HERE / "data" / "junit-10.xsd")
"""The schema of Jenkins' xUnit plugin, under the licence in its head."""
HOSTILE: Final = (
    "x](y) **b** `c` <script>alert(1)</script> @octocat #1 http://evil.example a@b.example | ]]> & \x1b[2J\n::error::z"
)
Form = Callable[[fl.Report], str]


def parsed(xml: str) -> ET.Element:
    """Return the root of a valid document."""
    XSD.validate(xml)
    return ET.fromstring(xml)  # noqa: S314 - we wrote it


def text(report: fl.Report) -> str:
    return report.to_text()


@pytest.mark.parametrize("form", [report_github, report_markdown, report_junit, text], ids=lambda form: form.__name__)
def test_a_form_says_all_of_a_report(form: Form, mixed: fl.Report, golden: Callable[[Path, str], None]) -> None:
    """What counts, what is waived, known, fixed or pending, lost input and the state of waivers are all told."""
    golden(HERE / "golden" / f"{form.__name__}.txt", form(mixed))


def rendered(page: str) -> tuple[str, list[str]]:
    """Return the text that GitHub's own renderer makes of a page, and the tags that it has."""

    class Reader(HTMLParser):
        def __init__(self) -> None:
            super().__init__(convert_charrefs=True)
            self.text: list[str] = []
            self.tags: list[str] = []

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            del attrs
            self.tags.append(tag)

        def handle_data(self, data: str) -> None:
            self.text.append(data)

    reader = Reader()
    reader.feed(cmarkgfm.github_flavored_markdown_to_html(page, options=Options.CMARK_OPT_UNSAFE))
    reader.close()
    return "".join(reader.text), reader.tags


@given(st.text())
def test_plain_markdown_shows_exactly_the_text(said: str) -> None:
    """Whatever a text is, rendered as GitHub does it is that text, in one paragraph without any markup."""
    shown, tags = rendered(f"* said: {plain(said)}")
    assert shown.strip() == f"said: {inert(said).strip()}".strip()
    assert tags == ["ul", "li"]


@given(st.text(alphabet="`| ab\\"))
def test_code_shows_exactly_the_text(said: str) -> None:
    """A code span holds any text, in a table as elsewhere."""
    shown, _ = rendered(f"said: {code(said)}.")
    assert shown.strip() == f"said: {said}."
    table, tags = rendered(f"| a | b |\n| --- | --- |\n| {code(said, in_table=True)} | x |")
    assert tags.count("td") == 2
    assert table.split() == ["a", "b", *said.split(), "x"]


@given(st.text() | st.just(HOSTILE))
def test_nothing_of_a_trace_is_markup_or_a_command(said: str) -> None:
    """A hostile sentence adds no element, no link, no line and no command to a form."""
    base, hostile = (_with_sentence(sentence) for sentence in ("harmless", said))
    assert rendered(report_markdown(hostile))[1] == rendered(report_markdown(base))[1]
    assert len(report_github(hostile).split("\n")) == len(report_github(base).split("\n"))
    assert len(report_jsonl(hostile).splitlines()) == len(report_jsonl(base).splitlines())
    assert [element.tag for element in parsed(report_junit(hostile)).iter()] == [
        element.tag for element in parsed(report_junit(base)).iter()
    ]
    valid(report_sarif(hostile))


def _with_sentence(sentence: str) -> fl.Report:
    return replace(SMALL, violations=tuple(replace(one, sentence=sentence) for one in SMALL.violations))


SMALL: Final = fl.check(
    b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0af7651916cd43dd8448eb211c80319c",'
    b'"spanId":"b7ad6b7169203331","name":"a"}]}]}]}',
    fl.rule("never { a }", id="r"),
)


def test_reports_on_every_incident_are_valid(incident_files: tuple[Path, ...]) -> None:
    """JUnit and JSON lines are valid by their schemas, with a test case for every rule and a line for every entry."""
    rules = fl.load_rules(PACK)
    for path in incident_files:
        report = fl.check(path, rules, max_proofs=2)
        xml = report_junit(report)
        suites = parsed(xml)
        failed = {
            str(case.get("name")).split(" - ")[0]
            for case in suites.iter("testcase")
            if case.find("failure") is not None
        }
        assert failed == {violation.rule for violation in report.violated}
        assert suites.get("tests") == str(len(rules))
        _lines(report)


def _lines(report: fl.Report) -> list[Any]:
    lines = [json.loads(line) for line in report_jsonl(report).splitlines()]
    for line in lines:
        validate(line, "fluo-jsonl-1.json")
    assert [line["record"] for line in lines] == [*("violation" for _ in report.violations), "summary"]
    return lines


def test_json_says_what_is_waived_and_known(mixed: fl.Report) -> None:
    """A report with waivers and a baseline is valid, and each entry says whether it is waived or known."""
    document = report_json(mixed)
    validate(document, "fluo-report-1.json")
    *violations, summary = _lines(mixed)
    assert [bool(one["waived_by"]) for one in violations][:3] == [False, True, False]
    assert [one["in_baseline"] for one in violations][:3] == [False, False, True]
    assert summary["counts"] == {"violated": 3, "undecided": 1, "waived": 1, "known": 1}
    assert (summary["ok"], summary["baseline"]["known"]) == (False, 1)
    with pytest.raises(jsonschema.ValidationError):
        validate(document | {"waivers": [{}]}, "fluo-report-1.json")


def test_junit_of_odd_values_is_valid(everything: tuple[fl.Report, list[fl.Explanation]], mixed: fl.Report) -> None:
    """Lost input is an error, an expired waiver a failure, and what is vacuous, pending or excused is skipped."""
    for report in (everything[0], mixed):
        XSD.validate(report_junit(report))
    suites = parsed(report_junit(mixed))
    outcome = {case.get("name"): [child.tag for child in case] for case in suites.iter("testcase")}
    assert outcome == {
        "input can be read": ["error"],
        "waivers have not expired": ["failure"],
        "audited - Each <b>action</b> has a log": ["failure", "system-out"],
        "answered": ["skipped", "system-out"],
        "quiet - Nothing is noisy": [],
        "idle": ["skipped"],
    }
    assert (suites.get("tests"), suites.get("failures"), suites.get("errors")) == ("6", "2", "1")


def test_commands_of_a_workflow_are_escaped() -> None:
    """Nothing in a message or a property ends it: GitHub's own escapes stand in the place of what would."""
    assert command("error", "100%\r\n::x", title="a:b,c\n%", file="r.fluo") == (
        "::error title=a%3Ab%2Cc%0A%25,file=r.fluo::100%25%0D%0A::x"
    )


def test_notes_stand_at_files_of_the_checkout(mixed: fl.Report, tmp_path: Path) -> None:
    """A rule of the checkout has file and line; one from elsewhere, such as a shipped pack, has neither."""
    inside = report_github(mixed, Path.cwd())
    assert "::error file=rules/mixed.fluo,line=2,col=1,endColumn=44,title=audited%3A 3 violations::" in inside
    assert "file=" not in report_github(mixed, tmp_path)


def test_a_clean_report_makes_no_notes(mixed: fl.Report) -> None:
    """Where there is nothing to say, a workflow shows nothing, and the summary says so."""
    clean = replace(mixed, violations=(), waivers=(), baseline=None, data=replace(mixed.data, problems=()))
    assert report_github(clean) == ""
    assert report_markdown(clean).startswith("## ✓ fluo: nothing violated\n")
    assert clean.ok


def test_a_summary_has_room_for_what_github_takes(mixed: fl.Report) -> None:
    """Beyond the size that GitHub takes, the page says how many violations it leaves out."""
    many = replace(mixed, violations=mixed.violations[:1] * 3000)
    page = report_markdown(many)
    assert len(page.encode()) < LARGEST + 10_000
    shown = page.count("<details>")
    assert re.search(r"… and ([\d,]+) more that this page has no room for", page)
    assert f"… and {3000 - shown:,} more that this page has no room for" in page


def test_the_help_names_every_format(capsys: pytest.CaptureFixture[str]) -> None:
    """`fluo check --help` lists what `--format` takes."""
    assert main(["check", "--help"]) == 0
    said = capsys.readouterr().out.partition("--format FORMAT[=PATH]")[2].partition(", to standard")[0]
    assert re.findall("[a-z]+", said.replace("(default)", "")) == [*FORMATS[:-1], "or", FORMATS[-1]]
