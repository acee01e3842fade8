"""Evidence as one HTML file that needs nothing else, laid out for A4: no script, no network, light."""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Iterator, Sequence
from typing import Final

from fluo_logic.evidence.gather import ControlEvidence, Digest, Evidence, RuleEvidence
from fluo_logic.evidence.tally import Counts, outcome_text
from fluo_logic.evidence.words import checked_lines, counts_text, period_text, recheck_text, rules_text, scopes_text
from fluo_logic.explain.text import scope_text
from fluo_logic.explain.words import inert, plural
from fluo_logic.report.tally import data_text, problems_text
from fluo_logic.report.violation import Violation

MOST_FAILURES: Final = 200
"""How many failures of a rule are listed before the rest is counted; the JSON document has them all."""
MOST_REFUSALS: Final = 50
COLUMNS: Final = ("satisfied", "violated", "inconclusive", "pending", "not_certified")
MEANINGS: Final = {
    "violated": "an obligation is violated",
    "not_certified": "the independent checker does not accept something",
    "inconclusive": "a failure may rest on data that are missing",
    "pending": "a deadline lies beyond the data",
    "no_evidence": "there was nothing to check, which says nothing of the control",
    "satisfied": "every obligation that there was is satisfied, with an accepted certificate",
}
STYLE: Final = """
@page { size: A4; margin: 16mm 15mm 18mm; @bottom-right { content: counter(page) " / " counter(pages);
  font: 9px system-ui, sans-serif; color: #5b616e; } }
:root { color-scheme: light; --ink: #1b1d22; --quiet: #5b616e; --line: #d9d6cf; --soft: #f5f3ef;
  --bad: #a61b35; --wait: #805000; --good: #1c6b3c; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 900px; padding: 32px 24px 64px; background: #fff; color: var(--ink);
  font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 26px; line-height: 1.2; margin: 0 0 4px; } h2 { font-size: 18px; margin: 36px 0 4px; }
h3 { font-size: 14px; margin: 18px 0 2px; } p { margin: 2px 0; }
.quiet { color: var(--quiet); } .violated, .not_certified { color: var(--bad); } .satisfied { color: var(--good); }
.inconclusive, .pending, .no_evidence { color: var(--wait); } .outcome { font-weight: 600; white-space: nowrap; }
code { font: 12px/1.45 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
code, td { overflow-wrap: anywhere; } th:first-child { min-width: 9em; } h1, h2, h3, p { overflow-wrap: break-word; }
table { width: 100%; border-collapse: collapse; margin: 8px 0; } th, td { text-align: start; vertical-align: top;
  padding: 5px 10px 5px 0; border-top: 1px solid var(--line); } th { font-size: 12px; font-weight: 600;
  color: var(--quiet); } td:last-child, th:last-child { padding-right: 0; }
td.count, th.count { text-align: end; white-space: nowrap; font-variant-numeric: tabular-nums; }
thead { display: table-header-group; } tr, h3, .keep { break-inside: avoid; } h2, h3 { break-after: avoid; }
ul { margin: 4px 0; padding: 0 0 0 18px; } li { margin: 3px 0; break-inside: avoid; }
.box { background: var(--soft); border: 1px solid var(--line); border-radius: 8px; padding: 10px 14px; margin: 14px 0; }
a { color: inherit; text-underline-offset: 3px; }
@media print { body { max-width: none; padding: 0; font-size: 11px; } .box { background: none; }
  h1 { font-size: 20px; } h2 { font-size: 15px; margin-top: 24px; } h3 { font-size: 12px; } code { font-size: 9.5px; }
  th { font-size: 10px; } a { text-decoration: none; }
  * { print-color-adjust: exact; } }
"""


def evidence_html(evidence: Evidence) -> str:
    """Return evidence as an HTML document, in ASCII only so that no encoding on its way can change it."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    lines = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{_text(_headline(evidence))}</title>",
        f"<style>{STYLE}</style></head><body>",
        f"<h1>{_text(_headline(evidence))}</h1>",
        f"<p>{_text(period_text(evidence.period))}</p>",
        f'<p class="quiet">{_text(data_text(evidence.report.data))}</p>',
        *_warnings(evidence),
        *_overview(evidence),
    ]
    told: set[str] = set()
    for number, control in enumerate(evidence.controls, 1):
        lines += _control(control, number, told)
    lines += [*_rests_on(evidence), *_refusals(evidence)]
    return "\n".join([*lines, "</body></html>", ""]).encode("ascii", "xmlcharrefreplace").decode("ascii")


def _headline(evidence: Evidence) -> str:
    if len(evidence.controls) == 1:
        return f"Evidence for {inert(evidence.controls[0].control)}"
    return f"Evidence for {plural(len(evidence.controls), 'control')}"


def _warnings(evidence: Evidence) -> Iterator[str]:
    refused, told = " violated" if evidence.recheck.refused else "", recheck_text(evidence)
    yield f'<p class="box keep{refused}">{_text(told[:1].upper() + told[1:])}.</p>'
    found = [(code, said) for code, lost, said in problems_text(evidence.report.data) if lost]
    if found:
        yield '<div class="box keep violated"><p>Parts of the input could not be read and were not checked:</p><ul>'
        yield from (f"<li>{_text(f'[{code}] {said}')}</li>" for code, said in found)
        yield "</ul></div>"


def _overview(evidence: Evidence) -> Iterator[str]:
    heads = ("Obligations", *(outcome_text(column).capitalize() for column in _columns(evidence)), "Vacuous")
    cells = "".join(f'<th class="count">{head}</th>' for head in heads)
    yield f"<table><thead><tr><th>Control</th><th>Outcome</th>{cells}</tr></thead><tbody>"
    for number, control in enumerate(evidence.controls, 1):
        counts = control.counts
        note = f'<br><span class="quiet">{rules_text(control)}</span>'
        name = f'<a href="#control-{number}">{_text(control.control)}</a>'
        yield f"<tr><td>{name}</td><td>{_outcome(counts)}{note}</td>{_cells(counts, _columns(evidence))}</tr>"
    yield "</tbody></table>"
    present = {control.counts.outcome for control in evidence.controls} | {one.counts.outcome for one in evidence.rules}
    told = "; ".join(f"{outcome_text(key)}: {said}" for key, said in MEANINGS.items() if key in present)
    yield f'<p class="quiet">{_text(told[:1].upper() + told[1:])}.'
    yield "Vacuous are scopes in which a rule had nothing to check.</p>"


def _columns(evidence: Evidence) -> Sequence[str]:
    """Return the columns of the overview; that obligations are not certified is an exception."""
    some = any(control.counts.not_certified for control in evidence.controls)
    return COLUMNS if some else COLUMNS[:-1]


def _cells(counts: Counts, columns: Sequence[str]) -> str:
    numbers = (counts.obligations, *(getattr(counts, column) for column in columns))
    cells = "".join(f'<td class="count{"" if number else " quiet"}">{number:,}</td>' for number in numbers)
    return f'{cells}<td class="count quiet">{counts.vacuous:,} of {counts.scopes:,}</td>'


def _outcome(counts: Counts) -> str:
    return f'<span class="outcome {counts.outcome}">{_text(outcome_text(counts.outcome))}</span>'


def _control(control: ControlEvidence, number: int, told: set[str]) -> Iterator[str]:
    yield f'<section><h2 id="control-{number}">{_text(control.control)} {_outcome(control.counts)}</h2>'
    yield f'<p class="quiet">{_text(f"{counts_text(control.counts)}; {rules_text(control)}")}</p>'
    for one in control.rules:
        yield from _rule(one, told)
    yield "</section>"


def _rule(one: RuleEvidence, told: set[str]) -> Iterator[str]:
    rule = one.rule
    yield f"<h3>{_text(rule.title or rule.id)} {_outcome(one.counts)}</h3>"
    place = f"{rule.id} · {rule.metadata.severity.value} · {rule.origin.file}:{rule.origin.line}"
    yield f'<p class="quiet">{_text(place)}</p>'
    if rule.metadata.description and rule.id not in told:
        yield f"<p>{_text(rule.metadata.description)}</p>"
    yield f"<p>{_text(counts_text(one.counts))}; {_text(scopes_text(one.counts))}</p>"
    if rule.id in told:
        if one.failures:
            yield '<p class="quiet">Its failures are listed above.</p>'
        return
    told.add(rule.id)
    if one.failures:
        yield "<ul>"
        yield from (_failure(failure) for failure in one.failures[:MOST_FAILURES])
        if len(one.failures) > MOST_FAILURES:
            more = f"… and {len(one.failures) - MOST_FAILURES:,} more, in the JSON document"
            yield f"<li>{_text(more)}</li>"
        yield "</ul>"


def _failure(failure: Violation) -> str:
    place = f"{scope_text(failure.scope.items())} · fingerprint {failure.fingerprint}"
    word = f'<span class="outcome {failure.verdict}">{failure.verdict}</span>'
    return f'<li>{word} {_text(failure.sentence)}<br><span class="quiet">{_text(place)}</span></li>'


def _rests_on(evidence: Evidence) -> Iterator[str]:
    yield "<section><h2>What this rests on</h2><table><tbody>"
    for word, said in checked_lines(evidence):
        yield f"<tr><th>{_text(word)}</th><td>{_text(said)}</td></tr>"
    yield "</tbody></table><table><thead><tr><th>File</th><th>SHA-256</th></tr></thead><tbody>"
    yield from (_file(one) for one in (*evidence.trace_files, *evidence.rule_files))
    yield "</tbody></table>"
    yield (
        '<p class="quiet">facts is the digest of the spans whatever their format, ir that of the clauses that the '
        "rules mean. Whoever has these files and the JSON document that belongs to this page can check it anew: "
        "<code>fluo certify EVIDENCE.json RULES --traces TRACES --complete</code></p></section>"
    )


def _file(digest: Digest) -> str:
    shown = (digest.sha256 or "it could not be read").removeprefix("sha256:")
    return f"<tr><td>{_text(digest.name)}</td><td><code>{_text(shown)}</code></td></tr>"


def _refusals(evidence: Evidence) -> Iterator[str]:
    refused = evidence.recheck.refused
    if not refused:
        return
    yield '<section><h2 class="violated">What the checker refuses</h2><ul>'
    yield from (f"<li>{_text(f'{one.about}: {one.said}')}</li>" for one in refused[:MOST_REFUSALS])
    if len(refused) > MOST_REFUSALS:
        yield f"<li>{_text(f'… and {len(refused) - MOST_REFUSALS:,} more, in the JSON document')}</li>"
    yield "</ul></section>"


def _text(text: str) -> str:
    return html.escape(inert(text))
