"""Verdicts on a crash loop."""

from __future__ import annotations

import pytest

from bench.scenarios.crashloop import BEHAVIOURS, SCENARIO
from tests.support.samples.recorded import FULL, answers, contender, judged, samples

KEEPS, HOLDS, BACK = BEHAVIOURS
RUNIT = "runit/runner/default/hosted"
SYSTEMD = "systemd/runner/default/pid1"
SYSVINIT = "sysvinit/runner/default/pid1"


@pytest.mark.parametrize(
    ("name", "file", "expected"),
    [
        (RUNIT, "runit-default", ("yes", "yes", "yes")),
        (SYSTEMD, "systemd-default", ("no", "yes", "no")),
        ("systemd/runner/fast/pid1", "systemd-tuned", ("yes", "no", "yes")),
        # Its look takes 30 s more, since it waits for what it has started.
        ("monit/monitor/default/hosted", "monit-default", ("yes", "yes", "yes")),
        (SYSVINIT, "sysvinit-default", ("partly", "yes", "yes")),
        ("supervisord/runner/default/hosted", "supervisord-default", ("no", "yes", "no")),
    ],
)
def test_recorded_supervisors_get_their_answers(
    name: str, file: str, expected: tuple[str, ...]
) -> None:
    given = answers(judged(SCENARIO, name, samples(f"crashloop-{file}")))
    assert tuple(given[behaviour] for behaviour in BEHAVIOURS) == expected


def test_a_start_by_command_is_named_as_evidence() -> None:
    verdict = judged(SCENARIO, SYSTEMD, samples("crashloop-systemd-default"))[BACK]
    assert "systemctl start s1.service" in verdict.sentence
    assert len(verdict.evidence) == 3


def test_a_pause_in_trying_is_partly() -> None:
    recorded = [
        sample for sample in samples("crashloop-systemd-default") if sample["event"] != "down"
    ]
    assert judged(SCENARIO, SYSVINIT, recorded)[KEEPS].answer == "partly"


def test_no_samples_are_not_measured() -> None:
    assert set(answers(judged(SCENARIO, RUNIT, [])).values()) == {"not measured"}


def test_the_window_is_longer_than_limit_and_period() -> None:
    (unit,) = SCENARIO.work_units(contender(SYSVINIT), FULL)
    assert unit.seconds > 120 + 300
    (unit,) = SCENARIO.work_units(contender("monit/monitor/default/hosted"), FULL)
    assert unit.seconds > 3 * 120
    assert unit.own_guest
