"""Spans as columns, for the attributes that somebody wants to see."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import pyarrow as pa

from fluo_logic.facts.columnar.arrow import Array, of_numpy
from fluo_logic.facts.model import Kind, Resource, Scope, Status
from fluo_logic.values import Value

KINDS: Final = (Kind.UNSPECIFIED, Kind.INTERNAL, Kind.SERVER, Kind.CLIENT, Kind.PRODUCER, Kind.CONSUMER)
STATUSES: Final = (Status.UNSET, Status.OK, Status.ERROR)
NO_TIME: Final = 0
MISSING: Final = -1
NO_STRINGS: Final = pa.nulls(0, pa.string())
NO_INTEGERS: Final = pa.nulls(0, pa.int64())


class Unusual(Exception):  # noqa: N818 - no error: the exact readers can tell more
    """The data has something that columns cannot say exactly; the message tells what."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be read beside ids, names, times, kinds and statuses.

    ``attributes`` are looked up as rules do: in the span, then in its resource.  ``resource`` are keys of the resource
    alone, ``events`` keys of the attributes of events.
    """

    attributes: frozenset[str] = frozenset()
    resource: frozenset[str] = frozenset()
    events: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Values:
    """A value for each row, by its code: first the codes of strings, then of integers, of doubles, of others.

    ``codes`` is `MISSING` where a row has no value.  Two codes may stand for the same value.
    """

    codes: Array
    strings: Any = field(default_factory=lambda: NO_STRINGS)
    integers: Any = field(default_factory=lambda: NO_INTEGERS)
    doubles: Array = field(default_factory=lambda: np.empty(0, np.float64))
    others: Sequence[Value] = ()

    @property
    def present(self) -> Array:
        """Which rows have a value."""
        found: Array = self.codes != MISSING
        return found

    def only(self, rows: Array) -> Values:
        """Return the values of some rows."""
        return replace(self, codes=self.codes[rows])


@dataclass(frozen=True, slots=True)
class Texts:
    """A text for each row, by its code in a dictionary."""

    codes: Array
    dictionary: Any

    def only(self, rows: Array) -> Texts:
        """Return the texts of some rows."""
        return Texts(self.codes[rows], self.dictionary)

    def are_in(self, texts: Collection[str]) -> Array:
        """Return which rows have one of some texts."""
        among = np.array([text in texts for text in self.dictionary.to_pylist()], np.bool_)
        found: Array = among[self.codes] if len(among) else np.zeros(len(self.codes), np.bool_)
        return found


@dataclass(frozen=True, slots=True)
class Events:
    """The events of a batch, in order; ``span`` is the row of the span in the batch.  ``time`` is 0 where unknown."""

    span: Array
    name: Texts
    time: Array
    values: Mapping[str, Values]


@dataclass(frozen=True, slots=True)
class Links:
    """The links of a batch; ids as in `Batch`."""

    span: Array
    trace_id: Any
    span_id: Array


@dataclass(frozen=True, slots=True)
class Batch:
    """Spans as columns of one length.

    ``trace_id`` is an Arrow array of bytes.  ``span_id`` and ``parent_id`` are 64-bit numbers, ``parent_id`` 0 for a
    root.  ``start`` and ``end`` are nanoseconds since the Unix epoch, 0 where they are missing.  ``kind`` and
    ``status`` are indices into `KINDS` and `STATUSES`.
    """

    trace_id: Any
    span_id: Array
    parent_id: Array
    name: Texts
    kind: Array
    status: Array
    message: Texts
    start: Array
    end: Array
    resource: Array
    resources: Sequence[Resource]
    scope: Array
    scopes: Sequence[Scope]
    values: Mapping[str, Values]
    resource_values: Mapping[str, Values]
    events: Events
    links: Links

    def __len__(self) -> int:
        """Return the number of spans."""
        return len(self.span_id)

    def without(self, dropped: Array) -> Batch:
        """Return the batch without the rows for which ``dropped`` is true."""
        kept = np.flatnonzero(~dropped)
        number = np.cumsum(~dropped) - 1
        of_events, of_links = ~dropped[self.events.span], ~dropped[self.links.span]
        return replace(
            self,
            trace_id=self.trace_id.take(of_numpy(kept)),
            name=self.name.only(kept),
            message=self.message.only(kept),
            values={key: values.only(kept) for key, values in self.values.items()},
            resource_values={key: values.only(kept) for key, values in self.resource_values.items()},
            events=Events(
                number[self.events.span[of_events]],
                self.events.name.only(of_events),
                self.events.time[of_events],
                {key: values.only(of_events) for key, values in self.events.values.items()},
            ),
            links=Links(
                number[self.links.span[of_links]],
                self.links.trace_id.filter(of_numpy(of_links)),
                self.links.span_id[of_links],
            ),
            **{
                name: getattr(self, name)[kept]
                for name in ("span_id", "parent_id", "kind", "status", "start", "end", "resource", "scope")
            },
        )


def of_python(values: Sequence[Value | None]) -> Values:
    """Return a value for each row from Python's values."""
    codes = np.arange(len(values), dtype=np.int32)
    codes[[value is None for value in values]] = MISSING
    return Values(codes, others=tuple("" if value is None else value for value in values))


def looked_up(codes: Array, table: Sequence[Value | None]) -> Values:
    """Return the values of rows that refer to entries of a table, for which some may be missing."""
    numbers = np.array([MISSING if value is None else number for number, value in enumerate(table)], np.int32)
    others = tuple("" if value is None else value for value in table)
    return Values(numbers[codes] if len(table) else np.full(len(codes), MISSING, np.int32), others=others)


def backed(own: Values, other: Values) -> Values:
    """Return ``own`` where a row has a value, else that of ``other``, whose values are all among its ``others``."""
    lacking = ~own.present & other.present
    if not lacking.any():
        return own
    base = len(own.strings) + len(own.integers) + len(own.doubles) + len(own.others)
    codes = np.where(lacking, other.codes + base, own.codes).astype(np.int32)
    return replace(own, codes=codes, others=(*own.others, *other.others))
