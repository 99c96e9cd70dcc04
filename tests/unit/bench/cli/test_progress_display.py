"""What people see of a run that goes on."""

from __future__ import annotations

from rich.console import Console

from bench.cli.progress_display import ProgressDisplay
from bench.engine.guests.session import WAIT
from bench.engine.plan import make_plan
from bench.model.scenario import SamplingEffort
from bench.model.selection import Selection, select_contenders
from bench.scenarios import scenarios
from provision.systems import SYSTEMS

NAME = "floor/runner/default/hosted"


def display(console: Console) -> ProgressDisplay:
    contenders = select_contenders(SYSTEMS["debian"], Selection(only=(NAME,))).contenders
    it = ProgressDisplay(console)
    it.planned(
        make_plan(contenders, [scenarios()["restart"]], SamplingEffort(1, 1.0, None, 4, 1), 4), []
    )
    return it


def test_lines_tell_of_no_wait_and_of_no_phase_twice() -> None:
    console = Console(record=True, width=100)
    it = display(console)
    console.export_text()
    for phase in (WAIT, "up", "measure restart", WAIT, "measure restart", WAIT, "stop"):
        it.phase(NAME, 0, phase)
    said = [line.split(f"{NAME} ")[1] for line in console.export_text().splitlines()]
    assert said == ["[0] up", "[0] measure restart", "[0] stop"]


def test_the_table_tells_of_a_wait() -> None:
    it = display(Console(width=100))
    it.phase(NAME, 0, "measure restart")
    it.phase(NAME, 0, WAIT)
    shown = Console(record=True, width=100)
    shown.print(it._table())
    assert f"{NAME}  {WAIT}" in shown.export_text()
