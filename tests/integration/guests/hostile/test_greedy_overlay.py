"""A build that takes too much of the disk fails in the run, which says why, and harms no other."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.suite import Suite

RUNIT = "runit/runner/default/hosted"
# Takes more than a usual guest may, and becomes the real program.
GREEDY = '#!/bin/sh\nfallocate -l 1500M /var/big\nexec /usr/lib/real/runsv "$@"\n'


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    """runit as Debian builds it, with a program that fills the disk."""
    subprocess.run(["apt-get", "-q", "download", "runit"], cwd=tmp_path, check=True)
    (package,) = tmp_path.glob("runit_*.deb")
    subprocess.run(["dpkg-deb", "-x", str(package), str(tmp_path / "package")], check=True)
    build = tmp_path / "build"
    program, real = build / "usr" / "bin" / "runsv", build / "usr" / "lib" / "real"
    real.mkdir(parents=True)
    (tmp_path / "package" / "usr" / "bin").rename(program.parent)
    program.rename(real / program.name)
    program.write_text(GREEDY)
    program.chmod(0o755)
    return build


@pytest.mark.slow
def test_a_run_says_why_a_guest_was_ended(suite: Suite, overlay: Path) -> None:
    only = (f"--only={RUNIT}", "--trials=3", "--scenario=restart")
    done = suite.bench(*only, f"--overlay=runit={overlay}")
    assert done.code == 1, done.output
    rows = {row["name"]: row for row in suite.record()["contenders"]}
    assert "was ended: it holds 1500 MiB of disk" in rows[RUNIT]["reason"]
    assert "its limit is 1024 MiB" in rows[RUNIT]["reason"]
    assert rows["floor/runner/default/hosted"]["status"] == "measured"
    assert suite.guests() == []
