"""System calls, as the kernel counts them: of processes made for it, and of supervisors."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from provision.counters.syscalls import count_syscalls
from tests.support.suite import Suite

S6, MONIT = "s6/runner/default/pid1", "monit/monitor/tuned/hosted"
MANY = 10_000
# What reading a line and answering it costs, and forking and waiting.
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
def test_each_call_is_counted_a_childs_too(caller: subprocess.Popen[str], line: str) -> None:
    assert caller.stdin is not None
    assert caller.stdout is not None
    with count_syscalls([caller.pid]) as calls:
        print(line, file=caller.stdin, flush=True)
        assert caller.stdout.readline() == "done\n"
    if calls.why_not:
        pytest.skip(f"the suite's own words for it: {calls.why_not}")
    assert calls.count is not None
    assert MANY <= calls.count < MANY + FEW


@pytest.mark.slow
def test_an_idle_supervisor_calls_nothing_and_a_poller_does(suite: Suite) -> None:
    done = suite.bench(f"--only={S6},{MONIT}", "--scenario=idle", "--quick")
    assert done.code == 0, done.output
    found = {
        each["name"]: {metric["metric"]: metric for metric in each["scenarios"]["idle"]["metrics"]}
        for each in suite.record()["contenders"]
    }
    if found[S6]["syscalls"]["status"] != "measured":
        pytest.skip(f"the suite's own words for it: {found[S6]['syscalls']['note']}")
    assert found[S6]["syscalls"]["median"] == 0
    # At least one to sleep and one to look, each time.
    assert found[MONIT]["syscalls"]["median"] > found[MONIT]["wakeups"]["median"]
