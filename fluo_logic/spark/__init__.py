"""Rules on Spark: the readers run on its executors, the relational plan in its SQL."""

from __future__ import annotations

import importlib.util
from typing import Final

from fluo_logic.errors import ConfigError

NEEDED: Final = ("pyspark", "pandas", "pyarrow", "numpy", "sqlglot", "duckdb")
"""PySpark wants pandas for Arrow batches; what comes back may be much, and then DuckDB scans it."""

for _name in NEEDED:
    try:
        _found = importlib.util.find_spec(_name) is not None
    except ValueError:  # it was said in `sys.modules` that it is not there
        _found = False
    if not _found:
        raise ConfigError(
            code="C140",
            message=f"the engine spark needs the package {_name}, which is not installed",
            hint="pip install 'fluo_logic[spark]'",
        )
