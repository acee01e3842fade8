"""The names that completion offers: of spans, of their attributes and events, as traces and rules have them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from glob import glob, has_magic
from pathlib import Path
from typing import Final

from fluo_logic.facts.model import Span
from fluo_logic.facts.readers import read_source
from fluo_logic.facts.readers.sources import COMPRESSED_ENDINGS, ENDINGS, STDIN, read_file
from fluo_logic.lang.syntax import (
    Comparison,
    ExampleSpan,
    HasEvent,
    IsTrue,
    ListLiteral,
    Literal,
    PathKind,
    Pattern,
    Present,
    Rule,
)
from fluo_logic.lang.syntax import (
    Path as AttributePath,
)
from fluo_logic.lang.walk import nodes
from fluo_logic.values import Value

MAX_FILES: Final = 1_000
MAX_BYTES: Final = 100_000_000
"""How much of the traces is read, in bytes of files as they lie on the disk."""
MAX_FILE_BYTES: Final = 50_000_000
MAX_SPANS: Final = 1_000_000
MAX_NAMES: Final = 5_000
MAX_KEYS: Final = 500
"""How many attributes are kept of the spans of one name, and of the events of one name."""
MAX_VALUES: Final = 12
"""Attributes with more values than these are no choice between words; none of theirs are offered."""
MAX_VALUE: Final = 60


@dataclass(slots=True)
class Keys:
    """Attributes of spans or events, each with the short texts, numbers and Booleans it has; None for too many."""

    values: dict[str, set[str | bool | int | float] | None] = field(default_factory=dict)

    def add(self, key: str, value: Value | None = None) -> None:
        """Note an attribute and a value of it."""
        if key not in self.values:
            if len(self.values) >= MAX_KEYS:
                return
            self.values[key] = set()
        known = self.values[key]
        if known is None or value is None or isinstance(value, tuple | dict | bytes):
            return
        if isinstance(value, str) and len(value) > MAX_VALUE:
            self.values[key] = None
            return
        known.add(value)
        if len(known) > MAX_VALUES:
            self.values[key] = None

    def merge(self, other: Keys) -> None:
        """Add what another has."""
        for key, values in other.values.items():
            self.add(key)
            if values is None and key in self.values:
                self.values[key] = None
            for value in values or ():
                self.add(key, value)


@dataclass(slots=True)
class Vocabulary:
    """Names of spans with their attributes, names of events with theirs, attributes of resources."""

    spans: dict[str, Keys] = field(default_factory=dict)
    events: dict[str, Keys] = field(default_factory=dict)
    resources: Keys = field(default_factory=Keys)
    scopes: set[str] = field(default_factory=set)
    count: int = 0
    """How many spans were read from traces."""

    def keys(self, name: str | None) -> Keys:
        """Return the attributes of the spans of one name; of all spans without one, or where none of its are known."""
        if name is not None and name in self.spans and self.spans[name].values:
            return self.spans[name]
        merged = Keys()
        for keys in self.spans.values():
            merged.merge(keys)
        return merged

    def event_keys(self, name: str | None) -> Keys:
        """Return the attributes of the events of one name, likewise."""
        if name is not None and name in self.events:
            return self.events[name]
        merged = Keys()
        for keys in self.events.values():
            merged.merge(keys)
        return merged

    def merge(self, other: Vocabulary) -> None:
        """Add what another has."""
        for mine, others in ((self.spans, other.spans), (self.events, other.events)):
            for name, keys in others.items():
                _keys_of(mine, name).merge(keys)
        self.resources.merge(other.resources)
        self.scopes |= other.scopes
        self.count += other.count

    def add_span(self, span: Span) -> None:
        """Note the names of a recorded span."""
        self.count += 1
        _add_all(_keys_of(self.spans, span.name), span.attributes)
        _add_all(self.resources, span.resource.attributes)
        if span.scope.name and len(self.scopes) < MAX_KEYS:
            self.scopes.add(span.scope.name)
        for event in span.events:
            _add_all(_keys_of(self.events, event.name), event.attributes)


def _keys_of(known: dict[str, Keys], name: str) -> Keys:
    """Return the attributes of a name; a new one that exceeds the limit is not kept."""
    if name in known:
        return known[name]
    keys = Keys()
    if len(known) < MAX_NAMES:
        known[name] = keys
    return keys


def _add_all(keys: Keys, attributes: Mapping[str, Value]) -> None:
    for key, value in attributes.items():
        keys.add(key, value)


# --- rules --------------------------------------------------------------------------------------------------------


def of_rules(rules: Iterable[Rule]) -> Vocabulary:
    """Return the names that rules and their examples use."""
    found = Vocabulary()
    for rule in rules:
        for node in nodes((rule.when, rule.obligations)):
            if isinstance(node, Pattern) and node.name is not None:
                _add_pattern(found, node.name, node)
        for example in rule.examples:
            for trace in example.traces:
                for span in trace:
                    _add_example(found, span)
    return found


def _add_pattern(found: Vocabulary, name: str, pattern: Pattern) -> None:
    keys = _keys_of(found.spans, name)
    for node in _own_nodes(pattern.predicates):
        match node:
            case HasEvent():
                _add_predicates(_keys_of(found.events, node.name), node.predicate)
            case Comparison() | IsTrue() | Present():
                _add_predicate(keys, node)
            case _:
                continue


def _own_nodes(predicates: object) -> Iterator[object]:
    """Yield the nodes of predicates, those inside of events left out."""
    inside = {id(inner) for node in nodes(predicates) if isinstance(node, HasEvent) for inner in nodes(node.predicate)}
    return (node for node in nodes(predicates) if id(node) not in inside)


def _add_predicates(keys: Keys, predicate: object) -> None:
    for node in nodes(predicate):
        if isinstance(node, Comparison | IsTrue | Present):
            _add_predicate(keys, node)


def _add_predicate(keys: Keys, test: Comparison | IsTrue | Present) -> None:
    if test.path.kind is not PathKind.ATTRIBUTE:
        return
    keys.add(test.path.key, True if isinstance(test, IsTrue) else None)
    if isinstance(test, Comparison) and test.operator in {"==", "!=", "in", "not in"}:
        right = test.right.items if isinstance(test.right, ListLiteral) else (test.right,)
        for item in right:
            if isinstance(item, Literal):
                keys.add(test.path.key, item.value)


def _add_example(found: Vocabulary, span: ExampleSpan) -> None:
    keys = _keys_of(found.spans, span.name)
    for item in span.attributes:
        _add_assigned(found, keys, item.path, item.value)
    for child in span.children:
        _add_example(found, child)


def _add_assigned(found: Vocabulary, keys: Keys, path: AttributePath, value: Value) -> None:
    if path.kind is PathKind.ATTRIBUTE:
        keys.add(path.key, value)
    elif path.kind is PathKind.RESOURCE:
        found.resources.add(path.key, value)


# --- traces -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stamp:
    """A file as it was when it was looked at."""

    path: str
    size: int
    modified: int


def stamps(inputs: Sequence[str], folder: Path) -> tuple[Stamp, ...]:
    """Return the trace files that paths, folders and globs stand for, as they lie on the disk now.

    Args:
        inputs: as for ``--traces``, without ``-``.
        folder: what relative paths are relative to.
    """
    found: dict[str, Stamp] = {}
    for named in inputs:
        for path in _files(str(folder / named) if named != STDIN else ""):
            try:
                status = path.stat()
            except OSError:
                continue
            found.setdefault(str(path), Stamp(str(path), status.st_size, status.st_mtime_ns))
            if len(found) >= MAX_FILES:
                return tuple(found.values())
    return tuple(found.values())


def _files(named: str) -> Iterator[Path]:
    if not named:
        return
    path = Path(named)
    if path.is_dir():
        for parent, folders, names in os.walk(path):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            yield from (Path(parent, name) for name in sorted(names) if _is_trace_name(name))
    elif path.is_file():
        yield path
    elif has_magic(named):
        yield from (Path(name) for name in sorted(glob(named, recursive=True)) if Path(name).is_file())  # noqa: PTH207  # the pattern may be absolute


def _is_trace_name(name: str) -> bool:
    path = Path(name)
    ending = Path(path.stem).suffix if path.suffix.lower() in COMPRESSED_ENDINGS else path.suffix
    return ending.lower() in ENDINGS and not name.startswith(".")


def of_traces(files: Sequence[Stamp], stopped: Callable[[], bool]) -> tuple[Vocabulary, list[str]]:
    """Return the names in trace files, and sentences about what was left out.

    Args:
        files: the files; large ones and those beyond a limit are left out.
        stopped: whether the answer is no longer wanted.
    """
    found = Vocabulary()
    notes: list[str] = []
    read = 0
    for file in files:
        if stopped():
            break
        if file.size > MAX_FILE_BYTES or read + file.size > MAX_BYTES or found.count > MAX_SPANS:
            notes.append(f"{file.path}: left out, because names are taken from at most {MAX_BYTES:,} bytes of traces")
            continue
        read += file.size
        source = read_file(Path(file.path))
        _, spans = read_source(source)
        for span in spans:
            found.add_span(span)
        notes.extend(f"{file.path}: {problem.message}" for problem in source.log.problems()[:1])
    return found, notes
