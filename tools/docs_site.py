"""Hooks of MkDocs: what the site has beyond ``docs/``, and links that lead there.

The documents are read on their own as well, so they link to files of the repository. Each such file becomes part of
the site: Markdown and sources as pages, other files as they are, folders as lists. A code of an error or of lint has a
page of its own, made from the reference and the tables behind it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Final

import pygments.lexers
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

from fluo_logic.error_codes import OTHER_CODES
from fluo_logic.facts.problems import CATALOGUE
from fluo_logic.lang.codes import CODES
from fluo_logic.lang.yaml_codes import YAML_CODES
from fluo_logic.tooling.lint_codes import LINT_CODES
from tools.notebook_outputs import are_wanted, outputs_of, with_outputs, with_places
from tools.reference import FAMILIES

ROOT: Final = Path(__file__).resolve().parents[1]
TOP: Final = {"README.md": "index.md", "CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md"}
"""Documents at the top of the repository, and their places on the site."""
FILES: Final = "repository"
"""The folder of the site for files of the repository that are no documentation."""
FOLDERS: Final = {"docs/adr": "Decisions", "notebooks": "Notebooks", "schemas": "Schemas"}
"""What some folders are called; the others are called by their paths."""
LANGUAGES: Final = {".py": "python", ".lark": "text", ".fluo": "fluo", ".toml": "toml", ".txt": "text", "": "text"}
"""Sources that are shown as pages, and how they are coloured."""
FENCE: Final = re.compile(r"^```(?P<kind>\S*) ?(?P<words>.*)$")
LINK: Final = re.compile(r"(?<!!)(?P<text>\[(?:[^\[\]]|\[[^\]]*\])*\])\((?P<target>[^)\s]+)\)")
QUOTED: Final = re.compile(r"(?<!\[)`[^`]*`(?!\])")
FRONT: Final = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
SECTION: Final = re.compile(r"^(?P<level>#{2,3}) (?P<code>[EL]\d{3}): (?P<title>.*)$", re.MULTILINE)
ROW: Final = re.compile(r"^\| `(?P<code>[A-Z]\d{3})` \|", re.MULTILINE)
INDENT: Final = re.compile(r"^(?P<spaces> {2,})(?=\S)")
HEADING: Final = re.compile(r"^# (?P<title>.+)$", re.MULTILINE)
ITEM: Final = re.compile(r"^(?:[*-]|\d+\.) ")
CODED: Final = {"errors.md": "errors", "lint.md": "lint"}
"""Pages with a section or a row for each code, and the folder of a page for each."""
UP_TO_HEADING: Final = re.compile(r"^#{1,3} ", re.MULTILINE)


def slug(title: str, separator: str) -> str:
    """Return the anchor of a heading, made as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", separator)


def place(path: str) -> str:
    """Return where on the site a file or folder of the repository is, from its path in the repository."""
    if path in TOP:
        return TOP[path]
    if path.startswith("docs/"):
        inside = path.removeprefix("docs/")
        return f"{inside}/index.md" if (ROOT / path).is_dir() else inside
    if path.startswith("notebooks/") and path.endswith(".md"):
        return path
    if (ROOT / path).is_dir():
        return f"{FILES}/{path}/index.md"
    return f"{FILES}/{path}.md" if PurePosixPath(path).suffix in LANGUAGES else f"{FILES}/{path}"


def rewritten(text: str, path: str, site_path: str, found: Callable[[str], None]) -> str:
    """Return a document for the site.

    Its links lead to the site, the names of files stand above their blocks, and what belongs to an item of a list is
    indented as far as Python-Markdown wants it, which is further than GitHub does.

    Args:
        text: The Markdown.
        path: Where it is in the repository.
        site_path: Where it will be on the site.
        found: Told each path in the repository that it links to.
    """

    def leading(link: re.Match[str]) -> str:
        target, _, anchor = link["target"].partition("#")
        if not target or ":" in target:
            return link[0]
        there = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        if not (ROOT / there).exists():
            return link[0]  # the strict build tells of it
        found(there)
        on_site = posixpath.relpath(place(there), posixpath.dirname(site_path) or ".")
        return f"{link['text']}({on_site}{'#' if anchor else ''}{anchor})"

    lines: list[str] = []
    inside = False
    within_item = False
    """Whether the paragraph began indented, so that the next item of the list needs an empty line before it."""
    for line in text.splitlines():
        fence = FENCE.match(line)
        if fence is not None:
            inside = not inside
            title = next((word.removeprefix("file=") for word in fence["words"].split() if "file=" in word), None)
            lines.append(f"```{fence['kind']}" + (f' title="{title}"' if title else ""))
        elif inside:
            lines.append(line)
        else:
            quoted = QUOTED.findall(line)
            if not lines or not lines[-1]:
                within_item = line.startswith("  ")
            elif within_item and ITEM.match(line):
                lines.append("")
                within_item = False
            indented = INDENT.sub(lambda found: "    " * (len(found["spaces"]) // 2), QUOTED.sub("\0", line))
            lines.append(_restored(LINK.sub(leading, indented), quoted))
    return "\n".join(lines) + "\n"


def _restored(line: str, quoted: list[str]) -> str:
    for one in quoted:
        line = line.replace("\0", one, 1)
    return line


def source_page(path: str, found: Callable[[str], None]) -> str:
    """Return the page for a file or folder of the repository that is not written for the site."""
    there = ROOT / path
    if there.is_dir():
        names = sorted(one.name for one in there.iterdir() if not one.name.startswith((".", "_")))
        text = f"# {FOLDERS.get(path, path)}\n\n" + "".join(f"* [{_title(there / name)}]({name})\n" for name in names)
        return rewritten(text, f"{path}/index.md", place(path), found)
    text = there.read_text(encoding="utf-8")
    if path.endswith(".md"):
        return rewritten(FRONT.sub("", text), path, place(path), found)
    return f"# {path}\n\n````{LANGUAGES[there.suffix]}\n{text}````\n"


def _title(path: Path) -> str:
    """Return what a file is called in a list: a document by its first heading, others by their names."""
    heading = HEADING.search(path.read_text(encoding="utf-8")) if path.suffix == ".md" else None
    return heading["title"] if heading else path.name


def sections(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield code, title and text of each section of a reference page that is about a code."""
    for head in SECTION.finditer(text):
        end = UP_TO_HEADING.search(text, head.end())
        yield head["code"], head["title"], text[head.end() : end.start() if end else len(text)].strip()


def code_pages() -> dict[str, str]:
    """Return a page for each code of an error or of lint, by its place on the site."""
    pages = {}
    for page, folder in CODED.items():
        for code, title, told in sections((ROOT / "docs" / page).read_text(encoding="utf-8")):
            weight = f"Level: {LINT_CODES[code].level.value}." if code in LINT_CODES else _status(code)
            there = f"{page}#{slug(f'{code}: {title}', '-')}"
            pages[f"{folder}/{code}.md"] = _page(f"{code}: {title}", told, weight, there)
    for problem, kind in CATALOGUE.items():
        code = problem.value
        weight = "Nothing is lost: it is told, and the exit status stays what it is."
        if code.startswith("I5"):
            weight = f"Nothing was written. {_status(code)}"
        elif kind.rejected:
            weight = f"A part of the data is lost, and everything else is checked. {_status(code)}"
        title = kind.title[0].upper() + kind.title[1:]
        pages[f"errors/{code}.md"] = _page(f"{code}: {title}", kind.hint or "", weight, "errors.md#trace-data")
    for other in OTHER_CODES.values():
        remedy = other.remedy.replace("](", "](../")
        told = f"What helps: {remedy}." if remedy else ""
        title = f"{other.code}: {other.about}"
        pages[f"errors/{other.code}.md"] = _page(title, told, _status(other.code), "errors.md")
    missing = {*CODES, *YAML_CODES, *LINT_CODES} - {PurePosixPath(path).stem for path in pages}
    if missing:
        message = f"docs/errors.md and docs/lint.md lack {', '.join(sorted(missing))}: run `python -m tools.reference`"
        raise ValueError(message)
    return pages


def _page(title: str, told: str, weight: str, there: str) -> str:
    """Return the page for a code: what is told of it, how much it weighs, and the page with all codes."""
    around = f"[{'Lint' if there.startswith('lint') else 'Errors'}, all of them](../{there})"
    return "\n\n".join(part for part in (f"# {title}", told, weight, around) if part) + "\n"


def _status(code: str) -> str:
    """Return the sentence about the exit status of the command line that goes with a code."""
    status = next(status for letter, _, status in FAMILIES if code.startswith(letter))
    return f"A command that ends with it has the exit status {status}."


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Make anchors as GitHub makes them, and colour the rule language."""
    config.mdx_configs.setdefault("toc", {})["slugify"] = slug
    pygments.lexers.LEXERS["FluoLexer"] = ("tools.fluo_lexer", "fluo", ("fluo",), ("*.fluo",), ())
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages for codes, the top documents, and whatever is linked to."""
    for path, text in code_pages().items():
        files.append(File.generated(config, path, content=text, inclusion=InclusionLevel.NOT_IN_NAV))
    waiting = [*TOP, "docs/adr", *(f"notebooks/{one.name}" for one in sorted((ROOT / "notebooks").glob("*.md")))]
    for one in sorted((ROOT / "docs").rglob("*.md")):
        inside = one.relative_to(ROOT).as_posix()
        rewritten(one.read_text(encoding="utf-8"), inside, place(inside), waiting.append)
    while waiting:
        path = waiting.pop()
        there = place(path)
        if files.get_file_from_path(there) is not None:
            continue
        if there.endswith(".md"):
            file = File.generated(config, there, content=source_page(path, waiting.append))
        else:
            file = File.generated(config, there, abs_src_path=str(ROOT / path))
        if there.startswith(FILES):
            file.inclusion = InclusionLevel.NOT_IN_NAV
        files.append(file)
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Prepare a document of ``docs/``; the others were made for the site."""
    path = page.file.src_uri
    if path.startswith(FILES):
        page.meta["search"] = {"exclude": True}
    if path.startswith("notebooks/") and are_wanted():
        page.meta["outputs"] = outputs_of(ROOT / path)
        return with_places(markdown, page.meta["outputs"])
    if page.file.generated_by is not None:
        return _coloured(markdown) if path.startswith("lint/") else markdown
    text = rewritten(markdown, f"docs/{path}", path, _ignored)
    if path in CODED:
        folder = CODED[path]
        text = SECTION.sub(rf"\g<level> [\g<code>]({folder}/\g<code>.md): \g<title>", text)
        text = ROW.sub(rf"| [`\g<code>`]({folder}/\g<code>.md) |", text)
    if path == "lint.md":
        text = _coloured(text)
    return text


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Put what the cells of a notebook show into its page."""
    return with_outputs(html, page.meta["outputs"]) if "outputs" in page.meta else html


def _coloured(text: str) -> str:
    """Colour the examples of lint, which are no whole files and so are texts in the document."""
    return text.replace("```text", "```fluo")


def _ignored(_path: str) -> None:
    """Do nothing with a path: what is linked to was found before."""
