"""What testd leaves behind: children and orphans."""

from __future__ import annotations

from pathlib import Path

from tests.support.sandbox import Sandbox, process_state
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
