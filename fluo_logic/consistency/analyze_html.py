"""An analysis as one HTML file that needs nothing else: no script, no network, light and dark as the reader has it."""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Iterator, Sequence
from typing import Final

from fluo_logic.consistency.analyze_findings import KINDS, Analysis, Finding, Gap, witness_lines
from fluo_logic.consistency.analyze_sarif import MEANINGS
from fluo_logic.explain.text import Style
from fluo_logic.explain.words import inert, plural

WIDTH: Final = 110
GRAVE: Final = frozenset({"contradiction", "conflict", "timing-conflict"})
STYLE: Final = """
:root { color-scheme: light dark; --paper: #faf9f7; --card: #fff; --ink: #1b1d22; --quiet: #5b616e; --line: #e5e3de;
  --bad: #b4233c; --wait: #8a5a00; --soft: #f3f1ed; }
@media (prefers-color-scheme: dark) { :root { --paper: #15171b; --card: #1c1f25; --ink: #e6e7ea; --quiet: #a0a6b2;
  --line: #2e323a; --bad: #ff8595; --wait: #e2b45c; --soft: #23272e; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1100px; padding: 32px 24px 96px; background: var(--paper); color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 28px; line-height: 1.2; margin: 0 0 4px; } h2 { font-size: 19px; margin: 40px 0 4px; }
p { margin: 4px 0; } .quiet { color: var(--quiet); } .bad { color: var(--bad); } .open { color: var(--wait); }
article, table { background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
article { padding: 14px 18px; margin: 12px 0; } article h3 { font-size: 15px; margin: 0 0 4px; }
pre { background: var(--soft); border-radius: 8px; padding: 10px 14px; margin: 10px 0 0; overflow-x: auto;
  font: 13px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
table { width: 100%; border-collapse: collapse; border-style: hidden; } th, td { text-align: start; padding: 8px 14px;
  border-top: 1px solid var(--line); vertical-align: top; } th { font-size: 12px; color: var(--quiet); }
a { color: inherit; text-underline-offset: 3px; }
"""


def analysis_html(analysis: Analysis) -> str:
    """Return the analysis as an HTML document, in ASCII only so that no encoding on its way can change it."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    lines = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{_text('fluo analyze: ' + _headline(analysis))}</title>",
        f"<style>{STYLE}</style></head><body>",
        f"<h1>{_text(_headline(analysis))}</h1>",
        f'<p class="quiet">{_text(_summary(analysis))}</p>',
    ]
    for kind in KINDS:
        found = [one for one in analysis.findings if one.kind == kind]
        if found:
            lines += _section(kind, found, analysis)
    if analysis.not_analysed:
        lines += _gaps(analysis.not_analysed)
    lines += _rules(analysis)
    return "\n".join([*lines, "</body></html>", ""]).encode("ascii", "xmlcharrefreplace").decode("ascii")


def _headline(analysis: Analysis) -> str:
    decided = sum(not one.undecided for one in analysis.findings)
    return plural(decided, "finding") if decided else "Nothing found"


def _summary(analysis: Analysis) -> str:
    told = f"{plural(analysis.rules, 'rule')} over all traces of up to {plural(analysis.bound, 'span')}"
    undecided = sum(one.undecided for one in analysis.findings)
    told += f"; {plural(undecided, 'question')} not decided in time" if undecided else ""
    return told + (f"; {len(analysis.not_analysed)} not analysed" if analysis.not_analysed else "")


def _section(kind: str, found: Sequence[Finding], analysis: Analysis) -> Iterator[str]:
    _, short, full = MEANINGS[kind]
    grave = ' class="bad"' if kind in GRAVE and not all(one.undecided for one in found) else ""
    yield f'<section><h2{grave}>{_text(kind)} <span class="quiet">{len(found)}</span></h2>'
    yield f'<p class="quiet">{_text(short)}. {_text(full)}</p>'
    titles = {note.id: note.title for note in analysis.about}
    for one in found:
        mark = ' <span class="open">undecided</span>' if one.undecided else ""
        yield f"<article><h3>{', '.join(_link(rule) for rule in one.rules)}{mark}</h3>"
        for rule in one.rules:
            if titles.get(rule):
                yield f'<p class="quiet">{_text(rule)}: {_text(titles[rule])}</p>'
        yield f"<p>{_text(one.sentence)}</p>"
        if one.witness is not None:
            shown = "\n".join(_text(line) for line in witness_lines(one.witness, Style(colour=False, width=WIDTH)))
            yield f"<pre>{shown}</pre>"
        yield "</article>"
    yield "</section>"


def _gaps(gaps: Sequence[Gap]) -> Iterator[str]:
    yield f'<section><h2>not analysed <span class="quiet">{len(gaps)}</span></h2>'
    yield '<p class="quiet">What the encoding cannot express never counts as fine.</p>'
    yield "<table><thead><tr><th>Rules</th><th>What</th><th>Why</th></tr></thead><tbody>"
    for gap in gaps:
        rules = ", ".join(_link(rule) for rule in gap.rules)
        yield f"<tr><td>{rules}</td><td>{_text(gap.question or 'all')}</td><td>{_text(gap.reason)}</td></tr>"
    yield "</tbody></table></section>"


def _rules(analysis: Analysis) -> Iterator[str]:
    yield f'<section><h2>rules <span class="quiet">{analysis.rules}</span></h2>'
    yield "<table><thead><tr><th>Rule</th><th>Severity</th><th>Where</th><th>Findings</th></tr></thead><tbody>"
    for note in analysis.about:
        kinds = dict.fromkeys(one.kind for one in analysis.findings if note.id in one.rules)
        place = f"{note.where.file}:{note.where.line}"
        title = f'<br><span class="quiet">{_text(note.title)}</span>' if note.title else ""
        cells = (_text(note.severity), _text(place), _text(", ".join(kinds)))
        row = "".join(f"<td>{cell}</td>" for cell in cells)
        yield f'<tr id="{_anchor(note.id)}"><td>{_text(note.id)}{title}</td>{row}</tr>'
    yield "</tbody></table></section>"


def _link(rule: str) -> str:
    return f'<a href="#{_anchor(rule)}">{_text(rule)}</a>'


def _anchor(rule: str) -> str:
    return f"rule-{_text(rule)}"


def _text(text: str) -> str:
    return html.escape(inert(text))
