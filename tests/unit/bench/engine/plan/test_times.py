"""How long a plan takes: its bound, and the forecast of what it will take."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from bench.engine.plan import make_plan
from bench.engine.request.resolve import (
    GUEST_SECONDS,
    TRIALS,
)
from bench.model.observation.latency import SHORT_UPTIME
from bench.model.scenario import SamplingEffort
from bench.scenarios import scenarios, usual_scenarios
from bench.scenarios.cost import footprint
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


def test_an_empty_plan_takes_no_time() -> None:
    plan = make_plan([], BOTH, FULL, AT_ONCE)
    assert (plan.seconds, plan.min_seconds) == (0.0, 0.0)
    assert (plan.seconds_line(), plan.min_seconds_line()) == ("", "")


def test_the_plan_says_what_it_will_take() -> None:
    plan = make_plan(only(RUNIT), BOTH, FULL, AT_ONCE)
    assert plan.seconds_line() == f"about {plan.seconds:.0f} s: 2 guests, {AT_ONCE} at once"


def test_the_plan_has_a_line_for_every_contender() -> None:
    lines = make_plan(CONTENDERS, BOTH, FULL, AT_ONCE).lines()
    assert sorted(line.split(":")[0] for line in lines) == sorted(NAMES)
    sysvinit = next(line for line in lines if line.startswith("sysvinit/"))
    assert "guests" in sysvinit
    assert "event-driven" in sysvinit


def test_a_poller_takes_at_least_its_period_times_its_trials() -> None:
    few_guests = replace(FULL, max_guests=6)
    plan = make_plan(only("monit/monitor/default/hosted"), BOTH[:1], few_guests, AT_ONCE)
    rounds = max(share.trials for job in plan.jobs for share in job.units)
    assert rounds == 6  # 30 long and 5 short ones in 6 guests
    assert plan.min_seconds == 120 * rounds
    assert plan.min_seconds_line().endswith(f"restart {120 * rounds} s")


def test_an_event_driven_contender_takes_at_least_its_uptimes() -> None:
    memory, restart = make_plan(only(RUNIT), BOTH, FULL, AT_ONCE).jobs
    drawn = 1.375  # s: between 1.25, where it is settled, and 1.5
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
    assert plan.seconds == pytest.approx(sum(job.seconds for job in plan.jobs))


@pytest.mark.parametrize("name", ["hang", "deaths"])
def test_what_a_slow_poller_shows_in_several_periods_is_dealt_to_two_guests(name: str) -> None:
    slow, quick = "monit/monitor/default/hosted", "monit/monitor/fast/hosted"
    plans = [
        make_plan(only(poller), [scenarios()[name]], FULL, AT_ONCE) for poller in (slow, quick)
    ]
    assert [len(plan.jobs) for plan in plans] == [2, 1]
    assert max(job.seconds for job in plans[0].jobs) < 7 * 120


def test_quiet_trials_are_dealt_to_more_guests_where_these_cost_little() -> None:
    """The same trials in less time, since all other guests wait for them."""
    cheap = replace(FULL, quiet_seconds=40.0)
    quiet: list[float] = []
    for effort in (FULL, cheap):
        plan = make_plan(only(RUNIT), BOTH[:1], effort, AT_ONCE)
        assert sum(trials.long for job in plan.jobs for trials in dealt(job)) == TRIALS
        quiet.append(max(job.quiet_seconds for job in plan.jobs))
    assert quiet[1] <= 40.0 < quiet[0]
    pollers = ["restartd/monitor/default/hosted", "god/monitor/default/hosted"]
    for name in pollers:
        plans = [make_plan(only(name), BOTH[:1], effort, AT_ONCE) for effort in (FULL, cheap)]
        assert plans[0].jobs == plans[1].jobs, "nothing waits for a slow poller"


def test_quiet_trials_are_dealt_to_few_guests_where_more_would_take_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With few places, the trials of the second round would need a quiet host once more."""
    monkeypatch.setattr("bench.engine.plan.max_setups_at_once", lambda: 6)
    cheap = replace(FULL, quiet_seconds=40.0)
    many, few = (make_plan(CONTENDERS, BOTH, cheap, at_once) for at_once in (AT_ONCE, 50))
    usual = [make_plan(CONTENDERS, BOTH, FULL, at_once) for at_once in (AT_ONCE, 50)]
    assert len(many.jobs) > len(usual[0].jobs)
    assert many.seconds < usual[0].seconds
    assert len(usual[1].jobs) <= len(few.jobs) < len(many.jobs)
    assert few.seconds <= usual[1].seconds


def test_the_quickest_dealing_may_lie_between_many_guests_and_few(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bench.engine.plan.max_setups_at_once", lambda: 6)
    cheap = replace(FULL, quiet_seconds=40.0)
    seconds = []
    for times in ((1.0, 1.5, 2.0, math.inf), (1.0,), (math.inf,)):
        monkeypatch.setattr("bench.engine.plan.QUIET_TIMES", times)
        seconds.append(make_plan(CONTENDERS, BOTH, cheap, 140).seconds)
    assert seconds[0] < min(seconds[1:])


def test_a_guest_of_short_trials_alone_has_one_kill_that_waits() -> None:
    """It brings the fresh start after which the first of them is due."""
    few = replace(QUICK, quiet_seconds=10.0)
    contenders = only("zdaemon/runner/default/hosted")
    jobs = make_plan(contenders, BOTH[:1], few, AT_ONCE).jobs
    short = [job for job in jobs if not any(trials.long for trials in dealt(job))]
    assert 0 < len(short) < len(jobs)
    assert {job.kills.number for job in short if job.kills} == {1}
    assert all(job.kills for job in jobs)


def test_only_what_needs_a_quiet_host_waits_for_slots() -> None:
    """The gate deals slots when measurements begin, to the guests that measure then."""
    plan = make_plan(CONTENDERS, list(scenarios().values()), FULL, AT_ONCE)
    slotted = [(job, unit) for job in plan.jobs for unit in job.units if unit.slotted]
    assert slotted
    assert all(unit.scenario in job.quiet and not unit.loud for job, unit in slotted)


def test_a_plan_of_one_guest_at_a_time_says_that_their_starts_come_on_top() -> None:
    plan = make_plan(only(RUNIT), BOTH, SamplingEffort(TRIALS, GUEST_SECONDS, None, 1, 1), 1)
    starts = f"the start of {len(plan.jobs)} guests, one after the other"
    assert plan.seconds_line() == f"about {plan.seconds:.0f} s and {starts}"


def test_all_scenarios_fit_an_hour_on_two_processors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bench.engine.plan.LOUD_AT_ONCE", 2)
    monkeypatch.setattr("bench.engine.plan.max_setups_at_once", lambda: 6)
    usual = [scenarios()[name] for name in usual_scenarios(scenarios())]
    assert make_plan(CONTENDERS, usual, FULL, AT_ONCE).seconds < 3600
