"""Warnings: each with its figure and the next step, and none without a reason."""

from __future__ import annotations

from typing import Any

import pytest

from bench.model.run_file import is_too_noisy_warning
from bench.recording.quality.run_warnings import MAX_SLOWDOWN, MAX_SPREAD, run_warnings
from tests.unit.bench.recording.contenders import contender

ALONE = {"median": 1.0, "ci_low": 0.9, "ci_high": 1.1, "pid1": False}


def slowed_floor(median: float, low: float) -> Any:
    floor = contender("floor/runner/default/hosted", median, median, short=median)
    floor["scenarios"]["restart"]["metrics"][1] |= {"ci_low": low, "ci_high": 2 * median}
    return floor


def run_of(*contenders: Any, **more: Any) -> Any:
    return {"contenders": list(contenders), **more}


def test_a_noisy_host_is_a_warning_with_its_figure() -> None:
    run = run_of(contender("floor/runner/default/pid1", 1.0, MAX_SPREAD + 1))
    assert f"{MAX_SPREAD + 1:.1f} times" in run_warnings(run)[0]


def test_the_reports_recognise_the_warning_that_decides_the_ranking() -> None:
    noisy = run_of(contender("floor/runner/default/pid1", 1.0, MAX_SPREAD + 1))
    assert [is_too_noisy_warning(warning) for warning in run_warnings(noisy)] == [True]


def test_no_other_warning_decides_the_ranking() -> None:
    slowed = run_of(slowed_floor(3.0, 2.5), alone=ALONE)
    assert [is_too_noisy_warning(warning) for warning in run_warnings(slowed)] == [False]


def test_a_run_without_floor_gives_no_warning() -> None:
    assert run_warnings(run_of()) == []


def test_a_merged_run_is_as_noisy_as_its_noisiest_part() -> None:
    floor = contender("floor/runner/default/pid1", 1.0, 1.0)
    figures = [{"median": 2.5, "ci_low": 2.0, "ci_high": 3.0}, ALONE]
    noise = [
        {"spread": 1.0, "company": None},
        {"spread": MAX_SPREAD + 1, "company": MAX_SLOWDOWN + 1, "figures": figures},
    ]
    warnings = run_warnings(run_of(floor, noise=noise))
    assert f"{MAX_SPREAD + 1:.1f} times" in warnings[0]
    assert f"{MAX_SLOWDOWN + 1:.2f} times as long" in warnings[1]
    assert run_warnings(run_of(floor, noise=noise[:1])) == []


def test_a_trace_that_disagrees_with_the_samples_is_a_warning() -> None:
    trace = {"restarts": 9, "missing": 3, "invented": 0, "unattributed": 2}
    (warning,) = run_warnings(run_of(trace=trace))
    assert "3 restarts are in no sample, 2 daemons belong to no known guest (bound 0)" in warning


def test_a_trace_that_agrees_with_the_samples_gives_no_warning() -> None:
    assert run_warnings(run_of(trace={"restarts": 9, "missing": 0})) == []


def test_a_quiet_host_gives_no_warning() -> None:
    assert run_warnings(run_of(contender("floor/runner/default/pid1", 1.0, MAX_SPREAD))) == []


def test_a_slowed_floor_is_a_warning() -> None:
    (warning,) = run_warnings(run_of(slowed_floor(3.0, 2.5), alone=ALONE))
    assert "3.00 times as long among the other guests as alone (bound 1.5)" in warning
    assert "3 ms (95 % interval 2.5 to 6) in place of 1 ms (95 % interval 0.9 to 1.1)" in warning
    assert run_warnings(run_of(slowed_floor(MAX_SLOWDOWN, 1.2), alone=ALONE)) == []


def test_a_slower_floor_whose_interval_overlaps_the_one_alone_is_no_warning() -> None:
    assert run_warnings(run_of(slowed_floor(1.8, 0.7), alone=ALONE)) == []


def test_emulated_guests_are_a_warning() -> None:
    guests = [{"acceleration": "none: emulated by QEMU"}]
    emulated = {**contender("runit/runner/default/pid1", 8.0), "guests": guests}
    assert "emulated" in run_warnings(run_of(emulated, host={}))[0]


def test_a_scaled_frequency_is_a_warning() -> None:
    scaled = run_of(host={"governors": ["performance", "powersave"]})
    (warning,) = run_warnings(scaled)
    assert "(powersave)" in warning
    assert run_warnings(run_of(host={"governors": ["performance"]})) == []


@pytest.mark.parametrize(
    ("name", "move_ms", "warned"),
    [
        ("systemd/runner/fast/pid1", 0.27, True),
        ("systemd/runner/fast/pid1", 7.8, False),
        ("systemd/runner/fast/pid1", None, False),
        ("runit/runner/default/pid1", 0.27, False),
    ],
)
def test_a_kernel_that_moves_processes_at_once_is_a_warning(
    name: str, move_ms: float | None, warned: bool
) -> None:
    warnings = run_warnings(run_of(contender(name, 8.0), host={"group_move_ms": move_ms}))
    assert (
        any("in 0.3 ms, as with the mount option favordynmods" in each for each in warnings)
        == warned
    )


def test_unfinished_contenders_are_a_warning_with_the_next_step() -> None:
    done, unfinished = (contender(f"{name}/runner/default/pid1", 8.0) for name in ("runit", "s6"))
    (warning,) = run_warnings(run_of(done, {**unfinished, "status": "unfinished"}))
    assert warning.startswith("1 of 2 contenders are unfinished (s6/runner/default/pid1).")
    assert warning.endswith("./inv bench --resume")


def test_a_merged_run_is_not_advised_to_resume_or_redo() -> None:
    unfinished = contender("s6/runner/default/hosted@a", 8.0) | {"status": "unfinished"}
    disturbed = contender("runit/runner/default/hosted@a", 8.0)
    disturbed["doubts"] = [{"kind": "neighbour", "text": "so"}]
    warnings = run_warnings(run_of(unfinished, disturbed, merged=["x", "y"], id="z"))
    for warning, name in zip(warnings, ("s6", "runit"), strict=True):
        assert f"--only={name}/runner/default/hosted; then: ./inv merge z RUN" in warning
        assert "--redo" not in warning and "--resume" not in warning


@pytest.mark.parametrize("merged", [[], ["x", "y"]])
def test_of_many_disturbed_contenders_a_few_are_named(merged: list[str]) -> None:
    disturbed = [contender(f"c{number:02}/runner/default/hosted", 8.0) for number in range(54)]
    for row in disturbed:
        row["doubts"] = [{"kind": "neighbour", "text": "so"}]
    extra = {"merged": merged} if merged else {}
    (warning,) = run_warnings(run_of(*disturbed, id="z", **extra))
    assert warning.startswith("54 of 54 contenders were disturbed")
    assert "c05/runner/default/hosted and 48 more)" in warning
    assert len(warning) < 500
    assert ("merge z" if merged else "--redo=unstable") in warning
