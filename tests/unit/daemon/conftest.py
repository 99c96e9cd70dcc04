"""Fixtures: the C programs, built once, and a sandbox to run them in."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.build import Binaries, build
from tests.support.sandbox import Sandbox
from tests.support.stamp_reader import StampReader


@pytest.fixture(scope="session")
def binaries(tmp_path_factory: pytest.TempPathFactory) -> Binaries:
    return build(platform.machine(), tmp_path_factory.mktemp("cache"))


@pytest.fixture
def sandbox(tmp_path: Path, binaries: Binaries) -> Iterator[Sandbox]:
    sandbox = Sandbox(tmp_path / "stamps", binaries)
    sandbox.dir.mkdir()
    yield sandbox
    sandbox.clean_up()


@pytest.fixture
def reader(sandbox: Sandbox) -> StampReader:
    return StampReader(sandbox.dir)
