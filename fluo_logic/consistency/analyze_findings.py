"""What an analysis of rules comes to, and the documents and graphs it is written as."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from fluo_logic.consistency.witness import Witness
from fluo_logic.errors import Where
from fluo_logic.explain.text import Style
from fluo_logic.explain.words import inert, plural
from fluo_logic.lang import write

if TYPE_CHECKING:
    import networkx as nx

    Graph: TypeAlias = nx.DiGraph[str]

SCHEMA: Final = "fluo-analysis/1"
KINDS: Final = (
    "contradiction",
    "tautology",
    "conflict",
    "timing-conflict",
    "equivalence",
    "subsumption",
    "redundancy",
    "shadowed",
    "dead-name",
    "never-active",
)
SHOWN: Final = 4
"""How many rules a line names of what was not analysed."""
COLOURS: Final = {"contradiction": "red", "conflict": "red", "timing-conflict": "red"}


@dataclass(frozen=True, slots=True)
class Finding:
    """A property of one rule or of several together; ``detail`` has what is particular to the kind."""

    kind: str
    rules: tuple[str, ...]
    sentence: str
    witness: Witness | None = None
    undecided: bool = False
    detail: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Gap:
    """What was not analysed: of these rules nothing, or, where there is a ``question``, not that kind of finding."""

    rules: tuple[str, ...]
    reason: str
    question: str = ""


@dataclass(frozen=True, slots=True)
class RuleNote:
    """A rule that was analysed: what it is called, how bad a violation is, and where it stands."""

    id: str
    title: str
    severity: str
    where: Where


@dataclass(frozen=True, slots=True)
class Analysis:
    """The findings of an analysis with traces of up to ``bound`` spans, and what it cannot speak of."""

    bound: int
    rules: int
    findings: tuple[Finding, ...]
    not_analysed: tuple[Gap, ...]
    about: tuple[RuleNote, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing was found or left undecided."""
        return not self.findings

    def to_json(self) -> dict[str, object]:
        """Return the document ``fluo-analysis/1``."""
        return {
            "schema": SCHEMA,
            "bound": {"spans": self.bound},
            "findings": [_finding_json(one) for one in self.findings],
            "not_analysed": [
                {"rule": ", ".join(one.rules), "rules": list(one.rules), "question": one.question, "reason": one.reason}
                for one in self.not_analysed
            ],
        }

    def graph(self) -> Graph:
        """Return the graph of rules, see `fluo_logic.consistency.analyze_graph.rule_graph`."""
        from fluo_logic.consistency.analyze_graph import rule_graph  # noqa: PLC0415 - only who wants it needs networkx

        return rule_graph(self)

    def text(self, style: Style, *, quiet: bool = False) -> str:
        """Return the analysis for a terminal."""
        lines: list[str] = []
        for one in self.findings:
            word = f"{one.kind} (undecided)" if one.undecided else one.kind
            lines.append(
                f"{style.paint(word, COLOURS.get(one.kind, 'yellow'))} {style.paint(', '.join(one.rules), 'bold')}"
            )
            lines += textwrap.wrap(
                inert(one.sentence), max(40, style.width), initial_indent="  ", subsequent_indent="  "
            )
            if one.witness is not None:
                lines += [f"  {line}" for line in witness_lines(one.witness, style)]
            lines.append("")
        for gap in self.not_analysed:
            word = f"not analysed for {gap.question}" if gap.question else "not analysed"
            said = f"{style.paint(word, 'yellow')} {style.paint(_few(gap.rules), 'bold')}: {inert(gap.reason)}"
            lines.append(said)
        if self.not_analysed:
            lines.append("")
        if not quiet:
            lines.append(self._summary())
        return "\n".join(lines) + "\n"

    def _summary(self) -> str:
        decided = [one.kind for one in self.findings if not one.undecided]
        counts = [(kind, decided.count(kind)) for kind in KINDS]
        told = ", ".join(f"{count} {kind}" for kind, count in counts if count) or "nothing found"
        left = f", {len(self.findings) - len(decided)} undecided" if len(decided) < len(self.findings) else ""
        left += f", {len(self.not_analysed)} not analysed" if self.not_analysed else ""
        return f"{told} — {plural(self.rules, 'rule')}, traces of up to {plural(self.bound, 'span')}{left}"


def _few(rules: Sequence[str]) -> str:
    """Return the ids of rules, of many only the first ones."""
    more = len(rules) - SHOWN
    return ", ".join(rules) if more <= 1 else f"{', '.join(rules[:SHOWN])} and {more} others"


def _finding_json(one: Finding) -> dict[str, object]:
    witness = one.witness
    return {
        "kind": one.kind,
        "rules": list(one.rules),
        "sentence": one.sentence,
        "witness": None if witness is None else witness.otlp(),
        "undecided": one.undecided,
        "replay": None if witness is None else {"now": witness.now, "verdicts": dict(witness.verdicts)},
        "detail": dict(one.detail),
    }


def witness_lines(witness: Witness, style: Style) -> list[str]:
    """Return the lines that show a trace: a line for each span under its parent, and the verdicts."""
    spans = witness.spans
    lines: list[str] = []
    first = min((span.start or 0 for span in spans), default=0)

    def show(parent: str | None, trace: str, depth: int) -> None:
        for span in spans:
            if span.parent_id == parent and span.trace_id == trace:
                values = {**span.resource.attributes, **span.attributes}
                given = ", ".join(f"{write.name(key)}: {write.value(value)}" for key, value in values.items())
                start, end = ((time or first) - first for time in (span.start, span.end))
                times = f"{write.duration(start)} .. {write.duration(end)}"
                events = "".join(f" event {event.name}" for event in span.events)
                lines.append(f"  {'  ' * depth}{write.name(span.name)}({given}){events} @ {times}")
                show(span.span_id, trace, depth + 1)

    for number, trace in enumerate(dict.fromkeys(span.trace_id for span in spans), 1):
        lines.append(style.paint(f"trace {number}", "dim"))
        show(None, trace, 0)
    told = ", ".join(f"{rule} {verdict}" for rule, verdict in witness.verdicts.items())
    return [*lines, style.paint(f"replayed: {told}", "dim")]


def ordered(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return findings by kind, the gravest first, and as they were found within a kind."""
    return tuple(sorted(findings, key=lambda one: KINDS.index(one.kind)))
