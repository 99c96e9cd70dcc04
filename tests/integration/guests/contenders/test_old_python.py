"""The measuring program under Python 2.7, in a real guest of Debian 11."""

from __future__ import annotations

import os
import platform
from dataclasses import replace

import pytest

from bench.engine.guests import measurement
from bench.engine.guests.verify import verify
from bench.model import steps
from bench.model.events import FOOTPRINT, HELLO, RESTART, events_of_kind
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
def test_restarts_of_the_floor_are_measured_under_python_2() -> None:
    floor = supervisors()[FLOOR]
    contender = next(hosted for hosted in floor.contenders if not hosted.pid1)
    one = services_of(contender, 1)
    Lxc().prepare(BULLSEYE)
    guest = Lxc().up(f"bullseye-{os.getpid()}", BULLSEYE)
    try:
        assert guest.run("cat /etc/debian_version").stdout.startswith("11.")
        guest.write(measurement.payload_files(platform.machine()))
        floor.configure(guest, contender, one)
        floor.start(guest, contender)
        tree: steps.Tree = {"root": [*sorted(floor.process_names)], "pid1": False}
        events = measurement.run_measurement(
            guest,
            one,
            [
                steps.await_up(["s1"], 20),
                steps.snapshot(),
                steps.measure_footprint(1, tree, "few"),
                steps.measure_cpu(0.5, tree, "idle"),
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
    assert events[0]["event"] == HELLO.name
    (hello,) = events_of_kind(events, HELLO)
    assert hello["python"][:4] == "2.7."
    verify(BULLSEYE, floor, contender, one, events)
    trials = [trial for trial in events_of_kind(events, RESTART) if not trial["warmup"]]
    assert len(trials) == 5
    for trial in trials:
        assert not trial["censored"]
        assert trial["exit_ns"] is not None and trial["main_ns"] is not None
        # Without pidfd the exit is seen by polling, perhaps after the successor's start.
        assert trial["kill_ns"] < min(trial["exit_ns"], trial["main_ns"])
        assert trial["new_pid"] != trial["old_pid"]
    (footprint,) = events_of_kind(events, FOOTPRINT)
    peak = footprint["total"]["VmPeak"]
    assert peak is not None and peak > 0
