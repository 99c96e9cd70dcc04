"""What is left where a keeper is killed or hangs too is removed by the next command."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from provision.cache import cache_folder
from provision.errors import Problem
from provision.lxc import keeper_client
from provision.lxc.existing_guests import list_guests
from provision.lxc.programs.traces import orphaned_names
from provision.lxc.provider import Lxc
from provision.provider import GuestRecord, GuestState
from provision.systems import SYSTEMS
from tests.integration.guests.leftovers.unchanged import (
    OPTIONS,
    keepers,
    kill_all,
    reach,
    unchanged,
)
from tests.support.keepers import use_keeper
from tests.support.suite import Running, Suite, descendants, eventually


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


def test_a_keeper_that_hangs_is_an_error_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stopped keeper stands for one that hangs; its guest ends with it."""
    guest = Lxc().up(f"hangs-{os.getpid()}", SYSTEMS["debian"])
    monkeypatch.setattr(keeper_client, "_PATIENCE", 1)
    keeper = psutil.Process(guest._keeper.pid)
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


@pytest.mark.parametrize(
    "keeper",
    ["", "os.mkdir(f'{cache}/guests/{name}'); commands.send(b'ready\\n'); commands.recv(99)"],
)
@pytest.mark.probe("kill")
def test_a_keeper_that_dies_at_once_leaves_no_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, keeper: str
) -> None:
    """Ctrl-C between its fork and its setsid() has the same effect."""
    use_keeper(monkeypatch, tmp_path, keeper)
    name = f"stillborn-{os.getpid()}"
    with pytest.raises(Problem, match=f"The keeper of guest {name} has ended"):
        Lxc().up(name, SYSTEMS["debian"])
    assert not (cache_folder() / "guests" / name).exists()


def test_destroy_removes_a_folder_without_a_lock(suite: Suite) -> None:
    """A host whose power was cut has such a folder."""
    with unchanged(suite):
        (suite.cache / "guests" / "first-1" / "upper").mkdir(parents=True)
        destroyed = suite.run("destroy")
        assert destroyed.code == 0, destroyed.output
        assert "first-1" in destroyed.output
        assert not suite.guests()
