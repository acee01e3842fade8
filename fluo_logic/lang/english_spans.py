"""Paths, operands, predicates, patterns and relations in English, for `fluo_logic.lang.english`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Literal, assert_never

from fluo_logic.lang import syntax as s
from fluo_logic.lang.kinds import Kind, kind_of_path
from fluo_logic.lang.write import duration, instant, name, quoted

INTRINSICS: Final = {
    "span:name": "name",
    "span:id": "span id",
    "span:parent_id": "parent id",
    "span:kind": "kind",
    "span:status": "status",
    "span:status_message": "status message",
    "span:duration": "duration",
    "span:start": "start",
    "span:end": "end",
    "span:root": "being a root",
    "span:orphan": "being an orphan",
    "scope:name": "instrumentation scope",
    "trace:id": "trace id",
}
FLAGS: Final = {"span:root": "a root", "span:orphan": "an orphan"}
OPERATORS: Final = {
    "==": ("is", "is not"),
    "<": ("is less than", "is not less than"),
    "<=": ("is at most", "is more than"),
    ">": ("is more than", "is at most"),
    ">=": ("is at least", "is less than"),
    "in": ("is one of", "is none of"),
    "contains": ("contains", "does not contain"),
    "starts_with": ("starts with", "does not start with"),
    "ends_with": ("ends with", "does not end with"),
    "matches": ("matches", "does not match"),
}
"""The comparison operators of predicates, in both polarities."""
TIMES: Final = {
    "==": ("is", "is not"),
    "<": ("is before", "is not before"),
    "<=": ("is not after", "is after"),
    ">": ("is after", "is not after"),
    ">=": ("is not before", "is before"),
}
"""Likewise, between points in time."""
NEGATIVE: Final = {"!=": "==", "not in": "in"}


class Number(Enum):
    """How many spans a noun stands for."""

    ONE = auto()
    NO = auto()
    """After ``no``, without an article."""
    MANY = auto()


@dataclass(frozen=True, slots=True)
class _Verb:
    """How one span relates to another; ``after`` follows the verb, ``many`` replaces it after a plural."""

    third: str
    base: str
    after: str
    many: str = ""


_BE: Final = ("is", "be")
RELATIONS: Final = {
    s.RelationKind.BEFORE: _Verb("ends", "end", "at or before the start of"),
    s.RelationKind.AFTER: _Verb("starts", "start", "at or after the end of"),
    s.RelationKind.DURING: _Verb("lies", "lie", "within the time of"),
    s.RelationKind.COVERS: _Verb("covers", "cover", "the whole time of"),
    s.RelationKind.OVERLAPS: _Verb("overlaps", "overlap", "in time with"),
    s.RelationKind.CHILD_OF: _Verb(*_BE, "a child of", "children of"),
    s.RelationKind.PARENT_OF: _Verb(*_BE, "the parent of", "parents of"),
    s.RelationKind.DESCENDANT_OF: _Verb(*_BE, "a descendant of", "descendants of"),
    s.RelationKind.ANCESTOR_OF: _Verb(*_BE, "an ancestor of", "ancestors of"),
    s.RelationKind.SIBLING_OF: _Verb(*_BE, "a sibling of", "siblings of"),
    s.RelationKind.LINKED_TO: _Verb("links", "link", "to"),
    s.RelationKind.LINKED_FROM: _Verb(*_BE, "linked from", "linked from"),
}


def negative(operator: str) -> tuple[str, bool]:
    """Return the positive form of an operator, and whether the operator is its negation."""
    return NEGATIVE.get(operator, operator), operator in NEGATIVE


def joined(items: Sequence[str], word: str) -> str:
    """Return ``a``, ``a or b``, ``a, b or c``."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {word} {items[-1]}" if items else "nothing"


# --- paths and operands -------------------------------------------------------------------------------------------


def path_text(path: s.Path) -> str:
    """Return a path as a noun; an attribute that is called like an intrinsic stands in quotes."""
    match path.kind:
        case s.PathKind.ATTRIBUTE:
            return quoted(path.key) if path.key in INTRINSICS.values() else name(path.key)
        case s.PathKind.RESOURCE:
            return f"resource attribute {name(path.key)}"
        case s.PathKind.INTRINSIC:
            return INTRINSICS.get(path.key, path.key)
        case _:
            assert_never(path.kind)


def selected(value: s.VariableValue) -> str:
    """Return ``the tenant.id of $q``."""
    return f"the {path_text(value.path)} of ${value.variable}"


def operand(item: s.Operand) -> str:
    """Return the right-hand side of a predicate."""
    match item:
        case s.Literal():
            return constant(item)
        case s.Duration():
            return duration(item.nanoseconds)
        case s.Instant():
            return instant(item.nanoseconds)
        case s.ListLiteral():
            return list_text(item)
        case s.OwnValue():
            return f"its {path_text(item.path)}"
        case s.VariableValue():
            return selected(item)
        case _:
            assert_never(item)


def constant(item: s.Literal | s.Duration) -> str:
    """Return a constant as a rule spells it, texts in quotes."""
    if isinstance(item, s.Duration):
        return duration(item.nanoseconds)
    if isinstance(item.value, str):
        return quoted(item.value)
    return str(item.value).lower() if isinstance(item.value, bool) else repr(item.value)


def list_text(item: s.ListLiteral) -> str:
    """Return ``a, b or c``."""
    return joined([constant(part) for part in item.items], "or")


# --- predicates ---------------------------------------------------------------------------------------------------


def _predicate(item: s.Predicate, number: Number, *, holds: bool) -> str:
    """Return a clause that follows a noun: ``whose attempt is more than 1``."""
    match item:
        case s.PredicateNot(part=part):
            return _predicate(part, number, holds=not holds)
        case s.PredicateAnd(parts=parts) | s.PredicateOr(parts=parts):
            together = isinstance(item, s.PredicateAnd) is holds
            return _predicates(parts, number, "and" if together else "or", holds=holds)
        case s.Comparison():
            return f"whose {_comparison(item, holds=holds)}"
        case s.IsTrue(path=path):
            return _is_true(path, number, holds=holds)
        case s.Present(path=path):
            have = "have" if number is Number.MANY else "has"
            return f"that {have} {'a value of' if holds else 'no'} {path_text(path)}"
        case s.HasEvent():
            return _event(item, holds=holds)
        case _:
            assert_never(item)


def _predicates(parts: Sequence[s.Predicate], number: Number, word: str, *, holds: bool) -> str:
    texts = []
    for part in parts:
        inner = part
        while isinstance(inner, s.PredicateNot):
            inner = inner.part
        text = _predicate(part, number, holds=holds)
        texts.append(f"({text})" if isinstance(inner, s.PredicateAnd | s.PredicateOr) else text)
    return f" {word} ".join(texts)


def _comparison(item: s.Comparison, *, holds: bool) -> str:
    operator, negated = negative(item.operator)
    holds = holds is not negated
    words = TIMES if kind_of_path(item.path) is Kind.TIME and operator in TIMES else OPERATORS
    missing = "" if holds else " (or missing)"
    return f"{path_text(item.path)} {words[operator][not holds]} {operand(item.right)}{missing}"


def _is_true(path: s.Path, number: Number, *, holds: bool) -> str:
    flag = FLAGS.get(path.key) if path.kind is s.PathKind.INTRINSIC else None
    if flag is None:
        return f"whose {path_text(path)} is true" if holds else f"whose {path_text(path)} is not true (or missing)"
    if number is Number.MANY:
        return f"that are {'' if holds else 'not '}{flag.split()[1]}s"
    return f"that is {'' if holds else 'not '}{flag}"


def _event(item: s.HasEvent, *, holds: bool) -> str:
    inner = "" if item.predicate is None else f" {_predicate(item.predicate, Number.ONE, holds=True)}"
    event = f"event {name(item.name)}{inner}"
    return f"with an {event}" if holds else f"without an {event}"


# --- patterns and relations ---------------------------------------------------------------------------------------


def noun(pattern: s.Pattern, number: Number) -> str:
    """Return a pattern as a noun: ``a span payment.charge (call it $p) whose attempt is more than 1``."""
    word = {Number.ONE: "a span", Number.NO: "span", Number.MANY: "spans"}[number]
    called = "" if pattern.name is None else f" {name(pattern.name)}"
    tests = _tests(pattern.predicates, number)
    binding = "" if pattern.variable is None else f" (call it ${pattern.variable})"
    return f"{word}{called}{binding}{tests}"


def noun_in(relation: s.Relation, pattern: s.Pattern, number: Number) -> str:
    """Return the left side of a relation with all that follows: ``a span a that ends …``."""
    clause = relation_clause(relation, "many" if number is Number.MANY else "third")
    return f"{noun(pattern, number)} {'and ' if pattern.predicates else ''}that {clause}"


def _tests(predicates: Sequence[s.Predicate], number: Number) -> str:
    if not predicates:
        return ""
    if len(predicates) == 1:
        return f" {_predicate(predicates[0], number, holds=True)}"
    return f" {_predicates(predicates, number, 'and', holds=True)}"


def term(item: s.SpanTerm, number: Number = Number.ONE) -> str:
    """Return a side of a relation."""
    return f"${item.name}" if isinstance(item, s.Variable) else noun(item, number)


Form = Literal["third", "base", "not", "many"]


def relation_clause(relation: s.Relation, form: Form, *, any_of_right: bool = False) -> str:
    """Return what follows the left side: ``ends at or before the start of $q, by at most 30s``.

    Args:
        relation: the relation.
        form: the verb in the third person, in its base form, negated, or after a plural.
        any_of_right: the right side is any span of its kind, as it is after a negation.
    """
    verb = RELATIONS[relation.kind]
    after = verb.after
    match form:
        case "third":
            start = verb.third
        case "base":
            start = verb.base
        case "not":
            start = "is not" if verb.base == "be" else f"does not {verb.base}"
        case "many":
            start = "are" if verb.base == "be" else verb.base
            after = verb.many or after
        case _:
            assert_never(form)
    if (any_of_right or form == "not") and isinstance(relation.right, s.Pattern):
        right = f"any {noun(relation.right, Number.NO)}"
    else:
        right = term(relation.right)
    within = "" if relation.within is None else f", with at most {duration(relation.within.nanoseconds)} between them"
    return f"{start} {after} {right}{within}"
