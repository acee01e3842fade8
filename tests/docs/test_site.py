"""The documentation as a site: built with warnings as errors, whole, and readable without a network."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urldefrag

import cmarkgfm
import pytest
import yaml

from fluo_logic.error_codes import OTHER_CODES
from fluo_logic.facts.problems import CATALOGUE
from fluo_logic.lang.codes import CODES
from fluo_logic.lang.yaml_codes import YAML_CODES
from fluo_logic.tooling.lint_codes import LINT_CODES

if find_spec("material") is None:  # its package has no stubs, so nothing is imported here
    pytest.skip("mkdocs-material is not installed (extra `docs`)", allow_module_level=True)

from pygments.token import Token

from tools.docs_site import FRONT, TOP, place, rewritten
from tools.fluo_lexer import FluoLexer

ROOT: Final = Path(__file__).resolve().parents[2]
SHOWN: Final = [
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "notebooks").glob("*.md")),
    *(ROOT / name for name in TOP),
]
"""The documents that readers are led to."""
COUNTED: Final = ("h1", "h2", "h3", "ul", "ol", "li", "table", "tr", "em", "strong", "blockquote", "pre")
"""Elements by which it shows whether two programs understood a document alike."""
LOADED: Final = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "object": "data"}
"""Attributes that make a browser fetch something; of links of a head, those that are no mere relation."""
RELATIONS: Final = {"canonical", "next", "prev", "license", "author"}
FETCHED: Final = re.compile(r"""(?:url\(|@import)\s*["']?(?:https?:)?//""")


@dataclass(slots=True)
class Html(HTMLParser):
    """What a page of the site has: elements of its text, links, targets and what a browser fetches."""

    text: str
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTED, 0))
    links: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)
    loaded: list[str] = field(default_factory=list)
    inside: bool = False

    def __post_init__(self) -> None:
        HTMLParser.__init__(self)
        self.feed(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        given = {name: value or "" for name, value in attrs}
        self.inside = self.inside or tag == "article"
        if self.inside and tag in self.counts:
            self.counts[tag] += 1
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag == "link" and given.get("rel") not in RELATIONS:
            self.loaded.append(given["href"])
        elif tag in LOADED and LOADED[tag] in given:
            self.loaded.append(given[LOADED[tag]])
        if "mermaid" in given.get("class", "").split():
            self.loaded.append("https://unpkg.com/mermaid")  # which the theme's script would fetch

    def handle_endtag(self, tag: str) -> None:
        """Note where the text ends."""
        self.inside = self.inside and tag != "article"


@cache
def navigation() -> list[str]:
    """Return the places of the pages that the navigation leads to, in order."""

    class Loader(yaml.SafeLoader):
        pass

    def pages(entry: Any) -> list[str]:  # noqa: ANN401
        if isinstance(entry, str):
            return [entry]
        return [page for one in (entry.values() if isinstance(entry, dict) else entry) for page in pages(one)]

    return pages(yaml.load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"), Loader)["nav"])  # noqa: S506


def _inside(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_every_document_is_in_the_navigation_once() -> None:
    """No document is left out of the site, and none is named twice."""
    assert sorted(navigation()) == sorted({*(place(_inside(path)) for path in SHOWN), "adr/index.md"})


def test_the_site_is_whole(tmp_path: Path) -> None:
    """The site builds without a warning, its links lead somewhere, and a browser fetches nothing from elsewhere.

    It has a page for every code, and shows the same headings, lists, tables and blocks that GitHub does.
    """
    built = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    # `--quiet` would keep warnings from being counted.
    told = [line for line in (built.stdout + built.stderr).splitlines() if not line.startswith("INFO")]
    assert (built.returncode, told) == (0, [])
    pages = {path: Html(path.read_text(encoding="utf-8")) for path in sorted(tmp_path.rglob("*.html"))}
    dead = [
        f"{path.relative_to(tmp_path)}: {link}" for path, page in pages.items() for link in _dead(path, page, pages)
    ]
    assert dead == []
    fetched = {url for page in pages.values() for url in page.loaded if url.startswith(("http:", "https:", "//"))}
    assert fetched == set()
    assert [path for path in tmp_path.rglob("*.css") if FETCHED.search(path.read_text(encoding="utf-8"))] == []
    codes = {*CODES, *YAML_CODES, *OTHER_CODES, *(code.value for code in CATALOGUE)}
    assert {path.stem for path in (tmp_path / "errors").glob("*.html")} == codes
    assert {path.stem for path in (tmp_path / "lint").glob("*.html")} == {*LINT_CODES}
    for path in SHOWN:
        github = cmarkgfm.github_flavored_markdown_to_html(FRONT.sub("", path.read_text(encoding="utf-8")))
        shown = pages[tmp_path / place(_inside(path)).replace(".md", ".html")]
        assert shown.counts == Html(f"<article>{github}</article>").counts, path.name


def _dead(path: Path, page: Html, pages: dict[Path, Html]) -> list[str]:
    """Return the links of a page that lead to no page or to no part of it."""
    dead = []
    for link in page.links:
        target, anchor = urldefrag(unquote(link))
        if ":" in target or path.name == "404.html":
            continue
        there = (path.parent / target).resolve() if target else path
        if not there.is_file() or (anchor and there in pages and anchor not in pages[there].anchors):
            dead.append(link)
    return dead


def test_links_of_a_document_lead_to_the_site() -> None:
    """Files of the repository become part of the site; what is code stays as it is; a block is headed by its file."""
    found: list[str] = []
    text = (
        "See `[a](../README.md)`, [it](../README.md#install), [`s`](../schemas/fluo-report-1.json) and "
        "[errors](errors.md).\n\n* one\n  more\n\n  last\n* two\n\n"
        "```fluo file=a.fluo\nrule a { never { b } }  # [x](../README.md)\n```\n"
    )
    assert rewritten(text, "docs/some.md", "some.md", found.append) == (
        "See `[a](../README.md)`, [it](index.md#install), [`s`](repository/schemas/fluo-report-1.json) and "
        '[errors](errors.md).\n\n* one\n    more\n\n    last\n\n* two\n\n```fluo title="a.fluo"\n'
        "rule a { never { b } }  # [x](../README.md)\n```\n"
    )
    assert found == ["README.md", "schemas/fluo-report-1.json", "docs/errors.md"]


def test_the_rule_language_is_coloured() -> None:
    """Words of the language are told from the same words inside names, texts and comments."""
    rule = 'rule a "when" { when { a.count.where(x-when == 2s) as $x } never { b before $x } } // when\n'
    tokens = [(kind, text) for kind, text in FluoLexer().get_tokens(rule) if text.strip()]
    assert [text for kind, text in tokens if kind is Token.Keyword] == ["rule", "when", "as", "never", "before"]
    assert "".join(text for _, text in FluoLexer().get_tokens(rule)) == rule
