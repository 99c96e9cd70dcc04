"""Fixtures of tests that boot real virtual machines: minutes a boot where they are emulated."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from provision.host.tools import missing_tools
from provision.systems import SYSTEMS
from provision.vagrant.box.builder import build_boxes
from tests.support.suite import Suite, adopt_orphans

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("vms")


@pytest.fixture(scope="session")
def box() -> Path:
    """The libvirt box, built from packages unless the user's cache has it."""
    missing = missing_tools("vms", "box")
    advice = f"apt-get install --no-install-recommends {' '.join(sorted(set(missing.values())))}"
    assert not missing, f"not installed: {', '.join(missing)}; {advice}"
    return build_boxes(SYSTEMS["debian"])["libvirt"]


@pytest.fixture(scope="module")
def base() -> Iterator[Path]:
    """A folder whose path is short enough for libvirt's sockets."""
    folder = Path(tempfile.mkdtemp(dir="/var/tmp", prefix="vm"))
    with adopt_orphans():
        yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def suite(base: Path) -> Iterator[Suite]:
    """The suite in a checkout and a cache of its own."""
    suite = Suite.create(base / "s", seeded=False)
    yield suite
    suite.remove()
