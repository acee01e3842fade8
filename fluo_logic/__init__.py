"""Executable invariants over OpenTelemetry traces, every answer with its proof.

::

    import fluo_logic as fl

    report = fl.check("traces/*.jsonl", fl.load_rules("pack:case-studies"))
    for violation in report.violated:
        print(violation.sentence)

The names are imported when they are first used, so that ``import fluo_logic`` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from fluo_logic.api import check, explain, load_rules, rule
    from fluo_logic.consistency.analyze import analyze, witness
    from fluo_logic.consistency.analyze_findings import Analysis
    from fluo_logic.consistency.diff import diff
    from fluo_logic.consistency.repair import Repair, Repairs, repair
    from fluo_logic.errors import (
        ConfigError,
        FluoError,
        InputError,
        InternalError,
        RuleError,
        RuleFilesError,
        UnsupportedError,
        Where,
    )
    from fluo_logic.explain.proof import ObligationProof, Proof, SpanRef
    from fluo_logic.facts.dataset import Dataset, Trace
    from fluo_logic.facts.readers import read_traces
    from fluo_logic.facts.readers.frames import read_frame
    from fluo_logic.integrations.jupyter import load_ipython_extension
    from fluo_logic.lang.syntax import Rule, Ruleset
    from fluo_logic.pipeline import Explanation, Options
    from fluo_logic.report.excuse import Waiver
    from fluo_logic.report.violation import InvariantViolationError, Report, RuleReport, Violation
    from fluo_logic.waivers.apply import apply_waivers
    from fluo_logic.waivers.baseline import apply_baseline, read_baseline
    from fluo_logic.waivers.read import read_waivers

    __version__: str

__all__ = [
    "Analysis",
    "ConfigError",
    "Dataset",
    "Explanation",
    "FluoError",
    "InputError",
    "InternalError",
    "InvariantViolationError",
    "ObligationProof",
    "Options",
    "Proof",
    "Repair",
    "Repairs",
    "Report",
    "Rule",
    "RuleError",
    "RuleFilesError",
    "RuleReport",
    "Ruleset",
    "SpanRef",
    "Trace",
    "UnsupportedError",
    "Violation",
    "Waiver",
    "Where",
    "__version__",
    "analyze",
    "apply_baseline",
    "apply_waivers",
    "check",
    "diff",
    "explain",
    "load_ipython_extension",
    "load_rules",
    "read_baseline",
    "read_frame",
    "read_traces",
    "read_waivers",
    "repair",
    "rule",
    "witness",
]

_HOMES: Final = {
    "fluo_logic.api": ("check", "load_rules", "rule"),
    "fluo_logic.consistency.analyze": ("analyze", "witness"),
    "fluo_logic.consistency.analyze_findings": ("Analysis",),
    "fluo_logic.consistency.diff": ("diff",),
    "fluo_logic.consistency.repair": ("Repair", "Repairs", "repair"),
    "fluo_logic.errors": (
        "ConfigError",
        "FluoError",
        "InputError",
        "InternalError",
        "RuleError",
        "RuleFilesError",
        "UnsupportedError",
        "Where",
    ),
    "fluo_logic.explain.proof": ("ObligationProof", "Proof", "SpanRef"),
    "fluo_logic.facts.dataset": ("Dataset", "Trace"),
    "fluo_logic.facts.readers": ("read_traces",),
    "fluo_logic.facts.readers.frames": ("read_frame",),
    "fluo_logic.integrations.jupyter": ("load_ipython_extension",),
    "fluo_logic.lang.syntax": ("Rule", "Ruleset"),
    "fluo_logic.pipeline": ("Explanation", "Options"),
    "fluo_logic.report.excuse": ("Waiver",),
    "fluo_logic.report.violation": ("InvariantViolationError", "Report", "RuleReport", "Violation"),
    "fluo_logic.waivers.apply": ("apply_waivers",),
    "fluo_logic.waivers.baseline": ("apply_baseline", "read_baseline"),
    "fluo_logic.waivers.read": ("read_waivers",),
}
_HOME_OF: Final = {name: module for module, names in _HOMES.items() for name in names}


if not TYPE_CHECKING:  # or a type checker would believe in every name

    def __getattr__(name: str) -> object:
        """Import a public name on first use."""
        if name == "__version__":
            from importlib.metadata import version  # noqa: PLC0415 - start-up counts

            value: object = version("fluo_logic")
        elif name == "explain":
            # The package of this name is the function, too; importing it makes it an attribute of this module.
            value = importlib.import_module("fluo_logic.explain")
        elif name in _HOME_OF:
            value = getattr(importlib.import_module(_HOME_OF[name]), name)
        else:
            message = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(message)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """Return the public names, imported or not."""
    return sorted({*globals(), *__all__})
