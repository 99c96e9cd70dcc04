"""Contenders spread over two workers by a real scheduler; one of them is lost on the way."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from distributed import Client

from bench.spread import RESOURCE
from tests.guests.suite import Suite, eventually

pytestmark = pytest.mark.slow

ASKED = ("--scenario=restart", "--trials=2", "--only=daemontools/runner/default/hosted",
         "--only=runit/runner/default/hosted")  # fmt: skip


@contextmanager
def program(suite: Suite, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """One of Dask's own programs, in the suite's checkout and cache."""
    environment = suite.environment(PYTHONPATH=str(suite.checkout))
    process = subprocess.Popen(
        [sys.executable, "-m", *words], cwd=suite.checkout, env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def worker(suite: Suite, address: str) -> tuple[str, ...]:
    return ("distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny",
            "--no-dashboard", "--resources", f"{RESOURCE}=1",
            "--local-directory", str(suite.base / "dask"))  # fmt: skip


def address_of(folder: Path) -> str:
    """Where the scheduler that writes its file there can be reached."""
    file = folder / "scheduler.json"
    eventually(file.exists, "a scheduler")
    with Client(scheduler_file=str(file)) as client:
        return str(client.scheduler_info()["address"])


def test_a_lost_workers_contender_runs_elsewhere(suite: Suite, bases: Path) -> None:
    # A cache of its own: measuring is for one at a time in each.
    other = Suite.made(bases / "other")
    file = str(suite.base / "scheduler.json")
    scheduler = ("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0",
                 "--no-dashboard", "--scheduler-file", file)  # fmt: skip
    with ExitStack() as stack:
        stack.enter_context(program(suite, *scheduler))
        address = address_of(suite.base)
        stack.enter_context(program(suite, *worker(suite, address)))
        lost = stack.enter_context(program(other, *worker(other, address)))
        client = stack.enter_context(Client(address))
        eventually(lambda: len(client.scheduler_info()["workers"]) == 2, "two workers")
        running = suite.start("bench", f"--dask={address}", *ASKED)
        eventually(lambda: bool(suite.guests() and other.guests()), "both at work")
        lost.kill()
        lost.wait()
        done = running.end()
    assert done.code == 0, done.output
    run = suite.record()
    assert {each["status"] for each in run["contenders"]} == {"measured"}
    assert {each["supervisor"] for each in run["contenders"]} == {"daemontools", "runit", "floor"}
    assert len(run["merged"]) == 2
    eventually(lambda: not other.guests(), "the keepers remove what the lost worker had")
    shutil.rmtree(other.base)


def test_no_scheduler_and_nobody_who_measures(suite: Suite) -> None:
    refused = suite.bench("--dask=127.0.0.1:1", *ASKED)
    assert refused.code == 2
    assert "No Dask scheduler answers" in refused.output
