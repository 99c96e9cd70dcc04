"""A headless browser, for the tests of the page."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

# Nothing of its own may look for the network: every request seen shall be the page's.
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


@dataclass
class Browser:
    """Chromium with one page open."""

    driver: Chrome

    def open(self, page: Path) -> None:
        """Open a page from disk."""
        self._log("performance")
        self.driver.get(page.as_uri())

    def run(self, script: str) -> Any:
        """What a function body of JavaScript returns."""
        return self.driver.execute_script(script)

    def width(self, pixels: int) -> None:
        """Show the page as wide as that."""
        size = {"width": pixels, "height": 800, "deviceScaleFactor": 1, "mobile": pixels < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def theme(self, name: str) -> None:
        """Prefer light or dark."""
        features = [{"name": "prefers-color-scheme", "value": name}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def console(self) -> list[str]:
        """What the page complained of."""
        return [entry["message"] for entry in self._log("browser")]

    def requests(self) -> list[str]:
        """Every address asked for since the page was opened."""
        said = [json.loads(entry["message"]) for entry in self._log("performance")]
        return [
            each["message"]["params"]["request"]["url"]
            for each in said
            if each["message"]["method"] == "Network.requestWillBeSent"
        ]

    def _log(self, name: str) -> list[dict[str, Any]]:
        """What came since the last time; selenium does not annotate its own method."""
        return list(self.driver.get_log(name))  # type: ignore[no-untyped-call]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    options = ChromeOptions()
    options.binary_location = _program("chromium")
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = Chrome(options=options, service=Service(_program("chromedriver")))
    try:
        yield Browser(driver)
    finally:
        driver.quit()


def _program(name: str) -> str:
    found = shutil.which(name)
    assert found, f"{name} is not installed; ./inv test --all installs it"
    return found
