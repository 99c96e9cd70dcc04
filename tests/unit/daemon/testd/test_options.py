"""testd's options and its mode file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.sandbox import Sandbox
from tests.support.stamp_reader import StampReader
from tests.support.wait import eventually


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--dance", "s1"],
        ["s1", "s2"],
        ["../s1"],
        ["s1", "--forks", "3"],
        ["s1", "--exit-after"],
        ["s1", "--exit-after", "-1"],
        ["s1", "--exit-after", "1x"],
        ["s1", "--exit-code", "1"],
        ["s1", "--exit-after", "1", "--exit-code", "1", "--exit-signal", "9"],
        ["s1", "--ready", "loudly"],
        ["s1", "--ready", "fd:"],
    ],
)
def test_wrong_options_are_refused_before_any_start(sandbox: Sandbox, words: list[str]) -> None:
    done = sandbox.run_testd(*words)
    assert done.returncode == 64
    assert done.stderr.startswith("testd: ")
    assert sandbox.read_record() == (0,) * 6, "nothing was started"


@pytest.mark.parametrize("how", ["always", "file:", "file:heart"])
def test_an_unknown_watchdog_is_refused(sandbox: Sandbox, how: str) -> None:
    done = sandbox.run_testd("s1", "--watchdog", how)
    assert done.returncode == 64
    assert "--watchdog takes notify or file:/PATH" in done.stderr


def test_chatter_is_numbered_and_counted(sandbox: Sandbox, reader: StampReader) -> None:
    done = sandbox.run_testd("s1", "--chatter", "1000", "--exit-after", "50")
    lines = done.stdout.splitlines()
    assert lines == [f"s1 1 {number}" for number in range(1, len(lines) + 1)]
    assert lines
    assert reader.await_line("exit")["chatted"] == len(lines)


def test_allocated_memory_is_resident(sandbox: Sandbox) -> None:
    daemon = sandbox.start(*sandbox.testd("s1", "--allocate", "20"))

    def is_resident() -> bool:
        text = Path(f"/proc/{daemon.pid}/status").read_text()
        return int(text.split("VmRSS:")[1].split()[0]) >= 20 << 10

    eventually(is_resident, "20 MiB resident")


def test_the_mode_file_changes_the_next_start(sandbox: Sandbox, reader: StampReader) -> None:
    (sandbox.dir / "s1.mode").write_text("--exit-after 1\n  --exit-code 5\n")
    assert sandbox.run_testd("s1").returncode == 5
    assert [line["event"] for line in reader.lines()] == ["start", "exit"]
    (sandbox.dir / "s1.mode").write_text("")
    assert sandbox.run_testd("s1", "--exit-after", "1").returncode == 0


def test_options_of_the_mode_file_hold_as_long_as_the_daemon(
    sandbox: Sandbox, reader: StampReader, tmp_path: Path
) -> None:
    heart = tmp_path / "heart"
    ready = "--ready stop --ready-after 100 --children 3 --orphans 3"
    (sandbox.dir / "s1.mode").write_text(f"--watchdog file:{heart} {ready}\n")
    daemon = sandbox.start(*sandbox.testd("s1"))
    reader.await_line("ready")
    eventually(heart.exists, "the heartbeat file")
    daemon.kill()


@pytest.mark.parametrize("text", ["--dance", "--daemonize", "s2", "--exit-after", "--exit-code 1"])
def test_a_wrong_mode_file_is_refused_after_the_start(
    sandbox: Sandbox, reader: StampReader, text: str
) -> None:
    (sandbox.dir / "s1.mode").write_text(text)
    done = sandbox.run_testd("s1")
    assert done.returncode == 64
    assert done.stderr.startswith("testd: ")
    reader.await_line("start")
