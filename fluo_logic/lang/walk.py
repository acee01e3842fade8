"""Walks over syntax trees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from fluo_logic.lang.syntax import Origin, Pattern, Variable, VariableValue


def nodes(root: object) -> Iterator[Any]:
    """Yield ``root`` and every node below it, parents before children, in source order."""
    stack = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, tuple):
            stack.extend(reversed(node))
        elif is_dataclass(node) and not isinstance(node, Origin):
            yield node
            stack.extend(getattr(node, item.name) for item in reversed(fields(node)))


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
