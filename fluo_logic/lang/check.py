"""Refuses rules that are well-formed and mean nothing: wrong names, wrong types, wrong structure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from fluo_logic.errors import RuleError
from fluo_logic.lang.aliases import alias_mistakes
from fluo_logic.lang.check_types import WORDS, check_types
from fluo_logic.lang.check_variables import check_variables
from fluo_logic.lang.source import Mistakes, place_of
from fluo_logic.lang.suggest import choices, did_you_mean
from fluo_logic.lang.syntax import Assignment, Example, ExampleSpan, PathKind, Rule

SETTABLE: Final = ("span:kind", "span:status", "span:status_message", "span:parent_id", "scope:name")
"""The intrinsics that the span of an example can set."""
SPAN_ID: Final = re.compile(r"[0-9a-f]{16}")


def check_rule(rule: Rule, mistakes: Mistakes) -> None:
    """Report everything that is wrong with a rule; ``mistakes`` is of the text that the rule was read from."""
    if not rule.obligations:
        hint = "add `always { … }` for what must hold, or `never { … }` for what must not"
        start = mistakes.source.start_of(rule.origin)
        end = start + len(rule.origin.text.partition("{")[0].rstrip())
        mistakes.report("E143", "this rule asks for nothing", start, end, hint)
    check_variables(rule, mistakes)
    check_parts(rule, mistakes)
    check_aliases(rule, mistakes)


def check_aliases(rule: Rule, mistakes: Mistakes) -> None:
    """Report aliases that mean nothing for the rule."""
    for text, message, hint in alias_mistakes(rule):
        start = max(mistakes.source.text.find(text, mistakes.source.start_of(rule.origin)), 0)
        mistakes.report("E145", message, start, start + len(text), hint)


def check_parts(rule: Rule, mistakes: Mistakes) -> None:
    """Report what is wrong with each part of a rule for itself; the rule may lack parts."""
    for part in (rule.when, rule.metadata.display, *rule.obligations):
        check_types(part, mistakes)
    for example in rule.examples:
        _check_example(example, mistakes)


def duplicate_ids(rules: Sequence[Rule]) -> list[RuleError]:
    """Return an error for each rule whose id an earlier one has."""
    first: dict[str, Rule] = {}
    errors: list[RuleError] = []
    for rule in rules:
        earlier = first.setdefault(rule.id, rule)
        if earlier is not rule:
            place = f"{earlier.origin.file}:{earlier.origin.line}:{earlier.origin.column}"
            message = f"the id `{rule.id}` is taken"
            hint = f"the first rule with it is at {place}"
            errors.append(RuleError("E144", message, where=place_of(rule.origin), hint=hint))
    return errors


def _check_example(example: Example, mistakes: Mistakes) -> None:
    for trace in example.traces:
        for top in trace:
            for child in _spans(top.children):
                _check_nested(child.attributes, mistakes)
        for span in _spans(trace):
            if span.start < 0 or (span.end is not None and span.end < span.start):
                message = "a span of an example starts at zero or later, and ends no earlier than it starts"
                mistakes.report_at("E132", message, span.origin)
            _check_assignments(span.attributes, mistakes)


def _check_assignments(assignments: Sequence[Assignment], mistakes: Mistakes) -> None:
    seen = set()
    for item in assignments:
        key = (item.path.kind, item.path.key)
        if key in seen:
            mistakes.report_at("E133", f"`{item.path.key}` is set twice", item.origin)
        seen.add(key)
        if item.path.kind is not PathKind.INTRINSIC:
            continue
        words = WORDS.get(item.path.key)
        if item.path.key not in SETTABLE:
            hint = f"what can be set is {choices(SETTABLE)}, and any attribute"
            mistakes.report_at("E133", f"an example cannot set `{item.path.key}`", item.origin, hint)
        elif not isinstance(item.value, str):
            mistakes.report_at("E133", f"`{item.path.key}` is a text", item.origin, "write it in quotes")
        elif words is not None and item.value not in words:
            hint = did_you_mean(item.value, words) or f"it is one of {choices(words)}"
            mistakes.report_at("E206", f"`{item.path.key}` is never `{item.value}`", item.origin, hint)
        elif item.path.key == "span:parent_id" and not SPAN_ID.fullmatch(item.value):
            message = "the id of a parent that is not there has 16 hexadecimal digits, in small letters"
            mistakes.report_at("E133", message, item.origin)


def _check_nested(assignments: Sequence[Assignment], mistakes: Mistakes) -> None:
    for item in assignments:
        if item.path.kind is PathKind.INTRINSIC and item.path.key == "span:parent_id":
            message = "the parent of this span is the one that it stands in"
            mistakes.report_at("E133", message, item.origin, "only a span that stands in no other can set it")


def _spans(spans: Sequence[ExampleSpan]) -> Iterator[ExampleSpan]:
    for span in spans:
        yield span
        yield from _spans(span.children)
