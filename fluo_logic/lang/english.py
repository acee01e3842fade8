"""Reads a rule out in English: what it asks of a trace, in a fixed vocabulary.

Every condition has a sentence in four moods: as a fact and as a demand (`_Mood`), each of them plain and negated.
Negations are pushed inwards as far as the meaning allows, so that ``not`` never stands before a long clause: a demand
that something fails distributes over ``or``, and predicates of one span follow De Morgan.  An existential variable
ties the parts of an ``and`` together, so a negated ``and`` of conditions is read as a whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto
from typing import Final, assert_never

from fluo_logic.lang import syntax as s
from fluo_logic.lang.english_measures import OPERATORS, TIMES, may_be_missing, measure_text
from fluo_logic.lang.english_spans import FLAGS, Number, negative, noun, noun_in, path_text, relation_clause, selected
from fluo_logic.lang.kinds import Kind, kind_of
from fluo_logic.lang.walk import variables_in

READINGS: Final = {
    s.Reading.BLOCKS: "",
    s.Reading.REQUIREMENT: " (Written without blocks: the first part requires the others.)",
    s.Reading.VIOLATION: " (Written without blocks: the condition is what is forbidden.)",
}


class _Mood(Enum):
    FACT = auto()
    """Something is so: ``there is a span a``."""
    DEMAND = auto()
    """Something must be so: ``there must be a span a``."""


def read_out(rule: s.Rule) -> str:
    """Return a rule as one English sentence; a second one in parentheses tells how a bare condition was read.

    The sentence names the scope, what ``when`` asks for, and each obligation.  ``whenever`` stands where there is an
    obligation for each match, ``if`` where there is one for the scope.
    """
    demands = [_demand(item) for item in rule.obligations]
    asked = "; and ".join(demands) if demands else "nothing is asked"
    return f"{_scope(rule.scope)}: {_when(rule.when)}{asked}.{READINGS[rule.reading]}"


def read_condition(condition: s.Condition) -> str:
    """Return a condition as a fact, such as ``there is a span audit.log``."""
    return _clause(condition, _Mood.FACT, holds=True)


def _scope(scope: s.RuleScope) -> str:
    match scope.kind:
        case s.ScopeKind.TRACE:
            return "For every trace"
        case s.ScopeKind.ALL:
            return "For all traces together"
        case s.ScopeKind.KEY:
            key = "a key" if scope.key is None else path_text(scope.key)
            return f"For each value of {key}, across traces"
        case _:
            assert_never(scope.kind)


def _when(condition: s.Condition | None) -> str:
    if condition is None:
        return ""
    word = "whenever" if next(variables_in(condition), None) is not None else "if"
    return f"{word} {read_condition(condition)}, "


def _demand(obligation: s.Obligation) -> str:
    return _clause(obligation.condition, _Mood.DEMAND, holds=obligation.polarity is s.Polarity.ALWAYS)


def _clause(condition: s.Condition, mood: _Mood, *, holds: bool) -> str:
    """Return the sentence of a condition in a mood, ``holds`` or negated."""
    match condition:
        case s.Not(part=part):
            return _clause(part, mood, holds=not holds)
        case s.And(parts=parts):
            return _all_of(parts, mood, holds=holds)
        case s.Or(parts=parts):
            return _any_of(parts, mood, holds=holds)
        case s.Exists(pattern=pattern):
            return f"{_there(mood, holds=holds)} {noun(pattern, Number.ONE if holds else Number.NO)}"
        case s.Related(relation=relation):
            return _related(relation, mood, holds=holds)
        case s.SameSpan(left=left, right=right, negated=negated):
            alike = "the same span" if negated is not holds else "different spans"
            return f"${left.name} and ${right.name} {'are' if mood is _Mood.FACT else 'must be'} {alike}"
        case s.MeasureComparison():
            return _compared(condition, mood, holds=holds)
        case s.VariableIsTrue(value=value):
            return _is_true(value, mood, holds=holds)
        case _:
            assert_never(condition)


def _all_of(parts: Sequence[s.Condition], mood: _Mood, *, holds: bool) -> str:
    if holds:
        return _and([_inner(part, mood, holds=True) for part in parts], mood)
    together = "; and ".join(read_condition(part) for part in parts)
    return f"{'it is not so' if mood is _Mood.FACT else 'it must never be so'} that, at once, {together}"


def _any_of(parts: Sequence[s.Condition], mood: _Mood, *, holds: bool) -> str:
    if not holds:
        return _and([_inner(part, mood, holds=False) for part in parts], mood)
    if mood is _Mood.FACT:
        return "either " + " or ".join(_inner(part, mood, holds=True) for part in parts)
    choice = "; or ".join(read_condition(part) for part in parts)
    return f"at least one of these must be so: ({choice})"


def _and(parts: Sequence[str], mood: _Mood) -> str:
    return (" and " if mood is _Mood.FACT else ", and ").join(parts)


def _inner(condition: s.Condition, mood: _Mood, *, holds: bool) -> str:
    """Return a part of an ``and`` or ``or``, in parentheses where its own joins could be mistaken for theirs."""
    text = _clause(condition, mood, holds=holds)
    while isinstance(condition, s.Not):
        condition = condition.part
    return f"({text})" if isinstance(condition, s.And | s.Or) else text


def _there(mood: _Mood, *, holds: bool) -> str:
    verb = "there is" if mood is _Mood.FACT else "there must be"
    return verb if holds else f"{verb} no"


def _related(relation: s.Relation, mood: _Mood, *, holds: bool) -> str:
    if isinstance(relation.left, s.Pattern):
        number = Number.ONE if holds else Number.NO
        return f"{_there(mood, holds=holds)} {noun_in(relation, relation.left, number)}"
    subject = f"${relation.left.name}"
    match mood, holds:
        case _Mood.FACT, True:
            return f"{subject} {relation_clause(relation, 'third')}"
        case _Mood.FACT, False:
            return f"{subject} {relation_clause(relation, 'not')}"
        case _Mood.DEMAND, True:
            return f"{subject} must {relation_clause(relation, 'base')}"
        case _:
            return f"{subject} must not {relation_clause(relation, 'base', any_of_right=True)}"


def _compared(item: s.MeasureComparison, mood: _Mood, *, holds: bool) -> str:
    operator, negated = negative(item.operator)
    holds = holds is not negated
    words = TIMES if kind_of(item.left) is Kind.TIME and operator in TIMES else OPERATORS
    verb = "is" if mood is _Mood.FACT else "must be"
    if not holds:
        verb = "is not" if mood is _Mood.FACT else "must not be"
    said = (measure_text(item.left), verb, words[operator], measure_text(item.right))
    text = " ".join(word for word in said if word)
    missing = mood is _Mood.FACT and not holds and (may_be_missing(item.left) or may_be_missing(item.right))
    return f"{text} (or a value is missing)" if missing else text


def _is_true(value: s.VariableValue, mood: _Mood, *, holds: bool) -> str:
    verb = "is" if mood is _Mood.FACT else "must"
    negation = "" if holds else " not"
    be = "" if mood is _Mood.FACT else " be"
    flag = FLAGS.get(value.path.key) if value.path.kind is s.PathKind.INTRINSIC else None
    if flag is not None:
        return f"${value.variable} {verb}{negation}{be} {flag}"
    missing = " (or missing)" if mood is _Mood.FACT and not holds else ""
    return f"{selected(value)} {verb}{negation}{be} true{missing}"
