"""What the functions on pids say of processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from provision.counters.pids import is_ending
from tests.support.wait import eventually

# The main thread ends alone; the process goes on.
HEADLESS = """
import ctypes, threading, time
threading.Thread(target=time.sleep, args=(600,)).start()
print("ready", flush=True)
ctypes.CDLL(None).pthread_exit(None)
"""
UNSHARE = ["unshare", "--map-root-user", "--pid", "--fork", "--kill-child"]


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def _child(pid: int) -> int:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    return int(eventually(lambda: children.read_text().split(), "a child")[0])


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process
        process.kill()


def test_a_process_that_runs_or_is_stopped_is_not_ending(
    sleeper: subprocess.Popen[bytes],
) -> None:
    assert not is_ending(sleeper.pid)
    sleeper.send_signal(signal.SIGSTOP)
    assert not is_ending(sleeper.pid)


def test_a_process_that_nobody_has_waited_for_has_ended(
    sleeper: subprocess.Popen[bytes],
) -> None:
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    assert is_ending(sleeper.pid)


def test_a_process_that_is_gone_has_ended(sleeper: subprocess.Popen[bytes]) -> None:
    sleeper.kill()
    sleeper.wait()
    assert is_ending(sleeper.pid)


def test_a_process_goes_on_without_its_main_thread() -> None:
    with subprocess.Popen([sys.executable, "-c", HEADLESS], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        eventually(lambda: _state(process.pid) == "Z", "the main thread's end")
        assert not is_ending(process.pid)
        process.kill()


def test_pid_1_is_ending_while_the_kernel_waits_for_what_it_has_killed() -> None:
    """What had entered the namespace is dead, and its parent outside has not waited for it."""
    with subprocess.Popen([*UNSHARE, "sh", "-c", "read line"], stdin=subprocess.PIPE) as outer:
        assert outer.stdin is not None
        init = _child(outer.pid)
        enter = ["nsenter", "--user", "--preserve-credentials", "--pid", "--target", str(init)]
        with subprocess.Popen([*enter, "sleep", "600"]) as entered:
            sleep = _child(entered.pid)
            entered.send_signal(signal.SIGSTOP)
            assert not is_ending(init)
            outer.stdin.close()
            eventually(lambda: _state(sleep) == "Z", "the end of what has entered")
            assert Path(f"/proc/{init}").exists()
            assert is_ending(init)
            entered.send_signal(signal.SIGCONT)
