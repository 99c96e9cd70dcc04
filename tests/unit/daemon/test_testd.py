"""The test daemon alone: what it tells, what it keeps, how it daemonizes, readies and dies."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.place import Place, eventually, stamps_its_entry


def run(
    place: Place, *options: str, pass_fds: tuple[int, ...] = ()
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        place.testd(*options),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        pass_fds=pass_fds,
    )


class Ear:
    """Holds the FIFO open and reads the lines told."""

    def __init__(self, place: Place) -> None:
        os.mkfifo(place.dir / "stamps")
        self.fd = os.open(place.dir / "stamps", os.O_RDWR | os.O_NONBLOCK)
        self.heard: list[dict[str, Any]] = []

    def lines(self) -> list[dict[str, Any]]:
        try:
            data = os.read(self.fd, 1 << 20)
        except BlockingIOError:
            data = b""
        self.heard += [json.loads(line) for line in data.splitlines()]
        return self.heard

    def line(self, event: str) -> dict[str, Any]:
        found = eventually(lambda: [line for line in self.lines() if line["event"] == event])
        assert len(found) == 1
        return found[0]


@pytest.fixture
def ear(place: Place) -> Ear:
    return Ear(place)


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


# ---- telling


def test_start_line_and_record_agree(place: Place, ear: Ear) -> None:
    daemon = place.start(*place.testd("s1"))
    line = ear.line("start")
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
    assert bool(line["begun_ns"]) == stamps_its_entry()
    stamps = (line["begun_ns"], line["main_ns"], line["up_ns"])
    assert place.record() == (1, 0, daemon.pid, *stamps)


def test_starts_are_counted_on(place: Place, ear: Ear) -> None:
    for _ in range(5):
        run(place, "s1", "--exit-after", "0")
    starts = [line for line in ear.lines() if line["event"] == "start"]
    assert [line["seq"] for line in starts] == [1, 2, 3, 4, 5]
    mains = [line["main_ns"] for line in starts]
    assert mains == sorted(mains)


def test_simultaneous_starts_are_all_counted(place: Place, ear: Ear) -> None:
    for _ in range(20):
        place.start(*place.testd("s1"))
    eventually(lambda: len(ear.lines()) == 20)
    assert sorted(line["seq"] for line in ear.heard) == list(range(1, 21))
    assert place.record()[:2] == (20, 0)


def test_without_a_reader_lines_are_lost_but_counted(place: Place) -> None:
    os.mkfifo(place.dir / "stamps")
    assert run(place, "s1", "--exit-after", "0").returncode == 0
    assert place.record()[:2] == (1, 2), "the start's line and the exit's"


def test_a_full_pipe_is_counted_and_never_waited_for(place: Place, ear: Ear) -> None:
    fcntl.fcntl(ear.fd, 1031, 4096)  # F_SETPIPE_SZ
    os.write(ear.fd, b"x" * 4096)
    daemon = place.start(*place.testd("s1"))
    eventually(lambda: place.record()[1] == 1)
    eventually(lambda: state(daemon.pid) == "S")
    assert place.record()[:3] == (1, 1, daemon.pid)


def test_a_file_in_the_fifos_place_is_left_alone(place: Place) -> None:
    (place.dir / "stamps").write_text("precious")
    run(place, "s1", "--exit-after", "0")
    assert (place.dir / "stamps").read_text() == "precious"


def test_runs_without_its_folder(place: Place) -> None:
    place.dir.rmdir()
    assert run(place, "s1", "--exit-after", "0", "--exit-code", "3").returncode == 3


# ---- usage


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
def test_bad_options(place: Place, words: list[str]) -> None:
    done = run(place, *words)
    assert done.returncode == 64
    assert done.stderr.startswith("testd: ")
    assert place.record() == (0,) * 6, "nothing was started"


# ---- daemonizing


@pytest.mark.parametrize("forks", ["1", "2"])
def test_daemonizes(place: Place, ear: Ear, tmp_path: Path, forks: str) -> None:
    pidfile = tmp_path / "s1.pid"
    done = run(place, "--daemonize", "--forks", forks, "--pidfile", str(pidfile), "s1")
    assert done.returncode == 0
    written = pidfile.read_text()
    line = ear.line("start")
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
    eventually(lambda: not place.processes())


def test_start_is_told_when_the_pid_file_is_there(place: Place, tmp_path: Path) -> None:
    (place.dir / "stamps").mkdir()  # no FIFO: the record tells
    pidfile = tmp_path / "s1.pid"
    for count in range(1, 20):
        pidfile.write_text("stale\n")
        place.start(*place.testd("--daemonize", "--pidfile", str(pidfile), "s1"))
        pid = place.pid(starts=count)
        assert pidfile.read_text() == f"{pid}\n"


def test_daemonizing_fails_aloud(place: Place, tmp_path: Path) -> None:
    done = run(place, "--daemonize", "--pidfile", str(tmp_path / "none" / "s1.pid"), "s1")
    assert done.returncode != 0
    assert "none/s1.pid" in done.stderr
    eventually(lambda: not place.processes())


# ---- dying


def test_exit_code_and_its_line(place: Place, ear: Ear) -> None:
    assert run(place, "s1", "--exit-after", "1", "--exit-code", "7").returncode == 7
    assert ear.line("start")["up_ns"] <= ear.line("exit")["exit_ns"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_exit_signal(place: Place, number: signal.Signals) -> None:
    done = run(place, "s1", "--exit-after", "0", "--exit-signal", str(int(number)))
    assert done.returncode == -number
    assert not list(Path().glob("core*"))


def test_term_ends_it(place: Place) -> None:
    daemon = place.start(*place.testd("s1"))
    place.pid()
    daemon.terminate()
    assert daemon.wait() == -signal.SIGTERM


def test_ignores_term_but_not_kill(place: Place, ear: Ear) -> None:
    daemon = place.start(*place.testd("s1", "--ignore-term", "--ready", "never"))
    ear.line("start")
    daemon.send_signal(signal.SIGTERM)
    # A stopped and continued process has had every chance to take the earlier signal.
    daemon.send_signal(signal.SIGSTOP)
    eventually(lambda: state(daemon.pid) == "T")
    daemon.send_signal(signal.SIGCONT)
    eventually(lambda: state(daemon.pid) == "S")
    daemon.kill()
    assert daemon.wait() == -signal.SIGKILL


def noted(place: Place) -> list[int]:
    """The pids that the daemon's notes of SIGTERM name."""
    path = place.dir / "s1.term"
    return [int(line.split()[0]) for line in path.read_text().splitlines()]


def test_notes_term_and_ends_by_it(place: Place, ear: Ear) -> None:
    daemon = place.start(*place.testd("s1", "--note-term", "--ready", "never"))
    ear.line("start")
    eventually(lambda: (place.dir / "s1.term").exists() and state(daemon.pid) == "S")
    daemon.terminate()
    assert daemon.wait() == -signal.SIGTERM
    assert noted(place) == [daemon.pid]


def test_notes_every_term_that_it_ignores(place: Place, ear: Ear) -> None:
    daemon = place.start(*place.testd("s1", "--note-term", "--ignore-term", "--ready", "never"))
    ear.line("start")
    eventually(lambda: (place.dir / "s1.term").exists() and state(daemon.pid) == "S")
    daemon.terminate()
    eventually(lambda: noted(place) == [daemon.pid])
    daemon.terminate()
    eventually(lambda: noted(place) == [daemon.pid] * 2)
    eventually(lambda: state(daemon.pid) == "S")


# ---- readiness


def test_ready_by_descriptor(place: Place, ear: Ear) -> None:
    ours, theirs = os.pipe()
    place.start(*place.testd("s1", "--ready", f"fd:{theirs}"), pass_fds=(theirs,))
    os.close(theirs)
    with os.fdopen(ours, "rb") as f:
        assert f.read() == b"\n", "a newline, then closed"
    assert ear.line("start")["main_ns"] <= ear.line("ready")["ready_ns"]


@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_ready_by_notification(place: Place, ear: Ear, tmp_path: Path, kind: str) -> None:
    name = str(tmp_path / "notify") if kind == "path" else f"@testd-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
        notified.bind(name.replace("@", "\0"))
        notified.settimeout(60)
        place.start(*place.testd("s1", "--ready", "notify"), env={"NOTIFY_SOCKET": name})
        assert notified.recv(100) == b"READY=1"
    ear.line("ready")


def test_ready_by_stop(place: Place, ear: Ear) -> None:
    daemon = place.start(*place.testd("s1", "--ready", "stop"))
    eventually(lambda: state(daemon.pid) == "T")
    ear.line("ready")
    daemon.send_signal(signal.SIGCONT)
    eventually(lambda: state(daemon.pid) == "S")


def test_ready_late_and_never(place: Place, ear: Ear) -> None:
    ours, theirs = os.pipe()
    run(place, "s1", "--ready", "never", "--exit-after", "1")
    assert "ready" not in [line["event"] for line in ear.lines()]
    options = ["--ready", f"fd:{theirs}", "--ready-after", "50", "--exit-after", "60"]
    run(place, "s1", *options, pass_fds=(theirs,))
    assert [line["event"] for line in ear.lines()][-3:] == ["start", "ready", "exit"]
    os.close(ours)
    os.close(theirs)


def pauses(pid: int) -> bool:
    """Whether it waits for a signal and for no time."""
    # pause, or what stands for it, on x86-64, other 64-bit and 32-bit machines
    return Path(f"/proc/{pid}/syscall").read_text().split()[0] in {"34", "73", "29"}


def test_watchdog_stops_when_it_hangs(place: Place, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
        notified.bind(str(tmp_path / "notify"))
        notified.settimeout(60)
        environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "10000"}
        daemon = place.start(
            *place.testd("s1", "--watchdog", "notify", "--hang-after", "100"), env=environment
        )
        assert notified.recv(100) == b"WATCHDOG=1"
        notified.setblocking(False)

        def hung() -> bool:
            with contextlib.suppress(BlockingIOError):
                assert notified.recv(100) == b"WATCHDOG=1"
            return pauses(daemon.pid)

        eventually(hung)


def test_a_heartbeat_file_is_touched_until_it_hangs(place: Place, tmp_path: Path) -> None:
    heart = tmp_path / "heart"
    daemon = place.start(*place.testd("s1", "--watchdog", f"file:{heart}", "--hang-after", "1200"))
    eventually(heart.exists)
    first = heart.stat().st_mtime_ns
    eventually(lambda: heart.stat().st_mtime_ns > first)
    eventually(lambda: pauses(daemon.pid))


@pytest.mark.parametrize("how", ["always", "file:", "file:heart"])
def test_an_unknown_watchdog_is_refused(place: Place, how: str) -> None:
    done = run(place, "s1", "--watchdog", how)
    assert done.returncode == 64
    assert "--watchdog takes notify or file:/PATH" in done.stderr


# ---- company


def test_children_are_left_behind(place: Place) -> None:
    daemon = place.start(*place.testd("s1", "--children", "3"))
    eventually(lambda: len(place.processes()) == 4)
    children = [pid for pid in place.processes() if pid != daemon.pid]
    names = [Path(f"/proc/{pid}/comm") for pid in children]
    eventually(lambda: all(name.read_text() == "testd-child\n" for name in names))
    daemon.kill()
    daemon.wait()
    assert sorted(place.processes()) == sorted(children)


def test_orphans_come_and_go(place: Place) -> None:
    daemon = place.start(*place.testd("s1", "--orphans", "20"))
    eventually(lambda: state(daemon.pid) == "S" and place.processes() == [daemon.pid])


def test_chatter_is_numbered_and_counted(place: Place, ear: Ear) -> None:
    done = run(place, "s1", "--chatter", "1000", "--exit-after", "50")
    lines = done.stdout.splitlines()
    assert lines == [f"s1 1 {number}" for number in range(1, len(lines) + 1)]
    assert lines
    assert ear.line("exit")["chatted"] == len(lines)


def test_allocates(place: Place) -> None:
    daemon = place.start(*place.testd("s1", "--allocate", "20"))

    def resident() -> bool:
        text = Path(f"/proc/{daemon.pid}/status").read_text()
        return int(text.split("VmRSS:")[1].split()[0]) >= 20 << 10

    eventually(resident)


# ---- the mode file


def test_mode_file_changes_the_next_start(place: Place, ear: Ear) -> None:
    (place.dir / "s1.mode").write_text("--exit-after 1\n  --exit-code 5\n")
    assert run(place, "s1").returncode == 5
    assert [line["event"] for line in ear.lines()] == ["start", "exit"]
    (place.dir / "s1.mode").write_text("")
    assert run(place, "s1", "--exit-after", "1").returncode == 0


def test_what_the_mode_file_says_lasts_as_long_as_the_daemon(
    place: Place, ear: Ear, tmp_path: Path
) -> None:
    heart = tmp_path / "heart"
    ready = "--ready stop --ready-after 100 --children 3 --orphans 3"
    (place.dir / "s1.mode").write_text(f"--watchdog file:{heart} {ready}\n")
    daemon = place.start(*place.testd("s1"))
    ear.line("ready")
    eventually(heart.exists)
    daemon.kill()


@pytest.mark.parametrize("text", ["--dance", "--daemonize", "s2", "--exit-after", "--exit-code 1"])
def test_bad_mode_file_is_said_after_the_start(place: Place, ear: Ear, text: str) -> None:
    (place.dir / "s1.mode").write_text(text)
    done = run(place, "s1")
    assert done.returncode == 64
    assert done.stderr.startswith("testd: ")
    ear.line("start")
