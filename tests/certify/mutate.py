"""Random changes of certificates and of spans; each says what kind of change it is."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random
from typing import Any, Final

from fluo_logic.facts.model import Kind, Span, Status

Place = tuple[Any, Any]
"""A container of a JSON document, and the key or index of an item in it."""


def _places(node: Any) -> Iterator[Place]:  # noqa: ANN401 - JSON
    keys = node.keys() if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    for key in list(keys):
        yield node, key
        yield from _places(node[key])


def _scalars(held: dict[str, Any]) -> list[Place]:
    return [(node, key) for node, key in _places(held) if not isinstance(node[key], dict | list)]


def _replace(held: dict[str, Any], random: Random) -> None:
    """Put a scalar of the certificate in the place of another."""
    node, key = random.choice(_scalars(held))
    other, where = random.choice(_scalars(held))
    node[key] = other[where]


def _edit(held: dict[str, Any], random: Random) -> None:
    """Change one scalar a little."""
    node, key = random.choice(_scalars(held))
    match node[key]:
        case bool() as value:
            node[key] = not value
        case int() as value:
            node[key] = value + random.choice((-1, 1, 7))
        case str() as value:
            place = random.randrange(len(value) + 1)
            node[key] = value[:place] + random.choice(("", "0", "x")) + value[place + 1 :]
        case _:
            node[key] = random.choice((0, "", [], True))


def _swap_kind(held: dict[str, Any], random: Random) -> None:
    """Make a claim of another outcome, or a node of another kind."""
    node = random.choice([*held["claims"], *held["nodes"]])
    if "claim" in node:
        node["claim"] = random.choice(("fails", "satisfied", "vacuous", "active"))
        node["obligation"] = random.choice((None, 0, 1, node["obligation"]))
    else:
        node["kind"] = random.choice(("holds", "extension", "axiom", ""))


def _drop_item(held: dict[str, Any], random: Random) -> None:
    """Leave out a node, a claim, a tuple, an argument or a member."""
    node, key = random.choice([place for place in _places(held) if place[0] is not held])
    del node[key]


def _drop_node(held: dict[str, Any], random: Random) -> None:
    del held["nodes"][random.randrange(len(held["nodes"]))]


def _move_node(held: dict[str, Any], random: Random) -> None:
    """Put a node somewhere else, so that it may rest on what comes after it."""
    nodes = held["nodes"]
    nodes.insert(random.randrange(len(nodes)), nodes.pop(random.randrange(len(nodes))))


def _repeat_node(held: dict[str, Any], random: Random) -> None:
    nodes = held["nodes"]
    nodes.insert(random.randrange(len(nodes)), copy.deepcopy(random.choice(nodes)))


def _rows(held: dict[str, Any], random: Random) -> None:
    """Add or take a tuple of an extension, or claim that there is none."""
    extensions = [node for node in held["nodes"] if node.get("kind") == "extension"]
    if not extensions:
        return
    node, other = random.choice(extensions), random.choice(extensions)
    rows = node["rows"] if isinstance(node["rows"], list) else [node["atom"][1:]]
    more = other["rows"] if isinstance(other["rows"], list) else []
    node["rows"] = random.choice(([], rows[:-1], [*rows, *more], [*rows, node["atom"][1:]], 9, len(rows)))


def _pattern(held: dict[str, Any], random: Random) -> None:
    """Open or close an argument of an extension."""
    node = random.choice(held["nodes"])
    place = random.randrange(1, len(node["atom"]))
    ground = [item for other in held["nodes"] for item in other["atom"][1:]]
    node["atom"][place] = random.choice((None, random.choice(ground)))


def _claim(held: dict[str, Any], random: Random) -> None:
    """Leave out a claim, repeat one, or make one about another match."""
    claims = held["claims"]
    if not claims:
        return
    one, other = random.choice(claims), random.choice(claims)
    match random.randrange(3):
        case 0:
            claims.remove(one)
        case 1:
            claims.append(copy.deepcopy(one))
        case _:
            one["match"] = copy.deepcopy(other["match"])


def _options(held: dict[str, Any], random: Random) -> None:
    options = held["options"]
    key = random.choice(list(options))
    options[key] = not options[key] if isinstance(options[key], bool) else str(random.randrange(10**9))


CERTIFICATE_CHANGES: Final[dict[str, Callable[[dict[str, Any], Random], None]]] = {
    "a value replaced by another": _replace,
    "a value edited": _edit,
    "another kind or outcome": _swap_kind,
    "an item left out": _drop_item,
    "a node left out": _drop_node,
    "a node moved": _move_node,
    "a node repeated": _repeat_node,
    "tuples of an extension": _rows,
    "the pattern of a node": _pattern,
    "a claim left out, repeated or moved": _claim,
    "the options": _options,
}


def _change_span(spans: list[Span], random: Random, change: Callable[[Span], Span]) -> None:
    place = random.randrange(len(spans))
    spans[place] = change(spans[place])


def _lose(spans: list[Span], random: Random) -> None:
    del spans[random.randrange(len(spans))]


def _rename(spans: list[Span], random: Random) -> None:
    name = random.choice([*sorted({span.name for span in spans}), "other"])
    _change_span(spans, random, lambda span: replace(span, name=name))


def _shift(spans: list[Span], random: Random) -> None:
    by = random.choice((-(10**9), -(10**6), -1, 1, 10**6, 10**9))
    start, end = random.choice(((by, by), (by, 0), (0, by)))
    _change_span(
        spans,
        random,
        lambda span: replace(
            span,
            start=None if span.start is None else max(1, span.start + start),
            end=None if span.end is None else max(1, span.end + end),
        ),
    )


def _attribute(spans: list[Span], random: Random) -> None:
    keys = sorted({key for span in spans for key in span.attributes} | {"extra"})
    values = [value for span in spans for value in span.attributes.values()]
    key, value = random.choice(keys), random.choice([*values, 0, 1, "x", True, 2.5])
    _change_span(spans, random, lambda span: replace(span, attributes={**span.attributes, key: value}))


def _forget(spans: list[Span], random: Random) -> None:
    def forgotten(span: Span) -> Span:
        keys = list(span.attributes)
        gone = random.choice(keys) if keys else None
        return replace(span, attributes={key: value for key, value in span.attributes.items() if key != gone})

    _change_span(spans, random, forgotten)


def _adopt(spans: list[Span], random: Random) -> None:
    parent = random.choice([*(span.span_id for span in spans), None, "f" * 16])
    _change_span(spans, random, lambda span: replace(span, parent_id=parent))


def _other_trace(spans: list[Span], random: Random) -> None:
    trace = random.choice([*(span.trace_id for span in spans), "e" * 32])
    taken = {span.key for span in spans}
    _change_span(spans, random, lambda span: span if (trace, span.span_id) in taken else replace(span, trace_id=trace))


def _rest(spans: list[Span], random: Random) -> None:
    """Change kind or status, lose the events or the links, or drop data."""
    changes: tuple[dict[str, Any], ...] = (
        {"kind": random.choice(list(Kind))},
        {"status": random.choice(list(Status))},
        {"events": ()},
        {"links": ()},
        {"dropped_attributes": 1},
        {"status_message": "changed"},
    )
    _change_span(spans, random, lambda span: replace(span, **random.choice(changes)))


SPAN_CHANGES: Final[dict[str, Callable[[list[Span], Random], None]]] = {
    "a span lost": _lose,
    "a span renamed": _rename,
    "a time moved": _shift,
    "an attribute changed": _attribute,
    "an attribute lost": _forget,
    "another parent": _adopt,
    "another trace": _other_trace,
    "kind, status, events, links": _rest,
}
