"""Text of traces that tries to be something else: in every proof it is inert, and not longer than a person reads.

Each file of ``hostile`` is the golden text of one attack, in names, services, ids and values at once.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from fluo_logic.explain.outline import Detail
from fluo_logic.explain.text import explanation_text
from fluo_logic.facts.dataset import assemble
from fluo_logic.facts.model import Event, Resource, Span
from fluo_logic.lang.parse import parse_rule
from fluo_logic.lang.syntax import Ruleset
from fluo_logic.pipeline import Options, check, explain_scope, solve
from fluo_logic.report.terminal import report_text
from fluo_logic.values import Value

GOLDEN: Final = Path(__file__).parent / "hostile"
ATTACKS: Final = {
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "terminal": "\x1b[2J\x1b]0;owned\x07\x1b[31mred\x9b1m\r\b\n",
    "right-to-left": "\u202egpj.exe\u2066\u2067\u2069\u200f\u05d0",
    "mermaid-and-dot": 'a"]-->b; subgraph x; } digraph { "q" -> "r" [URL="javascript:1"]; %%{init}%%',
    "a-million-characters": "ab" * 500_000,
    "lines-and-separators": "one\ntwo\u2028three\u2029four\x85five\x00",
}
RULE: Final = (
    'display "it says {$x.k}" when { *.where(exists(k)) as $x } '
    "always { $x.k == x } always { count(distinct *.k) > 9 } never { *.where(k != x and event(e)) }"
)
LONGEST: Final = 12_000
"""Characters of an explanation of three obligations."""


def spans(text: str) -> list[Span]:
    attributes: dict[str, Value] = {"k": text, text: text, "list": (text, text), "map": {text: text}}
    return [
        Span(
            trace_id=text,
            span_id=f"{text}{number}",
            name=text,
            parent_id=text,
            start=1,
            end=2,
            attributes=attributes,
            events=(Event("e", 1, {"k": text}),),
            resource=Resource({"service.name": text}),
        )
        for number in range(2)
    ]


@pytest.mark.parametrize("attack", ATTACKS)
def test_hostile_text_is_inert_and_short(attack: str, golden: Callable[[Path, str], None]) -> None:
    """Nothing that a trace holds acts on a terminal, breaks a line, turns the direction, or floods the screen."""
    rule = parse_rule(RULE, "r")
    dataset = assemble(spans(ATTACKS[attack]))
    explanation = explain_scope(solve(dataset, Ruleset((rule,)), Options(assume_complete=True)), None)
    details: tuple[Detail, ...] = ("short", "normal", "long")
    texts = [explanation_text(explanation, detail=detail) for detail in details]
    texts.append(report_text(check(dataset, Ruleset((rule,)))))
    for text in texts:
        assert [char for char in text if not char.isprintable() and char != "\n"] == []
        assert len(text) < LONGEST
    golden(GOLDEN / f"{attack}.txt", texts[1])
