"""System calls that the kernel counts: of processes made for the test, and of supervisors."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from provision.counters.syscalls import count_syscalls
from tests.support.suite import Suite

S6, MONIT = "s6/runner/default/pid1", "monit/monitor/fast/hosted"
MANY = 10_000
# More than the calls for reading a line, forking, waiting and answering.
FEW = 500
CALLER = f"""
import os
for line in iter(input, "end"):
    child = os.fork() if line == "fork" else 0
    if not child:
        for _ in range({MANY}):
            os.getppid()
    if line == "fork" and not child:
        os._exit(0)
    if child:
        os.waitpid(child, 0)
    print("done", flush=True)
"""


@pytest.fixture
def caller() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", CALLER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    yield process
    process.communicate("end\n")


@pytest.mark.parametrize("line", ["itself", "fork"])
def test_the_calls_of_a_process_and_its_children_are_counted(
    caller: subprocess.Popen[str], line: str
) -> None:
    assert caller.stdin is not None
    assert caller.stdout is not None
    with count_syscalls([caller.pid]) as calls:
        print(line, file=caller.stdin, flush=True)
        assert caller.stdout.readline() == "done\n"
    if calls.why_not:
        pytest.skip(f"the kernel does not count here: {calls.why_not}")
    assert calls.count is not None
    assert MANY <= calls.count < MANY + FEW


@pytest.mark.slow
def test_an_idle_supervisor_makes_no_calls_and_a_poller_does(suite: Suite) -> None:
    done = suite.bench(f"--only={S6},{MONIT}", "--scenario=idle", "--quick")
    assert done.code == 0, done.output
    metrics = {
        row["name"]: {metric["metric"]: metric for metric in row["scenarios"]["idle"]["metrics"]}
        for row in suite.record()["contenders"]
    }
    if metrics[S6]["syscalls"]["status"] != "measured":
        pytest.skip(f"the kernel does not count here: {metrics[S6]['syscalls']['note']}")
    assert metrics[S6]["syscalls"]["median"] == 0
    # At each wake-up, at least one call to sleep and one to poll.
    assert metrics[MONIT]["syscalls"]["median"] > metrics[MONIT]["wakeups"]["median"]
