"""Verdicts on added, changed and removed services."""

from __future__ import annotations

from bench.model.events import SNAPSHOT, events_of_kind
from bench.scenarios.commands.reload import ADDS, CHANGES, REMOVES, SCENARIO, SPARES
from tests.support.samples.recorded import answers, contender, judged, samples, without

RUNIT = "runit/runner/default/hosted"
SUPERVISORD = "supervisord/runner/default/hosted"
GOD = "god/monitor/default/hosted"


def test_changes_by_the_reload_command_alone_are_a_yes() -> None:
    verdicts = judged(SCENARIO, SUPERVISORD, samples("reload-supervisord"))
    assert set(answers(verdicts).values()) == {"yes"}
    assert "supervisorctl update" in verdicts[CHANGES].sentence


def test_a_change_that_needs_a_restart_is_partly() -> None:
    verdicts = judged(SCENARIO, RUNIT, samples("reload-runit"))
    assert answers(verdicts) == {ADDS: "yes", CHANGES: "partly", REMOVES: "yes", SPARES: "yes"}
    assert "sv down s2; sv up s2" in verdicts[CHANGES].sentence


def test_a_change_that_never_came_into_force_is_a_no() -> None:
    assert judged(SCENARIO, GOD, samples("reload-god"))[CHANGES].answer == "no"


def test_an_added_service_that_does_not_run_is_a_no() -> None:
    recorded = without(samples("reload-runit"), "up", "added")
    assert judged(SCENARIO, RUNIT, recorded)[ADDS].answer == "no"


def test_a_removed_service_that_comes_back_is_a_no() -> None:
    recorded = samples("reload-runit")
    gone = next(n for n, sample in enumerate(recorded)
                if sample["event"] == "gone" and sample.get("service") == "s3")  # fmt: skip
    recorded.insert(gone + 1, {**recorded[gone], "event": "start"})
    assert judged(SCENARIO, RUNIT, recorded)[REMOVES].answer == "no"


def test_a_restart_of_the_untouched_service_is_a_no() -> None:
    recorded = samples("reload-runit")
    last = events_of_kind(recorded, SNAPSHOT)[-1]
    next(record for record in last["services"] if record["service"] == "s1")["starts"] += 1
    verdict = judged(SCENARIO, RUNIT, recorded)[SPARES]
    assert verdict.answer == "no"
    assert "1 time more" in verdict.sentence


def test_the_floor_is_not_judged() -> None:
    assert SCENARIO.inapplicable_reason(contender("floor/runner/default/pid1"))


def test_no_samples_are_not_measured() -> None:
    assert set(answers(judged(SCENARIO, RUNIT, [])).values()) == {"not measured"}
