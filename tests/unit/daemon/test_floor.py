"""The floor alone: it starts, restarts and stops its commands, and explains its errors."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.support.sandbox import Sandbox
from tests.support.wait import eventually


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


def test_a_killed_command_is_started_again_as_a_child(sandbox: Sandbox) -> None:
    floor = sandbox.start_floor("s1")
    for count in range(1, 6):
        pid = sandbox.await_pid(starts=count)
        assert parent_of(pid) == floor.pid
        os.kill(pid, signal.SIGKILL)


def test_an_end_restarts_only_its_own_command(sandbox: Sandbox) -> None:
    sandbox.start_floor_of("s1", "s2", "s3")
    pids = {service: sandbox.await_pid(service) for service in ("s1", "s2", "s3")}
    os.kill(pids["s2"], signal.SIGKILL)
    sandbox.await_pid("s2", starts=2)
    assert sandbox.await_pid("s1") == pids["s1"]
    assert sandbox.await_pid("s3") == pids["s3"]


def test_sigterm_ends_the_commands_and_the_floor(sandbox: Sandbox) -> None:
    floor = sandbox.start_floor_of("s1", "s2")
    sandbox.await_pid("s1")
    sandbox.await_pid("s2")
    floor.terminate()
    assert floor.wait() == 0
    assert sandbox.processes() == []


def test_commands_inherit_no_blocked_signals(sandbox: Sandbox) -> None:
    sandbox.start_floor("s1")
    status = Path(f"/proc/{sandbox.await_pid()}/status").read_text()
    assert int(status.split("SigBlk:")[1].split()[0], 16) == 0


def test_as_pid_1_the_floor_reaps_orphans(sandbox: Sandbox) -> None:
    if os.getuid():
        pytest.skip("a process namespace needs root")
    inner = sandbox.start(
        *("unshare", "--pid", "--fork", "--kill-child", str(sandbox.binaries.floor)),
        *sandbox.testd("s1", "--orphans", "50"),
    )
    # Seen from outside: unshare, its child the floor, and nothing but testd below that.
    tree = Path(f"/proc/{inner.pid}/task/{inner.pid}/children")
    floor = eventually(lambda: tree.read_text().split(), "the floor below unshare")[0]
    below = Path(f"/proc/{floor}/task/{floor}/children")

    def only_testd() -> bool:
        pids = below.read_text().split()
        stat = Path(f"/proc/{pids[0]}/stat").read_text() if len(pids) == 1 else ""
        call = Path(f"/proc/{pids[0]}/syscall").read_text().split()[0] if stat else ""
        return "(testd) S" in stat and call in {"34", "73", "29"}

    eventually(only_testd, "testd alone, asleep, below the floor")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([], 64),
        (["--"], 64),
        (["/bin/true", "--"], 64),
        (["--", "/bin/true"], 64),
        (["/nowhere/at/all"], 71),
    ],
)
def test_wrong_commands_are_refused(sandbox: Sandbox, words: list[str], code: int) -> None:
    done = subprocess.run(
        [sandbox.binaries.floor, *words], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == code
    assert "floor" in done.stderr


def test_a_command_that_cannot_start_ends_the_others(sandbox: Sandbox) -> None:
    floor = sandbox.start(
        str(sandbox.binaries.floor),
        *sandbox.testd("s1"),
        "--",
        "/nowhere/at/all",
        stderr=subprocess.DEVNULL,
    )
    assert floor.wait() == 71
    assert sandbox.processes() == []
