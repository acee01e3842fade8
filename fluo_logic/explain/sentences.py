"""The sentence of a violation: the rule's ``display`` filled from the match, or one made from the obligation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import assert_never

from fluo_logic.explain.words import instant_text, shortened, value_text
from fluo_logic.facts.store import FactStore
from fluo_logic.facts.terms import evaluate
from fluo_logic.lang import syntax as s
from fluo_logic.logic import Sort, Unit, Var
from fluo_logic.translate.spans import TIMES, field_of
from fluo_logic.values import canonical_text


def display_sentence(rule: s.Rule, number: int, spans: Mapping[str, int], store: FactStore) -> str:
    """Return the sentence for obligation ``number`` of ``rule``; ``spans`` are those of its ``when`` variables."""
    display = rule.metadata.display
    if display is None:
        return _plain(rule.obligations[number])
    return "".join(_part(part, spans, store) for part in display.parts)


def _part(part: s.TextPart | s.VariableValue, spans: Mapping[str, int], store: FactStore) -> str:
    match part:
        case s.TextPart(text=text):
            return text
        case s.VariableValue(variable=variable, path=path):
            var = Var(variable, Sort.SPAN)
            named = (replace(path, key=key) for key in (path.key, *path.older))
            values = (evaluate(field_of(var, one), {var: spans[variable]}, store) for one in named)
            value = next((value for value in values if value is not None), None)
            unit = TIMES.get(path.key, Unit.NONE) if path.kind is s.PathKind.INTRINSIC else Unit.NONE
            if value is None:
                return f"(no {path.key})"
            if unit is Unit.TIME and isinstance(value, int):
                return instant_text(value)
            return value_text(value, unit) if unit is not Unit.NONE else shortened(canonical_text(value))
        case _:
            assert_never(part)


def _plain(obligation: s.Obligation) -> str:
    text = " ".join(obligation.condition.origin.text.split())
    return f"`{text}` does not hold" if obligation.polarity is s.Polarity.ALWAYS else f"`{text}` holds"
