"""The plan of a run, by arithmetic alone."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import pytest

from bench.engine.plan import Job, KeptResults, make_plan
from bench.engine.request.options import RunOptions
from bench.engine.request.resolve import (
    BUDGET_QUICK,
    GUEST_SECONDS,
    GUEST_SECONDS_QUICK,
    REPLICAS,
    TRIALS,
    TRIALS_QUICK,
)
from bench.model.events import Event
from bench.model.events.program import RestartTrial
from bench.model.initial_state import FRESH, FRESH_FIXED
from bench.model.observation.latency import SHORT_UPTIME, draw_strata
from bench.model.observation.timing import has_long_limit
from bench.model.scenario import CROWDED_AT_ONCE, SamplingEffort
from bench.model.selection import SelectedContender
from bench.scenarios import footprint, scenarios, usual_scenarios
from bench.scenarios.restart import RestartTrials
from provision.guests.limit_class import LARGE, USUAL

FULL = SamplingEffort(TRIALS, GUEST_SECONDS, None, REPLICAS, 1)
QUICK = SamplingEffort(TRIALS_QUICK, GUEST_SECONDS_QUICK, BUDGET_QUICK, REPLICAS, 1)
AT_ONCE = 160
BOTH = [scenarios()["restart"], scenarios()["footprint"]]
CONTENDERS = RunOptions().select().contenders
RUNIT = "runit/runner/default/hosted"
NAMES = [entry.name for entry in CONTENDERS]


def trials(name: str, depth: SamplingEffort, group: str = "long") -> int:
    plan = make_plan([entry for entry in CONTENDERS if entry.name == name], BOTH, depth, AT_ONCE)
    return sum(
        getattr(each, group)
        for job in plan.jobs
        if job.selected.name == name
        for each in dealt(job)
    )


def dealt(job: Job) -> list[RestartTrials]:
    """The trials of restart that the job's units have."""
    return [unit.parameters_as(RestartTrials) for unit in job.units if unit.scenario == "restart"]


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
    assert sum(each.long for each in trials) == TRIALS - long
    planned = 10 if selected.contender.period is None else 5
    assert sum(each.short for each in trials) == planned - short


@pytest.mark.parametrize("name", NAMES)
def test_kept_trials_and_the_others_have_every_stratum_once(name: str) -> None:
    (selected,) = (entry for entry in CONTENDERS if entry.name == name)
    if selected.contender.period is None:
        return
    strata = draw_strata(selected.contender, TRIALS, FULL.seed)
    units = scenarios()["restart"].remaining_units(
        selected.contender, FULL, kept_trials(9, 1, strata=strata)
    )
    others = [each for unit in units for each in unit.parameters_as(RestartTrials).strata]
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
        starts = 1 + sum(each.long + each.short for each in dealt(job))
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


def test_a_kept_scenario_is_not_planned_again() -> None:
    done = {RUNIT: KeptResults(frozenset({"restart"}), 3)}
    plan = make_plan(CONTENDERS, BOTH, FULL, AT_ONCE, done)
    mine = [job for job in plan.jobs if job.selected.name == RUNIT]
    assert [share.scenario for job in mine for share in job.units] == ["footprint"]
    assert [job.replica for job in mine] == [3]
    others = [
        job for job in make_plan(CONTENDERS, BOTH, FULL, AT_ONCE).jobs if job.selected.name != RUNIT
    ]
    assert [job for job in plan.jobs if job.selected.name != RUNIT] == others


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


def test_a_provider_of_one_guest_measures_in_shuffled_rounds() -> None:
    """Each round has every contender once, in an order of its own."""
    efforts = [SamplingEffort(TRIALS, GUEST_SECONDS, None, 1, seed, 3) for seed in (1, 2)]
    plan = [make_plan(CONTENDERS, [scenarios()["restart"]], effort, 1) for effort in efforts]
    orders = [
        [job.selected.name for job in each.jobs if job.replica == number]
        for each in plan
        for number in range(3)
    ]
    for each in plan:
        assert [job.replica for job in each.jobs] == sorted(job.replica for job in each.jobs)
        total = sum(trials.long for job in each.jobs for trials in dealt(job))
        assert total == TRIALS * len(NAMES)
    for order in orders:
        assert sorted(order) == sorted(NAMES)
    assert len({tuple(order) for order in orders}) == len(orders)


def test_the_longest_job_of_each_kind_starts_first() -> None:
    jobs = make_plan(CONTENDERS, BOTH, FULL, AT_ONCE).jobs
    brief = [job for job in jobs if job.units[0].scenario == "footprint" and job.seconds < 20]
    for quiet in (True, False):
        kind = [job for job in jobs if bool(job.quiet_seconds) is quiet and job not in brief]
        seconds = [job.seconds for job in kind]
        assert seconds == sorted(seconds, reverse=True)
    assert jobs[0].selected.name == "monit/monitor/default/hosted"


def test_guests_that_are_done_before_the_quiet_work_start_before_it() -> None:
    """They leave their places to others while those are still being set up."""
    jobs = make_plan(CONTENDERS, BOTH, FULL, AT_ONCE).jobs
    first_quiet = next(place for place, job in enumerate(jobs) if job.quiet_seconds)
    brief = [job for job in jobs if job.units[0].scenario == "footprint" and job.seconds < 20]
    assert len(brief) > 20
    assert all(jobs.index(job) < first_quiet for job in brief)


def test_the_plan_has_a_line_for_every_contender() -> None:
    lines = make_plan(CONTENDERS, BOTH, FULL, AT_ONCE).lines()
    assert sorted(line.split(":")[0] for line in lines) == sorted(NAMES)
    sysvinit = next(line for line in lines if line.startswith("sysvinit/"))
    assert "guests" in sysvinit
    assert "event-driven" in sysvinit


def test_an_empty_plan_takes_no_time() -> None:
    plan = make_plan([], BOTH, FULL, AT_ONCE)
    assert (plan.seconds, plan.min_seconds) == (0.0, 0.0)
    assert (plan.seconds_line(), plan.min_seconds_line()) == ("", "")


def test_the_plan_says_what_it_will_take() -> None:
    plan = make_plan(only(RUNIT), BOTH, FULL, AT_ONCE)
    assert plan.seconds_line() == f"about {plan.seconds:.0f} s: 2 guests, {AT_ONCE} at once"


def only(name: str) -> list[SelectedContender]:
    return [entry for entry in CONTENDERS if entry.name == name]


def test_a_poller_takes_at_least_its_period_times_its_trials() -> None:
    few_guests = replace(FULL, max_guests=6)
    plan = make_plan(only("monit/monitor/default/hosted"), BOTH[:1], few_guests, AT_ONCE)
    rounds = max(share.trials for job in plan.jobs for share in job.units)
    assert rounds == 6  # 30 long and 5 short ones in 6 guests
    assert plan.min_seconds == 120 * rounds
    assert plan.min_seconds_line().endswith(f"restart {120 * rounds} s")


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
            stratum for job in plan.jobs for each in dealt(job) for stratum in each.strata
        )
        assert len(strata) == TRIALS
        bounds = [low + number * (high - low) / TRIALS for number in range(TRIALS + 1)]
        assert [one for one, _ in strata] == pytest.approx(bounds[:-1])
        assert [two for _, two in strata] == pytest.approx(bounds[1:])


def test_every_trial_of_a_guest_has_its_stratum() -> None:
    for job in make_plan(CONTENDERS, BOTH, FULL, AT_ONCE).jobs:
        for each in dealt(job):
            assert len(each.strata) == (each.long if job.selected.contender.period else 0)


def test_an_event_driven_contender_takes_at_least_its_uptimes() -> None:
    memory, restart = make_plan(only(RUNIT), BOTH, FULL, AT_ONCE).jobs
    drawn = 2.5  # s: between 2, where it is settled, and 3
    assert restart.min_seconds == pytest.approx(TRIALS * drawn + 10 * SHORT_UPTIME)
    assert memory.min_seconds == footprint.IDLE


def test_no_job_takes_less_than_its_minimum() -> None:
    for job in make_plan(CONTENDERS, list(scenarios().values()), FULL, AT_ONCE).jobs:
        assert 0 <= job.min_seconds <= job.seconds, job


def test_parallel_guests_take_as_long_as_the_slowest() -> None:
    plan = make_plan(CONTENDERS, BOTH, FULL, AT_ONCE)
    assert plan.min_seconds == max(job.min_seconds for job in plan.jobs)
    assert "monit/monitor/default/hosted" in plan.min_seconds_line()


def test_serial_guests_take_the_sum() -> None:
    plan = make_plan(CONTENDERS, BOTH, SamplingEffort(TRIALS, GUEST_SECONDS, None, 1, 1), 1)
    assert plan.min_seconds == pytest.approx(sum(job.min_seconds for job in plan.jobs))
    assert plan.seconds == pytest.approx(sum(job.among(slots=1).seconds for job in plan.jobs))


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
        assert not job.own_guest or len(job.units) == 1
        assert job.own_guest or not job.loud_seconds


def test_what_needs_a_quiet_host_is_in_the_first_round() -> None:
    """Behind the longest of the others: it waits for all of the round, they for nothing."""
    _, (jobs, places) = make_plan(CONTENDERS, list(scenarios().values()), FULL, AT_ONCE).pools()
    quiet = [place for place, job in enumerate(jobs) if job.quiet_seconds]
    assert quiet == list(range(places - len(quiet), places))
    for job in jobs:
        assert not job.quiet_seconds or job.selected.contender.period is None


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


@pytest.mark.parametrize("name", ["hang", "deaths"])
def test_what_a_slow_poller_shows_in_several_periods_is_dealt_to_two_guests(name: str) -> None:
    slow, quick = "monit/monitor/default/hosted", "monit/monitor/fast/hosted"
    plans = [make_plan(only(each), [scenarios()[name]], FULL, AT_ONCE) for each in (slow, quick)]
    assert [len(plan.jobs) for plan in plans] == [2, 1]
    assert max(job.seconds for job in plans[0].jobs) < 7 * 120


def test_quiet_trials_are_dealt_to_more_guests_where_these_cost_little() -> None:
    """The same trials in less time, since all other guests wait for them."""
    cheap = replace(FULL, quiet_seconds=70.0)
    quiet: list[float] = []
    for effort in (FULL, cheap):
        plan = make_plan(only(RUNIT), BOTH[:1], effort, AT_ONCE)
        assert sum(each.long for job in plan.jobs for each in dealt(job)) == TRIALS
        quiet.append(max(job.quiet_seconds for job in plan.jobs))
    assert quiet[1] <= 70.0 < quiet[0]
    pollers = ["restartd/monitor/default/hosted", "supervisord/runner/default/hosted"]
    for name in pollers:
        plans = [make_plan(only(name), BOTH[:1], effort, AT_ONCE) for effort in (FULL, cheap)]
        assert plans[0].jobs == plans[1].jobs, "nothing waits for a poller"


def test_quiet_trials_are_dealt_to_few_guests_where_more_would_take_longer() -> None:
    """With few places, the trials of the second round would need a quiet host once more."""
    cheap = replace(FULL, quiet_seconds=70.0)
    many, few = (make_plan(CONTENDERS, BOTH, cheap, at_once) for at_once in (AT_ONCE, 20))
    usual = [make_plan(CONTENDERS, BOTH, FULL, at_once) for at_once in (AT_ONCE, 20)]
    assert len(many.jobs) > len(usual[0].jobs)
    assert many.seconds < usual[0].seconds
    assert few.jobs == usual[1].jobs


def test_the_forecast_counts_the_waits_of_kills_for_their_slots() -> None:
    """A cycle of 100 slots takes 5 s, and a kill follows the one before after 2 to 3 s."""
    (job,) = make_plan(only(RUNIT), BOTH[:1], FULL, AT_ONCE).jobs
    alone, among = (job.among(slots).seconds for slots in (1, 100))
    kills = TRIALS + 1
    assert among == pytest.approx(job.seconds + kills * 2.5)
    assert job.seconds < alone < job.seconds + kills * 0.05


def test_all_scenarios_fit_half_an_hour_on_two_processors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bench.engine.plan.LOUD_AT_ONCE", 2)
    monkeypatch.setattr("bench.engine.plan.max_setups_at_once", lambda: 3)
    usual = [scenarios()[name] for name in usual_scenarios(scenarios())]
    assert make_plan(CONTENDERS, usual, FULL, AT_ONCE).seconds < 1800


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
