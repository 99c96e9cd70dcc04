"""testd that executes a program in its own place."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.support.sandbox import Sandbox
from tests.support.stamp_reader import StampReader
from tests.support.wait import eventually

SLEEP = ("/bin/sleep", "1000")


def words_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")[:-1]


def test_the_program_has_the_pid_and_the_stamps_of_testd(
    sandbox: Sandbox, reader: StampReader
) -> None:
    daemon = sandbox.start(*sandbox.testd("s1", *sandbox.exec_options(*SLEEP)))
    line = reader.await_line("start")
    eventually(lambda: words_of(daemon.pid) == [*SLEEP], "the program")
    assert line["pid"] == daemon.pid == sandbox.read_record()[2]
    assert line["main_ns"] == sandbox.read_record()[4]


def test_words_are_taken_as_they_are(sandbox: Sandbox) -> None:
    words = ("a b", "", "'$HOME'", "two\nlines", "caf\u00e9")
    show = "import sys; sys.stdout.write(repr(sys.argv[1:]))"
    done = sandbox.run_testd("s1", *sandbox.exec_options(sys.executable, "-c", show, *words))
    assert done.returncode == 0
    assert (sandbox.dir / "s1.output").read_text() == repr(list(words))


def test_both_streams_go_to_a_file_that_each_start_makes_anew(sandbox: Sandbox) -> None:
    options = sandbox.exec_options("/bin/sh", "-c", "echo out; echo err >&2")
    output = sandbox.dir / "s1.output"
    for _ in range(2):
        done = sandbox.run_testd("s1", *options)
        assert (done.stdout, done.stderr) == ("", "")
        assert output.read_text() == "out\nerr\n"


def test_a_program_that_is_missing_is_said_in_its_output(sandbox: Sandbox) -> None:
    done = sandbox.run_testd("s1", *sandbox.exec_options("/nosuch/program"))
    assert done.returncode == 71
    assert (sandbox.dir / "s1.output").read_text() == (
        "testd: /nosuch/program: No such file or directory\n"
    )


@pytest.mark.parametrize("content", [b"", b"/bin/true", b"x" * (1 << 16) + b"\0"])
def test_a_file_that_is_no_command_is_refused_before_any_start(
    sandbox: Sandbox, content: bytes
) -> None:
    (sandbox.dir / "command").write_bytes(content)
    done = sandbox.run_testd("s1", "--exec", str(sandbox.dir / "command"))
    assert done.returncode == 66
    assert sandbox.read_record() == (0,) * 6


def test_a_detached_program_is_the_one_that_the_pid_file_names(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    pidfile = tmp_path / "s1.pid"
    done = sandbox.run_testd(
        "s1", "--daemonize", "--pidfile", str(pidfile), *sandbox.exec_options(*SLEEP)
    )
    assert done.returncode == 0
    pid = int(pidfile.read_text())
    try:
        eventually(lambda: words_of(pid) == [*SLEEP], "the program")
        assert sandbox.read_record()[2] == pid
    finally:
        os.kill(pid, signal.SIGKILL)
