"""Rules against recorded traces: what these never show, and which rules they never activate."""

from __future__ import annotations

from collections.abc import Iterator

from fluo_logic.consistency.analyze_findings import Finding
from fluo_logic.facts.dataset import Dataset
from fluo_logic.lang.suggest import nearest
from fluo_logic.lang.syntax import Ruleset
from fluo_logic.pipeline import Options, solve
from fluo_logic.tooling.lint_data import Vocabulary, unseen

DEAD = frozenset({"L201", "L202", "L205", "L206"})
"""The diagnostics of `fluo lint` that say that a name, an attribute or an event never occurs."""


def data_findings(rules: Ruleset, dataset: Dataset) -> list[Finding]:
    """Return dead names, and the rules whose ``when`` never matched though all their names occur in it."""
    dead = [*_dead(rules, dataset)]
    return [*dead, *_never_active(rules, dataset, dead)]


def _dead(rules: Ruleset, dataset: Dataset) -> Iterator[Finding]:
    vocabulary = Vocabulary(dataset)
    known = sorted(
        {
            *vocabulary.names,
            *(key for span in dataset.spans for key in (*span.attributes, *span.resource.attributes)),
            *(event.name for span in dataset.spans for event in span.events),
        }
    )
    for rule in rules.rules:
        told: set[str] = set()
        for found in unseen(rule, vocabulary):
            if found.code not in DEAD:
                continue
            name = found.message.split("`")[-2] if found.code != "L206" else found.message.split("`")[1]
            if name in told:
                continue
            told.add(name)
            near = nearest(name, known)
            hint = "" if near is None else f"; the nearest that they do show is `{near}`"
            sentence = f"the recorded traces never show `{name}`{hint}"
            yield Finding("dead-name", (rule.id,), sentence, detail={"name": name, "nearest": near})


def _never_active(rules: Ruleset, dataset: Dataset, dead: list[Finding]) -> Iterator[Finding]:
    """Yield the rules that were never active, those with the most scopes first; a dead trigger says why already."""
    explained: set[tuple[str, str | None]] = {(one.rules[0], one.detail["name"]) for one in dead}
    session = solve(dataset, rules, Options(engine="clingo", max_proofs=0))
    found: list[tuple[int, Finding]] = []
    for rule, plan in session.plans:
        if rule.when is None or session.answer.rows(plan.when.predicate):
            continue
        text = f"{rule.when} {rule.scope}"
        if any(one == rule.id and name is not None and f"'{name}'" in text for one, name in explained):
            continue
        scopes = len(session.answer.rows(plan.scope.predicate))
        sentence = f"`when` matched in none of its {scopes:,} scopes in the recorded traces"
        found.append((scopes, Finding("never-active", (rule.id,), sentence, detail={"scopes": str(scopes)})))
    found.sort(key=lambda pair: -pair[0])
    yield from (finding for _, finding in found)
