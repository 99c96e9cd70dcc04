"""The instrument's own measurement, and what tracing leaves behind: nothing."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from bench.tracing import tracer
from bench.tracing.parser import events, lack, tracing
from daemon.build import build
from provision.cache import cache_folder
from tests.integration.guests.test_host import reach
from tests.support.sandbox import entry_is_stamped
from tests.support.suite import Running, Suite, eventually, runs

pytestmark = pytest.mark.slow

RUNIT = "--only=runit/runner/default/hosted"
LIST = f"mount -t tracefs tracefs {tracer.TRACEFS} && ls {tracer.TRACEFS}/instances"


def instances(taking: int) -> set[str]:
    """The trace instances of the tracer with that pid: other suites have theirs meanwhile."""
    told = subprocess.run(
        ["unshare", "--mount", "sh", "-c", LIST], capture_output=True, text=True, check=True
    )
    return {name for name in told.stdout.split() if name.startswith(f"{tracer.NAME}-{taking}-")}


def tracer_of(running: Running) -> psutil.Process:
    """The process that traces for that suite, which is measuring."""
    children = psutil.Process(running.process.pid).children()
    (taking,) = [each for each in children if runs(each, Path(tracer.__file__).name)]
    assert instances(taking.pid)
    return taking


@pytest.fixture
def traceable() -> None:
    why = lack()
    if why:
        pytest.skip(f"the suite's own words for it: {why}")


@pytest.mark.usefixtures("traceable")
def test_both_witnesses_agree(suite: Suite) -> None:
    done = suite.run("calibrate", "--quick")
    assert done.code == 0, done.output
    found = json.loads((suite.cache / "calibration.json").read_text())
    assert found["witness"]["restarts"] >= 6
    assert {found["witness"][kind] for kind in ("missing", "invented", "lost_events")} == {0}
    assert {each["met"] for each in found["checks"] if not each["goal"]} == {True}
    assert not suite.results.exists()


@pytest.mark.usefixtures("traceable")
def test_bystanders_that_are_gone_at_once_are_known_to_be_none_of_ours(tmp_path: Path) -> None:
    """Other suites' daemons, and those on the host: a calibration failed once of a single one."""
    testd = build(platform.machine(), cache_folder()).testd
    with tracing(tmp_path / "trace.txt", events(())) as taken:
        for _ in range(10):
            subprocess.run([testd, "--no-such-option"], capture_output=True, check=False)
        # It waits for its input's end, so that it can be asked where its children were.
        apart = subprocess.Popen(
            ["unshare", "--pid", "--fork", "sh", "-c",
             f"readlink /proc/self/ns/pid; {testd} -x; {testd} -x; echo; read end"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert apart.stdin is not None
        assert apart.stdout is not None
        there = int(apart.stdout.readline().strip().removeprefix("pid:[").removesuffix("]"))
        apart.stdout.readline()
        eventually(lambda: taken.output.read_text().count(f" {there} ") >= 2, "it was asked")
        apart.stdin.close()
        apart.wait()
    trace = taken.read()
    here = Path("/proc/self/ns/pid").stat().st_ino
    assert trace.lost == 0
    assert not trace.executed.keys() - trace.homes.keys()
    assert len(trace.executed_in[here]) >= 10
    assert len(trace.executed_in[there]) == 2


@pytest.mark.usefixtures("traceable")
def test_a_traced_run_tells_the_parts_of_a_restart_and_leaves_no_instance(suite: Suite) -> None:
    running = suite.start("bench", "--scenario=restart", "--trials=2", "--trace", RUNIT)
    reach(running, "measure restart")
    taking = tracer_of(running)
    done = running.end()
    assert done.code == 0, done.output
    assert not instances(taking.pid)
    assert "Where a restart's time goes" in done.output
    run = suite.record()
    assert f"lower bound {run['bound']:.0f} s; most in a guest of runit" in done.output
    assert f"times its lower bound {run['bound']:.0f} s" in done.output
    metrics = run["contenders"][0]["scenarios"]["restart"]["metrics"]
    parts = {each["metric"]: each["median"] for each in metrics}
    assert parts["restart_spawn"] > 0
    assert run["trace"]["unstamped"] == (0 if entry_is_stamped() else run["trace"]["restarts"])
    assert parts["restart_reaction"] is not None


@pytest.mark.usefixtures("traceable")
def test_a_killed_suite_leaves_no_instance(suite: Suite) -> None:
    running = suite.start("bench", "--scenario=restart", "--trials=2", "--trace", RUNIT)
    reach(running, "measure restart")
    taking = tracer_of(running)
    running.kill()
    running.end()
    eventually(lambda: not instances(taking.pid), "the tracer removes its instance")


@pytest.mark.usefixtures("traceable")
def test_a_killed_tracer_is_swept_up_after(suite: Suite) -> None:
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
def test_a_tracer_that_dies_is_told_of(suite: Suite) -> None:
    running = suite.start("bench", "--scenario=restart", "--trials=2", "--trace", RUNIT)
    reach(running, "measure restart")
    taking = tracer_of(running)
    taking.kill()
    done = running.end()
    assert done.code == 1, done.output
    assert "The trace ended before what it should see." in done.output
    assert "Traceback" not in done.output
    assert {each["status"] for each in suite.record()["contenders"]} == {"measured"}
    assert "trace" not in suite.record()
    suite.run("destroy")
    assert not instances(taking.pid)
