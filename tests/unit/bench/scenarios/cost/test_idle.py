"""Verdicts and figures of an idle window."""

from __future__ import annotations

from bench.model.events import CPU, SYSCALLS, Event, events_of_kind
from bench.model.statistics import Metric
from bench.scenarios.cost.idle import BEHAVIOUR, SCENARIO
from tests.support.samples.recorded import concluded, judged, samples, without

S6 = "s6/runner/fast/pid1"
MONIT = "monit/monitor/fast/hosted"


def metrics(name: str, recorded: list[Event]) -> dict[str, Metric]:
    return concluded(SCENARIO, name, recorded)


def woken(recorded: list[Event], times: int) -> list[Event]:
    for window in events_of_kind(recorded, CPU):
        window["total"]["voluntary"] = times
    return recorded


def test_only_a_window_without_wakeups_is_a_yes() -> None:
    assert judged(SCENARIO, S6, samples("idle-s6"))[BEHAVIOUR].answer == "yes"
    assert judged(SCENARIO, MONIT, samples("idle-monit"))[BEHAVIOUR].answer == "no"


def test_a_few_wakeups_are_partly() -> None:
    assert judged(SCENARIO, S6, woken(samples("idle-s6"), 3))[BEHAVIOUR].answer == "partly"
    assert judged(SCENARIO, S6, woken(samples("idle-s6"), 16))[BEHAVIOUR].answer == "no"


def test_a_window_shorter_than_the_period_is_not_measured() -> None:
    verdict = judged(SCENARIO, "monit/monitor/default/hosted", samples("idle-monit"))[BEHAVIOUR]
    assert verdict.answer == "not measured"


def test_wakeups_are_given_by_the_second() -> None:
    median = metrics(MONIT, samples("idle-monit"))["wakeups"].median
    assert median is not None
    assert 1.9 < median < 2.1


def test_system_calls_are_given_by_the_second() -> None:
    recorded = samples("idle-monit")
    (counted,) = events_of_kind(recorded, SYSCALLS)
    assert counted["count"] is not None
    assert metrics(MONIT, recorded)["syscalls"].median == counted["count"] / (counted["ns"] / 1e9)
    assert metrics(S6, samples("idle-s6"))["syscalls"].median == 0


def test_uncounted_system_calls_have_a_reason() -> None:
    recorded = samples("idle-monit")
    (counted,) = events_of_kind(recorded, SYSCALLS)
    counted["count"], counted["why"] = None, "it has a kernel of its own"
    metric = metrics(MONIT, recorded)["syscalls"]
    assert (metric.status, metric.note) == ("not measured", "it has a kernel of its own")
    older = metrics(MONIT, without(recorded, "syscalls", "idle"))["syscalls"]
    assert older.status == "not measured"
    assert older.note
