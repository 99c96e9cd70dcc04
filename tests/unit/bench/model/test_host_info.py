"""What the suite itself uses of the host."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bench.model.host_info import own_cpu_seconds

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="doors need Linux")
# It works for a while, and ends; then the door says so, and stays.
DOOR = f"#!/bin/sh\n{sys.executable} -c 'sum(range(3 * 10**7))'\necho\nread line\n"


def test_what_ended_behind_a_door_still_counts(tmp_path: Path) -> None:
    path = tmp_path / "lxc-attach"
    path.write_text(DOOR)
    path.chmod(0o755)
    before = own_cpu_seconds()
    with subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as door:
        assert door.stdout is not None
        door.stdout.readline()
        # More than a sum of thirty millions leaves to this process in that time.
        assert own_cpu_seconds() - before > 0.1
        door.communicate(b"\n")
