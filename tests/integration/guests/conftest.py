"""Everything here boots real guests: Linux, root, and the host's packages are needed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from provision.cache import cache_folder
from tests.support.suite import Suite, adopt_orphans, mount_apart

HERE = Path(__file__).parent
# Seconds, far beyond what any takes: a suite or a keeper that hangs is not waited for any longer.
PATIENCE, PATIENCE_SLOW = 600, 900


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("guests")
            if item.get_closest_marker("timeout") is None:
                slow = item.get_closest_marker("slow") is not None
                item.add_marker(pytest.mark.timeout(PATIENCE_SLOW if slow else PATIENCE))


@pytest.fixture(scope="package")
def bases() -> Iterator[Path]:
    """A folder for suites. It is in the cache: links to images need the same file system."""
    folder = cache_folder() / "tests"
    folder.mkdir(exist_ok=True)
    mount_apart()
    with adopt_orphans(), tempfile.TemporaryDirectory(dir=folder) as name:
        yield Path(name)


@pytest.fixture
def suite(bases: Path) -> Iterator[Suite]:
    """A suite whose image and layers are there."""
    made = Suite.create(Path(tempfile.mkdtemp(dir=bases)))
    yield made
    made.remove()


@pytest.fixture
def bare_suite(bases: Path) -> Iterator[Suite]:
    """A suite on its first day: nothing is in its cache."""
    made = Suite.create(Path(tempfile.mkdtemp(dir=bases)), seeded=False)
    yield made
    made.remove()
