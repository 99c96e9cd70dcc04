"""Verdicts and figures of deaths."""

from __future__ import annotations

import pytest

from bench.model.events import MEMORY_LIMIT, SIGNALLED, events_of_kind
from bench.model.events.added import NoMemoryLimit
from bench.scenarios.restarts.deaths import INSIDE, MEMORY, OUTSIDE, SCENARIO
from tests.support.samples.recorded import FULL, answers, contender, judged, samples, without

SUPERVISORD = "supervisord/runner/default/hosted"
RUNIT = "runit/runner/default/hosted"


@pytest.mark.parametrize("name", ["sysvinit/runner/default/pid1", RUNIT])
def test_its_starts_are_the_only_ones_of_a_guest(name: str) -> None:
    """sysvinit allows ten starts in two minutes, all units of a guest together."""
    (unit,) = SCENARIO.work_units(contender(name), FULL)
    assert unit.own_guest


def test_deaths_that_need_a_quiet_host_need_no_guest_of_restart() -> None:
    """So that the two measure at the same time, and the host is quiet once."""
    (unit,) = SCENARIO.work_units(contender(RUNIT), FULL)
    assert unit.own_guest


def test_a_restart_after_every_death_is_a_yes() -> None:
    given = answers(judged(SCENARIO, RUNIT, samples("deaths-runit")))
    assert given == dict.fromkeys([*INSIDE, *OUTSIDE, MEMORY], "yes")


def test_a_start_by_command_is_no_restart() -> None:
    verdicts = judged(SCENARIO, SUPERVISORD, samples("deaths-supervisord"))
    assert answers(verdicts)["exit 0"] == "no"
    assert answers(verdicts)["exit 1"] == "yes"
    # Brought back by hand, it does not count as restarted.
    assert "17.3 s" in verdicts["exit 0"].sentence


def test_a_memory_death_needs_a_rise_of_the_kernels_counter() -> None:
    recorded = samples("deaths-runit")
    for limited in events_of_kind(recorded, MEMORY_LIMIT):
        limited["kills"] = 0
    verdict = judged(SCENARIO, RUNIT, recorded)[MEMORY]
    assert verdict.answer == "not measured"
    assert "did not rise" in verdict.sentence


def test_a_provider_without_limits_is_not_measured() -> None:
    recorded = [sample for sample in samples("deaths-runit") if sample.get("act") != MEMORY]
    no_limit: NoMemoryLimit = {"act": MEMORY, "event": "no limit", "pid": 7}
    recorded.append(no_limit)
    verdict = judged(SCENARIO, RUNIT, recorded)[MEMORY]
    assert verdict.answer == "not measured"
    assert "provider" in verdict.sentence


def test_an_unseen_death_is_not_measured() -> None:
    recorded = samples("deaths-runit")
    for event in ("exit", "gone"):
        recorded = without(recorded, event, "exit 1")
    assert judged(SCENARIO, RUNIT, recorded)["exit 1"].answer == "not measured"


def test_a_signal_that_reached_no_process_is_no_death() -> None:
    recorded = samples("deaths-runit")
    for signalled in events_of_kind(recorded, SIGNALLED):
        if signalled["act"] == "SIGKILL":
            signalled["pids"] = []
    recorded = without(recorded, "gone", "SIGKILL")
    assert judged(SCENARIO, RUNIT, recorded)["SIGKILL"].answer == "not measured"


def test_only_restarts_have_a_latency() -> None:
    metrics = SCENARIO.conclude(contender(SUPERVISORD), samples("deaths-supervisord"))
    by_name = {sample.metric: sample for sample in metrics}
    assert by_name["restart_after_exit_0"].status == "not measured"
    latency = by_name["restart_after_exit_1"].median
    assert latency is not None
    assert 1006 < latency < 1007


def test_no_samples_are_not_measured() -> None:
    assert set(answers(judged(SCENARIO, RUNIT, [])).values()) == {"not measured"}


def test_deaths_that_take_long_are_dealt_to_two_guests() -> None:
    units = SCENARIO.work_units(contender("monit/monitor/default/hosted"), FULL)
    dealt = [death for unit in units for death in unit.parameters_as(tuple)]
    assert sorted(dealt) == sorted([*INSIDE, *OUTSIDE, MEMORY])
    assert len(units) == 2


def test_each_death_is_judged_in_whichever_guest_it_was() -> None:
    recorded = samples("deaths-runit")
    for sample in recorded:
        sample["replica"] = 1 if sample.get("act") in ("SIGTERM", MEMORY) else 0
    recorded.sort(key=lambda sample: sample["replica"])
    given = answers(judged(SCENARIO, RUNIT, recorded))
    assert given == dict.fromkeys([*INSIDE, *OUTSIDE, MEMORY], "yes")


def test_a_successor_that_ran_before_the_end_was_seen_came_at_once() -> None:
    recorded = samples("deaths-runit")
    ups = [sample for sample in recorded if sample.get("act") == MEMORY and "main_ns" in sample]
    assert ups
    for sample in ups:
        sample["main_ns"] = 1  # type: ignore[typeddict-unknown-key]
    assert judged(SCENARIO, RUNIT, recorded)[MEMORY].sentence.startswith(
        "Its successor ran at once."
    )
