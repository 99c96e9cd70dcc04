"""From samples to figures and outcomes of one contender."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from bench.model.run_file import ContenderResult, GuestFacts, MetricResult
from bench.model.scenario import Scenario
from bench.model.selection.contenders import SelectedContender
from bench.recording.aggregate import ContenderProgress, conclude_complete, contender_result
from bench.recording.unfinished import INTERRUPTED, empty_result
from bench.scenarios import scenarios
from provision.sources.packages import Present
from provision.systems import SYSTEMS
from supervisors import supervisors

RUNIT = supervisors()["runit"]
SELECTED = SelectedContender(RUNIT, RUNIT.contenders[0], Present(), SYSTEMS["debian"])
RESTART = {"restart": scenarios()["restart"]}
BOTH = {name: scenarios()[name] for name in ("restart", "stop")}


def trial(latency_ms: float | None, group: str = "long", *, warmup: bool = False) -> Any:
    return {
        "scenario": "restart",
        "event": "sample",
        "group": group,
        "warmup": warmup,
        "censored": latency_ms is None,
        "kill_ns": 5_000_000_000,
        "main_ns": None if latency_ms is None else 5_000_000_000 + int(latency_ms * 1e6),
        "ready_ns": None,
    }


def conclude(progress: ContenderProgress, scenarios: dict[str, Scenario]) -> ContenderResult:
    conclude_complete(progress, scenarios)
    return contender_result(progress, scenarios)


def metrics(samples: list[Any]) -> dict[str, MetricResult]:
    result = conclude(ContenderProgress(SELECTED, version="2.1.2", samples=samples), RESTART)
    return {metric["metric"]: metric for metric in result["scenarios"]["restart"]["metrics"]}


def test_latency_is_main_minus_kill_in_milliseconds() -> None:
    figures = metrics([trial(4.0), trial(6.0), trial(1000.0, "short")])
    assert figures["restart_long"]["median"] == pytest.approx(5.0)
    assert figures["restart_long"]["n"] == 2
    assert figures["restart_short"]["median"] == pytest.approx(1000.0)


def test_warm_up_trials_are_in_no_figure() -> None:
    assert metrics([trial(900.0, warmup=True), trial(4.0)])["restart_long"]["max"] == 4.0


def test_censored_trials_count_as_samples_without_a_value() -> None:
    figures = metrics([trial(4.0), trial(None), trial(None)])["restart_long"]
    assert (figures["n"], figures["censored"], figures["median"], figures["max"]) == (
        3,
        2,
        None,
        None,
    )


def test_a_daemon_that_never_comes_back_has_no_figures() -> None:
    figures = metrics([trial(None), trial(None)])
    assert figures["restart_long"]["censored"] == 2
    assert figures["cpu_per_restart"]["status"] == "not measured"


def test_a_scenario_without_samples_is_not_measured() -> None:
    assert metrics([])["restart_long"]["status"] == "not measured"


def test_samples_of_another_scenario_do_not_count() -> None:
    assert metrics([{**trial(4.0), "scenario": "crashloop"}])["restart_long"]["n"] == 0


def test_a_skipped_scenario_keeps_its_reason() -> None:
    skipped = empty_result("not measured", "period 120 s")
    result = conclude(ContenderProgress(SELECTED, results={"restart": skipped}), RESTART)
    assert result["scenarios"]["restart"] == skipped
    assert result["status"] == "measured"


def test_the_first_failure_is_the_reason() -> None:
    progress = ContenderProgress(SELECTED, failures=["in phase start: no", "second"])
    result = contender_result(progress, {})
    assert (result["status"], result["reason"]) == ("failed", "in phase start: no")


def test_a_failure_fails_its_scenario_only() -> None:
    progress = ContenderProgress(
        SELECTED,
        samples=[trial(4.0)],
        failures=["in phase measure stop: no"],
        failed_scenarios={"stop": "in phase measure stop: no"},
    )
    result = conclude(progress, BOTH)
    assert result["status"] == "failed"
    assert result["scenarios"]["restart"]["status"] == "measured"
    assert result["scenarios"]["restart"]["metrics"]
    assert result["scenarios"]["stop"] == empty_result("failed", "in phase measure stop: no")


STOPS: list[Any] = [{"scenario": "stop", "event": "acted", "number": number} for number in range(2)]


def half_done() -> ContenderProgress:
    """A contender whose restarts are complete, and whose scenario `stop` is not."""
    samples = [STOPS[0], trial(4.0), STOPS[1], trial(6.0)]
    return ContenderProgress(SELECTED, Counter(stop=1), samples=samples)


def test_a_complete_scenario_is_concluded_beside_an_unfinished_one() -> None:
    progress = half_done()
    assert conclude_complete(progress, BOTH) == [trial(4.0), trial(6.0)]
    result = contender_result(progress, BOTH)
    assert (result["status"], result["reason"]) == ("unfinished", INTERRUPTED)
    assert result["scenarios"]["restart"]["status"] == "measured"
    assert result["scenarios"]["stop"] == empty_result("unfinished", INTERRUPTED)
    assert [issue["kind"] for issue in result["doubts"]] == ["few"]


def test_a_scenario_is_concluded_once() -> None:
    progress = half_done()
    conclude_complete(progress, BOTH)
    before = contender_result(progress, BOTH)
    assert conclude_complete(progress, BOTH) == []
    progress.units_due["stop"] = 0
    progress.failed_scenarios["stop"] = "in phase measure stop: no"
    progress.failures.append("in phase measure stop: no")
    assert conclude_complete(progress, BOTH) == STOPS
    after = contender_result(progress, BOTH)
    assert after["status"] == "failed"
    assert after["scenarios"]["restart"] == before["scenarios"]["restart"]
    assert after["scenarios"]["stop"]["status"] == "failed"
    assert after["doubts"] == before["doubts"]


def test_a_failed_scenario_with_work_left_is_failed_not_unfinished() -> None:
    progress = ContenderProgress(
        SELECTED, Counter(stop=1), failures=["no"], failed_scenarios={"stop": "no"}
    )
    result = conclude(progress, {"stop": BOTH["stop"]})
    assert result["scenarios"]["stop"] == empty_result("failed", "no")


def resumable() -> ContenderResult:
    """The result of a contender whose restarts are measured, and `stop` is not."""
    guest: GuestFacts = {"replica": 0, "load": {"restart": {}}}
    progress = ContenderProgress(
        SELECTED, Counter(stop=1), "2.1.2", {"pid1": "init"}, [trial(4.0)], [guest]
    )
    return conclude(progress, BOTH)


def test_a_resumed_contender_keeps_its_results() -> None:
    before = resumable()
    progress = ContenderProgress.resume(SELECTED, before)
    progress.units_due["stop"] = 1
    assert conclude_complete(progress, BOTH) == []
    assert contender_result(progress, BOTH) == before


def test_a_resumed_contender_adds_to_its_results() -> None:
    before = resumable()
    progress = ContenderProgress.resume(SELECTED, before)
    progress.guests.append({"replica": 1, "load": {"stop": {}}})
    after = conclude(progress, BOTH)
    assert (after["status"], after["reason"]) == ("measured", "")
    assert after["scenarios"]["restart"] == before["scenarios"]["restart"]
    assert after["scenarios"]["stop"]["status"] == "measured"
    assert [guest["replica"] for guest in after["guests"]] == [0, 1]
    assert after["doubts"] == before["doubts"]
    assert len(before["guests"]) == 1


def test_resuming_without_earlier_results_begins_anew() -> None:
    assert ContenderProgress.resume(SELECTED, None) == ContenderProgress(SELECTED)


def test_an_earlier_failure_still_fails_a_contender_that_measures_other_scenarios_again() -> None:
    progress = ContenderProgress(
        SELECTED, Counter(stop=1), failures=["no"], failed_scenarios={"stop": "no"}
    )
    before = conclude(progress, BOTH)
    earlier: ContenderResult = {**before, "scenarios": {"stop": before["scenarios"]["stop"]}}
    again = ContenderProgress.resume(SELECTED, earlier)
    again.samples = [trial(4.0)]
    result = conclude(again, BOTH)
    assert (result["status"], result["reason"]) == ("failed", "no")
    assert result["scenarios"]["restart"]["status"] == "measured"


def test_cpu_time_per_restart_includes_ended_threads() -> None:
    # A thread of the second process has ended: the ticks of the process include that thread's.
    one, two = {"pid": 1, "starttime": 1}, {"pid": 2, "starttime": 1}
    marks = [
        {
            "scenario": "restart",
            "event": "cpu_mark",
            "processes": [
                {**one, "threads": ["1"], "cpu_ns": spent, "ticks_ns": 0},
                {**two, "threads": threads, "cpu_ns": left, "ticks_ns": spent},
            ],
        }
        for spent, threads, left in ((1_000_000, ["2", "3"], 900_000), (3_000_000, ["2"], 100_000))
    ]
    figures = metrics([marks[0], trial(4.0), trial(4.0), marks[1]])
    assert figures["cpu_per_restart"]["median"] == 2000.0  # us
