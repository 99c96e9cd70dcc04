"""The tracer's records of pid namespaces."""

from __future__ import annotations

import ctypes
import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.tracing import tracer


def forks(*pairs: tuple[int, int], comm: str = "sh") -> bytes:
    line = "sched_process_fork: comm={2} pid={0} child_comm={2} child_pid={1}\n"
    return "".join(line.format(*pair, comm) for pair in pairs).encode()


def test_the_fork_table_records_the_nearest_living_ancestor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        tracer, "namespace_line", lambda pid: f"#ns {pid}\n" if pid in (7, 40) else ""
    )
    table = tracer.ForkTable()
    assert table.namespace_lines(forks((7, 20), (20, 30))) == b""
    executed = b"sched_process_exec: filename=/srv/testd/testd pid=30 old_pid=30"
    assert table.namespace_lines(executed) == b"#ns 7\n"
    assert table.namespace_lines(forks((30, 40), (30, 50), comm="testd")) == b"#ns 40\n#ns 7\n"
    # A reused pid: its own child forked it, and neither process lives.
    assert table.namespace_lines(forks((50, 7), (7, 50), comm="testd")) == b"#ns 7\n#ns 7\n"
    assert table.namespace_lines(forks((60, 50), (50, 60), comm="testd")) == b""


def test_the_fork_table_forgets_the_oldest_forks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracer, "MAX_FORKS", 3)
    monkeypatch.setattr(tracer, "namespace_line", lambda pid: "")
    table = tracer.ForkTable()
    table.namespace_lines(forks((1, 2), (1, 3), (1, 4), (1, 2), (1, 5)))
    assert sorted(table.parents) == [2, 4, 5]


@pytest.mark.parametrize("number", [errno.EBUSY, errno.EPERM])
def test_only_a_tracefs_that_is_mounted_already_is_no_error(
    monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    class Libc:
        def __init__(self, *_: object, **__: object) -> None: ...

        def unshare(self, *_: object) -> int:
            return 0

        def mount(self, kind: object, *_: object) -> int:
            return -1 if kind == b"tracefs" else 0

    monkeypatch.setattr(ctypes, "CDLL", Libc)
    monkeypatch.setattr(ctypes, "get_errno", lambda: number)
    if number == errno.EBUSY:
        tracer.mount_tracefs()
        return
    with pytest.raises(SystemExit, match="cannot mount tracefs"):
        tracer.mount_tracefs()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_sweep_removes_stale_instances_from_a_mounted_tracefs() -> None:
    """The instance of a process that never ran, in a mount namespace of the test's own."""
    script = f"""
        mount -t tracefs tracefs {tracer.TRACEFS} || exit 77
        stale={tracer.TRACEFS}/instances/{tracer.NAME}-1-0
        mkdir $stale || exit 77
        "$@" && test ! -e $stale
    """
    program = (sys.executable, "-I", "-S", str(Path(tracer.__file__)), "--sweep")
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, "sh", *program],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode == 77:
        pytest.skip(f"tracefs cannot be mounted here: {done.stderr}")
    assert done.returncode == 0, done.stderr
