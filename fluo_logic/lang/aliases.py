"""Older names of attributes: what a rule's ``aliases`` put into the paths of its conditions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, Final, TypeVar, cast

from fluo_logic.lang.syntax import Aggregate, HasEvent, Origin, Path, PathKind, Rule
from fluo_logic.lang.walk import nodes

Node = TypeVar("Node")
ALIAS: Final = re.compile(r"\s*(?P<current>[^\s=]+)\s*=\s*(?P<older>[^\s=]+)\s*")


def with_aliases(rule: Rule) -> Rule:
    """Return the rule with the older names of its aliases in the paths of attributes of spans.

    Attributes of events, keys of scopes and targets of aggregates keep their one name.
    """
    older: dict[str, tuple[str, ...]] = {}
    for text in rule.metadata.aliases:
        found = ALIAS.fullmatch(text)
        if found is not None:
            current = found["current"]
            older[current] = (*older.get(current, ()), found["older"])
    if not older:
        return rule
    return replace(
        rule,
        metadata=replace(rule.metadata, display=_renamed(rule.metadata.display, older)),
        when=_renamed(rule.when, older),
        obligations=_renamed(rule.obligations, older),
    )


def alias_mistakes(rule: Rule) -> Iterator[tuple[str, str, str | None]]:
    """Yield each alias that means nothing: its text, a message and a hint."""
    parts = (rule.when, rule.metadata.display, *(obligation.condition for obligation in rule.obligations))
    aggregated = {node.path.key for part in parts for node in nodes(part) if isinstance(node, Aggregate) and node.path}
    key = None if rule.scope.key is None else rule.scope.key.key
    seen = set[tuple[str, str]]()
    for text in rule.metadata.aliases:
        found = ALIAS.fullmatch(text)
        if found is None:
            yield text, f"`{text}` is no alias", 'write `aliases "http.request.method = http.method"`'
            continue
        current, older = found["current"], found["older"]
        if current == older or (current, older) in seen:
            yield text, f"`{text}` says nothing new", "leave it out"
        elif current == key:
            hint = "write a rule of its own that is joined by the older name"
            yield text, f"the scope is joined by `{current}`, which has one name", hint
        elif current in aggregated:
            hint = "write a rule of its own for the older name"
            yield text, f"an aggregate reads `{current}`, which has one name there", hint
        seen.add((current, older))


def _renamed(node: Node, older: Mapping[str, tuple[str, ...]]) -> Node:
    """Return a tree with the older names in its paths."""
    return cast("Node", _exchanged(node, older))


def _exchanged(node: Any, older: Mapping[str, tuple[str, ...]]) -> Any:  # noqa: ANN401 - any node of a syntax tree
    match node:
        case Path(kind=PathKind.ATTRIBUTE, key=key) if key in older:
            return replace(node, older=older[key])
        case HasEvent() | Origin():
            return node
        case tuple():
            return tuple(_exchanged(item, older) for item in node)
        case _ if is_dataclass(node) and not isinstance(node, type):
            kept = {"origin", *(("path",) if isinstance(node, Aggregate) else ())}
            names = [item.name for item in fields(node) if item.name not in kept]
            return replace(node, **{name: _exchanged(getattr(node, name), older) for name in names})
        case _:
            return node
