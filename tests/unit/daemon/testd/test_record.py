"""What testd tells of its starts: the line in the FIFO, and the record."""

from __future__ import annotations

import fcntl
import os

from tests.support.sandbox import Sandbox, entry_is_stamped, process_state
from tests.support.stamp_reader import StampReader
from tests.support.wait import eventually


def test_start_line_and_record_agree(sandbox: Sandbox, reader: StampReader) -> None:
    daemon = sandbox.start(*sandbox.testd("s1"))
    line = reader.await_line("start")
    assert line == {
        "event": "start",
        "service": "s1",
        "pid": daemon.pid,
        "ppid": os.getpid(),
        "seq": 1,
        "begun_ns": line["begun_ns"],
        "main_ns": line["main_ns"],
        "up_ns": line["up_ns"],
    }
    assert line["begun_ns"] <= line["main_ns"] <= line["up_ns"]
    assert bool(line["begun_ns"]) == entry_is_stamped()
    stamps = (line["begun_ns"], line["main_ns"], line["up_ns"])
    assert sandbox.read_record() == (1, 0, daemon.pid, *stamps)


def test_each_start_has_the_next_number(sandbox: Sandbox, reader: StampReader) -> None:
    for _ in range(5):
        sandbox.run_testd("s1", "--exit-after", "0")
    starts = [line for line in reader.lines() if line["event"] == "start"]
    assert [line["seq"] for line in starts] == [1, 2, 3, 4, 5]
    mains = [line["main_ns"] for line in starts]
    assert mains == sorted(mains)


def test_simultaneous_starts_are_all_counted(sandbox: Sandbox, reader: StampReader) -> None:
    for _ in range(20):
        sandbox.start(*sandbox.testd("s1"))
    eventually(lambda: len(reader.lines()) == 20, "20 lines")
    assert sorted(line["seq"] for line in reader.lines()) == list(range(1, 21))
    assert sandbox.read_record()[:2] == (20, 0)


def test_without_a_reader_lines_are_counted_as_lost(sandbox: Sandbox) -> None:
    os.mkfifo(sandbox.dir / "stamps")
    assert sandbox.run_testd("s1", "--exit-after", "0").returncode == 0
    assert sandbox.read_record()[:2] == (1, 2), "the start's line and the exit's"


def test_testd_never_waits_for_a_full_pipe(sandbox: Sandbox, reader: StampReader) -> None:
    fcntl.fcntl(reader.fd, 1031, 4096)  # F_SETPIPE_SZ
    os.write(reader.fd, b"x" * 4096)
    daemon = sandbox.start(*sandbox.testd("s1"))
    eventually(lambda: sandbox.read_record()[1] == 1, "one lost line")
    eventually(lambda: process_state(daemon.pid) == "S", "testd asleep")
    assert sandbox.read_record()[:3] == (1, 1, daemon.pid)


def test_a_file_in_place_of_the_fifo_is_left_alone(sandbox: Sandbox) -> None:
    (sandbox.dir / "stamps").write_text("precious")
    sandbox.run_testd("s1", "--exit-after", "0")
    assert (sandbox.dir / "stamps").read_text() == "precious"


def test_testd_runs_without_its_folder(sandbox: Sandbox) -> None:
    sandbox.dir.rmdir()
    assert sandbox.run_testd("s1", "--exit-after", "0", "--exit-code", "3").returncode == 3
