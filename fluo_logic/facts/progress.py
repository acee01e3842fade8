"""How far long work has come: told to whoever wants to show it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Progress: TypeAlias = Callable[[str], None]
"""Takes a few words, such as ``reading, 40 %``; called often, so what shows them has to choose."""


def silent(_words: str) -> None:
    """Tell nobody."""
