"""Older names of the attributes that rule packs read, and examples written with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from fluo_logic.lang.aliases import ALIAS
from fluo_logic.lang.syntax import Aggregate, Example, ExampleSpan, Path, PathKind, Pattern, Rule
from fluo_logic.lang.walk import nodes

OLDER: Final = {
    "http.request.method": "http.method",
    "http.response.status_code": "http.status_code",
    "http.request.resend_count": "http.resend_count",
    "url.full": "http.url",
    "url.path": "http.target",
    "server.address": "net.peer.name",
    "db.system.name": "db.system",
    "db.namespace": "db.name",
    "db.collection.name": "db.sql.table",
    "db.operation.name": "db.operation",
    "db.query.text": "db.statement",
    "messaging.operation.type": "messaging.operation",
    "messaging.message.id": "messaging.message_id",
    "messaging.destination.name": "messaging.destination",
    "messaging.consumer.group.name": "messaging.kafka.consumer.group",
    "user.id": "enduser.id",
    "user.roles": "enduser.role",
}
"""Current names of the semantic conventions, and what they were called before."""


def aliases_due(rule: Rule) -> Iterator[str]:
    """Yield the aliases that a rule can have; those of users only where spans of any name are read."""
    parts = (rule.when, rule.metadata.display, *(obligation.condition for obligation in rule.obligations))
    found = [node for part in parts if part is not None for node in nodes(part)]
    single = {node.path.key for node in found if isinstance(node, Aggregate) and node.path is not None}
    if rule.scope.key is not None:
        single.add(rule.scope.key.key)
    any_name = any(isinstance(node, Pattern) and node.name is None for node in found)
    read = {node.key for node in found if isinstance(node, Path) and node.kind is PathKind.ATTRIBUTE}
    for key in sorted(read - single):
        if key in OLDER and (any_name or not key.startswith("user.")):
            yield f"{key} = {OLDER[key]}"


def with_older_names(rule: Rule) -> Rule:
    """Return the rule with examples in which attributes have the first older name of each alias."""
    older: dict[str, str] = {}
    for text in rule.metadata.aliases:
        found = ALIAS.fullmatch(text)
        assert found is not None, text
        older.setdefault(found["current"], found["older"])
    return replace(rule, examples=tuple(_renamed_example(example, older) for example in rule.examples))


def _renamed_example(example: Example, older: dict[str, str]) -> Example:
    return replace(
        example, traces=tuple(tuple(_renamed_span(span, older) for span in trace) for trace in example.traces)
    )


def _renamed_span(span: ExampleSpan, older: dict[str, str]) -> ExampleSpan:
    attributes = tuple(
        replace(one, path=replace(one.path, key=older.get(one.path.key, one.path.key)))
        if one.path.kind is PathKind.ATTRIBUTE
        else one
        for one in span.attributes
    )
    return replace(span, attributes=attributes, children=tuple(_renamed_span(child, older) for child in span.children))
