"""How a condition without blocks becomes one: the first conjunct requires the others, or the whole is forbidden.

What is forbidden is forbidden where there is something of the kind: see `_trigger`.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TypeAlias

from fluo_logic.lang.source import Mistakes
from fluo_logic.lang.syntax import (
    And,
    Condition,
    Exists,
    MeasureComparison,
    Not,
    Obligation,
    Pattern,
    Polarity,
    Reading,
    Related,
    Relation,
)
from fluo_logic.lang.walk import variables_in

Read: TypeAlias = tuple[Reading, Condition | None, list[Obligation]]

POSITIVE = (Exists, Related, MeasureComparison)


def read_bare(mistakes: Mistakes, condition: Condition, reads_as: Reading | None = None) -> Read:
    """Return the reading, the ``when`` and the obligations of a bare condition.

    ``reads_as`` is what the author said (in a YAML rule), and allows variables.  A condition that has no reading is
    reported, with the block forms that may have been meant.
    """
    if reads_as is Reading.VIOLATION:
        return _violation(condition)
    if reads_as is Reading.REQUIREMENT:
        if isinstance(condition, And):
            return _requirement(condition)
        message = "a requirement has a part that requires and a part that is required"
        mistakes.report_at("E141", message, condition.origin, "write `A and B`: whenever A, also B")
        return _violation(condition)
    variable = next(variables_in(condition), None)
    if variable is not None:
        name, origin = variable
        message = f"a condition without blocks has no variables, and this names `${name}`"
        mistakes.report_at("E142", message, origin, f"write `when {{ … as ${name} }} always {{ … }}`")
        return _violation(condition)
    read = reading_of(condition)
    if read is None:
        mistakes.report_at("E141", _why_unread(condition), condition.origin, _block_forms(condition))
        return _violation(condition)
    return read


def reading_of(condition: Condition) -> Read | None:
    """Return how a condition without variables is read by its form, None where its form leaves that open."""
    if next(variables_in(condition), None) is not None:
        return None
    if isinstance(condition, POSITIVE):
        return _violation(condition)
    if not isinstance(condition, And):
        return None
    if all(isinstance(part, POSITIVE) for part in condition.parts):
        return _requirement(condition)
    negated = [isinstance(part, Not) for part in condition.parts]
    return _violation(condition) if any(negated) and not all(negated) else None


def _why_unread(condition: Condition) -> str:
    match condition:
        case And() if all(isinstance(part, Not) for part in condition.parts):
            return "every part is negated, so it is not clear what is forbidden"
        case And():
            return "a condition inside another leaves open what requires what"
        case Not():
            return "a negation alone can be read in two ways"
        case _:
            return "a condition without blocks cannot have `or` at its top"


def _requirement(condition: And) -> Read:
    first, *others = condition.parts
    required = others[0] if len(others) == 1 else And(tuple(others), origin=condition.origin)
    return Reading.REQUIREMENT, first, [Obligation(Polarity.ALWAYS, required, origin=condition.origin)]


def _violation(condition: Condition) -> Read:
    return Reading.VIOLATION, _trigger(condition), [Obligation(Polarity.NEVER, condition, origin=condition.origin)]


def _trigger(condition: Condition) -> Condition | None:
    """Return what a forbidden condition is about: that there is a span of the name that it seeks first.

    The forbidden condition implies it, so it changes no violation; it makes the rule vacuous on a scope that has no
    such span, as the rules that are read as requirements are.
    """
    parts = condition.parts if isinstance(condition, And) else (condition,)
    for part in parts:
        match part:
            case Exists(pattern=pattern) | Related(relation=Relation(left=Pattern() as pattern)):
                if pattern.name is not None:
                    origin = replace(pattern.origin, text=pattern.name)
                    return Exists(Pattern(pattern.name, origin=origin), origin=origin)
            case _:
                continue
    return None


def _block_forms(condition: Condition) -> str:
    text = re.sub(r"\s+", " ", condition.origin.text)
    forms = [f"`always {{ {text} }}` to require it", f"`never {{ {text} }}` to forbid it"]
    return "write " + ", or ".join(forms)
