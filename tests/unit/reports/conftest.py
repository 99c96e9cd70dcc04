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

# The browser itself must not use the network: every request that a test sees is the page's.
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


@dataclass
class Browser:
    """Chromium, which shows one page."""

    driver: Chrome

    def open(self, page: Path) -> None:
        """Open a page from disk."""
        self._log("performance")
        self.driver.get(page.as_uri())

    def run(self, script: str) -> Any:
        """Run the body of a JavaScript function; return its result."""
        return self.driver.execute_script(script)

    def width(self, pixels: int) -> None:
        """Set the width of the window in px; a narrow one is a phone's."""
        size = {"width": pixels, "height": 800, "deviceScaleFactor": 1, "mobile": pixels < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def theme(self, name: str) -> None:
        """Set the preferred colour scheme: light or dark."""
        features = [{"name": "prefers-color-scheme", "value": name}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def console(self) -> list[str]:
        """Return the messages that the page wrote to the console."""
        return [entry["message"] for entry in self._log("browser")]

    def requests(self) -> list[str]:
        """Return every address that was requested since the page was opened."""
        entries = (json.loads(entry["message"]) for entry in self._log("performance"))
        messages = [entry["message"] for entry in entries]
        return [
            message["params"]["request"]["url"]
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
        ]

    def _log(self, name: str) -> list[dict[str, Any]]:
        """Return the entries of a log since the last call; selenium has no types for it."""
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
    path = shutil.which(name)
    assert path, f"{name} is not installed; ./inv test --all installs it"
    return path
