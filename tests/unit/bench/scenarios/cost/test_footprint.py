"""Figures of a supervision tree's sizes."""

from __future__ import annotations

import pytest

from bench.model.events import Event
from bench.model.events.parts import ProcessSizes, TreeSizes
from bench.model.events.program import CpuWindow, FootprintTaken, ServiceDown
from bench.scenarios.cost.footprint import SCENARIO
from tests.support.samples.recorded import concluded, contender

FLOOR = "floor/runner/default/pid1"


def footprint(label: str, size: int) -> FootprintTaken:
    one: ProcessSizes = {
        "name": "floor", "VmPeak": size, "VmHWM": size, "VmRSS": size, "Pss": size,
        "Private_Dirty": size, "threads": size, "fds": size,
    }  # fmt: skip
    total: TreeSizes = {
        "VmPeak": size, "VmHWM": size, "VmRSS": size, "Pss": size, "Private_Dirty": size,
        "threads": size, "fds": size, "processes": size,
    }  # fmt: skip
    return {"event": "footprint", "label": label, "processes": [one], "total": total}


@pytest.mark.parametrize(
    ("name", "supervises"),
    [
        ("systemd/runner/default/pid1", "systemd"),
        ("daemontools/runner/default/hosted", "supervise"),
        ("god/monitor/default/hosted", "helper"),  # no process of god is the service's parent
    ],
)
def test_vmpeak_is_of_the_services_parent_else_of_the_largest(name: str, supervises: str) -> None:
    sample = footprint("few", 100)
    sample["processes"] = [{"name": "helper", "VmPeak": 900}, {"name": supervises, "VmPeak": 100}]
    metric = SCENARIO.conclude(contender(name), [sample])[0]
    assert (metric.metric, metric.note) == ("vmpeak", f"of {supervises}")
    assert metric.median == (900 if supervises == "helper" else 100)


def idle(seconds: int) -> CpuWindow:
    return {"event": "cpu", "begin_ns": 0, "end_ns": seconds * 10**9, "total": {"cpu_ns": 3000}}


def test_a_window_shorter_than_the_period_is_not_measured() -> None:
    (short,) = SCENARIO.conclude(contender("monit/monitor/default/hosted"), [idle(3)])
    assert (short.status, short.median) == ("not measured", None)
    (enough,) = SCENARIO.conclude(contender("monit/monitor/fast/hosted"), [idle(3)])
    assert enough.median == 1.0


def test_the_cost_of_a_service_is_the_slope_between_two_sizes() -> None:
    by_name = concluded(SCENARIO, FLOOR, [footprint("few", 100), footprint("many", 190)])
    assert by_name["private_dirty_10"].median == by_name["pss_10"].median == 190
    assert by_name["private_dirty_per_service"].median == by_name["pss_per_service"].median == 10


def test_memory_that_is_swapped_out_is_not_taken_for_memory_saved() -> None:
    many = footprint("many", 190)
    many["total"]["Swap"] = 40
    by_name = concluded(SCENARIO, FLOOR, [footprint("few", 100), many])
    assert by_name["private_dirty_1"].median == 100
    for name in ("private_dirty_10", "private_dirty_per_service"):
        assert by_name[name].note == "40 kB of it are swapped out"
        assert by_name[name].median is None


def test_ten_services_are_not_measured_while_one_is_down() -> None:
    down: ServiceDown = {"event": "down", "service": "s7"}
    events: list[Event] = [footprint("few", 100), down, footprint("many", 190)]
    by_name = concluded(SCENARIO, FLOOR, events)
    assert by_name["pss_1"].median == 100
    assert by_name["pss_10"].status == by_name["pss_per_service"].status == "not measured"
    assert by_name["pss_10"].note == "1 of 10 services did not come up"
