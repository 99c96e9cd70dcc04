"""Issues of restart latencies: each with its figure, and only where there is one."""

from __future__ import annotations

import random
from typing import Any

from bench.model.events.program import RestartTrial
from bench.model.modes import modes
from bench.model.run_file import GuestFacts, HostLoad, QualityIssue, ScenarioResult
from bench.model.statistics import summarize
from bench.recording.quality.disturbances import disturbed_contenders
from bench.recording.quality.latency_doubts import MIN_SAMPLES, quality_issues


def issues(
    values: list[float], load: HostLoad | None = None, censored: int = 0
) -> list[QualityIssue]:
    metric = summarize("restart_long", "ms", values, censored).as_dict()
    restart: ScenarioResult = {"status": "measured", "note": "", "metrics": [metric]}
    guests: list[GuestFacts] = [{"replica": 0, "load": {"restart": load or {}}}]
    return quality_issues(restart, guests, None, samples(values))


def samples(values: list[float]) -> list[RestartTrial]:
    return [
        {"event": "sample", "scenario": "restart", "group": "long", "warmup": False,
         "censored": False, "kill_ns": 0, "main_ns": int(value * 1e6)}
        for value in values
    ]  # fmt: skip


def kinds(values: list[float], load: HostLoad | None = None) -> list[str]:
    return [issue["kind"] for issue in issues(values, load)]


def steady(count: int, centre: float = 4.0) -> list[float]:
    generator = random.Random(1)
    return [centre * generator.uniform(0.97, 1.03) for _ in range(count)]


def test_steady_latencies_on_a_quiet_host_have_no_issues() -> None:
    assert kinds(steady(30), {"busy": 0.1, "steal": 0.0, "waiting": 0.05}) == []


def test_a_busy_hypervisor_is_an_issue_with_its_figure() -> None:
    (issue,) = issues(steady(30), {"steal": 0.3})
    assert issue["kind"] == "neighbour"
    assert "30%" in issue["text"]


def test_too_few_trials_for_an_interval_are_an_issue() -> None:
    assert kinds(steady(MIN_SAMPLES - 1)) == ["few"]
    assert kinds(steady(MIN_SAMPLES)) == []


def test_censored_trials_without_an_upper_bound_are_an_issue() -> None:
    values = steady(18)
    metric = summarize("restart_long", "ms", values, censored=12)
    assert metric.median is not None and metric.ci_high is None
    (text,) = (issue["text"] for issue in issues(values, censored=12) if issue["kind"] == "few")
    assert text.startswith("12 of 30 restarts did not come in time (bound: ")


def test_a_wide_interval_is_an_issue() -> None:
    assert "few" in kinds([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0])


def test_two_modes_are_an_issue() -> None:
    assert "modes" in kinds([*steady(20), *steady(10, 1000.0)])
    assert [len(mode) for mode in modes([*steady(20), *steady(10, 1000.0)])] == [20, 10]


def test_a_wide_uniform_distribution_is_one_mode() -> None:
    generator = random.Random(2)
    values = [generator.uniform(100, 1000) for _ in range(200)]
    assert len(modes(values)) == 1


def test_outliers_are_counted_against_their_mode() -> None:
    values = [*steady(26), 30.0, 45.0, 70.0, 110.0]
    assert "outliers" in kinds(values)


def test_a_sample_in_no_mode_is_an_outlier() -> None:
    """Groups too small to be a mode, on either side of two that are."""
    values = [*steady(18), *steady(15, 40.0), *steady(3, 0.05), *steady(3, 5000.0)]
    assert sum(map(len, modes(values))) == 33
    assert "outliers" in kinds(values)


def test_disturbed_are_contenders_with_busy_neighbours_or_outliers() -> None:
    run: Any = {"contenders": [
        {"name": "a", "doubts": [{"kind": "neighbour", "text": ""}]},
        {"name": "b", "doubts": [{"kind": "modes", "text": ""}]},
        {"name": "c"},
        {"name": "d", "doubts": [{"kind": "outliers", "text": ""}]},
        {"name": "e", "doubts": [{"kind": "few", "text": ""}]},
    ]}  # fmt: skip
    assert disturbed_contenders(run) == {"a", "d"}


def test_a_scenario_without_figures_has_no_issues() -> None:
    unmeasured: ScenarioResult = {"status": "failed", "note": "why", "metrics": []}
    assert quality_issues(unmeasured, [], None, []) == []
    empty: ScenarioResult = {"status": "measured", "note": "", "metrics": []}
    assert quality_issues(empty, [], None, []) == []
