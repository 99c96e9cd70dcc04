"""A program in the place of testd: when it is ready, and why it is not."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from daemon.measure.own_program.readiness import Readiness
from daemon.measure.proc import read_bytes
from tests.support.restarts import SHORT, group, trials
from tests.support.sandbox import Event, Sandbox, pythons
from tests.support.wait import eventually

READY: Event = {"do": "ready", "service": "s1"}
SECOND = 10**9
SERVER = """
import socket, sys, time
time.sleep(0.05)
family, address = (socket.AF_UNIX, sys.argv[1]) if sys.argv[1].startswith("/") else (
    socket.AF_INET, ("127.0.0.1", int(sys.argv[1])))
server = socket.socket(family, socket.SOCK_STREAM)
if family == socket.AF_UNIX:
    import os
    if os.path.exists(address):
        os.unlink(address)
else:
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(address)
server.listen(5)
sys.stdout.write("listening\\n")
sys.stdout.flush()
while True:
    server.accept()
"""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def readiness(kind: str, value: object, deadline: float = 30) -> Event:
    return {"kind": kind, "value": value, "deadline": deadline}


def start(sandbox: Sandbox, *words: str) -> None:
    sandbox.start_floor("s1", *sandbox.exec_options(*words))


def serve(sandbox: Sandbox, address: object) -> None:
    start(sandbox, sys.executable, "-c", SERVER, str(address))


def one_of_each_kind(tmp_path: Path) -> list[tuple[Event, object]]:
    port, path = free_port(), str(tmp_path / "socket")
    return [
        (readiness("port", port), port),
        (readiness("socket", path), path),
        (readiness("line", "listening"), free_port()),
    ]


@pytest.mark.parametrize("python", pythons())
@pytest.mark.parametrize("number", range(3))
def test_each_restart_has_the_stamp_of_readiness(
    sandbox: Sandbox, tmp_path: Path, python: str, number: int
) -> None:
    how, address = one_of_each_kind(tmp_path)[number]
    serve(sandbox, address)
    steps = (READY, trials(group("long", 3, 0.1, 0.2), SHORT, deadline=30))
    result = sandbox.measure(*steps, python=python, readiness=how)
    assert result.rc == 0, (result.events, result.stderr)
    ready = result.one("ready")
    assert ready["main_ns"] < ready["ready_ns"] <= ready["seen_ns"]
    counted = [sample for sample in result.all("sample") if not sample["warmup"]]
    assert len(counted) == 6
    for sample in counted:
        assert sample["kill_ns"] < sample["main_ns"] < sample["ready_ns"]


def test_a_program_that_is_found_without_pidfds_is_measured(sandbox: Sandbox) -> None:
    port = free_port()
    serve(sandbox, port)
    how = readiness("port", port)
    result = sandbox.measure(READY, trials(SHORT), without_pidfd=True, readiness=how)
    assert len([s for s in result.all("sample") if s["ready_ns"] and not s["warmup"]]) == 3


def test_an_earlier_output_is_not_taken_for_this_one(sandbox: Sandbox) -> None:
    flag = sandbox.dir / "flag"
    once = f"[ -e {flag} ] || echo listening; touch {flag}; exec sleep 1000"
    start(sandbox, "/bin/sh", "-c", once)
    steps = (READY, trials(group("long", 1, 0.1, 0.1, fresh=False)))
    eventually(flag.exists, "the program has written")
    result = sandbox.measure(*steps, readiness=readiness("line", "listening", 1))
    assert result.one("ready")
    assert result.one("sample")["ready_ns"] is None


def test_a_text_that_never_comes_leaves_what_was_written(sandbox: Sandbox) -> None:
    flag = sandbox.dir / "flag"
    start(sandbox, "/bin/sh", "-c", f"echo hello; touch {flag}; exec sleep 1000")
    eventually(flag.exists, "the program has written")
    unready = sandbox.measure(READY, readiness=readiness("line", "listening", 1)).one("unready")
    assert (unready["output"], unready["output_bytes"]) == ("hello\n", 6)
    assert unready["running"]
    assert unready["holders"] == []


def test_a_program_that_ends_at_once_is_not_waited_for(sandbox: Sandbox) -> None:
    start(sandbox, "/bin/sh", "-c", "echo cannot; sleep 0.05; exit 1")
    unready = sandbox.measure(READY, readiness=readiness("port", free_port(), 60)).one("unready")
    assert unready["ended"] == 3
    assert unready["output"] == "cannot\n"


def test_a_port_that_another_process_holds_is_not_ready(sandbox: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        start(sandbox, "/bin/sleep", "1000")
        unready = sandbox.measure(READY, readiness=readiness("port", port, 1)).one("unready")
    assert [holder["comm"] for holder in unready["holders"]] == [
        Path("/proc/self/comm").read_text().strip()
    ]


def test_a_child_of_the_program_may_hold_the_port(sandbox: Sandbox) -> None:
    port = free_port()
    start(sandbox, "/bin/sh", "-c", f"\"{sys.executable}\" -c '{SERVER}' {port}; true")
    assert sandbox.measure(READY, readiness=readiness("port", port)).one("ready")


def test_the_tree_of_the_supervisor_does_not_hold_the_program(sandbox: Sandbox) -> None:
    start(sandbox, "/bin/sleep", "1000")
    pid = sandbox.await_pid()
    eventually(lambda: b"sleep" in Path(f"/proc/{pid}/comm").read_bytes(), "the program")
    mark: Event = {"do": "cpu_mark", "root": ["floor"]}
    marked = sandbox.measure(mark, readiness=readiness("line", "x", 1)).one("cpu_mark")
    assert pid not in [process["pid"] for process in marked["processes"]]


@pytest.mark.parametrize(
    "value",
    [
        {"kind": "port"},
        readiness("port", 0),
        readiness("port", "80"),
        readiness("line", ""),
        readiness("nosuch", "x"),
        readiness("socket", 5),
        readiness("line", "x", -1),
    ],
)
def test_a_false_readiness_is_refused(sandbox: Sandbox, value: Event) -> None:
    result = sandbox.measure(READY, readiness=value)
    assert result.rc == 2
    assert '"readiness"' in result.stderr


HELD_UP = 0.2  # s


def is_own(process: subprocess.Popen[bytes], up_ns: int) -> bool:
    try:
        return Readiness(1).is_program(process.pid, up_ns)
    finally:
        process.kill()
        process.wait()


def test_a_held_up_look_at_the_uptime_refuses_no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    def read_slowly(path: str, limit: int) -> bytes:
        data = read_bytes(path, limit)
        time.sleep(HELD_UP)
        return data

    monkeypatch.setattr("daemon.measure.own_program.readiness.read_bytes", read_slowly)
    process = subprocess.Popen(["sleep", "1000"])
    assert is_own(process, time.monotonic_ns())


def test_one_held_up_look_takes_no_later_process_for_the_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits = iter([HELD_UP])

    def read_late(path: str, limit: int) -> bytes:
        time.sleep(next(waits, 0))
        return read_bytes(path, limit)

    monkeypatch.setattr("daemon.measure.own_program.readiness.read_bytes", read_late)
    up_ns = time.monotonic_ns()
    time.sleep(HELD_UP / 2)
    assert not is_own(subprocess.Popen(["sleep", "1000"]), up_ns)


def test_a_program_that_detached_itself_late_is_the_service(sandbox: Sandbox) -> None:
    command = sandbox.dir / "command"
    os.mkfifo(command)  # testd reads it after main()'s stamp, before it detaches itself
    first = sandbox.start(*sandbox.testd("--daemonize", "--exec", str(command), "s1"))
    time.sleep(HELD_UP)
    command.write_bytes(b"/bin/sleep\0" + b"1000\0")
    assert first.wait() == 0
    snapshot: Event = {"do": "snapshot"}
    found = sandbox.measure(snapshot, readiness=readiness("line", "x")).one("processes")
    assert found["services"][0]["pids"] == [sandbox.await_pid()]
