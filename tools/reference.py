"""Write the reference pages that are generated from the tables of the package.

``python -m tools.reference`` writes them into ``docs/``, ``--check`` only tells which ones are out of date.
"""

from __future__ import annotations

import argparse
import re
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Final

from fluo_logic.commands import arguments, configuration, settings
from fluo_logic.error_codes import OTHER_CODES
from fluo_logic.errors import RuleFilesError
from fluo_logic.facts import problems, schema
from fluo_logic.lang import codes
from fluo_logic.lang.parse import parse_rules
from fluo_logic.lang.yaml_codes import YAML_CODES
from fluo_logic.lang.yaml_pack import parse_pack
from fluo_logic.logic import Sort
from fluo_logic.tooling.lint_codes import LINT_CODES

ROOT: Final = Path(__file__).resolve().parents[1]
DOCS: Final = ROOT / "docs"
COMMAND: Final = "python -m tools.reference"
LONG_EXAMPLE: Final = 60
"""Characters of one line of an example beyond which it is told by its beginning."""
FAMILIES: Final = (
    ("E", "a rule is wrong: its text, names, types or structure", 2),
    ("U", "a rule is right, but the chosen engine cannot express it", 2),
    ("I", "trace data is wrong, or a part of it", 3),
    ("C", "the command line, a setting or the configuration file is wrong, or a file cannot be written", 3),
    ("V", "an invariant is violated; only `Report.raise_if_violated()` raises it", 1),
    ("X", "a defect of fluo: two answers that must agree do not", 70),
)
"""What the first letter of a code means, and the exit status of the command line."""
GROUPS: Final = (
    ("E10", "Words and brackets"),
    ("E11", "Words and brackets"),
    ("E12", "Parts of a rule"),
    ("E13", "Blocks, relations, examples"),
    ("E14", "What a rule asks for"),
    ("E2", "Names and variables"),
    ("E3", "Types and operators"),
    ("E5", "Files"),
    ("E6", "Packs in YAML"),
)
INPUT_GROUPS: Final = (
    ("I1", "Opening an input"),
    ("I2", "Decoding it"),
    ("I3", "Records of it"),
    ("I4", "Soundness: nothing was lost, but something cannot be right"),
    ("I5", "Writing spans: nothing was written"),
)
OTHER_GROUPS: Final = (
    (
        "U",
        "What an engine or a form cannot express",
        """
            The rule is right. Nothing is approximated: what cannot be said exactly is not said. The place of the
            clause in the rule is told.
        """,
    ),
    (
        "C",
        "Command line, settings, files",
        "Nothing was checked yet, unless a report could not be written.",
    ),
    (
        "V",
        "Violations as exceptions",
        "`Report.raise_if_violated()` and tests with invariants raise them, with the report beside the message.",
    ),
    (
        "X",
        "Defects of fluo",
        """
            Two answers that must agree do not, so neither is given. Please report it, with the rules and traces at
            hand; `FLUO_DEBUG=1` shows the traceback.
        """,
    ),
)
SORTS: Final = {
    Sort.TRACE: "a trace",
    Sort.SPAN: "a span",
    Sort.EVENT: "an event of a span",
    Sort.TEXT: "a text",
    Sort.NUMBER: "a number",
}
STATUS_LINE: Final = re.compile(r"^ {2}(\d+) {2}(.*)$")


def note(source: str) -> str:
    """Return the first lines of a generated page, after its title."""
    return f"<!-- Generated from {source}: edit that, then run `{COMMAND}`. -->"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a Markdown table."""
    yield f"| {' | '.join(head)} |"
    yield f"|{'|'.join(['---'] * len(head))}|"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


def prose(text: str) -> str:
    """Return a paragraph as one line."""
    return " ".join(text.split())


def code(text: str) -> str:
    """Return a text as Markdown code."""
    return f"`{text}`"


def errors_page() -> str:
    """Return ``errors.md``: every code of the rule language and of trace data."""
    lines = [
        "# Errors",
        "",
        note("fluo_logic/lang/codes.py, fluo_logic/facts/problems.py and fluo_logic/error_codes.py"),
        "",
    ]
    lines += [
        prose("""
            Every error has a code that stays the same between versions, a place, a sentence that says what is
            wrong, and a hint where there is one. The first letter tells what it is about:
        """),
        "",
        *table(
            ("Codes", "About", "Exit status"),
            [(f"`{letter}…`", about, str(status)) for letter, about, status in FAMILIES],
        ),
        "",
        prose("""
            A file with several mistakes reports all of them. Beside each code of a rule stands an example, and what
            is said about it.
        """),
    ]
    title = ""
    for row in (*codes.CODES.values(), *YAML_CODES.values()):
        group = next(name for prefix, name in GROUPS if row.code.startswith(prefix))
        if group != title:
            title = group
            lines += ["", f"## {title}"]
        lines += ["", f"### {row.code}: {row.title}", "", row.explanation]
        if row.example:
            lines += ["", *_answer(row.example, yaml=row.code in YAML_CODES)]
    lines += ["", "## Trace data", ""]
    lines += [
        prose("""
            What cannot be read is told on standard error and listed in the report; everything else is read on.
            Where something was lost the exit status is 3, so that a run never looks clean on half of the data.
        """),
    ]
    for prefix, name in INPUT_GROUPS:
        found = [(row, kind) for row, kind in problems.CATALOGUE.items() if row.value.startswith(prefix)]
        lines += [
            "",
            f"### {name}",
            "",
            *table(
                ("Code", "What is wrong", "Lost", "Hint"),
                [
                    (code(row.value), kind.title, "yes" if kind.rejected else "no", kind.hint or "")
                    for row, kind in found
                ],
            ),
        ]
    for prefix, name, told in OTHER_GROUPS:
        rows = [row for row in OTHER_CODES.values() if row.code.startswith(prefix)]
        head = ("Code", "What is wrong", "What helps") if any(row.remedy for row in rows) else ("Code", "What is wrong")
        cells = [(code(row.code), row.about, row.remedy)[: len(head)] for row in rows]
        lines += ["", f"## {name}", "", prose(told), "", *table(head, cells)]
    return "\n".join(lines) + "\n"


def _answer(example: str, *, yaml: bool) -> Iterator[str]:
    """Yield what fluo says to an example, as a block; a very long line is told in words."""
    _, mistakes = parse_pack(example, "pack.yaml") if yaml else parse_rules(example, "rule.fluo")
    said = str(RuleFilesError(mistakes))
    if max(map(len, example.splitlines())) > LONG_EXAMPLE and example.count("(") > LONG_EXAMPLE // 2:
        said = said.splitlines()[0]
    yield from ("```text", said, "```")


def facts_page() -> str:
    """Return ``facts.md``: the predicates that rules, engines and proofs share."""
    lines = ["# Facts", "", note("fluo_logic/facts/schema.py"), ""]
    lines += [
        prose("""
            Rules become clauses over these predicates, whichever engine derives them, and proofs cite them. A span
            is named by its trace id and span id together. Values that engines cannot hold exactly (64-bit integers,
            doubles, times, texts) stay outside of them: a clause refers to the value as a term over its span, and
            the comparison is evaluated exactly.
        """),
        "",
        "## Facts that clauses use as atoms",
        "",
        *_facts(schema.ATOMS),
        "",
        "## Facts that clauses use as values of a span",
        "",
        *_facts(schema.VALUES),
        "",
        "## Sorts of arguments",
        "",
        *table(("Sort", "Stands for"), [(sort.name.lower(), SORTS[sort]) for sort in Sort if sort in _sorts()]),
    ]
    return "\n".join(lines) + "\n"


def _facts(facts: Sequence[schema.Fact]) -> Iterator[str]:
    rows = [
        (
            code(f"{fact.predicate}({', '.join(name for name, _ in fact.arguments)})"),
            ", ".join(sort.name.lower() for sort in fact.sorts),
            fact.meaning,
        )
        for fact in facts
    ]
    return table(("Fact", "Sorts", "Meaning"), rows)


def _sorts() -> set[Sort]:
    return {sort for fact in schema.FACTS.values() for sort in fact.sorts}


def cli_page() -> str:
    """Return ``cli.md``: verbs, options, exit statuses and settings."""
    lines = ["# Command line", "", note("fluo_logic/commands/arguments.py and fluo_logic/commands/settings.py"), ""]
    lines += [*table(("Verb", "Does"), [(f"[`fluo {verb}`](#fluo-{verb})", does) for verb, does in _verbs()]), ""]
    lines += [
        prose("""
            `fluo --version` tells the version, `fluo VERB --help` what a verb takes. Reports go to standard output,
            everything else to standard error. A terminal gets colour unless `--no-color` or `NO_COLOR` says
            otherwise; a pipe gets none unless `FORCE_COLOR` does.
        """),
    ]
    for verb, does in _verbs():
        parser = _parsers()[verb]
        lines += ["", f"## fluo {verb}", "", f"{does[0].upper()}{does[1:]}.", ""]
        lines += ["```text", parser.usage or "", "```", "", *_options(parser)]
        lines += ["", "Exit status, the first that applies:", "", *_statuses(parser.epilog or "")]
    lines += [
        "",
        prose("""
            Whatever the verb: 70 is a defect of fluo (`FLUO_DEBUG=1` shows the traceback), 130 an interruption, 141
            that the reader of the output went away.
        """),
        "",
        "## Settings",
        "",
        prose(f"""
            An option of the command line goes before an environment variable, and that before
            `{configuration.OWN_FILE}` or the table `[{configuration.TABLE}]` of `{configuration.PROJECT_FILE}` in
            the current directory (one of them, not both). In an environment variable, commas separate the items of
            a list. A key that does not exist is an error.
        """),
        "",
        *table(("Key in a file", "Option", "Environment variable", "Default"), list(_settings())),
    ]
    return "\n".join(lines) + "\n"


def _verbs() -> list[tuple[str, str]]:
    return [(name, verb.summary) for name, verb in arguments.VERBS.items()]


def _parsers() -> dict[str, ArgumentParser]:
    (group,) = [
        action
        for action in arguments._parser()._actions  # noqa: SLF001 - argparse has no public way to list its actions
        if isinstance(action, argparse._SubParsersAction)  # noqa: SLF001
    ]
    return {verb: parser for verb, parser in group.choices.items() if isinstance(parser, ArgumentParser)}


def _options(parser: ArgumentParser) -> Iterator[str]:
    rows = []
    for action in parser._actions:  # noqa: SLF001 - likewise
        if "--help" in action.option_strings:
            continue
        names = ", ".join(code(name) for name in action.option_strings)
        value = action.metavar if isinstance(action.metavar, str) else ""
        shown = f"{names} {value}".rstrip() if names else code(value)
        rows.append((shown, " ".join((action.help or "").split())))
    return table(("Argument", "Meaning"), rows)


def _statuses(text: str) -> Iterator[str]:
    found = [found.groups() for found in map(STATUS_LINE.match, text.splitlines()) if found is not None]
    return table(("Status", "Meaning"), found)


def _settings() -> Iterator[tuple[str, str, str, str]]:
    defaults = {field.name: field.default for field in fields(settings.Settings)}
    for row in settings.ROWS:
        option = "RULES" if row.key == "rules" else f"`--{row.key}`"
        yield (
            code(row.key) if row.in_file else "—",
            option,
            code(row.variable),
            _default(defaults[row.field]),
        )


def _default(value: object) -> str:
    match value:
        case None | ():
            return ""
        case bool():
            return "true" if value else "false"
        case (settings.Output(form=form),):
            return form
        case _:
            return str(value)


def lint_page() -> str:
    """Return ``lint.md``: every code of ``fluo lint``."""
    lines = ["# Lint", "", note("fluo_logic/tooling/lint_codes.py"), ""]
    lines += [
        prose("""
            `fluo lint RULES` points at rules that are right, and may still not say what their authors mean. With
            `--traces` it also looks up what the rules name (the codes from L201 on). `--select` and `--ignore` take
            codes and beginnings of codes. The exit status is 1 where a warning or an error was found.
        """),
        "",
        *table(
            ("Code", "Level", "About"), [(code(row.code), row.level.value, row.title) for row in LINT_CODES.values()]
        ),
    ]
    for row in LINT_CODES.values():
        lines += ["", f"## {row.code}: {row.title}", "", row.explanation, "", "```text", row.example, "```"]
    return "\n".join(lines) + "\n"


def pages() -> dict[Path, str]:
    """Return the text of every generated page."""
    return {
        DOCS / "errors.md": errors_page(),
        DOCS / "facts.md": facts_page(),
        DOCS / "cli.md": cli_page(),
        DOCS / "lint.md": lint_page(),
    }


def main(words: Sequence[str] | None = None) -> int:
    """Write the pages; with ``--check``, return 1 where one is out of date."""
    parser = argparse.ArgumentParser(prog=COMMAND, description="Write the generated pages of the documentation.")
    parser.add_argument("--check", action="store_true", help="write nothing, and exit with 1 if a page is out of date")
    check: bool = parser.parse_args(words).check
    stale = [page for page, text in pages().items() if not page.exists() or page.read_text(encoding="utf-8") != text]
    for page in stale:
        name = page.relative_to(ROOT).as_posix()
        if check:
            sys.stdout.write(f"{name} is out of date: run `{COMMAND}`\n")
        else:
            page.write_text(pages()[page], encoding="utf-8")
            sys.stdout.write(f"wrote {name}\n")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
