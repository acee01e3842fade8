"""A compact, readable picture of a syntax tree: one node a line, its constants beside its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum

from fluo_logic.lang.syntax import Literal, Path, Rule

SMALL = (str, int, float, bool, type(None))


def dump(rules: list[Rule]) -> str:
    return "\n".join(line for rule in rules for line in _lines(rule, "", "")) + "\n"


def _lines(node: object, label: str, indent: str) -> Iterator[str]:
    prefix = f"{indent}{label}: " if label else indent
    if isinstance(node, tuple):
        yield f"{prefix.rstrip()}"
        for item in node:
            yield from _lines(item, "", indent + "  ")
    elif isinstance(node, Path):
        yield f"{prefix}{node.kind.value} {node.key!r}{' quoted' if node.quoted else ''}"
    elif isinstance(node, Literal):
        yield f"{prefix}{node.value!r}{' bare' if node.bare else ''}"
    elif is_dataclass(node):
        parts = [(item.name, getattr(node, item.name)) for item in fields(node) if item.name != "origin"]
        small = [f"{name}={_small(value)}" for name, value in parts if isinstance(value, SMALL) and value is not None]
        yield " ".join([f"{prefix}{type(node).__name__}", *small])
        for name, value in parts:
            if not isinstance(value, SMALL) and value != ():
                yield from _lines(value, name, indent + "  ")
    else:
        yield f"{prefix}{dict(node) if isinstance(node, Mapping) else node!r}"


def _small(value: object) -> str:
    return value.value if isinstance(value, Enum) else repr(value)
