"""Runs the examples inside rules, and tells what they leave untested."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fluo_logic.lang.syntax import Example, Origin, Rule, Ruleset
from fluo_logic.pipeline import Explanation, Options, explain_scope, report, solve
from fluo_logic.report.violation import VERDICTS, RuleReport
from fluo_logic.tooling.branches import Branch, branches
from fluo_logic.tooling.example_spans import example_dataset

DUE: Final = ("violated", "satisfied")
"""The verdicts that the examples of a rule should show between them."""
NO_SCOPE: Final = "vacuous"
"""The verdict of an example that has no scope, which is one without spans, or without the key of the rule's scope."""


@dataclass(frozen=True, slots=True)
class ExampleResult:
    """What an example was to be and what it is: the worst verdict over its scopes.

    ``explanation`` is of the worst scope, and there only where the example failed and has a scope.
    """

    title: str
    expected: str
    got: str
    origin: Origin
    explanation: Explanation | None = None

    @property
    def passed(self) -> bool:
        """Whether the verdict is the expected one."""
        return self.expected == self.got


@dataclass(frozen=True, slots=True)
class RuleResult:
    """The examples of a rule, and what they leave untested.

    ``missing`` are those of `DUE` that no example expects.  ``undecided`` are the branches of ``and`` and ``or`` that
    can be left out without a change to any example's verdict; they are looked for only where all examples passed.
    """

    rule: Rule
    examples: tuple[ExampleResult, ...]
    missing: tuple[str, ...]
    undecided: tuple[Branch, ...]

    @property
    def passed(self) -> bool:
        """Whether every example has the verdict that it expects."""
        return all(result.passed for result in self.examples)

    @property
    def covered(self) -> bool:
        """Whether the examples leave nothing untested."""
        return not self.missing and not self.undecided


def run_examples(rules: Ruleset, *, coverage: bool = True, options: Options | None = None) -> tuple[RuleResult, ...]:
    """Run every example of every rule.

    Args:
        rules: the rules.
        coverage: whether to look for branches that no example decides, which solves each example once more.
        options: how to check; proofs are made only of examples that fail.

    Raises:
        UnsupportedError: the engine cannot express a clause of a rule.
    """
    return tuple(_run_rule(rule, coverage=coverage, options=options or Options()) for rule in rules.rules)


def _run_rule(rule: Rule, *, coverage: bool, options: Options) -> RuleResult:
    results = tuple(_run_example(rule, example, options) for example in rule.examples)
    undecided: tuple[Branch, ...] = ()
    if coverage and results and all(result.passed for result in results):
        undecided = _undecided(rule, results, options)
    expected = {example.verdict for example in rule.examples}
    return RuleResult(rule, results, tuple(verdict for verdict in DUE if verdict not in expected), undecided)


def _run_example(rule: Rule, example: Example, options: Options) -> ExampleResult:
    session = solve(example_dataset(example), Ruleset((rule,)), _unproved(options))
    got = worst_verdict(report(session).rules[0])
    explanation = None
    if got is not None and got != example.verdict:
        explanation = explain_scope(session, None)
    return ExampleResult(example.title, example.verdict, got or NO_SCOPE, example.origin, explanation)


def worst_verdict(rule: RuleReport) -> str | None:
    """Return the worst verdict over the scopes of a rule, None where it has no scope."""
    return next((verdict for verdict in VERDICTS if rule.verdicts.get(verdict)), None)


def _undecided(rule: Rule, results: Sequence[ExampleResult], options: Options) -> tuple[Branch, ...]:
    left = branches(rule)
    for example, result in zip(rule.examples, results, strict=True):
        if not left:
            break
        mutants = Ruleset(tuple(branch.without for branch in left))
        found = report(solve(example_dataset(example), mutants, _unproved(options))).rules
        verdicts = [worst_verdict(one) or NO_SCOPE for one in found]
        left = [branch for branch, verdict in zip(left, verdicts, strict=True) if verdict == result.got]
    return tuple(left)


def _unproved(options: Options) -> Options:
    return Options(options.engine, 0, options.now, options.clock_skew, options.assume_complete)
