"""Variables, and words that may have been meant as variables."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from fluo_logic.lang.check_variables import bound_by
from fluo_logic.lang.syntax import (
    And,
    Comparison,
    Condition,
    Literal,
    Origin,
    OwnValue,
    Pattern,
    Related,
    Relation,
    Rule,
    Ruleset,
    SameSpan,
    SpanTerm,
    TextPart,
    Variable,
    VariableValue,
)
from fluo_logic.lang.walk import nodes
from fluo_logic.tooling.lint_codes import Level
from fluo_logic.tooling.lint_finding import Found, conditions, tests_of
from fluo_logic.values import as_number

APART = frozenset({"!=", "<", ">", "not in"})
"""Comparisons of one value of two spans that keep the spans apart."""


def unused(rule: Rule) -> Iterator[Found]:
    """Yield the variables that are bound and never mentioned."""
    shown = () if rule.metadata.display is None else rule.metadata.display.parts
    used = {part.variable for part in shown if not isinstance(part, TextPart)}
    for node in (node for condition in conditions(rule) for node in nodes(condition)):
        if isinstance(node, VariableValue):
            used.add(node.variable)
        elif isinstance(node, Variable):
            used.add(node.name)
    outer = bound_by(rule.when)
    for pattern in _binding(rule):
        name = pattern.variable or ""
        if name in used:
            continue
        if name in outer:
            message = f"nothing mentions `${name}`; it makes one obligation for each match, and not one for the scope"
            yield Found("L101", message, pattern.origin, "leave it if that is meant", Level.INFO)
        else:
            yield Found("L101", f"nothing uses `${name}`", pattern.origin, f"leave `as ${name}` out")


def _binding(rule: Rule) -> Iterator[Pattern]:
    for condition in conditions(rule):
        for node in nodes(condition):
            if isinstance(node, Pattern) and node.variable is not None:
                yield node


def without_dollar(rule: Rule) -> Iterator[Found]:
    """Yield the words and span names that are a variable's name without its ``$``."""
    names: dict[str, set[str | None]] = {}
    for pattern in _binding(rule):
        names.setdefault(pattern.variable or "", set()).add(pattern.name)
    for node in (node for condition in conditions(rule) for node in nodes(condition)):
        match node:
            case Literal(value=str() as word, bare=True) if word.partition(".")[0] in names:
                yield _mention(word, node.origin, "the text", word)
            case OwnValue(path=path) if path.key.partition(".")[0] in names and not path.quoted:
                if not node.origin.text.startswith("."):
                    yield _mention(path.key, node.origin, "the attribute", path.key)
            case Pattern(name=str() as name) if name in names and name not in names[name]:
                if not node.origin.text.startswith('"'):
                    yield _mention(name, node.origin, "a span that is called", name)
            case _:
                continue


def _mention(word: str, origin: Origin, what: str, name: str) -> Found:
    first = word.partition(".")[0]
    message = f"`{word}` is {what} `{name}`, and there is a variable `${first}`"
    return Found("L102", message, origin, f"write `${word}` if the variable is meant")


# --- the same span ------------------------------------------------------------------------------------------------


def same_span(rule: Rule) -> Iterator[Found]:
    """Yield the later of two variables that nothing keeps from naming the same span."""
    outer = _visible(rule.when)
    apart = _apart([rule.when]) if rule.when is not None else set()
    yield from _pairs([], outer, apart)
    for obligation in rule.obligations:
        inner = _visible(obligation.condition)
        yield from _pairs(outer, inner, apart | _apart([obligation.condition]))


def _visible(condition: Condition | None) -> list[Pattern]:
    """Return the patterns of a condition that bind a variable for what stands beside them, counts left out."""
    if condition is None:
        return []
    parts: tuple[Condition, ...] = condition.parts if isinstance(condition, And) else (condition,)
    return [
        node for part in parts for node in nodes(part) if isinstance(node, Pattern) and node.variable in bound_by(part)
    ]


def _pairs(outer: list[Pattern], inner: list[Pattern], apart: set[frozenset[str]]) -> Iterator[Found]:
    for one, two in [*((one, two) for one in outer for two in inner), *combinations(inner, 2)]:
        names = frozenset((one.variable or "", two.variable or ""))
        may_meet = one.name is None or two.name is None or one.name == two.name
        if len(names) > 1 and may_meet and names not in apart:
            message = f"`${two.variable}` may name the same span as `${one.variable}`"
            hint = f"add `${one.variable} is not ${two.variable}` if it should not"
            yield Found("L103", message, two.origin, hint)


def _apart(roots: list[object]) -> set[frozenset[str]]:
    """Return the pairs of variables that a relation, ``is`` or a comparison keeps apart, or joins on purpose."""
    found: set[frozenset[str]] = set()
    for node in (node for root in roots for node in nodes(root)):
        match node:
            case Related(relation=Relation(left=left, right=right)):
                found.add(frozenset((_name(left), _name(right))))
            case SameSpan():
                found.add(frozenset((node.left.name, node.right.name)))
            case Pattern(variable=str() as name):
                found.update(frozenset((name, other)) for other in _differs(node))
            case _:
                continue
    return found


def _differs(pattern: Pattern) -> Iterator[str]:
    """Yield the variables from which a comparison of one value keeps the spans of a pattern apart."""
    for test in tests_of(pattern):
        if not isinstance(test, Comparison) or not isinstance(test.right, VariableValue):
            continue
        if test.operator in APART and test.right.path == test.path:
            yield test.right.variable


def _name(term: SpanTerm) -> str:
    return term.name if isinstance(term, Variable) else term.variable or ""


# --- numbers and words --------------------------------------------------------------------------------------------


def mixed(rules: Ruleset) -> Iterator[tuple[Rule, Found]]:
    """Yield the comparisons with words of attributes that are compared with numbers elsewhere."""
    numbers: dict[tuple[str, str], Origin] = {}
    words: list[tuple[Rule, tuple[str, str], Comparison]] = []
    for rule in rules.rules:
        for condition in conditions(rule):
            for pattern in nodes(condition):
                if not isinstance(pattern, Pattern) or pattern.name is None:
                    continue
                for test in tests_of(pattern):
                    if not isinstance(test, Comparison) or not isinstance(test.right, Literal):
                        continue
                    key, value = (pattern.name, test.path.key), test.right.value
                    if isinstance(value, str):
                        words.append((rule, key, test))
                    elif not isinstance(value, bool):
                        numbers.setdefault(key, test.origin)
    for rule, key, test in words:
        literal = test.right
        if key not in numbers or not isinstance(literal, Literal) or test.operator not in {"==", "!="}:
            continue
        if isinstance(literal.value, str) and as_number(literal.value) is None:
            place = numbers[key]
            message = f"`{key[1]}` is compared with a word here, and with a number at line {place.line} of {place.file}"
            yield rule, Found("L107", message, test.origin)
