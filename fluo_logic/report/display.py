"""How notebooks show what fluo returns: as HTML where that can be drawn, and as the text of the command line elsewhere.

No text of a trace becomes markup: HTML is escaped or stands in a frame of its own, Markdown is a block of code.
"""

from __future__ import annotations

import html
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeAlias

from fluo_logic.explain.proof import ObligationProof
from fluo_logic.explain.text import SENTENCE, Style, explanation_text, proof_lines, scope_text
from fluo_logic.explain.words import duration_text, inert, plural, shortened
from fluo_logic.facts.dataset import Dataset, Trace
from fluo_logic.lang.english import read_out
from fluo_logic.lang.format import format_rule
from fluo_logic.lang.syntax import Rule, Ruleset
from fluo_logic.report.html import dataset_html, explanation_frame, proof_html, report_frame, violation_html
from fluo_logic.report.tally import data_text, headline
from fluo_logic.report.terminal import violation_lines
from fluo_logic.report.violation import Report, Violation

if TYPE_CHECKING:
    from fluo_logic.pipeline import Explanation

Displayed: TypeAlias = "Report | Violation | Explanation | ObligationProof | Rule | Ruleset | Dataset | Trace"
STYLE: Final = Style()
MOST_TRACES: Final = 3
MOST_SPANS: Final = 60
"""Of a data set so many traces are shown, and of each trace so many spans."""
TICKS: Final = re.compile(r"`+")
NAME: Final = 80
CELL: Final = "text-align:left;vertical-align:top;padding:2px 12px 2px 0"


def text_of(item: Displayed) -> str:
    """Return what a terminal shows."""
    return _plain(_text_of(item))


def _text_of(item: Displayed) -> str:
    match item:
        case Report():
            return item.to_text()
        case Violation():
            return "\n".join([f"{inert(item.rule)} [{item.severity}]", *violation_lines(item, STYLE)])
        case ObligationProof():
            return "\n".join(proof_lines(item, STYLE))
        case Rule():
            return f"{_rule_text(item)}\n// {read_out(item)}"
        case Ruleset():
            return "\n".join([plural(len(item), "rule"), *(f"  {_rule_line(rule)}" for rule in item.rules)])
        case Dataset():
            return "\n".join(_dataset_lines(item))
        case Trace():
            return "\n".join(_trace_lines(item))
        case _:
            return explanation_text(item)


def line_of(item: Displayed) -> str:
    """Return what stands for it in a list."""
    match item:
        case Violation():
            return f"{inert(item.rule)}: {shortened(item.sentence, SENTENCE)}"
        case ObligationProof():
            return f"{inert(item.rule)} is {item.verdict}: {shortened(item.obligation.text, SENTENCE)}"
        case Rule():
            return _rule_line(item)
        case Report():
            return f"{headline(item)} — {plural(len(item.rules), 'rule')} on {data_text(item.data)}"
        case _:
            return text_of(item).strip().partition("\n")[0]


def markdown_of(item: Displayed) -> str:
    """Return the text as a block of code, whose fence is longer than any in it."""
    text = text_of(item).strip("\n")
    fence = "`" * max(3, 1 + max((len(found) for found in TICKS.findall(text)), default=0))
    return f"{fence}text\n{text}\n{fence}"


def html_of(item: Displayed) -> str:
    """Return an HTML fragment: a frame where there is a trace to draw, with the text below it, folded."""
    match item:
        case Report():
            return _with_text(report_frame(item, item.dataset), item)
        case Violation():
            return _with_text(violation_html(item, item.dataset), item)
        case ObligationProof():
            return _with_text(proof_html(item), item)
        case Rule():
            return _rule_html(item)
        case Ruleset():
            return _ruleset_html(item)
        case Dataset():
            shown = list(item.traces.values())[:MOST_TRACES]
            told = f"<p>{_escaped(_dataset_lines(item)[0])}</p>"
            return told + (_with_text(dataset_html(item, shown), item) if shown else "")
        case Trace():
            alone = Dataset(spans=item.spans, traces={item.trace_id: item})
            return _with_text(dataset_html(alone, [item]), item)
        case _:
            return _with_text(explanation_frame(item, item.dataset), item)


def _with_text(frame: str, item: Displayed) -> str:
    # Where frames are not shown, as on some sites that show notebooks, the text still is.
    return f"{frame}<details><summary>as text</summary>{_block(text_of(item))}</details>"


def _block(text: str) -> str:
    return f'<pre style="white-space:pre-wrap;font-family:monospace">{_escaped(text)}</pre>'


def _escaped(text: str) -> str:
    return html.escape(_plain(text))


def _plain(text: str) -> str:
    """Make every line of a text inert."""
    return "\n".join(inert(line) for line in text.split("\n"))


# --- rules --------------------------------------------------------------------------------------------------------


def _rule_line(rule: Rule) -> str:
    title = f" — {inert(rule.title)}" if rule.title else ""
    return f"{inert(rule.id)} [{rule.metadata.severity.value}]{title}"


def _rule_text(rule: Rule) -> str:
    """Return a rule as it is written, without its examples."""
    text = format_rule(replace(rule, examples=()))
    return f"{text}\n// {plural(len(rule.examples), 'example')}" if rule.examples else text


def _rule_html(rule: Rule) -> str:
    return f"<p>{_escaped(read_out(rule))}</p>{_block(_rule_text(rule))}"


def _ruleset_html(rules: Ruleset) -> str:
    rows = "".join(
        f'<tr><td style="{CELL}"><code>{_escaped(rule.id)}</code></td>'
        f'<td style="{CELL}">{_escaped(rule.metadata.severity.value)}</td>'
        f'<td style="{CELL}">{_escaped(rule.title)}<details><summary>reads</summary>{_rule_html(rule)}</details></td>'
        "</tr>"
        for rule in rules.rules
    )
    head = "".join(f'<th scope="col" style="{CELL}">{name}</th>' for name in ("Rule", "Severity", "What it asks"))
    return f"<table><caption>{plural(len(rules), 'rule')}</caption><thead><tr>{head}</tr></thead>{rows}</table>"


# --- traces -------------------------------------------------------------------------------------------------------


def _dataset_lines(dataset: Dataset) -> list[str]:
    size = f"{plural(len(dataset.spans), 'span')} in {plural(len(dataset.traces), 'trace')}"
    rest = [(dataset.orphans, "orphan"), (dataset.merged, "copy"), (len(dataset.problems), "problem")]
    told = [size, *(f"{count:,} {noun}{'' if count == 1 else 's'}" for count, noun in rest if count)]
    lines = [", ".join(told).replace("copys", "copies")]
    for trace in list(dataset.traces.values())[:MOST_TRACES]:
        lines += ["", *_trace_lines(trace)]
    if len(dataset.traces) > MOST_TRACES:
        lines += ["", f"… and {plural(len(dataset.traces) - MOST_TRACES, 'more trace')}"]
    return lines


def _trace_lines(trace: Trace) -> list[str]:
    lines = [f"{scope_text([('trace_id', trace.trace_id)])} · {plural(len(trace.spans), 'span')}"]
    begin = next((span.start for span in trace.spans if span.start is not None), 0)
    waiting = [(span, 0) for span in reversed(trace.topmost or trace.spans[:1])]
    seen: set[str] = set()
    while waiting and len(seen) < MOST_SPANS:
        span, depth = waiting.pop()
        if span.span_id in seen:
            continue
        seen.add(span.span_id)
        service = f" ({shortened(span.resource.service, NAME)})" if span.resource.service else ""
        start = "no start" if span.start is None else f"+{duration_text(span.start - begin)}"
        length = "never ended" if span.start is None or span.end is None else duration_text(span.end - span.start)
        lines.append(f"{'  ' * (depth + 1)}{shortened(span.name, NAME)}{service}  {start}, {length}")
        below = [trace.by_id[child] for child in trace.children.get(span.span_id, ())]
        waiting += [(child, depth + 1) for child in reversed(below)]
    if len(seen) < len(trace.spans):
        lines.append(f"  … and {plural(len(trace.spans) - len(seen), 'more span')}")
    return lines
