"""Kills spread evenly over a poller's period, against independent ones, by simulated runs.

A latency is the rest of the period at the kill, and noise. The interval is the suite's own. With
`-m lengthy -s`, 10,000 runs of each kind print the table of docs/trust.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pytest

from bench.model.observation.latency import draw_strata, long_uptimes
from bench.model.statistics import summarize
from supervisors import supervisors

PERIOD = 120.0  # s
LOOK = 1.0  # s at most that a look takes
MONIT = next(
    contender for contender in supervisors()["monit"].contenders if contender.period == PERIOD
)
Kills = Literal["independent", "strata"]
Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Simulated:
    """What the simulated runs show; widths and errors as shares of the period."""

    coverage: float
    width: float
    widest: float
    error: float


def draw_uptimes(kills: Kills, runs: int, trials: int, generator: np.random.Generator) -> Floats:
    """Return the uptimes at the kills: a row for each run."""
    if kills == "independent":
        low, high = long_uptimes(MONIT)
        return generator.uniform(low, high, (runs, trials))
    low_bounds, high_bounds = np.array(draw_strata(MONIT, trials, seed=1)).T
    drawn: Floats = generator.uniform(low_bounds, high_bounds, (runs, trials))
    return drawn


def simulate(kills: Kills, trials: int, runs: int, noise: float, seed: int = 1) -> Simulated:
    """Simulate runs; noise: the mean in s of what is added to each latency, exponential."""
    generator = np.random.default_rng(seed)
    uptimes = draw_uptimes(kills, runs, trials, generator)
    offset = generator.uniform(0, PERIOD, (runs, 1))  # a run's looks, relative to the starts
    latencies = np.sort((offset - uptimes) % PERIOD + generator.exponential(noise, uptimes.shape))
    true = float(
        np.median(generator.uniform(0, PERIOD, 1_000_000) + generator.exponential(noise, 1_000_000))
    )
    low, high = interval_ranks(trials)
    lows, highs = latencies[:, low], latencies[:, high]
    medians = np.median(latencies, axis=1)
    return Simulated(
        coverage=float(np.mean((lows <= true) & (true <= highs))),
        width=float(np.mean(highs - lows)) / PERIOD,
        widest=float(np.quantile(highs - lows, 0.95)) / PERIOD,
        error=float(np.sqrt(np.mean((medians - true) ** 2))) / PERIOD,
    )


def interval_ranks(trials: int) -> tuple[int, int]:
    """Return which of the sorted latencies bound the suite's interval of their median."""
    metric = summarize("restart_long", "ms", [float(rank) for rank in range(trials)])
    assert metric.ci_low is not None
    assert metric.ci_high is not None
    return int(metric.ci_low), int(metric.ci_high)


@pytest.mark.parametrize("noise", [0.001, LOOK, 10 * LOOK])
@pytest.mark.parametrize("trials", [6, 18, 30])
def test_the_interval_of_kills_by_strata_covers_the_median_as_often(
    trials: int, noise: float
) -> None:
    assert simulate("strata", trials, 2000, noise).coverage >= 0.95


@pytest.mark.parametrize("trials", [18, 30])
def test_the_median_of_kills_by_strata_is_nearer(trials: int) -> None:
    strata, independent = (
        simulate(kills, trials, 2000, LOOK) for kills in ("strata", "independent")
    )
    assert strata.error < independent.error / 2
    assert strata.widest < independent.widest


def test_fewer_kills_by_strata_say_as_much_of_the_median() -> None:
    assert simulate("strata", 10, 2000, LOOK).error < simulate("independent", 30, 2000, LOOK).error


@pytest.mark.lengthy
def test_table_of_the_documents() -> None:
    print(
        "\n| kills | trials | coverage | mean width | 95 % of widths below | error of the median |"
    )
    print("|---|--:|--:|--:|--:|--:|")
    kinds: list[Kills] = ["independent", "strata"]
    for trials in (6, 10, 18, 30):
        for kills in kinds:
            found = simulate(kills, trials, 10_000, LOOK)
            print(
                f"| {kills} | {trials} | {found.coverage:.1%} | {found.width:.1%} |"
                f" {found.widest:.1%} | {found.error:.2%} |"
            )
