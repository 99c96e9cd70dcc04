"""Which figures of a calibration meet their bounds."""

from __future__ import annotations

from typing import Any

import pytest

from bench.calibration.checks import calibration_checks
from bench.model.run_file import CalibrationCheck

CLOCK = {
    "backwards": 0,
    "moves": 9,
    "same_time_namespace": True,
    "largest_step_ns": 40,
    "drift_ppm": -3.0,
}
WITNESS: dict[str, Any] = {
    "restarts": 9,
    "unmatched_kills": 0,
    "missing": 0,
    "invented": 0,
    "lost_events": 0,
    "unattributed": 0,
    "unstamped": 0,
    "kill_us": {"median": 20.0, "p99": 90.0},
    "spawn_spread": 0.2,
    "spawn_apart_us": 1.2,
}
# A kernel that saw no restart.
BLIND = {
    **WITNESS,
    "unmatched_kills": 9,
    "unattributed": 2,
    "kill_us": None,
    "spawn_spread": None,
    "spawn_apart_us": None,
}


def checks(**changed: Any) -> list[CalibrationCheck]:
    calibration: Any = {
        "witness": None,
        "marker_us": {"median": 8.0},
        "floor": {"ratio": 1.1, "ci_low": 1.0, "ci_high": 1.2},
        "clock": CLOCK,
        "host": {"cores": 2},
        **changed,
    }
    return calibration_checks(calibration)


def failures(**changed: Any) -> list[str]:
    return [check["what"] for check in checks(**changed) if not check["met"] and not check["goal"]]


def spawn_check(witness: dict[str, Any]) -> CalibrationCheck:
    (check,) = (check for check in checks(witness=witness) if "main()" in check["what"])
    return check


def test_without_a_trace_the_rest_is_checked() -> None:
    assert len(checks()) == 5
    assert all(check["met"] for check in checks())


def test_a_trace_without_faults_fails_no_check() -> None:
    assert failures(witness=WITNESS) == []


def test_a_missing_restart_is_a_failure() -> None:
    assert failures(witness={**WITNESS, "missing": 1}) == ["restarts missing, of 9"]


def test_an_invented_restart_is_a_failure() -> None:
    assert failures(witness={**WITNESS, "invented": 1}) == ["restarts invented, of 9"]


def test_a_dropped_event_is_a_failure() -> None:
    assert failures(witness={**WITNESS, "lost_events": 1}) == ["events that the kernel dropped"]


def test_a_clock_that_goes_back_is_a_failure() -> None:
    assert failures(clock={**CLOCK, "backwards": 2}) == ["clock going back between processors"]


def test_a_clock_that_was_not_compared_between_processors_is_a_failure() -> None:
    assert failures(clock={**CLOCK, "moves": 0}) == ["clock going back between processors"]


def test_one_processor_needs_no_comparison_between_processors() -> None:
    alone: dict[str, Any] = {"clock": {**CLOCK, "moves": 0}, "host": {"cores": 1}}
    assert failures(**alone) == []
    assert len(checks(**alone)) == 4


def test_a_clock_that_steps_or_drifts_is_a_failure() -> None:
    assert failures(clock={**CLOCK, "largest_step_ns": 90_000, "drift_ppm": -700.0}) == [
        "clock stepping between tenths of a second",
        "clock against the raw one",
    ]


def test_of_a_few_kills_the_largest_difference_is_checked() -> None:
    few = {**WITNESS, "kill_us": {"median": 20.0, "p99": None, "max": 90.0}}
    names = [check["what"] for check in checks(witness=few)]
    assert "kill stamp to signal_generate, largest" in names


def test_a_trace_that_saw_nothing_is_a_failure() -> None:
    assert failures(witness=BLIND, marker_us=None) == [
        "kills that the kernel saw, too",
        "medians of spawn (first stamp to main()) apart",
        "daemons whose guest is not known",
        "daemon's stamp to the kernel's beside it, median",
    ]


def test_a_traced_run_without_restarts_is_a_failure() -> None:
    empty = {**BLIND, "restarts": 0, "unmatched_kills": 0}
    assert "kills that the kernel saw, too" in failures(witness=empty)


@pytest.mark.parametrize(("spread", "met"), [(0.101, False), (0.1, True)])
@pytest.mark.parametrize("apart", [0.4, 1.1])
def test_equal_daemons_start_within_10_percent(spread: float, apart: float, met: bool) -> None:
    check = spawn_check({**WITNESS, "spawn_spread": spread, "spawn_apart_us": apart})
    assert (check["met"], check["goal"]) == (met, True)
    assert check["figure"] == f"{spread:.1%}, {apart} us"


def test_daemons_without_a_first_stamp_are_compared_from_their_exec() -> None:
    check = spawn_check({**WITNESS, "unstamped": 9})
    assert check["what"] == "medians of spawn (exec to main()) apart"
