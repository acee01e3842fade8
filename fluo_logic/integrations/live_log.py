"""Where violations go unless a program says otherwise: to its log, without flooding it."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from fluo_logic.explain.text import Style
from fluo_logic.report.terminal import violation_lines
from fluo_logic.report.violation import Violation

LEVELS: Final[Mapping[str, int]] = MappingProxyType(
    {"critical": logging.ERROR, "high": logging.ERROR, "info": logging.INFO}
)
"""Levels by severity; a warning for the others."""
PAUSE: Final = 10.0
"""Seconds in which a rule is told once."""


class ViolationLog:
    """Logs a violation with its proof; more of the same rule within ten seconds are counted, and told with the next."""

    def __init__(self, logger: logging.Logger, pause: float = PAUSE) -> None:
        """Take the logger, and how many seconds a rule is not told again."""
        self._logger = logger
        self._pause = pause
        self._told: dict[str, float] = {}
        self._untold: dict[str, int] = {}

    def __call__(self, violation: Violation) -> None:
        """Log a violation."""
        now = time.monotonic()
        if now - self._told.get(violation.rule, -self._pause) < self._pause:
            self._untold[violation.rule] = self._untold.get(violation.rule, 0) + 1
            return
        self._told[violation.rule] = now
        untold = self._untold.pop(violation.rule, 0)
        more = f" (and {untold:,} before it that were not told)" if untold else ""
        lines = "\n".join(violation_lines(violation, Style()))
        level = LEVELS.get(violation.severity, logging.WARNING)
        self._logger.log(level, "invariant %s [%s] is violated%s\n%s", violation.rule, violation.severity, more, lines)
