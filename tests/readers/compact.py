"""A data set as plain JSON, with what is at its default left out: readable in a golden file."""

from __future__ import annotations

import base64
import dataclasses
import math
from collections.abc import Mapping

from fluo_logic.facts.dataset import Dataset
from fluo_logic.facts.model import Problem, Span


def compact_span(span: Span) -> dict[str, object]:
    """Return the fields of a span that say something."""
    found: dict[str, object] = {}
    for field in dataclasses.fields(Span):
        value = getattr(span, field.name)
        if field.default is dataclasses.MISSING or value != field.default:
            plain = _plain(value.rpartition(": ")[2] if field.name == "origin" else value)
            if plain not in ({}, [], None, ""):
                found[field.name] = plain
    return found


def compact_problem(problem: Problem) -> str:
    """Return the code, whether data was kept, the place and the message."""
    kept = "" if problem.rejected else " (kept)"
    count = f" x{problem.count}" if problem.count > 1 else ""
    place = f" at {problem.where}" if problem.where else ""
    return f"{problem.code}{kept}{count}{place}: {problem.message}"


def compact(dataset: Dataset) -> dict[str, object]:
    """Return all of a data set but the names of its inputs."""
    counts = {
        name: getattr(dataset, name) for name in ("merged", "differing", "orphans", "dropped") if getattr(dataset, name)
    }
    return {
        "formats": [summary.format for summary in dataset.inputs],
        "counts": {"spans": len(dataset.spans), "traces": len(dataset.traces), **counts},
        "latest": dataset.latest,
        "traces": [
            {
                "trace_id": trace.trace_id,
                **({"remote_parent": trace.remote_parent} if trace.remote_parent else {}),
                **({"orphans": sorted(trace.orphans)} if trace.orphans else {}),
                **({"cyclic": sorted(trace.cyclic)} if trace.cyclic else {}),
                **({"has_hole": True} if trace.has_hole else {}),
            }
            for trace in dataset.traces.values()
        ],
        "spans": [compact_span(span) for span in dataset.spans],
        "problems": [compact_problem(problem) for problem in dataset.problems],
    }


def _plain(value: object) -> object:
    match value:
        case bytes():
            return {"bytes": base64.b64encode(value).decode()}
        case float() if not math.isfinite(value):
            return {"double": repr(value)}
        case Mapping():
            return {key: _plain(item) for key, item in value.items()}
        case tuple():
            return [_plain(item) for item in value]
        case _ if dataclasses.is_dataclass(value):
            plain = {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
            return {name: item for name, item in plain.items() if item not in ({}, None, "")}
        case _:
            return value
