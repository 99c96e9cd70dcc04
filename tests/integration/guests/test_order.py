"""The order in which trials fall, which is drawn from the seed, favours no contender."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from tests.support.suite import Suite

pytestmark = pytest.mark.slow

# Most are a few to some tens of per cent apart, so that an order which favours one would show; the
# last can be told from the others on a busy machine, too.
CLOSE = (
    *(
        f"{name}/{place}"
        for name in ("daemontools/runner/default", "runit/runner/default", "s6/runner/tuned")
        for place in ("hosted", "pid1")
    ),
    "systemd/runner/tuned/pid1",
)
ASKED = ("--scenario=restart", "--trials=20", *(f"--only={name}" for name in CLOSE))
Interval = tuple[float, float]


def intervals(run: dict[str, Any]) -> dict[str, Interval]:
    """The 95 % interval of each close contender's median, ms."""
    return {
        each["name"]: (metric["ci_low"], metric["ci_high"])
        for each in run["contenders"]
        if each["name"] in CLOSE
        for metric in each["scenarios"]["restart"]["metrics"]
        if metric["metric"] == "restart_long"
    }


def apart(one: Interval, other: Interval) -> bool:
    return one[1] < other[0] or other[1] < one[0]


def test_two_seeds_rank_alike_what_can_be_told_apart(suite: Suite) -> None:
    found = []
    for seed in (1, 2):
        done = suite.bench(*ASKED, f"--seed={seed}")
        assert done.code == 0, done.output
        found.append(intervals(suite.record()))
    first, second = found
    assert set(first) == set(second) == set(CLOSE)
    comparable = [
        (a, b) for a, b in combinations(CLOSE, 2) if all(apart(run[a], run[b]) for run in found)
    ]
    assert comparable, found
    for a, b in comparable:
        assert (first[a] < first[b]) == (second[a] < second[b]), (a, b, found)
