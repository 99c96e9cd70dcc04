"""Steps that wait: await, end, starts, watch."""

from __future__ import annotations

import itertools
import json
import os

import pytest

from daemon.measure.clock import now
from daemon.measure.plan import Plan
from daemon.measure.steps import wait
from daemon.measure.watcher import ServiceWatcher
from tests.support.restarts import AWAIT, KILL, assert_complete
from tests.support.sandbox import Sandbox


def test_await_finds_a_service_that_starts_later(sandbox: Sandbox) -> None:
    gate = sandbox.dir / "gate"
    command = f"while [ ! -e {gate} ]; do sleep 0.01; done; exec {' '.join(sandbox.testd('s1'))}"
    sandbox.start("/bin/sh", "-c", command)
    run = {"do": "run", "command": f"touch {gate}", "deadline": 20}
    result = sandbox.measure({**AWAIT, "deadline": 0.1}, run, AWAIT)
    assert_complete(result)
    down, up = result.one("down"), result.one("up")
    assert (down["service"], down["starts"]) == ("s1", 0)
    assert up["pid"] == sandbox.await_pid()


def test_await_fresh_ignores_an_instance_that_ran_before(sandbox: Sandbox) -> None:
    sandbox.start_floor("s1")
    old = sandbox.await_pid()
    result = sandbox.measure(
        {**AWAIT, "fresh": True, "deadline": 0.2},
        KILL,
        AWAIT,
    )
    assert result.one("down")["starts"] == 1
    assert result.one("signalled")["pids"] == [old]
    ups = result.all("up")
    assert len(ups) == 1


def test_await_fresh_counts_a_successor_of_the_step_before(sandbox: Sandbox) -> None:
    sandbox.start_floor("s1")
    pid = sandbox.await_pid()
    wait = f"while [ $(od -An -tu8 -N8 {sandbox.dir}/s1.count) -lt %d ]; do sleep 0.01; done"
    kill = f"kill -KILL {pid}; {wait % 2}"
    fresh = {**AWAIT, "fresh": True}
    result = sandbox.measure(AWAIT, {"do": "run", "command": kill, "deadline": 20}, fresh)
    assert_complete(result)
    first, second = result.all("up")
    assert (first["seq"], second["seq"]) == (1, 2)
    assert second["main_ns"] < result.one("ran")["end_ns"]


def test_otherwise_runs_only_when_a_service_is_down(sandbox: Sandbox) -> None:
    gate = sandbox.dir / "gate"
    command = f"while [ ! -e {gate} ]; do sleep 0.01; done; exec {' '.join(sandbox.testd('s1'))}"
    sandbox.start("/bin/sh", "-c", command)
    asking = {**AWAIT, "deadline": 0.5, "otherwise": f"touch {gate}"}
    result = sandbox.measure(asking, {**asking, "otherwise": "false"})
    assert_complete(result)
    assert len(result.all("down")) == 1
    assert result.one("ran")["command"].startswith("touch")
    assert [event["pid"] for event in result.all("up")] == [sandbox.await_pid()] * 2


def test_end_waits_until_no_instance_is_left(sandbox: Sandbox) -> None:
    sandbox.start(*sandbox.testd("s1"))
    pid = sandbox.await_pid()
    end = {"do": "end", "service": "s1", "deadline": 0.1}
    result = sandbox.measure(end, KILL, {**end, "deadline": 20})
    assert_complete(result)
    assert result.one("alive")["pids"] == [pid]
    assert result.one("gone")["pid"] == pid


def test_a_crash_storm_is_counted_and_not_reported_start_by_start(sandbox: Sandbox) -> None:
    mode = {"do": "mode", "service": "s1", "text": "--exit-after 0 --exit-code 1"}
    mended = {**mode, "text": ""}
    sandbox.start_floor("s1")
    sandbox.await_pid()
    count = {"do": "starts", "service": "s1", "seconds": 1.5}
    result = sandbox.measure(AWAIT, mode, KILL, count, mended, AWAIT)
    assert_complete(result)
    counted = result.one("starts")
    assert counted["total"] == sum(counted["per_second"]) > 1
    assert len(counted["per_second"]) == 2
    stamps = counted["first"] + counted["last"]
    assert stamps == sorted(stamps)
    assert counted["total"] + counted["lost"] < sandbox.read_record()[0]
    # The end of the instance that was killed before is reported, and nothing of the storm.
    assert {event["event"] for event in result.during("starts")} <= {"gone", "starts"}
    assert len(result.during("starts")) <= 2


def test_of_many_starts_the_first_and_the_last_150_are_kept(
    sandbox: Sandbox, capfd: pytest.CaptureFixture[str]
) -> None:
    values = {
        "dir": str(sandbox.dir),
        "services": ["s1"],
        "seed": 1,
        "pidfiles": {},
        "readiness": None,
        "steps": [],
    }
    watcher = ServiceWatcher(Plan(values))
    begin = now()
    stamps = [begin + number for number in range(400)]
    for stamp in reversed(stamps):
        line = {"event": "start", "service": "s1", "pid": 1, "ppid": 1, "seq": 1}
        line |= {"begun_ns": 0, "main_ns": stamp, "up_ns": stamp}
        os.write(watcher.fifo.fd, json.dumps(line).encode() + b"\n")
    wait.count_starts(watcher, "s1", 1.5)
    os.close(watcher.fifo.fd)
    (counted,) = (json.loads(line) for line in capfd.readouterr().out.splitlines())
    assert (counted["total"], counted["per_second"]) == (400, [400, 0])
    assert (counted["first"], counted["last"]) == (stamps[:150], stamps[-150:])


def test_watch_reports_starts_and_exits_in_turn(sandbox: Sandbox) -> None:
    (sandbox.dir / "s1.mode").write_text("--exit-after 20 --exit-code 3")
    sandbox.start_floor("s1")
    result = sandbox.measure({"do": "watch", "seconds": 1})
    kinds = [event["event"] for event in result.events if event["event"] in {"start", "exit"}]
    assert kinds.count("exit") >= 2
    for kind, following in itertools.pairwise(kinds):
        assert kind != following
    assert result.all("gone")


def test_watch_reports_an_unheard_service_once(sandbox: Sandbox) -> None:
    sandbox.start_floor("s1")
    pid = sandbox.await_pid()
    result = sandbox.measure(*[{"do": do, "seconds": 0} for do in ("sleep", "watch", "watch")])
    assert_complete(result)
    start = result.one("start")
    assert (start["pid"], start["by"], start["missed"]) == (pid, "record", 0)
    steps = [e.get("do", e["event"]) for e in result.events if e["event"] in {"step", "start"}]
    assert steps == ["sleep", "watch", "start", "watch"]


def test_a_line_read_after_the_wait_is_not_seen_before_its_stamp(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {
        "dir": str(sandbox.dir),
        "services": ["s1"],
        "seed": 1,
        "pidfiles": {},
        "readiness": None,
        "steps": [],
    }
    watcher = ServiceWatcher(Plan(values))
    read_lines = watcher.fifo.read_lines

    def write_and_read() -> list[bytes]:
        line = {"event": "ready", "service": "s1", "pid": 1, "seq": 1, "ready_ns": now()}
        os.write(watcher.fifo.fd, json.dumps(line).encode() + b"\n")
        return read_lines()

    monkeypatch.setattr(watcher.fifo, "read_lines", write_and_read)
    os.write(watcher.fifo.fd, b"noise\n")
    observed = watcher.observe(now())
    os.close(watcher.fifo.fd)
    noise, ready = observed
    assert (noise.kind, ready.kind) == ("noise", "ready")
    assert ready.line is not None
    assert ready.seen_ns >= ready.line["ready_ns"]
