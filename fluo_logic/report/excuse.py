"""Why a violation does not count: somebody waived it for a time, or a baseline knows it already.

Plain frozen data, as reports hold them; `fluo_logic.waivers` reads and applies them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from fluo_logic.errors import Where


@dataclass(frozen=True, slots=True)
class Waiver:
    """A decision that some violations of a rule are put up with: by whom, why, and until when.

    ``expires`` is the last day on which it holds, in UTC.  ``fingerprint``, ``scope`` (a trace id, or the value of the
    rule's scope key) and ``attributes`` say which violations are meant, all of the rule where none of them is given:
    ``attributes`` are of any one witness (``tenant.id``) or of the one that a variable names (``$p.tenant.id``), and
    compare as text.
    """

    rule: str
    owner: str
    reason: str
    expires: date
    fingerprint: str | None = None
    scope: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    where: Where | None = field(default=None, compare=False)

    @property
    def text(self) -> str:
        """Owner, reason and last day, on one line."""
        return f"{self.reason} ({self.owner}, until {self.expires.isoformat()})"


@dataclass(frozen=True, slots=True)
class WaiverUse:
    """What became of a waiver: how many violations it fits, and whether it has expired, so that they count."""

    waiver: Waiver
    fits: int
    expired: bool


@dataclass(frozen=True, slots=True)
class KnownViolation:
    """An entry of a baseline; see `fluo_logic.report.violation.Violation` for its two identities."""

    rule: str
    fingerprint: str
    signature: str


@dataclass(frozen=True, slots=True)
class BaselineUse:
    """What became of a baseline: how many violations it knows, and which of its entries are violated no more."""

    known: int
    fixed: tuple[KnownViolation, ...]
