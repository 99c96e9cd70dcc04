"""What the samples of dead supervisors come to."""

from __future__ import annotations

from bench.scenarios.supervisor_killed import SCENARIO
from tests.support.recorded import answers, contender, judged, samples

RUNIT = "runit/runner/default/hosted"
MONIT = "monit/monitor/tuned/hosted"
SINGLE = "no service comes twice"


def test_a_dead_runsv_has_a_successor_that_starts_a_second_daemon() -> None:
    verdicts = judged(SCENARIO, RUNIT, samples("amnesia-runit"))
    assert answers(verdicts) == {
        "comes back itself": "yes",
        "services outlive it": "yes",
        SINGLE: "partly",
        "services are supervised again": "yes",
    }
    assert "runsvdir killed: 1 of the daemon" in verdicts[SINGLE].sentence
    assert "runsv killed: 2 of the daemon" in verdicts[SINGLE].sentence


def test_a_monitor_finds_its_daemon_again() -> None:
    assert set(answers(judged(SCENARIO, MONIT, samples("amnesia-monit"))).values()) == {"yes"}


def test_a_daemon_that_stays_down_is_not_supervised() -> None:
    found = samples("amnesia-monit")
    pictures = [each for each in found if each["event"] == "processes"]
    running = pictures[-1]["processes"]
    pictures[-1]["processes"] = [each for each in running if each["comm"] != "testd"]
    verdict = judged(SCENARIO, MONIT, found)["services are supervised again"]
    assert verdict.answer == "no"


def test_a_machine_that_switches_itself_off_keeps_nothing() -> None:
    picture = next(each for each in samples("amnesia-monit") if each["event"] == "processes")
    found = [{**picture, "act": "runsvdir"}, {"event": "off", "act": "runsvdir", "why": "gone"}]
    verdicts = judged(SCENARIO, RUNIT, found)
    assert verdicts["services outlive it"].answer == "no"
    assert "switched itself off" in verdicts["services outlive it"].sentence
    assert verdicts["services are supervised again"].answer == "no"


def test_pid_1_alone_cannot_be_killed() -> None:
    assert SCENARIO.inapplicable(contender("sysvinit/runner/default/pid1"))
    assert not SCENARIO.inapplicable(contender("s6/runner/default/pid1"))
