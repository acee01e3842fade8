"""The tables of the language reference and the cases of the corpus cover each other."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROWS = tomllib.loads((Path(__file__).parent / "language_rows.toml").read_text(encoding="utf-8"))
CASES = ROOT / "tests" / "cases"
FOLDERS = {kind: ROOT / "tests/lang" / kind for kind in ("good", "errors", "packs")}
CELL = re.compile(r"(?<!\\)\|")


def rows() -> Iterator[tuple[str, str]]:
    """Each row of each table of the reference: its section, and its first cell that says something of its own."""
    lines = (ROOT / "docs/language.md").read_text(encoding="utf-8").splitlines()
    section = ""
    for number, line in enumerate(lines):
        if line.startswith("#"):
            section = line.strip("# ")
        is_rule = bool(line) and set(line) <= set("|-: ")
        is_head = number + 1 < len(lines) and set(lines[number + 1]) <= set("|-: ") and "|" in lines[number + 1]
        if line.startswith("|") and not is_rule and not is_head:
            cells = [cell.strip() for cell in CELL.split(line)[1:-1]]
            # A table of parts names the part once and then what is written for it.
            yield section, cells[1] if section == "The parts of a rule" else cells[0]


def test_every_row_has_cases_and_every_named_row_stands() -> None:
    """Each row of the reference names at least one case, and no case is named for a row that is gone."""
    written = set(rows())
    named = {(section, row) for section, table in ROWS.items() for row in table}
    assert written - named == set(), "rows without a case: add them to tests/docs/language_rows.toml"
    assert named - written == set(), "rows that the reference no longer has"
    assert all(cases for table in ROWS.values() for cases in table.values())


def test_every_named_case_is_a_folder_and_every_case_has_a_row() -> None:
    """Each case that a row names exists, and each case of the corpus shows some row."""
    shown = {case for table in ROWS.values() for cases in table.values() for case in cases}
    for case in shown:
        kind, colon, pattern = case.partition(":")
        found = list(FOLDERS[kind].glob(pattern)) if colon else [CASES / case]
        assert found, case
        assert all((path / ("pack.yaml" if kind == "packs" else "rule.fluo")).exists() for path in found), case
    corpus = {f"{path.parent.parent.name}/{path.parent.name}" for path in CASES.glob("*/*/rule.fluo")}
    assert corpus - shown == set(), "cases without a row: add them to tests/docs/language_rows.toml"
