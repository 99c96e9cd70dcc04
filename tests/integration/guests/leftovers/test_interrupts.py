"""An interrupted run removes its guests, says so, and can be continued."""

from __future__ import annotations

import os
import shlex
import signal

import pytest

from tests.integration.guests.leftovers.unchanged import (
    OPTIONS,
    PHASES,
    reach,
    remove_layers,
    unchanged,
)
from tests.support.suite import Suite, eventually


@pytest.mark.parametrize(
    "phase",
    [
        "install",
        "measure restart",
        *(pytest.param(phase, marks=pytest.mark.slow) for phase in PHASES),
    ],
)
@pytest.mark.probe("kill")
def test_an_interrupt_leaves_the_host_unchanged_in_every_phase(suite: Suite, phase: str) -> None:
    if phase == "install":
        remove_layers(suite)
    with unchanged(suite):
        running = suite.start("bench", *OPTIONS)
        reach(running, phase)
        running.interrupt()
        done = running.end()
    assert done.code == 130, done.output
    assert "Interrupted" in done.output
    assert "Traceback" not in done.output
    assert suite.record()["ended"]


@pytest.mark.probe("kill")
def test_four_interrupts_at_once_are_one(suite: Suite) -> None:
    """The message is true: no guest is there once it is printed."""
    with unchanged(suite):
        running = suite.start("bench", *OPTIONS)
        reach(running, "measure restart")
        for _ in range(4):
            running.interrupt()
        done = running.end()
        assert suite.guests() == []
    assert done.code == 130, done.output
    assert "guests are removed" in done.output
    assert "Traceback" not in done.output
    assert suite.record()["ended"]


@pytest.mark.slow
@pytest.mark.probe("kill")
def test_no_guest_is_measured_after_an_interrupt_during_set_up(suite: Suite) -> None:
    """Contenders that wait for their set-up are not set up any more."""
    with unchanged(suite):
        running = suite.start("bench", "--trials=2", "--scenario=restart", "--role=runner")
        running.wait_for(" [0] up")
        running.interrupt()
        done = running.end()
    assert done.code == 130, done.output
    assert "] measure restart" not in done.output


@pytest.mark.slow
@pytest.mark.probe("kill")
def test_an_interrupt_removes_no_kept_guest_and_reports_no_failure(suite: Suite) -> None:
    with unchanged(suite):
        running = suite.start("bench", *OPTIONS, "--keep", "--only=systemd/runner/fast/pid1")
        running.wait_for("] keep")
        eventually(lambda: any((suite.cache / "guests").glob("*/kept")), "a guest that is kept")
        running.interrupt()
        done = running.end()
        assert done.code == 130, done.output
        assert "Traceback" not in done.output
        assert "has not done" not in done.output
        suite.run("destroy")


@pytest.mark.slow
@pytest.mark.probe("kill")
def test_a_second_interrupt_during_teardown_leaves_the_host_unchanged(suite: Suite) -> None:
    with unchanged(suite):
        running = suite.start("bench", *OPTIONS)
        reach(running, "measure restart")
        running.interrupt()
        running.interrupt()
        running.end()


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGHUP, 129),
        pytest.param(signal.SIGTERM, 143, marks=pytest.mark.slow),
    ],
)
@pytest.mark.probe("kill")
def test_a_signal_loses_nothing(suite: Suite, number: signal.Signals, code: int) -> None:
    with unchanged(suite):
        running = suite.start("bench", *OPTIONS)
        reach(running, "measure restart")
        os.kill(running.process.pid, number)
        done = running.end()
    assert done.code == code, done.output
    assert f"Interrupted by {number.name}: guests are removed" in done.output
    assert "Traceback" not in done.output
    assert {row["status"] for row in suite.record()["contenders"]} <= {"measured", "unfinished"}
    assert suite.record()["ended"]


@pytest.mark.probe("kill")
def test_a_reader_that_ends_loses_nothing(suite: Suite) -> None:
    """As in `./inv bench | head`: no contender fails for it, and the run can be continued."""
    with unchanged(suite):
        command = shlex.join(suite.command("bench", *OPTIONS))
        reader = "sed '/measure restart/q' >/dev/null"
        script = f"set -o pipefail; {command} | {reader}; echo status ${{PIPESTATUS[0]}}"
        done = suite.start(before=("bash", "-c", script)).end()
    assert "status 141" in done.output, done.output
    assert "Standard output takes no more (Broken pipe): guests are removed" in done.output
    assert "Traceback" not in done.output
    assert {row["status"] for row in suite.record()["contenders"]} <= {"measured", "unfinished"}
    assert suite.record()["ended"]
