"""`fluo diff`: what a change of rules does, on every small trace and on recorded ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import ndiff
from textwrap import wrap
from typing import Final

from fluo_logic.consistency.analyze import BOUND, SECONDS
from fluo_logic.consistency.analyze_findings import witness_lines
from fluo_logic.consistency.analyze_told import solver_for
from fluo_logic.consistency.encode_solve import Demand, UndecidedError
from fluo_logic.consistency.witness import Witness, dataset_of, replayed
from fluo_logic.errors import ConfigError, UnsupportedError
from fluo_logic.explain.text import SENTENCE, Style, proof_lines
from fluo_logic.explain.words import inert, plural, shortened
from fluo_logic.facts.dataset import Dataset
from fluo_logic.lang.format import format_rule
from fluo_logic.lang.syntax import Metadata, Reading, Rule, Ruleset
from fluo_logic.pipeline import Explanation, Options, explain, report, solve
from fluo_logic.report.violation import VERDICTS
from fluo_logic.translate.ir_json import ir_digest
from fluo_logic.translate.lower import lower
from fluo_logic.translate.passes import run_passes

SCHEMA: Final = "fluo-diff/1"
OLD: Final = ".old"
MARKS: Final = {"-": "red", "+": "green"}
COLOURS: Final = {"equivalent": "green", "stricter": "yellow", "looser": "yellow", "incomparable": "red"}


@dataclass(frozen=True, slots=True)
class Change:
    """How a rule changed: ``gained`` is a trace that only the new one forbids, ``lost`` one that only the old one did.

    ``verdicts`` counts the scopes of each verdict on recorded traces, before and after.
    """

    rule: str
    kind: str
    reason: str = ""
    gained: Witness | None = None
    lost: Witness | None = None
    verdicts: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    old: Rule | None = None
    new: Rule | None = None

    def body(self) -> list[str]:
        """Return what changed in the text of the rule, marked ``-`` and ``+``; examples and metadata are left out."""
        old, new = ([] if rule is None else _body(rule) for rule in (self.old, self.new))
        return [line for line in ndiff(old, new) if not line.startswith("?")] if old != new else []

    def why(self, witness: Witness, *, old: bool) -> Explanation | None:
        """Return why the old rule, or the new one, is violated on a trace; None where that rule is not known."""
        rule = self.old if old else self.new
        if rule is None:
            return None
        return explain(rule, dataset_of(witness.spans), options=Options(engine="clingo", now=witness.now))


@dataclass(frozen=True, slots=True)
class Diff:
    """The changes of all rules, in the order of the new rules, those that are gone last."""

    bound: int
    changes: tuple[Change, ...]

    @property
    def same(self) -> bool:
        """Whether every rule means what it did."""
        return all(one.kind == "equivalent" for one in self.changes)

    def to_json(self) -> dict[str, object]:
        """Return the document ``fluo-diff/1``."""
        return {
            "schema": SCHEMA,
            "bound": {"spans": self.bound},
            "rules": [
                {
                    "rule": one.rule,
                    "change": one.kind,
                    "reason": one.reason,
                    "gained": None if one.gained is None else one.gained.otlp(),
                    "lost": None if one.lost is None else one.lost.otlp(),
                    "replay": {
                        name: {"now": witness.now, "verdicts": dict(witness.verdicts)}
                        for name, witness in (("gained", one.gained), ("lost", one.lost))
                        if witness is not None
                    },
                    "verdicts": {name: list(counts) for name, counts in one.verdicts.items()},
                }
                for one in self.changes
            ],
        }

    def text(self, style: Style) -> str:
        """Return the plan for a terminal."""
        lines: list[str] = []
        for one in self.changes:
            kind = style.paint(one.kind, COLOURS.get(one.kind, "yellow"))
            than = f", compared with {one.old.id}" if one.old is not None and one.old.id != one.rule else ""
            reason = f": {one.reason}" if one.reason else ""
            lines.append(f"{kind} {style.paint(one.rule, 'bold')}{than}{reason}")
            for line in one.body():
                rest = " " * (len(line) - len(line[1:].lstrip()) + 2)
                wrapped = wrap(line, max(40, style.width - 2), subsequent_indent=f"{rest}  ", break_on_hyphens=False)
                lines += [f"  {style.paint(part, MARKS.get(line[:1], 'dim'))}" for part in wrapped]
            for witness, old in ((one.gained, False), (one.lost, True)):
                if witness is not None:
                    lines += _separating(one, witness, style, old=old)
            moved = [f"{name} {before} → {after}" for name, (before, after) in one.verdicts.items() if before != after]
            if one.verdicts:
                lines.append(f"  on the recorded traces: {', '.join(moved) or 'every count of verdicts stays'}")
            lines.append("")
        counts = [
            (kind, sum(one.kind == kind for one in self.changes))
            for kind in dict.fromkeys(one.kind for one in self.changes)
        ]
        told = ", ".join(f"{count} {kind}" for kind, count in counts) or "no rule"
        return "\n".join([*lines, f"{told} — traces of up to {plural(self.bound, 'span')}"]) + "\n"


def _body(rule: Rule) -> list[str]:
    # In blocks, whatever form it was written in, so that two forms of the same are the same.
    plain = Metadata(aliases=rule.metadata.aliases)
    text = format_rule(replace(rule, id="rule", title="", metadata=plain, examples=(), reading=Reading.BLOCKS))
    return [inert(line.removeprefix("  ")) for line in text.strip().splitlines()[1:-1] if line.strip()]


def _separating(one: Change, witness: Witness, style: Style, *, old: bool) -> list[str]:
    """Return the lines that show a trace on which the two rules differ, and why the one is violated on it."""
    said = "only the old rule was violated by" if old else "only the new rule is violated by"
    lines = ["", f"  {said}", *(f"    {line}" for line in witness_lines(witness, style))]
    explanation = one.why(witness, old=old)
    if explanation is not None:
        proof = next((proof for proof in explanation.proofs if proof.verdict == explanation.verdict), None)
        if explanation.sentence:
            lines.append(f"  because {shortened(explanation.sentence, SENTENCE)}")
        if proof is not None:
            lines += proof_lines(proof, style, "    ", "short")
    return lines


def diff(
    old: Ruleset,
    new: Ruleset,
    traces: Dataset | None = None,
    *,
    rename: Sequence[str] = (),
    only: str | None = None,
    bound: int = BOUND,
    seconds: float = SECONDS,
) -> Diff:
    """Compare two versions of rules, rule by rule.

    ``rename`` pairs ids that differ, as ``OLD=NEW``; ``only`` is the id of the one new rule to compare.

    Raises:
        ConfigError: ``rename`` or ``only`` names a rule that is not there.
    """
    before = {rule.id: rule for rule in old.rules}
    for pair in rename:
        first, _, second = pair.partition("=")
        if first not in before or second not in {rule.id for rule in new.rules}:
            message = f"`{pair}` does not name a rule of the old rules and one of the new"
            raise ConfigError(code="C304", message=message, hint="write OLD=NEW")
        before[second] = before.pop(first)
    if only is not None and only not in {rule.id for rule in new.rules}:
        raise ConfigError(code="C131", message=f"no new rule has the id `{only}`")
    changes = []
    for rule in new.rules:
        if only is not None and rule.id != only:
            before.pop(rule.id, None)
            continue
        earlier = before.pop(rule.id, None)
        change = Change(rule.id, "added") if earlier is None else _compare(earlier, rule, bound, seconds)
        counts = {} if traces is None else _verdicts(earlier, rule, traces)
        changes.append(replace(change, verdicts=counts, old=earlier, new=rule))
    for gone, rule in before.items() if only is None else ():
        counts = {} if traces is None else _verdicts(rule, None, traces)
        changes.append(Change(gone, "removed", verdicts=counts, old=rule))
    return Diff(bound, tuple(changes))


def _compare(old: Rule, new: Rule, bound: int, seconds: float) -> Change:
    earlier = old if old.id != new.id else replace(old, id=f"{new.id}{OLD}")
    if _digest(old) == _digest(new):
        return Change(new.id, "equivalent")
    rules = Ruleset((earlier, new))
    try:
        solver = solver_for(rules.rules, bound, seconds)
        gained = solver.find([Demand(0, violated=False), Demand(1, violated=True)])
        lost = solver.find([Demand(0, violated=True), Demand(1, violated=False)])
    except UnsupportedError as error:
        return Change(new.id, "not analysed", error.message)
    except UndecidedError:
        return Change(new.id, "undecided", f"not decided within {seconds:g} s a question")
    kind = {
        (False, False): "equivalent",
        (True, False): "stricter",
        (False, True): "looser",
        (True, True): "incomparable",
    }[gained is not None, lost is not None]
    return Change(
        new.id,
        kind,
        gained=None if gained is None else replayed(gained, rules, {earlier.id: False, new.id: True}),
        lost=None if lost is None else replayed(lost, rules, {earlier.id: True, new.id: False}),
    )


def _digest(rule: Rule) -> str:
    return ir_digest(run_passes(lower(Ruleset((replace(rule, id="rule"),)))))


def _verdicts(old: Rule | None, new: Rule | None, traces: Dataset) -> dict[str, tuple[int, int]]:
    counts = [_counts(rule, traces) for rule in (old, new)]
    return {name: (counts[0].get(name, 0), counts[1].get(name, 0)) for name in VERDICTS}


def _counts(rule: Rule | None, traces: Dataset) -> Mapping[str, int]:
    if rule is None:
        return {}
    return report(solve(traces, Ruleset((rule,)), Options(engine="clingo", max_proofs=0))).rules[0].verdicts
