"""Verdicts on slow starts and late pid files."""

from __future__ import annotations

from bench.model.events import Event
from bench.scenarios.health.pidfile import SCENARIO as PIDFILE
from bench.scenarios.health.slow_start import SCENARIO, SLOW
from tests.support.samples.recorded import FULL, contender, judged, sample

SLOW_START, LATE = "waits for a slow start", "waits for a late pid file"
ORPHANED = "waits for one that comes after its parent has gone"
MONIT = "monit/monitor/fast/hosted"
S = 1_000_000_000


def snapshot(running: int, starts: int, stage: str = "slow") -> Event:
    one = {"comm": "testd", "state": "S", "argv": ["/srv/testd/testd", "s2"]}
    other = {"pid": 1, "comm": "testd", "state": "S", "argv": ["/srv/testd/testd", "s1"]}
    processes = [other, *({**one, "pid": number} for number in range(2, 2 + running))]
    services = [{"service": "s1", "starts": 1}, {"service": "s2", "starts": starts}]
    return sample(stage, "processes", ns=0, processes=processes, services=services)


def kill(seconds: float | None, stage: str = "slow") -> Event:
    main_ns = None if seconds is None else round(seconds * S)
    return sample(stage, "storm", deadline_s=57.5, killed=[{"kill_ns": 0, "main_ns": main_ns}])


def answer(*events: Event) -> str:
    return judged(SCENARIO, MONIT, list(events))[SLOW_START].answer


def test_one_start_before_and_one_after_the_kill_are_a_yes() -> None:
    assert answer(snapshot(1, 1), kill(0.5), snapshot(1, 2)) == "yes"


def test_a_second_daemon_beside_the_slow_one_is_a_no() -> None:
    assert answer(snapshot(2, 2), kill(0.5), snapshot(1, 3)) == "no"
    assert answer(snapshot(1, 1), kill(0.5), snapshot(2, 3)) == "no"


def test_a_daemon_that_does_not_come_back_is_a_no() -> None:
    assert answer(snapshot(1, 1), kill(None), snapshot(0, 1)) == "no"


def test_a_daemon_that_never_gets_up_is_a_no() -> None:
    none = sample("slow", "storm", deadline_s=57.5, killed=[])
    verdict = judged(SCENARIO, MONIT, [snapshot(0, 1), none, snapshot(0, 1)])[SLOW_START]
    assert verdict.answer == "no"
    assert verdict.sentence == (
        "After its first start 0 of it ran, started once; there was none to kill."
    )


def test_a_run_that_ended_early_is_not_measured() -> None:
    assert answer(snapshot(1, 1)) == "not measured"


def test_a_slow_start_has_a_guest_of_its_own() -> None:
    (unit,) = SCENARIO.work_units(contender(MONIT), FULL)
    assert unit.own_guest
    assert unit.seconds > 2 * SLOW


def test_a_pid_file_is_late_with_its_parent_or_after_it_in_a_guest_each() -> None:
    units = PIDFILE.work_units(contender(MONIT), FULL)
    assert [unit.parameters for unit in units] == ["late", "orphaned"]
    assert all(unit.own_guest for unit in units)
    late = [snapshot(1, 1, "late"), kill(0.5, "late"), snapshot(1, 2, "late")]
    assert list(judged(PIDFILE, MONIT, late)) == [LATE]
    twice = [snapshot(2, 2, "orphaned"), kill(0.5, "orphaned"), snapshot(1, 3, "orphaned")]
    verdicts = judged(PIDFILE, MONIT, [*late, *twice])
    assert (verdicts[LATE].answer, verdicts[ORPHANED].answer) == ("yes", "no")


def test_a_runner_needs_no_pid_file() -> None:
    for scenario in (SCENARIO, PIDFILE):
        assert scenario.inapplicable_reason(contender("runit/runner/default/hosted"))
