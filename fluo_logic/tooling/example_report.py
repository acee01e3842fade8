"""The results of examples as text, as JUnit XML and as the JSON document ``fluo-test/1``."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from typing import Final

from fluo_logic.explain.as_json import Document, Json, explanation_json
from fluo_logic.explain.text import VERDICT_STYLE, Style, explanation_text
from fluo_logic.explain.words import inert, plural, shortened
from fluo_logic.lang.syntax import Origin
from fluo_logic.tooling.branches import Branch
from fluo_logic.tooling.examples import ExampleResult, RuleResult

TEST_SCHEMA: Final = "fluo-test/1"


# --- text ---------------------------------------------------------------------------------------------------------


def results_text(
    results: Sequence[RuleResult], *, colour: bool = False, width: int = 100, quiet: bool = False, coverage: bool = True
) -> str:
    """Return what failed and why, what the examples leave untested, and a summary.

    ``quiet`` leaves out the rules that passed and, where all did, everything.  ``coverage`` is whether branches were
    looked at.
    """
    style = Style(colour, width)
    lines: list[str] = []
    for result in results:
        if result.examples and not (quiet and result.passed):
            lines.extend(_rule_lines(result, style))
    notes = [] if quiet else [note for result in results for note in _notes(result)]
    if notes:
        lines.extend(["", style.paint("not covered", "bold"), *(f"  {note}" for note in notes), ""])
    if not quiet or any(not result.passed for result in results):
        lines.extend([""] if lines and not notes else [])
        lines.append(_summary(results, style, coverage=coverage))
    return "\n".join(lines).strip("\n") + "\n" if lines else ""


def _rule_lines(result: RuleResult, style: Style) -> Iterator[str]:
    mark, name = VERDICT_STYLE["satisfied" if result.passed else "violated"]
    failed = sum(not example.passed for example in result.examples)
    rule, size = style.paint(result.rule.id, "bold"), plural(len(result.examples), "example")
    yield f"{style.paint(mark, name)} {rule}  {size}{f', {failed} failed' if failed else ''}"
    for example in result.examples:
        if not example.passed:
            yield f"  {style.paint(mark, name)} {shortened(example.title)} ({_place(example.origin)})"
            yield f"    expected {example.expected}, got {style.paint(example.got, name)}"
            yield from (f"    {line}".rstrip() for line in _why(example, style).splitlines())


def _why(example: ExampleResult, style: Style) -> str:
    if example.explanation is None:
        return "there is no scope: no span of the example belongs to one"
    return explanation_text(example.explanation, colour=style.colour, width=style.width - 4)


def _notes(result: RuleResult) -> Iterator[str]:
    rule = result.rule.id
    if not result.examples:
        yield f"{rule} has no example"
        return
    for verdict in result.missing:
        yield f"{rule}: no example is {verdict}"
    for branch in result.undecided:
        text = shortened(f"{branch.word} {branch.text}")
        yield f"{rule}: no example depends on `{text}` ({_place(branch.origin)})"


def _summary(results: Sequence[RuleResult], style: Style, *, coverage: bool) -> str:
    count = _counts(results)
    verdict = style.paint(f"{count['failed']} failed", "red") if count["failed"] else style.paint("all passed", "green")
    parts = [
        f"{plural(count['rules'], 'rule')}, {plural(count['examples'], 'example')}: {verdict}"
        if count["examples"]
        else f"{plural(count['rules'], 'rule')}, no example",
        f"{plural(count['rules_without_example'], 'rule')} without an example"
        if count["rules_without_example"]
        else "",
        f"{plural(count['missing_verdicts'], 'verdict')} not shown" if count["missing_verdicts"] else "",
        f"{_branches(count['undecided_branches'])} not covered" if coverage and count["undecided_branches"] else "",
    ]
    return " · ".join(part for part in parts if part)


def _branches(number: int) -> str:
    return f"{number:,} {'branch' if number == 1 else 'branches'}"


def _counts(results: Sequence[RuleResult]) -> dict[str, int]:
    examples = [example for result in results for example in result.examples]
    return {
        "rules": len(results),
        "examples": len(examples),
        "passed": sum(example.passed for example in examples),
        "failed": sum(not example.passed for example in examples),
        "rules_without_example": sum(not result.examples for result in results),
        "missing_verdicts": sum(len(result.missing) for result in results if result.examples),
        "undecided_branches": sum(len(result.undecided) for result in results),
    }


def _place(origin: Origin) -> str:
    return inert(f"{origin.file}:{origin.line}:{origin.column}")


# --- JSON ---------------------------------------------------------------------------------------------------------


def results_json(results: Sequence[RuleResult]) -> Document:
    """Return the document ``fluo-test/1``."""
    return {
        "schema": TEST_SCHEMA,
        "rules": [
            {
                "id": result.rule.id,
                "passed": result.passed,
                "examples": [_example(example) for example in result.examples],
                "missing_verdicts": list(result.missing),
                "undecided": [_branch(branch) for branch in result.undecided],
            }
            for result in results
        ],
        "summary": dict(_counts(results)),
    }


def _example(example: ExampleResult) -> Json:
    return {
        "title": example.title,
        **_origin(example.origin),
        "expected": example.expected,
        "got": example.got,
        "passed": example.passed,
        "explanation": None if example.explanation is None else explanation_json(example.explanation),
    }


def _branch(branch: Branch) -> Json:
    return {"word": branch.word, "text": branch.text, **_origin(branch.origin)}


def _origin(origin: Origin) -> dict[str, Json]:
    return {"file": origin.file, "line": origin.line, "column": origin.column}


# --- JUnit --------------------------------------------------------------------------------------------------------


def results_junit(results: Sequence[RuleResult]) -> str:
    """Return JUnit XML, by the schema of Jenkins' xUnit plugin: a suite for each rule, a case for each example."""
    counts = _counts(results)
    told = {"tests": str(counts["examples"]), "failures": str(counts["failed"]), "errors": "0"}
    root = ET.Element("testsuites", {"name": "fluo test", **told})
    for result in results:
        if not result.examples:
            continue
        failed = sum(not example.passed for example in result.examples)
        told = {"tests": str(len(result.examples)), "failures": str(failed), "errors": "0"}
        file = inert(result.rule.origin.file)
        suite = ET.SubElement(root, "testsuite", {"name": result.rule.id, **told, "file": file})
        for example in result.examples:
            _case(suite, result, example)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _case(suite: ET.Element, result: RuleResult, example: ExampleResult) -> None:
    name = inert(f"{example.expected}: {example.title}")
    case = ET.SubElement(suite, "testcase", classname=result.rule.id, name=name)
    if not example.passed:
        message = f"expected {example.expected}, got {example.got}"
        failure = ET.SubElement(case, "failure", type=example.got, message=message)
        lines = [f"{example.origin.file}:{example.origin.line}", *_why(example, Style()).splitlines()]
        failure.text = "\n".join(map(inert, lines))
