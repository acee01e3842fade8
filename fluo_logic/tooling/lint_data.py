"""Names, attributes, values and events that rules ask for and traces do not have."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cached_property
from typing import Final

from fluo_logic.facts.dataset import Dataset
from fluo_logic.facts.model import Span
from fluo_logic.facts.store import lookup
from fluo_logic.lang.suggest import choices, did_you_mean, is_typo
from fluo_logic.lang.syntax import (
    Aggregate,
    Comparison,
    HasEvent,
    IsTrue,
    ListLiteral,
    Literal,
    Operand,
    OwnValue,
    Path,
    PathKind,
    Pattern,
    Predicate,
    Relation,
    Rule,
    VariableValue,
)
from fluo_logic.lang.walk import nodes
from fluo_logic.tooling.lint_finding import Found, conditions, tests_of
from fluo_logic.values import Value, as_number, canonical_text

FEW: Final = 10
"""How many different values an attribute has at most for a further one to be remarkable."""
LISTED: Final = 5
"""How many names a hint lists."""
EQUALITIES: Final = frozenset({"==", "!=", "in", "not in"})


class Vocabulary:
    """What the spans of a data set are called and have; ``None`` stands for spans of any name."""

    def __init__(self, dataset: Dataset) -> None:
        """Group the spans by name."""
        self._spans: dict[str | None, list[Span]] = {None: list(dataset.spans)}
        for span in dataset.spans:
            self._spans.setdefault(span.name, []).append(span)
        self._values: dict[tuple[str | None, PathKind, str], tuple[Value, ...]] = {}

    @cached_property
    def names(self) -> list[str]:
        """The names of spans, sorted."""
        return sorted(name for name in self._spans if name is not None)

    def knows(self, name: str | None) -> bool:
        """Return whether there are spans of that name."""
        return bool(self._spans.get(name))

    def values(self, name: str | None, path: Path) -> tuple[Value, ...]:
        """Return the values that spans of a name have for an attribute or a resource attribute."""
        key = (name, path.kind, path.key)
        if key not in self._values:
            found = [
                span.resource.attributes.get(path.key) if path.kind is PathKind.RESOURCE else lookup(span, named)
                for span in self._spans.get(name, ())
                for named in (path.key, *path.older)
            ]
            self._values[key] = tuple(value for value in found if value is not None)
        return self._values[key]

    def keys(self, name: str | None, kind: PathKind) -> set[str]:
        """Return the attributes that spans of a name have, or only those of their resources."""
        spans = self._spans.get(name, ())
        found = {key for span in spans for key in span.resource.attributes}
        return found if kind is PathKind.RESOURCE else found | {key for span in spans for key in span.attributes}

    def events(self, name: str | None) -> set[str]:
        """Return the names of the events of spans of a name."""
        return {event.name for span in self._spans.get(name, ()) for event in span.events}


def unseen(rule: Rule, vocabulary: Vocabulary) -> Iterator[Found]:
    """Yield what a rule asks for and the traces do not have."""
    key = rule.scope.key
    if key is not None and key.kind is not PathKind.INTRINSIC and not vocabulary.values(None, key):
        hint = did_you_mean(key.key, sorted(vocabulary.keys(None, key.kind)))
        yield Found("L206", f"no span has `{key.key}`, so {rule.id} has no scope", key.origin, hint)
    patterns = [one for condition in conditions(rule) for one in nodes(condition) if isinstance(one, Pattern)]
    for pattern in patterns:
        if not vocabulary.knows(pattern.name):
            hint = did_you_mean(pattern.name or "", vocabulary.names) or _listed("the spans are", vocabulary.names)
            typo = is_typo(pattern.name or "", vocabulary.names)
            yield Found("L201", f"no span is called `{pattern.name}`", pattern.origin, hint, typo=typo)
            continue
        for test in tests_of(pattern):
            yield from _in_test(pattern.name, test, vocabulary)
    yield from _of_variables(rule, patterns, vocabulary)


def _in_test(name: str | None, test: Predicate, vocabulary: Vocabulary) -> Iterator[Found]:
    match test:
        case Comparison(path=path, right=right):
            found = [*_attribute({name}, path, vocabulary)]
            if isinstance(right, OwnValue):
                found += _attribute({name}, right.path, vocabulary)
            yield from found or _literals(name, test, vocabulary)
        case IsTrue(path=path):
            yield from _attribute({name}, path, vocabulary)
        case HasEvent(name=event):
            known = sorted(vocabulary.events(name))
            if event not in known:
                hint = did_you_mean(event, known) or _listed("the events are", known)
                yield Found("L205", f"no {_span(name)} has an event `{event}`", test.origin, hint)
        case _:
            return


def _of_variables(rule: Rule, patterns: list[Pattern], vocabulary: Vocabulary) -> Iterator[Found]:
    """Yield the attributes of variables and aggregates that the traces do not have."""
    names: dict[str, set[str | None]] = {}
    for pattern in patterns:
        if pattern.variable is not None:
            names.setdefault(pattern.variable, set()).add(pattern.name)
    for node in (node for condition in conditions(rule) for node in nodes(condition)):
        match node:
            case VariableValue(variable=variable, path=path):
                yield from _attribute(names.get(variable, set()), path, vocabulary)
            case Aggregate(over=over, path=Path() as path):
                side = over.left if isinstance(over, Relation) else over
                of = {side.name} if isinstance(side, Pattern) else names.get(side.name, set())
                yield from _attribute(of, path, vocabulary)
            case _:
                continue


def _attribute(names: Collection[str | None], path: Path, vocabulary: Vocabulary) -> Iterator[Found]:
    """Yield that no span of the names has an attribute; nothing where a name itself is unknown."""
    if path.kind is PathKind.INTRINSIC or not names or not all(map(vocabulary.knows, names)):
        return
    if any(vocabulary.values(name, path) for name in names):
        return
    known = sorted({key for name in names for key in vocabulary.keys(name, path.kind)})
    of = " or ".join(sorted(_span(name) for name in names))
    hint = did_you_mean(path.key, known) or _listed("there are", known)
    yield Found("L202", f"no {of} has `{path.key}`", path.origin, hint, typo=is_typo(path.key, known))


def _literals(name: str | None, test: Comparison, vocabulary: Vocabulary) -> Iterator[Found]:
    """Yield the words that an attribute never is in the traces."""
    if test.operator not in EQUALITIES or test.path.kind is PathKind.INTRINSIC:
        return
    seen = vocabulary.values(name, test.path)
    numbers = all(as_number(value) is not None for value in seen)
    texts = sorted({canonical_text(value) for value in seen})
    for literal in _words(test.right):
        word = str(literal.value)
        if numbers:
            message = f"`{test.path.key}` of {_span(name)} is always a number in the traces, and `{word}` is none"
            yield Found("L203", message, test.origin)
        elif len(texts) <= FEW and word not in texts:
            hint = did_you_mean(word, texts) or _listed("the traces have", texts)
            yield Found(
                "L204", f"`{test.path.key}` of {_span(name)} is never `{word}` in the traces", test.origin, hint
            )


def _words(right: Operand) -> Iterator[Literal]:
    for item in right.items if isinstance(right, ListLiteral) else (right,):
        if isinstance(item, Literal) and isinstance(item.value, str) and as_number(item.value) is None:
            yield item


def _span(name: str | None) -> str:
    return "span" if name is None else f"`{name}`"


def _listed(what: str, words: list[str]) -> str | None:
    """Return the hint that lists the words, None where they are none, or too many."""
    return f"{what} {choices(words)}" if 0 < len(words) <= LISTED else None
