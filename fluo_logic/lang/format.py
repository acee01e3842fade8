"""The canonical layout of rules.

Formatted text parses to the syntax it was made from.  What the syntax does not hold is lost: comments, blank lines,
and the shorter spellings that parsing resolves (``P.attr op v``, ``trace.has``, ``trace.count``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from fluo_logic.lang.build.reading import reading_of
from fluo_logic.lang.syntax import (
    And,
    Condition,
    Display,
    Example,
    ExampleSpan,
    Metadata,
    Or,
    Reading,
    Rule,
    RuleScope,
    Ruleset,
    ScopeKind,
    Severity,
    TextPart,
)
from fluo_logic.lang.write import condition, duration, inner, name, path, quoted, value, variable_value

WIDTH: Final = 110
"""Blocks that fit stay on one line."""
WORD: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]*")
INDENT: Final = "  "


def format_ruleset(rules: Ruleset) -> str:
    """Return the text of a file with all these rules."""
    return "\n".join(format_rule(rule) for rule in rules.rules)


def format_rule(rule: Rule) -> str:
    """Return the canonical text of a rule, with a line end.

    Raises:
        ValueError: For what no text can say: bytes in an example.
    """
    title = f" {quoted(rule.title)}" if rule.title else ""
    groups = [
        [*_metadata(rule.metadata), *_scope(rule.scope)],
        list(_body(rule)),
        *(list(_example(example)) for example in rule.examples),
    ]
    lines = [f"rule {rule.id}{title} {{"]
    for index, group in enumerate(group for group in groups if group):
        lines.extend([""] if index else [])
        lines.extend(INDENT + line for line in group)
    return "\n".join([*lines, "}", ""])


def _metadata(data: Metadata) -> Iterator[str]:
    if data.severity is not Severity.MEDIUM:
        yield f"severity {data.severity.value}"
    if data.category is not None:
        yield f"category {data.category.value}"
    for key, words in (("tags", data.tags), ("controls", data.controls), ("aliases", data.aliases)):
        if words:
            yield f"{key} " + ", ".join(word if WORD.fullmatch(word) else quoted(word) for word in words)
    for key, text in (("runbook", data.runbook), ("description", data.description)):
        if text is not None:
            yield f"{key} {quoted(text)}"
    if data.display is not None:
        yield f"display {_display(data.display)}"


def _display(display: Display) -> str:
    pieces = [
        part.text.replace("{", "{{").replace("}", "}}") if isinstance(part, TextPart) else f"{{{variable_value(part)}}}"
        for part in display.parts
    ]
    return quoted("".join(pieces))


def _scope(scope: RuleScope) -> Iterator[str]:
    if scope.kind is ScopeKind.KEY and scope.key is not None:
        yield f"across traces by {path(scope.key)}"
    elif scope.kind is ScopeKind.ALL:
        yield "across traces"


def _body(rule: Rule) -> Iterator[str]:
    bare = _bare(rule)
    if bare is not None:
        yield from _broken(bare, "", "")
        return
    if rule.when is not None:
        yield from _block("when", rule.when)
    for obligation in rule.obligations:
        yield from _block(obligation.polarity.value, obligation.condition)


def _bare(rule: Rule) -> Condition | None:
    """Return the condition that is read as this rule, None where blocks say it better or alone."""
    if rule.reading is Reading.BLOCKS or len(rule.obligations) != 1:
        return None
    whole = rule.obligations[0].condition
    if rule.reading is Reading.REQUIREMENT and rule.when is not None:
        required = whole.parts if isinstance(whole, And) else (whole,)
        whole = And((rule.when, *required), origin=whole.origin)
    reading = reading_of(whole)
    return whole if reading == (rule.reading, rule.when, list(rule.obligations)) else None


def _block(keyword: str, item: Condition) -> Iterator[str]:
    yield from _broken(item, f"{keyword} {{ ", " }")


def _broken(item: Condition, before: str, after: str) -> Iterator[str]:
    """Yield one line, or a line for each part where that is too long."""
    line = f"{before}{condition(item)}{after}"
    if len(line) <= WIDTH or not isinstance(item, And | Or):
        yield line
        return
    word, loose = ("and", (Or, And)) if isinstance(item, And) else ("or", (Or,))
    indent = INDENT if before else ""
    if before:
        yield before.rstrip()
    for index, part in enumerate(item.parts):
        text = inner(part, *loose)
        yield f"{indent}{text}" if index == 0 else f"{indent}{'' if before else INDENT}{word} {text}"
    if after:
        yield after.strip()


def _example(example: Example) -> Iterator[str]:
    yield f"example {example.verdict} {quoted(example.title)} {{"
    if len(example.traces) == 1:
        for span in example.traces[0]:
            yield from _span(span, INDENT)
    else:
        for trace in example.traces:
            yield f"{INDENT}trace {{"
            for span in trace:
                yield from _span(span, INDENT * 2)
            yield f"{INDENT}}}"
    yield "}"


def _span(span: ExampleSpan, indent: str) -> Iterator[str]:
    given = ", ".join(f"{path(item.path)}: {value(item.value)}" for item in span.attributes)
    text = f"{name(span.name)}({given})" if given else name(span.name)
    service = f" in {quoted(span.service)}" if span.service is not None else ""
    end = f" {duration(span.end)}" if span.end is not None else ""
    line = f"{indent}{text}{service} @ {duration(span.start)} ..{end}"
    if not span.children:
        yield line
        return
    yield f"{line} {{"
    for child in span.children:
        yield from _span(child, indent + INDENT)
    yield f"{indent}}}"
