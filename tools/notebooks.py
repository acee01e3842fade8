"""Write the notebooks from their texts, ``python -m tools.notebooks``; ``--check`` only tells which are out of step.

``--render FOLDER`` runs them and writes each with its outputs as HTML.  The texts (``notebooks/*.md``) are what is
edited and read in a diff; the notebooks beside them hold the same cells and no outputs.  In Jupyter with jupytext,
saving either writes both.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any, Final

import jupytext  # type: ignore[import-untyped]
import nbformat

ROOT: Final = Path(__file__).resolve().parents[1]
FOLDER: Final = ROOT / "notebooks"
COMMAND: Final = "python -m tools.notebooks"
SECONDS: Final = 300
"""How long a cell may run."""


def texts() -> list[Path]:
    """Return the text of each notebook."""
    return sorted(FOLDER.glob("*.md"))


def notebook(text: Path) -> Any:  # noqa: ANN401 - nbformat is hardly typed
    """Return the notebook of a text: its cells, numbered, without outputs."""
    made = jupytext.read(text)
    for number, cell in enumerate(made.cells, start=1):
        cell["id"] = f"cell-{number}"
        cell["metadata"] = {}
    made.metadata = {
        "jupytext": {"formats": "ipynb,md"},
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    made.nbformat, made.nbformat_minor = 4, 5
    nbformat.validate(made)
    return made


def written(text: Path) -> str:
    """Return the file of the notebook of a text."""
    return f"{nbformat.writes(notebook(text))}\n"  # type: ignore[no-untyped-call]


def executed(text: Path) -> Any:  # noqa: ANN401 - likewise
    """Run the notebook of a text in its folder, with the commands of this environment on the path; return it."""
    from nbclient import NotebookClient  # noqa: PLC0415 - needed for nothing else

    made = notebook(text)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    client = NotebookClient(made, timeout=SECONDS, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}})
    client.execute(env={**os.environ, "PATH": path})
    return made


def render(folder: Path) -> None:
    """Run the notebooks and write them as HTML."""
    from nbconvert import HTMLExporter  # noqa: PLC0415 - needed for nothing else

    folder.mkdir(parents=True, exist_ok=True)
    exporter = HTMLExporter()  # type: ignore[no-untyped-call]
    for text in texts():
        body, _ = exporter.from_notebook_node(executed(text))
        (folder / f"{text.stem}.html").write_text(body, encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Write, check or render; return 1 if a notebook is out of step."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("--render", type=Path, metavar="FOLDER", help="run them, and write HTML")
    given = parser.parse_args(arguments)
    if given.render:
        render(given.render)
        return 0
    stale = [text for text in texts() if not _current(text)]
    for text in stale:
        if given.check:
            print(f"notebooks/{text.stem}.ipynb is out of step: run `{COMMAND}`")  # noqa: T201 - a command's output
        else:
            text.with_suffix(".ipynb").write_text(written(text), encoding="utf-8")
    return 1 if given.check and stale else 0


def _current(text: Path) -> bool:
    path = text.with_suffix(".ipynb")
    return path.exists() and path.read_text(encoding="utf-8") == written(text)


if __name__ == "__main__":
    sys.exit(main())
