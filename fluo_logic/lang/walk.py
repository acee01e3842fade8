"""Walks over syntax trees."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from fluo_logic.lang.syntax import Origin, Pattern, Variable, VariableValue


def nodes(root: object) -> Iterator[Any]:
    """Yield ``root`` and every node below it, parents before children, in source order."""
    stack: list[Any] = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, tuple):
            stack.extend(reversed(node))
            continue
        names = _parts(type(node))  # type: ignore[arg-type]  # mypy takes a class for unhashable
        if names is not None:
            yield node
            stack.extend(getattr(node, name) for name in names)


@functools.cache
def _parts(kind: type) -> tuple[str, ...] | None:
    """Return the fields of a class of nodes, last first; None for anything else."""
    if not is_dataclass(kind) or kind is Origin:
        return None
    return tuple(item.name for item in reversed(fields(kind)) if item.name != "origin")


def variables_in(root: object) -> Iterator[tuple[str, Origin]]:
    """Yield each place that names a variable, with its name."""
    for node in nodes(root):
        match node:
            case Pattern(variable=str() as name):
                yield name, node.origin
            case Variable():
                yield node.name, node.origin
            case VariableValue():
                yield node.variable, node.origin
