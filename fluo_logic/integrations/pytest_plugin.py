"""The pytest plugin: invariants of the spans that a test makes.

``@pytest.mark.invariants("pack:…", "rules/x.fluo")`` checks them when the test has run, ``--fluo-rules`` does so for
every test, and the fixture ``fluo`` gives them into the test's own hands.  Everything else is imported when a test
asks for it: the plugin is loaded by every run of pytest.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from fluo_logic.integrations.invariants import Invariants
    from fluo_logic.integrations.pytest_session import Run

MARKER: Final = "invariants"
_RUN: Final = pytest.StashKey["Run"]()
_ADDED: Final = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and settings."""
    group = parser.getgroup("fluo", "invariants of traces")
    group.addoption(
        "--fluo-rules",
        action="append",
        default=[],
        metavar="RULES",
        help="check the spans of every test for these rules: a file, a folder or pack:NAME; can be repeated",
    )
    parser.addini("fluo_rules", "rules that the spans of every test are checked for", type="args", default=[])
    parser.addini("fluo_wait", "seconds to wait at the end of a test for spans that have not ended", default="1")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker; load the rules for every test, so that a mistake in them is told before any test."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}(*rules, active=False, allow_empty=False, fail_on='info', strict=False, **settings): "
        "check the spans of the test for rules: files, folders or pack:NAME (fluo).",
    )
    if config.getoption("fluo_rules") or config.getini("fluo_rules"):
        _run(config).rules_of_all()


def _run(config: pytest.Config) -> Run:
    from fluo_logic.integrations.pytest_session import Run  # noqa: PLC0415 - most runs of pytest do not need it

    if _RUN not in config.stash:
        config.stash[_RUN] = Run(config, MARKER)
    return config.stash[_RUN]


def _concerned(item: pytest.Item) -> bool:
    return _RUN in item.config.stash or item.get_closest_marker(MARKER) is not None


@pytest.fixture
def fluo(request: pytest.FixtureRequest) -> Generator[Invariants]:
    """The spans of this test, and checks of them: `fluo.require("rules/")`, `fluo.check(…)`, `fluo.spans`."""
    run = _run(request.config)
    yield run.begin(request.node)
    run.end(request.node)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, pytest.CollectReport, Any]:
    """Fail the collection of a file whose markers name rules that are wrong."""
    report = yield
    if report.passed:
        marked = [item for item in report.result if isinstance(item, pytest.Item) and item.get_closest_marker(MARKER)]
        if marked:
            _run(collector.config).plan_all(marked, report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Check the spans of a test when it has run."""
    if not _concerned(item):
        return (yield)
    return (yield from _run(item.config).call(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the proof, not how the plugin came to it."""
    report = yield
    if call.excinfo is not None and report.failed and _concerned(item):
        _run(item.config).show(item, call.excinfo, report)
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell what was checked."""
    from fluo_logic.integrations.pytest_summary import summary  # noqa: PLC0415 - only at the end

    for line in summary(terminalreporter.stats):
        if terminalreporter.verbosity >= 0:
            terminalreporter.write_line(line)
