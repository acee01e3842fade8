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
    lacking: dict[str, set[int]] = {}
    for name, key in _named(rule):
        for span in store.by_name.get(name, ()):
            if lookup(store.spans[span], key) is None:
                lacking.setdefault(key, set()).add(span)
    return {key: len(spans) for key, spans in sorted(lacking.items())}


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
