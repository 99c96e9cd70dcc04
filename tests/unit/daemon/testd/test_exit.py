"""How testd ends: by itself, or by a signal."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.support.sandbox import Sandbox, process_state
from tests.support.stamp_reader import StampReader
from tests.support.wait import eventually


def test_testd_exits_with_the_code_and_tells_it(sandbox: Sandbox, reader: StampReader) -> None:
    assert sandbox.run_testd("s1", "--exit-after", "1", "--exit-code", "7").returncode == 7
    assert reader.await_line("start")["up_ns"] <= reader.await_line("exit")["exit_ns"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_testd_ends_by_the_signal_and_leaves_no_core(
    sandbox: Sandbox, number: signal.Signals
) -> None:
    done = sandbox.run_testd("s1", "--exit-after", "0", "--exit-signal", str(int(number)))
    assert done.returncode == -number
    assert not list(Path().glob("core*"))


def test_sigterm_ends_testd(sandbox: Sandbox) -> None:
    daemon = sandbox.start(*sandbox.testd("s1"))
    sandbox.await_pid()
    daemon.terminate()
    assert daemon.wait() == -signal.SIGTERM


def test_ignore_term_ignores_sigterm_but_not_sigkill(sandbox: Sandbox, reader: StampReader) -> None:
    daemon = sandbox.start(*sandbox.testd("s1", "--ignore-term", "--ready", "never"))
    reader.await_line("start")
    daemon.send_signal(signal.SIGTERM)
    # A stopped and continued process has had every chance to take the earlier signal.
    daemon.send_signal(signal.SIGSTOP)
    eventually(lambda: process_state(daemon.pid) == "T", "testd stopped")
    daemon.send_signal(signal.SIGCONT)
    eventually(lambda: process_state(daemon.pid) == "S", "testd asleep")
    daemon.kill()
    assert daemon.wait() == -signal.SIGKILL


def noted_pids(sandbox: Sandbox) -> list[int]:
    """Return the pids in the daemon's notes of SIGTERM."""
    path = sandbox.dir / "s1.term"
    return [int(line.split()[0]) for line in path.read_text().splitlines()]


def takes_notes(sandbox: Sandbox, pid: int) -> bool:
    """Return whether testd has made its file of notes, and waits."""
    return (sandbox.dir / "s1.term").exists() and process_state(pid) == "S"


def test_note_term_notes_sigterm_and_ends_by_it(sandbox: Sandbox, reader: StampReader) -> None:
    daemon = sandbox.start(*sandbox.testd("s1", "--note-term", "--ready", "never"))
    reader.await_line("start")
    eventually(lambda: takes_notes(sandbox, daemon.pid), "testd asleep, its file of notes there")
    daemon.terminate()
    assert daemon.wait() == -signal.SIGTERM
    assert noted_pids(sandbox) == [daemon.pid]


def test_note_term_notes_every_sigterm_that_is_ignored(
    sandbox: Sandbox, reader: StampReader
) -> None:
    daemon = sandbox.start(*sandbox.testd("s1", "--note-term", "--ignore-term", "--ready", "never"))
    reader.await_line("start")
    eventually(lambda: takes_notes(sandbox, daemon.pid), "testd asleep, its file of notes there")
    daemon.terminate()
    eventually(lambda: noted_pids(sandbox) == [daemon.pid], "one note")
    daemon.terminate()
    eventually(lambda: noted_pids(sandbox) == [daemon.pid] * 2, "two notes")
    eventually(lambda: process_state(daemon.pid) == "S", "testd asleep")
