"""How tests are spread over workers, and what probes have led to.

Tests of a file stay together, for they share fixtures.
"""

from __future__ import annotations

import atexit
import os

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from bench.engine.lock import VARIABLE, lock_file
from tests.probes import count_lines, note_kind

# Tests measure beside each other, and beside a bench of the host: what they check is no figure.
os.environ[VARIABLE] = f"tests-{os.getpid()}"
atexit.register(lock_file(os.environ[VARIABLE]).unlink, missing_ok=True)
# Those of such a folder, too: all its files want the same machine, or the same mirrors.
TOGETHER = ("tests/integration/vms", "tests/integration/systems")
# Each of these has a suite of its own, and they take long.
APART = tuple(
    f"tests/integration/guests/{place}" for place in ("leftovers/", "failures/", "runs/test_resume")
)


class _Scheduling(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::")[0]
        if file.startswith(APART):
            return nodeid
        folder = file.rsplit("/", 1)[0]
        return folder if folder in TOGETHER else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> _Scheduling:
    """Called where there are workers at all."""
    return _Scheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        note_kind(item)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many harmful acts ran, and what became of them."""
    reports = [
        report
        for kept in terminalreporter.stats.values()
        for report in kept
        if isinstance(report, pytest.TestReport)
    ]
    lines = list(count_lines(reports))
    if lines:
        terminalreporter.section("probes")
    for line in lines:
        terminalreporter.write_line(line)
