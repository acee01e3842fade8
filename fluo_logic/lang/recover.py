"""Parses the parts of a faulty file one by one, so that all its mistakes are found and its good rules are kept."""

from __future__ import annotations

import re
from typing import Final

from fluo_logic.lang.attempt import attempt, is_too_deep, part_of
from fluo_logic.lang.build import rules as build
from fluo_logic.lang.build.base import Context
from fluo_logic.lang.content import Content, end_of
from fluo_logic.lang.grammar import tree_or_none
from fluo_logic.lang.scan import Bracket, Scan
from fluo_logic.lang.syntax import Rule

STRING: Final = r'"(?:[^"\\\n\r]|\\.)*"'
RULE_HEAD: Final = re.compile(rf"rule\s+(?P<id>[A-Za-z0-9_.-]+)\s*(?:{STRING})?\s*\Z")
OTHER_FORMAT: Final = re.compile(r"\s*(?:---\s*)?(?:rules\s*:|\{\s*\"|\[|-\s)")


def recover(context: Context, scanned: Scan) -> list[Rule]:
    """Report the mistakes of a text that does not parse, and return the rules in it that do."""
    mistakes = context.mistakes
    heads = [bracket for bracket in scanned.brackets if bracket.kind == "rule"]
    if not heads:
        _one(context, scanned)
        return []
    rules: list[Rule] = []
    position = 0
    for bracket in heads:
        if mistakes.full:
            return []
        _stray(context, scanned.text, position, bracket.head)
        rule = _rule(context, scanned.text, bracket)
        rules.extend([rule] if rule is not None else [])
        position = end_of(bracket)
    _stray(context, scanned.text, position, len(scanned.text))
    return rules


def _one(context: Context, scanned: Scan) -> None:
    """Report the mistakes of the content of a single rule."""
    mistakes = context.mistakes
    if OTHER_FORMAT.match(scanned.text):
        start = len(scanned.text) - len(scanned.text.lstrip())
        hint = 'a rule is `rule ID "title" { … }`; rules in YAML stand in a file that ends in `.yaml`'
        mistakes.report("E506", "this is YAML or JSON, not a rule", start, start + 1, hint)
        return
    Content(context, scanned.text, scanned.brackets).examine(0, len(scanned.text))
    if not mistakes.errors:
        attempt(mistakes, part_of(scanned.text, 0, len(scanned.text)), "file")


def _stray(context: Context, text: str, start: int, end: int) -> None:
    """Report text between rules."""
    found = re.search(r"\S[^\n]*", text[start:end])
    if found is None:
        return
    first = start + found.start()
    message = "between rules there is nothing but rules and comments"
    hint = 'a rule is `rule ID "title" { … }`'
    context.mistakes.report("E127", message, first, first + len(found[0].rstrip()), hint)


def _rule(context: Context, text: str, bracket: Bracket) -> Rule | None:
    end = end_of(bracket)
    if bracket.closed and bracket.sound:
        node = tree_or_none(text[bracket.head : end], "rule")
        inner = Context(context.mistakes, bracket.head)
        if node is not None:
            return None if is_too_deep(inner, node) else build.rule(inner, node)
    head = text[bracket.head : bracket.open]
    if RULE_HEAD.match(head) is None:
        message = "a rule begins with `rule`, an id, and perhaps a title in quotes"
        hint = (
            'an id has letters, digits, `-`, `_` and `.`: `rule retry-reuses-intent "Retries reuse one intent" { … }`'
        )
        context.mistakes.report("E120", message, bracket.head, bracket.head + len(head.rstrip()), hint)
    Content(context, text, bracket.inner).examine(bracket.open + 1, bracket.close)
    if bracket.closed and bracket.sound and not context.mistakes.within(bracket.head, end):
        attempt(context.mistakes, part_of(text, bracket.head, end), "rule")
    return None
