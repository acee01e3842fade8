"""The documentation's site, read from a folder: it can be searched where no server and no network is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest

from tests.browser.conftest import Driver

ROOT: Final = Path(__file__).resolve().parents[2]
FOUND: Final = "return [...document.querySelectorAll('.md-search-result__link')].map(link => link.href)"


@pytest.mark.skipif(find_spec("material") is None, reason="needs the extra `docs`")
def test_a_site_that_is_opened_as_a_file_can_be_searched(chromium: Driver, tmp_path: Path) -> None:
    """A search finds the one page that has the word, from a page of another folder, and says nothing on the console."""
    from selenium.webdriver.support.wait import WebDriverWait  # noqa: PLC0415 - needs the extra

    docs = tmp_path / "docs"
    shutil.copytree(ROOT / "docs" / "assets", docs / "assets")
    (docs / "there").mkdir()
    (docs / "index.md").write_text("# Start\n\nNothing.\n", encoding="utf-8")
    (docs / "there" / "one.md").write_text("# One\n\nA deadline.\n", encoding="utf-8")
    (tmp_path / "mkdocs.yml").write_text(
        f"INHERIT: {ROOT / 'mkdocs.yml'}\nhooks: []\nnav: [index.md, there/one.md]\nsite_dir: site\n", encoding="utf-8"
    )
    subprocess.run(  # noqa: S603
        [sys.executable, "-m", "mkdocs", "build", "--quiet"],
        cwd=tmp_path,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        check=True,
        capture_output=True,
    )
    page = tmp_path / "site" / "there" / "one.html"
    chromium.get(f"{page.as_uri()}?q=deadline")
    found = WebDriverWait(chromium, 20).until(lambda browser: browser.execute_script(FOUND))
    assert {link.partition("?")[0] for link in found} == {page.as_uri()}
    assert chromium.get_log("browser") == []
