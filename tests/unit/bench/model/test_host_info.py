"""What the suite itself uses of the host."""

from __future__ import annotations

import time

from bench.model.host_info import own_cpu_seconds


def test_the_suites_own_work_counts() -> None:
    before, worked = own_cpu_seconds(), time.process_time() + 0.2
    while time.process_time() < worked:
        pass
    assert own_cpu_seconds() - before > 0.1
