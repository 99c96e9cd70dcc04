"""The measuring program over a real testd and floor: order and logic, never how long it took."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from daemon.measure.steps import inspect
from tests.support.place import MEASURE, Event, Place, Result, eventually, pythons, stamps_its_entry

SECOND = 1_000_000_000
AWAIT: Event = {"do": "await", "services": ["s1"], "deadline": 20}


def trials(*groups: Event, **more: object) -> Event:
    return {"do": "trials", "service": "s1", "groups": list(groups), "deadline": 20, **more}


def group(name: str, count: int, low: float, high: float, **more: object) -> Event:
    return {"name": name, "trials": count, "uptime": [low, high], **more}


LONG = group("long", 4, 0.05, 0.2, fresh=False)
SHORT = group("short", 3, 0.1, 0.1)


def assert_begun(sample: Event) -> None:
    if stamps_its_entry():
        assert sample["kill_ns"] < sample["begun_ns"] <= sample["main_ns"]
    else:
        assert sample["begun_ns"] is None


def assert_sane(sample: Event) -> None:
    assert not sample["censored"]
    assert sample["old_main_ns"] < sample["kill_ns"] < sample["main_ns"] <= sample["up_ns"]
    assert_begun(sample)
    assert sample["kill_ns"] < sample["exit_ns"]
    assert sample["uptime_ns"] == sample["kill_ns"] - sample["old_main_ns"]
    assert sample["new_pid"] != sample["old_pid"]
    assert sample["seq"] == sample["old_seq"] + 1
    assert (sample["starts_missed"], sample["by"]) == (0, "line")


def assert_ended(result: Result, errors: int = 0) -> None:
    assert result.stderr == ""
    assert result.rc == (1 if errors else 0)
    assert result.events[0]["event"] == "hello"
    assert result.events[-1]["event"] == "end"
    assert result.events[-1]["errors"] == errors


# ---- trials


@pytest.mark.parametrize("python", pythons())
@pytest.mark.parametrize("without_pidfd", [False, True])
def test_restarts(place: Place, python: str, without_pidfd: bool) -> None:
    floor = place.floor("s1")
    result = place.measure(
        AWAIT, trials(LONG, SHORT, warmup=2), python=python, without_pidfd=without_pidfd
    )
    assert_ended(result)
    hello = result.events[0]
    assert (hello["method"] == "proc polling") == without_pidfd
    samples = result.all("sample")
    for sample in samples:
        assert_sane(sample)
        assert sample["new_ppid"] == floor.pid
    for earlier, later in itertools.pairwise(samples):
        assert later["old_pid"] == earlier["new_pid"]
        assert later["old_main_ns"] == earlier["main_ns"]
    real = [sample for sample in samples if not sample["warmup"]]
    assert sorted(sample["group"] for sample in real) == ["long"] * 4 + ["short"] * 3
    assert len([s for s in samples if s["warmup"] and s["group"] == "long"]) == 2
    for sample in real:
        assert sample["uptime_ns"] >= sample["drawn_s"] * SECOND


def test_groups_are_mixed_and_the_seed_repeats(place: Place) -> None:
    place.floor("s1")
    many = (group("a", 8, 0, 0.01, fresh=False), group("b", 8, 0, 0.01, fresh=False))
    drawn = []
    for python, seed in [(python, 7) for python in pythons()] + [(sys.executable, 7)]:
        result = place.measure(trials(*many), python=python, seed=seed)
        drawn.append([(s["group"], s["drawn_s"]) for s in result.all("sample")])
    assert drawn.count(drawn[0]) == len(drawn)
    other = place.measure(trials(*many), seed=8)
    assert [(s["group"], s["drawn_s"]) for s in other.all("sample")] != drawn[0]
    names = [name for name, _ in drawn[0]]
    assert names != sorted(names)
    assert names != sorted(names, reverse=True)
    assert len({value for _, value in drawn[0]}) == 16


def test_fresh_trials_get_a_fresh_start(place: Place) -> None:
    place.floor("s1")
    place.pid()
    # The service has been up for longer than the short group wants.
    result = place.measure({"do": "watch", "seconds": 0.3}, trials(SHORT))
    samples = result.all("sample")
    assert samples[0]["group"] == "fresh"
    assert samples[0]["warmup"]
    short = [sample for sample in samples if sample["group"] == "short"]
    assert len(short) == 3
    for sample in short:
        assert not sample["warmup"]
        assert sample["drawn_s"] == 0.1


def test_ready_is_waited_for(place: Place) -> None:
    place.floor("--ready", "fd:2", "--ready-after", "20", "s1")
    result = place.measure(AWAIT, trials(LONG, ready=True))
    for sample in result.all("sample"):
        assert_sane(sample)
        assert sample["up_ns"] < sample["ready_ns"]


def test_a_daemonizing_service(place: Place, tmp_path: Path) -> None:
    pidfile = tmp_path / "s1.pid"
    # A monitor in shell: starts it again whenever the pid file's process is gone.
    place.keeper(
        f"while kill -0 $(cat {pidfile}) 2>/dev/null; do sleep 0.01; done",
        *("--daemonize", "--pidfile", str(pidfile), "s1"),
    )
    result = place.measure(AWAIT, trials(LONG))
    assert_ended(result)
    samples = result.all("sample")
    assert len(samples) == 4
    for sample in samples:
        assert_sane(sample)
    assert int(pidfile.read_text()) == samples[-1]["new_pid"]


def test_no_restart_by_the_deadline_is_censored_then_waited_for(place: Place) -> None:
    gate = place.dir / "gate"
    gate.touch()
    place.keeper(f"while [ ! -e {gate} ]; do sleep 0.01; done; rm {gate}", "s1")
    (place.dir / "s1.mode").touch()
    opener = place.start("/bin/sh", "-c", f"while :; do sleep 1; touch {gate}; done")
    result = place.measure(
        AWAIT, trials(group("long", 3, 0, 0.01, fresh=False), deadline=0.3, patience=30)
    )
    opener.kill()
    assert_ended(result)
    samples = result.all("sample")
    assert len(samples) == 3
    censored = [sample for sample in samples if sample["censored"]]
    assert censored
    for sample in censored:
        assert sample["main_ns"] is None
        assert sample["new_pid"] is None
        assert sample["deadline_s"] == 0.3
        assert sample["exit_ns"] > sample["kill_ns"]
    # Each later trial is on the life that came back after all.
    for back in result.all("back"):
        assert back["main_ns"] > censored[0]["kill_ns"]


def test_a_service_that_never_comes_back(place: Place) -> None:
    place.start(*place.testd("s1"))
    result = place.measure(
        AWAIT,
        trials(group("long", 5, 0, 0.01, fresh=False), deadline=0.2, patience=0.3),
        trials(LONG, patience=0.3),
    )
    assert_ended(result)
    assert [sample["censored"] for sample in result.all("sample")] == [True]
    first, second = result.all("gaveup")
    assert (first["trial"], first["remaining"]) == (1, 4)
    assert "does not come back" in first["why"]
    assert second["remaining"] == 4


def test_a_signal_that_does_not_end_it(place: Place) -> None:
    place.floor("--ignore-term", "s1")
    place.pid()
    result = place.measure(
        AWAIT, trials(group("long", 2, 0, 0.01, fresh=False), signal=15, deadline=0.2)
    )
    assert_ended(result)
    samples = result.all("sample")
    assert [sample["censored"] for sample in samples] == [True, True]
    assert [sample["exit_ns"] for sample in samples] == [None, None]
    assert samples[0]["old_pid"] == samples[1]["old_pid"]


def test_a_restless_service_is_given_up(place: Place) -> None:
    (place.dir / "s1.mode").write_text("--exit-after 30")
    place.floor("s1")
    result = place.measure(trials(group("long", 3, 0.5, 0.6, fresh=False)))
    assert_ended(result)
    assert result.all("sample") == []
    assert result.one("gaveup")["remaining"] == 3
    assert "stayed up" in result.one("gaveup")["why"]
    assert {event["what"] for event in result.all("unexpected")} <= {"start", "gone"}
    assert result.all("unexpected")


def test_one_unexpected_restart_does_not_disturb(place: Place) -> None:
    place.floor("s1")
    (place.dir / "s1.mode").write_text("--exit-after 100")
    wait = "while [ $(od -An -tu8 -N8 {0}) -lt {1} ]; do sleep 0.01; done; rm -f {2}"
    command = wait.format(place.dir / "s1.count", 3, place.dir / "s1.mode")
    place.start("/bin/sh", "-c", command)
    result = place.measure(AWAIT, trials(group("long", 3, 0.5, 0.6, fresh=False)))
    assert_ended(result)
    for sample in result.all("sample"):
        assert_sane(sample)
    assert len(result.all("sample")) == 3


@pytest.mark.parametrize("without_pidfd", [False, True])
def test_an_end_that_nobody_heard_does_not_disturb(place: Place, without_pidfd: bool) -> None:
    floor = place.floor("s1")
    old_enough: Event = {"do": "sleep", "seconds": 0.3}  # for a fresh trial to start with a kill
    kill: Event = {"do": "signal", "target": "service:s1", "signal": 9}
    unheard: Event = {"do": "cpu_mark", "root": [floor.pid]}
    result = place.measure(
        AWAIT, old_enough, kill, unheard, trials(SHORT), without_pidfd=without_pidfd
    )
    assert_ended(result)
    assert result.all("gaveup") == []
    samples = result.all("sample")
    assert len([s for s in samples if not s["warmup"]]) == 3
    for sample in samples:
        assert_sane(sample)


def test_other_services_are_said_and_do_not_disturb(place: Place) -> None:
    (place.dir / "s2.mode").write_text("--exit-after 50")
    place.start(str(place.binaries.floor), *place.testd("s1"), "--", *place.testd("s2"))
    result = place.measure(AWAIT, trials(group("long", 5, 0.1, 0.2, fresh=False)))
    assert_ended(result)
    for sample in result.all("sample"):
        assert_sane(sample)
    told = [event for event in result.all("start") if event["by"] == "line"]
    assert {event["service"] for event in told} == {"s2"}
    assert result.all("unexpected") == []


# ---- limit and slot


def most_in_a_window(starts: list[int], window: float) -> int:
    return max(
        sum(1 for start in starts if first <= start <= first + window * SECOND) for first in starts
    )


@pytest.mark.parametrize("groups", [(LONG,), (LONG, SHORT), (SHORT,)])
def test_limit_of_starts(place: Place, groups: tuple[Event, ...]) -> None:
    count, window = 4, 1.5
    place.floor("s1")
    place.pid()
    result = place.measure(AWAIT, trials(*groups, limit=[count, window]))
    assert_ended(result)
    samples = result.all("sample")
    real = [sample for sample in samples if not sample["warmup"]]
    assert len(real) == sum(g["trials"] for g in groups)
    starts = [samples[0]["old_main_ns"]] + [sample["main_ns"] for sample in samples]
    assert most_in_a_window(starts, window) == count - 1, "kept, and made use of"
    for sample in real:
        if sample["group"] == "short":
            assert sample["limited_ns"] <= 0.05 * SECOND, "it came soon after its start"


def test_limit_counts_the_starts_before(place: Place) -> None:
    """Starts that the record counted, but nobody heard, are as of the first that is known."""
    place.floor("s1")
    for count in range(1, 4):
        os.kill(place.pid(starts=count), signal.SIGKILL)
    place.pid(starts=4)
    known = place.record()[4]
    result = place.measure(trials(group("long", 1, 0, 0, fresh=False), limit=[4, 1.5]))
    assert result.one("sample")["kill_ns"] > known + 1.5 * SECOND


def test_slot_of_time(place: Place) -> None:
    place.floor("s1")
    slot = {"index": 2, "count": 5, "width": 0.1}
    result = place.measure(AWAIT, trials(LONG, slot=slot))
    samples = result.all("sample")
    assert len(samples) == 4
    for sample in samples:
        # Chosen in the first tenth of the slot; when the signal then went is a matter of load.
        chosen = sample["at_ns"]
        assert chosen // (SECOND // 10) % 5 == 2
        assert chosen % (SECOND // 10) <= SECOND // 100
        assert sample["kill_ns"] >= chosen
    assert len({sample["at_ns"] % (SECOND // 10) for sample in samples}) == 4


# ---- finding and hearing


def test_awaits_what_comes_later(place: Place) -> None:
    gate = place.dir / "gate"
    command = f"while [ ! -e {gate} ]; do sleep 0.01; done; exec {' '.join(place.testd('s1'))}"
    place.start("/bin/sh", "-c", command)
    run = {"do": "run", "command": f"touch {gate}", "deadline": 20}
    result = place.measure({**AWAIT, "deadline": 0.1}, run, AWAIT)
    assert_ended(result)
    down, up = result.one("down"), result.one("up")
    assert (down["service"], down["starts"]) == ("s1", 0)
    assert up["pid"] == place.pid()


def test_awaits_a_fresh_start_only(place: Place) -> None:
    place.floor("s1")
    old = place.pid()
    result = place.measure(
        {**AWAIT, "fresh": True, "deadline": 0.2},
        {"do": "signal", "target": "service:s1", "signal": 9},
        AWAIT,
    )
    assert result.one("down")["starts"] == 1
    assert result.one("signalled")["pids"] == [old]
    ups = result.all("up")
    assert len(ups) == 1


def test_a_successor_up_before_the_await_is_fresh(place: Place) -> None:
    place.floor("s1")
    pid = place.pid()
    wait = f"while [ $(od -An -tu8 -N8 {place.dir}/s1.count) -lt %d ]; do sleep 0.01; done"
    kill = f"kill -KILL {pid}; {wait % 2}"
    fresh = {**AWAIT, "fresh": True}
    result = place.measure(AWAIT, {"do": "run", "command": kill, "deadline": 20}, fresh)
    assert_ended(result)
    first, second = result.all("up")
    assert (first["seq"], second["seq"]) == (1, 2)
    assert second["main_ns"] < result.one("ran")["end_ns"]


def test_otherwise_is_run_only_for_who_is_down(place: Place) -> None:
    gate = place.dir / "gate"
    command = f"while [ ! -e {gate} ]; do sleep 0.01; done; exec {' '.join(place.testd('s1'))}"
    place.start("/bin/sh", "-c", command)
    asking = {**AWAIT, "deadline": 0.5, "otherwise": f"touch {gate}"}
    result = place.measure(asking, {**asking, "otherwise": "false"})
    assert_ended(result)
    assert len(result.all("down")) == 1
    assert result.one("ran")["command"].startswith("touch")
    assert [each["pid"] for each in result.all("up")] == [place.pid()] * 2


def test_the_end_is_awaited(place: Place) -> None:
    place.start(*place.testd("s1"))
    pid = place.pid()
    end = {"do": "end", "service": "s1", "deadline": 0.1}
    kill = {"do": "signal", "target": "service:s1", "signal": 9}
    result = place.measure(end, kill, {**end, "deadline": 20})
    assert_ended(result)
    assert result.one("alive")["pids"] == [pid]
    assert result.one("gone")["pid"] == pid


def test_many_starts_are_counted(place: Place) -> None:
    mode = {"do": "mode", "service": "s1", "text": "--exit-after 0 --exit-code 1"}
    kill = {"do": "signal", "target": "service:s1", "signal": 9}
    mended = {**mode, "text": ""}
    place.floor("s1")
    place.pid()
    counting = {"do": "starts", "service": "s1", "seconds": 1.5}
    result = place.measure(AWAIT, mode, kill, counting, mended, AWAIT)
    assert_ended(result)
    counted = result.one("starts")
    assert counted["total"] == sum(counted["per_second"]) > 150
    assert len(counted["per_second"]) == 2
    assert len(counted["first"]) == 150
    stamps = counted["first"] + counted["last"]
    assert stamps == sorted(stamps)
    assert counted["total"] + counted["lost"] < place.record()[0]
    # Nothing of the storm is said one by one.
    assert len(result.events) < 100


def test_a_record_of_the_dead_is_not_believed(place: Place) -> None:
    daemon = place.start(*place.testd("s1"))
    place.pid()
    daemon.kill()
    daemon.wait()
    path = place.dir / "s1.count"
    for stranger in (daemon.pid, os.getpid(), 2**31 - 1):
        data = path.read_bytes()
        path.write_bytes(data[:16] + stranger.to_bytes(8, sys.byteorder) + data[24:])
        result = place.measure({**AWAIT, "deadline": 0.1})
        assert_ended(result)
        assert result.all("up") == []
        assert result.one("down")["starts"] == 1


def test_a_lost_line_is_made_up_for_by_the_record(place: Place) -> None:
    """The restart happened, though its line did not arrive: not censored."""
    place.floor("s1")
    place.pid()
    os.mkfifo(place.dir / "stamps")
    steal = f"rm {place.dir}/stamps"
    result = place.measure(
        AWAIT,
        {"do": "run", "command": steal, "deadline": 20},
        trials(group("long", 2, 0, 0.01, fresh=False), deadline=0.5),
    )
    assert_ended(result)
    samples = result.all("sample")
    assert [(s["censored"], s["by"]) for s in samples] == [(False, "record")] * 2
    for sample in samples:
        assert_begun(sample)
    assert samples[-1]["lost"] >= 2


def test_noise_in_the_pipe(place: Place) -> None:
    place.floor("s1")
    junk = ["hello", "{", "[" * 3000, '{"event":"start"}', "\\377\\000", "[1]", '{"event":["x"]}']
    junk.append(
        '{"event":"start","service":"s1","pid":1e400,"ppid":1,"seq":1,'
        '"begun_ns":1,"main_ns":1,"up_ns":1}'
    )
    junk.append(
        '{"event":"start","service":"s1","pid":99999999999999999999,"ppid":1,"seq":1,'
        '"begun_ns":1,"main_ns":1,"up_ns":1}'
    )
    (place.dir / "junk").write_bytes("\n".join(junk).encode() + b'\ntorn {"event":')
    result = place.measure(
        AWAIT,
        {"do": "run", "command": f"cat {place.dir}/junk > {place.dir}/stamps", "deadline": 20},
        trials(LONG),
    )
    assert_ended(result)
    # The torn line swallowed no start: each sample was told by its line.
    for sample in result.all("sample"):
        assert_sane(sample)
    assert len(result.all("sample")) == 4
    assert len(result.all("noise")) == len(junk) + 1


def test_many_starts_at_once(place: Place) -> None:
    starts = "; ".join([" ".join(place.testd("s1", "--exit-after", "0"))] * 30)
    result = place.measure({"do": "run", "command": starts, "deadline": 60})
    assert_ended(result)
    assert [start["seq"] for start in result.all("start")] == list(range(1, 31))
    assert all(start["missed"] == 0 for start in result.all("start"))
    assert len(result.all("exit")) == 30


def test_starts_that_nobody_heard_are_missed(place: Place) -> None:
    away = f"mv {place.dir}/stamps {place.dir}/away"
    once = " ".join(place.testd("s1", "--exit-after", "0"))
    result = place.measure(
        {"do": "run", "command": f"{once}; {away}; {once}; {once}", "deadline": 20},
        {"do": "run", "command": f"mv {place.dir}/away {place.dir}/stamps; {once}", "deadline": 20},
    )
    assert [(s["seq"], s["missed"]) for s in result.all("start")] == [(1, 0), (4, 2)]
    assert place.record()[1] == 4


def test_watch_sees_ends_and_starts(place: Place) -> None:
    (place.dir / "s1.mode").write_text("--exit-after 20 --exit-code 3")
    place.floor("s1")
    result = place.measure({"do": "watch", "seconds": 1})
    kinds = [event["event"] for event in result.events if event["event"] in {"start", "exit"}]
    assert kinds.count("exit") >= 2
    for kind, following in itertools.pairwise(kinds):
        assert kind != following
    assert result.all("gone")


def test_watch_says_who_was_up_before(place: Place) -> None:
    place.floor("s1")
    pid = place.pid()
    result = place.measure(*[{"do": do, "seconds": 0} for do in ("sleep", "watch", "watch")])
    assert_ended(result)
    start = result.one("start")
    assert (start["pid"], start["by"], start["missed"]) == (pid, "record", 0)
    steps = [e.get("do", e["event"]) for e in result.events if e["event"] in {"step", "start"}]
    assert steps == ["sleep", "watch", "start", "watch"]


# ---- looking


def test_snapshot(place: Place, tmp_path: Path) -> None:
    pidfile = tmp_path / "s1.pid"
    floor = place.floor("--pidfile", str(pidfile), "s1")
    pid = place.pid()
    plan = {**place.plan(AWAIT, {"do": "snapshot"}), "pidfiles": {"s1": str(pidfile)}}
    done = subprocess.run(
        [sys.executable, str(MEASURE), "-"],
        input=json.dumps(plan),
        capture_output=True,
        text=True,
        check=False,
    )
    seen = [json.loads(line) for line in done.stdout.splitlines()]
    processes = next(event for event in seen if event["event"] == "processes")
    by_pid = {process["pid"]: process for process in processes["processes"]}
    assert by_pid[pid]["ppid"] == floor.pid
    assert by_pid[pid]["argv"] == place.testd("--pidfile", str(pidfile), "s1")
    assert by_pid[pid]["exe"] == str(place.binaries.testd)
    assert by_pid[pid]["uid"] == os.getuid()
    assert by_pid[pid]["cgroup"]
    assert processes["pid1"]["pid"] == 1
    assert not {os.getpid(), seen[0]["pid"]} & set(by_pid), "itself and its ancestors"
    assert not [p for p in by_pid.values() if p["ppid"] == 0 and p["pid"] != 1]
    service = processes["services"][0]
    assert service["pids"] == [pid]
    assert service["pidfile"] == f"{pid}\n"


def test_footprint_is_of_the_supervisor_alone(place: Place) -> None:
    floor = place.floor("--children", "2", "s1")
    place.pid()
    eventually(lambda: len(place.processes()) == 4)
    by_pid = {"do": "footprint", "root": [floor.pid], "services": 1, "label": "one"}
    result = place.measure(by_pid, {**by_pid, "root": ["no-such-program"]})
    assert_ended(result, errors=1)
    footprint = result.one("footprint")
    (process,) = footprint["processes"]
    assert (process["pid"], process["name"]) == (floor.pid, "floor")
    status = Path(f"/proc/{floor.pid}/status").read_text()
    assert process["VmPeak"] == int(status.split("VmPeak:")[1].split()[0])
    assert process["VmHWM"] >= process["VmRSS"] >= process["Pss"] >= process["Private_Dirty"] > 0
    assert footprint["total"] == {
        "processes": 1,
        **{k: process[k] for k in footprint["total"] if k != "processes"},
    }
    assert "no-such-program" in result.one("error")["what"]


def test_smaps_adds_up_to_its_rollup(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    floor = place.floor("s1")
    place.pid()
    if not Path("/proc/self/smaps_rollup").exists():
        pytest.skip("a kernel without smaps_rollup")
    pss, dirty, method = inspect.proportional_memory(floor.pid)
    assert method == "smaps_rollup"
    monkeypatch.setattr(inspect, "read_status", lambda *_: {})
    summed_pss, summed_dirty, method = inspect.proportional_memory(floor.pid)
    assert method == "smaps"
    assert summed_dirty == dirty
    assert pss is not None
    assert summed_pss is not None
    # Each line of smaps is rounded down to a kB.
    assert pss - 20 <= summed_pss <= pss


def test_cpu_counts_restarts(place: Place) -> None:
    floor = place.floor("s1")
    mark = {"do": "cpu_mark", "root": [floor.pid]}
    result = place.measure(AWAIT, mark, trials(LONG), mark, {**mark, "do": "cpu", "window": 0.1})
    assert_ended(result)
    before, after = (event["total"] for event in result.all("cpu_mark"))
    assert after["cpu_ns"] > before["cpu_ns"]
    assert after["voluntary"] >= before["voluntary"] + 4
    window = result.one("cpu")
    assert window["came"] == window["went"] == []
    assert window["processes"] == 1


def test_cpu_says_who_came_and_went(place: Place) -> None:
    shell = place.start(
        "/bin/sh", "-c", "(while kill -0 $$; do sleep 0.3; done) & while :; do sleep 0.2; done"
    )
    # Somebody must be there who can go: the shell inside it, and a sleep of either.
    eventually(lambda: len(psutil.Process(shell.pid).children(recursive=True)) == 3 or None)
    result = place.measure({"do": "cpu", "root": [shell.pid], "window": 2})
    window = result.one("cpu")
    assert window["came"]
    assert window["went"]


# ---- doing


def test_mode_run_and_signal(place: Place) -> None:
    place.floor("s1")
    pid = place.pid()
    result = place.measure(
        {"do": "mode", "service": "s1", "text": "--ignore-term"},
        {"do": "run", "command": "cat; echo out; echo err >&2; exit 3", "deadline": 20},
        {"do": "run", "command": "sleep 600 & sleep 600", "deadline": 0.1},
        {"do": "signal", "target": f"pid:{pid}", "signal": 9},
        {"do": "signal", "target": "pid:2147483647", "signal": 9},
        {"do": "signal", "target": "comm:no-such-program", "signal": 9},
        {"do": "mode", "service": "s1", "text": ""},
        {"do": "mode", "service": "s1", "text": ""},
    )
    assert_ended(result)
    ran, killed = result.all("ran")
    assert (ran["rc"], ran["output"]) == (3, "out\nerr\n")
    assert ran["begin_ns"] < ran["end_ns"]
    assert killed["rc"] is None
    sent, refused, nobody = result.all("signalled")
    assert sent["pids"] == [pid]
    assert refused["pids"] == []
    assert refused["refused"][0]["pid"] == 2**31 - 1
    assert nobody["pids"] == nobody["refused"] == []
    assert list(place.dir.glob("*.mode*")) == []


def test_output_of_a_command_is_cut_to_its_end(place: Place) -> None:
    result = place.measure(
        {"do": "run", "command": "seq 100000; printf 'caf\\303\\251 \\377'", "deadline": 60}
    )
    ran = result.one("ran")
    assert ran["output"].endswith("100000\ncafé \ufffd")
    assert len(ran["output"]) <= 4000 < ran["output_bytes"]


# ---- ending


def test_ends_when_nobody_listens(place: Place) -> None:
    place.floor("s1")
    process = place.start(
        *(sys.executable, str(MEASURE), "-"), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin and process.stdout
    process.stdin.write(json.dumps(place.plan(AWAIT, {"do": "watch", "seconds": 100000})))
    process.stdin.close()
    assert json.loads(process.stdout.readline())["event"] == "hello"
    process.stdout.close()
    assert process.wait(timeout=60) == 1


def test_only_one_reads(place: Place) -> None:
    process = place.start(
        *(sys.executable, str(MEASURE), "-"), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin and process.stdout
    process.stdin.write(json.dumps(place.plan({"do": "watch", "seconds": 100000})))
    process.stdin.close()
    process.stdout.readline()
    second = place.measure()
    assert (second.rc, second.events) == (2, [])
    assert "another measuring program" in second.stderr


def test_a_step_that_breaks_does_not_stop_the_rest(place: Place) -> None:
    (place.dir / "s1.mode").mkdir()
    result = place.measure(
        {"do": "mode", "service": "s1", "text": "x"}, {"do": "watch", "seconds": 0}
    )
    assert_ended(result, errors=1)
    assert "Traceback" in result.one("error")["what"]
    assert [step["do"] for step in result.all("step")] == ["mode", "watch"]


@pytest.mark.parametrize("python", pythons())
@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ("", "not JSON"),
        ("[]", "must be an object"),
        ({"seed": 1, "steps": []}, '"services" is missing'),
        ({"services": ["../x"], "seed": 1, "steps": []}, '"services" must be a service name'),
        ({"services": ["s1"], "seed": "x", "steps": []}, '"seed" must be a whole number'),
        ({"services": ["s1"], "seed": 1, "steps": [{}]}, 'steps[0]: "do" must be one of await'),
        ({"services": ["s1"], "seed": 1, "steps": [{"do": "dance"}]}, '"dance"'),
        ({"services": ["s1"], "seed": 1, "steps": [], "extra": 1}, 'unknown key "extra"'),
        ([{"do": "watch"}], 'steps[0] (watch): "seconds" is missing'),
        ([{"do": "watch", "seconds": -1}], "a number of seconds, 0 or more, not -1"),
        ([{"do": "signal", "target": "x", "signal": 9}], "service:NAME"),
        ([trials(LONG, slot={"index": 3, "count": 3, "width": 1})], "below its count"),
        ([trials(LONG, limit=[2, 10])], "count of 3 or more"),
        ([trials(group("x", 1, 3, 2))], "low first"),
        ([trials()], "a list of groups"),
        ([{**AWAIT, "services": []}], "a list of service names"),
    ],
)
def test_malformed_plans(place: Place, python: str, plan: object, said: str) -> None:
    if isinstance(plan, list):
        plan = place.plan(*plan)
    content = plan if isinstance(plan, str) else json.dumps(plan)
    done = subprocess.run(
        [python, str(MEASURE), "-"], input=content, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_plan_from_a_file(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(place.plan()))
    command = [sys.executable, str(MEASURE)]
    assert subprocess.run([*command, str(path)], capture_output=True, check=False).returncode == 0
    missing = subprocess.run([*command, "/nowhere"], capture_output=True, text=True, check=False)
    assert (missing.returncode, missing.stderr) == (
        2,
        "measure: /nowhere: No such file or directory\n",
    )
    assert subprocess.run(command, capture_output=True, check=False).returncode == 2
