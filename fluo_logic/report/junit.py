"""A report as JUnit XML, which test dashboards read: every rule is a test case, and a violated one has failed.

The elements are those of the schema ``junit-10.xsd`` of Jenkins' xUnit plugin, which pytest writes by, too.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from fluo_logic.explain.text import SENTENCE, Style, proof_lines, scope_text
from fluo_logic.explain.words import inert, plural, shortened
from fluo_logic.report.sarif_log import relative_path
from fluo_logic.report.tally import Tally, headline, problems_text, tallies
from fluo_logic.report.violation import Report, RuleReport, Violation

LISTED: Final = 5
"""How many violations without proof are told of each rule."""
WIDTH: Final = 100


def report_junit(report: Report, root: Path | None = None) -> str:
    """Return the document, in plain ASCII, so that it is right in whatever encoding it is written.

    A rule of which nothing is violated is skipped where it had nothing to check, where something is pending or
    inconclusive, and where all its violations are waived or known.  An input that was lost is an error.

    Args:
        report: what a check found.
        root: the folder that names of rule files are to be relative to, by default the current directory.
    """
    cases = [*_inputs(report), *_waivers(report), *(_case(tally, root) for tally in tallies(report))]
    counts = {
        "tests": str(len(cases)),
        "failures": str(sum(case.find("failure") is not None for case in cases)),
        "errors": str(sum(case.find("error") is not None for case in cases)),
    }
    suites = Element("testsuites", {"name": "fluo", **counts})
    skipped = str(sum(case.find("skipped") is not None for case in cases))
    suite = SubElement(suites, "testsuite", {"name": "fluo check", **counts, "skipped": skipped})
    properties = SubElement(suite, "properties")
    for name, value in (
        ("spans", report.data.spans),
        ("traces", report.data.traces),
        ("outcome", headline(report)),
    ):
        SubElement(properties, "property", name=name, value=str(value))
    suite.extend(cases)
    indent(suites)
    body = tostring(suites, encoding="us-ascii", xml_declaration=False).decode("ascii")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{body}\n'


def _case(tally: Tally, root: Path | None) -> Element:
    rule = tally.rule
    title = f" - {inert(rule.title)}" if rule.title else ""
    case = Element("testcase", classname=_classname(rule, root), name=f"{rule.id}{title}")
    if tally.violated:
        first = tally.violated[0]
        told = shortened(first.sentence, SENTENCE)
        many = f"{len(tally.violated):,} violations, first: " if len(tally.violated) > 1 else ""
        failure = SubElement(case, "failure", type=f"{rule.severity} violation", message=f"{many}{told}")
        failure.text = _text(tally.violated)
    else:
        reason = _skipped(tally)
        if reason:
            SubElement(case, "skipped", message=reason)
    rest = [*tally.undecided, *tally.waived, *tally.known]
    if rest:
        SubElement(case, "system-out").text = _text(rest)
    return case


def _classname(rule: RuleReport, root: Path | None) -> str:
    """Return the file of a rule with dots for slashes: dashboards make a tree of that."""
    if rule.in_file is None:
        return "fluo"
    file = rule.in_file.file
    path = Path(relative_path(file, Path.cwd() if root is None else root) or Path(file).name)
    return inert(".".join(path.with_suffix("").parts))


def _skipped(tally: Tally) -> str:
    """Return why a rule that is not violated is not simply satisfied; an empty text where it is."""
    parts = []
    if tally.undecided:
        parts.append(f"{plural(len(tally.undecided), 'obligation')} pending or inconclusive")
    if tally.waived:
        parts.append(f"{plural(len(tally.waived), 'violation')} waived")
    if tally.known:
        parts.append(f"{plural(len(tally.known), 'violation')} known to the baseline")
    if not parts and tally.outcome == "vacuous":
        return "vacuous: nothing in these traces to check it on"
    return ", ".join(parts)


def _text(violations: tuple[Violation, ...] | list[Violation]) -> str:
    """Return the entries, each with its proof, of those without the first few."""
    proved = [violation for violation in violations if violation.proof is not None]
    bare = [violation for violation in violations if violation.proof is None]
    lines = [line for violation in (*proved, *bare[:LISTED]) for line in ("", *_lines(violation))]
    if len(bare) > LISTED:
        lines += ["", f"... and {len(bare) - LISTED:,} more without proof"]
    return "\n".join([*lines, ""])


def _lines(violation: Violation) -> Iterator[str]:
    verdict = "" if violation.verdict == "violated" else f"{violation.verdict}: "
    yield from textwrap.wrap(f"{verdict}{shortened(violation.sentence, SENTENCE)}", WIDTH) or [""]
    yield f"{scope_text(violation.scope.items())}, fingerprint {violation.fingerprint}"
    if violation.waiver is not None:
        yield f"waived: {inert(violation.waiver.text)}"
    elif violation.known:
        yield "known to the baseline"
    if violation.proof is not None:
        yield from proof_lines(violation.proof, Style(width=WIDTH))


def _inputs(report: Report) -> Iterator[Element]:
    """Yield a test case that is in error where a part of the input was lost."""
    lost = [(code, inert(said)) for code, rejected, said in problems_text(report.data) if rejected]
    if lost:
        case = Element("testcase", classname="fluo", name="input can be read")
        error = SubElement(case, "error", type=lost[0][0], message=lost[0][1])
        error.text = "\n".join(["", *(f"{code}: {said}" for code, said in lost), ""])
        yield case


def _waivers(report: Report) -> Iterator[Element]:
    """Yield a test case that fails where a waiver has expired."""
    expired = [
        f"the waiver for {inert(use.waiver.rule)} expired on {use.waiver.expires}: {inert(use.waiver.text)}"
        for use in report.expired
    ]
    if expired:
        case = Element("testcase", classname="fluo", name="waivers have not expired")
        failure = SubElement(case, "failure", type="V004", message=expired[0])
        failure.text = "\n".join(["", *expired, ""])
        yield case
