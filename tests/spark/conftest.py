"""One small Spark for all tests of this folder; without PySpark or Java they are skipped."""

from __future__ import annotations

import gc
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

HERE = Path(__file__).parent
MASTER = "local[2,4]"
"""Two threads, and a task is tried up to four times."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let sockets be left open, as PySpark does."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.filterwarnings("ignore::ResourceWarning"))


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    pytest.importorskip("pyspark")
    pytest.importorskip("duckdb")
    if shutil.which("java") is None:
        pytest.skip("Java is not installed")
    from fluo_logic.spark import session  # noqa: PLC0415 - needs an optional package

    settings = {
        "spark.master": MASTER,
        "spark.driver.memory": "2g",
        "spark.sql.shuffle.partitions": "2",
        # Little data, and many queries: compiling them costs more than it saves.
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    }
    started = session.start(settings)
    yield started
    started.stop()
    with warnings.catch_warnings():
        # PySpark leaves the sockets to Java open.
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
