"""Reports as one HTML file that needs nothing else: no network, no other file."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from fluo_logic.explain.text import explanation_text
from fluo_logic.facts.dataset import Dataset
from fluo_logic.report.terminal import report_text
from fluo_logic.report.violation import Report

if TYPE_CHECKING:
    from fluo_logic.pipeline import Explanation

__all__ = ["explanation_html", "report_html"]


def report_html(report: Report, dataset: Dataset) -> str:
    """Return the report as an HTML document; ``dataset`` is what was checked."""
    return _page(f"{len(dataset.spans):,} spans", report_text(report))


def explanation_html(explanation: Explanation, dataset: Dataset) -> str:
    """Return the explanation of one rule on one scope as an HTML document."""
    return _page(f"{len(dataset.spans):,} spans", explanation_text(explanation))


def _page(title: str, text: str) -> str:
    return (
        f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<pre>{html.escape(text)}</pre></html>\n"
    )
