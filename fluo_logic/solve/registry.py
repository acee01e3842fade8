"""The engines by name; an engine is imported when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from fluo_logic.errors import ConfigError
from fluo_logic.solve.base import Engine


def _clingo() -> Engine:
    from fluo_logic.solve.clingo import ClingoEngine  # noqa: PLC0415 - start-up counts

    return ClingoEngine()


def _duckdb() -> Engine:
    from fluo_logic.solve.duckdb import DuckDbEngine  # noqa: PLC0415 - an optional package, and start-up counts

    return DuckDbEngine()


def _pydatalog() -> Engine:
    from fluo_logic.solve.pydatalog import PyDatalogEngine  # noqa: PLC0415 - start-up counts, the package is optional

    return PyDatalogEngine()


ENGINES: Final[Mapping[str, Callable[[], Engine]]] = MappingProxyType(
    {"clingo": _clingo, "duckdb": _duckdb, "pydatalog": _pydatalog}
)
AUTO: Final = "clingo"


def engine_named(name: str) -> Engine:
    """Return the engine ``name``, or the default for ``auto``; raises ConfigError for one that does not exist."""
    found = ENGINES.get(AUTO if name == "auto" else name)
    if found is None:
        message = f"there is no engine named {name}"
        raise ConfigError(code="C101", message=message, hint=f"the engines are auto, {', '.join(sorted(ENGINES))}")
    return found()
