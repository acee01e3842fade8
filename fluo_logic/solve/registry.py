"""The engines by name; an engine is imported when it is first asked for."""

from __future__ import annotations

import importlib.util
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
SPARK: Final = "spark"
"""The engine that is no solver of facts in memory: it reads and scans inputs on a cluster."""
SCAN_FROM: Final = 10_000
"""From how many spans on ``auto`` scans with DuckDB, where that is installed; see docs/adr/0008-auto.md."""
SCAN_FROM_BYTES: Final = 2_000_000
"""From how many bytes on inputs are read as columns: so many have about that many spans."""


def engine_named(name: str) -> Engine:
    """Return an engine by its name; raises ConfigError for one that does not exist."""
    found = ENGINES.get(name)
    if found is None:
        message = f"there is no engine named {name}"
        raise ConfigError(
            code="C101", message=message, hint=f"the engines are auto, {', '.join(sorted((*ENGINES, SPARK)))}"
        )
    return found()


def engine_for(spans: int) -> str:
    """Return the engine that ``auto`` stands for on so many spans: clingo, or DuckDB for a scan of large data."""
    return "duckdb" if spans >= SCAN_FROM and _can_scan() else "clingo"


def scans_bytes(size: int) -> bool:
    """Return whether inputs of so many bytes are read as columns."""
    return size >= SCAN_FROM_BYTES and _can_scan()


def _can_scan() -> bool:
    return all(importlib.util.find_spec(name) for name in ("duckdb", "numpy", "pyarrow", "sqlglot"))
