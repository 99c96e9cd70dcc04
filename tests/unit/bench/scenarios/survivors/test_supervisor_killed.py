"""Verdicts on a supervisor's death."""

from __future__ import annotations

from bench.model.events import SNAPSHOT, events_of_kind
from bench.model.events.added import MachineOff
from bench.scenarios.survivors.supervisor_killed import SCENARIO
from tests.support.samples.recorded import answers, contender, judged, samples

RUNIT = "runit/runner/default/hosted"
MONIT = "monit/monitor/fast/hosted"
SINGLE = "no service comes twice"


def test_a_second_daemon_of_one_service_is_partly() -> None:
    verdicts = judged(SCENARIO, RUNIT, samples("supervisor-killed-runit"))
    assert answers(verdicts) == {
        "comes back itself": "yes",
        "services outlive it": "yes",
        SINGLE: "partly",
        "services are supervised again": "yes",
    }
    assert "runsvdir killed: 1 of the daemon" in verdicts[SINGLE].sentence
    assert "runsv killed: 2 of the daemon" in verdicts[SINGLE].sentence


def test_a_monitor_that_finds_its_daemon_again_is_a_yes() -> None:
    assert set(answers(judged(SCENARIO, MONIT, samples("supervisor-killed-monit"))).values()) == {
        "yes"
    }


def test_a_daemon_that_stays_down_is_not_supervised_again() -> None:
    recorded = samples("supervisor-killed-monit")
    last = events_of_kind(recorded, SNAPSHOT)[-1]
    last["processes"] = [process for process in last["processes"] if process["comm"] != "testd"]
    verdict = judged(SCENARIO, MONIT, recorded)["services are supervised again"]
    assert verdict.answer == "no"


def test_a_machine_that_switches_itself_off_is_a_no() -> None:
    snapshot = events_of_kind(samples("supervisor-killed-monit"), SNAPSHOT)[0]
    off: MachineOff = {"event": "off", "act": "runsvdir", "why": "gone"}
    snapshot["act"] = "runsvdir"
    verdicts = judged(SCENARIO, RUNIT, [snapshot, off])
    assert verdicts["services outlive it"].answer == "no"
    assert "switched itself off" in verdicts["services outlive it"].sentence
    assert verdicts["services are supervised again"].answer == "no"


def test_a_supervisor_that_is_only_pid_1_is_not_judged() -> None:
    assert SCENARIO.inapplicable_reason(contender("sysvinit/runner/default/pid1"))
    assert not SCENARIO.inapplicable_reason(contender("s6/runner/default/pid1"))
