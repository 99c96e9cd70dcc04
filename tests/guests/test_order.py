"""The order in which trials fall, which is drawn from the seed, favours no contender."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from tests.guests.suite import Suite

pytestmark = pytest.mark.slow

ASKED = ("--scenario=restart", "--trials=8", "--only=runit/runner/default/hosted",
         "--only=s6/runner/default/hosted", "--only=supervisord/runner/default/hosted")  # fmt: skip


def intervals(run: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """The 95 % interval of each contender's median, ms."""
    return {
        each["name"]: (metric["ci_low"], metric["ci_high"])
        for each in run["contenders"]
        for metric in each["scenarios"]["restart"]["metrics"]
        if metric["metric"] == "restart_long"
    }


def before(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[1] < other[0]


def test_two_seeds_rank_alike_what_can_be_told_apart(suite: Suite) -> None:
    found = []
    for seed in (1, 2):
        done = suite.bench(*ASKED, f"--seed={seed}")
        assert done.code == 0, done.output
        found.append(intervals(suite.record()))
    first, second = found
    told_apart = 0
    for a, b in combinations(first, 2):
        if before(first[a], first[b]) or before(first[b], first[a]):
            told_apart += 1
            assert not (before(first[a], first[b]) and before(second[b], second[a])), (a, b, found)
            assert not (before(first[b], first[a]) and before(second[a], second[b])), (a, b, found)
    assert told_apart
