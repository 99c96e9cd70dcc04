"""The host is the same before and after, however a run ends."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from provision.cache import cache_folder
from provision.errors import Problem
from provision.lxc import keeper_client
from provision.lxc.existing_guests import list_guests
from provision.lxc.provider import Lxc
from provision.lxc.traces import orphaned_names
from provision.provider import GuestRecord, GuestState
from provision.systems import SYSTEMS
from tests.support.host import CoveredTrees, HostState
from tests.support.suite import Running, Suite, descendants, eventually, runs_program

RUNIT = "runit/runner/default/hosted"
OPTIONS = (f"--only={RUNIT}", "--trials=3", "--scenario=restart")
PHASES = ("up", "configure", "start", "verify", "measure alone", "stop", "destroy")


@contextmanager
def unchanged(suite: Suite) -> Iterator[None]:
    """Check that the host is after the block what it was before."""
    before = HostState.take(suite)
    yield
    eventually(lambda: not descendants(), "the end of all processes")
    # Another suite's control group may be between its last process's end and its removal.
    with contextlib.suppress(AssertionError):
        eventually(lambda: not before.differences(HostState.take(suite)), "the same host", 1)
    assert before.differences(HostState.take(suite)) == {}
    assert suite.guests() == []


def reach(running: Running, phase: str) -> None:
    """Wait until the contender is in that phase; `measure alone` is the floor's."""
    running.wait_for(f"{'floor/runner/default/hosted' if 'alone' in phase else RUNIT} [")
    running.wait_for(f"] {phase}")


def remove_layers(suite: Suite) -> None:
    """Remove runit's layers, so that the next run installs it as the first run does."""
    for layer in (suite.cache / "layers").glob("debian-runit-*"):
        shutil.rmtree(layer) if layer.is_dir() else layer.unlink()


def keepers(running: Running) -> list[psutil.Process]:
    """The keepers of a running suite's guests."""
    children = psutil.Process(running.process.pid).children()
    return [child for child in children if runs_program(child, "keeper.py")]


def test_a_whole_bench_leaves_the_host_unchanged(suite: Suite) -> None:
    with unchanged(suite):
        done = suite.bench("--quick", "--only=runit")
        assert done.code == 0, done.output
    assert {contender["status"] for contender in suite.record()["contenders"]} == {"measured"}


@pytest.mark.slow
def test_nothing_is_written_outside_cache_and_results(suite: Suite) -> None:
    """An installation included: it brings neither packages' files nor settings to the host."""
    remove_layers(suite)
    covered = CoveredTrees(suite.base / "covers")
    with unchanged(suite):
        done = suite.bench(*OPTIONS, before=covered.command_prefix())
        assert done.code == 0, done.output
    assert covered.changed_paths() == []


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
    "phase",
    [
        "measure restart",
        *(pytest.param(phase, marks=pytest.mark.slow) for phase in ("install", "start")),
    ],
)
@pytest.mark.probe("kill")
def test_a_killed_suite_leaves_the_host_unchanged_and_the_next_run_works(
    suite: Suite, phase: str
) -> None:
    if phase == "install":
        remove_layers(suite)
    with unchanged(suite):
        running = suite.start("bench", *OPTIONS)
        reach(running, phase)
        running.kill()
        assert running.end().code == -signal.SIGKILL
    with unchanged(suite):
        done = suite.bench(*OPTIONS)
    assert done.code == 0, done.output


def start_image_build(suite: Suite, part: str) -> Running:
    """Start a bench, and wait until its image is half built.

    part: the unfinished folder, `debian` of mmdebstrap or `root` of the guests.
    """
    running = suite.start("bench", *OPTIONS)
    running.wait_for("Building the image")
    eventually(
        lambda: (
            any((suite.cache / "images").glob(f"build-*/{part}/usr/bin"))
            or running.process.poll() is not None
        ),
        f"a half-built image; the suite has printed:\n{running.output}",
    )
    return running


@pytest.mark.slow
@pytest.mark.parametrize(
    ("end", "code"), [(Running.interrupt, 130), (Running.kill, -signal.SIGKILL)]
)
@pytest.mark.probe("kill")
def test_a_half_built_image_is_never_used(
    bare_suite: Suite, end: Callable[[Running], None], code: int
) -> None:
    """After an interrupt or a kill during the build, the next run builds the image again."""
    images = bare_suite.cache / "images"
    for part in ("debian", "root"):
        with unchanged(bare_suite):
            running = start_image_build(bare_suite, part)
            end(running)
            done = running.end()
        assert done.code == code, done.output
        assert "Traceback" not in done.output
        assert not [path for path in images.glob("debian-*") if path.is_dir()]
    running = start_image_build(bare_suite, "debian")
    running.interrupt()
    assert running.end().code == 130, running.output
    assert not [path for path in images.iterdir() if path.is_dir()]


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


def kill_all(running: Running) -> None:
    """Kill the suite and its keepers at once: nothing is left that removes the guests."""
    all_keepers = keepers(running)
    assert all_keepers
    os.kill(running.process.pid, signal.SIGSTOP)
    for keeper in all_keepers:
        keeper.kill()
    running.kill()


def kill_keepers(running: Running) -> None:
    """Kill the keepers while the suite works."""
    all_keepers = keepers(running)
    assert all_keepers
    for keeper in all_keepers:
        keeper.kill()


@pytest.mark.parametrize(("kill", "code"), [(kill_all, -signal.SIGKILL), (kill_keepers, 1)])
@pytest.mark.probe("kill")
def test_destroy_removes_the_guests_of_killed_keepers(
    suite: Suite, kill: Callable[[Running], None], code: int
) -> None:
    with unchanged(suite):
        running = suite.start("bench", *OPTIONS)
        reach(running, "measure restart")
        kill(running)
        done = running.end()
        assert done.code == code, done.output
        assert "Traceback" not in done.output
        destroyed = suite.run("destroy")
        assert destroyed.code == 0, destroyed.output


def test_destroy_removes_control_groups_of_guests_without_a_folder(suite: Suite) -> None:
    """Suite and keepers are killed, and then the cache's folder is removed."""
    with unchanged(suite):
        running = suite.start("bench", *OPTIONS)
        reach(running, "measure restart")
        kill_all(running)
        running.end()
        eventually(lambda: not descendants(), "the end of the guests")
        # Another suite on this host that starts or destroys just now may remove them as well.
        stale = set(suite.guests()) & set(orphaned_names())
        shutil.rmtree(suite.cache)
        destroyed = suite.run("destroy")
        assert destroyed.code == 0, destroyed.output
    assert not stale & set(orphaned_names())


def test_a_keeper_that_hangs_is_an_error_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stopped keeper stands for one that hangs; its guest ends with it."""
    guest = Lxc().up(f"hangs-{os.getpid()}", SYSTEMS["debian"])
    monkeypatch.setattr(keeper_client, "_PATIENCE", 1)
    children = psutil.Process().children()
    (keeper,) = (child for child in children if guest.name in child.cmdline())
    keeper.suspend()
    try:
        for action in (guest.halt, guest.destroy):
            with pytest.raises(
                Problem, match=f"The keeper of guest {guest.name} has not"
            ) as caught:
                action()
            assert f"kill -KILL {keeper.pid}" in caught.value.advice
    finally:
        keeper.kill()
        keeper.wait()
    orphan = GuestRecord(guest.name, GuestState.ORPHANED)
    eventually(lambda: orphan in list_guests(), "a guest without a keeper")
    Lxc().remove(guest.name)
    assert orphan not in list_guests()


# A suite that is killed when its guest's folder exists, with nothing in it yet.
KILLED_AT_ONCE = """
import os, signal
from provision.lxc.guest import LxcGuest
from provision.lxc.provider import Lxc
from provision.systems import SYSTEMS

LxcGuest._make_folders = lambda guest: os.kill(os.getpid(), signal.SIGKILL)
Lxc().up(f"first-{os.getpid()}", SYSTEMS["debian"])
"""


@pytest.mark.probe("kill")
def test_a_suite_killed_right_after_the_claim_leaves_no_folder(suite: Suite) -> None:
    (suite.checkout / "killed.py").write_text(KILLED_AT_ONCE)
    with unchanged(suite):
        done = suite.run(program=suite.checkout / "killed.py")
        assert done.code == -signal.SIGKILL, done.output
        eventually(lambda: not suite.guests(), "the keeper's removal of the guest")


def test_destroy_removes_a_folder_without_a_lock(suite: Suite) -> None:
    """A host whose power was cut has such a folder."""
    with unchanged(suite):
        (suite.cache / "guests" / "first-1" / "upper").mkdir(parents=True)
        destroyed = suite.run("destroy")
        assert destroyed.code == 0, destroyed.output
        assert "first-1" in destroyed.output
        assert not suite.guests()


@pytest.mark.parametrize("script", ["exit 1", 'mkdir "$4/guests/$5"; echo ready; read halt'])
@pytest.mark.probe("kill")
def test_a_keeper_that_dies_at_once_leaves_no_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str
) -> None:
    """Ctrl-C between its fork and its setsid() has the same effect."""
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    name = f"stillborn-{os.getpid()}"
    with pytest.raises(Problem, match=f"The keeper of guest {name} has ended"):
        Lxc().up(name, SYSTEMS["debian"])
    assert not (cache_folder() / "guests" / name).exists()


@pytest.mark.slow
def test_kept_guests_exist_until_they_are_destroyed(suite: Suite) -> None:
    with unchanged(suite):
        done = suite.bench(*OPTIONS, "--keep")
        assert done.code == 0, done.output
        kept = suite.guests()
        assert len(kept) == 2
        again = suite.bench("--only=floor", "--trials=1", "--scenario=restart")
        assert again.code == 0, again.output
        assert suite.guests() == kept
        destroyed = suite.run("destroy")
        assert all(f"removed {name}" in destroyed.output for name in kept)


@pytest.mark.slow
def test_a_stale_guest_is_removed_by_the_next_bench(suite: Suite) -> None:
    with unchanged(suite):
        running = suite.start("bench", *OPTIONS)
        reach(running, "measure restart")
        kill_all(running)
        running.end()
        stale = suite.guests()
        assert stale
        done = suite.bench("--only=floor", "--trials=1", "--scenario=restart")
        assert done.code == 0, done.output
    assert suite.guests() == []
