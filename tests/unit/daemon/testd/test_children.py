"""What testd leaves behind: children and orphans."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

from tests.support.sandbox import Sandbox, process_state
from tests.support.stamp_reader import StampReader
from tests.support.wait import eventually


def test_children_outlive_testd(sandbox: Sandbox) -> None:
    daemon = sandbox.start(*sandbox.testd("s1", "--children", "3"))
    eventually(lambda: len(sandbox.processes()) == 4, "testd and three children")
    children = [pid for pid in sandbox.processes() if pid != daemon.pid]

    def named() -> bool:
        names = [Path(f"/proc/{pid}/comm").read_text() for pid in children]
        return names == ["testd-child\n"] * 3

    eventually(named, "three processes named testd-child")
    daemon.kill()
    daemon.wait()
    assert sorted(sandbox.processes()) == sorted(children)


def test_orphans_end_by_themselves(sandbox: Sandbox) -> None:
    daemon = sandbox.start(*sandbox.testd("s1", "--orphans", "20"))

    def alone() -> bool:
        return process_state(daemon.pid) == "S" and sandbox.processes() == [daemon.pid]

    eventually(alone, "testd asleep, its orphans gone")


def test_children_in_sessions_are_apart_from_the_daemons_own(sandbox: Sandbox) -> None:
    daemon = sandbox.start(*sandbox.testd("s1", "--children", "1", "--sessions", "2"))

    def sessions_by_name() -> list[tuple[str, bool]]:
        others = [pid for pid in sandbox.processes() if pid != daemon.pid]
        return sorted(
            (Path(f"/proc/{pid}/comm").read_text().strip(), os.getsid(pid) == pid) for pid in others
        )

    expected = [("testd-child", False), ("testd-session", True), ("testd-session", True)]
    eventually(lambda: sessions_by_name() == expected, "a child, and two in sessions of their own")


def test_a_child_holds_the_port_that_the_successor_needs(
    sandbox: Sandbox, reader: StampReader
) -> None:
    with socket.socket() as free:
        free.bind(("", 0))
        port = str(free.getsockname()[1])
    daemon = sandbox.start(*sandbox.testd("s1", "--port", port, "--children", "1"))
    eventually(lambda: len(sandbox.processes()) == 2, "testd and its child")
    daemon.kill()
    daemon.wait()
    refused = sandbox.run_testd("s1", "--port", port)
    assert refused.returncode == 69
    assert refused.stderr.startswith(f"testd: port {port}: Address ")
    (child,) = sandbox.processes()
    os.kill(child, signal.SIGKILL)
    eventually(lambda: not sandbox.processes(), "the end of the child")
    sandbox.start(*sandbox.testd("s1", "--port", port))
    eventually(lambda: len(reader.lines()) == 3, "the third start")
