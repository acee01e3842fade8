"""Deadlines, missing values, metadata, and how conditions without blocks were read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from fluo_logic.lang.check_variables import bound_by
from fluo_logic.lang.format import format_rule
from fluo_logic.lang.pieces import pieces_of
from fluo_logic.lang.syntax import (
    MeasureComparison,
    Metadata,
    Origin,
    PathKind,
    Polarity,
    Reading,
    Relation,
    Rule,
    RuleScope,
    ScopeKind,
    Variable,
    VariableValue,
)
from fluo_logic.lang.walk import nodes
from fluo_logic.tooling.lint_finding import Found
from fluo_logic.values import ORDER_OPERATORS

OPPOSITE: Final = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def head(rule: Rule) -> Origin:
    """Return the place of the first words of a rule."""
    first = rule.origin.text.partition("{")[0].rstrip() if rule.origin.text.startswith("rule") else ""
    text = (first or rule.origin.text).partition("\n")[0]
    return replace(rule.origin, text=text)


def missing_values(rule: Rule) -> Iterator[Found]:
    """Yield the comparisons whose verdict a missing value decides, with the form that decides the other way."""
    for obligation in rule.obligations:
        compared = obligation.condition
        if not isinstance(compared, MeasureComparison) or compared.operator not in ORDER_OPERATORS:
            continue
        read = [
            node.origin.text
            for node in nodes(compared)
            if isinstance(node, VariableValue) and node.path.kind is not PathKind.INTRINSIC
        ]
        if not read:
            continue
        always = obligation.polarity is Polarity.ALWAYS
        other = "never" if always else "always"
        turned = f"{compared.left.origin.text} {OPPOSITE[compared.operator]} {compared.right.origin.text}"
        values = " or ".join(f"`{text}`" for text in dict.fromkeys(read))
        message = f"where {values} is missing this is {'violated' if always else 'satisfied'}"
        hint = f"`{other} {{ {turned} }}` is {'satisfied' if always else 'violated'} there"
        yield Found("L108", message, compared.origin, hint)


def deadlines(rule: Rule) -> Iterator[Found]:
    """Yield the deadlines that a pair of spans can meet which have nothing to do with each other."""
    outer = bound_by(rule.when)
    for obligation in rule.obligations:
        for node in nodes(obligation.condition):
            if not isinstance(node, Relation) or node.within is None:
                continue
            mentioned = {one.name for one in nodes(node) if isinstance(one, Variable)}
            mentioned |= {one.variable for one in nodes(node) if isinstance(one, VariableValue)}
            if not mentioned & outer.keys():
                message = "some pair of spans in the scope can meet this deadline for all the others"
                hint = "bind the span in `when { … as $x }`, and write `$x` here"
                yield Found("L109", message, node.origin, hint)
            elif rule.scope.kind is ScopeKind.ALL and not _compares(node):
                message = "a span of any trace can meet this deadline, whatever it is about"
                hint = "join traces by a key: `across traces by user.id`, or compare with `.where(id == $x.id)`"
                yield Found("L109", message, node.origin, hint)


def _compares(node: Relation) -> bool:
    return any(isinstance(one, VariableValue) for one in nodes(node))


def metadata(rule: Rule) -> Iterator[Found]:
    """Yield what a rule does not tell about itself."""
    place = head(rule)
    if _without_severity(rule):
        yield Found("L110", f"{rule.id} has no severity, and counts as medium", place, "add `severity high`, say")
    variables = bound_by(rule.when)
    if rule.metadata.display is None and variables:
        name = next(iter(variables))
        hint = f'add `display "… {{${name}.some.attribute}} …"`'
        yield Found("L111", f"{rule.id} has no sentence for its violations", place, hint)
    if not rule.examples:
        hint = 'add `example violated "title" { … }` and `example satisfied "title" { … }`'
        yield Found("L112", f"{rule.id} has no example", place, hint)


def _without_severity(rule: Rule) -> bool:
    if not re.match(r"rule\s|\s*per\s|\s*across\s|\s*[a-z]+\s", rule.origin.text):
        return False
    try:
        return all(piece.kind != "SEVERITY" for piece in pieces_of(rule.origin.text))
    except ValueError:  # a rule of a YAML pack, whose text is its condition
        return False


def reading(rule: Rule) -> Iterator[Found]:
    """Yield how a condition without blocks was read."""
    if rule.reading is Reading.BLOCKS:
        return
    plain = replace(rule, id="r", title="", metadata=Metadata(), scope=RuleScope(), examples=(), reading=Reading.BLOCKS)
    blocks = " ".join(line.strip() for line in format_rule(plain).splitlines()[1:-1])
    what = "a requirement" if rule.reading is Reading.REQUIREMENT else "a forbidden pattern"
    yield Found("L113", f"{rule.id} is read as {what}: `{blocks}`", rule.obligations[0].condition.origin)
