"""Spans as bytes that one process of fluo hands to another of the same version."""

from __future__ import annotations

import copyreg
import io
import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Final

from fluo_logic.facts.model import Event, Link, Resource, Scope, Span


def _by_fields(kind: type) -> Callable[[Any], tuple[type, tuple[Any, ...]]]:
    """Return what takes an object apart into the arguments that make it: faster than what dataclasses do."""
    values = attrgetter(*(field.name for field in fields(kind)))

    def reduce(found: Any) -> tuple[type, tuple[Any, ...]]:  # noqa: ANN401 - an object of the kind
        return kind, values(found)

    return reduce


def _mapping(found: MappingProxyType[Any, Any]) -> tuple[Callable[..., object], tuple[Any, ...]]:
    return frozen, (dict(found),)


def frozen(mapping: dict[str, Any]) -> MappingProxyType[str, Any]:
    """Return a mapping that cannot be changed; the type itself has no name that pickles."""
    return MappingProxyType(mapping)


REDUCERS: Final[dict[Any, Any]] = {
    **copyreg.dispatch_table,
    Span: _by_fields(Span),
    Event: _by_fields(Event),
    Link: _by_fields(Link),
    Scope: _by_fields(Scope),
    Resource: lambda found: (Resource, (found.attributes,)),
    MappingProxyType: _mapping,
}


def packed(spans: Sequence[Span]) -> bytes:
    """Return spans as bytes: every value, exactly, with the places that they were read from."""
    data = io.BytesIO()
    pickler = pickle.Pickler(data, pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = REDUCERS
    pickler.dump(spans)
    return data.getvalue()


def unpacked(chunks: Iterable[bytes]) -> Iterator[Span]:
    """Yield the spans that `packed` wrote."""
    for chunk in chunks:
        yield from pickle.loads(chunk)  # noqa: S301 - written by another process of fluo
