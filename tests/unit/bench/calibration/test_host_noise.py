"""What a sleeper's output shows of the host's wake-ups and clock."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.calibration.host_noise import BOUNDS_US, clock_facts, parse_sleeper_log, run_sleeper
from provision.errors import Problem

STEADY = [100] * 500


def clock_log(ahead: list[int], end: str = "") -> str:
    return "".join(f"5000 {ns}\n" for ns in ahead) + end


def test_late_wakeups_are_counted_in_bins() -> None:
    log = parse_sleeper_log("5000 100\n60000 101\n900000000 90\nbackwards 1 of 2000\n")
    counts = log.histogram()["counts"]
    assert len(counts) == len(BOUNDS_US) + 1
    assert (counts[0], counts[3], counts[-1]) == (1, 1, 1)
    assert (log.backwards, log.moves) == (1, 2000)


def test_an_interrupted_reading_is_no_step_of_the_clock() -> None:
    interrupted = [*STEADY[:250], 90_000, *STEADY[251:]]
    assert parse_sleeper_log(clock_log(interrupted)).step_and_drift() == (0, 0)


def test_a_step_that_stays_is_a_step_of_the_clock() -> None:
    stepped = [*STEADY[:300], *[5100] * 200]
    log = parse_sleeper_log(clock_log(stepped))
    assert log.step_and_drift() == (5000, 12.5)  # 5 us in 0.4 s


def test_too_few_readings_show_no_step() -> None:
    assert parse_sleeper_log("5000 100\n").step_and_drift() == (0, 0)


def test_the_clock_is_as_bad_as_its_worst_sleeper_shows() -> None:
    alone = parse_sleeper_log(clock_log(STEADY))
    stepped = clock_log([*STEADY[:300], *[5100] * 200], "backwards 1 of 9\n")
    facts = clock_facts([alone, parse_sleeper_log(stepped)], None)
    worst = (facts["backwards"], facts["moves"], facts["largest_step_ns"], facts["drift_ppm"])
    assert worst == (1, 9, 5000, 12.5)


@pytest.mark.parametrize("script", ["exit 3", "echo 5 5; echo backwards 0 of 9"])
def test_a_sleeper_with_too_few_wakeups_is_a_problem(tmp_path: Path, script: str) -> None:
    sleeper = tmp_path / "sleeper"
    sleeper.write_text(f"#!/bin/sh\n{script}\n")
    sleeper.chmod(0o755)
    with pytest.raises(Problem, match="The sleeper woke up"), run_sleeper(sleeper, 1):
        pass
