"""Verdicts on power-offs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from bench.model.events import TERMS_NOTED, events_of_kind
from bench.scenarios.commands import shutdown
from bench.scenarios.commands.shutdown import SCENARIO
from provision.errors import Problem
from tests.support.samples.recorded import contender, judged, samples

S6 = "s6/runner/default/pid1"
SYSTEMD = "systemd/runner/default/pid1"
TELLS = "tells every service at power-off"
OFF = "powers off despite a stubborn service"


def test_sigterm_to_every_service_is_a_yes_with_its_order() -> None:
    verdict = judged(SCENARIO, SYSTEMD, samples("shutdown-systemd"))[TELLS]
    assert verdict.answer == "yes"
    assert "in the order s1 s2 s3 s4 s5" in verdict.sentence


def test_a_power_off_that_kills_the_stubborn_service_is_a_yes() -> None:
    verdict = judged(SCENARIO, SYSTEMD, samples("shutdown-systemd"))[OFF]
    assert verdict.answer == "yes"
    assert "off after 90.7 s" in verdict.sentence


def test_a_power_off_that_never_ends_is_a_no_and_censored() -> None:
    verdicts = judged(SCENARIO, S6, samples("shutdown-s6"))
    assert (verdicts[TELLS].answer, verdicts[OFF].answer) == ("yes", "no")
    metrics = SCENARIO.conclude(contender(S6), samples("shutdown-s6"))
    assert [metric.censored for metric in metrics] == [0, 1]


def test_a_service_without_sigterm_is_named() -> None:
    recorded = samples("shutdown-systemd")
    for note in events_of_kind(recorded, TERMS_NOTED):
        if note["service"] == "s2":
            note["terms"] = []
    verdict = judged(SCENARIO, SYSTEMD, recorded)[TELLS]
    assert verdict.answer == "partly"
    assert "did not reach s2" in verdict.sentence


def test_an_inapplicable_contender_has_its_own_reason() -> None:
    assert "knows no end" in SCENARIO.inapplicable_reason(
        contender("daemontools/runner/default/pid1")
    )
    assert "not PID 1" in SCENARIO.inapplicable_reason(contender("runit/runner/default/hosted"))


def read_terms(notes: str) -> list[int]:
    """Read the SIGTERMs that a guest's file of that text has."""
    guest: Any = SimpleNamespace(run=lambda *_, **__: SimpleNamespace(stdout=notes))
    return shutdown._read_terms(guest, "s1")["terms"]


@pytest.mark.parametrize("notes", ["", "12 4000000000\n", "12 4000000000\n13 4000000001\n"])
def test_the_notes_of_the_daemon_are_read(notes: str) -> None:
    assert len(read_terms(notes)) == notes.count("\n")


@pytest.mark.parametrize(
    "notes", ["12\n", "12 x\n", "12 -4\n", "12 NaN\n", "12 4", "\x1b[2J", "1 " + "9" * 5000 + "\n"]
)
def test_notes_that_the_daemon_does_not_write_are_refused_in_a_sentence(notes: str) -> None:
    with pytest.raises(Problem, match=r"s1\.term is not what the test daemon writes") as refused:
        read_terms(notes)
    assert "\x1b" not in str(refused.value)
