"""What all tests share: golden files, and how hypothesis runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

# No test is about time: a busy machine must not fail one.  A run can be repeated: `make agreement` is for new draws.
settings.register_profile("fluo", deadline=None, derandomize=True)
settings.load_profile("fluo")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-goldens", action="store_true", help="write what golden files compare with anew")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """Return a function that compares a text with a file, and with ``--update-goldens`` writes it."""
    update = bool(request.config.getoption("--update-goldens"))

    def compare(path: Path, text: str) -> None:
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            return
        assert path.exists(), f"{path} is missing: run pytest with --update-goldens and read what it writes"
        assert text == path.read_text(encoding="utf-8")

    return compare
