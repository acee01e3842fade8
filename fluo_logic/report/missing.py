"""Which attributes a rule names that the spans of its patterns lack: often the reason for a surprising verdict."""

from __future__ import annotations

from collections.abc import Iterator

from fluo_logic.facts.store import FactStore, lookup
from fluo_logic.lang import syntax as s
from fluo_logic.lang.walk import nodes


def missing_attributes(rule: s.Rule, store: FactStore) -> dict[str, int]:
    """Return, for each attribute that a named pattern of ``rule`` reads, how many spans of that name lack it.

    Attributes that no span lacks are left out.  ``exists(…)`` asks for absence, so it does not count as naming.
    """
    lacking: dict[str, int] = {}
    for key, names in sorted(attributes_named(rule).items()):
        spans = (store.spans[span] for name in names for span in store.by_name.get(name, ()))
        count = sum(1 for span in spans if lookup(span, key) is None)
        if count:
            lacking[key] = count
    return lacking


def attributes_named(rule: s.Rule) -> dict[str, set[str]]:
    """Return the attributes that named patterns of a rule read, and the names of the spans that each is read of."""
    found: dict[str, set[str]] = {}
    for name, key in _named(rule):
        found.setdefault(key, set()).add(name)
    return found


def _named(rule: s.Rule) -> Iterator[tuple[str, str]]:
    """Yield (span name, attribute) for each place where the rule reads an attribute of a pattern with a name."""
    conditions = [*([rule.when] if rule.when else []), *(obligation.condition for obligation in rule.obligations)]
    seen = [node for condition in conditions for node in nodes(condition)]
    variables = {
        node.variable: node.name for node in seen if isinstance(node, s.Pattern) and node.variable and node.name
    }
    for node in seen:
        match node:
            case s.Pattern(name=str() as name, predicates=predicates):
                for inner in (inner for predicate in predicates for inner in _own(predicate)):
                    yield name, inner
            case s.VariableValue(variable=variable, path=s.Path(kind=s.PathKind.ATTRIBUTE, key=key)):
                if variable in variables:
                    yield variables[variable], key
            case s.Aggregate(over=over, path=s.Path(kind=s.PathKind.ATTRIBUTE, key=key)):
                side = over.left if isinstance(over, s.Relation) else over
                if isinstance(side, s.Pattern) and side.name is not None:
                    yield side.name, key
            case _:
                continue


def _own(predicate: s.Predicate) -> Iterator[str]:
    """Yield the attributes of the span itself that a predicate compares."""
    match predicate:
        case s.Comparison(path=path, right=right):
            yield from _attribute(path)
            if isinstance(right, s.OwnValue):
                yield from _attribute(right.path)
        case s.IsTrue(path=path):
            yield from _attribute(path)
        case s.PredicateAnd(parts=parts) | s.PredicateOr(parts=parts):
            for part in parts:
                yield from _own(part)
        case s.PredicateNot(part=part):
            yield from _own(part)
        case s.Present() | s.HasEvent():
            return


def _attribute(path: s.Path) -> Iterator[str]:
    if path.kind is s.PathKind.ATTRIBUTE:
        yield path.key
