"""Rules that are wrong: each folder of ``errors`` holds a rule file and everything that is said about it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from fluo_logic.errors import RuleFilesError
from fluo_logic.lang.codes import CODES
from fluo_logic.lang.parse import parse_rules
from fluo_logic.lang.slips import SLIPS
from fluo_logic.lang.slips.slip import Slip
from fluo_logic.lang.yaml_codes import YAML_CODES

HERE = Path(__file__).parent
CASES = sorted(path.parent for path in (HERE / "errors").glob("*/rule.fluo"))
SOURCES = HERE.parent.parent / "fluo_logic" / "lang"
WITH_EXAMPLE = [code for code in CODES.values() if code.example]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_faulty_file_is_answered(case: Path, golden: Callable[[Path, str], None]) -> None:
    """All mistakes of a file are reported, each with its code, its place and, where there is one, a hint."""
    _, errors = parse_rules((case / "rule.fluo").read_text(encoding="utf-8"), "rule.fluo")
    assert errors
    golden(case / "expected.txt", str(RuleFilesError(errors)) + "\n")


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: slip.example)
def test_a_slip_is_told_by_its_own_message(slip: Slip) -> None:
    """The example of every row of the table of slips is answered by that row, and by nothing else."""
    _, errors = parse_rules(slip.example, "slip.fluo")
    (error,) = errors
    opening = slip.message.partition("{")[0]
    assert (error.code, error.message[: len(opening)]) == (slip.code, opening)


@pytest.mark.parametrize("code", WITH_EXAMPLE, ids=lambda code: code.code)
def test_the_example_of_a_code_earns_it(code: object) -> None:
    """The documentation's example of each code makes exactly that mistake."""
    row = CODES[str(getattr(code, "code", ""))]
    _, errors = parse_rules(row.example, "example.fluo")
    assert [error.code for error in errors] == [row.code]


def test_every_code_is_documented() -> None:
    """The table of codes holds each code that the language reports, and no other."""
    used = {
        code
        for path in SOURCES.rglob("*.py")
        if path.name not in {"codes.py", "yaml_codes.py"}
        for code in re.findall(r'"(E\d{3})"', path.read_text(encoding="utf-8"))
    }
    assert used == set(CODES) | set(YAML_CODES)
