"""The main job on hosts with other releases of Debian, which bring their own Python and LXC."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.foreign_host import ForeignHost
from tests.support.suite import Suite


@pytest.fixture(params=["trixie"])
def host(bases: Path, request: pytest.FixtureRequest) -> Iterator[ForeignHost]:
    """A host on its first day: only what `./inv` cannot do without is installed."""
    suite = Suite.create(Path(tempfile.mkdtemp(dir=bases)))
    try:
        yield ForeignHost.build(request.param, suite)
    finally:
        suite.remove()


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_the_main_job_on_a_host_of_another_release(host: ForeignHost) -> None:
    """It installs what is missing, measures, finds the host able, and leaves nothing."""
    bench = host.run("bench", "--only=floor,runit", "--quick", seconds=1800)
    assert bench.code == 0, bench.output
    assert "Installing with apt: gcc lxc" in bench.output
    record = host.suite.record()
    assert f"({host.release})" in record["host"]["system"]
    assert {contender["status"] for contender in record["contenders"]} == {"measured"}
    doctor = host.run("doctor")
    assert doctor.code == 0, doctor.output
    destroyed = host.run("destroy")
    assert destroyed.code == 0, destroyed.output
    assert host.suite.guests() == []
