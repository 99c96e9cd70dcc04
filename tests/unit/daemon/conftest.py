"""Fixtures: the programs, built once, and a folder of stamps to use them in."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.build import Binaries, build
from tests.support.place import Place


@pytest.fixture(scope="session")
def binaries(tmp_path_factory: pytest.TempPathFactory) -> Binaries:
    return build(platform.machine(), tmp_path_factory.mktemp("cache"))


@pytest.fixture
def place(tmp_path: Path, binaries: Binaries) -> Iterator[Place]:
    made = Place(tmp_path / "stamps", binaries)
    made.dir.mkdir()
    yield made
    made.clear()
