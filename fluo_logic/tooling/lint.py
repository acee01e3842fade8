"""Diagnostics of rules that are right, and may still not say what their authors mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from fluo_logic.errors import FluoError, RuleError, Where, render_error
from fluo_logic.facts.dataset import Dataset
from fluo_logic.lang.source import Source
from fluo_logic.lang.syntax import Origin, Rule, Ruleset
from fluo_logic.tooling import lint_data, lint_names, lint_style, lint_truth
from fluo_logic.tooling.lint_codes import LINT_CODES, Level
from fluo_logic.tooling.lint_finding import Found
from fluo_logic.translate.ir_json import ir_digest
from fluo_logic.translate.lower import lower
from fluo_logic.translate.passes import run_passes

LINT_SCHEMA: Final = "fluo-lint/1"


@dataclass(frozen=True, slots=True)
class Finding:
    """A diagnostic: its code and level, what is to be said of which rule, and the place."""

    code: str
    level: Level
    rule: str
    message: str
    where: Where
    hint: str | None = None

    def text(self) -> str:
        """Return the compiler-style text."""
        error: FluoError = RuleError(self.code, self.message, where=self.where, hint=self.hint)
        return self.level.value + render_error(error).removeprefix("error")


def lint(rules: Ruleset, dataset: Dataset | None = None) -> list[Finding]:
    """Return the findings in rules, by place; with a data set also what they name that it does not have."""
    sources = _Sources()
    found = [*_in_each(rules, dataset), *_equal(rules), *lint_names.mixed(rules)]
    findings = [_placed(rule, one, sources) for rule, one in found]
    unique = {(one.code, str(one.where), one.message): one for one in findings}
    files = {rule.origin.file: number for number, rule in reversed(list(enumerate(rules.rules)))}
    return sorted(
        unique.values(),
        key=lambda one: (files.get(one.where.file, 0), one.where.line, one.where.column, one.code, one.message),
    )


def typos(rules: Iterable[Rule], dataset: Dataset) -> list[Finding]:
    """Return the names of spans and attributes that no span has, where one that is there differs in a letter or two."""
    vocabulary, sources = lint_data.Vocabulary(dataset), _Sources()
    found = ((rule, one) for rule in rules for one in lint_data.unseen(rule, vocabulary))
    return [_placed(rule, one, sources) for rule, one in found if one.typo]


def _placed(rule: Rule, found: Found, sources: _Sources) -> Finding:
    level = found.level or LINT_CODES[found.code].level
    return Finding(found.code, level, rule.id, found.message, sources.where(found.origin), found.hint)


def _in_each(rules: Ruleset, dataset: Dataset | None) -> Iterator[tuple[Rule, Found]]:
    vocabulary = None if dataset is None else lint_data.Vocabulary(dataset)
    for rule in rules.rules:
        checks: list[Iterable[Found]] = [
            lint_names.unused(rule),
            lint_names.without_dollar(rule),
            lint_names.same_span(rule),
            lint_truth.constant(rule),
            lint_style.missing_values(rule),
            lint_style.deadlines(rule),
            lint_style.metadata(rule),
            lint_style.reading(rule),
        ]
        if vocabulary is not None:
            checks.append(lint_data.unseen(rule, vocabulary))
        yield from ((rule, found) for check in checks for found in check)


def _equal(rules: Ruleset) -> Iterator[tuple[Rule, Found]]:
    first: dict[str, Rule] = {}
    for rule in rules.rules:
        plain = replace(rule, id="rule")
        earlier = first.setdefault(ir_digest(run_passes(lower(Ruleset((plain,))))), rule)
        if earlier is not rule:
            place = f"{earlier.origin.file}:{earlier.origin.line}"
            message = f"{rule.id} asks for the same as {earlier.id}"
            yield rule, Found("L104", message, lint_style.head(rule), f"the first of the two is at {place}")


def chosen(findings: Sequence[Finding], select: Sequence[str], ignore: Sequence[str]) -> list[Finding]:
    """Return the findings whose code begins with a word of ``select`` (if any) and none of ``ignore``."""
    return [
        one
        for one in findings
        if (not select or one.code.startswith(tuple(select))) and not (ignore and one.code.startswith(tuple(ignore)))
    ]


def findings_json(findings: Sequence[Finding], rules: Ruleset) -> dict[str, object]:
    """Return the document ``fluo-lint/1``."""
    return {
        "schema": LINT_SCHEMA,
        "rules": len(rules),
        "counts": {level.value: sum(one.level is level for one in findings) for level in Level},
        "findings": [
            {
                "code": one.code,
                "level": one.level.value,
                "rule": one.rule,
                "message": one.message,
                "file": one.where.file,
                "line": one.where.line,
                "column": one.where.column,
                "length": one.where.length,
                "hint": one.hint,
            }
            for one in findings
        ],
    }


class _Sources:
    """The files that rules were read from, for the lines above carets."""

    def __init__(self) -> None:
        self._read: dict[str, Source | None] = {}

    def where(self, origin: Origin) -> Where:
        source = self._source(origin.file)
        first = origin.text.partition("\n")[0].rstrip()
        plain = Where(origin.file, origin.line, origin.column, max(1, len(first)), " " * (origin.column - 1) + first)
        if source is None or origin.line > len(source.line_starts):
            return plain
        line = source.line(origin.line)
        return replace(plain, source=line) if line[origin.column - 1 :].startswith(first) else plain

    def _source(self, file: str) -> Source | None:
        if file not in self._read:
            try:
                self._read[file] = Source(file, Path(file).read_text(encoding="utf-8-sig"))
            except (OSError, UnicodeDecodeError):
                self._read[file] = None
        return self._read[file]
