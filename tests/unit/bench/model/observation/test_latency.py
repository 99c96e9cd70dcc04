"""How long the kills of guests that take turns wait for their slots."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from bench.model.observation.latency import SLOT_WIDTH, SlottedKills
from daemon.measure.clock import to_ns
from daemon.measure.steps.kill_times import next_in_slot

if TYPE_CHECKING:
    from daemon.measure.checks import Slot

NS_PER_S = 1e9


def simulated_wait(slots: int, low: float, high: float, kills: int = 4000) -> float:
    """Return the mean seconds by which a slot delays a kill, by the measuring program's own code.

    Each kill follows the one before it after low to high s, which are drawn.
    """
    drawn = random.Random(slots)
    slot: Slot = {"index": slots // 2, "count": slots, "width": SLOT_WIDTH}
    kill_ns = next_in_slot(0, slot, drawn.random())
    waited = 0
    for _ in range(kills):
        ready_ns = kill_ns + to_ns(drawn.uniform(low, high))
        kill_ns = next_in_slot(ready_ns, slot, drawn.random())
        waited += kill_ns - ready_ns
    return waited / kills / NS_PER_S


@pytest.mark.parametrize("slots", [1, 20, 31, 53, 75, 100, 212])
@pytest.mark.parametrize(("low", "high"), [(2.0, 3.0), (3.0, 4.0), (16.0, 17.0)])
def test_the_expected_wait_for_a_slot_is_that_of_the_measuring_program(
    slots: int, low: float, high: float
) -> None:
    kills = SlottedKills(10, low, high)
    width = 0.3 if slots == 53 else 0.15  # s: where a cycle ends amid the range, chance decides
    assert kills.wait(slots) / kills.number == pytest.approx(
        simulated_wait(slots, low, high), abs=width
    )
