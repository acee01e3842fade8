"""A headless Chromium that opens reports; where there is none, or no selenium, these tests skip themselves."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest

from tests.report.conftest import incident_files

__all__ = ["incident_files"]  # a fixture, for the tests here too

FLAGS: Final = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
)  # fmt: skip
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")

Driver: TypeAlias = Any
Open: TypeAlias = Callable[[str], Driver]


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    """One browser for the tests of a module, with an empty profile."""
    pytest.importorskip("selenium", reason="needs the browser extra")
    from selenium import webdriver  # noqa: PLC0415 - needs the extra
    from selenium.webdriver.chrome.service import Service  # noqa: PLC0415 - likewise

    binary = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    driver = shutil.which("chromedriver")
    if binary is None or driver is None:
        pytest.skip("needs chromium and chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options=options, service=Service(driver))
    try:
        # A headless page has the focus only if it is told so.
        browser.execute_cdp_cmd("Emulation.setFocusEmulationEnabled", {"enabled": True})
        yield browser
    finally:
        browser.quit()


@pytest.fixture
def opened(chromium: Driver, tmp_path: Path) -> Iterator[Open]:
    """Opens the text of a page; afterwards the console must have stayed empty."""
    look(chromium, 1440, 1000)

    def opening(page: str) -> Driver:
        path = tmp_path / "report.html"
        path.write_text(page, encoding="ascii")
        chromium.get(path.as_uri())
        return chromium

    yield opening
    assert chromium.get_log("browser") == []


def look(browser: Driver, width: int, height: int, *, dark: bool = False) -> None:
    """Give the browser a window of this size, and light or dark."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
