"""What the samples of deaths come to."""

from __future__ import annotations

from bench.model.events import MEMORY_LIMIT, SIGNALLED, events_of_kind
from bench.model.events.added import NoMemoryLimit
from bench.scenarios.deaths import INSIDE, MEMORY, OUTSIDE, SCENARIO
from tests.support.recorded import FULL, answers, contender, judged, samples, without

SUPERVISORD = "supervisord/runner/default/hosted"
RUNIT = "runit/runner/default/hosted"


def test_where_starts_are_rationed_no_others_are_made_in_its_guest() -> None:
    """Ten in two minutes are what sysvinit allows, whoever has asked for them."""
    (limited,) = SCENARIO.work_units(contender("sysvinit/runner/default/pid1"), FULL)
    (free,) = SCENARIO.work_units(contender(RUNIT), FULL)
    assert (limited.own_guest, free.own_guest) == (True, False)


def test_every_death_was_answered() -> None:
    found = answers(judged(SCENARIO, RUNIT, samples("deaths-runit")))
    assert found == dict.fromkeys([*INSIDE, *OUTSIDE, MEMORY], "yes")


def test_an_exit_that_was_expected_is_not_answered() -> None:
    verdicts = judged(SCENARIO, SUPERVISORD, samples("deaths-supervisord"))
    assert answers(verdicts)["exit 0"] == "no"
    assert answers(verdicts)["exit 1"] == "yes"
    # Brought back by hand, it does not count as restarted.
    assert "17.3 s" in verdicts["exit 0"].sentence


def test_a_memory_death_needs_the_kernels_counter() -> None:
    found = samples("deaths-runit")
    for limited in events_of_kind(found, MEMORY_LIMIT):
        limited["kills"] = 0
    verdict = judged(SCENARIO, RUNIT, found)[MEMORY]
    assert verdict.answer == "not measured"
    assert "did not rise" in verdict.sentence


def test_a_provider_without_limits_is_not_measured() -> None:
    found = [each for each in samples("deaths-runit") if each.get("act") != MEMORY]
    no_limit: NoMemoryLimit = {"act": MEMORY, "event": "no limit", "pid": 7}
    found.append(no_limit)
    verdict = judged(SCENARIO, RUNIT, found)[MEMORY]
    assert verdict.answer == "not measured"
    assert "provider" in verdict.sentence


def test_a_death_that_nobody_saw_is_not_measured() -> None:
    found = samples("deaths-runit")
    for event in ("exit", "gone"):
        found = without(found, event, "exit 1")
    assert judged(SCENARIO, RUNIT, found)["exit 1"].answer == "not measured"


def test_a_signal_that_found_nobody_is_no_death() -> None:
    found = samples("deaths-runit")
    for signalled in events_of_kind(found, SIGNALLED):
        if signalled["act"] == "SIGKILL":
            signalled["pids"] = []
    found = without(found, "gone", "SIGKILL")
    assert judged(SCENARIO, RUNIT, found)["SIGKILL"].answer == "not measured"


def test_latencies_are_of_restarts_only() -> None:
    metrics = SCENARIO.conclude(contender(SUPERVISORD), samples("deaths-supervisord"))
    by_name = {each.metric: each for each in metrics}
    assert by_name["restart_after_exit_0"].status == "not measured"
    known = by_name["restart_after_exit_1"].median
    assert known is not None
    assert 1006 < known < 1007


def test_nothing_recorded_is_nothing_measured() -> None:
    assert set(answers(judged(SCENARIO, RUNIT, [])).values()) == {"not measured"}
