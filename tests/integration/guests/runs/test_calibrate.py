"""Calibration and tracing on this host; tracing leaves nothing behind."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from bench.tracing import tracer
from bench.tracing.recorder import record_trace, traced_events, why_untraceable
from daemon.build import build
from provision.cache import cache_folder
from tests.integration.guests.leftovers.unchanged import reach
from tests.support.sandbox import entry_is_stamped
from tests.support.suite import Running, Suite, eventually, runs_program

pytestmark = pytest.mark.slow

RUNIT = "--only=runit/runner/default/hosted"
LIST = f"mount -t tracefs tracefs {tracer.TRACEFS} && ls {tracer.TRACEFS}/instances"


def instances(tracer_pid: int) -> set[str]:
    """The trace instances of the tracer with that pid; other suites have their own."""
    listing = subprocess.run(
        ["unshare", "--mount", "sh", "-c", LIST], capture_output=True, text=True, check=True
    )
    return {
        name for name in listing.stdout.split() if name.startswith(f"{tracer.NAME}-{tracer_pid}-")
    }


def tracer_of(running: Running) -> psutil.Process:
    """The tracer of that suite, while it measures."""
    children = psutil.Process(running.process.pid).children()
    (process,) = [child for child in children if runs_program(child, Path(tracer.__file__).name)]
    assert instances(process.pid)
    return process


@pytest.fixture
def traceable() -> None:
    reason = why_untraceable()
    if reason:
        pytest.skip(f"the suite says: {reason}")


@pytest.mark.usefixtures("traceable")
def test_a_calibration_meets_its_bounds(suite: Suite) -> None:
    done = suite.run("calibrate", "--quick")
    assert done.code == 0, done.output
    calibration = json.loads((suite.cache / "calibration.json").read_text())
    assert calibration["witness"]["restarts"] >= 6
    assert {calibration["witness"][kind] for kind in ("missing", "invented", "lost_events")} == {0}
    assert {check["met"] for check in calibration["checks"] if not check["goal"]} == {True}
    assert not suite.results.exists()


@pytest.mark.usefixtures("traceable")
def test_bystanders_that_exit_at_once_are_attributed(tmp_path: Path) -> None:
    """Daemons of other suites and on the host; a single unattributed one fails a calibration."""
    testd = build(platform.machine(), cache_folder()).testd
    with record_trace(tmp_path / "trace.txt", traced_events(())) as recording:
        for _ in range(10):
            subprocess.run([testd, "--no-such-option"], capture_output=True, check=False)
        # It lives until its input ends, so that the tracer can read its namespace.
        apart = subprocess.Popen(
            ["unshare", "--pid", "--fork", "sh", "-c",
             f"readlink /proc/self/ns/pid; {testd} -x; {testd} -x; echo; read end"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert apart.stdin is not None
        assert apart.stdout is not None
        there = int(apart.stdout.readline().strip().removeprefix("pid:[").removesuffix("]"))
        apart.stdout.readline()
        eventually(
            lambda: recording.output.read_text().count(f" {there} ") >= 2,
            "the tracer reads its namespace",
        )
        apart.stdin.close()
        apart.wait()
    trace = recording.read()
    here = Path("/proc/self/ns/pid").stat().st_ino
    assert trace.lost == 0
    assert trace.unattributed == 0
    assert len(trace.execs_by_namespace[here]) >= 10
    assert len(trace.execs_by_namespace[there]) == 2


@pytest.mark.usefixtures("traceable")
def test_a_traced_run_shows_the_parts_of_a_restart_and_leaves_no_instance(suite: Suite) -> None:
    running = suite.start("bench", "--scenario=restart", "--trials=2", "--trace", RUNIT)
    reach(running, "measure restart")
    tracing_process = tracer_of(running)
    done = running.end()
    assert done.code == 0, done.output
    assert not instances(tracing_process.pid)
    assert "What a restart is made of" in done.output
    run = suite.record()
    assert f"lower bound {run['bound']:.0f} s; most in a guest of runit" in done.output
    assert "times its lower bound " in done.output
    metrics = run["contenders"][0]["scenarios"]["restart"]["metrics"]
    parts = {metric["metric"]: metric["median"] for metric in metrics}
    assert parts["restart_spawn"] > 0
    assert run["trace"]["unstamped"] == (0 if entry_is_stamped() else run["trace"]["restarts"])
    assert parts["restart_reaction"] is not None


@pytest.mark.usefixtures("traceable")
def test_a_killed_suite_leaves_no_instance(suite: Suite) -> None:
    running = suite.start("bench", "--scenario=restart", "--trials=2", "--trace", RUNIT)
    reach(running, "measure restart")
    tracing_process = tracer_of(running)
    running.kill()
    running.end()
    eventually(lambda: not instances(tracing_process.pid), "the tracer removes its instance")


@pytest.mark.usefixtures("traceable")
def test_destroy_removes_the_instance_of_a_killed_tracer(suite: Suite) -> None:
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", tracer.__file__, "/dev/null", "{}"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.readline()
    assert instances(process.pid)
    process.kill()
    process.wait()
    suite.run("destroy")
    assert not instances(process.pid)


@pytest.mark.usefixtures("traceable")
def test_a_killed_tracer_fails_the_run_and_keeps_its_results(suite: Suite) -> None:
    running = suite.start("bench", "--scenario=restart", "--trials=2", "--trace", RUNIT)
    reach(running, "measure restart")
    tracing_process = tracer_of(running)
    tracing_process.kill()
    done = running.end()
    assert done.code == 1, done.output
    assert "The trace stopped early and is incomplete." in done.output
    assert "Traceback" not in done.output
    assert {contender["status"] for contender in suite.record()["contenders"]} == {"measured"}
    assert "trace" not in suite.record()
    suite.run("destroy")
    assert not instances(tracing_process.pid)
