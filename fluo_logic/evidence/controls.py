"""The controls that rules name, and which of them are meant."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Final

from fluo_logic.errors import ConfigError
from fluo_logic.explain.words import plural
from fluo_logic.lang.suggest import nearest
from fluo_logic.lang.syntax import Ruleset

NUMBER: Final = re.compile(r"([0-9]+)")


def controls_of(rules: Ruleset) -> tuple[str, ...]:
    """Return the controls that the rules name, frameworks by the alphabet, numbers by size."""
    return tuple(sorted({control for rule in rules.rules for control in rule.metadata.controls}, key=_order))


def chosen_controls(rules: Ruleset, words: Sequence[str]) -> tuple[str, ...]:
    """Return the controls that any of ``words`` means; without one, all.

    A word is a control, a framework (``SOC2``), or the beginning of a control as far as a mark (``SOC2:CC7`` means
    ``SOC2:CC7.2``).  Capitals make no difference.

    Raises:
        ConfigError: no rule names a control, or none that a word means.
    """
    known = controls_of(rules)
    if not known:
        hint = 'a rule names what it is evidence for: `controls "SOC2:CC7.2"`'
        raise ConfigError(code="C155", message=f"none of {plural(len(rules), 'rule')} names a control", hint=hint)
    chosen: set[str] = set()
    for word in words:
        if not word:
            hint = f"there are {_listed(known)}"
            raise ConfigError(code="C156", message="--control: a control is expected, not an empty text", hint=hint)
        found = [control for control in known if _is_within(control.casefold(), word.casefold())]
        if not found:
            message = f"--control: no rule names a control `{word}`"
            raise ConfigError(code="C156", message=message, hint=_hint(word, known))
        chosen.update(found)
    return tuple(control for control in known if control in chosen) if words else known


def rules_for(rules: Ruleset, controls: Collection[str]) -> Ruleset:
    """Return the rules that name one of the controls, in their order."""
    return Ruleset(tuple(rule for rule in rules.rules if not {*controls}.isdisjoint(rule.metadata.controls)))


def _order(control: str) -> tuple[tuple[int, int, str], ...]:
    parts = (part for part in NUMBER.split(control) if part)
    return tuple((0, int(part), part) if part.isdecimal() else (1, 0, part) for part in parts)


def _is_within(control: str, word: str) -> bool:
    rest = control[len(word) :]
    return control.startswith(word) and (not rest or word[-1] == ":" or not rest[0].isalnum())


def _hint(word: str, known: Sequence[str]) -> str:
    frameworks = list(dict.fromkeys(control.partition(":")[0] for control in known))
    by_folded = {name.casefold(): name for name in (*frameworks, *known)}
    lists = [known, frameworks] if ":" in word else [frameworks, known]
    for names in lists:
        found = nearest(word.casefold(), [name.casefold() for name in names])
        if found is not None:
            return f"did you mean `{by_folded[found]}`?"
    return f"there are {_listed(known)}"


def _listed(known: Sequence[str]) -> str:
    return ", ".join(known[:8]) + (", …" if len(known) > len(known[:8]) else "")
