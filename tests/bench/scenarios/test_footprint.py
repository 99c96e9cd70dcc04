"""What the sizes of a supervision tree come to."""

from __future__ import annotations

from typing import Any

from bench.scenarios.footprint import SCENARIO
from tests.bench.scenarios.recorded import contender

FLOOR = "floor/runner/default/pid1"


def footprint(label: str, size: int) -> dict[str, Any]:
    keys = ("VmPeak", "VmHWM", "VmRSS", "Pss", "Private_Dirty", "processes", "threads", "fds")
    one = {"name": "floor", **dict.fromkeys(keys, size)}
    total = dict.fromkeys(keys, size)
    return {"event": "footprint", "label": label, "processes": [one], "total": total}


def test_the_cost_of_a_service_is_the_slope() -> None:
    found = SCENARIO.conclude(contender(FLOOR), [footprint("few", 100), footprint("many", 190)])
    by_name = {each.metric: each for each in found}
    assert by_name["pss_10"].median == 190
    assert by_name["pss_per_service"].median == 10


def test_ten_of_which_some_do_not_run_have_no_size() -> None:
    down = {"event": "down", "service": "s7"}
    events = [footprint("few", 100), down, footprint("many", 190)]
    by_name = {each.metric: each for each in SCENARIO.conclude(contender(FLOOR), events)}
    assert by_name["pss_1"].median == 100
    assert by_name["pss_10"].status == by_name["pss_per_service"].status == "not measured"
    assert by_name["pss_10"].note == "1 of 10 services did not come up"
