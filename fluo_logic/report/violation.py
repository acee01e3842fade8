"""What a check found: a report, its rules, its violations.  Plain frozen data; other modules print it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from fluo_logic.errors import FluoError, Where
from fluo_logic.explain.proof import ObligationProof, SpanRef
from fluo_logic.facts.dataset import Dataset, InputSummary
from fluo_logic.facts.model import Problem
from fluo_logic.lang.syntax import Metadata, Severity
from fluo_logic.report.excuse import BaselineUse, Waiver, WaiverUse
from fluo_logic.shown import Shown

if TYPE_CHECKING:
    from fluo_logic.report.frame import Backend, Content

VERDICTS: Final = ("violated", "inconclusive", "pending", "satisfied", "vacuous")
"""The verdicts of a scope, worst first."""
SEVERITIES: Final = tuple(severity.value for severity in Severity)
"""Severities, worst first."""


class InvariantViolationError(FluoError):
    """Raised by `Report.raise_if_violated`; its text holds the violations with their proofs, ``report`` all of it."""

    def __init__(self, code: str, message: str, *, report: Report | None = None) -> None:
        """Keep the report, where there is one."""
        super().__init__(code, message)
        self.report = report


@dataclass(frozen=True, slots=True)
class Violation(Shown):
    """One obligation that is not met: for one match of ``when`` in one scope.

    ``verdict`` is ``violated``, or ``inconclusive`` or ``pending`` where the failure is not final.  ``scope`` is
    ``{"trace_id": …}``, ``{"user.id": …}`` or ``{}``.  ``witness`` holds the spans of the rule's variables, without
    the ``$``.  ``fingerprint`` is the same for the same rule and the same witnesses on every run and machine.
    ``proof`` is None beyond the number of proofs that was asked for.  ``waiver`` is what it is waived by, ``known``
    whether a baseline knows it (None: there is no baseline); either way it does not count.  ``dataset`` is what was
    checked, or of large inputs what fails, for who draws it.
    """

    rule: str
    title: str
    severity: str
    verdict: str
    scope: Mapping[str, str]
    witness: Mapping[str, SpanRef]
    obligation: str
    sentence: str
    fingerprint: str
    proof: ObligationProof | None = None
    waiver: Waiver | None = None
    known: bool | None = None
    dataset: Dataset | None = field(default=None, compare=False, repr=False)

    def __repr__(self) -> str:
        """Return the rule and the sentence in one line."""
        return self._line()

    @property
    def counts(self) -> bool:
        """Whether it is a violation proper: final, not waived, and not known to a baseline."""
        return self.verdict == "violated" and not self.excused

    @property
    def excused(self) -> bool:
        """Whether it is waived, or known to a baseline."""
        return self.waiver is not None or bool(self.known)

    @property
    def signature(self) -> str:
        """16 hexadecimal digits that the rule, its obligation and the names and services of the witnesses decide.

        So a violation that is recorded anew, with other ids, has the same one; two violations of a run may share it.
        """
        parts = [self.rule, " ".join(self.obligation.split())]
        parts.extend(f"${name}={span.name}@{span.service or ''}" for name, span in sorted(self.witness.items()))
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class RuleReport:
    """What became of one rule: how many scopes got which verdict, how many obligations there were.

    ``missing_attributes`` counts, for each attribute that the rule names, the spans of the rule's patterns without it.
    ``where`` is the place of the rule's first words, ``metadata`` what the rule tells about itself.
    """

    id: str
    title: str
    severity: str
    verdicts: Mapping[str, int]
    obligations: int
    missing_attributes: Mapping[str, int]
    where: Where | None = None
    metadata: Metadata = field(default_factory=Metadata)

    @property
    def in_file(self) -> Where | None:
        """The place of a rule that was read from a file; None for one of a program."""
        return None if self.where is None or self.where.file.startswith("<") else self.where


@dataclass(frozen=True, slots=True)
class DataReport:
    """What was read."""

    spans: int
    traces: int
    inputs: tuple[InputSummary, ...]
    merged: int
    differing: int
    orphans: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Report(Shown):
    """The result of a check: the data, every rule's verdicts, and every obligation that is not met.

    ``waivers`` and ``baseline`` are None where none were applied.
    """

    data: DataReport
    rules: tuple[RuleReport, ...]
    violations: tuple[Violation, ...]
    seconds: Mapping[str, float] = field(default_factory=dict, compare=False)
    dataset: Dataset | None = field(default=None, compare=False, repr=False)
    waivers: tuple[WaiverUse, ...] | None = None
    baseline: BaselineUse | None = None

    def __repr__(self) -> str:
        """Return the outcome in one line."""
        return self._line()

    @property
    def violated(self) -> tuple[Violation, ...]:
        """The violations proper: without what is pending or inconclusive, waived, or known to a baseline."""
        return tuple(violation for violation in self.violations if violation.counts)

    @property
    def undecided(self) -> tuple[Violation, ...]:
        """What is pending or inconclusive, and not waived."""
        return tuple(one for one in self.violations if one.verdict != "violated" and one.waiver is None)

    @property
    def waived(self) -> tuple[Violation, ...]:
        """The violations that are waived."""
        return tuple(violation for violation in self.violations if violation.waiver is not None)

    @property
    def known(self) -> tuple[Violation, ...]:
        """The violations that a baseline knows, and that are not waived."""
        return tuple(violation for violation in self.violations if violation.known and violation.waiver is None)

    @property
    def expired(self) -> tuple[WaiverUse, ...]:
        """The waivers that have expired."""
        return tuple(use for use in self.waivers or () if use.expired)

    @property
    def unused(self) -> tuple[WaiverUse, ...]:
        """The waivers that fit no violation, and have not expired."""
        return tuple(use for use in self.waivers or () if not use.fits and not use.expired)

    @property
    def ok(self) -> bool:
        """Whether nothing is violated, and no waiver has expired."""
        return not self.violated and not self.expired

    def at_least(self, severity: str) -> tuple[Violation, ...]:
        """Return the violations whose severity is ``severity`` or worse."""
        worst = SEVERITIES[: SEVERITIES.index(severity) + 1]
        return tuple(violation for violation in self.violated if violation.severity in worst)

    def raise_if_violated(self) -> None:
        """Raise InvariantViolationError with the report as text, unless nothing is violated: see `ok`."""
        if not self.ok:
            raise InvariantViolationError(code="V001", message=self.to_text(), report=self)

    def to_text(self, *, colour: bool = False, width: int = 100) -> str:
        """Return the report as `fluo check` prints it."""
        from fluo_logic.report.terminal import report_text  # noqa: PLC0415 - only who prints needs the printer

        return report_text(self, colour=colour, width=width)

    def to_json(self) -> dict[str, object]:
        """Return the report as ``fluo-report/1``, ready for `json.dumps`."""
        from fluo_logic.report.as_json import report_json  # noqa: PLC0415 - likewise

        return dict(report_json(self))

    def to_frame(self, content: Content = "violations", *, backend: Backend | None = None) -> Any:  # noqa: ANN401
        """Return the violations, the ``spans`` they rest on or the ``rules`` as a frame of pandas, Polars or PyArrow.

        Raises:
            ConfigError: there is no such content or library, or none is installed; see `fluo_logic.report.frame`.
        """
        from fluo_logic.report.frame import report_frame  # noqa: PLC0415 - likewise

        return report_frame(self, content, backend=backend)
