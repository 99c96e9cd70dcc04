"""The measuring program under Python 2.7, in a real guest of Debian 11."""

from __future__ import annotations

import os
import platform
from dataclasses import replace

import pytest

from bench.engine import measurement
from bench.engine.verify import verify
from bench.model.run_file import FLOOR
from provision.lxc.provider import Lxc
from provision.systems import SYSTEMS
from supervisors import supervisors
from supervisors.service import services_of

BOOKWORM = SYSTEMS["debian"]
BULLSEYE = replace(
    BOOKWORM,
    title="Debian 11",
    release="bullseye",
    python="python2.7",
    packages=(
        *(name for name in BOOKWORM.packages if "python" not in name),
        "python2.7-minimal",
        "libpython2.7-stdlib",
    ),
)


@pytest.mark.slow
def test_restart_trials_against_the_floor() -> None:
    floor = supervisors()[FLOOR]
    contender = next(each for each in floor.contenders if not each.pid1)
    one = services_of(contender, 1)
    Lxc().prepare(BULLSEYE)
    guest = Lxc().up(f"bullseye-{os.getpid()}", BULLSEYE)
    try:
        assert guest.run("cat /etc/debian_version").stdout.startswith("11.")
        guest.write(measurement.payload_files(platform.machine()))
        floor.configure(guest, contender, one)
        floor.start(guest, contender)
        tree = {"root": sorted(floor.process_names), "pid1": False}
        events = measurement.run_measurement(
            guest,
            one,
            [
                {"do": "await", "services": ["s1"], "deadline": 20},
                {"do": "snapshot"},
                {"do": "footprint", "label": "few", "services": 1, **tree},
                {"do": "cpu", "label": "idle", "window": 0.5, **tree},
                {
                    "do": "trials",
                    "service": "s1",
                    "groups": [{"name": "long", "trials": 5, "uptime": [0.1, 0.3]}],
                    "deadline": 20,
                },
            ],
            seed=1,
            timeout=120,
            on_event=lambda _: None,
        )
    finally:
        guest.destroy()
    hello = events[0]
    assert (hello["event"], hello["python"][:4]) == ("hello", "2.7.")
    verify(BULLSEYE, floor, contender, one, events)
    samples = [each for each in events if each["event"] == "sample" and not each["warmup"]]
    assert len(samples) == 5
    for sample in samples:
        assert not sample["censored"]
        # Without pidfd an end is seen by looking, which may be after the successor's start.
        assert sample["kill_ns"] < min(sample["exit_ns"], sample["main_ns"])
        assert sample["new_pid"] != sample["old_pid"]
    (sizes,) = [event for event in events if event["event"] == "footprint"]
    assert sizes["total"]["VmPeak"] > 0
