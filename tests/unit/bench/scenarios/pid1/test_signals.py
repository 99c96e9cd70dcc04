"""Verdicts on signals that are sent to PID 1."""

from __future__ import annotations

from signal import SIGCHLD, SIGCONT, SIGHUP, SIGSEGV, SIGSTOP, SIGTERM, SIGTSTP

from bench.scenarios.pid1.signals import FULL, KILL, REAL_TIME, SCENARIO, STANDARD, signal_name
from tests.support.samples.recorded import FULL as FULL_EFFORT
from tests.support.samples.recorded import concluded, contender, judged
from tests.unit.bench.scenarios.pid1.records import STEP, fates, note, sent, starts

TINI = "tini/init/default/pid1"
S6 = "s6/runner/default/pid1"


def test_every_signal_is_sent_and_the_deadly_one_last() -> None:
    assert sorted(FULL.numbers) == [*STANDARD, *REAL_TIME]
    assert FULL.numbers[-1] == KILL


def test_a_signal_that_the_program_gets_is_passed_on() -> None:
    verdicts = judged(SCENARIO, TINI, fates((SIGTERM, {"child": SIGTERM, "group": SIGTERM})))
    assert verdicts["TERM"].answer == "yes"
    assert verdicts["TERM"].sentence == "Passed on to the program and its group."
    assert verdicts["its group gets them"].answer == "yes"
    assert verdicts["a session apart gets them"].answer == "no"


def test_a_signal_that_nobody_gets_is_lost_and_counted() -> None:
    samples = fates((SIGTERM, {"child": SIGTERM}), (SIGSEGV, {}), (SIGCHLD, {}))
    assert judged(SCENARIO, TINI, samples)["SEGV"].answer == "no"
    lost = concluded(SCENARIO, TINI, samples)["signals_lost"]
    assert (lost.median, lost.note) == (1, "of 2 that can be passed on")


def test_another_signal_in_its_place_is_named() -> None:
    verdict = judged(SCENARIO, TINI, fates((SIGTSTP, {"child": SIGSTOP})))["TSTP"]
    assert verdict.answer == "partly"
    assert verdict.sentence == "STOP in its place, to the program."
    samples = fates((SIGTSTP, {"child": SIGSTOP}))
    assert concluded(SCENARIO, TINI, samples)["signals_lost"].median == 0


def test_a_note_that_comes_late_belongs_to_its_own_signal() -> None:
    late = note("child", "signal", SIGHUP, ns=2 * STEP + 1)
    samples = [sent(SIGHUP, STEP), sent(SIGSEGV, 2 * STEP), *starts(), late]
    verdicts = judged(SCENARIO, TINI, samples)
    assert (verdicts["HUP"].answer, verdicts["SEGV"].answer) == ("yes", "no")


def test_what_the_kernel_does_itself_is_judged_of_nobody() -> None:
    verdicts = judged(SCENARIO, TINI, fates((SIGSTOP, {}), (KILL, {})))
    assert {verdicts["STOP"].answer, verdicts["KILL"].answer} == {"not applicable"}


def test_the_signal_that_lets_pid_1_go_on_is_no_effect_of_the_one_that_stopped_it() -> None:
    resumed = {**sent(SIGCONT, 2 * STEP), "act": "resume"}
    samples = [
        sent(SIGSTOP, STEP),
        resumed,
        *starts(),
        note("child", "signal", 18, ns=2 * STEP + 1),
    ]
    verdicts = judged(SCENARIO, TINI, samples)  # type: ignore[arg-type]
    assert "CONT" not in verdicts
    assert verdicts["STOP"].sentence == "The kernel stops PID 1."


def test_what_the_witness_itself_sends_to_go_on_is_no_signal_of_pid_1() -> None:
    woken = note("child", "signal", SIGCONT, ns=STEP + 2, sender=5)
    samples = [sent(SIGHUP, STEP), *starts(), woken]
    assert judged(SCENARIO, TINI, samples)["HUP"].answer == "no"


def test_real_time_signals_have_one_verdict_together() -> None:
    verdicts = judged(SCENARIO, TINI, fates((34, {"child": 34}), (64, {})))
    assert verdicts["real-time"].answer == "partly"
    assert "1 of 2" in verdicts["real-time"].sentence
    assert "RTMIN" not in verdicts


def test_a_supervisors_own_real_time_signals_have_a_verdict_each() -> None:
    verdicts = judged(SCENARIO, S6, fates((37, {"child": SIGTERM}), (38, {})))
    assert (verdicts["RTMIN+3"].answer, verdicts["RTMIN+4"].answer) == ("partly", "no")


def test_the_end_of_pid_1_is_told_with_the_signal() -> None:
    events = fates((SIGTERM, {"child": SIGTERM}))
    events[0] = sent(SIGTERM, STEP, ended=True)
    assert "PID 1 ended after 150.0 ms" in judged(SCENARIO, S6, events)["TERM"].sentence


def test_signals_are_named_as_people_write_them() -> None:
    assert [signal_name(n) for n in (1, 29, 34, 37)] == ["HUP", "IO", "RTMIN", "RTMIN+3"]


def test_only_pid_1_has_signals_sent_from_outside() -> None:
    assert SCENARIO.why_not(contender("runit/runner/default/hosted"))
    assert not SCENARIO.why_not(contender(S6)) and not SCENARIO.why_not(contender(TINI))
    assert SCENARIO.why_not(contender("monit/monitor/default/hosted"))


def test_what_ends_programs_is_awaited_longer() -> None:
    assert FULL.seconds(SIGTERM) == 1.0 > FULL.seconds(SIGSEGV)


def test_supervisors_get_each_signal_as_a_new_pid_1() -> None:
    (of_init,), (of_supervisor,) = (
        SCENARIO.work_units(contender(name), FULL_EFFORT) for name in (TINI, S6)
    )
    assert not of_init.parameters.fresh and of_supervisor.parameters.fresh  # type: ignore[attr-defined]
