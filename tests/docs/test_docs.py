"""Everything that the documentation shows is run: see `tests.docs.markdown` for what the blocks mean.

``pytest tests/docs --update-goldens`` puts what is printed now in the place of what a document says.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.docs.markdown import KINDS, Block, anchors, blocks, links, prose
from tests.docs.session import ROOT, Session
from tools.reference import pages

GENERATED = sorted(pages())
MEASURED = {ROOT / "docs/benchmarks.md"}
"""Its figures are those of one machine on one day, and cannot be printed again."""
NEEDED = {"spark.md": ("pyspark", "duckdb")}
"""Packages that are not installed for development, and without which a document is passed over."""
TOP = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
DOCUMENTS = [*TOP, *(path for path in sorted((ROOT / "docs").glob("*.md")) if path not in {*GENERATED, *MEASURED})]
ALL = [*DOCUMENTS, *GENERATED]
every_document = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
every_page = pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)

CAPITALS = re.compile(r"[A-Z]{3,}")
PATH = re.compile(r"`(\.?(?:[a-z][\w-]*/)+[\w.*-]*|pyproject\.toml|Makefile|[A-Z]+\.md)`")
MAKE = re.compile(r"(?:^|`)make ([a-z]+)", re.MULTILINE)
INSTALL = re.compile(r"pip install (?P<flags>(?:-\S+ )*)'?(?P<what>[\w.]+)(?:\[(?P<extras>[\w,]+)\])?'?")


def read(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


@every_document
def test_what_a_document_shows_is_true(path: Path, tmp_path: Path, golden: Callable[[Path, str], None]) -> None:
    """Commands and programs of a document print what it says, and its rules and settings are right."""
    for package in NEEDED.get(path.name, ()):
        pytest.importorskip(package)
    golden(path, "\n".join(Session(tmp_path).run(read(path))) + "\n")


@every_document
def test_blocks_are_of_a_known_kind(path: Path) -> None:
    """No block of a document escapes its test by being of another kind."""
    assert {block.kind for block in blocks(read(path)) if isinstance(block, Block)} <= KINDS


@every_page
def test_links_lead_somewhere(path: Path) -> None:
    """A link within the repository leads to a file, and to a heading that it has."""
    for link in links(read(path)):
        if link.startswith(("https://", "http://")):
            continue
        target, _, anchor = link.partition("#")
        there = (path.parent / target).resolve() if target else path
        assert there.exists(), f"{path.name} links to {link}"
        if anchor:
            assert anchor in anchors(read(there)), f"{path.name} links to {link}"


@every_document
def test_commands_for_building_name_what_exists(path: Path) -> None:
    """Targets of make exist in the Makefile, and extras of the package in pyproject.toml."""
    text = path.read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert {*MAKE.findall(text)} <= {*targets}
    for found in INSTALL.finditer(text):
        assert found["what"] in {".", project["name"]}, found[0]
        assert {*(found["extras"] or "").split(",")} - {""} <= {*project["optional-dependencies"]}, found[0]


@every_document
def test_paths_that_are_named_exist(path: Path) -> None:
    """A path from the root of the repository exists; in one with a part in capitals, that stands for any name."""
    for line in prose(read(path)):
        for named in PATH.findall(line):
            pattern = CAPITALS.sub("*", named) if "/" in named else named
            assert any(ROOT.glob(pattern.rstrip("/"))), f"{path.name} names {named}"
