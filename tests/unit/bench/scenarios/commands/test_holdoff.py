"""Verdicts on commands that are given in the hold-off."""

from __future__ import annotations

from bench.model.events import Event
from bench.scenarios.commands.holdoff import ROUNDS, SCENARIO
from tests.support.samples.recorded import FULL, QUICK, answers, contender, judged, sample

STOP, START, RESTART = "obeys a stop", "runs after a start", "runs after a stop and a start"
RUNIT = "runit/runner/default/hosted"
S = 1_000_000_000


def asked(stage: str, command: str, *after: Event) -> list[Event]:
    """Return a kill at 10 s, a command 50 ms later, and what followed."""
    return [
        sample(stage, "signalled", pids=[7], begin_ns=10 * S),
        sample(stage, "ran", command=command, begin_ns=10 * S + S // 20),
        *after,
    ]


def started(stage: str, seconds: float) -> Event:
    return sample(stage, "start", service="s1", main_ns=round(seconds * S))


def snapshot(stage: str, *names: str) -> Event:
    processes = [{"pid": 9, "comm": name, "state": "S"} for name in names]
    return sample(stage, "processes", ns=14 * S, processes=processes, services=[])


def test_a_service_that_stays_down_when_asked_obeys() -> None:
    recorded = asked("stop 0", "sv down s1", snapshot("stop 0", "runsv"))
    verdict = judged(SCENARIO, RUNIT, recorded)[STOP]
    assert verdict.answer == "yes"
    assert "stayed down for 4.0 s after: sv down s1" in verdict.sentence


def test_a_service_that_the_pending_start_brings_back_does_not() -> None:
    recorded = asked("stop 0", "sv down s1", started("stop 0", 11), snapshot("stop 0", "testd"))
    assert judged(SCENARIO, RUNIT, recorded)[STOP].answer == "no"


def test_a_service_that_is_back_before_the_command_had_no_hold_off() -> None:
    recorded = asked("start 0", "sv up s1", started("start 0", 10.003))
    verdict = judged(SCENARIO, RUNIT, recorded)[START]
    assert verdict.answer == "not applicable"
    assert "3.0 ms" in verdict.sentence


def test_a_start_is_timed_from_the_command() -> None:
    recorded = asked("start 0", "sv up s1", started("start 0", 11.05))
    assert judged(SCENARIO, RUNIT, recorded)[START].sentence == "It ran 1.0 s after: sv up s1."


def test_the_start_that_the_stop_ended_is_not_the_one_that_is_timed() -> None:
    starts = [started("restart 0", 10.1), started("restart 0", 12.05)]
    verdict = judged(SCENARIO, RUNIT, asked("restart 0", "sv down s1\nsv up s1", *starts))[RESTART]
    assert verdict.sentence == "It ran 2.0 s after: sv down s1; sv up s1."


def test_rounds_that_differ_are_partly() -> None:
    down = [sample("restart 1", "down", service="s1", deadline_s=15.0)]
    recorded = [
        *asked("restart 0", "sv down s1\nsv up s1", started("restart 0", 11.05)),
        *asked("restart 1", "sv down s1\nsv up s1", *down),
    ]
    verdict = judged(SCENARIO, RUNIT, recorded)[RESTART]
    assert verdict.answer == "partly"
    assert verdict.sentence.startswith("Seen in 1 of 2 rounds.")
    assert "did not come back within 15.0 s, after: sv down s1; sv up s1." in verdict.sentence


def test_nothing_killed_is_not_measured() -> None:
    recorded = [sample("stop 0", "signalled", pids=[], begin_ns=0)]
    given = answers(judged(SCENARIO, RUNIT, recorded))
    assert given == {STOP: "not measured", START: "not measured", RESTART: "not measured"}


def test_a_slow_poller_gets_a_guest_for_each_command() -> None:
    assert len(SCENARIO.work_units(contender("monit/monitor/default/hosted"), FULL)) == 3
    (unit,) = SCENARIO.work_units(contender(RUNIT), FULL)
    assert len(unit.parameters_as(tuple)) == 2 + ROUNDS
    (quick,) = SCENARIO.work_units(contender(RUNIT), QUICK)
    assert len(quick.parameters_as(tuple)) == 3


def test_what_takes_no_requests_is_left_out() -> None:
    assert SCENARIO.inapplicable_reason(contender("floor/runner/default/hosted"))
