"""Checks that a block leaves the host as it was, and ways to reach and to kill a run."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from provision.lxc.programs.traces import KEEPERS
from tests.support.host import HostState
from tests.support.suite import Running, Suite, descendants, eventually, runs_program

RUNIT = "runit/runner/default/hosted"
OPTIONS = (f"--only={RUNIT}", "--trials=3", "--scenario=restart")
PHASES = ("up", "configure", "start", "verify", "measure alone", "destroy")


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
    """The keepers of a running suite's guests, and the process that forks them."""
    children = psutil.Process(running.process.pid).children(recursive=True)
    return [child for child in children if runs_program(child, KEEPERS)]


def kill_all(running: Running) -> None:
    """Kill the suite and its keepers at once: nothing is left that removes the guests."""
    all_keepers = keepers(running)
    assert all_keepers
    os.kill(running.process.pid, signal.SIGSTOP)
    for keeper in all_keepers:
        keeper.kill()
    running.kill()
