"""Notebooks: the cell magic, and what they show of reports, violations, proofs, rules and traces."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest

import fluo_logic as fl
from fluo_logic.integrations.jupyter import Table
from tests.report.conftest import otlp, otlp_span

pytest.importorskip("IPython", reason="needs the jupyter extra")

from IPython.core.interactiveshell import InteractiveShell

REFUND: Final = Path(__file__).parents[2] / "docs/data/refund.otlp.json"
RULE: Final = "when { refund.process as $r } always { human.approval.where(order.id == $r.order.id) before $r }"
HOSTILE: Final = "</pre></script><img src=x onerror=alert(1)>```\x1b[31m\u202e&amp;"
TAGS: Final = frozenset({"iframe", "details", "summary", "pre", "p", "table", "caption", "thead", "tr", "th", "td"})
Shown: TypeAlias = Any
"""What has the methods of notebooks."""
Shell: TypeAlias = Any
"""IPython's shell, which is hardly typed."""


@pytest.fixture
def shell() -> Iterator[Shell]:
    """A shell as a notebook has it."""
    made: Shell = InteractiveShell()  # type: ignore[no-untyped-call]
    made.run_line_magic("load_ext", "fluo_logic")
    made.user_ns["traces"] = fl.read_traces(REFUND)
    yield made
    made.history_manager.end_session()
    InteractiveShell.clear_instance()


def cell(shell: Shell, line: str, text: str = RULE) -> Any:  # noqa: ANN401 - whatever the cell returns
    return shell.run_cell(f"%%fluo {line}\n{text}")


def refused(shell: Shell, capsys: pytest.CaptureFixture[str], line: str, text: str = RULE) -> str:
    """Return what a cell shows that fails."""
    done = cell(shell, line, text)
    assert isinstance(done.error_in_exec, fl.FluoError)
    said = capsys.readouterr().out
    assert "Traceback" not in said
    assert "site-packages" not in said
    return said


def test_a_cell_of_rules_is_checked_against_a_variable_or_a_file(shell: Shell) -> None:
    """The line names a variable or a path; the cell is the content of a rule, or whole rules."""
    report = cell(shell, "traces").result
    assert isinstance(report, fl.Report)
    assert [violation.rule for violation in report.violated] == ["cell"]
    assert len(cell(shell, f"'{REFUND}'").result.violated) == 1
    several = cell(shell, "traces", f"rule one {{ {RULE} }}\nrule two {{ never {{ nothing }} }}").result
    assert [rule.id for rule in several.rules] == ["one", "two"]
    shell.user_ns["one"] = next(iter(shell.user_ns["traces"].traces.values()))
    assert len(cell(shell, "one").result.violated) == 1


def test_options_of_a_cell(shell: Shell) -> None:
    """Reports and rules can be kept in variables, settings are those of `check`, a scope is explained."""
    report = cell(shell, "traces -o report -r rules --max-proofs 0 --now 2026-03-02T12:00:00Z").result
    assert shell.user_ns["report"] is report
    assert report.violations[0].proof is None
    assert shell.user_ns["rules"]["cell"].obligations
    assert cell(shell, "-r more", "never { a }").result is None
    assert len(shell.user_ns["more"]) == 1
    explanation = cell(shell, "traces --scope 1d63").result
    assert explanation.verdict == "violated"


def test_a_half_written_rule_shows_where_it_is_wrong(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong is shown with its place in the cell and a caret, and the cell fails."""
    said = refused(shell, capsys, "traces", "when { refund.process as r }\nalways { human.approval")
    assert "error[E118]: a variable begins with `$`\n --> <cell>:2:26" in said
    assert "2 | when { refund.process as r }\n  |                          ^" in said
    assert "error[E111]: expected `}`" in said
    assert " --> <cell>:3:23" in said


def test_a_wrong_line_is_told(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    """Traces that are not there, unknown options and the like are told in a sentence, with the nearest name."""
    assert "did you mean `traces`?" in refused(shell, capsys, "tracs")
    assert "unrecognized arguments: --bogus" in refused(shell, capsys, "traces --bogus")
    assert "the traces are missing" in refused(shell, capsys, "")
    assert "No closing quotation" in refused(shell, capsys, "'traces")
    assert "there is no engine named prolog" in refused(shell, capsys, "traces --engine prolog")
    assert "--scope explains one rule" in refused(
        shell, capsys, "traces --scope 1d", "rule a { never { x } }\nrule b { never { y } }"
    )
    shell.user_ns["number"] = 7
    assert "traces cannot be read from an object of type `int`" in refused(shell, capsys, "number")
    assert cell(shell, "--help").result is None
    assert "usage: %%fluo" in capsys.readouterr().out


def test_errors_of_python_cells_have_no_traceback(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    """An error of fluo is shown in its own words wherever it is raised; a defect keeps its traceback."""
    shell.run_cell("import fluo_logic as fl\nfl.rule('when { a as p }')")
    assert capsys.readouterr().out.startswith("error[E118]")
    shell.run_cell("raise fl.InternalError('X101', 'two answers differ')")
    assert "Traceback" in capsys.readouterr().out


class Tags(HTMLParser):
    """Collects the tags of a fragment, and the documents in its frames."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.frames: list[dict[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)
        if tag == "iframe":
            self.frames.append({name: value or "" for name, value in attrs})


def hostile() -> tuple[fl.Dataset, fl.Ruleset]:
    """Traces and rules whose every text looks like markup."""
    own = [{"key": HOSTILE, "value": {"stringValue": HOSTILE}}]
    spans = [{**otlp_span(1, 1, "act", 0), "attributes": own}, otlp_span(1, 2, HOSTILE, 1, parent=1)]
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": HOSTILE}}]}
    traces = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}
    title = HOSTILE.replace("\x1b", "")
    rule = fl.rule(f'rule r "{title}" {{ when {{ act as $a }} always {{ *.where(span:name == "log") child of $a }} }}')
    return fl.read_traces(json.dumps(traces).encode()), fl.Ruleset((rule,))


def everything() -> list[Shown]:
    data, rules = hostile()
    report = fl.check(data, rules)
    violation = report.violations[0]
    explanation = fl.explain(rules.rules[0], data)
    trace = next(iter(data.traces.values()))
    return [report, violation, violation.proof, explanation, rules, rules.rules[0], data, trace]


every_kind = pytest.mark.parametrize(
    "number", range(8), ids=["report", "violation", "proof", "explanation", "rules", "rule", "data", "trace"]
)


@every_kind
def test_text_of_traces_is_never_markup(number: int) -> None:
    """Whatever traces and rules hold, a fragment has only our own tags, and its frames no access and no other tags."""
    shown = everything()[number]
    tags = Tags(shown._repr_html_())
    assert tags.found <= TAGS | {"code"}
    for frame in tags.frames:
        assert frame["sandbox"] == "allow-scripts"
        inner = Tags(frame["srcdoc"])
        assert "img" not in inner.found
        assert "\x1b" not in frame["srcdoc"]
    markdown = shown._repr_markdown_()
    lines = markdown.split("\n")
    fence = lines[0].removesuffix("text")
    assert set(fence) == {"`"}
    assert lines[-1] == fence
    assert not any(line.strip().startswith(fence) for line in lines[1:-1])
    assert "\x1b" not in markdown
    assert "\u202e" not in markdown


@every_kind
def test_every_kind_has_a_text(number: int, shell: Shell) -> None:
    """In a terminal, and where HTML is not shown, there is the text of the command line; in a list it is one line."""
    shown = everything()[number]
    formats = shell.display_formatter.format
    text = formats(shown)[0]["text/plain"]
    assert not text.startswith(type(shown).__name__ + "(")
    assert "\x1b" not in text
    (line,) = formats([shown])[0]["text/plain"].splitlines()
    assert len(line) < 500


def test_traces_and_proof_stand_side_by_side() -> None:
    """What `check` returned knows its data: a violation shows all spans of its traces, not only those it cites."""
    data = fl.read_traces(REFUND)
    report = fl.check(data, fl.rule(RULE))
    assert "ticket.handle" in Tags(report.violations[0]._repr_html_()).frames[0]["srcdoc"]
    assert "ticket.handle" in Tags(report._repr_html_()).frames[0]["srcdoc"]
    assert report.dataset is data
    assert report.to_json() == fl.check(REFUND, fl.rule(RULE)).to_json() | {"data": report.to_json()["data"]}


def test_large_reports_and_data_stay_small() -> None:
    """Of many violations a notebook shows a hundred, of many traces three, and both say so."""
    spans = [otlp_span(number, number, "act", 0) for number in range(1, 151)]
    data = fl.read_traces(otlp(*spans))
    report = fl.check(data, fl.rule("never { act }"))
    assert "the first 100 are shown" in Tags(report._repr_html_()).frames[0]["srcdoc"]
    assert len(report._repr_html_()) < 1_000_000
    assert "150 spans in 150 traces" in data._repr_html_()
    assert "… and 147 more traces" in data._repr_html_()


def test_a_module_without_notebooks_does_not_need_ipython() -> None:
    """The methods work without IPython, and no trace is nothing to draw."""
    empty = fl.read_traces([])
    assert empty._repr_html_() == "<p>0 spans in 0 traces</p>"
    assert empty._repr_markdown_() == "```text\n0 spans in 0 traces\n```"


def test_tables_are_never_markup() -> None:
    """Rows show values as text and ids by their first digits; no rows say so."""
    table = Table([{"Id": f"{'ab' * 16}:{'cd' * 8}", "Name": HOSTILE}, {"Id": 1}])
    assert Tags(table._repr_html_()).found == {"table", "thead", "tbody", "tr", "th", "td"}
    assert "abababab:cdcdcdcd" in table._repr_html_()
    assert repr(table).splitlines()[0].split() == ["Id", "Name"]
    assert "\x1b" not in repr(table)
    assert repr(Table([])) == "no rows"
    assert Table([])._repr_html_() == "<p>no rows</p>"
