"""What a text says: its rules, its mistakes, and the places where rules and blocks begin and end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from lsprotocol.types import PositionEncodingKind

from fluo_logic.errors import FluoError, RuleError, Where
from fluo_logic.lang.parse import MAX_CHARACTERS, parse_rules
from fluo_logic.lang.scan import Bracket, scan
from fluo_logic.lang.source import Mistakes, Source
from fluo_logic.lang.syntax import Origin, Rule, Ruleset
from fluo_logic.lsp.positions import Positions
from fluo_logic.tooling.lint import Finding, lint

BYTE_ORDER_MARK: Final = "\ufeff"
MAX_LINTED: Final = 200_000
"""How long a text may be, in characters, to be linted while it is edited."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """One version of a text.

    ``rules`` are those that are right, ``errors`` all mistakes of the others, ``findings`` what `fluo lint` says of the
    rules that are right.
    """

    source: Source
    positions: Positions
    rules: tuple[Rule, ...]
    errors: tuple[RuleError, ...]
    brackets: tuple[Bracket, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def text(self) -> str:
        """The text."""
        return self.source.text

    def offsets(self, origin: Origin) -> tuple[int, int]:
        """Return the offsets at which a node begins and ends."""
        start = self.source.start_of(origin)
        return start, start + len(origin.text)

    def offsets_of(self, where: Where | None) -> tuple[int, int]:
        """Return the offsets of a place; those of the first line where there is none."""
        if where is None or not 1 <= where.line <= len(self.source.line_starts):
            return 0, len(self.source.line(1))
        start = self.source.line_starts[where.line - 1] + where.column - 1
        return start, start + where.length

    def rule_at(self, offset: int) -> Rule | None:
        """Return the rule, among those that are right, in whose text an offset lies."""
        for rule in self.rules:
            start, end = self.offsets(rule.origin)
            if start <= offset <= end:
                return rule
        return None

    def extent_at(self, offset: int) -> tuple[int, int]:
        """Return where the rule around an offset begins and ends, right or not; all of the text outside of rules."""
        for bracket in self.rule_brackets():
            if bracket.head <= offset <= end_of(bracket):
                return bracket.head, end_of(bracket)
        return 0, len(self.text)

    def rule_brackets(self) -> Iterator[Bracket]:
        """Yield the braces of rules."""
        return (bracket for bracket in self.brackets if bracket.kind == "rule")


def end_of(bracket: Bracket) -> int:
    """Return the offset behind a bracket."""
    return bracket.close + 1 if bracket.closed else bracket.close


def analyse(text: str, path: str, encoding: PositionEncodingKind | str) -> Analysis:
    """Return what a text says.

    Args:
        text: the text of a rule file; of one that is longer than a rule file may be, only that is told.
        path: the path of the file, by whose name a rule without a head is called.
        encoding: in what positions are counted.
    """
    if text.startswith(BYTE_ORDER_MARK):
        text = f" {text[1:]}"
    rules, errors = parse_rules(text, path)
    source = Source(path, text)
    brackets = scan(Mistakes(source)).brackets if len(text) <= MAX_CHARACTERS else []
    findings = _findings(rules) if len(text) <= MAX_LINTED else []
    return Analysis(source, Positions(text, encoding), tuple(rules), tuple(errors), tuple(brackets), tuple(findings))


def _findings(rules: Sequence[Rule]) -> list[Finding]:
    try:
        return lint(Ruleset(tuple(rules)))
    except FluoError:
        # What no engine can express cannot be looked into; its errors are told by those who need it.
        return []
