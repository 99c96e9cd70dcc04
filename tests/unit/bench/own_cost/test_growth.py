"""A run that is played: the scheduler's own code, with sessions that only wait."""

from __future__ import annotations

import pytest

from bench.own_cost import growth
from bench.own_cost.growth import MIB, plan_of, play


def test_a_played_run_ends_with_every_guest_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "FASTER", 5000.0)
    plan = plan_of(1, ("restart", "footprint"))
    costs = play(plan, 2, {})
    assert costs.mib == 0
    assert MIB < costs.peak_mib <= MIB * min(len(plan.jobs), plan.at_once)


def test_releases_multiply_the_guests_of_a_plan() -> None:
    twice = plan_of(2, ("restart",))
    first = [(job.selected.name, job.replica) for job in twice.jobs if job.replica < 1000]
    second = [(job.selected.name, job.replica) for job in twice.jobs if job.replica >= 1000]
    assert sorted(second) == sorted((name, replica + 1000) for name, replica in first)
    names = {(job.selected.name, job.replica) for job in twice.jobs}
    assert len(names) == len(twice.jobs), "no two guests have one name"
