"""Failures of Vagrant that can be had for real: its own words, and what a person reads of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.host import Host
from tests.support.suite import Suite, eventually


@pytest.fixture
def suite(base: Path) -> Iterator[Suite]:
    made = Suite.made(base / "s", seeded=False)
    yield made
    made.remove()


def refused(suite: Suite, *words: str, before: tuple[str, ...] = ()) -> str:
    """What `./inv up` prints, failing; no machine and no process is left of it."""
    host = Host.seen(suite)
    done = suite.start("up", "--provider=libvirt", *words, before=before).end(600)
    assert done.code == 1, done.output
    eventually(lambda: not host.newcomers(), "no process is left")
    assert "There is no machine." in suite.run("status").output
    return done.output


def test_a_public_box_without_a_network(suite: Suite, box: Path) -> None:
    output = refused(suite, before=("unshare", "--net"))
    assert "Could not resolve host" in output
    assert "there is no network to fetch the box by" in output
    assert "./inv box debian" in output


def test_a_box_for_another_hypervisor(suite: Suite, box: Path) -> None:
    output = refused(suite, f"--box={box.with_name('debian-virtualbox.box')}")
    assert "Provider of box: virtualbox" in output
    assert "the box is made for another hypervisor" in output


def test_a_file_that_is_no_box(suite: Suite, box: Path) -> None:
    (suite.temporary / "some.box").write_text("garbage")
    output = refused(suite, f"--box={suite.temporary / 'some.box'}")
    assert "the file is no box, or a damaged one" in output


def test_a_disk_that_is_full(suite: Suite, box: Path) -> None:
    small = f'mount -t tmpfs -o size=64m tmpfs {suite.cache.parent} && exec "$@"'
    output = refused(suite, f"--box={box}", before=("unshare", "--mount", "sh", "-c", small, "sh"))
    assert "Failure writing output to destination" in output
    assert "the disk is full" in output
    assert "df -h" in output


def test_a_machine_that_never_answers(suite: Suite, box: Path) -> None:
    """Every machine does, for so short a patience."""
    vagrantfile = suite.checkout / "Vagrantfile"
    text = vagrantfile.read_text()
    vagrantfile.write_text(text.replace("boot_timeout = 600", "boot_timeout = 2"))
    output = refused(suite, f"--box={box}")
    assert "Timed out while waiting for the machine to boot" in output
    assert "the machine never answered" in output
    assert "--box" in output
