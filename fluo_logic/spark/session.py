"""The Spark session: one that the user hands over, or one that is started, quietly."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeAlias

from py4j.protocol import Py4JError
from pyspark.errors import AnalysisException, ParseException, PySparkException
from pyspark.sql import SparkSession

from fluo_logic.errors import ConfigError, InternalError, UnsupportedError

Session: TypeAlias = SparkSession
SETTINGS: Final = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
}
"""Settings of a session that is started here, where the user has given none."""
OWN: Final = {
    # An overflow is an error and not NULL, and functions of Python get Python's own values.
    "spark.sql.ansi.enabled": "true",
    "spark.sql.execution.pythonUDF.arrow.enabled": "false",
    "spark.sql.session.timeZone": "UTC",
}
"""Settings of the queries of a check, which leave the user's session as it was."""
QUERIES: Final = "spark.sql."
"""How the settings begin that a session has of its own."""
CAUSE: Final = "Caused by: "
TRACEBACK: Final = "Traceback (most recent call last):"
MOST_SAID: Final = 500
CHATTER: Final = ("WARNING", "Using", "\tat", "Setting")
"""How lines begin that Java logs whatever happens."""


def active(given: SparkSession | None = None) -> SparkSession:
    """Return the session that is given, else the active one, else one that is started.

    Raises:
        ConfigError: Spark cannot be started.
    """
    session = given if given is not None else SparkSession.getActiveSession()
    if session is not None:
        return session
    master = os.environ.get("SPARK_MASTER")
    return start({"spark.master": master} if master else {})


def open_session(session: SparkSession) -> SparkSession:
    """Return a session for one check: views and functions of its own, beside the user's in one application.

    Raises:
        ConfigError: the session is one of Spark Connect.
    """
    if not hasattr(session, "newSession") or not hasattr(session, "_jsparkSession"):
        hint = "hand over a session that drives the cluster itself, or use --engine spark under spark-submit"
        raise ConfigError(code="C502", message="sessions of Spark Connect are not supported", hint=hint)
    with told():
        own = session.newSession()
        chosen = {key: value for key, value in session.conf.getAll.items() if key.startswith(QUERIES)}
        for key, value in {**chosen, **OWN}.items():
            if own.conf.isModifiable(key):
                own.conf.set(key, value)
    return own


def give_back(session: SparkSession) -> None:
    """Make a session the active one again: any becomes so when it makes a table."""
    with told():
        session.createDataFrame([], "nothing int")


def start(settings: Mapping[str, str] | None = None) -> SparkSession:
    """Start Spark, quietly; ``settings`` are those of the session, by their names in Spark.

    Raises:
        ConfigError: it cannot be started.
    """
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("fluo")
    for key, value in {**SETTINGS, **(settings or {})}.items():
        builder = builder.config(key, value)
    folder = Path(tempfile.mkdtemp(prefix="fluo-spark-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    log = folder / "log"
    try:
        with _errors_to(log):
            return builder.getOrCreate()
    except (PySparkException, Py4JError, OSError, RuntimeError) as error:
        message = f"Spark cannot be started: {_said(log, error)}"
        hint = "it needs Java 17 or later: set JAVA_HOME, or put java on the PATH"
        raise ConfigError(code="C501", message=message, hint=hint) from error


@contextmanager
def _errors_to(log: Path) -> Iterator[None]:
    """Let the standard error of the process that Java is started in be a file: it logs before it can be told not to."""
    sys.stderr.flush()
    kept = os.dup(2)
    with log.open("wb") as file:
        os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _said(log: Path, error: Exception) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    telling = [line.strip() for line in lines if line.strip() and not line.startswith(CHATTER)]
    return telling[0] if telling else _first_line(error)


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


@contextmanager
def told() -> Iterator[None]:
    """Turn what Spark raises into one message.

    Raises:
        UnsupportedError: a query has what Spark SQL cannot do.
        InternalError: Spark refused a query.
        ConfigError: a job failed.
    """
    try:
        yield
    except (AnalysisException, ParseException) as error:
        first = _first_line(error)
        if "UNSUPPORTED" in first:
            hint = "the engines clingo and duckdb can"
            raise UnsupportedError(
                code="U202", message=f"Spark SQL cannot express a rule: {first}", hint=hint
            ) from error
        raise InternalError(code="X107", message=f"Spark refused a query: {first}") from error
    except (PySparkException, Py4JError) as error:
        hint = "the logs of the executors tell more; fluo_logic must be installed on them, in the same version"
        raise ConfigError(code="C503", message=f"the Spark job failed: {cause(error)}", hint=hint) from error


def cause(error: object) -> str:
    """Return the cause of a failed job in a line: the last error of Python where there is one."""
    lines = [line.rstrip() for line in str(error).splitlines() if line.strip()]
    of_python: str | None = None
    in_traceback = False
    for line in lines:
        if line.lstrip().startswith(TRACEBACK) or line.endswith(TRACEBACK):
            in_traceback = True
        elif in_traceback and not line.startswith((" ", "\t")):
            of_python, in_traceback = line, False
    causes = [line.removeprefix(CAUSE) for line in lines if line.startswith(CAUSE)]
    found = of_python or (causes[-1] if causes else "") or (lines[0] if lines else type(error).__name__)
    return found[:MOST_SAID].strip()
