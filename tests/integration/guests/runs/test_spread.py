"""Contenders measured by workers of a real scheduler: a lost worker, an unfit one, none."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from distributed import Client

from bench.distributed.dask import RESOURCE
from bench.engine import lock
from tests.support.suite import PATIENCE, Suite, eventually

pytestmark = pytest.mark.slow

REQUEST = ("--scenario=restart", "--trials=2", "--only=daemontools/runner/default/hosted",
         "--only=runit/runner/default/hosted")  # fmt: skip


@contextmanager
def program(suite: Suite, *words: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """One of Dask's own programs, in the suite's checkout and cache."""
    process = subprocess.Popen(
        [sys.executable, "-m", *words], cwd=suite.checkout,
        env=suite.environment(PYTHONPATH=str(suite.checkout), **environment),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


@contextmanager
def scheduler(suite: Suite) -> Iterator[Client]:
    """A client of a scheduler."""
    file = suite.base / "scheduler.json"
    words = ("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0",
             "--no-dashboard", "--scheduler-file", str(file))  # fmt: skip
    with program(suite, *words):
        eventually(file.exists, "a scheduler")
        with Client(scheduler_file=str(file)) as client:
            yield client


def address_of(client: Client) -> str:
    return str(client.scheduler_info()["address"])


@contextmanager
def worker(suite: Suite, client: Client, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker that offers to measure, once the scheduler knows it."""
    words = ("distributed.cli.dask_worker", address_of(client), "--nthreads", "1", "--no-nanny",
             "--no-dashboard", "--resources", f"{RESOURCE}=1",
             "--local-directory", str(suite.base / "dask"))  # fmt: skip
    before = workers(client)
    with program(suite, *words, **environment) as process:
        eventually(lambda: workers(client) > before, "a worker")
        yield process


def workers(client: Client) -> set[str]:
    return set(client.scheduler_info(n_workers=-1)["workers"])


def test_a_lost_workers_contender_is_measured_by_another(suite: Suite, bases: Path) -> None:
    # A cache of its own: only one run at a time measures with each cache.
    other = Suite.create(bases / "other")
    with ExitStack() as stack:
        client = stack.enter_context(scheduler(suite))
        stack.enter_context(worker(suite, client))
        lost = stack.enter_context(worker(other, client))
        running = suite.start("bench", f"--dask={address_of(client)}", *REQUEST)
        eventually(lambda: bool(suite.guests() and other.guests()), "both at work")
        lost.kill()
        lost.wait()
        done = running.end()
    assert done.code == 0, done.output
    run = suite.record()
    assert {contender["status"] for contender in run["contenders"]} == {"measured"}
    assert {contender["supervisor"] for contender in run["contenders"]} == {
        "daemontools",
        "runit",
        "floor",
    }
    assert len(run["merged"]) == 2
    eventually(lambda: not other.guests(), "the keepers remove what the lost worker had")
    shutil.rmtree(other.base)


def test_an_unfit_worker_is_refused_before_anything_is_measured(suite: Suite) -> None:
    nothing = suite.base / "no-programs"
    nothing.mkdir()
    with scheduler(suite) as client, worker(suite, client):
        fit = workers(client)
        with worker(suite, client, PATH=str(nothing)):
            (unfit,) = workers(client) - fit
            refused = suite.bench(f"--dask={address_of(client)}", *REQUEST)
    assert refused.code == 2, refused.output
    assert "1 of 2 workers failed the pre-flight check; nothing was measured." in refused.output
    assert f"{unfit}: lxc cannot make a Debian 12 guest" in refused.output
    assert not any(address in refused.output for address in fit)
    assert "--resources bench=1" in refused.output
    assert not suite.results.exists()


def test_ctrl_c_keeps_results_and_lets_workers_finish(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scheduler(suite) as client, worker(suite, client):
        running = suite.start("bench", f"--dask={address_of(client)}", *REQUEST)
        running.wait_for(" done on ")
        eventually(lambda: bool(suite.guests()), "the next contender is at work")
        running.interrupt()
        done = running.end()
        assert done.code == 130, done.output
        kept = (suite.results / "latest").resolve()
        assert f"what was measured is kept ({kept})" in done.output
        assert "Each worker finishes its present contender" in done.output
        monkeypatch.setenv(lock.VARIABLE, suite.lock)
        with lock.exclusive_run_lock(PATIENCE):  # that contender is done
            assert suite.guests() == []
    supervisors = {contender["supervisor"] for contender in suite.record()["contenders"]}
    assert len(supervisors) == 2
    assert "floor" in supervisors


def test_a_missing_scheduler_or_worker_is_refused(suite: Suite) -> None:
    refused = suite.bench("--dask=127.0.0.1:1", *REQUEST)
    assert refused.code == 2
    assert "No Dask scheduler answers" in refused.output
    with scheduler(suite) as client:
        refused = suite.bench(f"--dask={address_of(client)}", *REQUEST)
        assert refused.code == 1, refused.output
        assert f"No worker at {address_of(client)} offers to measure." in refused.output
        assert "--resources bench=1" in refused.output
