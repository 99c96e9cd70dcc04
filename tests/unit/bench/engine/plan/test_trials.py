"""Trials are dealt to guests: each once, with its stratum, and what is kept is not planned."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest

from bench.engine.plan import Job, KeptResults, Plan, make_plan
from bench.engine.request.resolve import (
    GUEST_SECONDS,
    REPLICAS,
    TRIALS,
    TRIALS_QUICK,
)
from bench.model.events import Event
from bench.model.events.program import RestartTrial
from bench.model.observation.latency import draw_strata
from bench.model.observation.timing import has_long_limit
from bench.model.scenario import SamplingEffort
from bench.scenarios import scenarios
from bench.scenarios.restarts.restart import RestartTrials
from tests.unit.bench.engine.plan.plans import (
    AT_ONCE,
    BOTH,
    CONTENDERS,
    FULL,
    NAMES,
    QUICK,
    RUNIT,
    dealt,
    only,
)


def trials(name: str, depth: SamplingEffort, group: str = "long") -> int:
    plan = make_plan([entry for entry in CONTENDERS if entry.name == name], BOTH, depth, AT_ONCE)
    return sum(
        getattr(unit_trials, group)
        for job in plan.jobs
        if job.selected.name == name
        for unit_trials in dealt(job)
    )


@pytest.mark.parametrize("name", NAMES)
def test_every_contender_gets_its_trials(name: str) -> None:
    assert trials(name, FULL) == TRIALS
    period = next(entry.contender.period for entry in CONTENDERS if entry.name == name)
    assert trials(name, FULL, "short") == (10 if period is None else 5)


@pytest.mark.parametrize("count", [1, 2, 3, 29, 31, 100])
def test_every_number_of_trials_is_distributed_whole(count: int) -> None:
    depth = SamplingEffort(count, GUEST_SECONDS, None, REPLICAS, 1)
    for name in NAMES:
        assert trials(name, depth) == count, name


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("long", "short"), [(0, 1), (7, 0), (TRIALS - 1, 4), (TRIALS, 2)])
def test_kept_trials_are_not_planned_again(name: str, long: int, short: int) -> None:
    (selected,) = (entry for entry in CONTENDERS if entry.name == name)
    kept = kept_trials(long, short, strata=draw_strata(selected.contender, TRIALS, FULL.seed))
    units = scenarios()["restart"].remaining_units(selected.contender, FULL, kept)
    trials = [unit.parameters_as(RestartTrials) for unit in units]
    assert sum(unit_trials.long for unit_trials in trials) == TRIALS - long
    planned = 10 if selected.contender.period is None else 5
    assert sum(unit_trials.short for unit_trials in trials) == planned - short


@pytest.mark.parametrize("name", NAMES)
def test_kept_trials_and_the_others_have_every_stratum_once(name: str) -> None:
    (selected,) = (entry for entry in CONTENDERS if entry.name == name)
    if selected.contender.period is None:
        return
    strata = draw_strata(selected.contender, TRIALS, FULL.seed)
    units = scenarios()["restart"].remaining_units(
        selected.contender, FULL, kept_trials(9, 1, strata=strata)
    )
    others = [stratum for unit in units for stratum in unit.parameters_as(RestartTrials).strata]
    assert sorted([*others, *map(tuple, strata[:9])]) == sorted(map(tuple, strata))


def kept_trials(
    long: int, short: int, strata: Sequence[Sequence[float]] = ((1.0, 2.0),)
) -> list[Event]:
    """Return trials of an interrupted run: long ones from the middle of the first strata."""
    middles = [sum(stratum) / 2 for stratum in strata] * TRIALS
    return [
        RestartTrial(event="sample", group=group, warmup=False, drawn_s=drawn)
        for group, count in (("long", long), ("short", short))
        for drawn in middles[:count]
    ]


def test_a_scenario_of_which_every_trial_is_kept_is_complete() -> None:
    kept = kept_trials(TRIALS, TRIALS)
    selected = [entry for entry in CONTENDERS if entry.name == RUNIT]
    earlier = {RUNIT: KeptResults(first_free_replica=2, samples={"restart": kept})}
    plan = make_plan(selected, BOTH[:1], FULL, AT_ONCE, earlier)
    assert (plan.jobs, plan.skipped) == ((), {})


def test_no_two_guests_of_a_contender_share_a_seed() -> None:
    earlier = {RUNIT: KeptResults(first_free_replica=2, samples={"restart": kept_trials(2, 0)})}
    first = make_plan(CONTENDERS, BOTH, FULL, AT_ONCE)
    resumed = make_plan(CONTENDERS, BOTH, FULL, AT_ONCE, earlier)
    assert min(job.replica for job in resumed.jobs if job.selected.name == RUNIT) == 2
    for name, plan in itertools.product(NAMES, (first, resumed)):
        seeds = [job.seed(FULL.seed) for job in plan.jobs if job.selected.name == name]
        assert len(seeds) == len(set(seeds)), name


def test_a_long_start_limit_is_kept_by_using_more_guests() -> None:
    for job in make_plan(CONTENDERS, BOTH, FULL, AT_ONCE).jobs:
        limit = job.selected.contender.start_limit
        if limit is None or (limit.seconds is not None and limit.seconds <= 30):
            continue
        starts = 1 + sum(unit_trials.long + unit_trials.short for unit_trials in dealt(job))
        assert starts < limit.count, job


def test_a_quick_run_names_the_scenarios_that_it_skips() -> None:
    plan = make_plan(CONTENDERS, BOTH, QUICK, AT_ONCE)
    assert plan.skipped["monit/monitor/default/hosted", "restart"] == (
        "not measured",
        "period 120 s",
    )
    for entry in CONTENDERS:
        measured = trials(entry.name, QUICK) == TRIALS_QUICK
        assert measured != ((entry.name, "restart") in plan.skipped), entry.name


def others(plan: Plan) -> list[Job]:
    return sorted(
        (job for job in plan.jobs if job.selected.name != RUNIT),
        key=lambda job: (job.selected.name, job.replica),
    )


def test_a_kept_scenario_is_not_planned_again() -> None:
    done = {RUNIT: KeptResults(frozenset({"restart"}), 3)}
    plan = make_plan(CONTENDERS, BOTH, FULL, AT_ONCE, done)
    mine = [job for job in plan.jobs if job.selected.name == RUNIT]
    assert [share.scenario for job in mine for share in job.units] == ["footprint"]
    assert [job.replica for job in mine] == [3]
    whole = make_plan(CONTENDERS, BOTH, FULL, AT_ONCE)
    # What counts as brief, and so comes first, depends on how many guests there are.
    assert others(plan) == others(whole)


def test_a_complete_contender_has_no_jobs() -> None:
    names = frozenset(scenario.name for scenario in BOTH)
    plan = make_plan(
        CONTENDERS, BOTH, QUICK, AT_ONCE, {name: KeptResults(names, 1) for name in NAMES}
    )
    assert (plan.jobs, plan.skipped) == ((), {})


def test_a_provider_of_one_guest_gets_one_job_per_contender() -> None:
    effort = SamplingEffort(TRIALS, GUEST_SECONDS, None, 1, 1)
    free = [entry for entry in CONTENDERS if not has_long_limit(entry.contender)]
    plan = make_plan(free, [scenarios()["restart"]], effort, 1)
    assert sorted(job.selected.name for job in plan.jobs) == sorted(entry.name for entry in free)


def test_each_trial_of_a_slow_poller_has_a_guest_of_its_own() -> None:
    plan = make_plan(only("monit/monitor/default/hosted"), BOTH[:1], FULL, AT_ONCE)
    assert [job.trials for job in plan.jobs] == [1] * 35


def test_the_kills_of_a_poller_part_its_period() -> None:
    """The guests' strata together: as many as trials, side by side, each of the same width."""
    for name, low, high in (
        ("monit/monitor/default/hosted", 0.3, 120.3),
        ("supervisord/runner/patient/hosted", 2.0, 3.0),
    ):
        plan = make_plan(only(name), BOTH[:1], FULL, AT_ONCE)
        strata = sorted(
            stratum
            for job in plan.jobs
            for unit_trials in dealt(job)
            for stratum in unit_trials.strata
        )
        assert len(strata) == TRIALS
        bounds = [low + number * (high - low) / TRIALS for number in range(TRIALS + 1)]
        assert [one for one, _ in strata] == pytest.approx(bounds[:-1])
        assert [two for _, two in strata] == pytest.approx(bounds[1:])


def test_every_trial_of_a_guest_has_its_stratum() -> None:
    for job in make_plan(CONTENDERS, BOTH, FULL, AT_ONCE).jobs:
        for unit_trials in dealt(job):
            assert len(unit_trials.strata) == (
                unit_trials.long if job.selected.contender.period else 0
            )
