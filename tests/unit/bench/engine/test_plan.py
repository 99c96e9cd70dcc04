"""What a run is going to do, by arithmetic alone."""

from __future__ import annotations

import pytest

from bench.engine.plan import CPU_HEAVY_AT_ONCE, Job, KeptResults, make_plan
from bench.engine.request.resolve import (
    BUDGET_QUICK,
    GUEST_SECONDS,
    GUEST_SECONDS_QUICK,
    REPLICAS,
    TRIALS,
    TRIALS_QUICK,
)
from bench.model.scenario import SamplingEffort
from bench.model.selection import SelectedContender, Selection, select_contenders
from bench.scenarios import footprint, scenarios
from bench.scenarios.restart import SHORT_UPTIME, RestartTrials
from provision.systems import SYSTEMS

FULL = SamplingEffort(TRIALS, GUEST_SECONDS, None, REPLICAS, 1)
QUICK = SamplingEffort(TRIALS_QUICK, GUEST_SECONDS_QUICK, BUDGET_QUICK, REPLICAS, 1)
AT_ONCE = 64
BOTH = [scenarios()["restart"], scenarios()["footprint"]]
CHOSEN = select_contenders(SYSTEMS["debian"], Selection()).contenders
RUNIT = "runit/runner/default/hosted"
NAMES = [entry.name for entry in CHOSEN]


def trials(name: str, depth: SamplingEffort, group: str = "long") -> int:
    made = make_plan([entry for entry in CHOSEN if entry.name == name], BOTH, depth, AT_ONCE)
    return sum(
        getattr(each, group)
        for job in made.jobs
        if job.selected.name == name
        for each in dealt(job)
    )


def dealt(job: Job) -> list[RestartTrials]:
    """The trials of restart that the job's units have."""
    return [unit.parameters_as(RestartTrials) for unit in job.units if unit.scenario == "restart"]


@pytest.mark.parametrize("name", NAMES)
def test_every_contender_gets_its_trials(name: str) -> None:
    assert trials(name, FULL) == TRIALS
    period = next(entry.contender.period for entry in CHOSEN if entry.name == name)
    assert trials(name, FULL, "short") == (10 if period is None else 5)


@pytest.mark.parametrize("count", [1, 2, 3, 29, 31, 100])
def test_any_number_of_trials_is_dealt_out_whole(count: int) -> None:
    depth = SamplingEffort(count, GUEST_SECONDS, None, REPLICAS, 1)
    for name in NAMES:
        assert trials(name, depth) == count, name


def test_no_two_replicas_share_a_seed() -> None:
    made = make_plan(CHOSEN, BOTH, FULL, AT_ONCE)
    for name in NAMES:
        seeds = [each.seed for job in made.jobs if job.selected.name == name for each in dealt(job)]
        assert len(seeds) == len(set(seeds)), name


def test_limits_over_minutes_are_kept_by_spreading() -> None:
    for job in make_plan(CHOSEN, BOTH, FULL, AT_ONCE).jobs:
        limit = job.selected.contender.start_limit
        if limit is None or (limit.seconds is not None and limit.seconds <= 30):
            continue
        starts = 1 + sum(each.long + each.short for each in dealt(job))
        assert starts < limit.count, job


def test_a_quick_run_names_what_it_has_no_time_for() -> None:
    made = make_plan(CHOSEN, BOTH, QUICK, AT_ONCE)
    assert made.skipped["monit/monitor/default/hosted", "restart"] == (
        "not measured",
        "period 120 s",
    )
    for entry in CHOSEN:
        measured = trials(entry.name, QUICK) == TRIALS_QUICK
        assert measured != ((entry.name, "restart") in made.skipped), entry.name


def test_what_is_done_is_dealt_to_nobody() -> None:
    done = {RUNIT: KeptResults(frozenset({"restart"}), 3)}
    made = make_plan(CHOSEN, BOTH, FULL, AT_ONCE, done)
    mine = [job for job in made.jobs if job.selected.name == RUNIT]
    assert [share.scenario for job in mine for share in job.units] == ["footprint"]
    assert [job.replica for job in mine] == [3]
    others = [
        job for job in make_plan(CHOSEN, BOTH, FULL, AT_ONCE).jobs if job.selected.name != RUNIT
    ]
    assert [job for job in made.jobs if job.selected.name != RUNIT] == others


def test_nothing_is_left_of_a_contender_that_is_done() -> None:
    names = frozenset(scenario.name for scenario in BOTH)
    made = make_plan(CHOSEN, BOTH, QUICK, AT_ONCE, {name: KeptResults(names, 1) for name in NAMES})
    assert (made.jobs, made.skipped) == ((), {})


def test_one_guest_where_the_provider_has_one() -> None:
    made = make_plan(CHOSEN, BOTH, SamplingEffort(TRIALS, GUEST_SECONDS, None, 1, 1), 1)
    assert sorted(job.selected.name for job in made.jobs) == sorted(NAMES)


def test_rounds_where_the_provider_has_one_guest_at_a_time() -> None:
    """Every contender's trials are dealt out to all of them, in another order in each."""
    made = [
        make_plan(CHOSEN, BOTH, SamplingEffort(TRIALS, GUEST_SECONDS, None, 1, seed, 3), 1)
        for seed in (1, 2)
    ]
    orders = [
        [job.selected.name for job in each.jobs if job.replica == number]
        for each in made
        for number in range(3)
    ]
    for each in made:
        assert [job.replica for job in each.jobs] == sorted(job.replica for job in each.jobs)
        total = sum(trials.long for job in each.jobs for trials in dealt(job))
        assert total == TRIALS * len(NAMES)
    for order in orders:
        assert sorted(order) == sorted(NAMES)
    assert len({tuple(order) for order in orders}) == len(orders)


def test_longest_first() -> None:
    seconds = [job.seconds for job in make_plan(CHOSEN, BOTH, FULL, AT_ONCE).jobs]
    assert seconds == sorted(seconds, reverse=True)


def test_the_arithmetic_is_printed_for_every_contender() -> None:
    lines = make_plan(CHOSEN, BOTH, FULL, AT_ONCE).lines()
    assert sorted(line.split(":")[0] for line in lines) == sorted(NAMES)
    sysvinit = next(line for line in lines if line.startswith("sysvinit/"))
    assert "guests" in sysvinit
    assert "event-driven" in sysvinit


def test_nothing_to_do() -> None:
    made = make_plan([], BOTH, FULL, AT_ONCE)
    assert (made.seconds, made.min_seconds, made.min_seconds_line()) == (0.0, 0.0, "")


def only(name: str) -> list[SelectedContender]:
    return [entry for entry in CHOSEN if entry.name == name]


def test_the_bound_of_a_poller_is_its_period_times_its_rounds() -> None:
    made = make_plan(only("monit/monitor/default/hosted"), BOTH, FULL, AT_ONCE)
    rounds = max(share.trials for job in made.jobs for share in job.units)
    assert made.min_seconds == 120 * rounds
    assert made.min_seconds_line().endswith(f"restart {120 * rounds} s")


def test_the_bound_of_who_is_told_is_the_uptimes_of_its_trials() -> None:
    (job,) = make_plan(only(RUNIT), BOTH, FULL, AT_ONCE).jobs
    drawn = 2.5  # s: between 2, where it is settled, and 3
    assert job.min_seconds == pytest.approx(TRIALS * drawn + 10 * SHORT_UPTIME + footprint.IDLE)


def test_the_bound_is_below_what_is_expected() -> None:
    for job in make_plan(CHOSEN, list(scenarios().values()), FULL, AT_ONCE).jobs:
        assert 0 <= job.min_seconds <= job.seconds, job


def test_the_longest_guest_sets_the_bound_where_all_run_side_by_side() -> None:
    made = make_plan(CHOSEN, BOTH, FULL, AT_ONCE)
    assert made.min_seconds == max(job.min_seconds for job in made.jobs)
    assert "monit/monitor/default/hosted" in made.min_seconds_line()


def test_one_after_the_other_takes_the_sum() -> None:
    made = make_plan(CHOSEN, BOTH, SamplingEffort(TRIALS, GUEST_SECONDS, None, 1, 1), 1)
    assert made.min_seconds == pytest.approx(sum(job.min_seconds for job in made.jobs))
    assert made.seconds == pytest.approx(sum(job.seconds for job in made.jobs))


def test_a_guest_of_its_own_does_nothing_else() -> None:
    every = list(scenarios().values())
    for job in make_plan(CHOSEN, every, FULL, AT_ONCE).jobs:
        assert not job.own_guest or len(job.units) == 1
        assert job.own_guest or not job.cpu_heavy


def test_loud_jobs_come_after_all_others() -> None:
    loud = make_plan(CHOSEN, [scenarios()["scale"]], FULL, AT_ONCE)
    calm = make_plan(CHOSEN, BOTH, FULL, AT_ONCE)
    both = make_plan(CHOSEN, [*BOTH, scenarios()["scale"]], FULL, AT_ONCE)
    assert all(job.cpu_heavy for job in loud.jobs)
    assert both.seconds == pytest.approx(loud.seconds + calm.seconds)
    total = sum(job.seconds for job in loud.jobs)
    assert loud.seconds >= total / CPU_HEAVY_AT_ONCE


def test_all_scenarios_fit_an_hour_on_two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.engine.plan.CPU_HEAVY_AT_ONCE", 2)
    assert make_plan(CHOSEN, list(scenarios().values()), FULL, AT_ONCE).seconds < 3600
