"""Warnings say a figure, and only where there is one to say."""

from __future__ import annotations

import random
from typing import Any

from bench.model.events.program import Restart
from bench.model.statistics import summarize
from bench.recording.quality import LEAST, modes, quality_issues, unstable


def result(values: list[float], load: dict[str, float] | None = None) -> dict[str, Any]:
    metric = summarize("restart_long", "ms", values).as_dict()
    return {
        "name": "c",
        "period": None,
        "guests": [{"replica": 0, "load": {"restart": load or {}}}],
        "scenarios": {"restart": {"status": "measured", "metrics": [metric]}},
    }


def samples(values: list[float]) -> list[Restart]:
    return [
        {"event": "sample", "scenario": "restart", "group": "long", "warmup": False,
         "censored": False, "kill_ns": 0, "main_ns": int(value * 1e6)}
        for value in values
    ]  # fmt: skip


def kinds(values: list[float], load: dict[str, float] | None = None) -> list[str]:
    return [each["kind"] for each in quality_issues(result(values, load), samples(values))]


def steady(count: int, centre: float = 4.0) -> list[float]:
    generator = random.Random(1)
    return [centre * generator.uniform(0.97, 1.03) for _ in range(count)]


def test_steady_latencies_on_a_quiet_host_raise_none() -> None:
    assert kinds(steady(30), {"busy": 0.1, "steal": 0.0, "waiting": 0.05}) == []


def test_a_busy_neighbour() -> None:
    found = quality_issues(result(steady(30), {"steal": 0.3}), samples(steady(30)))
    assert [each["kind"] for each in found] == ["neighbour"]
    assert "30%" in found[0]["text"]


def test_too_few_trials_for_an_interval() -> None:
    assert kinds(steady(LEAST - 1)) == ["few"]
    assert kinds(steady(LEAST)) == []


def test_an_interval_without_an_end_says_why() -> None:
    values = steady(18)
    lost = result(values)
    metric = summarize("restart_long", "ms", values, censored=12)
    lost["scenarios"]["restart"]["metrics"] = [metric.as_dict()]
    assert metric.median is not None and metric.ci_high is None
    (text,) = (
        each["text"] for each in quality_issues(lost, samples(values)) if each["kind"] == "few"
    )
    assert text.startswith("12 of 30 restarts did not come in time (bound: ")


def test_an_interval_wider_than_is_useful() -> None:
    assert "few" in kinds([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0])


def test_two_modes() -> None:
    assert "modes" in kinds([*steady(20), *steady(10, 1000.0)])
    assert [len(mode) for mode in modes([*steady(20), *steady(10, 1000.0)])] == [20, 10]


def test_one_mode_however_wide() -> None:
    generator = random.Random(2)
    values = [generator.uniform(100, 1000) for _ in range(200)]
    assert len(modes(values)) == 1


def test_outliers_are_counted_against_their_mode() -> None:
    values = [*steady(26), 30.0, 45.0, 70.0, 110.0]
    assert "outliers" in kinds(values)


def test_what_is_in_no_mode_is_an_outlier() -> None:
    """Groups too small to be a mode, on either side of two that are."""
    values = [*steady(18), *steady(15, 40.0), *steady(3, 0.05), *steady(3, 5000.0)]
    assert sum(map(len, modes(values))) == 33
    assert "outliers" in kinds(values)


def test_unstable_are_those_whom_the_machine_disturbed() -> None:
    run = {"contenders": [
        {"name": "a", "doubts": [{"kind": "neighbour", "text": ""}]},
        {"name": "b", "doubts": [{"kind": "modes", "text": ""}]},
        {"name": "c"},
    ]}  # fmt: skip
    assert unstable(run) == {"a"}


def test_nothing_measured_nothing_doubted() -> None:
    empty: dict[str, Any] = {"scenarios": {}, "guests": [], "period": None}
    assert quality_issues(empty, []) == []
