"""Every folder of ``cases`` holds an input and what reading it has to give.

After a change that is meant, ``FLUO_UPDATE_GOLDENS=1 pytest tests/readers`` writes the files anew.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from fluo_logic.facts.dataset import Dataset
from fluo_logic.facts.readers import read_traces
from tests.readers.compact import compact

CASES = sorted((Path(__file__).parent / "cases").iterdir())


def _in_folder(file: Path, tmp_path: Path) -> Dataset:
    shutil.copy(file, tmp_path)
    return read_traces(tmp_path)


VARIANTS: dict[str, Callable[[Path, Path], Dataset]] = {
    "file": lambda file, _: read_traces([file]),
    "bytes": lambda file, _: read_traces(file.read_bytes()),
    "stdin": lambda file, _: read_traces(["-"], stdin=io.BytesIO(file.read_bytes())),
    "glob": lambda file, _: read_traces(str(file.parent / "input*")),
    "folder": _in_folder,
    "gzip": lambda file, _: read_traces(gzip.compress(file.read_bytes())),
    "zstd": lambda file, _: read_traces(zstandard.compress(file.read_bytes())),
}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_input_gives_what_its_golden_file_says(case: Path, variant: str, tmp_path: Path) -> None:
    """An input gives the same spans and problems, however it is handed over."""
    (file,) = case.glob("input*")
    golden = case / "expected.json"
    found = compact(VARIANTS[variant](file, tmp_path))
    if os.environ.get("FLUO_UPDATE_GOLDENS") and variant == "file":
        golden.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    assert found == json.loads(golden.read_text(encoding="utf-8"))
