"""The files that come with fluo: rule packs and the incident applications, from a checkout or an installed wheel.

An editable install finds them at the root of the repository (``rules/``, ``examples/incidents/``), a wheel carries
them inside the package (``shipped/``).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from fluo_logic.errors import ConfigError
from fluo_logic.lang.suggest import did_you_mean

PACK: Final = "pack:"
"""What the name of a shipped rule pack begins with, where a path of rules is expected."""
PACKAGE: Final = Path(__file__).resolve().parent


def _shipped(in_wheel: str, in_repository: str) -> Path:
    shipped = PACKAGE / "shipped" / in_wheel
    return shipped if shipped.is_dir() else PACKAGE.parent / in_repository


def rules_folder() -> Path:
    """Return the folder whose folders are the shipped rule packs."""
    return _shipped("rules", "rules")


def incidents_folder() -> Path:
    """Return the folder of the seven incident applications and their catalogue."""
    return _shipped("incidents", "examples/incidents")


def packs() -> tuple[str, ...]:
    """Return the names of the shipped rule packs, sorted."""
    folder = rules_folder()
    if not folder.is_dir():
        return ()
    return tuple(
        sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith((".", "_")))
    )


def pack_folder(name: str) -> Path:
    """Return the folder of the rule pack ``name``.

    Raises:
        ConfigError: no pack has this name.
    """
    known = packs()
    if name not in known:
        hint = did_you_mean(name, known, PACK) or f"the packs are {', '.join(PACK + pack for pack in known) or 'none'}"
        raise ConfigError(code="C301", message=f"there is no rule pack named `{name}`", hint=hint)
    return rules_folder() / name


def rules_path(named: str | os.PathLike[str]) -> Path:
    """Return the file or folder that ``named`` stands for: a path, or ``pack:NAME``.

    Raises:
        ConfigError: no pack has this name.
    """
    text = os.fspath(named)
    if text.startswith(PACK):
        return pack_folder(text.removeprefix(PACK))
    return Path(text)
