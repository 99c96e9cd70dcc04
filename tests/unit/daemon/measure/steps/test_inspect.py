"""Steps that look at processes: snapshot and footprint."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from daemon.measure.steps import inspect
from tests.support.restarts import AWAIT, assert_complete
from tests.support.sandbox import Sandbox
from tests.support.wait import eventually


def test_a_snapshot_has_the_guests_processes_and_not_its_own(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    pidfile = tmp_path / "s1.pid"
    floor = sandbox.start_floor("--pidfile", str(pidfile), "s1")
    pid = sandbox.await_pid()
    result = sandbox.measure(AWAIT, {"do": "snapshot"}, pidfiles={"s1": str(pidfile)})
    processes = result.one("processes")
    by_pid = {process["pid"]: process for process in processes["processes"]}
    assert by_pid[pid]["ppid"] == floor.pid
    assert by_pid[pid]["argv"] == sandbox.testd("--pidfile", str(pidfile), "s1")
    assert by_pid[pid]["exe"] == str(sandbox.binaries.testd)
    assert by_pid[pid]["uid"] == os.getuid()
    assert by_pid[pid]["cgroup"]
    assert processes["pid1"]["pid"] == 1
    assert not {os.getpid(), result.events[0]["pid"]} & set(by_pid), "itself and its ancestors"
    assert not [p for p in by_pid.values() if p["ppid"] == 0 and p["pid"] != 1]
    service = processes["services"][0]
    assert service["pids"] == [pid]
    assert service["pidfile"] == f"{pid}\n"


def test_footprint_is_of_the_supervisor_alone(sandbox: Sandbox) -> None:
    floor = sandbox.start_floor("--children", "2", "s1")
    sandbox.await_pid()
    eventually(lambda: len(sandbox.processes()) == 4, "the floor, testd and two children")
    by_pid = {"do": "footprint", "root": [floor.pid], "services": 1, "label": "one"}
    result = sandbox.measure(by_pid, {**by_pid, "root": ["no-such-program"]})
    assert_complete(result, errors=1)
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


def test_smaps_adds_up_to_its_rollup(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    floor = sandbox.start_floor("s1")
    sandbox.await_pid()
    if not Path("/proc/self/smaps_rollup").exists():
        pytest.skip("a kernel without smaps_rollup")
    rollup, method = inspect.mapped_memory(floor.pid)
    assert method == "smaps_rollup"
    monkeypatch.setattr(inspect, "read_status", lambda *_: {})
    summed, method = inspect.mapped_memory(floor.pid)
    assert method == "smaps"
    pss, summed_pss = rollup.pop("Pss"), summed.pop("Pss")
    assert summed == rollup
    assert pss is not None
    assert summed_pss is not None
    # Each line of smaps is rounded down to a kB.
    assert pss - 20 <= summed_pss <= pss


def test_a_snapshot_tells_which_processes_have_fixed_addresses() -> None:
    fixed = subprocess.Popen(["setarch", "-R", "sleep", "100"])
    random = subprocess.Popen(["sleep", "100"])
    try:
        eventually(lambda: inspect.read_personality(fixed.pid) == 0x0040000, "setarch")
        assert inspect.read_personality(random.pid) == 0
    finally:
        for process in (fixed, random):
            process.kill()
            process.wait()
