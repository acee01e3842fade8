"""One HTML file from its parts: the page, its style, its script, and the data, none of which can become another."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Final

SCRIPTS: Final = ("base.js", "scale.js", "lights.js", "waterfall.js", "proof.js", "page.js")
"""The parts of the script, in order."""
POLICY: Final = (
    "default-src 'none'; script-src '{script}'; style-src '{style}'; img-src data:; base-uri 'none'; form-action 'none'"
)


def page(title: str, summary: str, document: Mapping[str, object]) -> str:
    """Return the file, in ASCII only so that no encoding on its way can change it.

    Args:
        title: the title of the window.
        summary: what is told where scripts are turned off.
        document: what `fluo_logic.report.html.payload.Payload` made.
    """
    style, script = _style(), _script()
    parts = {
        "policy": POLICY.format(script=_digest(script), style=_digest(style)),
        "title": _text(title),
        "summary": _text(summary),
        "style": style,
        "script": script,
        "data": embedded(document),
    }
    pieces = _read("page.html").split("@@")
    # Every second piece is the name of a part, and a part is never searched for names.
    return "".join(parts[piece] if number % 2 else piece for number, piece in enumerate(pieces))


def embedded(document: Mapping[str, object]) -> str:
    """Return JSON that can stand inside a script element: no character of it can end the element or begin a comment."""
    text = json.dumps(document, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _text(text: str) -> str:
    return html.escape(text).encode("ascii", "xmlcharrefreplace").decode("ascii")


@cache
def _style() -> str:
    return _read("style.css")


@cache
def _script() -> str:
    return '"use strict";(() => {\n' + "".join(_read(name) for name in SCRIPTS) + "})();\n"


def _read(name: str) -> str:
    return resources.files("fluo_logic.report.html").joinpath(name).read_text(encoding="ascii")


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
