"""What lets a notebook show an object: `fluo_logic.report.display` knows how, and is imported when one does."""

from __future__ import annotations

import importlib
from typing import Any, Final

DISPLAY: Final = "fluo_logic.report.display"


class Shown:
    """The methods by which IPython, Jupyter and other notebooks ask an object for its forms."""

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        """Make the printing a method of the class's own: IPython asks none above one that has a ``__repr__``."""
        super().__init_subclass__()
        cls._repr_pretty_ = Shown._repr_pretty_  # type: ignore[method-assign]

    def _line(self) -> str:
        """Return one line, for the ``__repr__`` of what holds too much to be written out."""
        return f"<{type(self).__name__}: {importlib.import_module(DISPLAY).line_of(self)}>"

    def _repr_html_(self) -> str:
        """Return an HTML fragment."""
        return str(importlib.import_module(DISPLAY).html_of(self))

    def _repr_markdown_(self) -> str:
        """Return Markdown, which is the text in a block of code."""
        return str(importlib.import_module(DISPLAY).markdown_of(self))

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ANN401, FBT001 - the protocol of IPython
        """Print the text, or one line of it inside of a list."""
        if cycle:
            printer.text(f"{type(self).__name__}(...)")
            return
        display = importlib.import_module(DISPLAY)
        inside = len(getattr(printer, "stack", ())) > 1
        printer.text(display.line_of(self) if inside else display.text_of(self).rstrip("\n"))
