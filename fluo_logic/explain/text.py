"""Proofs as text for a terminal: the outline as a tree, wrapped to the width, in colour where wanted."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fluo_logic.explain.outline import Detail, Item, obligation_outline
from fluo_logic.explain.proof import ObligationProof
from fluo_logic.explain.words import inert, plural, shortened

if TYPE_CHECKING:
    from fluo_logic.pipeline import Explanation

COLOURS: Final = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "cyan": "36",
}
VERDICT_STYLE: Final = {
    "violated": ("✗", "red"),
    "inconclusive": ("?", "yellow"),
    "pending": ("…", "yellow"),
    "satisfied": ("✓", "green"),
    "vacuous": ("·", "dim"),
}
"""The mark and the colour of each verdict."""
SENTENCE: Final = 400
"""How many characters of a sentence are shown."""
PLAIN: Final = str.maketrans(
    {"✗": "x", "✓": "+", "…": "~", "·": "-", "├": "|", "└": "`", "│": "|", "─": "-", "—": "-", "µ": "u"}
)
"""What stands for each character where a terminal has only ASCII."""


@dataclass(frozen=True, slots=True)
class Style:
    """How to print: with ANSI colours or without, and how wide."""

    colour: bool = False
    width: int = 100

    def paint(self, text: str, *names: str) -> str:
        """Return ``text`` in the named colours, where there are any."""
        if not self.colour or not names or not text:
            return text
        return f"\x1b[{';'.join(COLOURS[name] for name in names)}m{text}\x1b[0m"


def proof_lines(proof: ObligationProof, style: Style, indent: str = "", detail: Detail = "normal") -> list[str]:
    """Return the lines of a proof, each at most as wide as the style says where words allow."""
    return _items(obligation_outline(proof, detail), style, indent)


def _items(items: Sequence[Item], style: Style, indent: str) -> list[str]:
    lines: list[str] = []
    for number, item in enumerate(items):
        last = number + 1 == len(items)
        lines.extend(_item(item, style, f"{indent}{'└─ ' if last else '├─ '}", f"{indent}{'   ' if last else '│  '}"))
    return lines


def _item(item: Item, style: Style, first: str, rest: str) -> list[str]:
    mark, names = _mark(item)
    hanging = " " * len(mark)
    below = f"{rest}{'│ ' if item.children else '  '}"[: len(rest) + len(hanging)] if mark else rest
    width = max(40, style.width - len(first) - len(mark))
    wrapped = textwrap.wrap(item.text, width, break_long_words=False, break_on_hyphens=False) or [""]
    lines = [f"{style.paint(first, 'dim')}{style.paint(mark, *names)}{_words(wrapped[0], item, style)}"]
    lines.extend(f"{style.paint(below.ljust(len(rest) + len(hanging)), 'dim')}{line}" for line in wrapped[1:])
    lines.extend(_items(item.children, style, rest))
    return lines


def _mark(item: Item) -> tuple[str, tuple[str, ...]]:
    match item.holds:
        case True:
            return "✓ ", ("green",)
        case False:
            return "✗ ", ("red",)
        case None:
            return "", ()


def _words(text: str, item: Item, style: Style) -> str:
    """Paint the word of a block (`when`, `always`, `never`) that begins a line."""
    word, gap, rest = text.partition("  ")
    if gap and word in {"when", "always", "never"}:
        return f"{style.paint(word, 'bold')} {rest}"
    if item.holds is None and word.startswith(("nearest", "next", "pending", "inconclusive")):
        head, colon, tail = text.partition(": ")
        return f"{style.paint(head + colon, 'yellow')}{tail}"
    return text


def scope_text(scope: Iterable[tuple[str, str]]) -> str:
    """Return a scope in words: ``trace 7f3a…``, ``cart.id = c1`` or ``all traces``."""
    for key, value in scope:
        return f"trace {shortened(value)}" if key == "trace_id" else f"{inert(key)} = {shortened(value)}"
    return "all traces"


def explanation_text(
    explanation: Explanation, *, colour: bool = False, width: int = 100, detail: Detail = "normal"
) -> str:
    """Return the text of `fluo explain`: the verdict of one rule on one scope, and every proof behind it.

    ``detail`` is ``short`` (the first proof of the verdict, its witnesses and the step that decides), ``normal``, or
    ``long`` (all elements of counts, all near misses, digests of what was looked at).
    """
    style = Style(colour, width)
    mark, name = VERDICT_STYLE[explanation.verdict]
    where = scope_text(explanation.scope.items())
    size = f"{plural(explanation.spans, 'span')}"
    if "trace_id" not in explanation.scope:
        size += f" in {plural(explanation.traces, 'trace')}"
    rule, verdict = style.paint(explanation.rule, "bold"), style.paint(explanation.verdict, name, "bold")
    lines = [f"{style.paint(mark, name)} {rule} is {verdict} on {where} ({size})"]
    if explanation.title:
        lines.append(f"  {explanation.title}")
    if explanation.sentence:
        lines.append(f"  {style.paint(shortened(explanation.sentence, SENTENCE), name)}")
    proofs = list(explanation.proofs)
    if detail == "short":
        proofs = [proof for proof in proofs if proof.verdict == explanation.verdict][:1] or proofs[:1]
    for proof in proofs:
        lines.append("")
        lines.extend(proof_lines(proof, style, "  ", detail))
    hidden = len(explanation.proofs) - len(proofs)
    if hidden:
        lines.append(style.paint(f"  … and {plural(hidden, 'other obligation')}", "dim"))
    return "\n".join(lines) + "\n"
