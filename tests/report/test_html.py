"""HTML reports: what the file holds, and that nothing of a trace can become a part of the page."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import fluo_logic as fl
from fluo_logic.commands.report_forms import EXPLANATION_FORMS, REPORT_FORMS
from fluo_logic.commands.settings import FORMATS
from fluo_logic.explain.outline import Item, obligation_outline
from fluo_logic.facts.dataset import Dataset
from fluo_logic.report.excuse import Waiver
from fluo_logic.report.html import explanation_html, report_html, violation_html
from fluo_logic.report.html.ghosts import Ghost, ghosts_of
from fluo_logic.report.html.traces import BUDGET, LIMITS, excerpt, limit_for
from fluo_logic.report.violation import Report
from tests.report.conftest import MIXED_TRACES, PACK, otlp, otlp_span

AUDIT = fl.rule("when { act as $a } always { log child of $a }", id="logged")


def checked(rule: str, *spans: dict[str, Any]) -> tuple[Report, Dataset]:
    data = fl.read_traces(otlp(*spans))
    return fl.check(data, fl.rule(rule, id="r")), data


def held(page: str) -> dict[str, Any]:
    """Return the document inside a page."""
    found = re.search(r'<script type="application/json" id="fluo-data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    document: dict[str, Any] = json.loads(found[1])
    return document


def ghosts(rule: str, *spans: dict[str, Any]) -> tuple[Ghost, ...]:
    report, _ = checked(rule, *spans)
    proof = report.violations[0].proof
    assert proof is not None
    return ghosts_of(proof)


def test_every_form_has_what_makes_it() -> None:
    """Every format that can be asked for is one of check or of explain, and every form can be asked for."""
    assert set(FORMATS) == {*REPORT_FORMS, *EXPLANATION_FORMS}


def test_a_report_needs_nothing_else() -> None:
    """The file is ASCII, names no other resource, and its policy allows just the style and the script inside it."""
    page = report_html(*checked("when { act } always { log }", otlp_span(1, 1, "act", 0)))
    assert page.isascii()
    assert not re.search(r"(?:src|href)=[\"'](?!data:)|@import|url\(|https?://|fetch\(|XMLHttp", page)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None
    assert policy[1].startswith("default-src 'none';")
    assert "unsafe" not in policy[1]
    for directive, tag in (("script-src", "script"), ("style-src", "style")):
        content = re.search(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        assert content is not None
        digest = base64.b64encode(hashlib.sha256(content[1].encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in policy[1]


HOSTILE = "</script><img src=x onerror=alert(1)><!--\x1b[31m\u202e@@script@@&amp;"


def test_text_of_traces_is_never_markup() -> None:
    """Names, services, keys, values, and titles of rules that look like markup or escapes are only text."""
    hostile: dict[str, dict[str, object]] = {
        HOSTILE: {"stringValue": HOSTILE},
        "long": {"stringValue": "x" * 1_000_000},
    }
    span = otlp_span(1, 1, HOSTILE, 0, 0, **hostile)
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": HOSTILE}}]}
    traces = json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span]}]}]}).encode()
    data = fl.read_traces(traces)
    rule = fl.rule('rule r "</title><b>" { display "{$x.long} </script>" when { * as $x } always { log after $x } }')
    report = fl.check(data, rule)
    for page in (report_html(report, data), explanation_html(fl.explain(rule, data), data)):
        assert "<img" not in page
        assert "<!--" not in page
        assert "\x1b" not in page
        assert page.count("</script>") == 2
        assert len(page) < 200_000
        texts = held(page)["strings"]
        assert any("<img" in text for text in texts)
        assert all(text.isprintable() and "\u202e" not in text for text in texts)


def test_a_fragment_cannot_reach_around_itself() -> None:
    """What a notebook shows is a frame whose content is one attribute, without access to the notebook."""
    report, data = checked(f"never {{ {json.dumps('<b>')} }}", otlp_span(1, 1, "<b>", 0))
    found = violation_html(report.violations[0], data)
    assert re.fullmatch(r'<iframe [^<>]* sandbox="allow-scripts" [^<>]*></iframe>', found)
    inside = re.search(r'srcdoc="([^"]*)"', found)
    assert inside is not None
    assert held(html.unescape(inside[1]))["entries"][0]["verdict"] == 0


def test_a_fragment_without_the_data_draws_what_the_proof_cites() -> None:
    """A violation alone still shows the spans of its proof."""
    report, _ = checked("never { a before b }", *(otlp_span(1, n, "abc"[n - 1], 2 * n) for n in (1, 2, 3)))
    inside = re.search(r'srcdoc="([^"]*)"', violation_html(report.violations[0]))
    assert inside is not None
    document = held(html.unescape(inside[1]))
    assert [document["strings"][name] for name in document["traces"][0]["names"]] == ["a", "b"]


def test_the_sentences_are_those_of_the_terminal(incident_files: tuple[Path, ...]) -> None:
    """Every line of every proof stands in the report as the terminal prints it."""
    for path in incident_files:
        data = fl.read_traces(path)
        report = fl.check(data, fl.load_rules(PACK), max_proofs=3)
        texts = set(held(report_html(report, data))["strings"])
        for violation in report.violations:
            if violation.proof is not None:
                assert {item.text for item in _all(obligation_outline(violation.proof))} <= texts


def _all(items: tuple[Item, ...]) -> Iterator[Item]:
    for item in items:
        yield item
        yield from _all(item.children)


def test_premises_cite_spans_of_the_report(incident_files: tuple[Path, ...]) -> None:
    """Whatever a premise cites is a span or an absent span that is drawn, and every violation lights something."""
    for path in incident_files:
        data = fl.read_traces(path)
        document = held(report_html(fl.check(data, fl.load_rules(PACK), max_proofs=5), data))
        number = sum(len(trace["ids"]) for trace in document["traces"])
        for entry in document["entries"]:
            cited = [item for top in entry["items"] for item in _nested(top)]
            assert all(0 <= key < number for item in cited for key in item[2])
            assert all(0 <= ghost < len(entry["ghosts"]) for item in cited for ghost in item[3])
            assert {ghost for item in cited for ghost in item[3]} == set(range(len(entry["ghosts"])))
            assert not cited or any(item[2] for item in cited)


def _nested(item: list[Any]) -> Iterator[list[Any]]:
    yield item
    for child in item[4]:
        yield from _nested(child)


PLACES = {
    "after $a": "$a before log",
    "before $a": "log before $a",
    "child of $a": "log child of $a",
    "ancestor of $a": "$a descendant of log",
    "during $a": "$a covers log",
    "linked to $a": "$a linked from log",
    "sibling of $a": "log sibling of $a",
}


@pytest.mark.parametrize("place", PLACES)
def test_an_absent_span_is_expected_where_the_rule_looks_for_it(place: str) -> None:
    """A relation to a span that is there tells where the other one is missing, whichever side it stands on."""
    (ghost,) = ghosts(f"when {{ act as $a }} always {{ {PLACES[place]} }}", otlp_span(1, 1, "act", 0))
    assert (ghost.name, f"{ghost.places[0].value} {ghost.label}") == ("log", place)
    assert ghost.anchor is not None
    assert ghost.anchor.name == "act"


def test_a_deadline_bounds_where_a_span_is_expected() -> None:
    """`within` tells how far from the other span it could have been."""
    rule = "when { act as $a } always { $a before log within 2s }"
    (ghost,) = ghosts(rule, otlp_span(1, 1, "act", 0), otlp_span(2, 2, "late", 60))
    assert ghost.within == 2 * 10**9


def test_an_absent_span_without_a_place_has_only_its_name() -> None:
    """Where a rule asks only that there is one, a span is missing nowhere in particular; so with a count too low."""
    assert (
        ghosts("when { act } always { log.where(x == 1) }", otlp_span(1, 1, "act", 0))[0].wanted == "log.where(x == 1)"
    )
    (ghost,) = ghosts("when { act } always { count(log) >= 2 }", otlp_span(1, 1, "act", 0), otlp_span(1, 2, "log", 0))
    assert (ghost.name, ghost.anchor) == ("log", None)


def test_one_absence_told_twice_is_drawn_once() -> None:
    """Two branches that miss the same span at the same place share it."""
    (ghost,) = ghosts("when { act as $a } always { log after $a or log child of $a }", otlp_span(1, 1, "act", 0))
    assert [place.value for place in ghost.places] == ["after", "child of"]


def test_a_forbidden_span_misses_nothing() -> None:
    """A violation by presence has no absent spans."""
    assert ghosts("never { act }", otlp_span(1, 1, "act", 0)) == ()


def test_a_large_trace_is_shortened_to_what_is_near() -> None:
    """Cited spans, those above them and some beside them stay; how many are left out is told, and where."""
    chain = [otlp_span(1, n, f"s{n}", n, n - 1) for n in range(1, 41)]
    leaves = [otlp_span(1, n, "leaf", n, 1) for n in range(100, 5_000)]
    data = fl.read_traces(otlp(*chain, *leaves))
    (trace,) = data.traces.values()
    found = excerpt(trace, {f"{40:016x}"}, 120)
    names = [span.name for span in found.spans]
    assert set(names) >= {f"s{n}" for n in range(1, 41)}
    assert len(names) <= 120
    assert sum(count for _, count in found.gaps) + len(names) == len(trace.spans)
    assert found.spans[found.parents[names.index("s40")]].name == "s39"


def test_a_report_holds_fewer_spans_of_each_trace_the_more_there_are() -> None:
    """The size of a report stays bounded: large traces are shortened more where there are many."""
    assert limit_for([10, 5_000]) == LIMITS[0]
    assert sum(min(5_000, limit_for([5_000] * 100)) for _ in range(100)) <= BUDGET
    assert limit_for([10_000] * 100_000) == LIMITS[-1]


def test_spans_whose_parents_go_round_are_there_too() -> None:
    """A trace without a root, and a span that is its own parent, are drawn all the same."""
    data = fl.read_traces(otlp(otlp_span(1, 1, "a", 0, 2), otlp_span(1, 2, "b", 0, 1), otlp_span(1, 3, "c", 0, 3)))
    (trace,) = data.traces.values()
    found = excerpt(trace, set(), 100)
    assert sorted(span.name for span in found.spans) == ["a", "b", "c"]
    assert all(parent < number for number, parent in enumerate(found.parents))


def test_a_thousand_violations_stay_under_five_megabytes() -> None:
    """With the proofs and the whole traces of all of them."""
    spans = [otlp_span(t, 1, "act", 0) for t in range(1, 1_001)]
    spans += [
        otlp_span(t, n, f"work.{n}", n, 1, user_id={"stringValue": f"user-{t}"}, n={"intValue": str(n * t)})
        for t in range(1, 1_001)
        for n in range(2, 11)
    ]
    data = fl.read_traces(otlp(*spans))
    report = fl.check(data, AUDIT, max_proofs=1_000)
    page = report_html(report, data)
    assert len(report.violations) == 1_000
    assert len(page) < 5_000_000
    document = held(page)
    assert all(entry["items"] for entry in document["entries"])
    assert sum(len(trace["ids"]) for trace in document["traces"]) == 10_000


def test_a_keyed_scope_shows_all_its_traces() -> None:
    """A scope across traces is drawn with each trace that has a span of it, in order of time."""
    spans = [otlp_span(t, t, "pay", 10 - t, cart_id={"stringValue": "c1" if t < 3 else "c2"}) for t in (1, 2, 3)]
    report, data = checked("across traces by cart.id always { count(pay) < 2 }", *spans)
    document = held(report_html(report, data))
    (entry,) = document["entries"]
    assert [document["traces"][number]["id"][-1] for number in entry["traces"]] == ["2", "1"]


def test_without_violations_the_report_says_so() -> None:
    """A clean report has its rules and verdicts, and no entry."""
    document = held(report_html(*checked("never { b }", otlp_span(1, 1, "a", 0))))
    assert (document["headline"], document["entries"], document["rules"][0]["counts"]) == (
        "Nothing violated",
        [],
        [0, 0, 0, 1, 0],
    )


def test_what_does_not_count_says_why(mixed: Report) -> None:
    """A waived violation has its reason beside it, a known one says so, and the headline counts them apart."""
    document = held(report_html(mixed, fl.read_traces(MIXED_TRACES)))
    assert document["headline"].startswith("3 violations of 1 rule, 1 waived, 1 known to the baseline")
    assert document["bad"] is True
    told = [(entry["excused"], document["strings"][entry["where"]]) for entry in document["entries"]]
    assert [excused for excused, _ in told] == [False, True, True, False, False, False]
    assert told[1][1].endswith("waived: until *all* is logged (ops@example, until 2026-12-31)")
    assert told[2][1].endswith("known to the baseline")
    assert [rule["excused"] for rule in document["rules"]] == [False, False, False, False]
    waived = replace(mixed, violations=tuple(replace(one, waiver=told_waiver(mixed)) for one in mixed.violations))
    document = held(report_html(waived, fl.read_traces(MIXED_TRACES)))
    assert [rule["excused"] for rule in document["rules"]] == [True, True, False, False]


def told_waiver(report: Report) -> Waiver:
    """Return the waiver of the report that has one of everything."""
    return next(one.waiver for one in report.violations if one.waiver is not None)


def test_an_obligation_that_is_met_says_whether_it_forbids() -> None:
    """In an explanation, what is met is headed by its block with ``always`` or ``never``: forbidden is not required."""
    data = fl.read_traces(otlp(otlp_span(1, 1, "a", 0)))
    explained = fl.explain(fl.rule("when { a } always { a } never { b }", id="r"), data)
    document = held(explanation_html(explained, data))
    told = [document["strings"][entry["said"]] for entry in document["entries"]]
    assert told == ["always a", "never b"]
