"""The notebooks run from the first cell to the last, and their two forms are in step."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import pytest

pytest.importorskip("ipykernel", reason="needs what notebooks are run with")
nbformat = pytest.importorskip("nbformat", reason="likewise")
pytest.importorskip("jupytext", reason="likewise")

from tools.notebook_outputs import outputs_of, with_outputs, with_places  # noqa: E402 - likewise
from tools.notebooks import COMMAND, FOLDER, executed, main, texts, written  # noqa: E402 - needs what was asked for

TEXTS: Final = texts()
NEEDED: Final = {
    "01-first-violation": ("opentelemetry.sdk",),
    "02-exploring-an-incident": ("opentelemetry.sdk", "pyDatalog"),
    "04-writing-a-rule": ("clingodl",),
    "05-a-million-spans": ("duckdb", "pyarrow"),
}
SMALL: Final = "12000"
LINK: Final = re.compile(r"\]\((?!https?:)([^)#]+)")
every_notebook = pytest.mark.parametrize("text", TEXTS, ids=lambda text: text.stem)


def outputs(notebook: Any) -> str:  # noqa: ANN401 - nbformat is hardly typed
    """Return the texts that the cells of a notebook show."""
    shown = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    return "\n".join(output.get("text") or output.get("data", {}).get("text/plain", "") for output in shown)


@every_notebook
def test_a_notebook_runs(text: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """No cell fails, nothing warns, and what is shown has HTML with a text beside it."""
    for module in NEEDED.get(text.stem, ()):
        pytest.importorskip(module)
    monkeypatch.setenv("FLUO_NOTEBOOK_SPANS", SMALL)
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    done = executed(text)
    capfd.readouterr()
    shown = outputs(done)
    assert "Warning" not in shown
    assert "Traceback" not in shown
    data = [
        output.data for cell in done.cells if cell.cell_type == "code" for output in cell.outputs if "data" in output
    ]
    assert any("<iframe" in item.get("text/html", "") for item in data)
    assert all("text/plain" in item for item in data)


@every_notebook
def test_the_forms_of_a_notebook_are_in_step(text: Path, request: pytest.FixtureRequest) -> None:
    """The notebook holds the cells of its text, and no outputs."""
    path = text.with_suffix(".ipynb")
    if request.config.getoption("--update-goldens"):
        path.write_text(written(text), encoding="utf-8")
    assert path.read_text(encoding="utf-8") == written(text), f"run `{COMMAND}`"
    read = nbformat.read(path, as_version=4)
    assert all(not cell.outputs and cell.execution_count is None for cell in read.cells if cell.cell_type == "code")


@every_notebook
def test_links_of_a_notebook_lead_somewhere(text: Path) -> None:
    """Links within the repository lead to files."""
    for target in LINK.findall(text.read_text(encoding="utf-8")):
        assert (FOLDER / target).exists(), target


def test_every_notebook_has_a_text() -> None:
    """No notebook is without its text, and the command finds all in step."""
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == {text.stem for text in TEXTS}
    assert main(["--check"]) == 0


def test_what_cells_show_comes_into_the_page(tmp_path: Path) -> None:
    """On the site, HTML stands behind its cell as it is, and text is never markup."""
    cells = ['print("<b>1</b>")', "nothing = 1", 'from IPython.display import HTML\nHTML("<b>2</b>")']
    text = tmp_path / "cells.md"
    text.write_text("\n\n".join(f"```python\n{cell}\n```" for cell in cells) + "\n", encoding="utf-8")
    outputs = outputs_of(text)
    assert outputs == [
        '<pre class="output">&lt;b&gt;1&lt;/b&gt;\n</pre>',
        "",
        '<div class="output"><b>2</b></div>',
    ]
    places = [line for line in with_places(text.read_text(encoding="utf-8"), outputs).splitlines() if "FLUO" in line]
    assert places == ["FLUO-OUTPUT-0", "FLUO-OUTPUT-2"]
    assert with_outputs("<p>FLUO-OUTPUT-2</p>", outputs) == outputs[2]
