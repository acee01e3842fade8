"""What became of the spans that were handed to a live check: every one of them is counted somewhere."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Statistics:
    """What became of spans and traces.

    Of ``spans``, which ended, ``dropped`` found the queue full or the check shut down, ``late`` came after their trace
    was checked or given up, ``shed`` are of traces for which there was no room or that could not be read, ``checked``
    were checked, and ``held`` wait for the rest of their trace.  Of the ``traces`` that were checked, ``incomplete``
    were checked without some of their spans, so that what is absent there proves nothing; ``shed_traces`` were not
    checked at all.  ``failures`` counts by rule how often checking it failed, and ``callback_failures`` how often
    ``on_violation`` did.
    """

    spans: int = 0
    dropped: int = 0
    late: int = 0
    shed: int = 0
    checked: int = 0
    held: int = 0
    traces: int = 0
    incomplete: int = 0
    shed_traces: int = 0
    violations: int = 0
    inconclusive: int = 0
    pending: int = 0
    failures: Mapping[str, int] = field(default_factory=dict)
    callback_failures: int = 0


class Tally:
    """A count that any thread may add to, without a lock: a span can end in the midst of a collection of garbage."""

    def __init__(self) -> None:
        """Begin at zero."""
        self._added = itertools.count()
        self._read = itertools.count()
        self._reading = threading.Lock()

    def add(self) -> None:
        """Count one more; one step of the interpreter, so that none is lost."""
        next(self._added)

    @property
    def value(self) -> int:
        """How often `add` was called; reading a counter moves it too, which is taken off again."""
        with self._reading:
            return next(self._added) - next(self._read)


@dataclass(slots=True)
class Counts:
    """The counts that only the checking thread writes."""

    taken: int = 0
    late: int = 0
    shed: int = 0
    checked: int = 0
    traces: int = 0
    incomplete: int = 0
    shed_traces: int = 0
    violations: int = 0
    inconclusive: int = 0
    pending: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    callback_failures: int = 0

    def statistics(self, dropped: int, held: int) -> Statistics:
        """Return them as they are now."""
        return Statistics(
            spans=self.taken + dropped,
            dropped=dropped,
            late=self.late,
            shed=self.shed,
            checked=self.checked,
            held=held,
            traces=self.traces,
            incomplete=self.incomplete,
            shed_traces=self.shed_traces,
            violations=self.violations,
            inconclusive=self.inconclusive,
            pending=self.pending,
            failures=dict(self.failures),
            callback_failures=self.callback_failures,
        )
