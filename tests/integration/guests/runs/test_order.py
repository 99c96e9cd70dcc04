"""The order of trials, which the seed decides, favours no contender."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from tests.support.suite import Suite

pytestmark = pytest.mark.slow

# Most medians are 2 to 50 per cent apart, so that a favourable order would show. The last one
# differs from the others on a busy machine, too.
CLOSE = (
    *(
        f"{name}/{place}"
        for name in ("daemontools/runner/default", "runit/runner/default", "s6/runner/fast")
        for place in ("hosted", "pid1")
    ),
    "systemd/runner/fast/pid1",
)
OPTIONS = ("--scenario=restart", "--trials=20", *(f"--only={name}" for name in CLOSE))
Interval = tuple[float, float]


def intervals(run: dict[str, Any]) -> dict[str, Interval]:
    """Return the 95 % interval of each close contender's median, in ms."""
    return {
        contender["name"]: (metric["ci_low"], metric["ci_high"])
        for contender in run["contenders"]
        if contender["name"] in CLOSE
        for metric in contender["scenarios"]["restart"]["metrics"]
        if metric["metric"] == "restart_long"
    }


def are_separate(one: Interval, other: Interval) -> bool:
    return one[1] < other[0] or other[1] < one[0]


def test_two_seeds_rank_contenders_with_separate_intervals_alike(suite: Suite) -> None:
    runs = []
    for seed in (1, 2):
        done = suite.bench(*OPTIONS, f"--seed={seed}")
        assert done.code == 0, done.output
        runs.append(intervals(suite.record()))
    first, second = runs
    assert set(first) == set(second) == set(CLOSE)
    comparable = [
        (a, b)
        for a, b in combinations(CLOSE, 2)
        if all(are_separate(run[a], run[b]) for run in runs)
    ]
    assert comparable, runs
    for a, b in comparable:
        assert (first[a] < first[b]) == (second[a] < second[b]), (a, b, runs)
