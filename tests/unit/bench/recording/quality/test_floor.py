"""Figures against the floor's, and the noise that the floor shows."""

from __future__ import annotations

from typing import Any

import pytest

from bench.recording.quality.floor import (
    compare_with_floor,
    floor_noise,
    floor_spread,
    is_slowed,
)
from tests.unit.bench.recording.contenders import contender


def ratio(run: Any, index: int) -> float | None:
    metric = run["contenders"][index]["scenarios"]["restart"]["metrics"][0]
    floor_ratio: float | None = metric["floor_ratio"]
    return floor_ratio


def test_the_ratio_is_to_the_floor_in_the_same_place() -> None:
    run: Any = {
        "contenders": [
            contender("floor/runner/default/hosted", 2.0),
            contender("floor/runner/default/pid1", 1.0),
            contender("runit/runner/default/hosted", 8.0),
            contender("runit/runner/default/pid1", 8.0),
            contender("god/monitor/default/hosted", None),
        ]
    }
    compare_with_floor(run)
    assert [ratio(run, index) for index in range(5)] == [1.0, 1.0, 4.0, 8.0, None]


def test_a_run_without_floor_has_no_ratio() -> None:
    run: Any = {"contenders": [contender("runit/runner/default/pid1", 8.0)]}
    compare_with_floor(run)
    assert ratio(run, 0) is None


def test_the_spread_is_the_floors_p90_over_its_median() -> None:
    run: Any = {"contenders": [contender("floor/runner/default/pid1", 2.0, 6.0)]}
    assert floor_spread(run) == 3.0


def test_the_spread_is_the_larger_of_pid1_and_hosted() -> None:
    floors = [
        contender("floor/runner/default/pid1", 2.0, 6.0),
        contender("floor/runner/default/hosted", 2.0, 8.0),
    ]
    run: Any = {"contenders": floors}
    assert floor_spread(run) == 4.0


def test_a_run_without_floor_has_no_spread() -> None:
    run: Any = {"contenders": []}
    assert floor_spread(run) is None


def floor_noise_of(alone: Any) -> Any:
    floors = [
        contender("floor/runner/default/hosted", 9.0, 9.0, short=1.0),
        contender("floor/runner/default/pid1", 9.0, 9.0, short=2.0),
    ]
    run: Any = {"contenders": floors, "alone": alone}
    return floor_noise(run)[0]


def test_the_slowdown_is_of_the_same_floor_and_uptime() -> None:
    assert floor_noise_of({"median": 1.0, "pid1": False})["company"] == 1.0
    assert floor_noise_of({"median": 1.0, "pid1": True})["company"] == 2.0
    # An older run does not say which floor was measured alone.
    assert floor_noise_of({"median": 1.0})["company"] is None
    assert floor_noise_of(None)["company"] is None


@pytest.mark.parametrize(
    ("among_others", "alone", "slowed"),
    [
        ((0.3, 1.9), (0.35, 0.5), False),
        ((0.6, 1.9), (0.35, 0.5), True),
        ((None, None), (1, 2), False),
    ],
)
def test_a_floor_is_slowed_where_the_two_intervals_lie_apart(
    among_others: Any, alone: Any, slowed: bool
) -> None:
    figures = [
        {"median": 1.0, "ci_low": low, "ci_high": high} for low, high in (among_others, alone)
    ]
    noise: Any = {"spread": None, "company": 1.8, "figures": figures}
    assert is_slowed(noise) == slowed


def test_a_slowdown_of_a_run_before_its_figures_were_kept_counts() -> None:
    assert is_slowed({"spread": None, "company": 1.8})
    assert not is_slowed({"spread": None, "company": None})


def test_a_merged_run_has_the_noise_of_each_part() -> None:
    noise = [{"host": "a", "spread": 1.0, "company": None}]
    run: Any = {"contenders": [], "noise": noise}
    assert floor_noise(run) == noise
