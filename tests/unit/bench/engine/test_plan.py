"""What a run is going to do, by arithmetic alone."""

from __future__ import annotations

import pytest

from bench.engine.plan import LOUD_AT_ONCE, Done, plan
from bench.engine.run import BUDGET_QUICK, ENOUGH, ENOUGH_QUICK, REPLICAS, TRIALS, TRIALS_QUICK
from bench.model.scenario import SamplingEffort
from bench.model.selection import SelectedContender, select_contenders
from bench.scenarios import footprint, scenarios
from bench.scenarios.restart import SHORT_UPTIME
from provision.systems import SYSTEMS

FULL = SamplingEffort(TRIALS, ENOUGH, None, REPLICAS, 1)
QUICK = SamplingEffort(TRIALS_QUICK, ENOUGH_QUICK, BUDGET_QUICK, REPLICAS, 1)
AT_ONCE = 64
BOTH = [scenarios()["restart"], scenarios()["footprint"]]
CHOSEN = select_contenders(SYSTEMS["debian"])[0]
RUNIT = "runit/runner/default/hosted"
NAMES = [entry.name for entry in CHOSEN]


def trials(name: str, depth: SamplingEffort, group: str = "long") -> int:
    made = plan([entry for entry in CHOSEN if entry.name == name], BOTH, depth, AT_ONCE)
    return sum(
        share.work.get(group, 0)
        for job in made.jobs
        if job.entry.name == name
        for share in job.shares
    )


@pytest.mark.parametrize("name", NAMES)
def test_every_contender_gets_its_trials(name: str) -> None:
    assert trials(name, FULL) == TRIALS
    period = next(entry.contender.period for entry in CHOSEN if entry.name == name)
    assert trials(name, FULL, "short") == (10 if period is None else 5)


@pytest.mark.parametrize("count", [1, 2, 3, 29, 31, 100])
def test_any_number_of_trials_is_dealt_out_whole(count: int) -> None:
    depth = SamplingEffort(count, ENOUGH, None, REPLICAS, 1)
    for name in NAMES:
        assert trials(name, depth) == count, name


def test_no_two_replicas_share_a_seed() -> None:
    made = plan(CHOSEN, BOTH, FULL, AT_ONCE)
    for name in NAMES:
        seeds = [
            share.work["seed"]
            for job in made.jobs
            if job.entry.name == name
            for share in job.shares
            if "seed" in share.work
        ]
        assert len(seeds) == len(set(seeds)), name


def test_limits_over_minutes_are_kept_by_spreading() -> None:
    for job in plan(CHOSEN, BOTH, FULL, AT_ONCE).jobs:
        limit = job.entry.contender.limit
        if limit is None or limit[1] <= 30:
            continue
        starts = 1 + sum(
            share.work.get("long", 0) + share.work.get("short", 0) for share in job.shares
        )
        assert starts < limit[0], job


def test_a_quick_run_names_what_it_has_no_time_for() -> None:
    made = plan(CHOSEN, BOTH, QUICK, AT_ONCE)
    assert made.skipped["monit/monitor/default/hosted", "restart"] == (
        "not measured",
        "period 120 s",
    )
    for entry in CHOSEN:
        measured = trials(entry.name, QUICK) == TRIALS_QUICK
        assert measured != ((entry.name, "restart") in made.skipped), entry.name


def test_what_is_done_is_dealt_to_nobody() -> None:
    done = {RUNIT: Done(frozenset({"restart"}), 3)}
    made = plan(CHOSEN, BOTH, FULL, AT_ONCE, done)
    mine = [job for job in made.jobs if job.entry.name == RUNIT]
    assert [share.scenario for job in mine for share in job.shares] == ["footprint"]
    assert [job.replica for job in mine] == [3]
    others = [job for job in plan(CHOSEN, BOTH, FULL, AT_ONCE).jobs if job.entry.name != RUNIT]
    assert [job for job in made.jobs if job.entry.name != RUNIT] == others


def test_nothing_is_left_of_a_contender_that_is_done() -> None:
    names = frozenset(scenario.name for scenario in BOTH)
    made = plan(CHOSEN, BOTH, QUICK, AT_ONCE, {name: Done(names, 1) for name in NAMES})
    assert (made.jobs, made.skipped) == ((), {})


def test_one_guest_where_the_provider_has_one() -> None:
    made = plan(CHOSEN, BOTH, SamplingEffort(TRIALS, ENOUGH, None, 1, 1), 1)
    assert sorted(job.entry.name for job in made.jobs) == sorted(NAMES)


def test_rounds_where_the_provider_has_one_guest_at_a_time() -> None:
    """Every contender's trials are dealt out to all of them, in another order in each."""
    made = [
        plan(CHOSEN, BOTH, SamplingEffort(TRIALS, ENOUGH, None, 1, seed, 3), 1) for seed in (1, 2)
    ]
    orders = [
        [job.entry.name for job in each.jobs if job.replica == number]
        for each in made
        for number in range(3)
    ]
    for each in made:
        assert [job.replica for job in each.jobs] == sorted(job.replica for job in each.jobs)
        assert sum(share.work.get("long", 0) for job in each.jobs for share in job.shares) == (
            TRIALS * len(NAMES)
        )
    for order in orders:
        assert sorted(order) == sorted(NAMES)
    assert len({tuple(order) for order in orders}) == len(orders)


def test_longest_first() -> None:
    seconds = [job.seconds for job in plan(CHOSEN, BOTH, FULL, AT_ONCE).jobs]
    assert seconds == sorted(seconds, reverse=True)


def test_the_arithmetic_is_printed_for_every_contender() -> None:
    lines = plan(CHOSEN, BOTH, FULL, AT_ONCE).lines()
    assert sorted(line.split(":")[0] for line in lines) == sorted(NAMES)
    sysvinit = next(line for line in lines if line.startswith("sysvinit/"))
    assert "guests" in sysvinit
    assert "event-driven" in sysvinit


def test_nothing_to_do() -> None:
    made = plan([], BOTH, FULL, AT_ONCE)
    assert (made.seconds, made.bound, made.bound_line()) == (0.0, 0.0, "")


def only(name: str) -> list[SelectedContender]:
    return [entry for entry in CHOSEN if entry.name == name]


def test_the_bound_of_a_poller_is_its_period_times_its_rounds() -> None:
    made = plan(only("monit/monitor/default/hosted"), BOTH, FULL, AT_ONCE)
    rounds = max(share.trials for job in made.jobs for share in job.shares)
    assert made.bound == 120 * rounds
    assert made.bound_line().endswith(f"restart {120 * rounds} s")


def test_the_bound_of_who_is_told_is_the_uptimes_of_its_trials() -> None:
    (job,) = plan(only(RUNIT), BOTH, FULL, AT_ONCE).jobs
    drawn = 2.5  # s: between 2, where it is settled, and 3
    assert job.least == pytest.approx(TRIALS * drawn + 10 * SHORT_UPTIME + footprint.IDLE)


def test_the_bound_is_below_what_is_expected() -> None:
    for job in plan(CHOSEN, list(scenarios().values()), FULL, AT_ONCE).jobs:
        assert 0 <= job.least <= job.seconds, job


def test_the_longest_guest_sets_the_bound_where_all_run_side_by_side() -> None:
    made = plan(CHOSEN, BOTH, FULL, AT_ONCE)
    assert made.bound == max(job.least for job in made.jobs)
    assert "monit/monitor/default/hosted" in made.bound_line()


def test_one_after_the_other_takes_the_sum() -> None:
    made = plan(CHOSEN, BOTH, SamplingEffort(TRIALS, ENOUGH, None, 1, 1), 1)
    assert made.bound == pytest.approx(sum(job.least for job in made.jobs))
    assert made.seconds == pytest.approx(sum(job.seconds for job in made.jobs))


def test_a_guest_of_its_own_does_nothing_else() -> None:
    every = list(scenarios().values())
    for job in plan(CHOSEN, every, FULL, AT_ONCE).jobs:
        assert not job.fresh or len(job.shares) == 1
        assert job.fresh or not job.loud


def test_loud_jobs_come_after_all_others() -> None:
    loud = plan(CHOSEN, [scenarios()["scale"]], FULL, AT_ONCE)
    calm = plan(CHOSEN, BOTH, FULL, AT_ONCE)
    both = plan(CHOSEN, [*BOTH, scenarios()["scale"]], FULL, AT_ONCE)
    assert all(job.loud for job in loud.jobs)
    assert both.seconds == pytest.approx(loud.seconds + calm.seconds)
    total = sum(job.seconds for job in loud.jobs)
    assert loud.seconds >= total / LOUD_AT_ONCE


def test_all_scenarios_fit_an_hour_on_two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.engine.plan.LOUD_AT_ONCE", 2)
    assert plan(CHOSEN, list(scenarios().values()), FULL, AT_ONCE).seconds < 3600
