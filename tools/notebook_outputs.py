"""What the cells of notebooks show, on the site: MkDocs sets the text of a notebook, the outputs are put into the page.

Running the notebooks takes a while, so only a build with ``FLUO_DOCS_OUTPUTS=1``, as of ``make docs``, has outputs.
"""

from __future__ import annotations

import html
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

WANTED: Final = "FLUO_DOCS_OUTPUTS"
CELL: Final = re.compile(r"^```python\n.*?^```$", re.DOTALL | re.MULTILINE)
PLACE: Final = re.compile(r"<p>FLUO-OUTPUT-(?P<number>\d+)</p>")
ANSI: Final = re.compile(r"\x1b\[[0-9;]*m")


def are_wanted() -> bool:
    """Return whether the notebooks are to be run."""
    return os.environ.get(WANTED) == "1"


def outputs_of(text: Path) -> list[str]:
    """Run a notebook; return what each cell of code shows, as HTML."""
    from tools.notebooks import executed  # noqa: PLC0415 - only those who run notebooks need what runs them

    return ["".join(map(_shown, cell.outputs)) for cell in executed(text).cells if cell.cell_type == "code"]


def _shown(output: Mapping[str, Any]) -> str:
    data = output.get("data", {})
    if "text/html" in data:
        return f'<div class="output">{data["text/html"]}</div>'
    said = ANSI.sub("", output.get("text") or data.get("text/plain", ""))
    return f'<pre class="output">{html.escape(said)}</pre>' if said else ""


def with_places(markdown: str, outputs: list[str]) -> str:
    """Return the text of a notebook with a place behind each cell of code that shows something."""
    numbers = iter(range(len(outputs)))

    def placed(cell: re.Match[str]) -> str:
        number = next(numbers)
        return f"{cell[0]}\n\nFLUO-OUTPUT-{number}\n" if outputs[number] else cell[0]

    found = CELL.sub(placed, markdown)
    if next(numbers, None) is not None:
        message = "a notebook has more cells of code than its text has blocks"
        raise ValueError(message)
    return found


def with_outputs(page: str, outputs: list[str]) -> str:
    """Return the HTML of a page with outputs in their places."""
    return PLACE.sub(lambda place: outputs[int(place["number"])], page)
