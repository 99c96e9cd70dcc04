"""Verdicts on a silent daemon."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from bench.model.scenario import ScenarioContext
from bench.model.steps import Step
from bench.scenarios.health.hang import NOTICES_HANG as HANG
from bench.scenarios.health.hang import NOTICES_SIGSTOP as SIGSTOP
from bench.scenarios.health.hang import SCENARIO, watchdog_stages
from bench.scenarios.health.hang import WATCHDOG_NOTICES_SIGSTOP as BOTH
from supervisors import supervisors
from supervisors.service import services_of
from tests.support.samples.recorded import answers, contender, judged, samples, without

RUNIT = "runit/runner/default/hosted"
SYSTEMD = "systemd/runner/default/pid1"
MONIT, GOD = "monit/monitor/fast/hosted", "god/monitor/default/hosted"


def test_a_supervisor_without_a_watchdog_is_not_applicable_with_a_reason() -> None:
    verdicts = judged(SCENARIO, RUNIT, samples("hang-runit"))
    assert answers(verdicts) == {SIGSTOP: "no", HANG: "not applicable", BOTH: "not applicable"}
    assert "runsv(8)" in verdicts[HANG].sentence


def test_a_watchdog_that_notices_is_a_yes() -> None:
    verdicts = judged(SCENARIO, SYSTEMD, samples("hang-systemd"))
    assert answers(verdicts) == {SIGSTOP: "no", HANG: "yes", BOTH: "yes"}
    assert "2.2 s after it fell silent" in verdicts[HANG].sentence
    (metric,) = SCENARIO.conclude(contender(SYSTEMD), samples("hang-systemd"))
    assert metric.median is not None
    assert 2.0 < metric.median < 2.5


@pytest.mark.parametrize(("name", "file"), [(MONIT, "hang-monit"), (GOD, "hang-god")])
def test_a_heartbeat_file_counts_as_a_watchdog(name: str, file: str) -> None:
    verdicts = judged(SCENARIO, name, samples(file))
    assert answers(verdicts) == {SIGSTOP: "no", HANG: "yes", BOTH: "yes"}
    for behaviour in (HANG, BOTH):
        assert "heartbeat file" in verdicts[behaviour].sentence


def seconds(step: Step) -> float:
    """Return how long a step may wait."""
    keys = cast(dict[str, float], step)
    return keys.get("deadline") or keys.get("seconds") or 0


def test_the_wait_is_longer_than_two_looks_of_a_slow_watchdog() -> None:
    slow = contender("monit/monitor/default/hosted")
    assert slow.period is not None
    context = cast(ScenarioContext, SimpleNamespace(
        contender=slow, supervisor=supervisors()["monit"], services=services_of(slow, 1)
    ))  # fmt: skip
    waits = {stage.name: sum(map(seconds, stage.steps)) for stage in watchdog_stages(context)}
    assert waits["with watchdog"] > slow.period
    assert min(waits["hang"], waits["stopped with watchdog"]) > 2 * slow.period


def test_a_watchdog_that_ends_an_answering_daemon_is_not_measured() -> None:
    recorded = samples("hang-systemd")
    gone = next(
        sample for sample in recorded if sample["event"] == "gone" and sample["act"] == "hang"
    )
    last = max(n for n, sample in enumerate(recorded) if sample["act"] == "with watchdog")
    gone["act"] = "with watchdog"
    recorded.insert(last, gone)
    assert judged(SCENARIO, SYSTEMD, recorded)[HANG].answer == "not measured"


def test_a_hang_without_an_end_is_a_no() -> None:
    recorded = without(without(samples("hang-systemd"), "gone", "hang"), "up", "hang")
    assert judged(SCENARIO, SYSTEMD, recorded)[HANG].answer == "no"


def test_no_samples_are_not_measured() -> None:
    assert set(answers(judged(SCENARIO, SYSTEMD, [])).values()) == {"not measured"}
