"""Verdicts on what real containers did."""

from __future__ import annotations

from bench.scenarios.pid1 import engine_stop, signals
from tests.support.samples.recorded import answers, concluded, judged, samples

LOST_BY_TINI = {"ILL", "TRAP", "ABRT", "BUS", "FPE", "SEGV", "TTIN", "TTOU", "SYS"}


def test_tini_passes_on_what_the_kernel_sends_for_no_fault_of_its_own() -> None:
    found = answers(judged(signals.SCENARIO, "tini/init/default/pid1", samples("signals-tini")))
    assert {name for name, answer in found.items() if answer == "no" and name.isupper()} == (
        LOST_BY_TINI
    )
    assert found["real-time"] == found["TERM"] == found["WINCH"] == "yes"
    assert found["its group gets them"] == "no"


def test_a_program_without_a_handler_is_killed_as_pid_1() -> None:
    recorded = samples("engine-stop-none")
    found = answers(judged(engine_stop.SCENARIO, "none/init/default/pid1", recorded))
    assert found["ends in time, a program with a handler"] == "yes"
    assert found["ends in time, a program without a handler"] == "no"
    figures = concluded(engine_stop.SCENARIO, "none/init/default/pid1", recorded)
    plain = figures["engine_stop_plain"].median
    assert plain is not None and plain > engine_stop.GRACE
