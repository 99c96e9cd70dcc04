"""The host is the same before and after, however a run ends."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from provision.cache import cache_folder
from provision.errors import Problem
from provision.lxc import keeper_client
from provision.lxc.existing_guests import list_guests
from provision.lxc.keeper import orphaned_names
from provision.lxc.provider import Lxc
from provision.provider import GuestRecord, GuestState
from provision.systems import SYSTEMS
from tests.support.host import Covered, Host
from tests.support.suite import Running, Suite, descendants, eventually, runs

RUNIT = "runit/runner/default/hosted"
ASKED = (f"--only={RUNIT}", "--trials=3", "--scenario=restart")
PHASES = ("up", "configure", "start", "verify", "measure alone", "stop", "destroy")


@contextmanager
def unchanged(suite: Suite) -> Iterator[None]:
    """Within the block the host may change; after it, it must be what it was."""
    before = Host.seen(suite)
    yield
    eventually(lambda: not descendants(), "the end of all that was started")
    # Once more where somebody else's control group was caught between its end and its removal.
    if before.differences(Host.seen(suite)):
        time.sleep(1)
    assert before.differences(Host.seen(suite)) == {}
    assert suite.guests() == []


def reach(running: Running, phase: str) -> None:
    running.until(f"{'floor/runner/default/hosted' if 'alone' in phase else RUNIT} [")
    running.until(f"] {phase}")


def without_layers(suite: Suite) -> None:
    """As on the first run: what is to be tested must be installed."""
    for layer in (suite.cache / "layers").glob("debian-runit-*"):
        shutil.rmtree(layer) if layer.is_dir() else layer.unlink()


def keepers(running: Running) -> list[psutil.Process]:
    """The keepers of a running suite's guests."""
    children = psutil.Process(running.process.pid).children()
    return [each for each in children if runs(each, "keeper.py")]


def test_a_whole_bench(suite: Suite) -> None:
    with unchanged(suite):
        done = suite.bench("--quick", "--only=runit")
        assert done.code == 0, done.output
    assert {each["status"] for each in suite.record()["contenders"]} == {"measured"}


@pytest.mark.slow
def test_nothing_is_written_elsewhere(suite: Suite) -> None:
    """Installing included: neither packages' files nor settings of tools come to the host."""
    without_layers(suite)
    covered = Covered(suite.base / "covers")
    with unchanged(suite):
        done = suite.bench(*ASKED, before=covered.before())
        assert done.code == 0, done.output
    assert covered.written() == []


@pytest.mark.parametrize(
    "phase",
    [
        "install",
        "measure restart",
        *(pytest.param(each, marks=pytest.mark.slow) for each in PHASES),
    ],
)
def test_interrupted(suite: Suite, phase: str) -> None:
    if phase == "install":
        without_layers(suite)
    with unchanged(suite):
        running = suite.start("bench", *ASKED)
        reach(running, phase)
        running.interrupt()
        done = running.end()
    assert done.code == 130, done.output
    assert "Interrupted" in done.output
    assert "Traceback" not in done.output
    assert suite.record()["ended"]


@pytest.mark.slow
def test_interrupted_while_many_are_set_up(suite: Suite) -> None:
    """Those who wait for their turn to be set up do not have it any more."""
    with unchanged(suite):
        running = suite.start("bench", "--trials=2", "--scenario=restart", "--role=runner")
        running.until("/runner/tuned/hosted [0] up")
        running.interrupt()
        done = running.end()
    assert done.code == 130, done.output
    assert "] measure restart" not in done.output


@pytest.mark.slow
def test_interrupted_with_kept_guests(suite: Suite) -> None:
    with unchanged(suite):
        running = suite.start("bench", *ASKED, "--keep", "--only=systemd/runner/tuned/pid1")
        running.until("] keep")
        eventually(lambda: any((suite.cache / "guests").glob("*/kept")), "a guest that is kept")
        running.interrupt()
        done = running.end()
        assert done.code == 130, done.output
        assert "Traceback" not in done.output
        assert "has not done" not in done.output
        suite.run("destroy")


@pytest.mark.slow
def test_interrupted_twice(suite: Suite) -> None:
    """An impatient person presses Ctrl-C again while the guests are being removed."""
    with unchanged(suite):
        running = suite.start("bench", *ASKED)
        reach(running, "measure restart")
        running.interrupt()
        running.interrupt()
        running.end()


@pytest.mark.parametrize(
    "phase",
    [
        "measure restart",
        *(pytest.param(each, marks=pytest.mark.slow) for each in ("install", "start")),
    ],
)
def test_killed(suite: Suite, phase: str) -> None:
    if phase == "install":
        without_layers(suite)
    with unchanged(suite):
        running = suite.start("bench", *ASKED)
        reach(running, phase)
        running.kill()
        assert running.end().code == -signal.SIGKILL
    with unchanged(suite):
        done = suite.bench(*ASKED)
    assert done.code == 0, done.output


def half_made(suite: Suite, part: str) -> Running:
    """A bench which builds its image: `debian` is mmdebstrap's work, `root` the guests' own."""
    running = suite.start("bench", *ASKED)
    running.until("Building the image")
    eventually(
        lambda: (
            any((suite.cache / "images").glob(f"build-*/{part}/usr/bin"))
            or running.process.poll() is not None
        ),
        f"an image that is half made\n{running.output}",
    )
    return running


@pytest.mark.slow
@pytest.mark.parametrize(
    ("end", "code"), [(Running.interrupt, 130), (Running.kill, -signal.SIGKILL)]
)
def test_ended_while_the_image_is_built(
    bare_suite: Suite, end: Callable[[Running], None], code: int
) -> None:
    """Nothing half-made is taken for an image: each next run begins to build it."""
    images = bare_suite.cache / "images"
    for part in ("debian", "root"):
        with unchanged(bare_suite):
            running = half_made(bare_suite, part)
            end(running)
            done = running.end()
        assert done.code == code, done.output
        assert "Traceback" not in done.output
        assert not [path for path in images.glob("debian-*") if path.is_dir()]
    running = half_made(bare_suite, "debian")
    running.interrupt()
    assert running.end().code == 130, running.output
    assert not [path for path in images.iterdir() if path.is_dir()]


@pytest.mark.slow
def test_terminated(suite: Suite) -> None:
    with unchanged(suite):
        running = suite.start("bench", *ASKED)
        reach(running, "measure restart")
        os.kill(running.process.pid, signal.SIGTERM)
        assert running.end().code != 0


def kill_all(running: Running) -> None:
    """The suite and its keepers die at once: nobody is left to clear away."""
    doomed = keepers(running)
    assert doomed
    os.kill(running.process.pid, signal.SIGSTOP)
    for keeper in doomed:
        keeper.kill()
    running.kill()


def kill_keepers(running: Running) -> None:
    """The keepers die under the suite's hands."""
    doomed = keepers(running)
    assert doomed
    for keeper in doomed:
        keeper.kill()


@pytest.mark.parametrize(("kill", "code"), [(kill_all, -signal.SIGKILL), (kill_keepers, 1)])
def test_a_keeper_killed_then_destroy(
    suite: Suite, kill: Callable[[Running], None], code: int
) -> None:
    with unchanged(suite):
        running = suite.start("bench", *ASKED)
        reach(running, "measure restart")
        kill(running)
        done = running.end()
        assert done.code == code, done.output
        assert "Traceback" not in done.output
        destroyed = suite.run("destroy")
        assert destroyed.code == 0, destroyed.output


def test_destroy_finds_what_no_cache_knows_of(suite: Suite) -> None:
    """Suite and keepers are killed, and the cache's folder is gone before anybody clears away."""
    with unchanged(suite):
        running = suite.start("bench", *ASKED)
        reach(running, "measure restart")
        kill_all(running)
        running.end()
        eventually(lambda: not descendants(), "the end of the guests")
        # Whoever else destroys or begins a bench on this host just now finds them as well.
        stale = set(suite.guests()) & set(orphaned_names())
        shutil.rmtree(suite.cache)
        destroyed = suite.run("destroy")
        assert destroyed.code == 0, destroyed.output
    assert not stale & set(orphaned_names())


def test_a_keeper_that_hangs_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its guest is gone with it; a stopped keeper is as good as one that hangs."""
    guest = Lxc().up(f"hangs-{os.getpid()}", SYSTEMS["debian"])
    monkeypatch.setattr(keeper_client, "_PATIENCE", 1)
    (keeper,) = [each for each in psutil.Process().children() if guest.name in each.cmdline()]
    keeper.suspend()
    try:
        for act in (guest.halt, guest.destroy):
            with pytest.raises(Problem, match=f"The keeper of guest {guest.name} has not") as told:
                act()
            assert f"kill -KILL {keeper.pid}" in told.value.advice
    finally:
        keeper.kill()
        keeper.wait()
    orphan = GuestRecord(guest.name, GuestState.ORPHANED)
    eventually(lambda: orphan in list_guests(), "a guest without a keeper")
    Lxc().remove(guest.name)
    assert orphan not in list_guests()


# A suite that is killed once its guest's folder is there, and nothing in it yet.
KILLED_AT_ONCE = """
import os, signal
from provision.lxc.guest import LxcGuest
from provision.lxc.provider import Lxc
from provision.systems import SYSTEMS

LxcGuest._make_folders = lambda guest: os.kill(os.getpid(), signal.SIGKILL)
Lxc().up(f"first-{os.getpid()}", SYSTEMS["debian"])
"""


def test_killed_as_soon_as_a_guest_has_a_folder(suite: Suite) -> None:
    (suite.checkout / "killed.py").write_text(KILLED_AT_ONCE)
    with unchanged(suite):
        done = suite.run(program=suite.checkout / "killed.py")
        assert done.code == -signal.SIGKILL, done.output
        eventually(lambda: not suite.guests(), "the keeper removes what it has made")


def test_destroy_finds_a_folder_that_was_never_locked(suite: Suite) -> None:
    """So ends a host whose power is cut at that moment."""
    with unchanged(suite):
        (suite.cache / "guests" / "first-1" / "upper").mkdir(parents=True)
        destroyed = suite.run("destroy")
        assert destroyed.code == 0, destroyed.output
        assert "first-1" in destroyed.output
        assert not suite.guests()


@pytest.mark.parametrize("begins", ["exit 1", 'mkdir "$4/guests/$5"; echo ready; read halt'])
def test_a_keeper_that_dies_at_once_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, begins: str
) -> None:
    """So does the Ctrl-C that comes between its fork and its own session."""
    brief = tmp_path / "brief"
    brief.write_text(f"#!/bin/sh\n{begins}\n")
    brief.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(brief))
    name = f"stillborn-{os.getpid()}"
    with pytest.raises(Problem, match=f"The keeper of guest {name} has ended"):
        Lxc().up(name, SYSTEMS["debian"])
    assert not (cache_folder() / "guests" / name).exists()


@pytest.mark.slow
def test_kept_guests_are_there_until_destroyed(suite: Suite) -> None:
    with unchanged(suite):
        done = suite.bench(*ASKED, "--keep")
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
        running = suite.start("bench", *ASKED)
        reach(running, "measure restart")
        kill_all(running)
        running.end()
        stale = suite.guests()
        assert stale
        done = suite.bench("--only=floor", "--trials=1", "--scenario=restart")
        assert done.code == 0, done.output
    assert suite.guests() == []
