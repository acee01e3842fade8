"""Which rules of a rule set a command is about: ``--select`` and ``--ignore``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fluo_logic.commands.settings import SEVERITIES
from fluo_logic.errors import ConfigError
from fluo_logic.lang.suggest import did_you_mean
from fluo_logic.lang.syntax import Rule, Ruleset

TAG: Final = "tag:"
SEVERITY: Final = "severity:"


def selected(rules: Ruleset, select: Sequence[str], ignore: Sequence[str]) -> Ruleset:
    """Return the rules that any word of ``select`` names (without one: all) and none of ``ignore`` does.

    A word is a rule's id, ``tag:T`` or ``severity:S``.

    Raises:
        ConfigError: a word names nothing, or no rule is left.
    """
    chosen = _named(rules, select, "--select") if select else set(rules.rules)
    dropped = _named(rules, ignore, "--ignore")
    left = tuple(rule for rule in rules.rules if rule in chosen and rule not in dropped)
    if not left:
        message = f"--select and --ignore leave none of the {len(rules)} rules" if len(rules) else "there is no rule"
        raise ConfigError(code="C132", message=message)
    return Ruleset(left)


def _named(rules: Ruleset, words: Sequence[str], option: str) -> set[Rule]:
    return {rule for word in words for rule in _meant(rules, word, option)}


def _meant(rules: Ruleset, word: str, option: str) -> list[Rule]:
    if word.startswith(TAG):
        tag = word.removeprefix(TAG)
        found = [rule for rule in rules.rules if tag in rule.metadata.tags]
        known: Sequence[str] = sorted({tag for rule in rules.rules for tag in rule.metadata.tags})
        prefix, what = TAG, f"no rule has the tag `{tag}`"
    elif word.startswith(SEVERITY):
        severity = word.removeprefix(SEVERITY)
        found = [rule for rule in rules.rules if rule.metadata.severity.value == severity]
        if severity in SEVERITIES:
            return found
        known, prefix, what = SEVERITIES, SEVERITY, f"`{severity}` is not a severity"
    else:
        found = [rule for rule in rules.rules if rule.id == word]
        known, prefix, what = [rule.id for rule in rules.rules], "", f"no rule has the id `{word}`"
    if not found:
        listed = ", ".join(prefix + name for name in known[:8]) + (", …" if len(known) > len(known[:8]) else "")
        hint = did_you_mean(word.removeprefix(prefix), known, prefix) or (f"there are {listed}" if known else None)
        raise ConfigError(code="C131", message=f"{option}: {what}", hint=hint)
    return found
