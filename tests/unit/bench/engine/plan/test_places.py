"""Which guest does what, and in which order and place."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import pytest

from bench.engine.forecast import SET_UP
from bench.engine.guests.noise_gate import max_setups_at_once
from bench.engine.plan import Job, make_plan
from bench.engine.request.resolve import (
    GUEST_SECONDS,
    TRIALS,
)
from bench.model.initial_state import FRESH, FRESH_FIXED
from bench.model.scenario import CROWDED_AT_ONCE, QUIET_PERIOD, SamplingEffort
from bench.scenarios import scenarios
from provision.guests.limit_class import LARGE, USUAL
from tests.unit.bench.engine.plan.plans import (
    AT_ONCE,
    BOTH,
    CONTENDERS,
    FULL,
    NAMES,
    RUNIT,
    dealt,
    only,
)


def brief_jobs(jobs: Sequence[Job]) -> list[Job]:
    """Return the jobs that need no quiet host and end before the last guest is set up."""
    set_ups = SET_UP * len(jobs) / max_setups_at_once()
    return [job for job in jobs if not job.quiet_seconds and job.seconds < set_ups]


def test_the_longest_job_of_each_kind_starts_first() -> None:
    jobs = make_plan(CONTENDERS, BOTH, FULL, AT_ONCE).jobs
    brief = brief_jobs(jobs)
    for quiet in (True, False):
        kind = [job for job in jobs if bool(job.quiet_seconds) is quiet and job not in brief]
        seconds = [job.seconds for job in kind]
        assert seconds == sorted(seconds, reverse=True)
    assert jobs[0].selected.name == "monit/monitor/default/hosted"


def test_guests_that_are_done_before_the_quiet_work_start_before_it() -> None:
    """They leave their places to others while those are still being set up."""
    jobs = make_plan(CONTENDERS, BOTH, FULL, AT_ONCE).jobs
    first_quiet = next(place for place, job in enumerate(jobs) if job.quiet_seconds)
    brief = brief_jobs(jobs)
    assert len(brief) > 20
    assert all(jobs.index(job) < first_quiet for job in brief)


def test_a_provider_of_one_guest_measures_in_shuffled_rounds() -> None:
    """Each round has every contender once, in an order of its own."""
    efforts = [SamplingEffort(TRIALS, GUEST_SECONDS, None, 1, seed, 3) for seed in (1, 2)]
    plans = [make_plan(CONTENDERS, [scenarios()["restart"]], effort, 1) for effort in efforts]
    orders = [
        [job.selected.name for job in plan.jobs if job.replica == number]
        for plan in plans
        for number in range(3)
    ]
    for plan in plans:
        assert [job.replica for job in plan.jobs] == sorted(job.replica for job in plan.jobs)
        total = sum(trials.long for job in plan.jobs for trials in dealt(job))
        assert total == TRIALS * len(NAMES)
    for order in orders:
        assert sorted(order) == sorted(NAMES)
    assert len({tuple(order) for order in orders}) == len(orders)


@pytest.mark.parametrize("names", [*itertools.permutations(["restart", "footprint", "idle"])])
def test_idle_and_footprint_find_a_fresh_guest_in_every_company(names: Sequence[str]) -> None:
    """Alone and together, in any order: the same units, each in the same state."""
    together = make_plan(only(RUNIT), [scenarios()[name] for name in names], FULL, AT_ONCE).jobs
    alone = [
        job
        for name in names
        for job in make_plan(only(RUNIT), [scenarios()[name]], FULL, AT_ONCE).jobs
    ]
    assert {job.units for job in together} == {job.units for job in alone}
    for name in ("footprint", "idle"):
        (unit,) = (unit for job in together for unit in job.units if unit.scenario == name)
        assert unit.initial_state == (FRESH_FIXED if name == "footprint" else FRESH)


def test_a_unit_that_needs_its_own_guest_shares_none() -> None:
    every = list(scenarios().values())
    for job in make_plan(CONTENDERS, every, FULL, AT_ONCE).jobs:
        own_guest = any(unit.own_guest for unit in job.units)
        assert not own_guest or len(job.units) == 1
        assert own_guest or not job.loud_seconds


def test_what_needs_a_quiet_host_is_in_the_first_round() -> None:
    """Behind the longest of the others: it waits for all of the round, they for nothing."""
    _, (jobs, places) = make_plan(CONTENDERS, list(scenarios().values()), FULL, AT_ONCE).pools()
    quiet = [place for place, job in enumerate(jobs) if job.quiet_seconds]
    assert quiet == list(range(places - len(quiet), places))
    for job in jobs:
        assert not job.quiet_seconds or (job.selected.contender.period or 0.0) <= QUIET_PERIOD


def test_a_restart_within_a_second_is_measured_on_a_quiet_host() -> None:
    """Of systemd, which restarts in 0.1 to 0.35 s, the waits of a busy host would be the half."""
    plan = make_plan(CONTENDERS, BOTH[:1], FULL, AT_ONCE)
    quiet = {job.selected.name: bool(job.quiet_seconds) for job in plan.jobs}
    assert quiet["systemd/runner/default/pid1"]
    assert quiet["supervisord/runner/default/hosted"]
    assert quiet[RUNIT]
    assert not quiet["monit/monitor/default/hosted"]
    assert not quiet["god/monitor/default/hosted"]


def test_what_takes_much_memory_has_places_of_its_own() -> None:
    """It goes on from first to last, and keeps nobody's place while it waits for memory."""
    plan = make_plan(CONTENDERS, list(scenarios().values()), FULL, AT_ONCE)
    (crowded, own), (others, places) = plan.pools()
    assert [bool(job.crowded_seconds) for job in (*crowded, *others)] == [
        *[True] * len(crowded),
        *[False] * len(others),
    ]
    assert CROWDED_AT_ONCE < own < AT_ONCE / 4
    assert own + places == AT_ONCE
    assert {id(job) for job in (*crowded, *others)} == {id(job) for job in plan.jobs}


def test_what_takes_much_memory_has_every_place_where_nothing_else_is_planned() -> None:
    plan = make_plan(only(RUNIT), [scenarios()["scale"]], FULL, AT_ONCE)
    assert [(len(jobs), places) for jobs, places in plan.pools()] == [(1, AT_ONCE), (0, 0)]


def test_a_provider_of_one_guest_has_one_place_for_all() -> None:
    plan = make_plan(only(RUNIT), [scenarios()["scale"], *BOTH], replace(FULL, max_guests=1), 1)
    assert plan.pools() == ((plan.jobs, 1),)


def test_scenarios_of_many_processes_get_large_limits_and_the_plan_says_so() -> None:
    plan = make_plan(CONTENDERS, list(scenarios().values()), FULL, AT_ONCE)
    large = {unit.scenario for job in plan.jobs if job.limit_class == LARGE for unit in job.units}
    assert large == {"scale", "storm", "orphans", "zombies"}
    (line,) = (line for line in plan.lines() if line.startswith("runit/runner/default/pid1:"))
    names = line.rpartition(", large limits for ")[2]
    assert set(names.split(", ")) >= large


def test_the_usual_scenarios_get_the_usual_limits() -> None:
    plan = make_plan(CONTENDERS, BOTH, FULL, AT_ONCE)
    assert {job.limit_class for job in plan.jobs} == {USUAL}
    assert not any("large" in line for line in plan.lines())
