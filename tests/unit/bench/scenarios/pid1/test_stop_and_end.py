"""Verdicts on how a container stops, and on what its engine is told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pytest

from bench.model.events import Event
from bench.model.stages import label_events
from bench.scenarios.pid1 import descendants, engine_stop, exit_status, startup, zombies
from tests.support.samples.recorded import answers, concluded, judged
from tests.unit.bench.scenarios.pid1.records import ended, note, sent, starts

TINI = "tini/init/default/pid1"
NONE = "none/init/default/pid1"
HANDLER, PLAIN = (
    "ends in time, a program with a handler",
    "ends in time, a program without a handler",
)


def stopped(stage: str, end: Event, *told: Event) -> list[Event]:
    return label_events(stage, [sent(15, 100), end, *starts(), *told])


def test_a_container_that_ends_by_sigterm_ends_in_time() -> None:
    told = note("child", "signal", 15, ns=101)
    samples = [*stopped("handler", ended(0.05), told), *stopped("plain", ended(0.04, 143))]
    verdicts = judged(engine_stop.SCENARIO, TINI, samples)
    assert answers(verdicts) == {HANDLER: "yes", PLAIN: "yes", "tells everybody": "partly"}
    assert "exit status 143" in verdicts[PLAIN].sentence
    assert "its group, its session and a session apart ended without a word" in (
        verdicts["tells everybody"].sentence
    )
    assert concluded(engine_stop.SCENARIO, TINI, samples)["engine_stop_plain"].median == 0.04


def test_a_container_that_has_to_be_killed_does_not() -> None:
    samples = stopped("handler", ended(10.02, 137, killed=True))
    verdicts = judged(engine_stop.SCENARIO, TINI, samples)
    assert answers(verdicts) == {HANDLER: "no", "tells everybody": "no"}


def test_a_signal_after_the_container_is_gone_counts_for_nobody() -> None:
    late = note("child", "signal", 15, ns=100 + 2_000_000_000)
    verdicts = judged(engine_stop.SCENARIO, TINI, stopped("handler", ended(1.0), late))
    assert verdicts["tells everybody"].answer == "no"


def test_the_engine_is_told_what_the_program_ended_with() -> None:
    statuses = {0: 0, 3: 3, 143: 143, 137: 137, 139: 11}
    samples: Sequence[Event] = [ended(0, got, expected=e) for e, got in statuses.items()]
    verdicts = judged(exit_status.SCENARIO, TINI, list(samples))
    assert answers(verdicts) == {"tells 0": "yes", "tells 3": "yes", "tells which signal": "partly"}
    assert "11 for 139" in verdicts["tells which signal"].sentence


def test_a_pid_1_that_stays_tells_nothing() -> None:
    verdicts = judged(exit_status.SCENARIO, TINI, [ended(10, None, expected=0)])
    assert answers(verdicts) == {"tells 0": "no"}
    assert "nothing for 0" in verdicts["tells 0"].sentence


def test_the_kernel_explains_a_program_that_is_pid_1() -> None:
    verdict = judged(exit_status.SCENARIO, NONE, [ended(0, 64, expected=143)])["tells which signal"]
    assert "lets no PID 1 end itself by a signal" in verdict.sentence


def test_who_is_left_is_told_by_a_signal_after_the_programs_end() -> None:
    samples = [
        ended(0.01, expected=0), *starts(), note("child", "end", ns=500),
        note("group", "signal", 15, ns=600), note("session", "signal", 15, ns=400),
    ]  # fmt: skip
    verdicts = judged(descendants.SCENARIO, TINI, samples)
    assert answers(verdicts) == {"tells who is left": "partly", "the container ends": "yes"}
    assert "its group (signal 15)" in verdicts["tells who is left"].sentence


def test_a_container_that_outlives_its_program_is_said_to() -> None:
    samples = [ended(10, None, killed=True), *starts(), note("child", "end", ns=500)]
    assert judged(descendants.SCENARIO, TINI, samples)["the container ends"].answer == "no"


@pytest.mark.parametrize(("left", "answer"), [(0, "yes"), (10_000, "no")])
def test_zombies_that_are_left_are_counted(left: int, answer: str) -> None:
    reaped = cast(Event, {"event": "reaped", "left": left})
    samples = label_events("orphans", [reaped, note("child", "left", 10_000)])
    assert answers(judged(zombies.SCENARIO, TINI, samples)) == {"reaps orphans that end": answer}
    assert concluded(zombies.SCENARIO, TINI, samples)["zombies_orphans"].median == left


def test_a_container_full_of_zombies_makes_no_more_processes() -> None:
    reaped = cast(Event, {"event": "reaped", "left": 16000})
    samples = label_events("zombies", [reaped, note("child", "failed", 11)])
    verdict = judged(zombies.SCENARIO, TINI, samples)["reaps zombies that it inherits"]
    assert verdict.answer == "no" and "no more processes" in verdict.sentence


def test_a_failed_witness_whose_processes_were_all_reaped_measures_nothing() -> None:
    reaped = cast(Event, {"event": "reaped", "left": 0})
    samples = label_events("zombies", [reaped, note("child", "failed", 11)])
    given = answers(judged(zombies.SCENARIO, TINI, samples))
    assert given == {"reaps zombies that it inherits": "not measured"}
    assert "zombies_zombies" not in concluded(zombies.SCENARIO, TINI, samples)


def test_a_start_takes_from_the_engines_exec_to_main() -> None:
    samples: list[Event] = []
    for base in (0, 10_000_000):
        samples += [note("child", "entry", ns=base), note("child", "main", 2, ns=base + 700_000)]
    assert concluded(startup.SCENARIO, TINI, samples)["startup"].median == 0.7
