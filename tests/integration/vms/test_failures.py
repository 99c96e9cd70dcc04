"""Failures of a real Vagrant: its own words, and what the suite makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.host import HostState
from tests.support.suite import Suite
from tests.support.wait import eventually


@pytest.fixture
def suite(base: Path) -> Iterator[Suite]:
    """A new suite for each failure: what Vagrant has fetched would hide the next one."""
    suite = Suite.create(base / "s", seeded=False)
    yield suite
    suite.remove()


def failed_up(suite: Suite, *words: str, before: tuple[str, ...] = ()) -> str:
    """Return what a failing `./inv up` prints; it leaves no machine and no process."""
    host = HostState.take(suite)
    command = suite.start("up", "--provider=libvirt", *words, before=before).end(600)
    assert command.code == 1, command.output
    eventually(lambda: not host.new_processes(), "no process is left", seconds=240)
    assert "There is no machine." in suite.run("status").output
    return command.output


def test_a_public_box_without_a_network(suite: Suite, box: Path) -> None:
    output = failed_up(suite, before=("unshare", "--net"))
    assert "Could not resolve host" in output
    assert "no network reaches the box's server" in output
    assert "./inv box debian" in output


def test_a_box_for_another_hypervisor(suite: Suite, box: Path) -> None:
    output = failed_up(suite, f"--box={box.with_name('debian-virtualbox.box')}")
    assert "Provider of box: virtualbox" in output
    assert "the box is made for another hypervisor" in output


def test_a_file_that_is_no_box(suite: Suite, box: Path) -> None:
    (suite.temporary / "some.box").write_text("garbage")
    output = failed_up(suite, f"--box={suite.temporary / 'some.box'}")
    assert "the file is not a box, or it is damaged" in output


def test_a_disk_that_is_full(suite: Suite, box: Path) -> None:
    small = f'mount -t tmpfs -o size=64m tmpfs {suite.cache.parent} && exec "$@"'
    output = failed_up(
        suite, f"--box={box}", before=("unshare", "--mount", "sh", "-c", small, "sh")
    )
    assert "Failure writing output to destination" in output
    assert "the disk is full" in output
    assert "df -h" in output


def test_a_machine_that_never_answers(suite: Suite, box: Path) -> None:
    """With a timeout of two seconds, no machine answers in time."""
    vagrantfile = suite.checkout / "Vagrantfile"
    text = vagrantfile.read_text()
    vagrantfile.write_text(text.replace("boot_timeout = 600", "boot_timeout = 2"))
    output = failed_up(suite, f"--box={box}")
    assert "Timed out while waiting for the machine to boot" in output
    assert "the machine never answered" in output
    assert "--box" in output
