"""A report as JSON lines, ``fluo-jsonl/1``: a record for each violation as it is listed, and a summary at the end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from fluo_logic.explain.as_json import Document
from fluo_logic.report.as_json import summary_json, violation_json
from fluo_logic.report.violation import Report

JSONL_SCHEMA: Final = "fluo-jsonl/1"


def report_jsonl(report: Report) -> str:
    """Return the lines, each with its end.  They are plain ASCII, so that a line end is always the end of a record."""
    return "".join(f"{json.dumps(record, allow_nan=False)}\n" for record in records(report))


def records(report: Report) -> Iterator[Document]:
    """Yield the records: see ``schemas/fluo-jsonl-1.json``."""
    for violation in report.violations:
        yield {"schema": JSONL_SCHEMA, "record": "violation", **violation_json(violation, report)}
    counts: Document = {
        "violated": len(report.violated),
        "undecided": len(report.undecided),
        "waived": len(report.waived),
        "known": len(report.known),
    }
    yield {"schema": JSONL_SCHEMA, "record": "summary", "ok": report.ok, "counts": counts, **summary_json(report)}
