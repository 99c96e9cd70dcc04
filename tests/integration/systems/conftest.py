"""Tests that build guests of other systems from archives made for the test."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from provision.cache import cache_folder
from tests.support.stand_ins import standins
from tests.support.suite import Suite

HERE = Path(__file__).parent
DAY = "2024-05-31"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("systems")


@pytest.fixture(scope="package")
def folder() -> Iterator[Path]:
    """A folder of the session, on the cache's file system."""
    home = cache_folder() / "tests"
    home.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home) as name:
        yield Path(name)


@pytest.fixture(scope="package")
def signer(folder: Path) -> Iterator[standins.Signer]:
    """The key that signs both archives."""
    signer = standins.Signer(folder / "gnupg")
    yield signer
    signer.close()


@pytest.fixture(scope="package")
def site(folder: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the address at which guests find it."""
    place = folder / "site"
    place.mkdir()
    with standins.serve(place) as address:
        yield place, address


@pytest.fixture(scope="package")
def suite(folder: Path) -> Suite:
    """A suite with an empty cache."""
    return Suite.create(folder / "suite", seeded=False)


@pytest.fixture(scope="package")
def arch(site: tuple[Path, str], signer: standins.Signer) -> dict[str, str]:
    """The options of a bench on Arch's stand-in, from a dated archive."""
    place, address = site
    day = place / "repos" / DAY.replace("-", "/")
    day.parent.mkdir(parents=True)
    standins.make_arch_mirror(day, signer)
    aur = f"{address}/{day.relative_to(place)}/aur"
    return {"os": "arch", "provider": "lxc", "mirror": address, "snapshot": DAY,
            "aur": aur, "keyring": str(signer.public)}  # fmt: skip


@pytest.fixture(scope="package")
def precise(site: tuple[Path, str], signer: standins.Signer) -> dict[str, str]:
    """The options of a bench on Ubuntu 12.04's stand-in."""
    place, address = site
    standins.make_precise_archive(place / "precise", signer)
    return {"os": "precise", "provider": "lxc", "mirror": f"{address}/precise",
            "keyring": str(signer.public)}  # fmt: skip
