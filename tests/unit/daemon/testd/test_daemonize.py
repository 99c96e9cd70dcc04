"""testd --daemonize: it detaches itself as daemons do."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.support.sandbox import Sandbox
from tests.support.stamp_reader import StampReader
from tests.support.wait import eventually


@pytest.mark.parametrize("forks", ["1", "2"])
def test_a_daemonized_testd_is_detached_and_has_its_pid_file(
    sandbox: Sandbox, reader: StampReader, tmp_path: Path, forks: str
) -> None:
    pidfile = tmp_path / "s1.pid"
    done = sandbox.run_testd("--daemonize", "--forks", forks, "--pidfile", str(pidfile), "s1")
    assert done.returncode == 0
    written = pidfile.read_text()
    line = reader.await_line("start")
    pid = line["pid"]
    assert written == f"{pid}\n"
    assert os.getsid(pid) != os.getsid(0)
    # One fork leaves a session's leader, two do not.
    assert (os.getsid(pid) == pid) == (forks == "1")
    assert Path(f"/proc/{pid}/cwd").readlink() == Path("/")
    for fd in range(3):
        assert Path(f"/proc/{pid}/fd/{fd}").readlink() == Path("/dev/null")
    assert list(tmp_path.glob("s1.pid*")) == [pidfile]
    os.kill(pid, signal.SIGTERM)
    eventually(lambda: not sandbox.processes(), "the end of all processes")


def test_the_pid_file_is_there_before_the_start_is_told(sandbox: Sandbox, tmp_path: Path) -> None:
    (sandbox.dir / "stamps").mkdir()  # no FIFO: the record tells
    pidfile = tmp_path / "s1.pid"
    for count in range(1, 20):
        pidfile.write_text("stale\n")
        sandbox.start(*sandbox.testd("--daemonize", "--pidfile", str(pidfile), "s1"))
        pid = sandbox.await_pid(starts=count)
        assert pidfile.read_text() == f"{pid}\n"


def test_a_pid_file_that_cannot_be_written_is_an_error(sandbox: Sandbox, tmp_path: Path) -> None:
    done = sandbox.run_testd("--daemonize", "--pidfile", str(tmp_path / "none" / "s1.pid"), "s1")
    assert done.returncode != 0
    assert "none/s1.pid" in done.stderr
    eventually(lambda: not sandbox.processes(), "the end of all processes")


def test_a_late_pid_file_comes_after_the_first_process_has_gone(
    sandbox: Sandbox, reader: StampReader, tmp_path: Path
) -> None:
    pidfile = tmp_path / "s1.pid"
    options = ("--daemonize", "--pidfile", str(pidfile), "--late-pidfile", "300", "s1")
    assert sandbox.run_testd(*options).returncode == 0
    assert not pidfile.exists()
    pid = reader.await_line("start")["pid"]
    eventually(pidfile.exists, "the pid file")
    assert pidfile.read_text() == f"{pid}\n"


def test_a_slow_start_delays_the_pid_file_and_the_start_line(
    sandbox: Sandbox, reader: StampReader, tmp_path: Path
) -> None:
    pidfile = tmp_path / "s1.pid"
    sandbox.run_testd("--daemonize", "--pidfile", str(pidfile), "--slow-start", "300", "s1")
    line = reader.await_line("start")
    assert line["up_ns"] - line["main_ns"] >= 300_000_000
    assert pidfile.stat().st_mtime_ns > 0


def test_a_late_pid_file_needs_a_pid_file(sandbox: Sandbox) -> None:
    assert sandbox.run_testd("--late-pidfile", "1", "s1").returncode == 64
