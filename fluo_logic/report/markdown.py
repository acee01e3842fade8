"""A report as Markdown for the summary of a workflow's step, or a comment: what a trace says stays text in it."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from typing import Final

from fluo_logic.explain.text import SENTENCE, Style, proof_lines, scope_text
from fluo_logic.explain.words import plural, shortened
from fluo_logic.report.markup import NOTHING, code, fenced, plain
from fluo_logic.report.tally import MARKS, Tally, data_text, headline, problems_text, tallies
from fluo_logic.report.violation import VERDICTS, Report, Violation

LARGEST: Final = 900_000
"""How many bytes of violations are written: GitHub refuses the summary of a step beyond a mebibyte."""
PROBLEMS: Final = 10
"""How many problems of the input are told."""
EXCUSED: Final = 100
"""How many waived violations are listed."""
WIDTH: Final = 100


def report_markdown(report: Report) -> str:
    """Return the page: what was found, a table of the rules, worst first, and each violation, its proof folded in."""
    mark = MARKS["satisfied" if report.ok else "violated"]
    found = sorted(tallies(report), key=lambda tally: list(MARKS).index(tally.outcome))
    first, _, rest = headline(report).partition(", ")
    blocks = [
        f"## {mark} fluo: {first}",
        f"{f'{rest} — ' if rest else ''}{plural(len(report.rules), 'rule')} on {data_text(report.data)}",
        *_problems(report),
        *_waivers(report),
        *([_table(found)] if found else []),
    ]
    left = LARGEST - sum(len(block.encode()) for block in blocks)
    violations = [block for tally in found for block in _violations(tally)]
    for number, block in enumerate(violations):
        left -= len(block.encode()) + 2
        if left < 0:
            blocks.append(f"… and {len(violations) - number:,} more that this page has no room for")
            break
        blocks.append(block)
    return "\n\n".join([*blocks, *_excused(found)]) + "\n"


def _problems(report: Report) -> Iterator[str]:
    problems = list(problems_text(report.data))
    if not problems:
        return
    items = [f"* {'lost' if rejected else 'odd'}: {plain(said)} ({code_})" for code_, rejected, said in problems]
    if len(items) > PROBLEMS:
        items = [*items[:PROBLEMS], f"* … and {len(items) - PROBLEMS:,} more"]
    yield "\n".join(["**Input**", "", *items])


def _waivers(report: Report) -> Iterator[str]:
    items = [
        f"* {code(use.waiver.rule)}: **expired** on {use.waiver.expires}, fits {plural(use.fits, 'violation')}; "
        f"{plain(use.waiver.text)}"
        for use in report.expired
    ]
    items += [f"* {code(use.waiver.rule)}: fits no violation; {plain(use.waiver.text)}" for use in report.unused]
    if items:
        yield "\n".join(["**Waivers**", "", *items])
    if report.baseline is not None and report.baseline.fixed:
        fixed = [f"* {code(known.rule)} ({known.fingerprint})" for known in report.baseline.fixed[:PROBLEMS]]
        if len(report.baseline.fixed) > PROBLEMS:
            fixed.append(f"* … and {len(report.baseline.fixed) - PROBLEMS:,} more")
        yield "\n".join(["**Fixed since the baseline**", "", *fixed])


def _table(found: Sequence[Tally]) -> str:
    """Return the table of the rules; zeros and columns without a number are left out."""
    excused = [
        (word, [len(entries) for entries in columns])
        for word, columns in (
            ("waived", [tally.waived for tally in found]),
            ("known", [tally.known for tally in found]),
        )
    ]
    columns: list[tuple[str, list[int]]] = [
        ("violations", [len(tally.violated) for tally in found]),
        *((word, counts) for word, counts in excused if any(counts)),
    ]
    for verdict in VERDICTS:
        counts = [tally.rule.verdicts[verdict] for tally in found]
        if any(counts) or verdict == "satisfied":
            columns.append((f"scopes {verdict}", counts))
    head = ["", "rule", "severity", *(word for word, _ in columns)]
    lines = [f"| {' | '.join(head)} |", f"| --- | --- | --- |{' ---: |' * len(columns)}"]
    for number, tally in enumerate(found):
        title = f"<br>{plain(tally.rule.title)}" if tally.rule.title else ""
        name = f"{code(tally.rule.id, in_table=True)}{title}"
        cells = [
            MARKS[tally.outcome],
            name,
            tally.rule.severity,
            *(f"{counts[number]:,}" if counts[number] else "" for _, counts in columns),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _violations(tally: Tally) -> Iterator[str]:
    for number, violation in enumerate((*tally.violated, *tally.undecided)):
        title = f": {plain(tally.rule.title)}" if tally.rule.title else ""
        heading = f"### {code(tally.rule.id)}{title}\n\n" if not number else ""
        yield f"{heading}{_violation(violation)}"


def _violation(violation: Violation) -> str:
    verdict = "" if violation.verdict == "violated" else f"{violation.verdict}: "
    said = f"{MARKS[violation.verdict]} {verdict}{shortened(violation.sentence, SENTENCE)}"
    where = f"{code(scope_text(violation.scope.items()))}, fingerprint {code(violation.fingerprint)}"
    if violation.proof is None:
        return f"{plain(said)}<br>{where}"
    # Inside of the tag it is HTML that is read, not Markdown.
    summary = html.escape(said, quote=False).replace("@", f"@{NOTHING}").replace("#", f"#{NOTHING}")
    proof = fenced(proof_lines(violation.proof, Style(width=WIDTH)))
    return f"<details><summary>{summary}</summary>\n\n{where}\n\n{proof}\n\n</details>"


def _excused(found: Sequence[Tally]) -> Iterator[str]:
    """Yield what does not count: the waived violations one by one, of the known ones only how many."""
    waived = [
        f"* {code(tally.rule.id)}: {plain(shortened(violation.sentence, SENTENCE))} — {plain(violation.waiver.text)}"
        for tally in found
        for violation in tally.waived
        if violation.waiver is not None
    ]
    known = [f"* {code(tally.rule.id)}: {len(tally.known):,}" for tally in found if tally.known]
    for title, items in (("waived", waived), ("known to the baseline", known)):
        if items:
            shown = items[:EXCUSED]
            if len(items) > EXCUSED:
                shown = [*shown, f"* … and {len(items) - EXCUSED:,} more"]
            summary = f"<details><summary>{len(items):,} {title}</summary>"
            yield "\n".join([summary, "", *shown, "", "</details>"])
