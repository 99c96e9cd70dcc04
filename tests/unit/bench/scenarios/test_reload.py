"""What the samples of added, changed and removed services come to."""

from __future__ import annotations

from bench.model.events import SNAPSHOT, events_of_kind
from bench.scenarios.reload import ADDS, CHANGES, REMOVES, SCENARIO, SPARES
from tests.support.recorded import answers, contender, judged, samples, without

RUNIT = "runit/runner/default/hosted"
SUPERVISORD = "supervisord/runner/default/hosted"
GOD = "god/monitor/default/hosted"


def test_one_command_does_it_all() -> None:
    verdicts = judged(SCENARIO, SUPERVISORD, samples("reload-supervisord"))
    assert set(answers(verdicts).values()) == {"yes"}
    assert "supervisorctl update" in verdicts[CHANGES].sentence


def test_a_changed_one_that_needs_a_restart_is_partly() -> None:
    verdicts = judged(SCENARIO, RUNIT, samples("reload-runit"))
    assert answers(verdicts) == {ADDS: "yes", CHANGES: "partly", REMOVES: "yes", SPARES: "yes"}
    assert "sv down s2; sv up s2" in verdicts[CHANGES].sentence


def test_a_changed_one_that_never_ran_is_no() -> None:
    assert judged(SCENARIO, GOD, samples("reload-god"))[CHANGES].answer == "no"


def test_an_added_one_that_did_not_come() -> None:
    found = without(samples("reload-runit"), "up", "added")
    assert judged(SCENARIO, RUNIT, found)[ADDS].answer == "no"


def test_a_removed_one_that_comes_back() -> None:
    found = samples("reload-runit")
    gone = next(n for n, each in enumerate(found)
                if each["event"] == "gone" and each.get("service") == "s3")  # fmt: skip
    found.insert(gone + 1, {**found[gone], "event": "start"})
    assert judged(SCENARIO, RUNIT, found)[REMOVES].answer == "no"


def test_the_untouched_one_is_counted() -> None:
    found = samples("reload-runit")
    last = events_of_kind(found, SNAPSHOT)[-1]
    next(record for record in last["services"] if record["service"] == "s1")["starts"] += 1
    verdict = judged(SCENARIO, RUNIT, found)[SPARES]
    assert verdict.answer == "no"
    assert "1 times more" in verdict.sentence


def test_the_floor_takes_up_nothing() -> None:
    assert SCENARIO.inapplicable_reason(contender("floor/runner/default/pid1"))


def test_nothing_recorded_is_nothing_measured() -> None:
    assert set(answers(judged(SCENARIO, RUNIT, [])).values()) == {"not measured"}
