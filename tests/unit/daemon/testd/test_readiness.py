"""testd's signs of life: readiness, watchdog, heartbeat."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from pathlib import Path

import pytest

from tests.support.sandbox import Sandbox, pauses, process_state
from tests.support.stamp_reader import StampReader
from tests.support.wait import eventually


def test_ready_by_descriptor(sandbox: Sandbox, reader: StampReader) -> None:
    ours, theirs = os.pipe()
    sandbox.start(*sandbox.testd("s1", "--ready", f"fd:{theirs}"), pass_fds=(theirs,))
    os.close(theirs)
    with os.fdopen(ours, "rb") as f:
        assert f.read() == b"\n", "a newline, then closed"
    assert reader.await_line("start")["main_ns"] <= reader.await_line("ready")["ready_ns"]


@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_ready_by_notification(
    sandbox: Sandbox, reader: StampReader, tmp_path: Path, kind: str
) -> None:
    name = str(tmp_path / "notify") if kind == "path" else f"@testd-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
        notified.bind(name.replace("@", "\0"))
        notified.settimeout(60)
        sandbox.start(*sandbox.testd("s1", "--ready", "notify"), env={"NOTIFY_SOCKET": name})
        assert notified.recv(100) == b"READY=1"
    reader.await_line("ready")


def test_ready_by_stop(sandbox: Sandbox, reader: StampReader) -> None:
    daemon = sandbox.start(*sandbox.testd("s1", "--ready", "stop"))
    eventually(lambda: process_state(daemon.pid) == "T", "testd stopped")
    reader.await_line("ready")
    daemon.send_signal(signal.SIGCONT)
    eventually(lambda: process_state(daemon.pid) == "S", "testd asleep")


def test_ready_late_and_never(sandbox: Sandbox, reader: StampReader) -> None:
    ours, theirs = os.pipe()
    sandbox.run_testd("s1", "--ready", "never", "--exit-after", "1")
    assert "ready" not in [line["event"] for line in reader.lines()]
    options = ["--ready", f"fd:{theirs}", "--ready-after", "50", "--exit-after", "60"]
    sandbox.run_testd("s1", *options, pass_fds=(theirs,))
    assert [line["event"] for line in reader.lines()][-3:] == ["start", "ready", "exit"]
    os.close(ours)
    os.close(theirs)


def test_watchdog_notifications_stop_when_testd_hangs(sandbox: Sandbox, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
        notified.bind(str(tmp_path / "notify"))
        notified.settimeout(60)
        environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "10000"}
        daemon = sandbox.start(
            *sandbox.testd("s1", "--watchdog", "notify", "--hang-after", "100"), env=environment
        )
        assert notified.recv(100) == b"WATCHDOG=1"
        notified.setblocking(False)

        def hangs() -> bool:
            with contextlib.suppress(BlockingIOError):
                assert notified.recv(100) == b"WATCHDOG=1"
            return pauses(daemon.pid)

        eventually(hangs, "testd without any more timer")


def test_a_heartbeat_file_is_touched_until_testd_hangs(sandbox: Sandbox, tmp_path: Path) -> None:
    heart = tmp_path / "heart"
    daemon = sandbox.start(
        *sandbox.testd("s1", "--watchdog", f"file:{heart}", "--hang-after", "1200")
    )
    eventually(heart.exists, "the heartbeat file")
    first = heart.stat().st_mtime_ns
    eventually(lambda: heart.stat().st_mtime_ns > first, "another heartbeat")
    eventually(lambda: pauses(daemon.pid), "testd without any more timer")
